//! Reads `application/x-www-form-urlencoded` as PHP 8.2's `parse_str` does.
//!
//! The pairs are split and decoded here; [`super::php_name`] knows where a pair belongs.
//!
//! Differences from PHP, all on purpose:
//! - Bad UTF-8 becomes U+FFFD, since the tree is to be JSON. Two names that differ only in bad bytes become one.
//! - A NUL byte that is not escaped counts like `%00`, as it does for PHP's `$_POST`; `parse_str` would stop reading there.
//! - PHP drops what is over its limits (1,000 pairs, 64 levels) and goes on with half an event; here such a body is refused.

use super::body::{Limit, MAX_BODY_BYTES, MAX_PAIRS, ReadError};
use super::php_name::register;
use super::php_tree::PhpTree;
use std::borrow::Cow;

/// Most names fit, so that room for them is made once.
const USUAL_NAME_BYTES: usize = 64;

/// Reads a form body.
///
/// Any bytes are a form: the only errors are limits, and nothing is read past one.
pub fn read_form(body: &[u8]) -> Result<PhpTree, ReadError> {
    if body.len() > MAX_BODY_BYTES {
        return Err(Limit::Body.into());
    }
    let mut tree = PhpTree::with_room_for(body.len());
    // What is unescaped for one pair makes room for the next.
    let (mut name_room, mut value_room) = (Vec::with_capacity(USUAL_NAME_BYTES), Vec::new());
    let body = Body { bytes: body, text: str::from_utf8(body).ok() };
    let (mut start, mut count) = (0, 0);
    while start < body.bytes.len() {
        let (name, mut end) = body.piece(start, &ENDS_NAME, &mut name_room);
        let mut value = Cow::Borrowed("");
        if body.bytes.get(end) == Some(&b'=') {
            (value, end) = body.piece(end + 1, &ENDS_VALUE, &mut value_room);
        }
        // Nothing between two `&` is no pair.
        if end > start {
            count += 1;
            if count > MAX_PAIRS {
                return Err(Limit::Pairs.into());
            }
            register(&mut tree, &name, &value)?;
        }
        start = end + 1;
    }
    Ok(tree)
}

struct Body<'a> {
    bytes: &'a [u8],
    /// The same, where all of it is UTF-8: what Bitrix24 sends is ASCII.
    text: Option<&'a str>,
}

impl<'a> Body<'a> {
    /// Reads a name or a value. Returns where it ends, too.
    fn piece<'b>(&self, start: usize, ends: &[bool; 256], room: &'b mut Vec<u8>) -> (Cow<'b, str>, usize)
    where
        'a: 'b,
    {
        room.clear();
        let (bytes, mut at, mut written) = (self.bytes, start, start);
        loop {
            while at < bytes.len() && !ends[usize::from(bytes[at])] {
                at += 1;
            }
            let Some(b'%' | b'+') = bytes.get(at) else {
                break;
            };
            room.extend_from_slice(&bytes[written..at]);
            let (byte, length) = unescape(&bytes[at..]);
            room.push(byte);
            at += length;
            written = at;
        }
        if written == start {
            let text = self.text.and_then(|text| text.get(start..at));
            return (text.map_or_else(|| String::from_utf8_lossy(&bytes[start..at]), Cow::Borrowed), at);
        }
        room.extend_from_slice(&bytes[written..at]);
        (str::from_utf8(room).map_or_else(|_| String::from_utf8_lossy(room), Cow::Borrowed), at)
    }
}

/// The byte that stands escaped here, and how many it takes. A `%` without two hexadecimal digits behind it is itself.
fn unescape(escaped: &[u8]) -> (u8, usize) {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    match escaped {
        [b'+', ..] => (b' ', 1),
        [_, high, low, ..] => match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => (high << 4 | low, 3),
            _ => (b'%', 1),
        },
        _ => (b'%', 1),
    }
}

/// The bytes at which a name ends, or a value, or at which either has something escaped.
const ENDS_NAME: [bool; 256] = bytes(b"=&%+");
const ENDS_VALUE: [bool; 256] = bytes(b"&%+");

const fn bytes(wanted: &[u8]) -> [bool; 256] {
    let mut are_wanted = [false; 256];
    let mut at = 0;
    while at < wanted.len() {
        are_wanted[wanted[at] as usize] = true;
        at += 1;
    }
    are_wanted
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
