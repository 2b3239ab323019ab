//! Finds parts of a JSON text and leaves the rest unread, so that what else a stranger wrote there takes no memory. A tree of
//! values takes up to 40 times the text: each entry of `[{"":0},{"":0},...]` is a map of its own.

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The texts of the members of these names, of equal ones the last. `None` where the text is no JSON object.
#[must_use]
pub fn members<'a, const N: usize>(json: &'a str, names: [&str; N]) -> Option<[Option<&'a str>; N]> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let found = reader.deserialize_map(Members(names)).ok()?;
    reader.end().ok().map(|()| found)
}

/// The text of one member.
#[must_use]
pub fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let [found] = members(json, [name])?;
    found
}

/// The text of the first element that fits. `None` where none does, or the text is no JSON list.
#[must_use]
pub fn find_element(json: &str, fits: impl Fn(&str) -> bool) -> Option<&str> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let found = reader.deserialize_seq(Element(fits)).ok()?;
    reader.end().ok().and(found)
}

struct Members<'n, const N: usize>([&'n str; N]);

impl<'a, const N: usize> Visitor<'a> for Members<'_, N> {
    type Value = [Option<&'a str>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(key) = map.next_key::<String>()? {
            match self.0.iter().position(|name| *name == key) {
                Some(at) => found[at] = Some(map.next_value::<&RawValue>()?.get()),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

struct Element<F>(F);

impl<'a, F: Fn(&str) -> bool> Visitor<'a> for Element<F> {
    type Value = Option<&'a str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(element) = list.next_element::<&RawValue>()? {
            found = found.or_else(|| (self.0)(element.get()).then_some(element.get()));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_as_it_stands() {
        let json = r#" {"a": [1, {"b": 2}], "\u0062": null, "c": 1.10, "c": "\u0041" } "#;
        let found = [Some(r#"[1, {"b": 2}]"#), Some("null"), Some(r#""\u0041""#), None];
        assert_eq!(members(json, ["a", "b", "c", "d"]), Some(found));
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for json in ["", "[]", r#"["a"]"#, "true", "null", "7", r#""a""#, r#"{"a":1"#, r#"{"a":1}}"#, r#"{"a":x}"#] {
            assert_eq!(member(json, "a"), None, "{json}");
        }
    }

    #[test]
    fn an_element_is_found_as_it_stands() {
        assert_eq!(find_element(r#"[1, {"a": 2}, {"a": 3}]"#, |text| text.starts_with('{')), Some(r#"{"a": 2}"#));
        for json in ["[]", "[1]", "{}", r#"{"a":{}}"#, "true", "[{}", "[{}]]"] {
            assert_eq!(find_element(json, |text| text == "{}"), None, "{json}");
        }
    }
}
