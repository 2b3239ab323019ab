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
    let (mut rest, mut count) = (body, 0);
    loop {
        let (name, behind) = read_piece(rest, ENDS_NAME | ENDS_PAIR, &mut name_room);
        let (value, behind, is_pair) = match behind {
            [b'=', value @ ..] => {
                let (value, behind) = read_piece(value, ENDS_PAIR, &mut value_room);
                (value, behind, true)
            }
            // Nothing between two `&` is no pair.
            _ => (&[][..], behind, !name.is_empty()),
        };
        if is_pair {
            count += 1;
            if count > MAX_PAIRS {
                return Err(Limit::Pairs.into());
            }
            register(&mut tree, &text(name), &text(value))?;
        }
        match behind {
            [_, behind @ ..] => rest = behind,
            [] => return Ok(tree),
        }
    }
}

/// Reads a name or a value up to what ends it, which stays with the rest. Where something was escaped, it is written to `room`.
fn read_piece<'a, 'b: 'a>(body: &'b [u8], ends: u8, room: &'a mut Vec<u8>) -> (&'a [u8], &'b [u8]) {
    room.clear();
    let (mut at, mut written) = (0, 0);
    while let Some(byte) = body.get(at) {
        let meaning = MEANINGS[usize::from(*byte)] & (ends | IS_ESCAPED);
        if meaning == 0 {
            at += 1;
            continue;
        }
        if meaning != IS_ESCAPED {
            break;
        }
        room.extend_from_slice(&body[written..at]);
        let (byte, length) = unescape(&body[at..]);
        room.push(byte);
        at += length;
        written = at;
    }
    let (piece, rest) = body.split_at(at);
    if written == 0 {
        return (piece, rest);
    }
    room.extend_from_slice(&piece[written..]);
    (room, rest)
}

/// The byte that stands escaped here, and how many it takes. A `%` without two hexadecimal digits behind it is itself.
fn unescape(escaped: &[u8]) -> (u8, usize) {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    match escaped {
        [b'%', high, low, ..] => match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => (high << 4 | low, 3),
            _ => (b'%', 1),
        },
        [b'+', ..] => (b' ', 1),
        _ => (b'%', 1),
    }
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

const ENDS_NAME: u8 = 1;
const ENDS_PAIR: u8 = 2;
const IS_ESCAPED: u8 = 4;

/// What each byte means beside itself.
const MEANINGS: [u8; 256] = meanings();

const fn meanings() -> [u8; 256] {
    let mut meanings = [0; 256];
    meanings[b'=' as usize] = ENDS_NAME;
    meanings[b'&' as usize] = ENDS_PAIR;
    meanings[b'%' as usize] = IS_ESCAPED;
    meanings[b'+' as usize] = IS_ESCAPED;
    meanings
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
