//! Seals secrets that have to be stored and read again: OAuth tokens, and what destinations are called with.
//!
//! AES-256-GCM under `VAULT_KEY`. A sealed text names the key that it was sealed under, so that keys can be rotated: the
//! first key seals, every key opens. It is bound to what it is and whose it is: copied to another place, it does not open.

use super::member_id::MemberId;
use super::secret::Secret;
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// AES-256 takes a key of 32 bytes.
const KEY_BYTES: usize = 32;
/// Keys at once: the new one and the one that it replaces.
const MAX_KEYS: usize = 2;
/// Random bytes that sealing takes: the nonce of GCM, 96 bits. Random nonces are good for 2^32 texts under one key (NIST SP
/// 800-38D, section 8.3): a thousand portals that refresh every hour use up that in 490 years.
pub const NONCE_BYTES: usize = 12;
/// How every sealed text begins. Another algorithm will begin otherwise.
const VERSION: &str = "v1";

/// What a sealed text is, and whose. It opens only under the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedFor<'a> {
    /// The portal.
    pub member_id: &'a MemberId,
    /// What it is, such as `oauth.refresh_token`.
    pub purpose: &'a str,
}

/// The keys. Without any, nothing can be sealed or opened.
#[derive(Clone, Default)]
pub struct Vault(Vec<Key>);

#[derive(Clone)]
struct Key {
    id: String,
    cipher: Aes256Gcm,
}

/// The text is no list of keys. The message never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultKeyError {
    /// A key is no base64, or too short or too long.
    #[error("each key is base64 of {KEY_BYTES} bytes: `openssl rand -base64 {KEY_BYTES}`")]
    Form,
    /// There is none, or more than two.
    #[error("one or {MAX_KEYS} keys, separated by a space; the first seals, each opens")]
    Count,
    /// Both are the same.
    #[error("two keys that differ")]
    Same,
}

/// A text was not sealed, or not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// `VAULT_KEY` is not set, or bad: set it, then try again.
    #[error("VAULT_KEY is not set")]
    NoKey,
    /// It was sealed under a key that `VAULT_KEY` no longer has: give that key back as the second one.
    #[error("it was sealed under a key that VAULT_KEY does not have")]
    UnknownKey,
    /// It was changed, or it is something else's: nothing opens it.
    #[error("it does not open")]
    Broken,
}

/// A sealed text: `v1.<id of the key>.<nonce and ciphertext, base64url>`. It may be stored; it may not be shown, since
/// nobody has a use for it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl Vault {
    /// Reads one or two keys, each 32 bytes in base64, separated by white space.
    pub fn parse(text: &str) -> Result<Self, VaultKeyError> {
        let keys = text.split_whitespace().map(Key::parse).collect::<Result<Vec<_>, _>>()?;
        match keys.as_slice() {
            [first, second] if first.id == second.id => Err(VaultKeyError::Same),
            [_] | [_, _] => Ok(Self(keys)),
            _ => Err(VaultKeyError::Count),
        }
    }

    /// Whether it has a key.
    #[must_use]
    pub fn has_key(&self) -> bool {
        !self.0.is_empty()
    }

    /// Seals a secret. `nonce` is fresh randomness, never used twice.
    pub fn seal(
        &self,
        secret: &Secret,
        sealed_for: SealedFor<'_>,
        nonce: [u8; NONCE_BYTES],
    ) -> Result<Sealed, VaultError> {
        let key = self.0.first().ok_or(VaultError::NoKey)?;
        let associated = associated_data(sealed_for);
        let payload = Payload { msg: secret.expose().as_bytes(), aad: &associated };
        // GCM refuses only texts of 64 GiB and more.
        let ciphertext = key.cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| VaultError::Broken)?;
        let bytes = [nonce.as_slice(), &ciphertext].concat();
        Ok(Sealed(format!("{VERSION}.{}.{}", key.id, URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// Opens what was sealed for the same.
    pub fn open(&self, sealed: &Sealed, sealed_for: SealedFor<'_>) -> Result<Secret, VaultError> {
        if self.0.is_empty() {
            return Err(VaultError::NoKey);
        }
        let (key_id, text) = sealed.parts().ok_or(VaultError::Broken)?;
        let key = self.0.iter().find(|key| key.id == key_id).ok_or(VaultError::UnknownKey)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| VaultError::Broken)?;
        let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Broken)?;
        let associated = associated_data(sealed_for);
        let payload = Payload { msg: ciphertext, aad: &associated };
        let plain = key.cipher.decrypt(&Nonce::from(*nonce), payload).map_err(|_| VaultError::Broken)?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| VaultError::Broken)
    }

    /// Whether a text is sealed under the key that seals now. Otherwise it should be sealed anew, while the old key is still
    /// there.
    #[must_use]
    pub fn is_current(&self, sealed: &Sealed) -> bool {
        let current = self.0.first().map(|key| key.id.as_str());
        current.is_some() && sealed.parts().map(|(key_id, _)| key_id) == current
    }
}

impl Key {
    fn parse(text: &str) -> Result<Self, VaultKeyError> {
        let bytes = STANDARD.decode(text).map_err(|_| VaultKeyError::Form)?;
        let bytes: [u8; KEY_BYTES] = bytes.try_into().map_err(|_| VaultKeyError::Form)?;
        // The key is random, so a part of its hash tells nothing of it.
        let hash = Sha256::new().chain_update("bitrix24-edge-relay vault key id:").chain_update(bytes).finalize();
        // 64 bits tell apart the few keys that a relay ever has.
        let id = hash.iter().take(8).fold(0, |id: u64, byte| id << 8 | u64::from(*byte));
        Ok(Self { id: format!("{id:016x}"), cipher: Aes256Gcm::new(&bytes.into()) })
    }
}

