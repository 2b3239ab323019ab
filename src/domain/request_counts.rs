//! What requests to the Worker were answered, counted.

use super::latency::Latency;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Kinds of answers that are told apart: routes in five groups, each with some twenty codes. What another release calls otherwise
/// finds room too, and no caller can add one.
const MAX_SERIES: usize = 300;
/// Upper bounds for how long an event takes to be accepted, in milliseconds: Bitrix24 waits for the answer.
const ACCEPT_BOUNDS: &[i64] = &[5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/// How often what was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCounts {
    /// By the group of the route, the status and the code, with a space between.
    answers: BTreeMap<String, i64>,
    /// How long it took until an event was durable.
    pub accepting: Latency,
    /// What waits in KV: when that was last looked at, in milliseconds; how many events can be brought to their portals' objects;
    /// and how many cannot be read, since the key that sealed them is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spilled: Option<(i64, usize, usize)>,
}

impl Default for RequestCounts {
    fn default() -> Self {
        Self { answers: BTreeMap::new(), accepting: Latency::new(ACCEPT_BOUNDS), spilled: None }
    }
}

impl RequestCounts {
    /// Nothing but what waits in KV.
    #[must_use]
    pub fn of_spilled(at_millis: i64, waiting: usize, unreadable: usize) -> Self {
        Self { spilled: Some((at_millis, waiting, unreadable)), ..Self::default() }
    }

    /// Counts an answer.
    pub fn count(&mut self, group: &str, status: u16, code: &str) {
        self.add_to(format!("{group} {status} {code}"), 1);
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: Self) {
        for (key, count) in other.answers {
            self.add_to(key, count);
        }
        self.accepting.add(&other.accepting);
        self.spilled = other.spilled.or(self.spilled);
    }

    /// The group, the status and the code of each answer, and how often there was one.
    pub fn answers(&self) -> impl Iterator<Item = (&str, &str, &str, i64)> {
        self.answers.iter().filter_map(|(key, count)| {
            let (group, rest) = key.split_once(' ')?;
            let (status, code) = rest.split_once(' ')?;
            Some((group, status, code, *count))
        })
    }

    fn add_to(&mut self, key: String, count: i64) {
        if self.answers.len() < MAX_SERIES || self.answers.contains_key(&key) {
            let known = self.answers.entry(key).or_default();
            *known = known.saturating_add(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_added_up() {
        let (mut one, mut other) = (RequestCounts::default(), RequestCounts::default());
        one.count("events", 200, "accepted");
        other.count("events", 200, "accepted");
        other.count("events", 403, "forbidden");
        other.accepting.observe(7);
        one.add(other);
        let answers: Vec<_> = one.answers().collect();
        assert_eq!(answers, [("events", "200", "accepted", 2), ("events", "403", "forbidden", 1)]);
        assert_eq!(one.accepting.counts.iter().sum::<i64>(), 1);
    }

    #[test]
    fn there_are_never_more_kinds_than_there_is_room_for() {
        let mut counts = RequestCounts::default();
        for status in 0..1_000 {
            counts.count("events", status, "x");
        }
        counts.count("events", 0, "x");
        assert_eq!(counts.answers().count(), MAX_SERIES);
        assert!(counts.answers().any(|answer| answer == ("events", "0", "x", 2)));
    }
}
