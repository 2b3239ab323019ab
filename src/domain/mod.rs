//! What the relay knows, as pure functions and plain data: std and serde only.

pub mod event_id;
pub mod member_id;
pub mod secret;
pub mod time;
