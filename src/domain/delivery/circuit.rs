//! Tells a destination that is down from an event that it does not like.
//!
//! While everything fails, attempts would only use up the schedule of each event and write a row for it. So the circuit opens:
//! events wait in the log, and one of them probes the destination from time to time. A destination that asks to be left
//! alone is left alone in the same way.

use super::outcome::{Class, Failure};
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What first attempts that fail in a row may weigh together before the next one counts as an outage: five that tell of the
/// destination, or twenty that may be about their events. Each of these has a row of its own by then.
const WEIGHT_TO_OPEN: u32 = 20;
const WEIGHT_OF_DESTINATION: u32 = 4;
const WEIGHT_OF_EVENT: u32 = 1;
/// Longest pause between two probes, in milliseconds; each is twice the one before.
const LONGEST_PAUSE_MILLIS: i64 = 300_000;
/// Jitter on top of what a destination asks for, in parts of it, so that not all portals come back at once.
const THROTTLE_JITTER_PARTS: i64 = 5;

/// The state of a destination, as far as failures tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circuit {
    first_pause_millis: i64,
    weight: u32,
    /// The oldest event among the failures that are weighed.
    first_failed: Option<i64>,
    open: Option<Open>,
}

/// An open circuit: what must survive a crash, so that an object that starts anew does not begin to knock again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// Nothing is sent before; then one event probes.
    pub until: Timestamp,
    /// When it opened.
    pub since: Timestamp,
    /// Why.
    pub cause: Cause,
    /// The last failure.
    pub error: String,
    /// Probes that failed.
    pub probes: u32,
    pause_millis: i64,
}

/// Why a circuit is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// Everything fails.
    Outage,
    /// The destination asked to be left alone.
    Throttled,
    /// This relay cannot send there.
    Unsendable,
}

/// What may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// All.
    All,
    /// One event at a time, until one succeeds.
    Probe,
    /// Nothing before this time.
    NotBefore(Timestamp),
}

/// Which attempt it was that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The first one of the event at this place, beyond which the log is not dealt with.
    First(i64),
    /// A later one: a single event that fails again and again is no outage.
    Later,
    /// The first one of an event that the log is dealt with beyond long since, as it waited for an earlier one of its thing, or is
    /// sent again because a person wants it. It tells as much about the destination, but the log is not to be taken up from there.
    Behind,
    /// One that an open circuit let through.
    Probe,
}

/// What a failure is to be taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The event: it is set aside, and tried again on its own schedule.
    Event,
    /// Not the event: it stays where it is, as if it had not been tried.
    Nobody,
    /// An outage has begun, and this was the oldest event that it hit: all from it on stay where they were.
    OutageSince(i64),
}

impl Circuit {
    /// A destination of which `open` is known. `first_pause_millis` is the pause before the first probe.
    #[must_use]
    pub const fn new(first_pause_millis: i64, open: Option<Open>) -> Self {
        Self { first_pause_millis, weight: 0, first_failed: None, open }
    }

    /// What may be sent now.
    #[must_use]
    pub fn admits(&self, now: Timestamp) -> Admission {
        match &self.open {
            None => Admission::All,
            Some(open) if now < open.until => Admission::NotBefore(open.until),
            Some(_) => Admission::Probe,
        }
    }

    /// Why and until when it is open, be it for a probe or not.
    #[must_use]
    pub const fn open(&self) -> Option<&Open> {
        self.open.as_ref()
    }

    /// Notes that the destination took an event. Whether the circuit was open.
    pub fn succeeded(&mut self) -> bool {
        self.weight = 0;
        self.first_failed = None;
        self.open.take().is_some()
    }

    /// Notes that an attempt failed. `seed` is any random number.
    pub fn failed(&mut self, failure: &Failure, attempt: Attempt, now: Timestamp, seed: u32) -> Blame {
        let asked = failure.retry_after_millis.map_or(0, |millis| with_jitter(millis, seed));
        if let Some(open) = &mut self.open {
            return if attempt == Attempt::Probe { probe_failed(open, failure, asked, now) } else { Blame::Nobody };
        }
        let cause = match failure.class {
            Class::Unreadable => return Blame::Event,
            Class::Gone => return Blame::Nobody,
            Class::Throttled => Cause::Throttled,
            Class::Unsendable => Cause::Unsendable,
            Class::Transient | Class::Refused { .. } => Cause::Outage,
        };
        if cause == Cause::Outage {
            if let Attempt::First(seq) = attempt {
                self.first_failed = Some(self.first_failed.map_or(seq, |first| first.min(seq)));
            }
            if matches!(attempt, Attempt::First(_) | Attempt::Behind) {
                self.weight += weight(failure.class);
            }
            if self.weight <= WEIGHT_TO_OPEN {
                return Blame::Event;
            }
        }
        let pause_millis = self.first_pause_millis;
        let until = now.plus_millis(pause_millis.max(asked));
        self.open = Some(Open { until, since: now, cause, error: failure.error.clone(), probes: 0, pause_millis });
        match self.first_failed {
            Some(first) if cause == Cause::Outage => Blame::OutageSince(first),
            _ => Blame::Nobody,
        }
    }
}

