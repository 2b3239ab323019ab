//! Tokens end: by the operator at once, by the portal after a day for what is still queued.

use crate::support::fault::{Operation, Then};
use crate::support::post::{OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{DAY, MINUTE, Relay, ids};
use serde_json::json;

#[test]
fn a_revoked_token_ends_at_once_though_the_isolate_remembers_it() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.revoke(TOKEN);
    assert_eq!(relay.post(&Post::new(TOKEN, 2)).status, 403);
    assert_eq!(relay.logged(), ids([1]));
}

#[test]
fn every_refusal_has_the_same_bytes() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.register_webhook(OTHER_TOKEN);
    relay.revoke(OTHER_TOKEN);
    let revoked = relay.post(&Post::new(OTHER_TOKEN, 1));
    let unregistered = relay.post(&Post::new("a-guess-of-a-forger", 2));
    let without_token = relay.post(&Post::new("", 3));
    assert_eq!(revoked.code(), "forbidden");
    assert_eq!((&revoked, &revoked), (&unregistered, &without_token));
}

#[test]
fn a_removed_application_has_its_late_events_taken_for_a_day_and_not_forwarded() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.accept(&Post::new(TOKEN, 2).named("ONAPPUNINSTALL"));
    assert_eq!(relay.status()["state"], "uninstalled");
    relay.advance(DAY - 1);
    relay.accept(&Post::new(TOKEN, 3));
    let log = relay.log();
    assert_eq!(log[2].event["b24removed"], true);
    assert_eq!(relay.states(), ["delivered", "delivered", "filtered"]);
    assert_eq!(relay.received(), ids([1, 2]));
    assert_eq!(relay.record().unwrap()["tokens"][0]["status"], "uninstalled");

    relay.advance(1);
    assert_eq!(relay.post(&Post::new(TOKEN, 4)).status, 403);
    // An application that is installed again keeps its token, and its events may overtake the news.
    relay.register(TOKEN);
    assert_eq!(relay.logged(), ids([1, 2, 3, 4]));
    assert_eq!(relay.received(), ids([1, 2, 4]));
}

#[test]
fn an_uninstall_does_not_silence_a_webhook_nor_count_from_one() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.register_webhook(OTHER_TOKEN);
    relay.accept(&Post::new(OTHER_TOKEN, 1).named("ONAPPUNINSTALL"));
    assert_eq!(relay.status()["state"], "active");
    relay.accept(&Post::new(OTHER_TOKEN, 2));
    relay.accept(&Post::new(TOKEN, 3));
    relay.accept(&Post::new(TOKEN, 4).named("ONAPPUNINSTALL"));
    relay.accept(&Post::new(OTHER_TOKEN, 5));
    relay.accept(&Post::new(TOKEN, 6));
    assert_eq!(relay.received(), ids([1, 2, 3, 4, 5]));
    assert_eq!(relay.status()["state"], "active");
}

#[test]
fn an_uninstall_that_was_stored_though_it_failed_is_logged_once_and_forwarded() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.faults().plan_next(Operation::Commit, 1, true, Then::Reset);
    relay.accept(&Post::new(TOKEN, 1).named("ONAPPUNINSTALL"));
    relay.advance(MINUTE);
    assert_eq!(relay.logged(), ids([1]));
    assert_eq!(relay.received(), ids([1]));
    assert_eq!(relay.log()[0].event.get("b24removed"), None);
}

#[test]
fn revoking_what_is_not_there_is_told() {
    let relay = Relay::new();
    assert_eq!(relay.revoke(TOKEN).code(), "not_found");
    relay.register(TOKEN);
    assert_eq!(relay.revoke(OTHER_TOKEN).code(), "not_found");
    assert_eq!(relay.status()["tokens"].as_array().map(Vec::len), Some(1));
    assert_eq!(relay.status()["held"], json!([]));
}
