//! The reader of JSON bodies: what was read is what a form would have brought, and is read again from its own JSON.

use super::form::is_read_again;
use bitrix24_edge_relay::domain::body::{Limit, MAX_BODY_BYTES, ReadError};
use bitrix24_edge_relay::domain::json_body::read_json;
use bitrix24_edge_relay::domain::php_tree::PhpTree;
use serde_json::Value;

/// Reads the input as a JSON body.
pub fn check(input: &[u8]) {
    match read_json(input) {
        Ok(tree) => {
            is_read_again(&tree);
            is_read_again_from_json(&tree);
            let text = String::from_utf8_lossy(input);
            assert!(serde_json::from_str::<Value>(&text).is_ok_and(|value| value.is_object()), "{text:?} is no object");
        }
        Err(ReadError::TooLarge(limit)) => assert_ne!(limit, Limit::EventName, "a limit of events"),
        Err(ReadError::Malformed(_)) => {
            // The deserializer of `Value` gives up at 128 levels, so it is asked only about what this reader refused.
            let text = String::from_utf8_lossy(input);
            let is_object = serde_json::from_str::<Value>(&text).is_ok_and(|value| value.is_object());
            assert!(!is_object, "{text:?} is an object");
        }
    }
}

fn is_read_again_from_json(tree: &PhpTree) {
    let members = tree.root().iter().map(|(key, value)| {
        let (key, value) = (serde_json::to_string(key), serde_json::to_string(&value));
        format!("{}:{}", key.expect("text is JSON"), value.expect("every tree is JSON"))
    });
    let body = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
    if body.len() <= MAX_BODY_BYTES {
        match read_json(body.as_bytes()) {
            Ok(again) => assert!(again == *tree, "{body:?} was read differently"),
            // A name grows where `[]` is written out.
            Err(error) => assert_eq!(error, Limit::Key.into(), "{body:?}"),
        }
    }
}
