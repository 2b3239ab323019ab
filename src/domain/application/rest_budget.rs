//! How many REST calls a portal takes: a leaky bucket that loses two a second and holds 50.
//! <https://apidocs.bitrix24.com/limits.html>

use crate::domain::time::Timestamp;

/// Time in which the bucket loses one call, in milliseconds: two calls a second.
const CALL_MILLIS: i64 = 500;
/// Calls that may be made at once. Bitrix24 refuses above 50; others may call from the same address.
const BURST: i64 = 50;

/// The bucket, as the time at which it will be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestBudget {
    empty_at: Timestamp,
}

impl Default for RestBudget {
    fn default() -> Self {
        Self { empty_at: Timestamp::EPOCH }
    }
}

impl RestBudget {
    /// Takes one call out of the budget. How long to wait before it is made, in milliseconds.
    pub fn take(&mut self, now: Timestamp) -> u32 {
        let empty_at = self.empty_at.max(now).plus_millis(CALL_MILLIS);
        self.empty_at = empty_at;
        let wait = empty_at.millis_since(now) - BURST * CALL_MILLIS;
        u32::try_from(wait.max(0)).unwrap_or(u32::MAX)
    }

    /// Takes one call out of the budget where it need not wait for longer than this. How long to wait, in milliseconds.
    pub fn take_within(&mut self, now: Timestamp, max_wait: u32) -> Option<u32> {
        let mut taken = *self;
        let wait = taken.take(now);
        (wait <= max_wait).then(|| {
            *self = taken;
            wait
        })
    }

    /// Notes that the portal refused a call: others have used the budget up.
    pub fn exhaust(&mut self, now: Timestamp) {
        self.empty_at = self.empty_at.max(now.plus_millis(BURST * CALL_MILLIS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_calls_go_at_once_and_then_two_a_second() {
        let mut budget = RestBudget::default();
        let now = Timestamp::from_millis(1_000_000);
        assert!((0..50).all(|_| budget.take(now) == 0));
        assert_eq!([budget.take(now), budget.take(now)], [500, 1_000]);
        assert_eq!((budget.take_within(now, 1_000), budget.take_within(now, 1_500)), (None, Some(1_500)));
        assert_eq!(budget.take(now.plus_millis(60_000)), 0);
    }

    #[test]
    fn a_refusal_empties_the_budget() {
        let (mut budget, now) = (RestBudget::default(), Timestamp::from_millis(1_000_000));
        budget.exhaust(now);
        assert_eq!(budget.take(now), 500);
    }
}
