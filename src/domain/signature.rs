//! Signatures of Standard Webhooks, symmetric scheme: <https://www.standardwebhooks.com/>.

use super::secret::Secret;
use super::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// How the text of a secret begins.
const SECRET_PREFIX: &str = "whsec_";
/// Bounds of a secret's length in bytes, from the specification: "between 24 bytes (192 bits) and 64 bytes (512 bits)".
const SECRET_LENGTH: std::ops::RangeInclusive<usize> = 24..=64;
/// Random bytes of a secret that the relay makes: 256 bits, as many as the hash has.
pub const GENERATED_BYTES: usize = 32;
/// Secrets at once: the new one and the one that it replaces.
const MAX_SECRETS: usize = 2;

/// One or two signing keys; each signs every message, so that a receiver may hold either while they are rotated.
#[derive(Clone)]
pub struct SigningSecrets(Vec<Key>);

#[derive(Clone)]
struct Key {
    mac: Hmac<Sha256>,
    /// Absent where it does not end.
    until: Option<Timestamp>,
}

/// The text is no list of secrets. The message never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// A secret is not `whsec_` and base64.
    #[error("each secret is `whsec_` followed by base64")]
    Form,
    /// A secret is too short or too long.
    #[error("each secret is base64 of {} to {} bytes", SECRET_LENGTH.start(), SECRET_LENGTH.end())]
    Length,
    /// There is none, or more than two.
    #[error("one or {MAX_SECRETS} secrets, separated by a space")]
    Count,
}

impl SigningSecrets {
    /// Reads one or two secrets of the form `whsec_<base64>`, separated by white space.
    pub fn parse(text: &str) -> Result<Self, SecretsError> {
        let keys = text.split_whitespace().map(parse_secret).collect::<Result<Vec<_>, _>>()?;
        if (1..=MAX_SECRETS).contains(&keys.len()) { Ok(Self(keys)) } else { Err(SecretsError::Count) }
    }

    /// The text of a secret that is made of fresh randomness.
    #[must_use]
    pub fn generate(random: [u8; GENERATED_BYTES]) -> Secret {
        Secret::new(format!("{SECRET_PREFIX}{}", STANDARD.encode(random)))
    }

    /// The same with a secret that was replaced, and signs until then.
    pub fn with_previous(mut self, text: &str, until: Timestamp) -> Result<Self, SecretsError> {
        self.0.truncate(MAX_SECRETS - 1);
        self.0.push(Key { until: Some(until), ..parse_secret(text)? });
        Ok(self)
    }

    /// The value of `webhook-signature`: one `v1,<base64>` for each secret, separated by a space.
    #[must_use]
    pub fn sign(&self, id: &str, at: Timestamp, body: &str) -> String {
        let valid = self.0.iter().filter(|key| key.until.is_none_or(|until| at < until));
        let signatures = valid.map(|key| {
            let mut mac = key.mac.clone();
            mac.update(format!("{id}.{}.", at.as_unix_seconds()).as_bytes());
            mac.update(body.as_bytes());
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

fn parse_secret(text: &str) -> Result<Key, SecretsError> {
    let encoded = text.strip_prefix(SECRET_PREFIX).ok_or(SecretsError::Form)?;
    let key = STANDARD.decode(encoded).map_err(|_| SecretsError::Form)?;
    if !SECRET_LENGTH.contains(&key.len()) {
        return Err(SecretsError::Length);
    }
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).map_err(|_| SecretsError::Length)?;
    Ok(Key { mac, until: None })
}

impl fmt::Debug for SigningSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningSecrets({} redacted)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn example() -> (&'static str, Timestamp) {
        let id = "01939d5e-1a2b-7c3d-8e4f-0123456789ab";
        (id, Timestamp::from_unix_seconds_text("1614265330").unwrap())
    }

    /// Computed apart from this code:
    /// `printf '%s' '<id>.1614265330.{"test": 2432232314}' | openssl dgst -sha256 -mac hmac -macopt hexkey:<key> -binary | base64`
    #[test]
    fn a_signature_is_the_one_that_openssl_computes() {
        let (id, at) = example();
        let signature = SigningSecrets::parse(SECRET).unwrap().sign(id, at, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,aK6MMSMuDRbXJ/V4/Ny9/dX43r+ZBKT2gPnUvvU5qWw=");
    }

    #[test]
    fn while_rotating_both_secrets_sign() {
        let (id, at) = example();
        let other = format!("whsec_{}", STANDARD.encode([7; 32]));
        let both = SigningSecrets::parse(&format!("{SECRET} {other}")).unwrap().sign(id, at, "x");
        let each: Vec<String> =
            [SECRET, &other].iter().map(|s| SigningSecrets::parse(s).unwrap().sign(id, at, "x")).collect();
        assert_eq!(both, each.join(" "));
    }

    #[test]
    fn a_bad_secret_is_refused_and_not_repeated() {
        let cases = [
            ("", SecretsError::Count),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", SecretsError::Form),
            ("whsec_%%%", SecretsError::Form),
            ("whsec_c2hvcnQ=", SecretsError::Length),
        ];
        for (text, error) in cases {
            assert_eq!(SigningSecrets::parse(text).unwrap_err(), error, "{text:?}");
        }
        let three = [SECRET; 3].join(" ");
        assert_eq!(SigningSecrets::parse(&three).unwrap_err(), SecretsError::Count);
        assert_eq!(format!("{:?}", SigningSecrets::parse(SECRET).unwrap()), "SigningSecrets(1 redacted)");
    }
}
