//! What must hold for every input, one module per reader of what others write: `check` panics where it does not.
//!
//! The fuzzer runs these functions on inputs that it makes, and `cargo test` on those that were kept.
#![allow(dead_code, reason = "each fuzz target is a program of its own, and uses one of the modules")]

pub mod claim;
pub mod configuration;
pub mod cursors;
pub mod event;
pub mod form;
pub mod json;
pub mod query;
pub mod redacting;
pub mod retry_after;
pub mod spill;
