//! Receives Bitrix24 events at the edge, keeps them, and forwards them as signed `CloudEvents`.
//!
//! Three layers; arrows only point down.
//!
//! - [`domain`]: pure and synchronous. No clock, no randomness, no I/O: both are parameters.
//! - [`app`]: the use cases, generic over the small ports of [`app::ports`].
//! - `platform`: the only place that names the Workers runtime; compiled for `wasm32` alone.
//!
//! `docs/ARCHITECTURE.md` is the map, and tells the life of an event.

pub mod app;
pub mod domain;
#[cfg(target_arch = "wasm32")]
mod platform;
