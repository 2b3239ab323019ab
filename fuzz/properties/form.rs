//! The reader of forms: any bytes are a form, and what was read is read again from what PHP would send for it.

use super::query::{encode, pairs};
use bitrix24_edge_relay::domain::body::{Limit, MAX_BODY_BYTES, MAX_KEY_BYTES, MAX_PAIRS, ReadError};
use bitrix24_edge_relay::domain::form::read_form;
use bitrix24_edge_relay::domain::php_tree::PhpTree;

/// Reads the input as a form.
pub fn check(input: &[u8]) {
    match read_form(input) {
        Ok(tree) => is_read_again(&tree),
        Err(ReadError::TooLarge(limit)) => assert_ne!(limit, Limit::EventName, "a limit of events"),
        Err(ReadError::Malformed(malformed)) => panic!("any bytes are a form: {malformed}"),
    }
}

/// Reads what PHP would send for the tree, where that is within the limits: `[]` is written out as `[0]`, and `é` as
/// `%C3%A9`, so it may be longer than what was read.
pub fn is_read_again(tree: &PhpTree) {
    let pairs = pairs(tree);
    let body = encode(&pairs);
    if body.len() > MAX_BODY_BYTES || pairs.iter().any(|(name, _)| name.len() > MAX_KEY_BYTES) {
        return;
    }
    assert!(pairs.len() <= MAX_PAIRS, "{} pairs", pairs.len());
    let again = read_form(body.as_bytes());
    assert!(again.as_ref() == Ok(tree), "{body:?} was read as {}", again.map_or(String::new(), |again| json(&again)));
    assert_eq!(json(tree), json(&read_form(body.as_bytes()).expect("it was read a line above")));
}

fn json(tree: &PhpTree) -> String {
    serde_json::to_string(tree).expect("every tree is JSON")
}
