//! Where PHP puts a pair: the rules by which `parse_str` reads a name such as `data[FIELDS][ID]`.
//!
//! - Spaces before the name are skipped, and a NUL ends it. What is then empty, or begins with `[`, is no name: the pair is
//!   ignored.
//! - In the first part, `.` and space become `_`.
//! - `[]` appends, and so does one white space between the brackets. A key goes to the next `]`, so it may hold `[`.
//! - What follows a `]` is ignored, unless it is a `[`.
//! - A first bracket that is never closed is text: the whole name is one part, and its `[` becomes `_` too. A later one
//!   that is never closed ends the name before it.
//! - A leaf on the way is replaced by an array, and an array at the end by the leaf: the last one wins.

use super::body::{Limit, MAX_DEPTH, MAX_KEY_BYTES};
use super::php_array::{PhpArray, PhpValue};

/// What `isspace` means in PHP's locale.
const WHITE_SPACE: [char; 6] = [' ', '\t', '\n', '\u{b}', '\u{c}', '\r'];

struct Name<'a> {
    first: String,
    /// What stands in the brackets; `None` appends.
    keys: Vec<Option<&'a str>>,
}

/// Puts a pair of a form into the tree.
pub(super) fn register(tree: &mut PhpArray, name: &str, value: String) -> Result<(), Limit> {
    if name.len() > MAX_KEY_BYTES {
        return Err(Limit::Key);
    }
    let Some(name) = read_name(name)? else {
        return Ok(());
    };
    let value = PhpValue::Text(value);
    let Some((last, way)) = name.keys.split_last() else {
        tree.set(&name.first, value);
        return Ok(());
    };
    let mut array = tree.array(&name.first);
    for key in way {
        array = match key {
            Some(key) => array.array(key),
            None => match array.append_array() {
                Some(array) => array,
                None => return Ok(()),
            },
        };
    }
    match last {
        Some(key) => array.set(key, value),
        None => {
            // PHP, too, loses a value for which there is no next index.
            array.append(value);
        }
    }
    Ok(())
}

fn read_name(name: &str) -> Result<Option<Name<'_>>, Limit> {
    let name = name.split_once('\0').map_or(name, |(before, _)| before);
    let name = name.trim_start_matches(' ');
    let (first, brackets) = match name.split_once('[') {
        Some((first, rest)) => (first, Some(rest)),
        None => (name, None),
    };
    if first.is_empty() {
        return Ok(None);
    }
    let mut keys = Vec::new();
    let mut rest = brackets;
    while let Some(open) = rest {
        if keys.len() == MAX_DEPTH {
            return Err(Limit::Depth);
        }
        let (key, after) = match open.strip_prefix(WHITE_SPACE).unwrap_or(open).strip_prefix(']') {
            Some(after) => (None, after),
            None => match open.split_once(']') {
                Some((key, after)) => (Some(key), after),
                None if keys.is_empty() => {
                    return Ok(Some(Name {
                        first: plain(name),
                        keys,
                    }));
                }
                None => break,
            },
        };
        keys.push(key);
        rest = after.strip_prefix('[');
    }
    Ok(Some(Name {
        first: plain(first),
        keys,
    }))
}

fn plain(text: &str) -> String {
    text.replace([' ', '.', '['], "_")
}
