//! A record that a person wrote into KV is taken over once, and decides nothing after that.

use crate::support::fault::{Operation, Then};
use crate::support::post::{MEMBER, OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{DAY, HOUR, MINUTE, Relay, hash, ids};
use serde_json::{Value, json};

fn record_of(tokens: &Value) -> String {
    json!({ "tokens": tokens }).to_string()
}

#[test]
fn a_record_with_a_hash_alone_is_enough() {
    let relay = Relay::new();
    relay.write_record(&record_of(&json!([{"sha256": hash(TOKEN)}])));
    assert_eq!(relay.accept(&Post::new(TOKEN, 1)), 1);
    assert_eq!(relay.received(), ids([1]));
    let status = relay.status();
    assert_eq!((&status["state"], &status["tokens"][0]["kind"]), (&json!("active"), &json!("webhook")));
    assert_eq!(relay.record().unwrap()["member_id"], MEMBER, "the object completes the record");
    assert_eq!(relay.get("/portals")["portals"][0]["member_id"], MEMBER);
}

#[test]
fn the_operator_sees_a_portal_that_only_kv_knows() {
    let relay = Relay::new();
    relay.write_record(&record_of(&json!([{"sha256": hash(TOKEN), "label": "calendar"}])));
    assert_eq!(relay.status()["tokens"][0]["label"], "calendar");
}

#[test]
fn events_that_were_held_before_the_record_was_written_are_released_by_the_next_event() {
    let relay = Relay::new();
    relay.post(&Post::new(TOKEN, 1));
    relay.post(&Post::new(OTHER_TOKEN, 2));
    relay.write_record(&record_of(&json!([
        {"sha256": hash(TOKEN)},
        {"sha256": hash(OTHER_TOKEN), "status": "revoked"},
    ])));
    relay.advance(MINUTE);
    relay.accept(&Post::new(TOKEN, 3));
    assert_eq!(relay.logged(), ids([1, 3]));
}

#[test]
fn a_registration_keeps_the_tokens_of_the_record() {
    let relay = Relay::new();
    relay.write_record(&record_of(&json!([{"sha256": hash(OTHER_TOKEN)}])));
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.accept(&Post::new(OTHER_TOKEN, 2));
    assert_eq!(relay.record().unwrap()["tokens"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_registration_while_kv_is_down_does_not_write_over_a_record_written_by_hand() {
    let relay = Relay::new();
    relay.write_record(&record_of(&json!([{"sha256": hash(OTHER_TOKEN)}])));
    relay.faults().plan_next(Operation::KvGet, 20, false, Then::Error);
    let answer = relay.send(Relay::registration(TOKEN));
    assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"));
    assert!(relay.portal().storage.is_empty());
    relay.faults().forget();
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.accept(&Post::new(OTHER_TOKEN, 2));
    assert_eq!(relay.record().unwrap()["tokens"].as_array().map(Vec::len), Some(2));
}

#[test]
fn while_kv_is_down_nobody_is_told_that_there_is_no_such_portal() {
    let relay = Relay::new();
    relay.write_record(&record_of(&json!([{"sha256": hash(TOKEN)}])));
    relay.faults().plan_next(Operation::KvGet, 20, false, Then::Error);
    for (method, target) in [("GET", ""), ("DELETE", ""), ("GET", "/events")] {
        let answer = relay.admin(method, &format!("/portals/{MEMBER}{target}"), &Value::Null);
        assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"), "{method} {target}");
    }
}

#[test]
fn events_that_come_while_kv_is_down_wait_for_their_record() {
    let relay = Relay::new();
    relay.write_record(&record_of(&json!([{"sha256": hash(TOKEN)}])));
    relay.faults().plan_next(Operation::KvGet, 20, false, Then::Error);
    assert_eq!(relay.post(&Post::new(TOKEN, 1)).status, 202);
    relay.faults().forget();
    relay.accept(&Post::new(TOKEN, 2));
    assert_eq!(relay.logged(), ids([1, 2]));
}

#[test]
fn an_uninstalled_token_of_the_record_is_taken_for_a_day_and_marked() {
    let relay = Relay::new();
    relay.write_record(&record_of(&json!([{"sha256": hash(TOKEN), "kind": "app", "status": "uninstalled"}])));
    relay.accept(&Post::new(TOKEN, 1));
    assert_eq!(relay.log()[0].event["b24removed"], true);
    assert_eq!(relay.states(), ["filtered"]);
    assert_eq!(relay.received(), ids([]));
    assert_eq!(relay.status()["state"], "uninstalled");
    relay.advance(DAY);
    assert_eq!(relay.post(&Post::new(TOKEN, 2)).status, 403);
}

#[test]
fn an_uninstall_of_long_ago_is_believed() {
    let relay = Relay::new();
    let ended_at = relay.now().plus_millis(-25 * HOUR).to_rfc3339_millis();
    relay.write_record(&record_of(
        &json!([{"sha256": hash(TOKEN), "kind": "app", "status": "uninstalled", "ended_at": ended_at}]),
    ));
    assert_eq!(relay.post(&Post::new(TOKEN, 1)).status, 403);
    assert_eq!(relay.logged(), ids([]));
}

#[test]
fn a_record_that_cannot_be_read_loses_nothing_and_tells_no_token() {
    for broken in [
        "{",
        "",
        "null",
        r#"{"tokens":{}}"#,
        &format!(r#"{{"tokens":["{TOKEN}"]}}"#),
        &format!(r#"{{"tokens":[{{"sha256":"{TOKEN}"}}]}}"#),
        &format!(r#"{{"tokens":[{{"sha256":"{}","kind":"{TOKEN}"}}]}}"#, hash(TOKEN)),
        &format!(r#"{{"tokens":"{TOKEN}"}}"#),
    ] {
        let relay = Relay::new();
        relay.write_record(broken);
        assert_eq!(relay.post(&Post::new(TOKEN, 1)).status, 202, "{broken}");
        let lines = relay.lines("record not readable");
        assert_eq!(lines[0]["member_id"], MEMBER, "{broken}");
        assert!(!relay.world.lines.borrow().join("\n").contains(TOKEN), "{broken}: {lines:?}");
        relay.register(TOKEN);
        assert_eq!(relay.logged(), ids([1]), "{broken}");
        assert_eq!(relay.record().unwrap()["tokens"][0]["sha256"], hash(TOKEN).as_str());
    }
}

#[test]
fn a_record_without_tokens_is_as_good_as_none() {
    let relay = Relay::new();
    relay.write_record(&record_of(&json!([])));
    assert_eq!(relay.post(&Post::new(TOKEN, 1)).status, 202);
    assert!(relay.portal().storage.is_empty());
}

#[test]
fn a_revoked_token_stays_revoked_whatever_kv_still_says() {
    let relay = Relay::new();
    relay.write_record(&record_of(&json!([{"sha256": hash(TOKEN)}])));
    relay.accept(&Post::new(TOKEN, 1));
    relay.kv().freeze();
    assert_eq!(relay.admin("DELETE", &format!("/portals/{MEMBER}"), &Value::Null).status, 200);
    relay.restart();
    assert_eq!(relay.post(&Post::new(TOKEN, 2)).status, 403);
    relay.write_record(&record_of(&json!([{"sha256": hash(TOKEN)}])));
    relay.restart();
    assert_eq!(relay.post(&Post::new(TOKEN, 3)).status, 403, "the object alone decides");
    assert_eq!(relay.logged(), ids([1]));
    assert_eq!(relay.status()["held"], json!([]), "what is revoked is not held");
}

#[test]
fn a_kv_that_says_absent_does_not_refuse_a_portal_that_its_object_knows() {
    let relay = Relay::new();
    relay.kv().freeze();
    relay.register(TOKEN);
    for number in 1..=3 {
        relay.new_isolate();
        relay.accept(&Post::new(TOKEN, number));
    }
    relay.faults().plan_next(Operation::KvGet, 5, false, Then::Error);
    relay.new_isolate();
    relay.accept(&Post::new(TOKEN, 4));
}

#[test]
fn a_kv_that_cannot_be_written_is_written_later() {
    let relay = Relay::new();
    relay.faults().plan_next(Operation::KvPut, 5, false, Then::Error);
    relay.register(TOKEN);
    assert_eq!(relay.record(), None);
    relay.restart();
    relay.advance(5 * MINUTE);
    assert_eq!(relay.record().unwrap()["tokens"], relay.status()["tokens"]);
}

#[test]
fn the_operator_is_told_whether_kv_agrees() {
    let relay = Relay::new();
    relay.register(TOKEN);
    let tells = || relay.status()["record"].as_str().unwrap().to_owned();
    assert_eq!(tells(), "same");
    relay.write_record(&record_of(&json!([{"sha256": hash(TOKEN)}])));
    assert_eq!(tells(), "different", "the token is an application's");
    relay.write_record(&record_of(&json!([{"sha256": hash(TOKEN), "kind": "app"}, {"sha256": hash(OTHER_TOKEN)}])));
    assert_eq!(tells(), "different");
    relay.write_record("no record");
    assert_eq!(tells(), "unreadable");
    relay.faults().plan_next(Operation::KvGet, 1, false, Then::Error);
    assert_eq!(tells(), "unreadable");
    relay.register(TOKEN);
    assert_eq!(tells(), "same", "a registration writes it anew");
}
