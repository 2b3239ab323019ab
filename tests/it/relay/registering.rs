//! Events of a portal that nobody knows are held, and released when it is registered.

use crate::support::fault::{Operation, Then};
use crate::support::post::{ACCESS_TOKEN, MEMBER, OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{DAY, HOUR, MINUTE, Relay, SECOND, hash, ids};
use serde_json::{Value, json};

#[test]
fn held_events_are_logged_and_delivered_in_order_once_their_portal_installs() {
    let relay = Relay::new();
    for number in 1..=3 {
        let answer = relay.post(&Post::new(TOKEN, number));
        assert_eq!((answer.status, &answer.json()["status"]), (202, &json!("held")));
        relay.advance(SECOND);
    }
    let status = relay.status();
    assert_eq!(status["state"], "unknown");
    assert_eq!(status["held"][0]["sha256"], hash(TOKEN).as_str());
    assert_eq!(status["held"][0]["events"], 3);
    let waiting = relay.get("/portals?state=unknown");
    assert_eq!(waiting["portals"][0]["member_id"], MEMBER);

    relay.register(TOKEN);
    assert_eq!(relay.logged(), ids([1, 2, 3]));
    assert_eq!(relay.received(), ids([1, 2, 3]));
    assert_eq!(relay.status()["held"], json!([]));
    assert_eq!(relay.get("/portals?state=unknown")["portals"], json!([]));
    assert_eq!(relay.accept(&Post::new(TOKEN, 4)), 4);
}

#[test]
fn only_the_events_of_the_registered_token_are_released() {
    let relay = Relay::new();
    relay.post(&Post::new(TOKEN, 1));
    relay.post(&Post::new(OTHER_TOKEN, 2));
    relay.post(&Post::new(TOKEN, 3));
    relay.register(TOKEN);
    assert_eq!(relay.logged(), ids([1, 3]));
    assert_eq!(relay.status()["held"][0]["sha256"], hash(OTHER_TOKEN).as_str());
    // Now the portal itself holds what comes with the other token; what the Directory has is older.
    assert_eq!(relay.post(&Post::new(OTHER_TOKEN, 4)).status, 403);
    assert_eq!(relay.status()["held"][0]["events"], 2);
    relay.register_webhook(OTHER_TOKEN);
    assert_eq!(relay.logged(), ids([1, 3, 2, 4]));
    assert_eq!(relay.status()["held"], json!([]));
}

/// As JSON it is twice as long, and near what a row may be.
#[test]
fn an_event_of_a_megabyte_of_quotes_is_held_and_released() {
    let relay = Relay::new();
    let long = |token, number| Post::new(token, number).filled_with(&"\"".repeat(930_000));
    assert_eq!(relay.post(&long(TOKEN, 1)).status, 202);
    relay.register(TOKEN);
    assert_eq!(relay.post(&long(OTHER_TOKEN, 2)).status, 403);
    relay.register_webhook(OTHER_TOKEN);
    assert_eq!(relay.logged(), ids([1, 2]));
    assert_eq!(relay.lines("storage failed").len(), 0);
}

#[test]
fn an_event_is_held_for_a_day_and_no_longer() {
    let relay = Relay::new();
    relay.post(&Post::new(TOKEN, 1));
    relay.advance(12 * HOUR);
    relay.post(&Post::new(TOKEN, 2));
    relay.advance(12 * HOUR + 2 * MINUTE);
    relay.register(TOKEN);
    assert_eq!(relay.logged(), ids([2]));
    assert_eq!(relay.lines("held events expired")[0]["events"], 1);

    assert_eq!(relay.post(&Post::new(OTHER_TOKEN, 3)).status, 403);
    relay.advance(DAY + 2 * MINUTE);
    relay.register_webhook(OTHER_TOKEN);
    assert_eq!(relay.logged(), ids([2]));
}

#[test]
fn a_portal_is_registered_though_the_directory_cannot_be_reached_and_its_held_events_follow() {
    let relay = Relay::new();
    for number in 1..=3 {
        relay.post(&Post::new(TOKEN, number));
    }
    relay.faults().plan_next(Operation::CallDirectory, 20, false, Then::Error);
    relay.register(TOKEN);
    assert_eq!(relay.accept(&Post::new(TOKEN, 4)), 1, "new events do not wait");
    relay.restart();
    relay.advance(5 * MINUTE);
    assert_eq!(relay.logged(), ids([4, 1, 2, 3]));
    assert_eq!(relay.received(), ids([4, 1, 2, 3]));
    assert_eq!(relay.world.directory().storage.rows("SELECT number FROM held"), [""; 0]);
}

#[test]
fn events_that_the_directory_receives_while_it_releases_are_released_too() {
    let relay = Relay::new();
    relay.post(&Post::new(TOKEN, 1));
    relay.faults().plan_next(Operation::CallDirectory, 2, true, Then::Error);
    relay.register(TOKEN);
    relay.advance(MINUTE);
    assert_eq!(relay.logged(), ids([1]));
}

#[test]
fn a_token_that_was_revoked_can_be_registered_again() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    assert_eq!(relay.revoke(TOKEN).status, 200);
    assert_eq!(relay.status()["state"], "revoked");
    assert_eq!(relay.post(&Post::new(TOKEN, 2)).status, 403);
    relay.register(TOKEN);
    assert_eq!(relay.accept(&Post::new(TOKEN, 3)), 2);
    assert_eq!(relay.logged(), ids([1, 3]), "what a revoked token brought was not held");
}

