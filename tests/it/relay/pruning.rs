//! What is delivered and old is deleted; nothing else is.

use crate::support::destination::Answer;
use crate::support::post::{Post, TOKEN};
use crate::support::relay::{DAY, HOUR, Relay, ids};
use serde_json::json;

#[test]
fn delivered_events_are_deleted_after_the_retention_and_places_go_on() {
    let relay = Relay::with(&[("RETENTION_DAYS", "2")]);
    relay.register(TOKEN);
    for number in 1..=3 {
        relay.accept(&Post::new(TOKEN, number));
        relay.advance(DAY);
    }
    relay.advance(DAY);
    assert_eq!(relay.logged(), ids([3]), "1 and 2 are older than two days, and 3 is the newest");
    assert_eq!(relay.status()["log"], json!({"first_seq": 3, "last_seq": 3}));
    relay.advance(30 * DAY);
    relay.restart();
    assert_eq!(relay.accept(&Post::new(TOKEN, 4)), 4, "a place is never given twice");
    assert_eq!(relay.received(), ids([1, 2, 3, 4]));
}

#[test]
fn what_was_not_delivered_is_kept_however_old() {
    let relay = Relay::with(&[("RETENTION_DAYS", "1"), ("RETRY_SCHEDULE", "604800,604800")]);
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.destination().answers([Answer::Status(422)]);
    relay.accept(&Post::new(TOKEN, 2));
    relay.accept(&Post::new(TOKEN, 3));
    relay.advance(3 * DAY);
    assert_eq!(relay.logged(), ids([2, 3]), "2 waits for another attempt, and keeps all behind it");
    assert_eq!(relay.states(), ["retrying", "delivered"]);
    relay.advance(7 * DAY);
    assert_eq!(relay.received(), ids([1, 2, 3, 2]));
    assert_eq!(relay.logged(), ids([3]));
}

#[test]
fn what_a_broken_destination_never_got_is_kept() {
    let relay = Relay::with(&[("RETENTION_DAYS", "1"), ("FORWARD_URL", "broken")]);
    relay.register(TOKEN);
    for number in 1..=3 {
        relay.accept(&Post::new(TOKEN, number));
    }
    relay.advance(3 * DAY);
    assert_eq!(relay.logged(), ids([1, 2, 3]));
}

#[test]
fn what_failed_for_good_goes_with_its_event() {
    let relay = Relay::with(&[("RETENTION_DAYS", "1"), ("RETRY_SCHEDULE", "5")]);
    relay.register(TOKEN);
    relay.destination().answers([Answer::Status(422), Answer::Status(422)]);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(HOUR);
    assert_eq!(relay.status()["delivery"]["failed"], 1);
    relay.accept(&Post::new(TOKEN, 2));
    relay.advance(3 * DAY);
    assert_eq!(relay.logged(), ids([2]));
    assert_eq!(relay.status()["delivery"]["failed"], 0);
}

#[test]
fn a_large_log_is_deleted_in_small_steps() {
    let relay = Relay::with(&[("RETENTION_DAYS", "1"), ("FORWARD_URL", "")]);
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.portal().storage.run(
        "WITH RECURSIVE places(seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM places WHERE seq < 3000)
         INSERT INTO log SELECT places.seq, id, logged_at, type, subject, removed, bytes, event FROM log, places WHERE log.seq = 1",
    );
    relay.restart();
    relay.accept(&Post::new(TOKEN, 2));
    let alarms = relay.portal().alarms();
    relay.advance(2 * DAY);
    assert_eq!(relay.status()["log"], json!({"first_seq": 3001, "last_seq": 3001}));
    let steps = relay.portal().alarms() - alarms;
    assert!((6..=12).contains(&steps), "3,000 in steps of 500: {steps}");
}
