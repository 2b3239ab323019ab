//! Reads `application/x-www-form-urlencoded` as PHP 8.2's `parse_str` does.
//!
//! `serde_urlencoded` splits the body into pairs and decodes them; [`super::php_name`] knows where a pair belongs.
//!
//! Differences from PHP, all on purpose:
//! - Bad UTF-8 becomes U+FFFD, since the tree is to be JSON. Two names that differ only in bad bytes become one.
//! - A NUL byte that is not escaped counts like `%00`, as it does for PHP's `$_POST`; `parse_str` would stop reading there.
//! - PHP drops what is over its limits (1,000 pairs, 64 levels) and goes on with half an event; here such a body is refused.

use super::body::{Limit, MAX_BODY_BYTES, MAX_PAIRS, Malformed, ReadError};
use super::php_array::PhpArray;
use super::php_name::register;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use std::fmt;

/// Reads a form body.
///
/// Any bytes are a form: the only errors are limits.
pub fn read_form(body: &[u8]) -> Result<PhpArray, ReadError> {
    if body.len() > MAX_BODY_BYTES {
        return Err(Limit::Body.into());
    }
    match serde_urlencoded::from_bytes(body) {
        Ok(Form(tree)) => Ok(tree?),
        Err(_) => Err(Malformed::NotAForm.into()),
    }
}

/// A form, or the limit at which reading stopped. Pairs go into the tree as they are read, so nothing is read past a limit.
struct Form(Result<PhpArray, Limit>);

impl<'de> Deserialize<'de> for Form {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Pairs)
    }
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Form;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pairs of text")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pairs: A) -> Result<Form, A::Error> {
        let mut tree = PhpArray::default();
        let mut count = 0;
        while let Some((name, value)) = pairs.next_element::<(String, String)>()? {
            count += 1;
            let registered = if count > MAX_PAIRS { Err(Limit::Pairs) } else { register(&mut tree, &name, value) };
            if let Err(limit) = registered {
                return Ok(Form(Err(limit)));
            }
        }
        Ok(Form(Ok(tree)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::body::MAX_KEY_BYTES;
    use super::*;

    fn json(body: &[u8]) -> String {
        serde_json::to_string(&read_form(body).unwrap()).unwrap()
    }

    #[test]
    fn damaged_text_is_read_as_far_as_it_goes() {
        assert_eq!(json(b"a=%zz&b=%4&c=%e2%82x"), r#"{"a":"%zz","b":"%4","c":"�x"}"#);
        assert_eq!(json(b"\xff=\xf0\x9f&a[\xfe]=%ff"), r#"{"�":"�","a":{"�":"�"}}"#);
        assert_eq!(json(b"a\0b=c\0d"), r#"{"a":"c\u0000d"}"#);
        assert_eq!(json(b""), "[]");
    }

    #[test]
    fn each_limit_is_the_last_that_is_taken() {
        let pairs = |count: usize| vec!["a"; count].join("&&");
        assert!(read_form(pairs(MAX_PAIRS).as_bytes()).is_ok(), "nothing between && is no pair");
        assert_eq!(read_form(pairs(MAX_PAIRS + 1).as_bytes()), Err(Limit::Pairs.into()));
        let value = |bytes: usize| format!("a={}", "x".repeat(bytes - 2));
        assert!(read_form(value(MAX_BODY_BYTES).as_bytes()).is_ok());
        assert_eq!(read_form(value(MAX_BODY_BYTES + 1).as_bytes()), Err(Limit::Body.into()));
        // A name is measured when it is decoded: %61 is one byte.
        let name = |bytes: usize| "%61".repeat(bytes);
        assert!(read_form(name(MAX_KEY_BYTES).as_bytes()).is_ok());
        assert_eq!(read_form(name(MAX_KEY_BYTES + 1).as_bytes()), Err(Limit::Key.into()));
    }
}
