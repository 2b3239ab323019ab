//! From bytes to the `CloudEvent`: of bounded size, readable, and without a token anywhere.

use super::redacting::{tells, tokens_of, without_tokens};
use bitrix24_edge_relay::domain::body::{BodyFormat, read_body};
use bitrix24_edge_relay::domain::catalogue;
use bitrix24_edge_relay::domain::cloudevent::{CloudEvent, MAX_EVENT_BYTES};
use bitrix24_edge_relay::domain::event_id::{EventId, RANDOM_BYTES};
use bitrix24_edge_relay::domain::inbound::InboundEvent;
use bitrix24_edge_relay::domain::normalizer::normalize;
use bitrix24_edge_relay::domain::time::Timestamp;
use serde_json::Value;

/// Takes the input as a body of either format; and as the rest of a body that has a name and a portal, so that inputs get as
/// far as an event without having to guess both.
pub fn check(input: &[u8]) {
    for format in [BodyFormat::Form, BodyFormat::Json] {
        check_body(format, input);
    }
    check_body(BodyFormat::Form, &[b"event=ONAPPMETHODCONFIRM&auth[member_id]=m&", input].concat());
    check_body(BodyFormat::Form, &[input, b"&event=ONCRMDEALUPDATE&auth[member_id]=m"].concat());
    check_body(BodyFormat::Json, &[br#"{"event":"ONX","auth":{"member_id":"m"},"data":"#, input, b"}"].concat());
}

fn check_body(format: BodyFormat, body: &[u8]) {
    let received_at = Timestamp::from_millis(1_734_608_349_512);
    let Ok(inbound) = InboundEvent::from_body(format, body) else {
        return;
    };
    let event = normalize(&inbound, EventId::new(received_at, [0; RANDOM_BYTES]), received_at);
    let Ok(json) = event.to_json() else {
        // Each byte becomes six at most, as `\u0001`, once in `data` and once in another member.
        assert!(12 * body.len() > MAX_EVENT_BYTES / 2, "a body of {} bytes makes an event too large", body.len());
        return;
    };
    assert!(json.len() <= MAX_EVENT_BYTES);
    let read: CloudEvent = serde_json::from_str(&json).expect("the relay reads its own events");
    assert_eq!(read.to_json().as_ref(), Ok(&json));
    tells_no_token(format, body, inbound.event_name(), &json);
}

/// Compares with the rules of redaction written a second time, over JSON and in the simplest way.
fn tells_no_token(format: BodyFormat, body: &[u8], name: &str, json: &str) {
    let post = read_body(format, body).expect("it has just been read");
    let post = serde_json::to_value(&post).expect("every tree is JSON");
    let written: Value = serde_json::from_str(json).expect("the event is JSON");
    let tokens = tokens_of(&post, name);
    for attribute in ["subject", "source", "b24scope", "b24status", "b24userid", "b24handlerid", "b24event"] {
        let Some(text) = written[attribute].as_str() else {
            continue;
        };
        // What the relay wrote itself tells nothing, even if somebody chose the same text for a token.
        let is_own = attribute == "b24event" && (text == "redacted" || catalogue::find(text).is_some())
            || attribute == "source" && text.starts_with("urn:bitrix24:");
        assert!(is_own || !tells(text.trim_start_matches("https://"), &tokens), "{attribute} tells a token: {json}");
    }
    let data = post.get("data").and_then(|data| without_tokens(data, name, &tokens));
    assert_eq!(written.get("data"), data.as_ref(), "data is not what is left without tokens");
}
