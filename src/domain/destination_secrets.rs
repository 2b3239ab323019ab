//! What a destination that is made by the API is called with, and how that is sealed.

use super::member_id::MemberId;
use super::secret::Secret;
use super::signature::{SecretsError, SigningSecrets};
use super::time::Timestamp;
use super::vault::{NONCE_BYTES, Sealed, SealedFor, Vault, VaultError};
use serde::{Deserialize, Serialize};

/// All secrets of one destination. Which of them are there depends on its kind: a queue has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DestinationSecrets {
    /// Signs every request.
    pub signing: Option<Secret>,
    /// Signs too for a while: what `signing` has replaced, and until when.
    pub previous: Option<(Secret, Timestamp)>,
    /// Headers, with names in lower case.
    pub headers: Vec<(String, Secret)>,
}

/// The text that is sealed.
#[derive(Serialize, Deserialize)]
struct Plain {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signing: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<(String, Timestamp)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
}

impl DestinationSecrets {
    /// Seals them for a destination of a portal. `nonce` is fresh randomness.
    pub fn seal(
        &self,
        vault: &Vault,
        member_id: &MemberId,
        destination: &str,
        nonce: [u8; NONCE_BYTES],
    ) -> Result<Sealed, VaultError> {
        let expose = |secret: &Secret| secret.expose().to_owned();
        let plain = Plain {
            signing: self.signing.as_ref().map(expose),
            previous: self.previous.as_ref().map(|(secret, until)| (expose(secret), *until)),
            headers: self.headers.iter().map(|(name, value)| (name.clone(), expose(value))).collect(),
        };
        // Strings and numbers are always JSON.
        let json = serde_json::to_string(&plain).map_err(|_| VaultError::Broken)?;
        let purpose = purpose(destination);
        vault.seal(&Secret::new(json), SealedFor { member_id, purpose: &purpose }, nonce)
    }

    /// Opens what was sealed for the same.
    pub fn open(sealed: &Sealed, vault: &Vault, member_id: &MemberId, destination: &str) -> Result<Self, VaultError> {
        let purpose = purpose(destination);
        let json = vault.open(sealed, SealedFor { member_id, purpose: &purpose })?;
        let plain: Plain = serde_json::from_str(json.expose()).map_err(|_| VaultError::Broken)?;
        Ok(Self {
            signing: plain.signing.map(Secret::new),
            previous: plain.previous.map(|(secret, until)| (Secret::new(secret), until)),
            headers: plain.headers.into_iter().map(|(name, value)| (name, Secret::new(value))).collect(),
        })
    }

    /// Puts a new signing secret in the place of the one that signs now, which goes on until then. One that was replaced
    /// before ends at once.
    pub fn rotate(&mut self, signing: Secret, until: Timestamp) {
        self.previous = self.signing.replace(signing).map(|replaced| (replaced, until));
    }

    /// What signs a request.
    pub fn signing(&self) -> Result<SigningSecrets, SecretsError> {
        let current = self.signing.as_ref().ok_or(SecretsError::Count)?;
        let secrets = SigningSecrets::parse(current.expose())?;
        match &self.previous {
            Some((previous, until)) => secrets.with_previous(previous.expose(), *until),
            None => Ok(secrets),
        }
    }
}

fn purpose(destination: &str) -> String {
    format!("destination.{destination}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const NEW: &str = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn secrets() -> DestinationSecrets {
        DestinationSecrets {
            signing: Some(Secret::new(OLD)),
            previous: None,
            headers: vec![("authorization".to_owned(), Secret::new("Bearer abc"))],
        }
    }

    #[test]
    fn sealed_they_open_for_the_same_destination_only() {
        let vault = Vault::parse(KEY).unwrap();
        let member_id = MemberId::try_from("m1").unwrap();
        let mut secrets = secrets();
        secrets.rotate(Secret::new(NEW), Timestamp::EPOCH.plus_millis(5));
        let sealed = secrets.seal(&vault, &member_id, "crm", [7; NONCE_BYTES]).unwrap();
        assert_eq!(DestinationSecrets::open(&sealed, &vault, &member_id, "crm"), Ok(secrets));
        assert_eq!(DestinationSecrets::open(&sealed, &vault, &member_id, "erp"), Err(VaultError::Broken));
        assert_eq!(DestinationSecrets::open(&sealed, &Vault::default(), &member_id, "crm"), Err(VaultError::NoKey));
    }

    #[test]
    fn while_rotating_both_sign_until_the_old_one_ends() {
        let (now, until) = (Timestamp::EPOCH, Timestamp::EPOCH.plus_millis(1_000));
        let mut secrets = secrets();
        secrets.rotate(Secret::new(NEW), until);
        let sign = |at| secrets.signing().unwrap().sign("id", at, "{}");
        let both = format!("{} {}", sign_with(NEW, now), sign_with(OLD, now));
        assert_eq!(sign(now), both);
        assert_eq!(sign(until), sign_with(NEW, until));
    }

    fn sign_with(secret: &str, at: Timestamp) -> String {
        SigningSecrets::parse(secret).unwrap().sign("id", at, "{}")
    }

    #[test]
    fn nothing_of_them_is_printed() {
        let printed = format!("{:?}", secrets());
        assert!(!printed.contains("abc") && !printed.contains("whsec_"), "{printed}");
    }
}
