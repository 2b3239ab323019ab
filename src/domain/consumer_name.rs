//! The name of a consumer of a log.

use super::checked_text::checked_text;
use serde::{Deserialize, Serialize};

/// Longest name, in characters.
const MAX_LENGTH: usize = 64;

/// A name of 1 to 64 characters of `[A-Za-z0-9_.-]`, the first of them a letter or a digit, so that it stands in a path as it
/// is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConsumerName(String);

/// The text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a name is 1 to {MAX_LENGTH} characters of A-Z, a-z, 0-9, `_`, `.` and `-`, and begins with a letter or a digit"
)]
pub struct NotAName;

checked_text!(ConsumerName, NotAName, is_name);

fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    let begins_well = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    begins_well && text.len() <= MAX_LENGTH && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_in_a_path_as_it_is() {
        for text in ["a", "crm-sync", "1C.v8_3", &"x".repeat(64)] {
            assert_eq!(ConsumerName::try_from(text).unwrap().as_str(), text);
        }
        for text in ["", ".", "..", "-a", "a/b", "a b", "ä", "a%20b", &"x".repeat(65)] {
            assert_eq!(ConsumerName::try_from(text), Err(NotAName), "{text:?}");
        }
    }
}
