//! PHP's array, as far as a form can fill one: an ordered map whose keys are integers or text.
//!
//! Rules of PHP 8.2 that are kept:
//! - a key that is a canonical decimal `i64` (`7`, `-7`; not `07`, `+7`, `-0`) is an integer;
//! - appending takes the largest integer key plus one, 0 where there is none, and fails once `i64::MAX` is taken;
//! - a value put under a present key takes the place of the old one, and the key keeps its place in the order;
//! - as JSON it is an array where the keys are exactly 0, 1, 2, ... in this order, else an object.

use super::php_key::{KeyRef, PhpKey};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// From this many entries on, keys are looked up in a tree. Few arrays of real events reach it, and reading so few keys in
/// order is faster than keeping a tree of them. A tree and not a hash table: whoever writes the body chooses the keys.
const INDEXED_FROM: usize = 16;

/// A value of the tree: every leaf of a form is text.
#[derive(Clone, PartialEq, Eq)]
pub enum PhpValue {
    /// A leaf.
    Text(String),
    /// A branch.
    Array(PhpArray),
}

/// An ordered map with the keys of PHP. `Debug` prints no content, which may be a token.
#[derive(Clone, Default)]
pub struct PhpArray {
    entries: Vec<(PhpKey, PhpValue)>,
    /// Places of the keys in `entries`; only from [`INDEXED_FROM`] entries on.
    index: Option<Box<Index>>,
    /// The largest integer key.
    last_int: Option<i64>,
}

#[derive(Clone, Default)]
struct Index {
    ints: BTreeMap<i64, usize>,
    texts: BTreeMap<String, usize>,
}

impl PhpValue {
    /// The text of a leaf.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Array(_) => None,
        }
    }

    /// The array of a branch.
    #[must_use]
    pub fn as_array(&self) -> Option<&PhpArray> {
        match self {
            Self::Text(_) => None,
            Self::Array(array) => Some(array),
        }
    }

    /// Makes this a branch; a leaf is lost, as in PHP.
    fn make_array(&mut self) -> &mut PhpArray {
        if let Self::Text(_) = self {
            *self = Self::Array(PhpArray::default());
        }
        match self {
            Self::Array(array) => array,
            Self::Text(_) => unreachable!("a leaf has just been replaced by an array"),
        }
    }
}

impl Index {
    fn get(&self, key: KeyRef<'_>) -> Option<usize> {
        match key {
            KeyRef::Int(number) => self.ints.get(&number),
            KeyRef::Text(text) => self.texts.get(text),
        }
        .copied()
    }

    /// The place of a key. One that is not there gets the `next` one.
    fn get_or_insert(&mut self, key: KeyRef<'_>, next: usize) -> usize {
        match key {
            KeyRef::Int(number) => *self.ints.entry(number).or_insert(next),
            KeyRef::Text(text) => *self.texts.entry(text.to_owned()).or_insert(next),
        }
    }
}

impl PhpArray {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value under a key; `"7"` finds the integer 7.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&PhpValue> {
        self.place(KeyRef::new(key)).map(|place| &self.entries[place].1)
    }

    /// The entries in their order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&PhpKey, &PhpValue)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Whether the keys are exactly 0, 1, 2, ... in this order, as they are where there is none.
    #[must_use]
    pub fn is_list(&self) -> bool {
        (0..).zip(&self.entries).all(|(at, (key, _))| *key == PhpKey::Int(at))
    }

    /// Puts a value under a key.
    pub fn set(&mut self, key: &str, value: PhpValue) {
        *self.entry(KeyRef::new(key)) = value;
    }

    /// Adds a value under the next integer. `false` where there is no next integer; the value is lost, as in PHP.
    pub fn append(&mut self, value: PhpValue) -> bool {
        self.next_entry().map(|entry| *entry = value).is_some()
    }

    /// The array under a key, which is made where there is none.
    pub fn array(&mut self, key: &str) -> &mut PhpArray {
        self.entry(KeyRef::new(key)).make_array()
    }

    /// A new array under the next integer. `None` where there is no next integer.
    pub fn append_array(&mut self) -> Option<&mut PhpArray> {
        self.next_entry().map(PhpValue::make_array)
    }

