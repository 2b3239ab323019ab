//! An HTTP client that refuses every request.
//!
//! `worker-build` uses `ureq` to download wasm-bindgen, wasm-opt and esbuild when it does not find them: whatever lies at an
//! address, without a checksum. Here set-up names all three to it, pinned, so it never has to. Compiled with this in place of
//! `ureq` it could not if it tried, and a Linux machine needs neither the headers of OpenSSL nor `pkg-config`.
//!
//! Only what `worker-build` 0.8.7 names is here. No value of [`Never`] can exist, so nothing behind it can run.

use std::convert::Infallible as Never;
use std::fmt::{self, Display, Formatter};
use std::io::{self, Read};

/// The answer to every request.
#[derive(Debug)]
pub struct Error;

impl Display for Error {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("this worker-build downloads nothing: set WASM_BINDGEN_BIN, WASM_OPT_BIN and ESBUILD_BIN")
    }
}

impl std::error::Error for Error {}

/// A client. Its settings have no effect.
pub struct Agent;

impl Agent {
    /// Settings to begin with.
    pub fn config_builder() -> ConfigBuilder {
        ConfigBuilder
    }

    /// A request that will be refused.
    pub fn get(&self, _url: &str) -> Request {
        Request
    }
}

/// Takes settings.
pub struct ConfigBuilder;

impl ConfigBuilder {
    /// Without effect.
    pub fn tls_config(self, _config: tls::TlsConfig) -> Self {
        self
    }

    /// The settings as they are.
    pub fn build(self) -> Config {
        Config
    }
}

/// Settings of a client.
pub struct Config;

impl Config {
    /// A client.
    pub fn new_agent(self) -> Agent {
        Agent
    }
}

/// A request that is not sent.
pub struct Request;

impl Request {
    /// Refuses.
    pub fn call(self) -> Result<Response, Error> {
        Err(Error)
    }
}

/// An answer: there is none.
pub struct Response(Never);

impl Response {
    /// Cannot be called: no answer exists.
    pub fn body_mut(&mut self) -> &mut Body {
        match self.0 {}
    }
}

/// A body: there is none.
pub struct Body(Never);

impl Body {
    /// Cannot be called: no body exists.
    pub fn as_reader(&mut self) -> BodyReader {
        match self.0 {}
    }
}

/// Reads a body: there is none.
pub struct BodyReader(Never);

impl Read for BodyReader {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }
}

/// Settings of encryption, without effect.
pub mod tls {
    /// Takes settings.
    pub struct TlsConfigBuilder;

    impl TlsConfigBuilder {
        /// Without effect.
        pub fn provider(self, _provider: TlsProvider) -> Self {
            self
        }

        /// Without effect.
        pub fn root_certs(self, _root_certs: RootCerts) -> Self {
            self
        }

        /// The settings as they are.
        pub fn build(self) -> TlsConfig {
            TlsConfig
        }
    }

    /// Settings.
    pub struct TlsConfig;

    impl TlsConfig {
        /// Settings to begin with.
        pub fn builder() -> TlsConfigBuilder {
            TlsConfigBuilder
        }
    }

    /// Who encrypts: nobody.
    pub enum TlsProvider {
        /// The choice of `worker-build`.
        NativeTls,
    }

    /// Who is trusted: nobody.
    pub enum RootCerts {
        /// The choice of `worker-build`.
        PlatformVerifier,
    }
}
