//! The tree that a body fills: PHP's arrays, one in the other.
//!
//! It stands in a few vectors, so that a body of thousands of keys takes as few pieces of memory as one of ten: all texts stand one
//! behind the other in one, all entries in another, each of which knows the next of its array. What is replaced stays there unused.
//!
//! Rules of PHP 8.2 that are kept:
//! - a key that is a canonical decimal `i64` (`7`, `-7`; not `07`, `+7`, `-0`) is an integer. It stays the text that it is: no
//!   other text is the same integer;
//! - appending takes the largest integer key plus one, 0 where there is none, and fails once `i64::MAX` is taken;
//! - a value put under a present key takes the place of the old one, and the key keeps its place in the order;
//! - a leaf under which a key is put becomes an array.

use super::php_array::{PhpArray, PhpValue};
use super::php_index::{Forks, Way, first_difference};
use super::php_key::canonical_int;
use std::cmp::Ordering;

/// From this many entries on, keys that do not come in order are looked up in an index. Few arrays of real events reach it, and
/// reading so few keys one after the other is faster than keeping one.
const INDEXED_FROM: usize = 16;
/// What the largest documented event but one takes, so that most never ask for more room.
const USUAL_ENTRIES: usize = 32;
const USUAL_ARRAYS: usize = 8;
/// Stands for the next entry where there is none.
const END: usize = usize::MAX;

/// The arrays of a body. `Debug` prints no content, which may be a token.
pub struct PhpTree {
    texts: String,
    /// The first is the root, which has no key.
    entries: Vec<Entry>,
    arrays: Vec<Array>,
    forks: Forks,
}

/// A place for a value.
#[derive(Clone, Copy)]
pub struct Slot(usize);

/// A text of `texts`: where it begins and where it ends.
#[derive(Clone, Copy)]
struct Span(usize, usize);

struct Entry {
    key: Span,
    value: Value,
    /// The next entry of its array.
    next: usize,
}

#[derive(Clone, Copy)]
enum Value {
    Text(Span),
    /// One of `arrays`.
    Array(usize),
}

#[derive(Clone, Copy)]
struct Array {
    first: usize,
    last: usize,
    length: usize,
    /// Whether the keys are exactly 0, 1, 2, ... in this order.
    is_list: bool,
    /// The largest integer key.
    last_int: Option<i64>,
    /// Whether each key comes behind the one before it, by length and then by its bytes: then a key behind the last is new.
    is_sorted: bool,
    /// Where a search begins; only where there are [`INDEXED_FROM`] entries, not in order.
    index: Option<Way>,
}

const EMPTY: Array =
    Array { first: END, last: END, length: 0, is_list: true, last_int: None, is_sorted: true, index: None };

impl PhpTree {
    /// The slot that holds the whole.
    pub const ROOT: Slot = Slot(0);

    /// An empty tree, for so many bytes of text.
    #[must_use]
    pub fn with_room_for(bytes: usize) -> Self {
        let (mut entries, mut arrays) = (Vec::with_capacity(USUAL_ENTRIES), Vec::with_capacity(USUAL_ARRAYS));
        entries.push(Entry { key: Span(0, 0), value: Value::Array(0), next: END });
        arrays.push(EMPTY);
        Self { texts: String::with_capacity(bytes), entries, arrays, forks: Forks::default() }
    }

