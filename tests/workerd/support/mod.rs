//! What the scenarios stand on: a relay in workerd, and the world around it.
//!
//! - The relay: [`worker`] under Miniflare, [`wrangler`] under plain `wrangler dev`.
//! - Around it: [`portal`] sends events, [`simulator`] is a whole Bitrix24, [`receiver`] takes what is forwarded, [`api`] is how
//!   a portal and an operator call the relay.
//! - Behind its back: [`control`], [`storage`], [`clock`].

pub mod api;
pub mod clock;
mod configuration;
mod control;
pub mod http;
pub mod php;
pub mod places;
pub mod portal;
pub mod process;
pub mod received;
pub mod receiver;
pub mod signature;
pub mod simulator;
pub mod storage;
pub mod tail;
pub mod wait;
pub mod worker;
pub mod wrangler;
