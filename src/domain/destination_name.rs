//! The name of a destination.

use super::checked_text::checked_text;
use serde::{Deserialize, Serialize};

/// The destination of the variables.
pub const DEFAULT: &str = "default";
/// Longest name, in characters.
const MAX_LENGTH: usize = 32;

/// A name of 1 to 32 characters of `[a-z0-9-]`, so that it stands in a path as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DestinationName(String);

/// The text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to {MAX_LENGTH} characters of a-z, 0-9 and `-`")]
pub struct NotADestinationName;

checked_text!(DestinationName, NotADestinationName, is_destination_name);

impl DestinationName {
    /// Whether the variables say where it is, and not the API.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.0 == DEFAULT
    }
}

fn is_destination_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_in_a_path_as_it_is() {
        for text in ["a", "crm-sync", "1c", &"x".repeat(32)] {
            assert_eq!(DestinationName::try_from(text).unwrap().as_str(), text);
        }
        for text in ["", "A", "a/b", "a b", "a.b", "a_b", "ä", "a%20b", &"x".repeat(33)] {
            assert_eq!(DestinationName::try_from(text), Err(NotADestinationName), "{text:?}");
        }
    }
}
