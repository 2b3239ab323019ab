//! `http_build_query` of PHP, with which Bitrix24 writes every body.

use serde_json::Value;

/// Encodes pairs as PHP does: brackets for what is nested, `null` and empty arrays left out, `true` as `1`, `false` as `0`.
pub fn http_build_query<'a>(members: impl IntoIterator<Item = (&'a str, &'a Value)>) -> String {
    let mut pairs = Vec::new();
    for (key, value) in members {
        append(&mut pairs, &url_encode(key), value);
    }
    pairs.join("&")
}

fn append(pairs: &mut Vec<String>, key: &str, value: &Value) {
    // The brackets are encoded like everything else.
    let nested = |inner: &str| format!("{key}%5B{}%5D", url_encode(inner));
    match value {
        Value::Null => {}
        Value::Bool(flag) => pairs.push(format!("{key}={}", u8::from(*flag))),
        Value::Number(number) => pairs.push(format!("{key}={number}")),
        Value::String(text) => pairs.push(format!("{key}={}", url_encode(text))),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                append(pairs, &nested(&index.to_string()), item);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                append(pairs, &nested(name), member);
            }
        }
    }
}

/// `urlencode` of PHP: a space becomes `+`; letters, digits, `-`, `_` and `.` stay; every other byte is escaped.
fn url_encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            b'-' | b'_' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
