//! Tells a destination that is down from an event that it does not like.
//!
//! While everything fails, attempts would only use up the schedule of each event and write a row for it. So the circuit opens:
//! events wait in the log, and one of them probes the destination from time to time.

use super::time::Timestamp;

/// First attempts that fail in a row before the next one counts as an outage. Each of these has a row of its own by then.
const FAILURES_TO_OPEN: u32 = 5;
/// Longest pause between two probes, in milliseconds; each is twice the one before.
const LONGEST_PAUSE_MILLIS: i64 = 300_000;
/// Every so many probes the event that probed is set aside with a row of its own, since it may be the one thing that the
/// destination does not like.
const PROBES_PER_EVENT: u32 = 10;

/// Why an attempt failed, as far as it tells about the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It may be the destination's state: no connection, a timeout, 5xx, or a request to wait.
    Destination,
    /// It is this event: any other answer that is no success.
    Event,
    /// It is this relay: a binding is missing, or the URL cannot be used.
    Relay,
}

/// What a failure is to be taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The event: it is set aside, and tried again on its own schedule.
    Event,
    /// Not the event: it stays where it is, as if it had not been tried.
    Nobody,
    /// An outage has begun, and this was the first event that it hit: all from it on stay where they were.
    OutageSince(i64),
}

/// The state of a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circuit {
    first_pause_millis: i64,
    failures: u32,
    /// The event whose failure was the first of those.
    first_failed: i64,
    open: Option<Open>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Open {
    until: Timestamp,
    pause_millis: i64,
    probes: u32,
    reason: String,
}

impl Circuit {
    /// A destination of which nothing bad is known. `first_pause_millis` is the pause before the first probe.
    #[must_use]
    pub const fn new(first_pause_millis: i64) -> Self {
        Self { first_pause_millis, failures: 0, first_failed: 0, open: None }
    }

    /// Until when nothing may be sent, where that is later than now.
    #[must_use]
    pub fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.open.as_ref().map(|open| open.until).filter(|until| now < *until)
    }

    /// Why the circuit is open, be it for a probe or not.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.open.as_ref().map(|open| open.reason.as_str())
    }

    /// Notes that the destination took an event. Whether the circuit was open.
    pub fn succeeded(&mut self) -> bool {
        self.failures = 0;
        self.first_failed = 0;
        self.open.take().is_some()
    }

    /// Notes that an attempt failed. `first_attempt_of` is the event's place, where it was its first attempt: a single event
    /// that fails again and again is no outage.
    pub fn failed(&mut self, cause: Cause, first_attempt_of: Option<i64>, reason: &str, now: Timestamp) -> Blame {
        if let Some(open) = &mut self.open {
            open.probes += 1;
            open.pause_millis = (open.pause_millis * 2).min(LONGEST_PAUSE_MILLIS);
            open.until = now.plus_millis(open.pause_millis);
            reason.clone_into(&mut open.reason);
            let is_used_up = cause != Cause::Relay && open.probes.is_multiple_of(PROBES_PER_EVENT);
            return if is_used_up || cause == Cause::Event { Blame::Event } else { Blame::Nobody };
        }
        if let (Cause::Destination, Some(seq)) = (cause, first_attempt_of) {
            if self.failures == 0 {
                self.first_failed = seq;
            }
            self.failures += 1;
        }
        if cause != Cause::Relay && self.failures <= FAILURES_TO_OPEN {
            return Blame::Event;
        }
        self.open = Some(Open {
            until: now.plus_millis(self.first_pause_millis),
            pause_millis: self.first_pause_millis,
            probes: 0,
            reason: reason.to_owned(),
        });
        if cause == Cause::Relay { Blame::Nobody } else { Blame::OutageSince(self.first_failed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::EPOCH;
    const FIRST_PAUSE: i64 = 5_000;

    fn broken() -> Circuit {
        let mut circuit = Circuit::new(FIRST_PAUSE);
        for seq in 7..12 {
            assert_eq!(circuit.failed(Cause::Destination, Some(seq), "down", START), Blame::Event);
        }
        assert_eq!(circuit.failed(Cause::Destination, Some(12), "down", START), Blame::OutageSince(7));
        circuit
    }

    #[test]
    fn an_outage_is_noticed_after_a_few_events_and_ends_with_a_success() {
        let mut circuit = broken();
        let until = START.plus_millis(FIRST_PAUSE);
        assert_eq!(circuit.open_until(START), Some(until));
        assert_eq!(circuit.open_until(until), None, "now a probe may go");
        assert_eq!(circuit.reason(), Some("down"));
        assert!(circuit.succeeded());
        assert_eq!(circuit, Circuit::new(FIRST_PAUSE));
    }

    #[test]
    fn one_event_that_fails_again_and_again_is_no_outage() {
        let mut circuit = Circuit::new(FIRST_PAUSE);
        for _ in 0..100 {
            assert_eq!(circuit.failed(Cause::Destination, None, "500", START), Blame::Event);
            assert_eq!(circuit.failed(Cause::Event, Some(1), "400", START), Blame::Event);
        }
        assert_eq!(circuit.open_until(START), None);
    }

    #[test]
    fn probes_become_rare_and_no_event_probes_for_ever() {
        let (mut circuit, mut now, mut set_aside) = (broken(), START, 0);
        let hour = START.plus_millis(3_600_000);
        let mut probes = 0;
        while let Some(until) = circuit.open_until(now).filter(|until| *until < hour) {
            now = until;
            probes += 1;
            set_aside += u32::from(circuit.failed(Cause::Destination, Some(7), "down", now) == Blame::Event);
        }
        assert_eq!((probes, set_aside), (16, 1));
    }

    #[test]
    fn what_this_relay_cannot_send_is_never_held_against_the_event() {
        let mut circuit = Circuit::new(FIRST_PAUSE);
        for _ in 0..100 {
            assert_eq!(circuit.failed(Cause::Relay, Some(1), "no binding", START), Blame::Nobody);
        }
        assert!(circuit.open_until(START).is_some());
    }

    #[test]
    fn a_destination_that_refuses_the_probing_event_gets_another_one() {
        assert_eq!(broken().failed(Cause::Event, Some(7), "400", START), Blame::Event);
    }
}
