//! What Bitrix24 sends becomes the `CloudEvent` of the interface, without its tokens.
//!
//! Type, subject and data are worked out a second time, from PHP's reading of the POST and in the simplest way.

use crate::fixtures::{self, CatalogueEntry};
use crate::fuzzing::properties::redacting::{tokens_of, without_tokens};
use bitrix24_edge_relay::domain::body::BodyFormat;
use bitrix24_edge_relay::domain::cloudevent::CloudEvent;
use bitrix24_edge_relay::domain::event_id::{EventId, RANDOM_BYTES};
use bitrix24_edge_relay::domain::inbound::{InboundError, InboundEvent};
use bitrix24_edge_relay::domain::normalizer::normalize;
use bitrix24_edge_relay::domain::time::Timestamp;
use serde_json::{Value, json};

const RECEIVED_AT: &str = "2024-12-19T11:39:09.512Z";

fn event_of(body: &str) -> Result<CloudEvent, InboundError> {
    let received_at = Timestamp::from_rfc3339(RECEIVED_AT).expect("it is a time");
    let inbound = InboundEvent::from_body(BodyFormat::Form, body.as_bytes())?;
    Ok(normalize(&inbound, EventId::new(received_at, [7; RANDOM_BYTES]), received_at))
}

fn subject_of(post: &Value, entry: &CatalogueEntry) -> Option<String> {
    fn at<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a str> {
        let Some((key, rest)) = keys.split_first() else {
            return value.as_str().filter(|id| !["", "0", "undefined"].contains(id));
        };
        match value {
            Value::Object(map) if *key == "*" => {
                if map.len() == 1 {
                    at(map.values().next()?, rest)
                } else {
                    None
                }
            }
            Value::Array(list) if *key == "*" => {
                if list.len() == 1 {
                    at(&list[0], rest)
                } else {
                    None
                }
            }
            _ => at(value.get(key)?, rest),
        }
    }
    entry.id_paths.iter().find_map(|path| {
        let ids: Option<Vec<&str>> =
            path.split(':').map(|path| at(post, &path.split('.').collect::<Vec<_>>())).collect();
        Some(ids?.join(":"))
    })
}

