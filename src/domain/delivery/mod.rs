//! The deliveries of one destination, as a state machine: what is sent next, and what becomes of it.
//!
//! Pure: time and chance are parameters, and what must survive a crash is handed out as [`Change`](queue::Change)s.

pub mod circuit;
pub mod dispatcher;
pub mod outcome;
pub mod queue;
pub mod tally;
pub mod thing;
