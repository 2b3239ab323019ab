//! Parameters of API calls.

use crate::app::ports::{BodyError, IncomingRequest};
use crate::domain::problem::{Code, Problem};
use serde::de::DeserializeOwned;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Names under which credentials are known to be put into URLs, where servers and proxies log them.
const CREDENTIAL_NAMES: [&str; 9] = [
    "access_token",
    "admin_token",
    "api_key",
    "apikey",
    "application_token",
    "auth",
    "authorization",
    "bearer",
    "token",
];

/// Entries of one page of a list.
pub const LIMITS: RangeInclusive<u32> = 1..=500;
/// Entries of a page where `limit` is not given.
pub const DEFAULT_LIMIT: u32 = 50;

/// Highest place in a log that is understood. Beyond it numbers do not pass through JavaScript unharmed.
pub const MAX_PLACE: i64 = (1 << 53) - 1;
/// Bytes of the body of an API call; the largest has some short members.
const MAX_BODY_BYTES: usize = 16 << 10;

/// The parameters of a query string.
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string. One that holds a credential is refused, whether the credential is right or wrong.
    pub fn parse(query: &str) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).map_err(|_| bad("the query string"))?;
        if pairs.iter().any(|(name, _)| CREDENTIAL_NAMES.contains(&name.to_ascii_lowercase().as_str())) {
            return Err(Problem::new(Code::CredentialsInQuery, "send the token as `Authorization: Bearer`"));
        }
        Ok(Self(pairs))
    }

    /// The text of a parameter that is not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// A parameter, read by `parse`.
    pub fn parsed<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        self.text(name).map(|text| parse(text).ok_or_else(|| bad(name))).transpose()
    }

    /// A whole number within bounds.
    pub fn number<T: FromStr + PartialOrd>(&self, name: &str, bounds: RangeInclusive<T>) -> Result<Option<T>, Problem> {
        self.parsed(name, |text| text.parse().ok().filter(|number| bounds.contains(number)))
    }
}

/// Reads the body of an API call. `form` tells the client what it should be.
pub async fn read_json<T: DeserializeOwned>(request: &impl IncomingRequest, form: &str) -> Result<T, Problem> {
    parse_json(&read_body(request).await?, form)
}

/// Reads the body of an API call that needs none.
pub async fn read_optional_json<T: DeserializeOwned + Default>(
    request: &impl IncomingRequest,
    form: &str,
) -> Result<T, Problem> {
    let body = read_body(request).await?;
    if body.is_empty() { Ok(T::default()) } else { parse_json(&body, form) }
}

async fn read_body(request: &impl IncomingRequest) -> Result<Vec<u8>, Problem> {
    request.body(MAX_BODY_BYTES).await.map_err(|error| match error {
        BodyError::TooLarge => Problem::new(Code::TooLarge, format!("a body has at most {MAX_BODY_BYTES} bytes")),
        BodyError::Interrupted => bad("the body"),
    })
}

fn parse_json<T: DeserializeOwned>(body: &[u8], form: &str) -> Result<T, Problem> {
    json_in(body).ok_or_else(|| Problem::new(Code::BadRequest, format!("the body is JSON: {form}")))
}

/// What JSON in a body says. As a text, like all other JSON: a second kind of reader is compiled for each type that it reads.
#[must_use]
pub fn json_in<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    // The cause of an error is not told: it may quote a token.
    serde_json::from_str(str::from_utf8(body).ok()?).ok()
}

/// The answer to a parameter that cannot be read.
#[must_use]
pub fn bad(name: &str) -> Problem {
    Problem::new(Code::BadRequest, format!("{name} cannot be read, or is out of bounds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_within_their_bounds() {
        let query = Query::parse("limit=5&type=calendar.%2A&after=&x=%zz").unwrap_or_else(|_| unreachable!());
        assert_eq!(query.number("limit", 1..=500), Ok(Some(5)));
        assert!(query.number("limit", 1..=4).is_err());
        assert_eq!(query.text("type"), Some("calendar.*"));
        assert_eq!(query.number("after", 0..=i64::MAX), Ok(None));
        assert_eq!(query.text("x"), Some("%zz"));
    }

    #[test]
    fn a_credential_in_the_query_is_refused() {
        for query in ["token=x", "limit=1&Access_Token=x", "%61uth=x"] {
            assert_eq!(
                Query::parse(query).err().map(|problem| problem.code()),
                Some(Code::CredentialsInQuery),
                "{query}"
            );
        }
    }
}
