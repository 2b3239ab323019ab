//! One structured line of the log.

use serde::Serialize;
use serde_json::{Map, Value};

/// How urgent a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// What happened, as it should.
    Info,
    /// Someone should look when there is time.
    Warn,
    /// Something was lost, or will be.
    Error,
}

/// A line: a level, a stable name, and fields. Never a body, never a token; a token's hash names it where need be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogLine {
    level: Level,
    message: &'static str,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl LogLine {
    /// A line about what its name says, such as `event accepted`.
    #[must_use]
    pub fn new(level: Level, message: &'static str) -> Self {
        Self { level, message, fields: Map::new() }
    }

    /// The same with a field.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// How urgent it is.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// The line as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_json_object() {
        let line = LogLine::new(Level::Warn, "delivery failed").with("seq", 5).with("status", 500);
        assert_eq!(line.to_json(), r#"{"level":"warn","message":"delivery failed","seq":5,"status":500}"#);
    }
}