    /// The whole.
    #[must_use]
    pub fn root(&self) -> PhpArray<'_> {
        self.value(0).as_array().unwrap_or(PhpArray::new(self, 0))
    }

    /// The value under a key of the root.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<PhpValue<'_>> {
        self.root().get(key)
    }

    /// The bytes of all keys and leaves together, and of those that were replaced.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        self.texts.len()
    }

    /// The slot under a key of the array in `slot`. It is made where there is none; so is the array, and a leaf is lost, as in PHP.
    pub fn child(&mut self, slot: Slot, key: &str) -> Slot {
        let at = self.array_in(slot);
        let Array { last, length, is_sorted, .. } = self.arrays[at];
        if last == END {
            return self.push(at, key);
        }
        let order = in_order(key, self.key(last));
        if order.is_eq() {
            return Slot(last);
        }
        if order.is_gt() && is_sorted {
            return self.push(at, key);
        }
        let found = if length < INDEXED_FROM { self.scan(at, key) } else { self.find_or_index(at, key) };
        found.map_or_else(
            || {
                self.arrays[at].is_sorted = false;
                self.push(at, key)
            },
            Slot,
        )
    }

    /// A slot under the next integer of the array in `slot`. `None` where there is no next integer.
    pub fn next_child(&mut self, slot: Slot) -> Option<Slot> {
        let array = self.array_in(slot);
        let next = match self.arrays[array].last_int {
            Some(last) => last.checked_add(1)?,
            None => 0,
        };
        Some(self.child(slot, &next.to_string()))
    }

    /// Puts a leaf into a slot.
    pub fn put(&mut self, slot: Slot, text: &str) {
        self.entries[slot.0].value = Value::Text(self.keep(text));
    }

    /// Puts an empty array into a slot.
    pub fn put_array(&mut self, slot: Slot) {
        self.entries[slot.0].value = Value::Array(self.arrays.len());
        self.arrays.push(EMPTY);
    }

    fn array_in(&mut self, slot: Slot) -> usize {
        match self.entries[slot.0].value {
            Value::Array(array) => array,
            Value::Text(_) => {
                self.put_array(slot);
                self.arrays.len() - 1
            }
        }
    }

    fn keep(&mut self, text: &str) -> Span {
        let start = self.texts.len();
        self.texts.push_str(text);
        Span(start, self.texts.len())
    }

    /// The entry of a key of a large array. A key that is not there is put into the index, for the entry that is made next.
    fn find_or_index(&mut self, at: usize, key: &str) -> Option<usize> {
        let Array { first, index, .. } = self.arrays[at];
        let root = index.unwrap_or_else(|| self.index_from(first));
        let nearest = self.forks.reach(root, key.as_bytes());
        let difference = first_difference(key.as_bytes(), self.key(nearest).as_bytes());
        let root = match difference {
            Some(bit) => self.forks.insert(root, key.as_bytes(), bit, self.entries.len()),
            None => root,
        };
        let array = &mut self.arrays[at];
        array.index = Some(root);
        // From now on no key goes past the index.
        array.is_sorted = false;
        if difference.is_none() { Some(nearest) } else { None }
    }

    /// Adds an entry under a key that is not there, but in the index, where there is one.
    fn push(&mut self, at: usize, key: &str) -> Slot {
        let new = self.entries.len();
        let entry = Entry { key: self.keep(key), value: Value::Text(Span(0, 0)), next: END };
        self.entries.push(entry);
        let array = &mut self.arrays[at];
        match canonical_int(key) {
            Some(number) => {
                array.is_list &= usize::try_from(number) == Ok(array.length);
                array.last_int = array.last_int.max(Some(number));
            }
            None => array.is_list = false,
        }
        match array.last {
            END => array.first = new,
            last => self.entries[last].next = new,
        }
        array.last = new;
        array.length += 1;
        Slot(new)
    }

    /// An index of an entry and all that follow it.
    fn index_from(&mut self, first: usize) -> Way {
        let mut root = Way::to_entry(first);
        let mut entry = self.entries[first].next;
        while entry != END {
            let key = text_of(&self.texts, self.entries[entry].key).as_bytes();
            let nearest = self.entries[self.forks.reach(root, key)].key;
            if let Some(bit) = first_difference(key, text_of(&self.texts, nearest).as_bytes()) {
                root = self.forks.insert(root, key, bit, entry);
            }
            entry = self.entries[entry].next;
        }
        root
    }

    fn scan(&self, array: usize, key: &str) -> Option<usize> {
        let mut at = self.arrays[array].first;
        while let Some(entry) = self.entries.get(at) {
            let Span(start, end) = entry.key;
            // Most keys differ in length.
            if end - start == key.len() && self.texts.as_bytes().get(start..end) == Some(key.as_bytes()) {
                return Some(at);
            }
            at = entry.next;
        }
        None
    }

    pub(super) fn find(&self, array: usize, key: &str) -> Option<PhpValue<'_>> {
        let entry = match self.arrays[array].index {
            Some(root) => Some(self.forks.nearest(root, key.as_bytes())).filter(|entry| self.key(*entry) == key),
            None => self.scan(array, key),
        };
        entry.map(|entry| self.value(entry))
    }

    pub(super) fn length(&self, array: usize) -> usize {
        self.arrays[array].length
    }

    pub(super) fn is_list(&self, array: usize) -> bool {
        self.arrays[array].is_list
    }

    /// The number of the first entry of an array; where there is none, [`Self::entry`] has none under it.
    pub(super) fn first(&self, array: usize) -> usize {
        self.arrays[array].first
    }

    /// An entry, and the number of the next one of its array.
    #[inline]
    pub(super) fn entry(&self, at: usize) -> Option<(&str, PhpValue<'_>, usize)> {
        let entry = self.entries.get(at)?;
        Some((self.key(at), self.value(at), entry.next))
    }

    #[inline]
    fn key(&self, entry: usize) -> &str {
        text_of(&self.texts, self.entries[entry].key)
    }

    #[inline]
    fn value(&self, entry: usize) -> PhpValue<'_> {
        match self.entries[entry].value {
            Value::Text(span) => PhpValue::Text(text_of(&self.texts, span)),
            Value::Array(array) => PhpValue::Array(PhpArray::new(self, array)),
        }
    }
}