fn probe_failed(open: &mut Open, failure: &Failure, asked_millis: i64, now: Timestamp) -> Blame {
    open.probes += 1;
    open.pause_millis = (open.pause_millis * 2).min(LONGEST_PAUSE_MILLIS);
    open.until = now.plus_millis(open.pause_millis.max(asked_millis));
    open.error.clone_from(&failure.error);
    match failure.class {
        Class::Refused { is_about_event: true } | Class::Unreadable => Blame::Event,
        _ => Blame::Nobody,
    }
}

const fn weight(class: Class) -> u32 {
    match class {
        Class::Refused { is_about_event: true } => WEIGHT_OF_EVENT,
        _ => WEIGHT_OF_DESTINATION,
    }
}

fn with_jitter(millis: i64, seed: u32) -> i64 {
    millis + millis / THROTTLE_JITTER_PARTS * i64::from(seed) / i64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::EPOCH;
    const FIRST_PAUSE: i64 = 5_000;

    fn failure(class: Class) -> Failure {
        Failure { class, error: "down".to_owned(), retry_after_millis: None }
    }

    fn down() -> Failure {
        failure(Class::Transient)
    }

    fn refused() -> Failure {
        failure(Class::Refused { is_about_event: true })
    }

    fn closed() -> Circuit {
        Circuit::new(FIRST_PAUSE, None)
    }

    fn broken() -> Circuit {
        let mut circuit = closed();
        for seq in [8, 7, 9, 10, 11] {
            assert_eq!(circuit.failed(&down(), Attempt::First(seq), START, 0), Blame::Event);
        }
        assert_eq!(circuit.failed(&down(), Attempt::First(12), START, 0), Blame::OutageSince(7));
        circuit
    }

    #[test]
    fn an_outage_is_noticed_after_a_few_events_and_ends_with_a_success() {
        let mut circuit = broken();
        let until = START.plus_millis(FIRST_PAUSE);
        assert_eq!(circuit.admits(START), Admission::NotBefore(until));
        assert_eq!(circuit.admits(until), Admission::Probe);
        assert!(circuit.succeeded());
        assert_eq!(circuit, closed());
        assert_eq!(circuit.admits(START), Admission::All);
    }

    #[test]
    fn one_event_that_fails_again_and_again_is_no_outage() {
        let mut circuit = closed();
        for _ in 0..100 {
            assert_eq!(circuit.failed(&down(), Attempt::Later, START, 0), Blame::Event);
        }
        assert_eq!(circuit.admits(START), Admission::All);
    }

    #[test]
    fn a_destination_that_refuses_everything_is_down_too() {
        let mut circuit = closed();
        let blames: Vec<Blame> =
            (1..=21).map(|seq| circuit.failed(&refused(), Attempt::First(seq), START, 0)).collect();
        assert_eq!(blames.iter().filter(|blame| **blame == Blame::Event).count(), 20);
        assert_eq!(blames[20], Blame::OutageSince(1));
        let mut circuit = closed();
        let unauthorized = failure(Class::Refused { is_about_event: false });
        let blames = [1, 2, 3, 4, 5, 6].map(|seq| circuit.failed(&unauthorized, Attempt::First(seq), START, 0));
        assert_eq!(blames[5], Blame::OutageSince(1));
    }

    #[test]
    fn probes_become_rare_and_no_event_pays_for_them() {
        let (mut circuit, mut now, mut probes) = (broken(), START, 0);
        let hour = START.plus_millis(3_600_000);
        while let Admission::NotBefore(until) = circuit.admits(now)
            && until < hour
        {
            now = until;
            probes += 1;
            assert_eq!(circuit.failed(&down(), Attempt::Probe, now, 0), Blame::Nobody);
        }
        assert_eq!(probes, 16);
    }

    #[test]
    fn what_was_under_way_when_the_circuit_opened_is_no_probe() {
        let mut circuit = broken();
        let before = circuit.clone();
        assert_eq!(circuit.failed(&down(), Attempt::First(13), START, 0), Blame::Nobody);
        assert_eq!(circuit, before);
    }

    #[test]
    fn a_destination_that_asks_to_wait_is_left_alone_for_that_time_and_a_little() {
        let mut circuit = closed();
        let busy = Failure { retry_after_millis: Some(60_000), ..failure(Class::Throttled) };
        assert_eq!(circuit.failed(&busy, Attempt::First(1), START, u32::MAX), Blame::Nobody);
        assert_eq!(circuit.admits(START), Admission::NotBefore(START.plus_millis(72_000)));
        assert_eq!(circuit.open().map(|open| open.cause), Some(Cause::Throttled));
    }

    #[test]
    fn what_this_relay_cannot_send_is_never_held_against_the_event() {
        let mut circuit = closed();
        assert_eq!(circuit.failed(&failure(Class::Unsendable), Attempt::First(1), START, 0), Blame::Nobody);
        assert_eq!(circuit.failed(&failure(Class::Unsendable), Attempt::Probe, START, 0), Blame::Nobody);
    }

    #[test]
    fn a_destination_that_refuses_the_probing_event_gets_another_one() {
        assert_eq!(broken().failed(&refused(), Attempt::Probe, START, 0), Blame::Event);
    }
}
