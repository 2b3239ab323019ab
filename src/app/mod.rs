//! The use cases, generic over [`ports`].
//!
//! - [`edge`]: what one HTTP request becomes, in the stateless Worker.
//! - [`portal`]: the object of one portal: its tokens, its log, its deliveries.
//! - [`directory`]: the one object that knows which portals there are, and holds the events of those that nobody knows.

pub mod directory;
pub mod edge;
pub mod held_events;
pub mod kv_record;
pub mod log_line;
pub mod migrations;
pub mod portal;
pub mod ports;
mod racing;
pub mod rows;
mod signed_request;
pub mod spilled_event;
