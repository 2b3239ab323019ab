//! What the free plan carries in a day, as far as the relay can tell.
//!
//! An account's counters are not to be seen from inside it. What portals logged today is, and what an event costs at most.

use super::time::Timestamp;

/// Rows that may be written in a day, and requests to Durable Objects that may be made.
/// <https://developers.cloudflare.com/durable-objects/platform/pricing/>
pub const DAILY_LIMIT: i64 = 100_000;
/// From here on the operator is warned.
pub const WARNING: i64 = DAILY_LIMIT * 80 / 100;
/// Rows that an event costs at most, one that comes alone: the event, its alarm, the cursor, and its deletion later. In a burst it
/// is half of that. Requests are fewer in either case: two alone.
pub const MAX_ROWS_PER_EVENT: i64 = 4;
/// Requests that a run of the free plan may make. Who configures more has the paid plan, which has no such end.
pub const MAX_REQUESTS_PER_RUN: u32 = 50;
const MILLIS_PER_DAY: i64 = 86_400_000;

/// When the day began by which the plan counts, in UTC.
#[must_use]
pub fn day_of(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.as_millis().div_euclid(MILLIS_PER_DAY) * MILLIS_PER_DAY)
}

/// The rows that so many events cost at most, where that is near the end of the plan's day.
#[must_use]
pub fn near_the_end(events_today: i64) -> Option<i64> {
    let rows = events_today.saturating_mul(MAX_ROWS_PER_EVENT);
    (rows >= WARNING).then_some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_is_warned_at_four_fifths_of_the_day() {
        assert_eq!(near_the_end(19_999), None);
        assert_eq!(near_the_end(20_000), Some(80_000));
    }

    #[test]
    fn a_day_begins_at_midnight_utc() {
        let noon = Timestamp::from_rfc3339("2026-01-05T12:00:00Z").unwrap();
        assert_eq!(day_of(noon), Timestamp::from_rfc3339("2026-01-05T00:00:00Z").unwrap());
        assert_eq!(day_of(day_of(noon)), day_of(noon));
    }
}
