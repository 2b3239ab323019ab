//! What is delivered and old is deleted, what is not much later, and the oldest where the storage is full.

use crate::support::destination::Answer;
use crate::support::post::{Post, TOKEN};
use crate::support::relay::{CRON, DAY, HOUR, MINUTE, Relay, WITH_OPERATOR, ids};
use serde_json::json;

/// Kilobytes of one event, so that storage fills soon.
const LARGE: usize = 100_000;

#[test]
fn delivered_events_are_deleted_after_the_retention_and_places_go_on() {
    let relay = Relay::with(&[("RETENTION_DAYS", "2")]);
    relay.register(TOKEN);
    for number in 1..=3 {
        relay.accept(&Post::new(TOKEN, number));
        relay.advance(DAY);
    }
    relay.advance_with_cron(DAY);
    assert_eq!(relay.logged(), ids([3]), "1 and 2 are older than two days, and 3 is the newest");
    assert_eq!(relay.status()["log"], json!({"first_seq": 3, "last_seq": 3}));
    relay.advance_with_cron(30 * DAY);
    relay.restart();
    assert_eq!(relay.accept(&Post::new(TOKEN, 4)), 4, "a place is never given twice");
    assert_eq!(relay.received(), ids([1, 2, 3, 4]));
}

#[test]
fn a_portal_with_events_deletes_what_is_old_without_any_watchdog() {
    let relay = Relay::with(&[("RETENTION_DAYS", "1")]);
    relay.register(TOKEN);
    for number in 1..=20 {
        relay.accept(&Post::new(TOKEN, number));
        relay.advance(6 * HOUR);
    }
    assert_eq!(relay.status()["log"]["first_seq"], 16);
}

#[test]
fn what_was_not_delivered_is_kept_longer() {
    let relay = Relay::with(&[("RETENTION_DAYS", "1"), ("RETRY_SCHEDULE", "604800,604800")]);
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.destination().answers([Answer::Status(422)]);
    relay.accept(&Post::new(TOKEN, 2));
    relay.accept(&Post::new(TOKEN, 3));
    relay.advance_with_cron(3 * DAY);
    assert_eq!(relay.logged(), ids([2, 3]), "2 waits for another attempt, and keeps all behind it");
    assert_eq!(relay.states(), ["retrying", "delivered"]);
    relay.advance_with_cron(7 * DAY);
    assert_eq!(relay.received(), ids([1, 2, 3, 2]));
    assert_eq!(relay.logged(), ids([3]));
}

#[test]
fn what_a_broken_destination_never_got_goes_after_a_quarter_of_a_year_and_the_operator_is_told() {
    let variables = [("RETENTION_DAYS", "1"), ("FORWARD_URL", "broken"), WITH_OPERATOR[0], WITH_OPERATOR[1]];
    let relay = Relay::with(&variables);
    relay.register(TOKEN);
    for number in 1..=3 {
        relay.accept(&Post::new(TOKEN, number));
    }
    // So many days with an alarm every minute would take long.
    relay.portal().storage.run(&format!("UPDATE log SET logged_at = logged_at - {}", 88 * DAY));
    relay.restart();
    relay.advance(DAY);
    relay.run_jobs();
    assert_eq!(relay.logged(), ids([1, 2, 3]));
    assert_eq!(relay.status()["storage"]["dropped"], 0);
    relay.accept(&Post::new(TOKEN, 4));
    relay.advance(2 * DAY);
    relay.run_jobs();
    relay.advance(MINUTE);
    assert_eq!(relay.logged(), ids([4]));
    assert_eq!(relay.status()["storage"]["dropped"], 3, "they are counted");
    assert_eq!(relay.status()["delivery"]["pending"], 1);
    let lines = relay.lines("events dropped");
    assert_eq!((lines.len(), &lines[0]["events"], &lines[0]["last_seq"]), (1, &3.into(), &3.into()));
    let notices = relay.notices();
    let notice = notices.iter().find(|notice| notice["type"] == "bitrix24_edge_relay.events.dropped").unwrap();
    assert_eq!((&notice["data"]["dropped"], &notice["data"]["seq"]), (&3.into(), &3.into()));
    relay.deploy(&[("FORWARD_URL", "https://a.example/")]);
    relay.accept(&Post::new(TOKEN, 5));
    relay.advance(HOUR);
    assert_eq!(relay.received(), ids([4, 5]), "what is left is delivered");
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
    relay.advance_with_cron(3 * DAY);
    assert_eq!(relay.logged(), ids([2]));
    assert_eq!(relay.status()["delivery"]["failed"], 0);
    assert_eq!(relay.status()["storage"]["dropped"], 0, "nobody needs it any more");
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
    relay.advance_with_cron(3 * DAY);
    assert_eq!(relay.status()["log"], json!({"first_seq": 3001, "last_seq": 3001}));
    let steps = relay.portal().alarms() - alarms;
    assert!((5..=12).contains(&steps), "3,000 in steps of 500: {steps}");
}

/// Sends large events until they are twice what the portal may store. How many.
fn fill(relay: &Relay) -> i32 {
    let count = 20;
    for number in 1..=count {
        relay.accept(&Post::new(TOKEN, number).filled(LARGE));
        relay.advance(MINUTE);
    }
    count
}

#[test]
fn where_the_storage_is_full_delivered_events_go_early_and_no_event_is_refused() {
    let relay = Relay::with(&[("PORTAL_STORAGE_MB", "1"), WITH_OPERATOR[0], WITH_OPERATOR[1]]);
    relay.register(TOKEN);
    let count = fill(&relay);
    let status = relay.status();
    assert!(status["storage"]["bytes"].as_i64() <= status["storage"]["limit_bytes"].as_i64(), "{status}");
    assert_eq!(status["storage"]["dropped"], 0);
    assert_eq!(relay.received(), ids(1..=count));
    let kept = count - i32::try_from(status["log"]["first_seq"].as_i64().unwrap()).unwrap() + 1;
    assert!((1..=9).contains(&kept), "{kept} are kept");
    assert_eq!(relay.lines("storage filling").len(), 1, "said once, while there was room");
    relay.advance(MINUTE);
    let is_filling = |notice: &&serde_json::Value| notice["type"] == "bitrix24_edge_relay.storage.filling";
    assert_eq!(relay.notices().iter().filter(is_filling).count(), 1);
}

#[test]
fn where_nothing_else_is_left_the_oldest_go_undelivered_and_the_newest_are_kept() {
    let relay = Relay::with(&[("PORTAL_STORAGE_MB", "1"), WITH_OPERATOR[0], WITH_OPERATOR[1]]);
    relay.register(TOKEN);
    relay.destination().always(Answer::Refuse);
    let count = fill(&relay);
    relay.advance(CRON);
    let status = relay.status();
    assert!(status["storage"]["bytes"].as_i64() <= status["storage"]["limit_bytes"].as_i64(), "{status}");
    let first = status["log"]["first_seq"].as_i64().unwrap();
    assert_eq!(status["storage"]["dropped"], first - 1, "each is counted once");
    assert_eq!(
        relay.lines("events dropped").iter().map(|line| line["events"].as_i64().unwrap()).sum::<i64>(),
        first - 1
    );
    relay.destination().always(Answer::Status(204));
    relay.advance(HOUR);
    let mut received = relay.destination().accepted_ids();
    received.sort_by_key(|id| id.parse::<i32>().unwrap());
    assert_eq!(received, ids(i32::try_from(first).unwrap()..=count), "all that is left arrives");
    assert_eq!(relay.status()["delivery"]["pending"], 0);
}
