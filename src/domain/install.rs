//! What is known about a portal: its tokens, and whether a token is believed.

use super::member_id::MemberId;
use super::secret::TokenHash;
use super::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How long after an uninstall late queued events are still taken, in milliseconds.
pub const REMOVED_GRACE_MILLIS: i64 = 24 * 3_600_000;
/// Tokens of one portal. An application and each outgoing webhook have one; a portal with a hundred is a mistake.
pub const MAX_TOKENS: usize = 100;

/// The record of a portal in KV, key `install:<member_id>`. One with only `tokens[].sha256`, written by hand, is valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallRecord {
    /// The portal; told by the key where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_id: Option<MemberId>,
    /// The portal's domain, for display.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Every token that was ever registered.
    pub tokens: Vec<Token>,
    /// When the record was written.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339")]
    pub updated_at: Option<Timestamp>,
}

/// One token of a portal, by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// SHA-256 of the `application_token`.
    pub sha256: TokenHash,
    /// The operator's name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whose token it is.
    #[serde(default)]
    pub kind: TokenKind,
    /// Whether it is believed.
    #[serde(default)]
    pub status: TokenStatus,
    /// When it was registered.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339")]
    pub added_at: Option<Timestamp>,
    /// When it was uninstalled or revoked.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339")]
    pub ended_at: Option<Timestamp>,
}

/// Whose token it is. Lifecycle events count only with a token of an application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// An application's.
    App,
    /// An outgoing webhook's. What is not known to be an application's counts as this, which may do less.
    #[default]
    Webhook,
}

/// Whether a token is believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenStatus {
    /// Yes.
    #[default]
    Active,
    /// The application was removed by its portal: late queued events are still taken for a day.
    Uninstalled,
    /// The operator ended it: no longer, at once.
    Revoked,
}

/// What is to be done with an event, by the token that came with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Logged and forwarded.
    Accept(TokenKind),
    /// The application was removed within the last day: logged, marked, not forwarded.
    AcceptRemoved,
    /// Refused, but held: it may be a genuine token that nobody registered yet.
    Unregistered,
    /// Refused for good.
    Revoked,
}

/// Judges a token against the tokens of its portal. Each comparison takes constant time.
#[must_use]
pub fn judge(tokens: &[Token], hash: &TokenHash, now: Timestamp) -> Judgement {
    let Some(token) = tokens.iter().find(|token| token.sha256 == *hash) else {
        return Judgement::Unregistered;
    };
    let ended_at = token.ended_at.unwrap_or(Timestamp::EPOCH);
    match token.status {
        TokenStatus::Active => Judgement::Accept(token.kind),
        TokenStatus::Revoked => Judgement::Revoked,
        TokenStatus::Uninstalled if now.millis_since(ended_at) < REMOVED_GRACE_MILLIS => Judgement::AcceptRemoved,
        // A reinstalled application keeps its token, and its events may overtake the news of the installation.
        TokenStatus::Uninstalled => Judgement::Unregistered,
    }
}

impl InstallRecord {
    /// The tokens that the record lists as ones to believe.
    #[must_use]
    pub fn believed(&self, now: Timestamp) -> Vec<TokenHash> {
        let is_believed = |hash: &TokenHash| {
            matches!(judge(&self.tokens, hash, now), Judgement::Accept(_) | Judgement::AcceptRemoved)
        };
        self.tokens.iter().map(|token| token.sha256).filter(is_believed).collect()
    }
}

/// Times in the record are RFC 3339, since people write it.
mod rfc3339 {
    use super::{Deserialize, Deserializer, Serializer, Timestamp};

    #[expect(clippy::ref_option, reason = "serde fixes the signature")]
    pub fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.serialize_str(&time.to_rfc3339_millis()),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else {
            return Ok(None);
        };
        Timestamp::from_rfc3339(&text).map(Some).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;

    fn hash(token: &str) -> TokenHash {
        Secret::new(token).sha256()
    }

    fn record(status: &str, ended_at: &str) -> InstallRecord {
        let text =
            format!(r#"{{"tokens":[{{"sha256":"{}","status":"{status}","ended_at":"{ended_at}"}}]}}"#, hash("token"));
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_record_written_by_hand_needs_only_hashes() {
        let text = format!(r#"{{"tokens":[{{"sha256":"{}"}}]}}"#, hash("token"));
        let record: InstallRecord = serde_json::from_str(&text).unwrap();
        assert_eq!(judge(&record.tokens, &hash("token"), Timestamp::EPOCH), Judgement::Accept(TokenKind::Webhook));
    }

    #[test]
    fn the_record_keeps_its_format() {
        let text = format!(
            concat!(
                r#"{{"member_id":"m1","domain":"a.bitrix24.com","tokens":[{{"sha256":"{}","label":"calendar","kind":"app","#,
                r#""status":"uninstalled","added_at":"2024-12-19T11:39:09.512Z","ended_at":"2024-12-20T11:39:09.512Z"}}],"#,
                r#""updated_at":"2024-12-20T11:39:09.512Z"}}"#
            ),
            hash("token")
        );
        let record: InstallRecord = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&record).unwrap(), text);
    }

    #[test]
    fn a_removed_install_is_taken_for_a_day_and_then_held() {
        let record = record("uninstalled", "2024-12-19T00:00:00Z");
        let ended = Timestamp::from_rfc3339("2024-12-19T00:00:00Z").unwrap();
        let at = |millis| judge(&record.tokens, &hash("token"), ended.plus_millis(millis));
        assert_eq!(at(REMOVED_GRACE_MILLIS - 1), Judgement::AcceptRemoved);
        assert_eq!(at(REMOVED_GRACE_MILLIS), Judgement::Unregistered);
    }

    #[test]
    fn a_revoked_token_is_not_believed_and_an_unknown_one_is_in_doubt() {
        let record = record("revoked", "2024-12-19T00:00:00Z");
        assert_eq!(judge(&record.tokens, &hash("token"), Timestamp::EPOCH), Judgement::Revoked);
        assert_eq!(judge(&record.tokens, &hash("other"), Timestamp::EPOCH), Judgement::Unregistered);
        assert_eq!(record.believed(Timestamp::EPOCH), []);
    }
}
