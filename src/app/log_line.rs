//! One structured line of the log. `docs/LOGGING.md` has every message with its fields.

pub use crate::domain::log_level::Level;

use crate::domain::json_text::push_json_text;
use std::borrow::Cow;
use std::fmt::Write;

/// Room for a line of a request, so that it is written without growing.
const USUAL_BYTES: usize = 320;

/// A line: a level, a stable message, and fields. Never a body, never a token; a token's hash names it where need be.
///
/// It is JSON from the start, written by hand: one is written for every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    level: Level,
    /// The object without its closing brace.
    text: String,
}

/// The value of a field.
#[derive(Debug)]
pub enum Field<'a> {
    /// A number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// A text.
    Text(Cow<'a, str>),
    /// There is none, and no field then.
    Absent,
}

impl LogLine {
    /// A line about what its message says, such as `delivery failed`.
    #[must_use]
    pub fn new(level: Level, message: &'static str) -> Self {
        let mut text = String::with_capacity(USUAL_BYTES);
        for part in ["{\"level\":\"", level.as_str(), "\",\"message\":\"", message, "\""] {
            text.push_str(part);
        }
        Self { level, text }
    }

    /// The same with a field, where its value is not absent.
    #[must_use]
    pub fn with<'a>(mut self, name: &'static str, value: impl Into<Field<'a>>) -> Self {
        self.push(name, &value.into());
        self
    }

    fn push(&mut self, name: &str, value: &Field<'_>) {
        if matches!(value, Field::Absent) {
            return;
        }
        for part in [",\"", name, "\":"] {
            self.text.push_str(part);
        }
        match value {
            // Writing to a string cannot fail.
            Field::Number(number) => write!(self.text, "{number}").unwrap_or_default(),
            Field::Flag(flag) => self.text.push_str(if *flag { "true" } else { "false" }),
            Field::Text(text) => push_json_text(&mut self.text, text),
            Field::Absent => {}
        }
    }

    /// How urgent it is.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The line as JSON.
    #[must_use]
    pub fn into_json(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl From<$type> for Field<'_> {
            fn from(number: $type) -> Self {
                Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
            }
        }
    )*};
}

numbers!(i64, u16, u32, usize);

impl From<bool> for Field<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<'a> From<&'a str> for Field<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Field<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a, T: Into<Field<'a>>> From<Option<T>> for Field<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_json_object() {
        let line = LogLine::new(Level::Warn, "delivery failed").with("seq", 5_i64).with("error", None::<&str>);
        assert_eq!(line.into_json(), r#"{"level":"warn","message":"delivery failed","seq":5}"#);
    }

    #[test]
    fn whatever_a_text_has_in_it_the_line_stays_one_line_of_json() {
        let text = "a\"b\\c\nd\u{0}\u{1f}\u{7f}\u{2028}é😀\r\t</script>";
        let json = LogLine::new(Level::Info, "x").with("text", text).into_json();
        assert!(!json.contains(['\n', '\r']), "{json}");
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["text"], text);
    }
}
