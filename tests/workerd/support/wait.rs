//! Waiting with an end. No test sleeps for a guessed time: it waits until something is so, and fails when it is not in time.

use std::time::{Duration, Instant};

/// Time between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// The clock of the test itself; the clock of workerd is another, see [`super::clock`].
#[expect(clippy::disallowed_methods, reason = "the ban is for wasm; this runs natively")]
pub fn now() -> Instant {
    Instant::now()
}

/// Waits until `look` finds something.
///
/// # Panics
/// When `within` has passed: the message names `what` was waited for.
#[track_caller]
pub fn wait_for<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = now() + within;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(now() < deadline, "waited {within:?} in vain for {what}");
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

/// Waits until `condition` holds.
///
/// # Panics
/// When `within` has passed: the message names `what` was waited for.
#[track_caller]
pub fn wait_until(what: &str, within: Duration, mut condition: impl FnMut() -> bool) {
    wait_for(what, within, || condition().then_some(()));
}

/// Looks again and again that `condition` holds, for all of `during`: the proof that something does not happen.
///
/// # Panics
/// As soon as it does not hold: the message names `what` should have stayed so.
#[track_caller]
pub fn stays_true(what: &str, during: Duration, mut condition: impl FnMut() -> bool) {
    let end = now() + during;
    while now() < end {
        assert!(condition(), "did not stay so: {what}");
        std::thread::sleep(BETWEEN_LOOKS);
    }
}
