//! The identity of a portal.

use super::checked_text::checked_text;
use serde::{Deserialize, Serialize};

/// Longest `member_id` that is taken. Bitrix24's are MD5 in hexadecimal, 32 characters.
pub const MAX_MEMBER_ID_LENGTH: usize = 64;

/// A portal's `member_id`: 1 to 64 characters of `[A-Za-z0-9_-]`.
///
/// The only stable identity of a portal; its domain can be renamed. Chosen by whoever sends the POST, so nothing may be
/// stored under it before it is proven.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MemberId(String);

/// The text is no `member_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a member_id is 1 to 64 characters of A-Z, a-z, 0-9, `_` and `-`")]
pub struct NotAMemberId;

checked_text!(MemberId, NotAMemberId, is_member_id);

fn is_member_id(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=MAX_MEMBER_ID_LENGTH).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_plain_text_is_a_member_id() {
        for text in ["a", "a223c6b3710f85df22e9377d6c4f7553", "A_b-9", &"x".repeat(64)] {
            assert_eq!(MemberId::try_from(text).unwrap().as_str(), text);
        }
        for text in ["", "a b", "a/b", "ä", "a\n", "../x", &"x".repeat(65)] {
            assert_eq!(MemberId::try_from(text), Err(NotAMemberId), "{text:?}");
        }
    }
}
