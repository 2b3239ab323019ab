//! Secrets never leave: no token of any documented event is stored, forwarded or logged.

use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::api::Api;
use crate::support::places::PROJECT;
use crate::support::portal::{Portal, form};
use crate::support::receiver::Receiver;
use crate::support::storage::places_of;
use crate::support::worker::{Relay, Settings};

/// What stands under these names, in any case, is a secret.
const SECRET_NAMES: [&str; 6] =
    ["access_token", "refresh_token", "application_token", "auth_id", "refresh_id", "event_token"];

#[test]
fn no_token_of_any_documented_event_is_stored_forwarded_or_logged() {
    let payloads = std::fs::read(PROJECT.join("tests/fixtures/bitrix/wire-payloads.json")).unwrap();
    let payloads: Vec<Value> = serde_json::from_slice(&payloads).unwrap();
    let receiver = Receiver::start();
    let mut relay = Relay::start(Settings::forwarding_to(&receiver));
    let (mut registered, mut secrets) = (BTreeSet::new(), BTreeSet::new());
    let mut accepted = 0;
    for payload in &payloads {
        let parsed = &payload["parsed"];
        collect_secrets(parsed, parsed["event"] == "ONAPPMETHODCONFIRM", &mut secrets);
        let text = |name: &str| parsed["auth"][name].as_str().unwrap_or_default().to_owned();
        let portal = Portal { member_id: text("member_id"), domain: text("domain"), token: text("application_token") };
        // A few documented payloads have no token or no member_id: they cannot be accepted, and must not leak either.
        let complete = !portal.member_id.is_empty() && !portal.token.is_empty() && parsed["event"].is_string();
        let body = payload["body"].as_str().unwrap();
        // Once while nobody knows the token, and once when it is registered.
        form(relay.events(), body).send();
        if complete && registered.insert((portal.member_id.clone(), portal.token.clone())) {
            let body = serde_json::json!({ "application_token": portal.token, "weak": true });
            relay.admin("PUT", &format!("/portals/{}", portal.member_id)).json(&body).send().expect_success();
        }
        let answer = form(relay.events(), body).send();
        assert!(
            answer.status == if complete { 200 } else { answer.status.max(400) },
            "{}: {}",
            payload["event"],
            answer.text()
        );
        accepted += usize::from(complete);
    }
    assert!(accepted > 90 && secrets.len() > 30, "{accepted} events with {} secrets", secrets.len());
    receiver.wait_for_requests(accepted, Duration::from_mins(1));

    let secrets: Vec<String> = secrets.into_iter().collect();
    let found_in = |what: &str, text: &str| -> Vec<String> {
        secrets
            .iter()
            .filter(|secret| text.contains(secret.as_str()))
            .map(|secret| format!("{secret} in {what}"))
            .collect()
    };
    for line in relay.logs() {
        assert_eq!(found_in(&line, &line), Vec::<String>::new());
    }
    for delivery in receiver.received() {
        let text = format!("{:?} {}", delivery.headers, String::from_utf8_lossy(&delivery.body));
        assert_eq!(found_in(&text, &text), Vec::<String>::new());
    }
    assert_eq!(places_of(&relay.state(), &secrets), Vec::<String>::new());
    // What was only in the write-ahead log or the memory of workerd is on disk after the next start.
    relay.kill();
    assert_eq!(places_of(&relay.state(), &secrets), Vec::<String>::new());
}

/// The values that the documentation shows under the name of a secret. Short ones are words such as `****`, which stand
/// elsewhere too.
fn collect_secrets(value: &Value, also_token: bool, secrets: &mut BTreeSet<String>) {
    let members = match value {
        Value::Object(members) => members,
        Value::Array(items) => return items.iter().for_each(|item| collect_secrets(item, also_token, secrets)),
        _ => return,
    };
    for (name, member) in members {
        let lower = name.to_ascii_lowercase();
        let is_secret = SECRET_NAMES.contains(&lower.as_str()) || also_token && lower == "token";
        match member.as_str() {
            Some(text) if is_secret && text.len() >= 16 => {
                secrets.insert(text.to_owned());
            }
            _ => collect_secrets(member, also_token, secrets),
        }
    }
}