#[test]
fn a_portal_has_a_hundred_tokens_at_most() {
    let relay = Relay::new();
    for number in 0..100 {
        relay.register_webhook(&format!("a-token-of-a-webhook-{number}"));
        relay.advance(SECOND);
    }
    let answer = relay.admin("PUT", &format!("/portals/{MEMBER}"), &json!({"application_token": TOKEN}));
    assert_eq!((answer.status, answer.code().as_str()), (400, "bad_request"));
    relay.register_webhook("a-token-of-a-webhook-0");
    assert_eq!(relay.status()["tokens"].as_array().map(Vec::len), Some(100));
}

#[test]
fn whoever_chooses_a_member_id_creates_no_storage_but_the_directorys() {
    let relay = Relay::new();
    for number in 0..300 {
        assert_eq!(relay.post(&Post::new(TOKEN, 1).of(format!("stranger-{number}"))).status, 202);
    }
    for object in relay.world.objects() {
        let is_directory = object.name == relay.world.directory().name;
        assert!(is_directory || object.storage.is_empty() && object.storage.durable_alarm().is_none());
    }
    assert_eq!(relay.get("/portals?state=unknown&limit=500")["portals"].as_array().map(Vec::len), Some(300));
    assert_eq!(relay.get("/portals")["portals"], json!([]));
    for target in [format!("/portals/{MEMBER}"), format!("/portals/{MEMBER}/events")] {
        let answer = relay.admin("GET", &target, &Value::Null);
        assert_eq!(answer.code(), "not_found", "asking about a portal does not create it");
    }
    assert!(relay.portal().storage.is_empty());
}

#[test]
fn a_flood_under_one_token_displaces_itself_before_others() {
    let relay = Relay::new();
    relay.register(TOKEN);
    assert_eq!(relay.post(&Post::new(OTHER_TOKEN, 0)).status, 403);
    for number in 1..=250 {
        let address = if number % 3 == 0 { "192.0.2.2" } else { "192.0.2.3" };
        if number % 90 == 0 {
            relay.advance(MINUTE);
        }
        assert_eq!(relay.post(&Post::new("a-guess-of-a-forger", number).from(address)).status, 403);
    }
    let status = relay.status();
    let held: i64 = status["held"].as_array().unwrap().iter().filter_map(|held| held["events"].as_i64()).sum();
    assert_eq!(held, 200);
    relay.register_webhook(OTHER_TOKEN);
    assert_eq!(relay.logged(), ids([0]), "the genuine event outlived the flood");
    assert!(!relay.traces().contains(ACCESS_TOKEN));
}
