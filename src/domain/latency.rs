//! How long something took, counted in buckets.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Upper bounds for what passes between the log and a destination, in milliseconds. Each stands a little above a pause of
/// `RETRY_SCHEDULE`, so that it tells which attempt it was; a destination that answers at once shows below a second.
pub const DELIVERY_BOUNDS: &[i64] =
    &[100, 250, 500, 1_000, 2_500, 10_000, 60_000, 600_000, 3_600_000, 21_600_000, 86_400_000];

/// How often something took how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Upper bounds of the buckets, each with its bound.
    pub le_seconds: Vec<Seconds>,
    /// How often it took longer than the bound before, and no longer than its own. The last is what took longer than all.
    pub counts: Vec<i64>,
    /// How long all of it took together.
    pub sum_seconds: Seconds,
}

/// A time in seconds, kept in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "f64", into = "f64")]
pub struct Seconds(pub i64);

impl Default for Latency {
    fn default() -> Self {
        Self::new(DELIVERY_BOUNDS)
    }
}

impl Latency {
    /// Nothing yet, with these upper bounds in milliseconds.
    #[must_use]
    pub fn new(bounds: &[i64]) -> Self {
        Self {
            le_seconds: bounds.iter().copied().map(Seconds).collect(),
            counts: vec![0; bounds.len() + 1],
            sum_seconds: Seconds(0),
        }
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.counts.iter().all(|count| *count == 0)
    }

    /// Counts one more. A clock that stepped back makes it 0.
    pub fn observe(&mut self, millis: i64) {
        let millis = millis.max(0);
        let bucket = self.le_seconds.iter().take_while(|bound| bound.0 < millis).count();
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
            self.sum_seconds.0 = self.sum_seconds.0.saturating_add(millis);
        }
    }

    /// Adds what another counted. One with other buckets, of another release, cannot be added: nothing happens.
    pub fn add(&mut self, other: &Self) {
        if self.has_buckets_of(other) {
            self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count = count.saturating_add(*more));
            self.sum_seconds.0 = self.sum_seconds.0.saturating_add(other.sum_seconds.0);
        }
    }

    /// Whether both count in the same buckets.
    #[must_use]
    pub fn has_buckets_of(&self, other: &Self) -> bool {
        self.le_seconds == other.le_seconds && self.counts.len() == other.counts.len()
    }
}

impl From<f64> for Seconds {
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
    fn from(seconds: f64) -> Self {
        Self((seconds * 1_000.0).round() as i64)
    }
}

impl From<Seconds> for f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 ms, 285,000 years")]
    fn from(seconds: Seconds) -> Self {
        seconds.0 as Self / 1_000.0
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:03}", self.0 % 1_000);
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{}", self.0 / 1_000),
            fraction => write!(f, "{}.{fraction}", self.0 / 1_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_ends_with_its_bound() {
        let mut latency = Latency::new(&[100, 1_000]);
        for millis in [-5, 0, 100, 101, 1_000, 1_001, i64::MAX] {
            latency.observe(millis);
        }
        assert_eq!(latency.counts, [3, 2, 2]);
        assert_eq!(latency.sum_seconds, Seconds(i64::MAX), "it saturates");
    }

    #[test]
    fn only_what_has_the_same_buckets_is_added() {
        let (mut one, mut other) = (Latency::new(&[100]), Latency::new(&[100]));
        one.observe(50);
        other.observe(500);
        one.add(&other);
        assert_eq!((one.counts.as_slice(), one.sum_seconds), ([1, 1].as_slice(), Seconds(550)));
        let before = one.clone();
        one.add(&Latency::new(&[200]));
        assert_eq!(one, before);
    }

    #[test]
    fn it_is_told_in_seconds() {
        let mut latency = Latency::new(&[100, 86_400_000]);
        latency.observe(1_250);
        let json = serde_json::to_string(&latency).unwrap();
        assert_eq!(json, r#"{"le_seconds":[0.1,86400.0],"counts":[0,1,0],"sum_seconds":1.25}"#);
        assert_eq!(serde_json::from_str::<Latency>(&json).unwrap(), latency);
        assert_eq!(
            [0, 100, 2_500, 60_000, 1_001].map(|millis| Seconds(millis).to_string()),
            ["0", "0.1", "2.5", "60", "1.001"]
        );
    }
}
