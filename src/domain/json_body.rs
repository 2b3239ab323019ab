//! Reads a JSON body as if it had been sent as a form: what PHP's `parse_str(http_build_query(json_decode($body, true)))`
//! gives.
//!
//! So the whole has PHP's rules: of two equal members the last one counts; `null` and what is empty is not sent; `true` is
//! `1`, `false` is `0`; a number is its text; and a name is read by the rules of names, so that `{"a.b": 1}` becomes `a_b`.
//! The limits are those of the form that would have been sent, and hold for what would not have been sent, too.
//!
//! Differences from PHP, all on purpose:
//! - Bad UTF-8 becomes U+FFFD, as in a form; PHP reads nothing of such a body.
//! - Floats have the digits that tell them apart (PHP's `precision = -1`); PHP's default of 14 digits would lose some that
//!   were sent. The integer `-0` is read as the float it is in JSON: `-0`.
//! - A number over the range of floats is malformed; PHP would send `INF`.

use super::body::{Limit, MAX_BODY_BYTES, MAX_DEPTH, MAX_KEY_BYTES, MAX_PAIRS, Malformed, ReadError};
use super::php_array::PhpValue;
use super::php_float;
use super::php_name::register;
use super::php_tree::{PhpTree, Slot};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Reads a JSON body.
pub fn read_json(body: &[u8]) -> Result<PhpTree, ReadError> {
    if body.len() > MAX_BODY_BYTES {
        return Err(Limit::Body.into());
    }
    let decoded = decode(&String::from_utf8_lossy(body))?;
    let mut tree = PhpTree::with_room_for(decoded.text_bytes());
    let mut name = String::new();
    for (key, value) in decoded.root().iter() {
        name.push_str(key);
        send(&mut tree, &mut name, value)?;
        name.clear();
    }
    Ok(tree)
}

/// `json_decode`, but that nothing is told from an empty array, since neither is sent.
fn decode(text: &str) -> Result<PhpTree, ReadError> {
    let mut decoding = Decoding { tree: PhpTree::with_room_for(text.len()), pairs: 0, exceeded: None };
    let mut json = serde_json::Deserializer::from_str(text);
    let root = Place { decoding: &mut decoding, slot: PhpTree::ROOT, level: 0, name_bytes: 0 };
    let decoded = (&mut json).deserialize_map(root).and_then(|()| json.end());
    match (decoded, decoding.exceeded) {
        (Ok(()), _) => Ok(decoding.tree),
        (Err(_), Some(limit)) => Err(limit.into()),
        (Err(error), None) if !error.is_data() => {
            Err(Malformed::NotJson { line: error.line(), column: error.column() }.into())
        }
        (Err(_), None) => Err(Malformed::NotAnObject.into()),
    }
}

/// `http_build_query`, pair by pair, and `parse_str` of each.
fn send(tree: &mut PhpTree, name: &mut String, value: PhpValue<'_>) -> Result<(), Limit> {
    match value {
        PhpValue::Text(text) => register(tree, name, text)?,
        PhpValue::Array(array) => {
            let parent = name.len();
            for (key, value) in array.iter() {
                name.push('[');
                name.push_str(key);
                name.push(']');
                send(tree, name, value)?;
                name.truncate(parent);
            }
        }
    }
    Ok(())
}

/// What was read, and what may still be.
struct Decoding {
    tree: PhpTree,
    pairs: usize,
    /// The limit that stopped the reader: its own errors are text.
    exceeded: Option<Limit>,
}

impl Decoding {
    fn exceed<E: Error>(&mut self, limit: Limit) -> E {
        self.exceeded = Some(limit);
        E::custom(limit)
    }

    fn count_pair<E: Error>(&mut self) -> Result<(), E> {
        self.pairs += 1;
        if self.pairs > MAX_PAIRS { Err(self.exceed(Limit::Pairs)) } else { Ok(()) }
    }
}

/// Where one value is read to.
struct Place<'a> {
    decoding: &'a mut Decoding,
    slot: Slot,
    /// How many keys lead here; 0 is the body itself.
    level: usize,
    /// Length of the name that a form would have had for this value.
    name_bytes: usize,
}

