//! What became of the deliveries to a destination, counted.

use crate::domain::latency::Latency;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What became of deliveries, since the destination was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many there were.
    pub totals: Totals,
    /// How long it took from the log to the destination. What a person sends again is not counted.
    pub latency: Latency,
}

/// How many deliveries ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Events that arrived; one that is sent again counts again.
    pub delivered: i64,
    /// Attempts that failed, each a request.
    pub retried: i64,
    /// Events that were given up.
    pub failed: i64,
}

impl Totals {
    /// How often something was counted: of two tallies of one destination, the later has more.
    #[must_use]
    pub const fn outcomes(&self) -> i64 {
        self.delivered + self.retried + self.failed
    }

    /// Whether nothing was counted.
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
    pub fn are_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Tally {
    /// What storage has. What another release counted in other buckets begins anew.
    ///
    /// # Errors
    /// It is not what was written.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        let known: Self = serde_json::from_str(json)?;
        let none = Self::default();
        let latency = if none.latency.has_buckets_of(&known.latency) { known.latency } else { none.latency };
        Ok(Self { latency, ..known })
    }

    /// Counts events that arrived now, and how long those took that were logged at these times.
    pub fn delivered(&mut self, events: usize, logged_at: &[Timestamp], now: Timestamp) {
        self.totals.delivered += count(events);
        for time in logged_at {
            self.latency.observe(now.millis_since(*time));
        }
    }

    /// Counts an attempt that failed, and the events that were given up by it.
    pub fn failed(&mut self, given_up: usize) {
        self.totals.retried += 1;
        self.totals.failed += count(given_up);
    }

    /// Adds what is known of another destination.
    pub fn add(&mut self, other: &Self) {
        self.totals.delivered += other.totals.delivered;
        self.totals.retried += other.totals.retried;
        self.totals.failed += other.totals.failed;
        self.latency.add(&other.latency);
    }
}

fn count(events: usize) -> i64 {
    i64::try_from(events).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_survives_storage() {
        let mut tally = Tally::default();
        tally.delivered(2, &[Timestamp::EPOCH], Timestamp::from_millis(300));
        tally.failed(1);
        let json = serde_json::to_string(&tally).unwrap();
        assert_eq!(Tally::from_json(&json).unwrap(), tally);
        assert_eq!(tally.totals, Totals { delivered: 2, retried: 1, failed: 1 });
        assert_eq!(tally.latency.counts.iter().sum::<i64>(), 1, "what was sent again does not count");
    }

    #[test]
    fn buckets_of_another_release_begin_anew() {
        let old = r#"{"totals":{"delivered":7,"retried":0,"failed":0},
            "latency":{"le_seconds":[1],"counts":[7,0],"sum_seconds":3.5}}"#;
        let tally = Tally::from_json(old).unwrap();
        assert_eq!((tally.totals.delivered, tally.latency), (7, Tally::default().latency));
    }
}
