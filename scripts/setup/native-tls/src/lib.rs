//! A `native-tls` that refuses every connection.
//!
//! `worker-build` brings `native-tls` along to download wasm-bindgen, wasm-opt and esbuild when it does not find them. Here
//! `scripts/setup/setup.mjs` names all three to it, pinned, so it never has to. Compiled with this crate instead, it could
//! not if it tried, and a Linux machine needs neither the headers of OpenSSL nor `pkg-config`.
//!
//! Only what `ureq` 3.4 names is here. No value of [`Never`] can exist, so nothing behind it can run.

use std::convert::Infallible as Never;
use std::fmt::{self, Debug, Display, Formatter};
use std::io::{self, Read, Write};
use std::marker::PhantomData;

/// Says why there is no connection.
#[derive(Debug)]
pub struct Error;

impl Display for Error {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("this worker-build does not download; WASM_BINDGEN_BIN, WASM_OPT_BIN and ESBUILD_BIN name its tools")
    }
}

impl std::error::Error for Error {}

/// How a handshake ends: always with [`HandshakeError::Failure`].
#[derive(Debug)]
pub enum HandshakeError<S> {
    /// The refusal.
    Failure(Error),
    /// Never happens.
    WouldBlock(TlsStream<S>),
}

/// A certificate: never read.
pub struct Certificate(Never);

impl Certificate {
    /// Refuses.
    pub fn from_der(_der: &[u8]) -> Result<Self, Error> {
        Err(Error)
    }
}

/// A client's identity: never read.
pub struct Identity(Never);

impl Identity {
    /// Refuses.
    pub fn from_pkcs8(_certificates: &[u8], _key: &[u8]) -> Result<Self, Error> {
        Err(Error)
    }
}

/// Connects to nothing.
#[derive(Debug)]
pub struct TlsConnector(Never);

impl TlsConnector {
    /// A builder, whose `build` refuses.
    pub fn builder() -> TlsConnectorBuilder {
        TlsConnectorBuilder(())
    }

    /// Cannot be called: no connector exists.
    pub fn connect<S: Read + Write>(&self, _domain: &str, _stream: S) -> Result<TlsStream<S>, HandshakeError<S>> {
        match self.0 {}
    }
}

/// Takes every setting, and builds nothing.
pub struct TlsConnectorBuilder(());

impl TlsConnectorBuilder {
    /// Without effect.
    pub fn danger_accept_invalid_certs(&mut self, _accept: bool) -> &mut Self {
        self
    }

    /// Without effect.
    pub fn danger_accept_invalid_hostnames(&mut self, _accept: bool) -> &mut Self {
        self
    }

    /// Without effect.
    pub fn disable_built_in_roots(&mut self, _disable: bool) -> &mut Self {
        self
    }

    /// Without effect.
    pub fn use_sni(&mut self, _use_sni: bool) -> &mut Self {
        self
    }

    /// Cannot be called: no certificate exists.
    pub fn add_root_certificate(&mut self, certificate: Certificate) -> &mut Self {
        match certificate.0 {}
    }

    /// Cannot be called: no identity exists.
    pub fn identity(&mut self, identity: Identity) -> &mut Self {
        match identity.0 {}
    }

    /// Refuses.
    pub fn build(&self) -> Result<TlsConnector, Error> {
        Err(Error)
    }
}

/// An encrypted connection: never opened.
#[derive(Debug)]
pub struct TlsStream<S>(Never, PhantomData<S>);

impl<S> TlsStream<S> {
    /// Cannot be called: no stream exists.
    pub fn get_mut(&mut self) -> &mut S {
        match self.0 {}
    }
}

impl<S: Read + Write> Read for TlsStream<S> {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }
}

impl<S: Read + Write> Write for TlsStream<S> {
    fn write(&mut self, _buffer: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0 {}
    }
}
