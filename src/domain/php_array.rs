//! PHP's array, as far as a body can fill one: an ordered map whose keys are integers or text. Here each key is its text.
//!
//! As JSON it is an array where the keys are exactly 0, 1, 2, ... in this order, else an object.

use super::php_tree::PhpTree;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::fmt;

/// A value of the tree: every leaf of a form is text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PhpValue<'a> {
    /// A leaf.
    Text(&'a str),
    /// A branch.
    Array(PhpArray<'a>),
}

/// An array of a tree. `Debug` prints no content, which may be a token.
#[derive(Clone, Copy)]
pub struct PhpArray<'a> {
    tree: &'a PhpTree,
    array: usize,
}

impl<'a> PhpValue<'a> {
    /// The text of a leaf.
    #[must_use]
    pub fn as_text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Array(_) => None,
        }
    }

    /// The array of a branch.
    #[must_use]
    pub fn as_array(self) -> Option<PhpArray<'a>> {
        match self {
            Self::Text(_) => None,
            Self::Array(array) => Some(array),
        }
    }
}

impl<'a> PhpArray<'a> {
    pub(super) const fn new(tree: &'a PhpTree, array: usize) -> Self {
        Self { tree, array }
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.tree.length(self.array)
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The value under a key.
    #[must_use]
    pub fn get(self, key: &str) -> Option<PhpValue<'a>> {
        self.tree.find(self.array, key)
    }

    /// The leaf under a key, where it is not empty.
    #[must_use]
    pub fn text(self, key: &str) -> Option<&'a str> {
        self.get(key).and_then(PhpValue::as_text).filter(|text| !text.is_empty())
    }

    /// The entries in their order.
    #[must_use]
    pub fn iter(self) -> Entries<'a> {
        Entries { tree: self.tree, next: self.tree.first(self.array) }
    }

    /// Whether the keys are exactly 0, 1, 2, ... in this order, as they are where there is none.
    #[must_use]
    pub fn is_list(self) -> bool {
        self.tree.is_list(self.array)
    }
}

/// The entries of an array in their order.
pub struct Entries<'a> {
    tree: &'a PhpTree,
    next: usize,
}

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a str, PhpValue<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (key, value, next) = self.tree.entry(self.next)?;
        self.next = next;
        Some((key, value))
    }
}

/// Two arrays are equal where they hold the same entries in the same order.
impl PartialEq for PhpArray<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for PhpArray<'_> {}

impl fmt::Debug for PhpArray<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhpArray({} entries)", self.len())
    }
}

impl fmt::Debug for PhpValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Array(array) => array.fmt(f),
        }
    }
}

impl Serialize for PhpValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Array(array) => array.serialize(serializer),
        }
    }
}

impl Serialize for PhpArray<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_list() {
            let mut list = serializer.serialize_seq(Some(self.len()))?;
            self.iter().try_for_each(|(_, value)| list.serialize_element(&value))?;
            list.end()
        } else {
            let mut map = serializer.serialize_map(Some(self.len()))?;
            self.iter().try_for_each(|(key, value)| map.serialize_entry(key, &value))?;
            map.end()
        }
    }
}

/// A tree is told as its root is.
impl PartialEq for PhpTree {
    fn eq(&self, other: &Self) -> bool {
        self.root() == other.root()
    }
}

impl Eq for PhpTree {}

impl fmt::Debug for PhpTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root().fmt(f)
    }
}

impl Serialize for PhpTree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.root().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(tree: &mut PhpTree, key: &str, text: &str) {
        let slot = tree.child(PhpTree::ROOT, key);
        tree.put(slot, text);
    }

    fn append(tree: &mut PhpTree, text: &str) -> bool {
        tree.next_child(PhpTree::ROOT).map(|slot| tree.put(slot, text)).is_some()
    }

    #[test]
    fn appending_follows_the_largest_integer_until_there_is_none_left() {
        let mut tree = PhpTree::default();
        set(&mut tree, "-5", "a");
        set(&mut tree, "text", "b");
        assert!(append(&mut tree, "c"));
        set(&mut tree, "9223372036854775806", "d");
        let last = tree.next_child(PhpTree::ROOT).unwrap();
        tree.put_array(last);
        assert!(!append(&mut tree, "lost"));
        let json = serde_json::to_string(&tree).unwrap();
        assert_eq!(json, r#"{"-5":"a","text":"b","-4":"c","9223372036854775806":"d","9223372036854775807":[]}"#);
    }

    #[test]
    fn only_keys_from_zero_on_in_order_make_a_json_array() {
        let lists: [&[&str]; 3] = [&[], &["0"], &["0", "1"]];
        let maps: [&[&str]; 4] = [&["1"], &["1", "0"], &["0", "x"], &["x"]];
        for (keys, is_list) in lists.map(|keys| (keys, true)).into_iter().chain(maps.map(|keys| (keys, false))) {
            let mut tree = PhpTree::default();
            for key in keys {
                set(&mut tree, key, "x");
            }
            assert_eq!(tree.root().is_list(), is_list, "{keys:?}");
            assert_eq!(serde_json::to_string(&tree).unwrap().starts_with('['), is_list, "{keys:?}");
        }
    }

    #[test]
    fn no_content_is_printed() {
        let mut tree = PhpTree::default();
        let auth = tree.child(PhpTree::ROOT, "auth");
        let token = tree.child(auth, "access_token");
        tree.put(token, "s6p6eclrvim6da22ft9ch94ekreb52lv");
        let auth = tree.get("auth");
        assert_eq!(format!("{tree:?} {auth:?}"), "PhpArray(1 entries) Some(PhpArray(1 entries))");
    }
}
