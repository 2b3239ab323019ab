//! Secrets: what must never be printed, and is compared without telling how far it matched.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// A secret text. `Debug` is redacted, there is no `Display`, and it is never serialized.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself. Whoever calls this must not let it out.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// SHA-256 of the secret.
    #[must_use]
    pub fn sha256(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

/// Constant-time: compares the hashes, so that neither the content nor the length is told by the time it takes.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.sha256() == other.sha256()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// SHA-256 of a token, the only form in which an `application_token` is stored. Text form: 64 lower-case hexadecimal
/// digits.
#[derive(Clone, Copy, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenHash([u8; 32]);

/// The text is no SHA-256 in lower-case hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token hash is 64 lower-case hexadecimal digits")]
pub struct NotATokenHash;

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::hash::Hash for TokenHash {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

const DIGITS: [u8; 16] = *b"0123456789abcdef";

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By hand: it is written for every event, and to format each byte would call the formatter 32 times.
        let mut digits = String::with_capacity(64);
        for byte in self.0 {
            digits.push(char::from(DIGITS[usize::from(byte >> 4)]));
            digits.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        f.write_str(&digits)
    }
}

/// The hash is no secret: it names a token in the API and in log lines.
impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenHash({self})")
    }
}

impl TryFrom<&str> for TokenHash {
    type Error = NotATokenHash;

    fn try_from(text: &str) -> Result<Self, NotATokenHash> {
        let digit = |b: u8| match b {
            b'0'..=b'9' => Ok(b - b'0'),
            b'a'..=b'f' => Ok(b - b'a' + 10),
            _ => Err(NotATokenHash),
        };
        let mut hash = [0; 32];
        if text.len() != 64 {
            return Err(NotATokenHash);
        }
        for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(hash))
    }
}

impl TryFrom<String> for TokenHash {
    type Error = NotATokenHash;

    fn try_from(text: String) -> Result<Self, NotATokenHash> {
        Self::try_from(text.as_str())
    }
}

impl From<TokenHash> for String {
    fn from(hash: TokenHash) -> Self {
        hash.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("51856fefc120afa4")), "Secret(redacted)");
    }

    #[test]
    fn a_hash_is_the_sha_256_that_others_compute() {
        let hash = Secret::new("abc").sha256();
        assert_eq!(hash.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(TokenHash::try_from(hash.to_string()), Ok(hash));
    }

    #[test]
    fn only_lower_case_hexadecimal_of_full_length_is_a_hash() {
        for text in [String::new(), "0".repeat(63), "0".repeat(65), "A".repeat(64), "g".repeat(64), "é".repeat(32)] {
            assert_eq!(TokenHash::try_from(text), Err(NotATokenHash));
        }
    }

    #[test]
    fn equality_is_of_content() {
        assert_eq!(Secret::new("a"), Secret::new("a"));
        assert_ne!(Secret::new("a"), Secret::new("b"));
    }
}
