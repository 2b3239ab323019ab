//! What becomes of a delivery after an attempt.

use super::circuit::Cause;
use super::retry_schedule::RetrySchedule;
use super::time::Timestamp;

/// Longest that a destination may ask us to wait, in milliseconds.
const MAX_RETRY_AFTER_MILLIS: i64 = 3_600_000;

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The destination has the event.
    Delivered,
    /// It has not, or may not have it.
    Failed {
        /// What happened, for the operator.
        error: String,
        /// What it tells about the destination.
        cause: Cause,
        /// How long the destination asked us to wait, in milliseconds.
        retry_after_millis: Option<i64>,
    },
}

/// What is to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Nothing more to do.
    Done,
    /// The event has to be noted as failed.
    Failed {
        /// When to try again; never, where the schedule is exhausted, unless a person makes it go.
        due_at: Option<Timestamp>,
        /// What happened.
        error: String,
    },
}

impl Outcome {
    /// Reads a destination's answer. Any 2xx is success; a redirect is none, since an event must not go where nobody
    /// configured it to go.
    #[must_use]
    pub fn from_response(status: u16, retry_after: Option<&str>, now: Timestamp) -> Self {
        if (200..300).contains(&status) {
            return Self::Delivered;
        }
        let asks_to_wait = matches!(status, 429 | 503);
        let retry_after_millis = retry_after.filter(|_| asks_to_wait).and_then(|text| parse_retry_after(text, now));
        // Redirects and informational answers are a matter of how the destination is set up, not of the event.
        let cause = if matches!(status, 400..=499) && !matches!(status, 408 | 425 | 429) {
            Cause::Event
        } else {
            Cause::Destination
        };
        Self::Failed { error: format!("the destination answered {status}"), cause, retry_after_millis }
    }
}

/// Decides what follows the `attempt`-th attempt, which ended now. `seed` is any random number.
#[must_use]
pub fn transition(outcome: Outcome, attempt: u32, schedule: &RetrySchedule, now: Timestamp, seed: u32) -> Transition {
    let Outcome::Failed { error, retry_after_millis, .. } = outcome else {
        return Transition::Done;
    };
    let due_at =
        schedule.pause_millis(attempt, seed).map(|pause| now.plus_millis(pause.max(retry_after_millis.unwrap_or(0))));
    Transition::Failed { due_at, error }
}

/// Reads `Retry-After` (RFC 9110, section 10.2.3): seconds, or an IMF-fixdate. At most an hour.
fn parse_retry_after(text: &str, now: Timestamp) -> Option<i64> {
    let millis = match text.trim().parse::<u32>() {
        Ok(seconds) => i64::from(seconds) * 1_000,
        Err(_) => Timestamp::from_http_date(text.trim())?.millis_since(now),
    };
    Some(millis.clamp(0, MAX_RETRY_AFTER_MILLIS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2024-12-19T11:39:09Z";

    fn now() -> Timestamp {
        Timestamp::from_rfc3339(NOW).unwrap()
    }

    fn wait(status: u16, retry_after: &str) -> Option<i64> {
        match Outcome::from_response(status, Some(retry_after), now()) {
            Outcome::Failed { retry_after_millis, .. } => retry_after_millis,
            Outcome::Delivered => None,
        }
    }

    #[test]
    fn only_2xx_is_success() {
        for status in [200, 202, 204, 299] {
            assert_eq!(Outcome::from_response(status, None, now()), Outcome::Delivered);
        }
        for status in [100, 301, 302, 304, 400, 404, 410, 429, 500, 503] {
            assert!(matches!(Outcome::from_response(status, None, now()), Outcome::Failed { .. }), "{status}");
        }
    }

    #[test]
    fn only_an_answer_about_the_event_is_held_against_the_event() {
        let cause = |status| match Outcome::from_response(status, None, now()) {
            Outcome::Failed { cause, .. } => Some(cause),
            Outcome::Delivered => None,
        };
        for status in [400, 404, 409, 410, 422] {
            assert_eq!(cause(status), Some(Cause::Event), "{status}");
        }
        for status in [302, 408, 425, 429, 500, 502, 503] {
            assert_eq!(cause(status), Some(Cause::Destination), "{status}");
        }
    }

    #[test]
    fn a_destination_that_asks_to_wait_is_heard() {
        assert_eq!(wait(429, "30"), Some(30_000));
        assert_eq!(wait(503, "Thu, 19 Dec 2024 11:40:09 GMT"), Some(60_000));
        assert_eq!(wait(503, "Thu, 19 Dec 2024 11:00:00 GMT"), Some(0));
        assert_eq!(wait(429, "4000000000"), Some(MAX_RETRY_AFTER_MILLIS));
        assert_eq!(wait(500, "30"), None);
        for text in ["", "-1", "soon", "99999999999999999999", "Thu, 32 Dec 2024 11:40:09 GMT"] {
            assert_eq!(wait(429, text), None, "{text:?}");
        }
    }

    #[test]
    fn attempts_follow_the_schedule_until_it_ends() {
        let schedule = RetrySchedule::parse("10,100").unwrap();
        let failed = |retry_after_millis| Outcome::Failed {
            error: "x".to_owned(),
            cause: Cause::Destination,
            retry_after_millis,
        };
        let middle = u32::MAX / 2;
        let failure = |due_at| Transition::Failed { due_at, error: "x".to_owned() };
        let retry = |millis| failure(Some(now().plus_millis(millis)));
        assert_eq!(transition(failed(None), 1, &schedule, now(), middle), retry(9_999));
        assert_eq!(transition(failed(Some(50_000)), 1, &schedule, now(), middle), retry(50_000));
        assert_eq!(transition(failed(Some(50_000)), 2, &schedule, now(), middle), retry(99_999));
        assert_eq!(transition(failed(None), 3, &schedule, now(), 0), failure(None));
        assert_eq!(transition(Outcome::Delivered, 3, &schedule, now(), 0), Transition::Done);
    }
}
