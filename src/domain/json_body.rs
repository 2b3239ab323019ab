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
use super::php_array::{PhpArray, PhpValue};
use super::php_float;
use super::php_name::register;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Reads a JSON body.
pub fn read_json(body: &[u8]) -> Result<PhpArray, ReadError> {
    if body.len() > MAX_BODY_BYTES {
        return Err(Limit::Body.into());
    }
    let decoded = decode(&String::from_utf8_lossy(body))?;
    let mut tree = PhpArray::default();
    let mut name = String::new();
    for (key, value) in decoded {
        name.push_str(&key.as_text());
        send(&mut tree, &mut name, value)?;
        name.clear();
    }
    Ok(tree)
}

/// `json_decode`, but that nothing is told from an empty array, since neither is sent.
fn decode(text: &str) -> Result<PhpArray, ReadError> {
    let mut budget = Budget { pairs: 0, exceeded: None };
    let mut json = serde_json::Deserializer::from_str(text);
    let root = Container { budget: &mut budget, level: 0, name_bytes: 0 };
    let decoded = (&mut json).deserialize_map(root).and_then(|value| json.end().map(|()| value));
    match (decoded, budget.exceeded) {
        (Ok(PhpValue::Array(array)), _) => Ok(array),
        (_, Some(limit)) => Err(limit.into()),
        (Err(error), None) if !error.is_data() => {
            Err(Malformed::NotJson { line: error.line(), column: error.column() }.into())
        }
        (Ok(PhpValue::Text(_)) | Err(_), None) => Err(Malformed::NotAnObject.into()),
    }
}

/// `http_build_query`, pair by pair, and `parse_str` of each.
fn send(tree: &mut PhpArray, name: &mut String, value: PhpValue) -> Result<(), Limit> {
    match value {
        PhpValue::Text(text) => register(tree, name, text)?,
        PhpValue::Array(array) => {
            let parent = name.len();
            for (key, value) in array {
                name.push('[');
                name.push_str(&key.as_text());
                name.push(']');
                send(tree, name, value)?;
                name.truncate(parent);
            }
        }
    }
    Ok(())
}

/// What may still be read.
struct Budget {
    pairs: usize,
    /// The limit that stopped the reader: its own errors are text.
    exceeded: Option<Limit>,
}

impl Budget {
    fn exceed<E: Error>(&mut self, limit: Limit) -> E {
        self.exceeded = Some(limit);
        E::custom(limit)
    }

    fn count_pair<E: Error>(&mut self) -> Result<(), E> {
        self.pairs += 1;
        if self.pairs > MAX_PAIRS { Err(self.exceed(Limit::Pairs)) } else { Ok(()) }
    }
}

/// Reads one value.
struct Container<'a> {
    budget: &'a mut Budget,
    /// How many keys lead here; 0 is the body itself.
    level: usize,
    /// Length of the name that a form would have had for this value.
    name_bytes: usize,
}

impl Container<'_> {
    /// The reader of a member whose key has `key_bytes`.
    fn member<E: Error>(&mut self, key_bytes: usize) -> Result<Container<'_>, E> {
        // The first key stands alone, every further one in brackets: this member's are as many as the level.
        let brackets = if self.level == 0 { 0 } else { 2 };
        let name_bytes = self.name_bytes + key_bytes + brackets;
        if name_bytes > MAX_KEY_BYTES {
            return Err(self.budget.exceed(Limit::Key));
        }
        if self.level > MAX_DEPTH {
            return Err(self.budget.exceed(Limit::Depth));
        }
        Ok(Container { budget: self.budget, level: self.level + 1, name_bytes })
    }

    fn leaf<E: Error>(self, text: String) -> Result<PhpValue, E> {
        self.budget.count_pair()?;
        Ok(PhpValue::Text(text))
    }

    fn branch<E: Error>(self, array: PhpArray) -> Result<PhpValue, E> {
        if array.is_empty() {
            self.budget.count_pair()?;
        }
        Ok(PhpValue::Array(array))
    }
}

impl<'de> DeserializeSeed<'de> for Container<'_> {
    type Value = PhpValue;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<PhpValue, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Container<'_> {
    type Value = PhpValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_unit<E: Error>(self) -> Result<PhpValue, E> {
        self.branch(PhpArray::default())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<PhpValue, E> {
        self.leaf(u8::from(value).to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<PhpValue, E> {
        self.leaf(value.to_string())
    }

    #[expect(clippy::cast_precision_loss, reason = "PHP reads an integer over its range as a float")]
    fn visit_u64<E: Error>(self, value: u64) -> Result<PhpValue, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => self.visit_f64(value as f64),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<PhpValue, E> {
        self.leaf(php_float::to_text(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<PhpValue, E> {
        self.leaf(value.to_owned())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<PhpValue, A::Error> {
        let mut array = PhpArray::default();
        loop {
            let key_bytes = array.len().to_string().len();
            let Some(value) = list.next_element_seed(Element { list: &mut self, key_bytes })? else {
                return self.branch(array);
            };
            array.append(value);
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<PhpValue, A::Error> {
        let mut array = PhpArray::default();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.member(key.len())?)?;
            array.set(&key, value);
        }
        self.branch(array)
    }
}

/// Reads the next element of a list, if there is one: only then do the limits apply to it.
struct Element<'a, 'b> {
    list: &'a mut Container<'b>,
    key_bytes: usize,
}

impl<'de> DeserializeSeed<'de> for Element<'_, '_> {
    type Value = PhpValue;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<PhpValue, D::Error> {
        self.list.member(self.key_bytes)?.deserialize(deserializer)
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