    fn place(&self, key: KeyRef<'_>) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key),
            None => self.entries.iter().position(|(other, _)| key.is(other)),
        }
    }

    fn entry(&mut self, key: KeyRef<'_>) -> &mut PhpValue {
        let next = self.entries.len();
        let place = match &mut self.index {
            Some(index) => index.get_or_insert(key, next),
            None => self.place(key).unwrap_or(next),
        };
        if place == next {
            self.push(key.to_key());
        }
        &mut self.entries[place].1
    }

    fn next_entry(&mut self) -> Option<&mut PhpValue> {
        let next = match self.last_int {
            Some(last) => last.checked_add(1)?,
            None => 0,
        };
        Some(self.entry(KeyRef::Int(next)))
    }

    /// Adds an entry under a key that is not there, but in the index, where there is one.
    fn push(&mut self, key: PhpKey) {
        if let PhpKey::Int(number) = key {
            self.last_int = self.last_int.max(Some(number));
        }
        if self.entries.is_empty() {
            // A hostile body can make 320,000 arrays of one entry; a vector would begin with room for four.
            self.entries.reserve_exact(1);
        }
        self.entries.push((key, PhpValue::Text(String::new())));
        if self.entries.len() == INDEXED_FROM {
            let mut index = Box::<Index>::default();
            for (place, (key, _)) in self.entries.iter().enumerate() {
                index.get_or_insert(KeyRef::from(key), place);
            }
            self.index = Some(index);
        }
    }
}

impl IntoIterator for PhpArray {
    type Item = (PhpKey, PhpValue);
    type IntoIter = std::vec::IntoIter<(PhpKey, PhpValue)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

/// Two arrays are equal where they hold the same entries in the same order.
impl PartialEq for PhpArray {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Eq for PhpArray {}

impl fmt::Debug for PhpArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhpArray({} entries)", self.entries.len())
    }
}

impl fmt::Debug for PhpValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Array(array) => array.fmt(f),
        }
    }
}

impl Serialize for PhpValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Array(array) => array.serialize(serializer),
        }
    }
}

impl Serialize for PhpArray {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_list() {
            let mut list = serializer.serialize_seq(Some(self.len()))?;
            self.iter().try_for_each(|(_, value)| list.serialize_element(value))?;
            list.end()
        } else {
            let mut map = serializer.serialize_map(Some(self.len()))?;
            self.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
            map.end()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> PhpValue {
        PhpValue::Text(text.to_owned())
    }

    fn json(array: &PhpArray) -> String {
        serde_json::to_string(array).unwrap()
    }

    #[test]
    fn keys_are_found_replaced_in_place_and_kept_in_order_however_many_there_are() {
        for count in [1, INDEXED_FROM - 1, INDEXED_FROM, INDEXED_FROM + 1, 1000] {
            let mut array = PhpArray::default();
            let key = |at: usize| {
                if at.is_multiple_of(2) { at.to_string() } else { format!("k{at}") }
            };
            let keys: Vec<String> = (0..count).rev().map(key).collect();
            for key in &keys {
                array.set(key, text("old"));
            }
            array.set(&keys[0], text("new"));
            let in_order: Vec<String> = array.iter().map(|(key, _)| key.as_text().into_owned()).collect();
            assert_eq!(in_order, keys);
            assert!(keys.iter().all(|key| array.get(key).is_some()) && array.get("absent").is_none());
            assert_eq!(array.iter().next().map(|(_, value)| value), Some(&text("new")));
        }
    }

    #[test]
    fn appending_follows_the_largest_integer_until_there_is_none_left() {
        let mut array = PhpArray::default();
        array.set("-5", text("a"));
        array.set("text", text("b"));
        assert!(array.append(text("c")));
        array.set("9223372036854775806", text("d"));
        assert!(array.append_array().is_some());
        assert!(!array.append(text("lost")) && array.append_array().is_none());
        assert_eq!(
            json(&array),
            r#"{"-5":"a","text":"b","-4":"c","9223372036854775806":"d","9223372036854775807":[]}"#
        );
    }

    #[test]
    fn only_keys_from_zero_on_in_order_make_a_json_array() {
        let lists: [&[&str]; 2] = [&["0"], &["0", "1"]];
        let maps: [&[&str]; 4] = [&["1"], &["1", "0"], &["0", "x"], &["x"]];
        for (keys, is_list) in lists.map(|keys| (keys, true)).into_iter().chain(maps.map(|keys| (keys, false))) {
            let mut array = PhpArray::default();
            for key in keys {
                array.set(key, text("x"));
            }
            assert_eq!(array.is_list(), is_list, "{keys:?}");
            assert_eq!(json(&array).starts_with('['), is_list, "{keys:?}");
        }
    }

    #[test]
    fn no_content_is_printed() {
        let mut array = PhpArray::default();
        array.array("auth").set("access_token", text("s6p6eclrvim6da22ft9ch94ekreb52lv"));
        let auth = array.get("auth");
        assert_eq!(format!("{array:?} {auth:?}"), "PhpArray(1 entries) Some(PhpArray(1 entries))");
    }
}
