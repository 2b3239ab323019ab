//! The built relay in the real runtime, seen from outside: what Bitrix24 sends, what the receiver gets, what an operator
//! reads, and what is left after a crash.
//!
//! Every test has a relay, a state and ports of its own, so all run at once. `npm test` builds the worker before.

mod admin;
mod analytics;
mod answers;
mod authority;
mod bed;
mod bodies;
mod commands;
mod conformance;
#[cfg(target_os = "linux")]
mod costs;
mod crash;
mod destinations;
#[cfg(target_os = "linux")]
mod doctor;
mod examples;
mod floods;
mod following;
mod forwarding;
mod held;
#[cfg(target_os = "linux")]
mod hostile;
mod installing;
mod instances;
mod mutated;
#[cfg(target_os = "linux")]
mod outage;
mod platform;
#[cfg(target_os = "linux")]
mod poison;
mod pulling;
#[cfg(target_os = "linux")]
mod removed;
mod secrets;
mod simulated;
mod spilled;
mod support;
mod tricks;
#[cfg(target_os = "linux")]
mod waiting;
#[cfg(target_os = "linux")]
mod watchdog;
mod wrangler_dev;
