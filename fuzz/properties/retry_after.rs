//! `Retry-After`, as a destination writes it: never more than an hour, never backwards.

use bitrix24_edge_relay::domain::delivery::outcome::{Failure, Outcome};
use bitrix24_edge_relay::domain::time::Timestamp;

const HOUR_MILLIS: i64 = 3_600_000;

/// Takes two bytes as the status, four as the time, and the rest as the header.
pub fn check(input: &[u8]) {
    let Some((status, rest)) = input.split_first_chunk::<2>() else {
        return;
    };
    let Some((seconds, text)) = rest.split_first_chunk::<4>() else {
        return;
    };
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    let now = Timestamp::from_millis(i64::from(u32::from_be_bytes(*seconds)) * 1_000);
    // Half of the inputs are of a status with which the header counts.
    let status = if status[0] % 2 == 0 { 503 } else { u16::from_be_bytes(*status) };
    let outcome = Outcome::from_response(status, Some(text), now);
    if let Outcome::Failed(Failure { retry_after_millis: Some(wait), .. }) = outcome {
        assert!((0..=HOUR_MILLIS).contains(&wait), "{text:?} at {} waits {wait} ms", now.to_rfc3339_seconds());
        assert!(matches!(status, 429 | 503), "{status} makes it wait");
        if let Ok(seconds) = text.trim().parse::<u32>() {
            assert_eq!(wait, (i64::from(seconds) * 1_000).min(HOUR_MILLIS), "{text:?}");
        }
    }
    if let Some(time) = Timestamp::from_http_date(text) {
        assert_eq!(Timestamp::from_rfc3339(&time.to_rfc3339_millis()), Some(time), "{text:?}");
    }
}
