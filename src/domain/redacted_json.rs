//! Keeps tokens out of JSON that was read with them: a portal writes the caller's access token into the URLs of files.
//!
//! The rules of [`redaction`](super::redaction) hold: a key that holds tokens goes with all that is under it, and so does every
//! leaf, and every entry whose key, tells a token. It goes whole: behind `auth=<token>` such a URL has a `token=` in base64,
//! in which there may be the same token once more. So a token is looked for in base64, too, wherever it begins in what was
//! encoded. Percent-encoding changes neither: both are letters and digits.

use super::json_text::push_json_text;
use super::redaction::{MIN_CONTAINED_BYTES, Redaction};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// What is left of a JSON text, its entries in their order. `None` where nothing is, and where the text is no JSON or is
/// nested deeper than 128 levels.
#[must_use]
pub fn redact_json<'a>(json: &str, tokens: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let spellings: Vec<String> = tokens.into_iter().flat_map(spellings).collect();
    let redaction = Redaction::of_tokens(spellings.iter().map(String::as_str));
    let mut left = String::with_capacity(json.len());
    let mut reader = serde_json::Deserializer::from_str(json);
    let is_kept = Writing { redaction: &redaction, left: &mut left }.deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    is_kept.then_some(left)
}

/// A token as it is, and as it looks inside of base64: there each three bytes are four characters, so it depends on how many
/// bytes, modulo three, stand before it.
fn spellings(token: &str) -> Vec<String> {
    let mut spellings = vec![token.to_owned()];
    if token.len() >= MIN_CONTAINED_BYTES {
        for before in 0..3 {
            let bytes = [&b"\0\0"[..before], token.as_bytes()].concat();
            let encoded = STANDARD_NO_PAD.encode(&bytes);
            // Characters of six bits: those that hold bits of what stands before or behind are not the token's.
            let own = (before * 8).div_ceil(6)..bytes.len() * 8 / 6;
            spellings.extend(encoded.get(own).map(str::to_owned));
        }
    }
    spellings
}

/// Writes a value, and tells whether it is kept; of what is not, nothing is written.
struct Writing<'a, 'r> {
    redaction: &'a Redaction<'r>,
    left: &'a mut String,
}

impl Writing<'_, '_> {
    /// Writes a leaf that is no text.
    fn leaf(self, value: impl Into<Value>) -> bool {
        self.left.push_str(&value.into().to_string());
        true
    }

    fn within(&mut self) -> Writing<'_, '_> {
        Writing { redaction: self.redaction, left: self.left }
    }
}

impl<'de> DeserializeSeed<'de> for Writing<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Writing<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(self.leaf(()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        Ok(self.leaf(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<bool, E> {
        Ok(self.leaf(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<bool, E> {
        Ok(self.leaf(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<bool, E> {
        Ok(self.leaf(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        let is_kept = !self.redaction.tells_token(text);
        if is_kept {
            push_json_text(self.left, text);
        }
        Ok(is_kept)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<bool, A::Error> {
        self.left.push('[');
        let first = self.left.len();
        loop {
            let before = self.left.len();
            if before > first {
                self.left.push(',');
            }
            match list.next_element_seed(self.within())? {
                Some(true) => {}
                Some(false) => self.left.truncate(before),
                None => {
                    self.left.truncate(before);
                    break;
                }
            }
        }
        self.left.push(']');
        Ok(true)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<bool, A::Error> {
        self.left.push('{');
        let first = self.left.len();
        while let Some(key) = map.next_key::<String>()? {
            if !self.redaction.keeps_key(&key) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let before = self.left.len();
            if before > first {
                self.left.push(',');
            }
            push_json_text(self.left, &key);
            self.left.push(':');
            if !map.next_value_seed(self.within())? {
                self.left.truncate(before);
            }
        }
        self.left.push('}');
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    const TOKEN: &str = "4d82056700706a2f006e2bcf00000001f0f107f8b3c4d5e6a7980112233445566778899";

    fn left(json: &str) -> Option<String> {
        redact_json(json, [TOKEN])
    }

    #[test]
    fn what_tells_no_token_stays_as_it_is_and_where_it_is() {
        let json =
            r#"{"b":[1,-2,1.5,true,null,[],{}],"a":"Сделка \"1\"\n","":{"auth_type":"0"},"big":9223372036854775807}"#;
        assert_eq!(left(json).as_deref(), Some(json));
        assert_eq!(left("{ \"a\" : \"\\u0041\\/\" }").as_deref(), Some(r#"{"a":"A/"}"#));
    }

    #[test]
    fn what_tells_the_token_goes_whole() {
        let url = format!("/rest/crm.controller.item.getFile.json?auth={TOKEN}&token=crm%7CaWQ9NQ");
        let json =
            format!(r#"{{"a":"{url}","b":["{url}",{{"c":"{url}"}},"d","{TOKEN}"],"x{TOKEN}":1,"AUTH":[2],"e":3}}"#);
        assert_eq!(left(&json).as_deref(), Some(r#"{"b":[{},"d"],"e":3}"#));
        assert_eq!(left(&format!(r#""{TOKEN}""#)), None);
    }

    #[test]
    fn the_token_is_found_in_base64_wherever_it_begins() {
        for before in ["", "a", "ab", "abc", "auth=", "entityTypeId=1220&auth="] {
            for behind in ["", "&", "&_=salt"] {
                let text = format!("{before}{TOKEN}{behind}");
                let (one, two) = (STANDARD.encode(&text), URL_SAFE.encode(&text));
                let json = format!(r#"["crm|{one}|x","{}","y"]"#, two.replace('=', "%3D"));
                assert_eq!(left(&json).as_deref(), Some(r#"["y"]"#), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_json_or_is_too_deep_is_not_read() {
        for json in [String::new(), "{".to_owned(), "1 2".to_owned(), "1e999".to_owned(), "[".repeat(200_000)] {
            assert_eq!(left(&json), None);
        }
        assert_eq!(left(&format!("{}{}", "[".repeat(129), "]".repeat(129))), None);
    }
}
