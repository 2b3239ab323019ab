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
                    return Ok(Some(Name { first: plain(name), keys }));
                }
                None => break,
            },
        };
        keys.push(key);
        rest = after.strip_prefix('[');
    }
    Ok(Some(Name { first: plain(first), keys }))
}

fn plain(text: &str) -> String {
    text.replace([' ', '.', '['], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree of pairs with these names, whose values are 0, 1, 2, ...
    fn tree(names: &[&str]) -> String {
        let mut tree = PhpArray::default();
        for (at, name) in names.iter().enumerate() {
            register(&mut tree, name, at.to_string()).unwrap();
        }
        serde_json::to_string(&tree).unwrap()
    }

    // Each of these readings is PHP's own; `tests/fixtures/php` has hundreds more.
    #[test]
    fn a_name_leads_where_it_leads_in_php() {
        for (names, json) in [
            (&["data[FIELDS][ID]"][..], r#"{"data":{"FIELDS":{"ID":"0"}}}"#),
            (&["  a.b c"], r#"{"a_b_c":"0"}"#),
            (&["a\0b", "\0c"], r#"{"a":"0"}"#),
            (&["", " ", "[a]", "[", "b"], r#"{"b":"4"}"#),
            (&["a[b.c d]"], r#"{"a":{"b.c d":"0"}}"#),
            (&["a[]", "a[ ]", "a[\t]", "a[  ]"], r#"{"a":{"0":"0","1":"1","2":"2","  ":"3"}}"#),
            (&["a[[b]"], r#"{"a":{"[b":"0"}}"#),
            (&["a[b]c[d]", "e[f].g"], r#"{"a":{"b":"0"},"e":{"f":"1"}}"#),
            (&["a[b.c[d", "e["], r#"{"a_b_c_d":"0","e_":"1"}"#),
            (&["a[b][c", "d[][e"], r#"{"a":{"b":"0"},"d":["1"]}"#),
            (&["a[b]", "a", "c", "a[d]", "a[d][e]"], r#"{"a":{"d":{"e":"4"}},"c":"2"}"#),
            (&["a[9223372036854775807]", "a[]", "a[][b]"], r#"{"a":{"9223372036854775807":"0"}}"#),
        ] {
            assert_eq!(tree(names), json, "{names:?}");
        }
    }

    #[test]
    fn names_have_a_longest_length_and_a_deepest_level() {
        let mut tree = PhpArray::default();
        let mut take = |name: String| register(&mut tree, &name, String::new());
        assert_eq!(take("a".repeat(MAX_KEY_BYTES)), Ok(()));
        assert_eq!(take("a".repeat(MAX_KEY_BYTES + 1)), Err(Limit::Key));
        assert_eq!(take(format!("a{}", "[b]".repeat(MAX_DEPTH))), Ok(()));
        assert_eq!(take(format!("a{}", "[b]".repeat(MAX_DEPTH + 1))), Err(Limit::Depth));
    }
}
