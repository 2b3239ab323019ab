//! How an attempt ended, and what becomes of the event then.

use crate::domain::retry_schedule::RetrySchedule;
use crate::domain::time::Timestamp;

/// Longest that a destination may ask us to wait, in milliseconds.
const MAX_RETRY_AFTER_MILLIS: i64 = 3_600_000;
/// Attempts of an event that the destination refuses, or that cannot be read. A repeat will hardly help; something may have
/// been under way all the same, a deployment say.
const ATTEMPTS_OF_REFUSED: u32 = 3;

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The destination has the event.
    Delivered,
    /// It has not, or may not have it.
    Failed(Failure),
}

/// An attempt that did not deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What to do about it.
    pub class: Class,
    /// What happened, for the operator.
    pub error: String,
    /// How long the destination asked us to wait, in milliseconds.
    pub retry_after_millis: Option<i64>,
}

/// What a failure tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It may go away by itself: no connection, no answer in time, a 5xx, or an answer that means nothing here.
    Transient,
    /// The destination asks to be left alone for a while: 429, or 503 with `Retry-After`.
    Throttled,
    /// The destination refuses what it was sent: another 4xx. It may be about the event, or about how the destination is set
    /// up, as for 401 and 404.
    Refused {
        /// Whether the status speaks of the content of the request.
        is_about_event: bool,
    },
    /// The destination wants no more events: 410.
    Gone,
    /// This relay cannot send anything there: a binding is missing, say. Never held against the destination.
    Unsendable,
    /// This relay cannot read the event. Never held against the destination.
    Unreadable,
}

/// What becomes of an event whose attempt failed for a reason of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// It is tried again.
    Retry {
        /// Not before.
        due_at: Timestamp,
    },
    /// It is tried no more, unless a person makes it go.
    GiveUp,
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
        let class = match status {
            429 => Class::Throttled,
            503 if retry_after_millis.is_some() => Class::Throttled,
            410 => Class::Gone,
            408 | 425 => Class::Transient,
            400..=499 => Class::Refused { is_about_event: !is_about_set_up(status) },
            _ => Class::Transient,
        };
        Self::Failed(Failure { class, error: format!("the destination answered {status}"), retry_after_millis })
    }

    /// A failure without an answer.
    #[must_use]
    pub fn failed(class: Class, error: impl Into<String>) -> Self {
        Self::Failed(Failure { class, error: error.into(), retry_after_millis: None })
    }
}

/// Whether a 4xx speaks of credentials, the path or the method, which are the same for every event.
const fn is_about_set_up(status: u16) -> bool {
    matches!(status, 401..=405 | 407 | 421 | 426)
}

/// Decides what follows the `attempt`-th attempt of an event, which failed now. `seed` is any random number.
#[must_use]
pub fn transition(failure: &Failure, attempt: u32, schedule: &RetrySchedule, now: Timestamp, seed: u32) -> Transition {
    let may_repeat = match failure.class {
        Class::Refused { .. } | Class::Unreadable => attempt < ATTEMPTS_OF_REFUSED,
        Class::Transient | Class::Throttled | Class::Gone | Class::Unsendable => true,
    };
    match schedule.pause_millis(attempt, seed).filter(|_| may_repeat) {
        Some(pause) => Transition::Retry { due_at: now.plus_millis(pause) },
        None => Transition::GiveUp,
    }
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

    fn failure(status: u16, retry_after: Option<&str>) -> Option<Failure> {
        match Outcome::from_response(status, retry_after, now()) {
            Outcome::Failed(failure) => Some(failure),
            Outcome::Delivered => None,
        }
    }

    fn class(status: u16) -> Option<Class> {
        failure(status, None).map(|failure| failure.class)
    }

    fn wait(status: u16, retry_after: &str) -> Option<i64> {
        failure(status, Some(retry_after)).and_then(|failure| failure.retry_after_millis)
    }

    #[test]
    fn only_2xx_is_success() {
        for status in [200, 202, 204, 299] {
            assert_eq!(Outcome::from_response(status, None, now()), Outcome::Delivered);
        }
        for status in [100, 301, 302, 304, 400, 404, 410, 429, 500, 503] {
            assert!(failure(status, None).is_some(), "{status}");
        }
    }

    #[test]
    fn every_failure_has_its_class() {
        for status in [100, 302, 408, 425, 500, 502, 503, 599] {
            assert_eq!(class(status), Some(Class::Transient), "{status}");
        }
        for status in [400, 406, 409, 413, 415, 422] {
            assert_eq!(class(status), Some(Class::Refused { is_about_event: true }), "{status}");
        }
        for status in [401, 403, 404, 405, 407] {
            assert_eq!(class(status), Some(Class::Refused { is_about_event: false }), "{status}");
        }
        assert_eq!((class(410), class(429)), (Some(Class::Gone), Some(Class::Throttled)));
        assert_eq!(failure(503, Some("5")).map(|failure| failure.class), Some(Class::Throttled));
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
        let schedule = RetrySchedule::parse("10,100,1000,10000").unwrap();
        let after = |class, attempt| {
            let failure = Failure { class, error: String::new(), retry_after_millis: None };
            transition(&failure, attempt, &schedule, now(), u32::MAX / 2)
        };
        let retry = |millis| Transition::Retry { due_at: now().plus_millis(millis) };
        assert_eq!(after(Class::Transient, 1), retry(9_999));
        assert_eq!(after(Class::Transient, 4), retry(9_999_999));
        assert_eq!(after(Class::Transient, 5), Transition::GiveUp);
        let refused = Class::Refused { is_about_event: true };
        assert_eq!((after(refused, 2), after(refused, 3)), (retry(99_999), Transition::GiveUp));
        assert_eq!((after(Class::Unreadable, 1), after(Class::Unreadable, 3)), (retry(9_999), Transition::GiveUp));
    }
}
