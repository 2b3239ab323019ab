//! A destination pauses because it asks for it, or because a person does.

use super::{CRM_URL, accept, make_crm, patch, path, received_at, relay};
use crate::support::destination::Answer;
use crate::support::relay::{DAY, HOUR, Relay, ids};
use serde_json::{Value, json};

/// A relay that sends to one destination, which wanted no more and was sent two events.
fn relay_whose_crm_answered_410() -> Relay {
    let relay = relay();
    make_crm(&relay);
    patch(&relay, "default", &json!({"paused": true}));
    relay.destination().answers([Answer::Status(410)]);
    accept(&relay, 1..=2);
    relay.advance(HOUR);
    assert_eq!(relay.get(&path("/crm"))["paused"], true);
    relay
}

#[test]
fn a_paused_destination_gets_nothing_and_resumed_all_in_order() {
    let relay = relay();
    make_crm(&relay);
    let shown = patch(&relay, "crm", &json!({"paused": true}));
    assert_eq!((&shown["paused"], &shown["delivery"]["paused"]), (&json!(true), &json!("paused by the operator")));
    accept(&relay, 1..=3);
    relay.restart();
    relay.advance(DAY);
    assert_eq!(received_at(&relay, CRM_URL), ids([]));
    assert_eq!(relay.get(&path("/crm"))["delivery"]["pending"], 3);
    patch(&relay, "crm", &json!({"paused": false}));
    assert_eq!(received_at(&relay, CRM_URL), ids(1..=3));
}

#[test]
fn a_destination_that_answered_410_goes_on_when_a_person_lets_it() {
    let relay = relay_whose_crm_answered_410();
    patch(&relay, "crm", &json!({"paused": false}));
    assert_eq!(relay.destination().accepted_ids(), ids([1, 2]));
}

#[test]
fn a_destination_that_answered_410_goes_on_when_its_url_is_changed() {
    let relay = relay_whose_crm_answered_410();
    patch(&relay, "crm", &json!({"events": ["*"]}));
    assert_eq!(relay.get(&path("/crm"))["paused"], true, "it is where it was");
    let moved = "https://new.some-company.com/hook";
    assert_eq!(patch(&relay, "crm", &json!({"url": moved}))["paused"], false);
    assert_eq!(received_at(&relay, moved), ids([1, 2]));
    relay.restart();
    assert_eq!(relay.get(&path("/crm"))["paused"], false);
}

#[test]
fn a_new_url_does_not_end_the_pause_of_an_operator() {
    let relay = relay();
    make_crm(&relay);
    for name in ["default", "crm"] {
        patch(&relay, name, &json!({"paused": true}));
    }
    accept(&relay, 1..=2);
    patch(&relay, "crm", &json!({"url": "https://new.some-company.com/hook"}));
    relay.deploy(&[("FORWARD_URL", "https://new.example.com/hook")]);
    accept(&relay, 3..=3);
    relay.advance(DAY);
    assert_eq!(relay.received(), ids([]));
    for name in ["default", "crm"] {
        assert_eq!(relay.get(&path(&format!("/{name}")))["delivery"]["paused"], "paused by the operator");
        patch(&relay, name, &json!({"paused": false}));
    }
    assert_eq!(received_at(&relay, "https://new.example.com/hook"), ids(1..=3));
    assert_eq!(received_at(&relay, "https://new.some-company.com/hook"), ids(1..=3));
}

#[test]
fn the_default_one_can_be_paused_and_resumed_only() {
    let relay = relay();
    for (method, target, body) in [
        ("DELETE", path("/default"), Value::Null),
        ("PATCH", path("/default"), json!({"url": CRM_URL})),
        ("POST", path(""), json!({"name": "default", "url": CRM_URL})),
    ] {
        let answer = relay.admin(method, &target, &body);
        assert_eq!((answer.status, answer.code().as_str()), (409, "conflict"), "{method} {target}");
    }
    patch(&relay, "default", &json!({"paused": true}));
    accept(&relay, 1..=2);
    relay.restart();
    relay.advance(HOUR);
    assert_eq!(relay.received(), ids([]));
    patch(&relay, "default", &json!({"paused": false}));
    assert_eq!(relay.received(), ids([1, 2]));
}
