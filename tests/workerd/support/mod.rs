//! What the scenarios stand on: a relay in workerd, and the world around it.
//!
//! - The relay: [`worker`] under Miniflare, [`wrangler`] under plain `wrangler dev`.
//! - Around it: [`portal`] sends events, many of them by [`load`]; [`simulator`] is a whole Bitrix24; [`receiver`] takes what is
//!   forwarded, and [`hostile`] makes it hard; [`api`] is how a portal and an operator call the relay.
//! - Behind its back: [`control`], [`storage`], [`clock`], [`disk`], [`counters`].

pub mod api;
pub mod arrivals;
mod behaviour;
pub mod clock;
mod configuration;
mod control;
pub mod counters;
pub mod disk;
pub mod hostile;
pub mod http;
pub mod load;
pub mod php;
pub mod places;
pub mod portal;
pub mod process;
pub mod random;
pub mod received;
pub mod receiver;
pub mod signature;
pub mod simulator;
pub mod storage;
pub mod tail;
pub mod wait;
pub mod worker;
pub mod wrangler;
