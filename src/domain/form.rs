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
            let registered = if count > MAX_PAIRS {
                Err(Limit::Pairs)
            } else {
                register(&mut tree, &name, value)
            };
            if let Err(limit) = registered {
                return Ok(Form(Err(limit)));
            }
        }
        Ok(Form(Ok(tree)))
    }
}