fn in_order(one: &str, other: &str) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

/// Every span was a text when it was written.
#[inline]
fn text_of(texts: &str, Span(start, end): Span) -> &str {
    texts.get(start..end).unwrap_or_default()
}

impl Default for PhpTree {
    fn default() -> Self {
        Self::with_room_for(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(tree: &PhpTree) -> String {
        serde_json::to_string(tree).unwrap()
    }

    fn set(tree: &mut PhpTree, key: &str, text: &str) {
        let slot = tree.child(PhpTree::ROOT, key);
        tree.put(slot, text);
    }

    #[test]
    fn keys_are_found_replaced_in_place_and_kept_in_order_however_many_there_are_and_however_they_come() {
        let in_order = |at: usize| at.to_string();
        let falling = |at: usize| (5000 - at).to_string();
        let late_disorder = |at: usize| if at == 20 { "0a".to_owned() } else { format!("k{at:05}") };
        let any = |at: usize| format!("{}{}", if at.is_multiple_of(2) { "" } else { "k" }, at * 7919 % 1009);
        let orders: [&dyn Fn(usize) -> String; 4] = [&in_order, &falling, &late_disorder, &any];
        for count in [1, INDEXED_FROM - 1, INDEXED_FROM, INDEXED_FROM + 1, 1000] {
            for order in orders {
                let mut tree = PhpTree::default();
                let keys: Vec<String> = (0..count).map(order).collect();
                for (at, key) in keys.iter().enumerate() {
                    set(&mut tree, key, "old");
                    // One that is there already, before the next one that is not.
                    set(&mut tree, &keys[at / 2], "new");
                }
                let found: Vec<&str> = tree.root().iter().map(|(key, _)| key).collect();
                assert_eq!(found, keys);
                for (at, key) in keys.iter().enumerate() {
                    let text = if at <= (count - 1) / 2 { "new" } else { "old" };
                    assert!(tree.get(key) == Some(PhpValue::Text(text)), "{key} of {count}");
                }
                assert!(tree.get("absent").is_none() && tree.get("").is_none());
            }
        }
    }

    #[test]
    fn a_leaf_becomes_an_array_where_a_key_is_put_under_it_and_back() {
        let mut tree = PhpTree::default();
        let a = tree.child(PhpTree::ROOT, "a");
        tree.put(a, "leaf");
        let b = tree.child(a, "b");
        tree.put(b, "c");
        assert_eq!(json(&tree), r#"{"a":{"b":"c"}}"#);
        tree.put_array(a);
        assert_eq!(json(&tree), r#"{"a":[]}"#);
        tree.put(a, "again");
        assert_eq!(json(&tree), r#"{"a":"again"}"#);
    }
}