#[test]
fn every_documented_post_becomes_an_event_without_its_tokens() {
    const MEMBER_ID: &str = "a223c6b3710f85df22e9377d6c4f7553";
    let catalogue = fixtures::catalogue();
    let (mut with_subject, mut tokens_seen) = (0, 0);
    for sent in fixtures::wire_payloads() {
        let name = &sent.event;
        let mut body = sent.body.clone();
        if sent.parsed["auth"]["member_id"].is_null() {
            // Four examples of the documentation leave it out; on the wire it is always there.
            assert_eq!(event_of(&body).unwrap_err(), InboundError::BadMemberId, "{name}");
            body = format!("{body}&auth[member_id]={MEMBER_ID}");
        }
        let event = event_of(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
        let json = event.to_json().unwrap();
        let written: Value = serde_json::from_str(&json).unwrap();

        let base = name.split_once('_').map_or(name.as_str(), |(base, _)| base);
        let entry = catalogue.iter().find(|entry| entry.event == base).unwrap();
        assert_eq!(written["type"], format!("com.bitrix24.{}", entry.kind), "{name}");
        assert_eq!(written["b24event"], sent.parsed["event"], "as it was sent");
        assert_eq!(event.subject, subject_of(&sent.parsed, entry), "{name}");
        with_subject += usize::from(event.subject.is_some());

        let tokens = tokens_of(&sent.parsed, name);
        tokens_seen += tokens.len();
        let data = sent.parsed.get("data").and_then(|data| without_tokens(data, name, &tokens));
        assert_eq!(written.get("data"), data.as_ref(), "{name}");
        for token in tokens {
            assert!(!json.contains(&token), "{name} tells a token");
        }

        let auth = &sent.parsed["auth"];
        let source =
            auth["domain"].as_str().map_or(format!("urn:bitrix24:{MEMBER_ID}"), |host| format!("https://{host}"));
        assert_eq!(written["source"], source, "{name}");
        assert_eq!(written["b24memberid"], *auth["member_id"].as_str().unwrap_or(MEMBER_ID), "{name}");
        for (attribute, sent) in [
            ("b24handlerid", sent.parsed.get("event_handler_id")),
            ("b24scope", auth.get("scope")),
            ("b24status", auth.get("status")),
            ("b24userid", auth.get("user_id")),
        ] {
            assert_eq!(written.get(attribute), sent.filter(|text| **text != ""), "{name} {attribute}");
        }
    }
    assert!(with_subject > 80 && tokens_seen > 200, "{with_subject} subjects, {tokens_seen} tokens");
}

#[test]
fn an_event_has_the_members_of_the_interface_in_their_order() {
    let body = "event=ONCALENDARENTRYUPDATE&event_handler_id=4&data[id]=1414&ts=1734608349&auth[domain]=some-domain.bitrix24.com\
                &auth[scope]=calendar&auth[status]=F&auth[user_id]=1&auth[member_id]=a223c6b3710f85df22e9377d6c4f7553";
    let mut event = event_of(body).unwrap();
    event.b24removed = Some(true);
    let json = event.to_json().unwrap();
    assert_eq!(
        json,
        concat!(
            r#"{"specversion":"1.0","id":"0193deb6-e948-7707-8707-070707070707","source":"https://some-domain.bitrix24.com","#,
            r#""type":"com.bitrix24.calendar.entry.update","subject":"1414","time":"2024-12-19T11:39:09Z","#,
            r#""datacontenttype":"application/json","data":{"id":"1414"},"b24event":"ONCALENDARENTRYUPDATE","#,
            r#""b24memberid":"a223c6b3710f85df22e9377d6c4f7553","b24handlerid":"4","b24scope":"calendar","b24status":"F","#,
            r#""b24userid":"1","b24receivedat":"2024-12-19T11:39:09.512Z","b24removed":true}"#
        )
    );
    let read: CloudEvent = serde_json::from_str(&json).unwrap();
    assert_eq!(read.to_json().unwrap(), json, "an event can be read back");
}

#[test]
fn what_bitrix24_did_not_send_is_absent() {
    let event = event_of("event=ONOFFLINEEVENT&auth[member_id]=m&auth[scope]=").unwrap();
    let written: Value = serde_json::from_str(&event.to_json().unwrap()).unwrap();
    assert_eq!(
        written,
        json!({
            "specversion": "1.0",
            "id": "0193deb6-e948-7707-8707-070707070707",
            "source": "urn:bitrix24:m",
            "type": "com.bitrix24.offline.event",
            "time": RECEIVED_AT,
            "datacontenttype": "application/json",
            "b24event": "ONOFFLINEEVENT",
            "b24memberid": "m",
            "b24receivedat": RECEIVED_AT,
        })
    );
}

#[test]
fn what_was_captured_of_real_portals_becomes_events() {
    let captures = fixtures::captures();
    let [webhook, application, install, bot] = &captures[..] else {
        panic!("four captures");
    };
    for (capture, kind, subject, source) in [
        (webhook, "crm.lead.add", "365", "https://b24-example.bitrix24.ru"),
        (application, "crm.contact.add", "134806", "https://example.bitrix24.com"),
        (bot, "imbot.message.add", "17", "https://example.bitrix24.ru"),
    ] {
        let event = event_of(&capture.body).unwrap_or_else(|error| panic!("{}: {error}", capture.kind));
        assert_eq!(event.event_type, format!("com.bitrix24.{kind}"));
        assert_eq!(event.subject.as_deref(), Some(subject));
        assert_eq!(event.source, source);
        assert!(!event.to_json().unwrap().contains("0123456789abcdef0123456789abcdef0123"), "{}", capture.kind);
    }
    // A chat bot's token is of any length, and still the proof.
    let post = InboundEvent::from_body(BodyFormat::Form, bot.body.as_bytes()).unwrap();
    assert_eq!(post.application_token().unwrap().expose(), "192735");
    // This capture lost its beginning: it has no `event`.
    assert_eq!(event_of(&install.body).unwrap_err(), InboundError::NoEvent);
    let event = event_of(&format!("event=ONAPPINSTALL&{}", install.body)).unwrap();
    assert_eq!(event.event_type, "com.bitrix24.app.install");
    let data = event.data.unwrap();
    assert_eq!(data.as_str(), r#"{"VERSION":"1","ACTIVE":"Y","INSTALLED":"Y","LANGUAGE_ID":"ru"}"#);
}
