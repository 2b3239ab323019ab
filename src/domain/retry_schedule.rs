//! When a delivery that failed is tried again.

/// Longest list of pauses that is taken.
const MAX_PAUSES: usize = 50;
/// Longest pause: a week. The whole default schedule is three days.
const MAX_PAUSE_SECONDS: i64 = 604_800;
/// How far the jitter moves a pause, in percent each way, so that what failed together does not come back together.
const JITTER_PERCENT: i64 = 20;

/// Bounds of the pause before the first look at a destination that is down, in milliseconds.
const SHORTEST_PROBE_MILLIS: i64 = 1_000;
const LONGEST_PROBE_MILLIS: i64 = 20_000;

/// The pauses between the attempts of one event, in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetrySchedule(Vec<i64>);

/// The text is no schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("1 to {MAX_PAUSES} pauses in seconds, each from 0 to {MAX_PAUSE_SECONDS}, separated by commas")]
pub struct NotASchedule;

/// The schedule that Standard Webhooks recommends.
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
impl Default for RetrySchedule {
    fn default() -> Self {
        Self(vec![5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400])
    }
}

impl RetrySchedule {
    /// Reads a comma-separated list of whole seconds.
    pub fn parse(text: &str) -> Result<Self, NotASchedule> {
        let pause = |part: &str| part.trim().parse().ok().filter(|pause| (0..=MAX_PAUSE_SECONDS).contains(pause));
        let pauses: Option<Vec<i64>> = text.split(',').map(pause).collect();
        pauses.filter(|pauses| pauses.len() <= MAX_PAUSES).map(Self).ok_or(NotASchedule)
    }

    /// How soon a destination that is down is looked at again, in milliseconds: after the first pause, within reason.
    #[must_use]
    pub fn first_probe_millis(&self) -> i64 {
        self.0.first().map_or(0, |pause| pause * 1_000).clamp(SHORTEST_PROBE_MILLIS, LONGEST_PROBE_MILLIS)
    }

    /// Milliseconds to wait after `attempts` attempts have failed, or `None` where the schedule is exhausted. `seed` is any
    /// random number; it chooses the jitter.
    #[must_use]
    pub fn pause_millis(&self, attempts: u32, seed: u32) -> Option<i64> {
        let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
        let pause = self.0.get(index)? * 1_000;
        let span = pause * 2 * JITTER_PERCENT / 100;
        Some(pause - span / 2 + span * i64::from(seed) / i64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_waits_for_its_pause_with_a_fifth_of_jitter() {
        let schedule = RetrySchedule::parse("5, 300").unwrap();
        assert_eq!(schedule.pause_millis(1, 0), Some(4_000));
        assert_eq!(schedule.pause_millis(1, u32::MAX), Some(6_000));
        assert_eq!(schedule.pause_millis(2, u32::MAX / 2), Some(299_999));
        assert_eq!(schedule.pause_millis(3, 0), None);
        assert_eq!(schedule.pause_millis(0, 0), None);
    }

    #[test]
    fn what_is_no_list_of_seconds_is_refused() {
        for text in ["", "5,", "-1", "1.5", "604801", "5 300", &vec!["1"; 51].join(",")] {
            assert_eq!(RetrySchedule::parse(text), Err(NotASchedule), "{text:?}");
        }
    }
}
