//! The operator sees of each event how its delivery goes.

use crate::support::destination::Answer;
use crate::support::post::{MEMBER, OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{HOUR, Relay, SECOND};
use serde_json::{Value, json};

const VAULT_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn relay() -> Relay {
    let relay = Relay::with(&[("VAULT_KEY", VAULT_KEY), ("RETRY_SCHEDULE", "5,600")]);
    relay.register(TOKEN);
    relay
}

fn list(relay: &Relay, query: &str) -> Vec<Value> {
    let page = relay.get(&format!("/portals/{MEMBER}/deliveries?{query}"));
    page["deliveries"].as_array().expect("they are listed").clone()
}

fn places(deliveries: &[Value]) -> Vec<i64> {
    deliveries.iter().filter_map(|delivery| delivery["seq"].as_i64()).collect()
}

#[test]
fn an_event_is_shown_with_every_attempt() {
    let relay = relay();
    relay.accept(&Post::new(TOKEN, 1));
    relay.destination().answers([Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 2));
    let id = relay.log()[1].event["id"].as_str().expect("an event has an id").to_owned();
    let shown = relay.get(&format!("/portals/{MEMBER}/events/{id}"));
    assert_eq!((&shown["seq"], &shown["state"], &shown["event"]["id"]), (&json!(2), &json!("retrying"), &json!(id)));
    let delivery = &shown["deliveries"][0];
    assert_eq!((&delivery["destination"], &delivery["state"]), (&json!("default"), &json!("retrying")));
    assert!(delivery["next_attempt_at"].is_string());
    relay.advance(10 * SECOND);
    let attempts = relay.get(&format!("/portals/{MEMBER}/events/{id}"))["deliveries"][0]["attempts"].clone();
    assert_eq!(attempts[0]["attempt"], 1);
    assert_eq!(attempts[0]["error"], "the destination answered 500");
    assert_eq!((&attempts[1]["attempt"], attempts[1].get("error")), (&json!(2), None));
    let first = relay.log()[0].event["id"].as_str().expect("an event has an id").to_owned();
    assert_eq!(relay.get(&format!("/portals/{MEMBER}/events/{first}"))["deliveries"][0]["attempts"], json!([]));
    for unknown in ["01939d5e-1a2b-7c3d-8e4f-0123456789ab", "1"] {
        assert_eq!(relay.admin("GET", &format!("/portals/{MEMBER}/events/{unknown}"), &Value::Null).status, 404);
    }
}

#[test]
fn an_event_that_was_held_for_hours_is_found_by_its_id() {
    let relay = relay();
    relay.post(&Post::new(OTHER_TOKEN, 1));
    relay.advance(5 * HOUR);
    for number in 2..=600 {
        relay.accept(&Post::new(TOKEN, number));
    }
    relay.register_webhook(OTHER_TOKEN);
    let log = relay.log();
    let held = log.last().expect("it was released").clone();
    assert_eq!(held.id, "1");
    let id = held.event["id"].as_str().expect("an event has an id");
    assert_eq!(relay.get(&format!("/portals/{MEMBER}/events/{id}"))["seq"], held.seq);
}

#[test]
fn deliveries_are_listed_by_state_and_destination() {
    let relay = relay();
    let crm = json!({"name": "crm", "url": "https://crm.some-company.com/", "events": ["crm.*"], "paused": true});
    assert_eq!(relay.admin("POST", &format!("/portals/{MEMBER}/destinations"), &crm).status, 201);
    relay.accept(&Post::new(TOKEN, 1));
    relay.destination().answers([Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 2));
    relay.accept(&Post::new(TOKEN, 3).named("ONCRMDEALADD"));
    assert_eq!(places(&list(&relay, "")), [1, 1, 2, 2, 3, 3]);
    assert_eq!(places(&list(&relay, "destination=crm&state=filtered")), [1, 2]);
    assert_eq!(places(&list(&relay, "state=pending")), [3]);
    let retrying = list(&relay, "state=retrying");
    assert_eq!(
        (places(&retrying), &retrying[0]["attempts"], &retrying[0]["error"], &retrying[0]["type"]),
        (vec![2], &json!(1), &json!("the destination answered 500"), &json!("com.bitrix24.calendar.entry.add"))
    );
    relay.destination().always(Answer::Status(500));
    relay.advance(HOUR);
    assert_eq!(places(&list(&relay, "state=failed&destination=default")), [2]);
    assert_eq!(places(&list(&relay, "state=delivered")), [1, 3]);
    for bad in ["state=lost", "destination=Crm", "limit=0", "after=-1"] {
        let answer = relay.admin("GET", &format!("/portals/{MEMBER}/deliveries?{bad}"), &Value::Null);
        assert_eq!(answer.status, 400, "{bad}");
    }
    let nowhere = relay.admin("GET", &format!("/portals/{MEMBER}/deliveries?destination=erp"), &Value::Null);
    assert_eq!(nowhere.status, 404);
}

#[test]
fn a_list_goes_on_where_the_last_call_ended() {
    let relay = relay();
    for number in 1..=7 {
        relay.accept(&Post::new(TOKEN, number));
    }
    let mut seen = Vec::new();
    let mut after = 0;
    loop {
        let page = relay.get(&format!("/portals/{MEMBER}/deliveries?limit=3&after={after}"));
        let deliveries = page["deliveries"].as_array().expect("they are listed").clone();
        if deliveries.is_empty() {
            break;
        }
        seen.extend(places(&deliveries));
        after = page["next"].as_i64().expect("a page says where the next begins");
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
}
