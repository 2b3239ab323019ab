//! Which headers of its own a destination may be sent.

use super::secret::Secret;

/// Headers of one destination.
pub const MAX_HEADERS: usize = 20;
/// Longest name and longest value, in bytes. A JSON Web Token of an identity provider takes one or two kilobytes.
const MAX_NAME_LENGTH: usize = 64;
const MAX_VALUE_LENGTH: usize = 4_096;

/// Headers that are about the connection or the body (RFC 9110, section 7.6.1), that the relay sets itself, or by which servers
/// are told who asks. They are the sender's business, not the operator's.
const RESERVED: [&str; 19] = [
    "connection",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "max-forwards",
    "origin",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-real-ip",
    "x-http-method-override",
    "true-client-ip",
];
/// Beginnings of such names.
const RESERVED_PREFIXES: [&str; 8] =
    ["accept-", "access-control-", "ce-", "cf-", "content-", "proxy-", "sec-", "webhook-"];
/// More beginnings: by them a proxy in front of the destination tells it where a request came from.
const FORWARDED_PREFIX: &str = "x-forwarded-";
/// The only two that begin with `cf-`: the service token of Cloudflare Access, which the destination's edge takes off.
/// <https://developers.cloudflare.com/cloudflare-one/identity/service-tokens/>
const ACCESS: [&str; 2] = ["cf-access-client-id", "cf-access-client-secret"];

/// Why a header is not taken. The message never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// There are too many.
    #[error("at most {MAX_HEADERS} headers")]
    Count,
    /// The name is none.
    #[error("a header's name is 1 to {MAX_NAME_LENGTH} characters of A-Z, a-z, 0-9 and `-`")]
    Name,
    /// The name is reserved.
    #[error("the header {0} is set by the relay, or belongs to the connection")]
    Reserved(String),
    /// Two names differ in case only.
    #[error("the header {0} is there twice")]
    Twice(String),
    /// The value cannot be sent as it is.
    #[error("the value of {0} is 1 to {MAX_VALUE_LENGTH} printable ASCII characters, without a space at either end")]
    Value(String),
}

/// Checks headers. Their names come back in lower case.
pub fn parse<'a>(
    headers: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> Result<Vec<(String, Secret)>, HeaderError> {
    let mut parsed: Vec<(String, Secret)> = Vec::new();
    for (name, value) in headers {
        let name = check_name(name)?;
        if parsed.iter().any(|(known, _)| *known == name) {
            return Err(HeaderError::Twice(name));
        }
        let is_printable = value.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
        if !is_printable || value.trim() != value || !(1..=MAX_VALUE_LENGTH).contains(&value.len()) {
            return Err(HeaderError::Value(name));
        }
        parsed.push((name, Secret::new(value.as_str())));
    }
    if parsed.len() > MAX_HEADERS { Err(HeaderError::Count) } else { Ok(parsed) }
}

fn check_name(name: &str) -> Result<String, HeaderError> {
    let is_token = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !is_token || !(1..=MAX_NAME_LENGTH).contains(&name.len()) {
        return Err(HeaderError::Name);
    }
    let name = name.to_ascii_lowercase();
    let is_reserved = RESERVED.contains(&name.as_str())
        || RESERVED_PREFIXES.iter().chain([&FORWARDED_PREFIX]).any(|prefix| name.starts_with(prefix));
    if is_reserved && !ACCESS.contains(&name.as_str()) { Err(HeaderError::Reserved(name)) } else { Ok(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_one(name: &str, value: &str) -> Result<Vec<(String, Secret)>, HeaderError> {
        parse([(&name.to_owned(), &value.to_owned())])
    }

    #[test]
    fn credentials_of_the_destination_are_taken() {
        for (name, value) in [
            ("Authorization", "Bearer abc"),
            ("X-Api-Key", "a b"),
            ("CF-Access-Client-Id", "88bf3b6d86161464f6509f7219099e57.access"),
            ("CF-Access-Client-Secret", "bdd31cbc4dec990953e39163fbbb194c93313ca9f0a6e420346af9d326b1d2a5"),
        ] {
            assert_eq!(parse_one(name, value).unwrap(), [(name.to_ascii_lowercase(), Secret::new(value))]);
        }
    }

    #[test]
    fn what_the_relay_or_the_connection_sets_is_refused() {
        for name in [
            "Host",
            "Content-Type",
            "content-length",
            "Connection",
            "Transfer-Encoding",
            "webhook-id",
            "Webhook-Foo",
            "ce-id",
            "CE-Type",
            "CF-Connecting-IP",
            "cf-access-token",
            "cf-access-client-id2",
            "TE",
            "Upgrade",
            "Keep-Alive",
            "Proxy-Authorization",
            "Expect",
            "Trailer",
            "X-Forwarded-For",
            "Cookie",
            "User-Agent",
        ] {
            assert!(matches!(parse_one(name, "x"), Err(HeaderError::Reserved(_))), "{name}");
        }
        for name in ["", "a b", "a:b", "a\r\nb", "ä", "a_b", &"a".repeat(65)] {
            assert_eq!(parse_one(name, "x"), Err(HeaderError::Name), "{name:?}");
        }
    }

    #[test]
    fn a_value_is_printable() {
        for value in ["", " a", "a ", "a\r\nb: c", "a\tb", "a\u{7f}", "é", &"a".repeat(4_097)] {
            assert!(matches!(parse_one("x-key", value), Err(HeaderError::Value(_))), "{value:?}");
        }
    }

    #[test]
    fn there_are_few_and_none_twice() {
        let all: Vec<(String, String)> = (0..=MAX_HEADERS).map(|n| (format!("x-{n}"), "x".to_owned())).collect();
        assert_eq!(parse(all.iter().map(|(name, value)| (name, value))), Err(HeaderError::Count));
        let twice = [("X-A".to_owned(), "1".to_owned()), ("x-a".to_owned(), "2".to_owned())];
        let parsed = parse(twice.iter().map(|(name, value)| (name, value)));
        assert_eq!(parsed, Err(HeaderError::Twice("x-a".to_owned())));
    }
}
