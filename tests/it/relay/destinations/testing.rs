//! A destination is tried without an event at stake.

use super::{CRM_URL, accept, header, is_signed_by, make, make_crm, patch, path, relay, sent_to};
use crate::support::destination::Answer;
use crate::support::relay::{FORWARD_SECRET, FORWARD_URL, Relay, SECOND, ids};
use serde_json::{Value, json};

fn test(relay: &Relay, name: &str) -> Value {
    let answer = relay.admin("POST", &path(&format!("/{name}/test")), &Value::Null);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// How the destinations stand, which no test event changes.
fn standing(relay: &Relay) -> Value {
    relay.get(&path(""))
}

#[test]
fn a_test_event_is_signed_as_events_are_and_stands_in_no_log() {
    let relay = relay();
    let secret = make_crm(&relay);
    accept(&relay, 1..=1);
    let before = standing(&relay);
    relay.destination().delay_millis.set(40);
    for (name, url, secret) in [("default", FORWARD_URL, FORWARD_SECRET), ("crm", CRM_URL, &secret)] {
        let report = test(&relay, name);
        assert_eq!(
            (&report["delivered"], &report["status"], &report["latency_ms"]),
            (&true.into(), &204.into(), &40.into())
        );
        let sent = sent_to(&relay, url).pop().unwrap();
        assert!(is_signed_by(&sent, secret));
        assert_eq!(header(&sent, "webhook-id"), report["id"]);
        let event: Value = serde_json::from_str(&sent.body).unwrap();
        assert_eq!((&event["type"], &event["subject"]), (&"bitrix24_edge_relay.test".into(), &name.into()));
    }
    assert_eq!(relay.logged(), ids([1]));
    assert_eq!(standing(&relay), before);
}

#[test]
fn every_format_has_a_test_event() {
    let relay = relay();
    for format in ["structured", "binary", "batch"] {
        let made = make(&relay, &json!({"name": format, "url": CRM_URL, "format": format}));
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(test(&relay, format)["delivered"], true, "{format}");
    }
    assert_eq!(header(&sent_to(&relay, CRM_URL)[1], "ce-type"), "bitrix24_edge_relay.test");
    assert_eq!(make(&relay, &json!({"name": "bulk", "queue": "EVENTS"})).status, 201);
    assert_eq!(test(&relay, "bulk")["delivered"], true);
    assert!(relay.world.queues.borrow()[0].1.contains("bitrix24_edge_relay.test"));
}

#[test]
fn whatever_the_destination_answers_changes_nothing_about_it() {
    let relay = relay();
    make_crm(&relay);
    accept(&relay, 1..=1);
    patch(&relay, "crm", &json!({"paused": true}));
    let before = standing(&relay);
    let said = |answer, error: &str| {
        relay.destination().answers([answer]);
        let report = test(&relay, "crm");
        assert_eq!((&report["delivered"], &report["error"]), (&false.into(), &error.into()), "{report}");
        report["status"].clone()
    };
    // More often than it takes to open a circuit.
    for _ in 0..25 {
        assert_eq!(said(Answer::Status(401), "the destination answered 401"), 401);
    }
    assert_eq!(said(Answer::Status(410), "the destination answered 410"), 410);
    assert_eq!(said(Answer::Refuse, "the connection failed: connection refused"), Value::Null);
    let began_at = relay.now();
    assert_eq!(said(Answer::Hang, "no answer in time"), Value::Null);
    assert_eq!(relay.now().millis_since(began_at), 15 * SECOND, "nobody waits for longer");
    assert_eq!(standing(&relay), before);
    relay.restart();
    assert_eq!(standing(&relay), before);
}

#[test]
fn what_cannot_be_sent_says_why() {
    let relay = relay();
    assert_eq!(relay.admin("POST", &path("/crm/test"), &Value::Null).status, 404);
    relay.deploy(&[("FORWARD_SECRET", "hunter2")]);
    let report = test(&relay, "default");
    assert_eq!(report["delivered"], false);
    assert!(report["error"].as_str().is_some_and(|error| error.contains("a variable is broken")), "{report}");
}

#[test]
fn test_events_go_out_one_at_a_time() {
    let relay = relay();
    relay.destination().delay_millis.set(1_000);
    let request = || Relay::admin_request("POST", &path("/default/test"), &Value::Null);
    let both = async { futures_util::future::join(relay.answer(request()), relay.answer(request())).await };
    let (first, second) = relay.world.run(both);
    assert_eq!((first.status, second.status), (200, 409), "{second:?}");
    assert_eq!(test(&relay, "default")["delivered"], true);
}
