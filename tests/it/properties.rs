//! What holds for every body, whoever wrote it.

use crate::fixtures::reading;
use crate::fuzzing::properties::redacting::{tokens_of, without_tokens};
use bitrix24_edge_relay::domain::body::{BodyFormat, ReadError};
use bitrix24_edge_relay::domain::cloudevent::{CloudEvent, MAX_EVENT_BYTES};
use bitrix24_edge_relay::domain::event_id::{EventId, RANDOM_BYTES};
use bitrix24_edge_relay::domain::inbound::{InboundError, InboundEvent};
use bitrix24_edge_relay::domain::normalizer::normalize;
use bitrix24_edge_relay::domain::time::Timestamp;
use proptest::prelude::*;
use serde_json::Value;

fn event_of(format: BodyFormat, body: &[u8]) -> Result<CloudEvent, InboundError> {
    let received_at = Timestamp::from_millis(1_734_608_349_512);
    let inbound = InboundEvent::from_body(format, body)?;
    Ok(normalize(&inbound, EventId::new(received_at, [0; RANDOM_BYTES]), received_at))
}

/// Pieces of names, values and JSON, so that random bodies are nearly well-formed.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "&", "=", "[", "]", "[]", "[0]", "[a]", "a", "data", "auth", "event=", "%00", "%5B", "%5d", "%e2%82", "%", "+", ".",
            "{", "}", ":", ",", "\"", "\"a\":", "null", "true", "-1e9", "1.5", "\\u0000", "\\ud800", "[[", "{\"data\":",
            "\"event\":\"E\",", "\"auth\":{\"member_id\":\"m\"},", "undefined", "\u{1}", "€",
        ]).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A pair of `data` or `auth` in which a token may stand at any place.
fn pair() -> impl Strategy<Value = (String, String)> {
    let tokens = ["7", "192735", "bot-of-17-letters", "0123456789abcdef0123456789abcdef", "aaaaaaaaaaaaaaaab"];
    let token = || prop::sample::select(tokens.to_vec());
    let key = prop_oneof![
        6 => prop::sample::select(vec!["", "0", "1", "ID", "BOT", "7", "FIELDS", "TITLE"]).prop_map(str::to_owned),
        3 => prop::sample::select(vec![
            "access_token", "REFRESH_TOKEN", "Application_Token", "auth", "AUTH", "auth_id", "REFRESH_ID", "event_token", "TOKEN",
        ]).prop_map(str::to_owned),
        1 => token().prop_map(|token| format!("x{token}y")),
    ];
    let text = |choices: &[&'static str]| prop::sample::select(choices.to_vec());
    let innocent = text(&["", "a", "0", "undefined", "some text that is no token", "aaaaaaaaaaaaaaaa"]);
    let (before, after) = (text(&["", "a", "aaaaaaa", "https://x/?auth="]), text(&["", "b", "&x=1"]));
    let value = prop_oneof![
        3 => innocent.prop_map(str::to_owned),
        2 => token().prop_map(str::to_owned),
        2 => (before, token(), after).prop_map(|(before, token, after)| format!("{before}{token}{after}")),
    ];
    let root = text(&["data", "data", "data", "auth", "data[BOT]", "access_token", "other"]);
    (root, prop::collection::vec(key, 0..4), value).prop_map(|(root, keys, value)| {
        (keys.iter().fold(root.to_owned(), |name, key| format!("{name}[{key}]")), value)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_form_and_none_makes_the_readers_panic(body in soup()) {
        prop_assert!(reading(BodyFormat::Form, &body).is_ok());
        if let Err(error) = reading(BodyFormat::Json, &body) {
            prop_assert!(matches!(error, ReadError::Malformed(_)), "{error}");
        }
    }

    #[test]
    fn whatever_is_taken_becomes_json_of_bounded_size(body in soup()) {
        let form = [b"event=E&auth[member_id]=m&", &*body].concat();
        let json = [br#"{"event":"E","auth":{"member_id":"m"},"data":"#, &*body, b"}"].concat();
        for (format, body) in [(BodyFormat::Form, form), (BodyFormat::Json, json)] {
            if let Ok(event) = event_of(format, &body) {
                let json = event.to_json().unwrap();
                // Every byte of a body becomes at most six, once in `data` and once in another member.
                prop_assert!(json.len() <= 12 * body.len() + 1000 && json.len() <= MAX_EVENT_BYTES);
                prop_assert_eq!(serde_json::from_str::<CloudEvent>(&json).unwrap().to_json().unwrap(), json);
            }
        }
    }

    #[test]
    fn no_token_is_told_and_nothing_else_is_removed(
        event in prop::sample::select(vec!["ONCRMDEALUPDATE", "ONAPPMETHODCONFIRM", "onAppMethodConfirm", "ONSOMETHING_7"]),
        pairs in prop::collection::vec(pair(), 1..20),
    ) {
        let pairs = [("event".to_owned(), event.to_owned())].into_iter().chain(pairs);
        let pairs: Vec<_> = pairs.chain([("auth[member_id]".to_owned(), "m".to_owned())]).collect();
        let body = serde_urlencoded::to_string(pairs).unwrap();
        let post = reading(BodyFormat::Form, body.as_bytes()).unwrap();
        let json = event_of(BodyFormat::Form, body.as_bytes()).unwrap().to_json().unwrap();
        let written: Value = serde_json::from_str(&json).unwrap();

        let tokens = tokens_of(&post, event);
        for token in tokens.iter().filter(|token| token.len() >= 16) {
            prop_assert!(!json.contains(token.as_str()), "{token} in {json}");
        }
        for attribute in ["subject", "b24scope", "b24status", "b24userid", "b24handlerid"] {
            let told = written.get(attribute).and_then(Value::as_str);
            prop_assert!(told.is_none_or(|told| !tokens.iter().any(|token| token == told)), "{attribute} in {json}");
        }
        let data = post.get("data").and_then(|data| without_tokens(data, event, &tokens));
        prop_assert_eq!(written.get("data"), data.as_ref());
    }
}
