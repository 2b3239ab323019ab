//! What the relay knows, as pure functions and plain data: std and serde only.

pub mod body;
pub mod catalogue;
pub mod cloudevent;
pub mod event_id;
pub mod form;
pub mod inbound;
pub mod json_body;
pub mod member_id;
pub mod normalizer;
pub mod php_array;
mod php_float;
pub mod php_key;
pub mod php_name;
pub mod redaction;
pub mod secret;
pub mod subject;
pub mod time;
