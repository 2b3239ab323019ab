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
use super::php_tree::PhpTree;
use std::borrow::Cow;

/// Puts a pair of a form into the tree.
pub(super) fn register(tree: &mut PhpTree, name: &str, value: &str) -> Result<(), Limit> {
    if name.len() > MAX_KEY_BYTES {
        return Err(Limit::Key);
    }
    let name = name.trim_start_matches(' ');
    let (first, brackets) = cut_at(name, b'[');
    if first.is_empty() {
        return Ok(());
    }
    let Some((mut key, mut after)) = brackets.and_then(read_key) else {
        let slot = tree.child(PhpTree::ROOT, &plain(cut_at(name, 0).0));
        tree.put(slot, value);
        return Ok(());
    };
    let mut slot = Some(tree.child(PhpTree::ROOT, &plain(first)));
    let mut depth = 1;
    loop {
        // PHP, too, loses a value for which there is no next index. The name is read to its end all the same: it may be too deep.
        slot = slot.and_then(|slot| match key {
            Some(key) => Some(tree.child(slot, key)),
            None => tree.next_child(slot),
        });
        let Some(open) = after.strip_prefix('[') else {
            break;
        };
        if depth == MAX_DEPTH {
            return Err(Limit::Depth);
        }
        let Some(next) = read_key(open) else {
            break;
        };
        (key, after) = next;
        depth += 1;
    }
    if let Some(slot) = slot {
        tree.put(slot, value);
    }
    Ok(())
}

/// Reads what stands behind an opening bracket: the key, where there is one, and what comes behind the closing bracket. `None` where
/// there is no closing one.
fn read_key(open: &str) -> Option<(Option<&str>, &str)> {
    // White space is what `isspace` says in PHP's locale.
    let appends = match open.as_bytes() {
        [b']', ..] => 1,
        [b' ' | b'\t'..=b'\r', b']', ..] => 2,
        _ => 0,
    };
    if appends > 0 {
        return Some((None, &open[appends..]));
    }
    let (key, after) = cut_at(open, b']');
    after.map(|after| (Some(key), after))
}

/// What stands before an ASCII character, and what behind it, where there is one. A NUL ends the name.
fn cut_at(name: &str, character: u8) -> (&str, Option<&str>) {
    let end = name.bytes().position(|byte| byte == character || byte == 0).unwrap_or(name.len());
    let behind = if name.as_bytes().get(end) == Some(&character) { name.get(end + 1..) } else { None };
    (&name[..end], behind)
}

fn plain(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| matches!(byte, b' ' | b'.' | b'[')) {
        text.replace([' ', '.', '['], "_").into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree of pairs with these names, whose values are 0, 1, 2, ...
    fn tree(names: &[&str]) -> String {
        let mut tree = PhpTree::default();
        for (at, name) in names.iter().enumerate() {
            register(&mut tree, name, &at.to_string()).unwrap();
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
        let mut tree = PhpTree::default();
        let mut take = |name: String| register(&mut tree, &name, "");
        assert_eq!(take("a".repeat(MAX_KEY_BYTES)), Ok(()));
        assert_eq!(take("a".repeat(MAX_KEY_BYTES + 1)), Err(Limit::Key));
        assert_eq!(take(format!("a{}", "[b]".repeat(MAX_DEPTH))), Ok(()));
        assert_eq!(take(format!("a{}", "[b]".repeat(MAX_DEPTH + 1))), Err(Limit::Depth));
    }
}