impl Place<'_> {
    /// Checks the limits of a member whose key has `key_bytes`. Returns the length of its name.
    fn admit<E: Error>(&mut self, key_bytes: usize) -> Result<usize, E> {
        // The first key stands alone, every further one in brackets: this member's are as many as the level.
        let brackets = if self.level == 0 { 0 } else { 2 };
        let name_bytes = self.name_bytes + key_bytes + brackets;
        if name_bytes > MAX_KEY_BYTES {
            return Err(self.decoding.exceed(Limit::Key));
        }
        if self.level > MAX_DEPTH {
            return Err(self.decoding.exceed(Limit::Depth));
        }
        Ok(name_bytes)
    }

    fn member(&mut self, slot: Slot, name_bytes: usize) -> Place<'_> {
        Place { decoding: self.decoding, slot, level: self.level + 1, name_bytes }
    }

    fn leaf<E: Error>(self, text: &str) -> Result<(), E> {
        self.decoding.tree.put(self.slot, text);
        self.decoding.count_pair()
    }

    fn empty<E: Error>(self) -> Result<(), E> {
        self.decoding.tree.put_array(self.slot);
        self.decoding.count_pair()
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.empty()
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.leaf(if value { "1" } else { "0" })
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.leaf(&value.to_string())
    }

    #[expect(clippy::cast_precision_loss, reason = "PHP reads an integer over its range as a float")]
    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => self.visit_f64(value as f64),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.leaf(&php_float::to_text(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.leaf(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        self.decoding.tree.put_array(self.slot);
        let mut index = 0;
        while list.next_element_seed(Element { list: &mut self, index })?.is_some() {
            index += 1;
        }
        if index == 0 { self.decoding.count_pair() } else { Ok(()) }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.decoding.tree.put_array(self.slot);
        let mut is_empty = true;
        while let Some(key) = map.next_key::<String>()? {
            is_empty = false;
            let name_bytes = self.admit(key.len())?;
            let slot = self.decoding.tree.child(self.slot, &key);
            map.next_value_seed(self.member(slot, name_bytes))?;
        }
        if is_empty { self.decoding.count_pair() } else { Ok(()) }
    }
}

/// Reads the next element of a list, if there is one: only then do the limits apply to it.
struct Element<'a, 'b> {
    list: &'a mut Place<'b>,
    index: usize,
}

impl<'de> DeserializeSeed<'de> for Element<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { list, index } = self;
        let key = index.to_string();
        let name_bytes = list.admit(key.len())?;
        let slot = list.decoding.tree.child(list.slot, &key);
        list.member(slot, name_bytes).deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(body: &str) -> String {
        serde_json::to_string(&read_json(body.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn values_are_what_a_form_would_have_brought() {
        assert_eq!(
            json(r#"{"t":true,"f":false,"n":null,"e":[],"i":7,"x":1.0,"l":[null,1],"a.b":{"c d":"e"}}"#),
            r#"{"t":"1","f":"0","i":"7","x":"1","l":{"1":"1"},"a_b":{"c d":"e"}}"#
        );
        assert_eq!(
            json(r#"{"a":9223372036854775807,"b":9223372036854775808,"c":-9223372036854775809,"d":1e25}"#),
            r#"{"a":"9223372036854775807","b":"9.223372036854776E+18","c":"-9.223372036854776E+18","d":"1.0E+25"}"#
        );
        assert_eq!(json(r#"{"a":{"x":1},"b":2,"a":{"y":3},"b":null}"#), r#"{"a":{"y":"3"}}"#);
        assert_eq!(json("{}"), "[]");
    }

    #[test]
    fn bad_utf_8_is_read_as_in_a_form() {
        let tree = read_json(b"{\"a\":\"\xff\"}").unwrap();
        assert_eq!(serde_json::to_string(&tree).unwrap(), r#"{"a":"�"}"#);
    }

    #[test]
    fn what_is_no_json_object_is_malformed() {
        for body in ["[]", "[1]", "1", "null", "true", r#""s6p6eclrvim6da22""#] {
            assert_eq!(read_json(body.as_bytes()), Err(Malformed::NotAnObject.into()), "{body}");
        }
        for body in [
            "",
            "{",
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":'b'}"#,
            r#"{"a":1e400}"#,
            r#"{"a":"\ud800"}"#,
            "{} {}",
            "\u{feff}{}",
        ] {
            let outcome = read_json(body.as_bytes());
            assert!(matches!(outcome, Err(ReadError::Malformed(Malformed::NotJson { .. }))), "{body} {outcome:?}");
        }
    }

    #[test]
    fn each_limit_is_the_one_of_the_form_that_would_have_been_sent() {
        let objects = |brackets: usize| format!(r#"{{"a":{}1{}}}"#, r#"{"b":"#.repeat(brackets), "}".repeat(brackets));
        let lists = |brackets: usize| format!(r#"{{"a":{}1{}}}"#, "[".repeat(brackets), "]".repeat(brackets));
        // The name is a[kkk].
        let name = |bytes: usize| format!(r#"{{"a":{{"{}":1}}}}"#, "k".repeat(bytes - "a[]".len()));
        let pairs = |count: usize| format!(r#"{{"a":[{}]}}"#, vec!["null"; count].join(","));
        let body = |bytes: usize| format!("{{{}}}", " ".repeat(bytes - 2));
        for (longest, too_long, limit) in [
            (objects(MAX_DEPTH), objects(MAX_DEPTH + 1), Limit::Depth),
            (lists(MAX_DEPTH), lists(MAX_DEPTH + 1), Limit::Depth),
            (name(MAX_KEY_BYTES), name(MAX_KEY_BYTES + 1), Limit::Key),
            (pairs(MAX_PAIRS), pairs(MAX_PAIRS + 1), Limit::Pairs),
            (body(MAX_BODY_BYTES), body(MAX_BODY_BYTES + 1), Limit::Body),
        ] {
            assert!(read_json(longest.as_bytes()).is_ok(), "{limit}");
            assert_eq!(read_json(too_long.as_bytes()), Err(limit.into()));
        }
        // Deeper than serde_json itself goes.
        assert_eq!(read_json(lists(100_000).as_bytes()), Err(Limit::Depth.into()));
    }
}
