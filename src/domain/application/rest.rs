//! What a portal's REST API says: a result, or an error by what the caller does next.

use super::authorisation::AuthorisationState;
use crate::domain::json_member::members;
use serde_json::Value;

/// How long to wait where a portal is busy and does not say how long, in milliseconds: the bucket loses one call in 500.
const BUSY_MILLIS: u32 = 1_000;
/// How long to wait at most where it does say, in milliseconds. Longer is for later, not for a call that somebody waits for.
const MAX_BUSY_MILLIS: u32 = 10_000;
/// Longest code of an error that is repeated in logs and answers.
const MAX_CODE_BYTES: usize = 64;

/// A REST call gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestError {
    /// The access token is no longer good: refresh it, then call again.
    #[error("the access token has expired")]
    Expired,
    /// Too many calls, or too much work: wait so many milliseconds, then call again.
    #[error("the portal is busy")]
    Busy(u32),
    /// The portal was renamed: prove the new host, then call again.
    #[error("the portal has moved")]
    Moved(String),
    /// Nothing goes until a person does something about it.
    #[error("the authorisation has ended: {}", .0.as_str())]
    Ended(AuthorisationState),
    /// This call will fail again as it is. The code is Bitrix24's own, such as `ERROR_EVENT_NOT_FOUND`.
    #[error("the portal refuses: {0}")]
    Refused(String),
    /// The portal cannot be reached, or is in trouble: try later.
    #[error("the portal cannot be reached: {0}")]
    Unreachable(String),
}

/// Reads an answer of a portal: the member `result`, or why there is none.
pub fn read_result(
    status: u16,
    body: &str,
    location: Option<&str>,
    retry_after: Option<&str>,
) -> Result<Value, RestError> {
    let result = read_result_text(status, body, location, retry_after)?;
    serde_json::from_str(result).map_err(|_| RestError::Unreachable(format!("HTTP {status}")))
}

/// The same as text, as it stands in the answer.
pub fn read_result_text<'a>(
    status: u16,
    body: &'a str,
    location: Option<&str>,
    retry_after: Option<&str>,
) -> Result<&'a str, RestError> {
    if (300..400).contains(&status) {
        return Err(match location {
            Some(location) => RestError::Moved(location.to_owned()),
            None => RestError::Unreachable(format!("HTTP {status} without a location")),
        });
    }
    let [error, result] = members(body, ["error", "result"]).unwrap_or_default();
    // A code is a leaf; what is none may be large.
    let error = error.filter(|error| !error.starts_with(['{', '[']));
    if let Some(code) = error.and_then(|error| code_of(&serde_json::from_str(error).ok()?)) {
        return Err(by_code(&code, status, retry_after));
    }
    if let Some(result) = result.filter(|_| (200..300).contains(&status)) {
        return Ok(result);
    }
    Err(match status {
        429 | 503 => RestError::Busy(pause(retry_after)),
        401 => RestError::Expired,
        _ => RestError::Unreachable(format!("HTTP {status}")),
    })
}

/// Reads the code of an error inside an answer, such as that of one command of a batch.
#[must_use]
pub fn error_code(answer: &Value) -> Option<String> {
    code_of(answer.get("error")?)
}

fn code_of(error: &Value) -> Option<String> {
    let code = match error {
        Value::String(code) if code.is_empty() => return None,
        Value::String(code) => code.clone(),
        Value::Number(code) => code.to_string(),
        _ => return None,
    };
    // A code is a word. What is not may be anything, a token included.
    let is_word = code.len() <= MAX_CODE_BYTES && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    Some(if is_word { code } else { "unknown_error".to_owned() })
}

fn by_code(code: &str, status: u16, retry_after: Option<&str>) -> RestError {
    match code {
        "expired_token" | "invalid_token" | "NO_AUTH_FOUND" => RestError::Expired,
        "QUERY_LIMIT_EXCEEDED" | "OVERLOAD_LIMIT" | "OPERATION_TIME_LIMIT" => RestError::Busy(pause(retry_after)),
        "PAYMENT_REQUIRED" => RestError::Ended(AuthorisationState::PaymentRequired),
        "NOT_INSTALLED" | "APPLICATION_NOT_FOUND" => RestError::Ended(AuthorisationState::NotInstalled),
        "PORTAL_DELETED" => RestError::Ended(AuthorisationState::PortalDeleted),
        "INTERNAL_SERVER_ERROR" => RestError::Unreachable(format!("HTTP {status}")),
        code => RestError::Refused(code.to_owned()),
    }
}

fn pause(retry_after: Option<&str>) -> u32 {
    let millis =
        retry_after.and_then(|text| text.trim().parse::<u32>().ok()).map(|seconds| seconds.saturating_mul(1_000));
    millis.map_or(BUSY_MILLIS, |millis| millis.clamp(BUSY_MILLIS, MAX_BUSY_MILLIS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Result<Value, RestError> {
        read_result(status, body, None, None)
    }

    #[test]
    fn a_result_is_what_the_member_result_holds() {
        assert_eq!(read(200, r#"{"result":true,"time":{}}"#), Ok(Value::Bool(true)));
        assert_eq!(read(200, r#"{"result":null}"#), Ok(Value::Null));
        assert_eq!(read_result_text(200, r#"{"result": {"b": 1.10}}"#, None, None), Ok(r#"{"b": 1.10}"#));
    }

    #[test]
    fn an_error_tells_what_to_do_next() {
        let of =
            |status, code: &str| read(status, &format!(r#"{{"error":"{code}","error_description":"x"}}"#)).unwrap_err();
        assert_eq!(of(401, "expired_token"), RestError::Expired);
        assert_eq!(of(503, "QUERY_LIMIT_EXCEEDED"), RestError::Busy(1_000));
        assert_eq!(of(429, "OPERATION_TIME_LIMIT"), RestError::Busy(1_000));
        assert_eq!(of(402, "PAYMENT_REQUIRED"), RestError::Ended(AuthorisationState::PaymentRequired));
        assert_eq!(of(500, "PORTAL_DELETED"), RestError::Ended(AuthorisationState::PortalDeleted));
        assert_eq!(of(403, "insufficient_scope"), RestError::Refused("insufficient_scope".to_owned()));
        assert_eq!(of(400, "<script>"), RestError::Refused("unknown_error".to_owned()));
        for (status, body) in [(502, "<html>"), (200, "[]"), (200, r#"{"error":[]}"#), (200, r#"{"result":x}"#)] {
            assert!(matches!(read(status, body), Err(RestError::Unreachable(_))), "{body}");
        }
        assert_eq!(read_result(503, "", None, Some("3")), Err(RestError::Busy(3_000)));
        let moved = read_result(302, "", Some("https://new.bitrix24.com/rest/profile.json"), None);
        assert!(matches!(moved, Err(RestError::Moved(_))));
    }
}
