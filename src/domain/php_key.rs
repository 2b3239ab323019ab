//! Keys of PHP's arrays: integers or text.

use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;

/// A key of an array.
#[derive(Clone, PartialEq, Eq)]
pub enum PhpKey {
    /// A key that is a canonical decimal `i64`.
    Int(i64),
    /// Any other key.
    Text(String),
}

/// A key to look for.
#[derive(Clone, Copy)]
pub(super) enum KeyRef<'a> {
    Int(i64),
    Text(&'a str),
}

impl PhpKey {
    /// The key as it stands in a name or in JSON.
    #[must_use]
    pub fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::Int(number) => Cow::Owned(number.to_string()),
            Self::Text(text) => Cow::Borrowed(text),
        }
    }
}

impl<'a> From<&'a PhpKey> for KeyRef<'a> {
    fn from(key: &'a PhpKey) -> Self {
        match key {
            PhpKey::Int(number) => Self::Int(*number),
            PhpKey::Text(text) => Self::Text(text),
        }
    }
}

impl<'a> KeyRef<'a> {
    /// The key that this text is.
    pub(super) fn new(text: &'a str) -> Self {
        match canonical_int(text) {
            Some(number) => Self::Int(number),
            None => Self::Text(text),
        }
    }

    /// Whether it is this key.
    pub(super) fn is(self, key: &PhpKey) -> bool {
        match (self, key) {
            (Self::Int(a), PhpKey::Int(b)) => a == *b,
            (Self::Text(a), PhpKey::Text(b)) => a == b,
            _ => false,
        }
    }

    /// The key to keep.
    pub(super) fn to_key(self) -> PhpKey {
        match self {
            Self::Int(number) => PhpKey::Int(number),
            Self::Text(text) => PhpKey::Text(text.to_owned()),
        }
    }
}

/// The number that PHP takes a key for: an `i64` in the one way in which PHP itself writes it.
fn canonical_int(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = match digits.as_bytes() {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if canonical { text.parse().ok() } else { None }
}

impl Serialize for PhpKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // A JSON writer puts a number that is a key in quotes.
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_canonical_number_is_an_integer_key() {
        for (key, number) in [
            ("0", Some(0)),
            ("7", Some(7)),
            ("-7", Some(-7)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("-9223372036854775809", None),
            ("", None),
            ("-", None),
            ("-0", None),
            ("00", None),
            ("07", None),
            ("+7", None),
            ("7 ", None),
            ("7.0", None),
            ("\u{663}", None),
        ] {
            assert_eq!(canonical_int(key), number, "{key:?}");
        }
    }
}
