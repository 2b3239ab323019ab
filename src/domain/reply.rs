//! An HTTP answer, free of any platform.

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
}

impl Reply {
    /// Plain text.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: vec![("content-type", "text/plain; charset=utf-8".to_owned())], body: body.into() }
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
