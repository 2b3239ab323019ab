//! An HTTP answer, free of any platform.

use super::event_id::EventId;
use super::member_id::MemberId;
use serde::Serialize;

/// An HTTP answer. A header name stands at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case.
    headers: Vec<(&'static str, String)>,
    /// UTF-8 text.
    pub body: String,
    /// What the log and the metrics call it: the code of a problem, what became of an event, or `ok`.
    pub code: &'static str,
    /// The event that it is about.
    pub about: Option<Box<About>>,
    /// Whether one like it was told of a moment ago, so that this one is counted and no more.
    pub is_repetition: bool,
}

/// Which event an answer is about, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The portal that it names.
    pub member_id: MemberId,
    /// Its id.
    pub id: EventId,
    /// Its type.
    pub event_type: String,
    /// Its place, where it was logged.
    pub seq: Option<i64>,
}

impl Reply {
    /// Plain text.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        let headers = vec![("content-type", "text/plain; charset=utf-8".to_owned())];
        Self { status, headers, body: body.into(), code: "ok", about: None, is_repetition: false }
    }

    /// A value as JSON.
    ///
    /// The relay's own types always serialize; one that does not would be answered as an empty 500.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        serde_json::to_string(body).map_or_else(
            |_| Self::text(500, ""),
            |body| Self::text(status, body).with_header("content-type", "application/json"),
        )
    }

    /// The same under another name in the log and in the metrics.
    #[must_use]
    pub const fn called(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// The same with a header set.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// All headers.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (*name, value.as_str()))
    }
}
