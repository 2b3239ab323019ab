//! What an OAuth server says: whose an access token is, and which pair follows a refresh token.

use super::authorisation::TokenPair;
use super::endpoint::ClientEndpoint;
use super::rest::error_code;
use crate::domain::member_id::MemberId;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use serde_json::Value;

/// How long an access token lasts where the answer does not say, in milliseconds: an hour, as documented.
const ACCESS_MILLIS: i64 = 3_600_000;

/// Whose an access token is, by the word of the OAuth server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The application that it was issued to.
    pub client_id: String,
    /// The portal.
    pub member_id: MemberId,
    /// The portal's domain.
    pub domain: String,
    /// The portal's REST API.
    pub endpoint: ClientEndpoint,
    /// The user for whom it was issued.
    pub user_id: Option<String>,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
}

/// What a refresh token was exchanged for. `Debug` prints no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The new pair.
    pub pair: TokenPair,
    /// The portal.
    pub member_id: MemberId,
    /// The portal's REST API, whose host may have been renamed.
    pub endpoint: ClientEndpoint,
    /// The user for whom it was issued.
    pub user_id: Option<String>,
}

/// The OAuth server did not give what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// The access token was good once: the refresh token may give another.
    #[error("the access token has expired")]
    Expired,
    /// It says no, and will say so again. The code is Bitrix24's own, such as `invalid_grant`.
    #[error("the OAuth server refuses: {0}")]
    Refused(String),
    /// It cannot be reached, or is in trouble: try later.
    #[error("the OAuth server cannot be asked: {0}")]
    Unreachable(String),
}

/// Reads the answer to `app.info`.
pub fn read_proof(status: u16, body: &str) -> Result<Proof, OAuthError> {
    let answer = read(status, body)?;
    let unreadable = || OAuthError::Unreachable("app.info says nothing that can be read".to_owned());
    let (result, install) = (&answer["result"], &answer["result"]["install"]);
    let endpoint = text(&install["client_endpoint"]).ok_or_else(unreadable)?;
    Ok(Proof {
        client_id: text(&result["client_id"]).ok_or_else(unreadable)?,
        member_id: text(&install["member_id"]).and_then(|text| MemberId::try_from(text).ok()).ok_or_else(unreadable)?,
        domain: text(&install["domain"]).ok_or_else(unreadable)?,
        endpoint: ClientEndpoint::try_from(endpoint).map_err(|_| unreadable())?,
        user_id: text(&result["user_id"]),
        expires_at: result["expires"].as_str().and_then(Timestamp::from_rfc3339),
    })
}

/// Reads the answer to a refresh. A pair without a refresh token keeps the old one.
pub fn read_renewal(status: u16, body: &str, now: Timestamp) -> Result<Renewal, OAuthError> {
    let answer = read(status, body)?;
    let unreadable = || OAuthError::Unreachable("the refresh says nothing that can be read".to_owned());
    let lifetime = text(&answer["expires_in"]).and_then(|text| text.parse::<i64>().ok());
    let expires_at = text(&answer["expires"]).as_deref().and_then(Timestamp::from_unix_seconds_text);
    let by_lifetime = now.plus_millis(lifetime.map_or(ACCESS_MILLIS, |seconds| seconds.saturating_mul(1_000)));
    Ok(Renewal {
        pair: TokenPair {
            access: text(&answer["access_token"]).map(Secret::new).ok_or_else(unreadable)?,
            refresh: text(&answer["refresh_token"]).map(Secret::new),
            expires_at: expires_at.unwrap_or(by_lifetime),
        },
        member_id: text(&answer["member_id"]).and_then(|text| MemberId::try_from(text).ok()).ok_or_else(unreadable)?,
        endpoint: text(&answer["client_endpoint"])
            .and_then(|text| ClientEndpoint::try_from(text).ok())
            .ok_or_else(unreadable)?,
        user_id: text(&answer["user_id"]),
    })
}

/// The answer, where it is no error. Errors come with any status, 200 included.
fn read(status: u16, body: &str) -> Result<Value, OAuthError> {
    let answer: Value = serde_json::from_str(body).unwrap_or_default();
    match error_code(&answer) {
        _ if status == 429 || status >= 500 => Err(OAuthError::Unreachable(format!("HTTP {status}"))),
        Some(code) if code == "expired_token" => Err(OAuthError::Expired),
        Some(code) => Err(OAuthError::Refused(code)),
        None if (200..300).contains(&status) && answer.is_object() => Ok(answer),
        None => Err(OAuthError::Unreachable(format!("HTTP {status}"))),
    }
}

/// A text, or a number as its text: Bitrix24 sends either. None that is empty.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP_INFO: &str = r#"{"result":{"client_id":"local.1","scope":"calendar,user","expires":"2026-01-05T10:00:00+00:00",
        "user_id":1,"install":{"installed":true,"version":1,"status":"L","scope":"calendar,user","domain":"a.bitrix24.com",
        "uri":"","client_endpoint":"https://a.bitrix24.com/rest/","member_id":"m1","member_type":"REST"}},"time":{}}"#;

    #[test]
    fn app_info_tells_whose_a_token_is() {
        let proof = read_proof(200, APP_INFO).unwrap();
        assert_eq!((proof.client_id.as_str(), proof.member_id.as_str()), ("local.1", "m1"));
        assert_eq!((proof.domain.as_str(), proof.user_id.as_deref()), ("a.bitrix24.com", Some("1")));
        assert_eq!(proof.expires_at, Timestamp::from_rfc3339("2026-01-05T10:00:00Z"));
    }

    #[test]
    fn a_refresh_brings_a_new_pair_and_the_endpoint() {
        let body = r#"{"access_token":"a","expires":1734608349,"expires_in":3600,"domain":"oauth.bitrix.info","member_id":"m1",
            "client_endpoint":"https://a.bitrix24.com/rest/","user_id":1,"refresh_token":"r"}"#;
        let renewal = read_renewal(200, body, Timestamp::EPOCH).unwrap();
        assert_eq!(renewal.pair.access, Secret::new("a"));
        assert_eq!(renewal.pair.expires_at.to_rfc3339_seconds(), "2024-12-19T11:39:09Z");
        assert_eq!(renewal.endpoint.host(), "a.bitrix24.com");
    }

    #[test]
    fn an_error_counts_whatever_its_status_is() {
        let refused = |code: &str| Err(OAuthError::Refused(code.to_owned()));
        assert_eq!(read_proof(200, r#"{"error":"wrong_client"}"#), refused("wrong_client"));
        assert_eq!(read_proof(401, r#"{"error":"NO_AUTH_FOUND","error_description":"x"}"#), refused("NO_AUTH_FOUND"));
        assert_eq!(read_proof(401, r#"{"error":"expired_token"}"#), Err(OAuthError::Expired));
        for (status, body) in
            [(503, ""), (500, r#"{"error":"x"}"#), (200, "<html>"), (200, "{}"), (302, ""), (200, "[]")]
        {
            assert!(matches!(read_proof(status, body), Err(OAuthError::Unreachable(_))), "{status} {body}");
        }
    }
}
