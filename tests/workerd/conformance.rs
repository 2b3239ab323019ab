//! The official packages of Standard Webhooks and `CloudEvents` judge a delivery as it was captured.

use serde_json::{Value, json};
use std::time::Duration;

use crate::support::api::Api;
use crate::support::places::{NODE, PROJECT, SCRIPTS};
use crate::support::portal::Portal;
use crate::support::process::run;
use crate::support::received::Received;
use crate::support::receiver::Receiver;
use crate::support::signature::{NEXT_SECRET, SECRET};
use crate::support::worker::{Relay, Settings};

#[test]
fn a_delivery_is_what_the_official_packages_understand() {
    let receiver = Receiver::start();
    let relay =
        Relay::start(Settings::forwarding_to(&receiver).var("FORWARD_SECRET", format!("{NEXT_SECRET} {SECRET}")));
    let portal = Portal::new();
    relay.register(&portal);
    let data = json!({ "id": "1414", "title": "Сделка № 1 😀" });
    portal.event("ONCALENDARENTRYUPDATE", &data).send_to(&relay).expect_status(200);
    let delivery = receiver.wait_for_requests(1, Duration::from_secs(30)).remove(0);

    for secret in [SECRET, NEXT_SECRET] {
        let verdict = judge(&delivery, secret);
        assert_eq!(verdict["signature"], "ok", "{verdict}");
        // The package writes the time with milliseconds.
        let mut event = delivery.json();
        event["time"] = "2024-12-19T11:39:09.000Z".into();
        assert_eq!(verdict["event"], event, "{verdict}");
    }

    // The judges can say no.
    let mut changed = delivery.clone();
    let space = changed.body.iter().position(|byte| *byte == b'1').expect("there is a 1");
    changed.body[space] = b'2';
    assert_ne!(judge(&changed, SECRET)["signature"], "ok");
    assert_ne!(judge(&delivery, "whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldCBvZiAzMiBieXRlcw==")["signature"], "ok");
    let mut without_source = delivery.json();
    without_source.as_object_mut().expect("it is one").remove("source");
    changed.body = without_source.to_string().into_bytes();
    assert!(judge(&changed, SECRET)["event"].is_null());
}

/// What `standardwebhooks` says of the signature, and what `cloudevents` reads; it validates strictly.
fn judge(delivery: &Received, secret: &str) -> Value {
    let headers: serde_json::Map<String, Value> =
        delivery.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let body = String::from_utf8(delivery.body.clone()).expect("JSON is UTF-8");
    let question = json!({ "headers": headers, "body": body, "secret": secret }).to_string();
    let verdict = run(&NODE, &PROJECT, Duration::from_mins(1), |command| {
        command.arg(SCRIPTS.join("judge-delivery.mjs")).arg(question);
    });
    serde_json::from_str(&verdict).expect("the script prints JSON")
}
