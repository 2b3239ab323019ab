//! The rules of redaction a second time, in the simplest way and over JSON, for other tests to compare with.

use serde_json::{Map, Value};

/// Every token of a POST.
pub fn tokens_of(post: &Value, event: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for (key, value) in members(post) {
        collect(&key, value, event, key == "data", false, &mut tokens);
    }
    tokens
}

/// Whether the text is a token, or contains one that is long enough: the whole of it, or the first 64 bytes of a longer one.
pub fn tells(text: &str, tokens: &[String]) -> bool {
    let contains = |part: &[u8]| part.len() >= 16 && text.as_bytes().windows(part.len()).any(|window| window == part);
    tokens.iter().any(|token| text == token || contains(&token.as_bytes()[..token.len().min(64)]))
}

/// What may be told of `data`; `None` where it is a token.
pub fn without_tokens(data: &Value, event: &str, tokens: &[String]) -> Option<Value> {
    let tells = |text: &str| tells(text, tokens);
    match data {
        Value::String(text) => (!tells(text)).then(|| data.clone()),
        Value::Array(list) => Some(list.iter().filter_map(|value| without_tokens(value, event, tokens)).collect()),
        Value::Object(map) => {
            let is_kept = |key: &str| !is_token_key(key, event, true) && key.to_lowercase() != "auth" && !tells(key);
            let kept = map.iter().filter(|(key, _)| is_kept(key));
            let kept = kept.filter_map(|(key, value)| Some((key.clone(), without_tokens(value, event, tokens)?)));
            Some(Value::Object(kept.collect::<Map<_, _>>()))
        }
        _ => panic!("every leaf is text"),
    }
}

fn collect(key: &str, value: &Value, event: &str, in_data: bool, in_token_key: bool, tokens: &mut Vec<String>) {
    let holds_tokens = in_token_key || is_token_key(key, event, in_data);
    match value {
        Value::String(token) if holds_tokens && !token.is_empty() => tokens.push(token.clone()),
        _ => {
            for (key, value) in members(value) {
                collect(&key, value, event, in_data, holds_tokens, tokens);
            }
        }
    }
}

fn is_token_key(key: &str, event: &str, in_data: bool) -> bool {
    let key = key.to_lowercase();
    let keys = ["access_token", "refresh_token", "application_token", "auth_id", "refresh_id", "event_token"];
    keys.contains(&&*key) || (in_data && event.to_uppercase() == "ONAPPMETHODCONFIRM" && key == "token")
}

fn members(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    }
}
