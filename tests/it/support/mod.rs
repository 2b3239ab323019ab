//! The relay as it runs on the platform, with a platform of its own: storage is `SQLite` in memory, time stands still until a
//! test lets it pass, and any write can fail.
//!
//! - [`relay`]: what a test does and sees; [`live_tail`]: what a client is sent.
//! - [`application`]: the relay as an application that portals install.
//! - [`world`]: calls between objects, alarms, time, and the order in which all runs; [`object`] and [`task`] are its parts.
//! - [`ports`]: the ports of `app`, over the world; [`open_socket`] is one of them.
//! - [`storage`], [`destination`], [`services`], [`bitrix`]: what the ports reach.
//! - [`fault`]: which operation fails, and how; [`gates`]: which one waits until a test lets it go.
//! - [`histories`]: how many random ones are played.

pub mod answer;
pub mod application;
pub mod bitrix;
pub mod destination;
pub mod fault;
pub mod gates;
pub mod histories;
pub mod live_tail;
pub mod object;
pub mod open_socket;
pub mod ports;
pub mod post;
pub mod relay;
pub mod services;
pub mod storage;
pub mod task;
pub mod telling;
pub mod world;