impl Sealed {
    /// A sealed text as it was stored. Whether it opens is seen when it is opened.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key's id and the rest, of a text of this version.
    fn parts(&self) -> Option<(&str, &str)> {
        self.0.strip_prefix(VERSION)?.strip_prefix('.')?.split_once('.')
    }
}

/// Neither a `member_id` nor a version holds a line feed, so no two of these are the same text.
fn associated_data(sealed_for: SealedFor<'_>) -> Vec<u8> {
    format!("{VERSION}\n{}\n{}", sealed_for.member_id, sealed_for.purpose).into_bytes()
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({} redacted)", self.0.len())
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Base64 of 32 bytes, all 0, and all 1.
    const OLD: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const NEW: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn vault(keys: &str) -> Vault {
        Vault::parse(keys).unwrap()
    }

    fn member(text: &str) -> MemberId {
        MemberId::try_from(text).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_for_the_same_portal_and_purpose_only() {
        let (vault, own, other) = (vault(OLD), member("m1"), member("m2"));
        let sealed_for = SealedFor { member_id: &own, purpose: "oauth" };
        let sealed = vault.seal(&Secret::new("token"), sealed_for, [7; NONCE_BYTES]).unwrap();
        assert_eq!(vault.open(&sealed, sealed_for), Ok(Secret::new("token")));
        for elsewhere in [SealedFor { member_id: &other, ..sealed_for }, SealedFor { purpose: "header", ..sealed_for }]
        {
            assert_eq!(vault.open(&sealed, elsewhere), Err(VaultError::Broken), "{elsewhere:?}");
        }
    }

    /// A stored text must open in every later release. Made by another implementation of AES-256-GCM too.
    #[test]
    fn the_sealed_form_stays_as_it_is() {
        let member_id = member("a223c6b3710f85df22e9377d6c4f7553");
        let sealed_for = SealedFor { member_id: &member_id, purpose: "oauth" };
        let sealed = vault(OLD).seal(&Secret::new("51856fefc120afa4"), sealed_for, [7; NONCE_BYTES]).unwrap();
        assert_eq!(sealed.as_str(), "v1.558e1811fcdfdfa7.BwcHBwcHBwcHBwcHSPmQ_l5AZUSEhklmEbOIw6VVakPyG6zgGrMjtYQVGBs");
    }

    #[test]
    fn a_key_is_rotated_by_putting_the_new_one_before_it() {
        let member_id = member("m1");
        let sealed_for = SealedFor { member_id: &member_id, purpose: "oauth" };
        let sealed = vault(OLD).seal(&Secret::new("token"), sealed_for, [7; NONCE_BYTES]).unwrap();
        assert!(vault(OLD).is_current(&sealed));

        let both = vault(&format!("{NEW} {OLD}"));
        assert!(!both.is_current(&sealed));
        let opened = both.open(&sealed, sealed_for).unwrap();
        let resealed = both.seal(&opened, sealed_for, [8; NONCE_BYTES]).unwrap();
        assert!(both.is_current(&resealed));

        assert_eq!(vault(NEW).open(&resealed, sealed_for), Ok(Secret::new("token")));
        assert_eq!(vault(NEW).open(&sealed, sealed_for), Err(VaultError::UnknownKey));
        assert_eq!(Vault::default().open(&sealed, sealed_for), Err(VaultError::NoKey));
        assert_eq!(Vault::default().seal(&Secret::new("x"), sealed_for, [7; NONCE_BYTES]), Err(VaultError::NoKey));
    }

    #[test]
    fn a_text_that_was_changed_anywhere_does_not_open() {
        let (vault, member_id) = (vault(OLD), member("m1"));
        let sealed_for = SealedFor { member_id: &member_id, purpose: "oauth" };
        let sealed = vault.seal(&Secret::new("token"), sealed_for, [7; NONCE_BYTES]).unwrap();
        for at in 0..sealed.as_str().len() {
            let mut bytes = sealed.as_str().as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            let changed = Sealed::from_stored(&String::from_utf8(bytes).unwrap());
            assert!(vault.open(&changed, sealed_for).is_err(), "{at}");
        }
        for text in ["", "v1", "v1.", "v1..", "v1.x.y", "v2.x.y", "token"] {
            assert!(vault.open(&Sealed::from_stored(text), sealed_for).is_err(), "{text}");
        }
    }

    #[test]
    fn keys_are_one_or_two_of_32_bytes() {
        for (text, error) in [
            ("", VaultKeyError::Count),
            ("c2hvcnQ=", VaultKeyError::Form),
            ("not base64", VaultKeyError::Form),
            (&format!("{OLD} {OLD}"), VaultKeyError::Same),
            (&format!("{OLD} {NEW} {OLD}"), VaultKeyError::Count),
        ] {
            assert_eq!(Vault::parse(text).err(), Some(error), "{text}");
        }
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let (vault, member_id) = (vault(OLD), member("m1"));
        let sealed_for = SealedFor { member_id: &member_id, purpose: "oauth" };
        let sealed = vault.seal(&Secret::new("token"), sealed_for, [7; NONCE_BYTES]).unwrap();
        assert_eq!(format!("{vault:?} {sealed:?}"), "Vault(1 redacted) Sealed(redacted)");
    }
}
