//! One failure, anywhere: nothing is lost, nothing is logged twice, nothing is forwarded that was not taken.
//!
//! A story is played once to count its operations, and then again for each of them, which fails before or after it took
//! effect, with its object told or reset.

mod stories;

use crate::support::destination::Answer;
use crate::support::fault::{Fault, Operation, Then};
use crate::support::post::{ACCESS_TOKEN, MEMBER, OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{DAY, HOUR, MINUTE, Relay, hash, ids};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The page with the table of the cases.
const DOCUMENTED: &str = include_str!("../../../docs/RELIABILITY.md");

/// What the portal and the operator were answered.
type Answers = Vec<(&'static str, u16)>;

/// A portal is unknown, installs, and is busy; its destination fails once; a second token comes and goes; the application is
/// removed.
fn play(relay: &Relay) -> Answers {
    let mut answers = Answers::new();
    let mut post = |what, post: Post| answers.push((what, relay.post(&post).status));

    post("the portal is unknown", Post::new(TOKEN, 1));
    post("the portal is unknown", Post::new(TOKEN, 2));
    post("the portal is unknown", Post::new(TOKEN, 3));
    relay.register(TOKEN);
    post("the portal is registered", Post::new(TOKEN, 4));
    relay.advance(MINUTE);
    post("the second token is unknown", Post::new(OTHER_TOKEN, 5));
    post("the portal is registered", Post::new(TOKEN, 6));
    relay.register_webhook(OTHER_TOKEN);
    post("the second token is registered", Post::new(OTHER_TOKEN, 7));
    relay.advance(MINUTE);
    relay.destination().answers([Answer::Status(500)]);
    post("the destination fails once", Post::new(TOKEN, 8));
    post("the destination is back", Post::new(TOKEN, 9));
    relay.advance(MINUTE);
    assert_eq!(relay.revoke(OTHER_TOKEN).status, 200);
    post("the second token is revoked", Post::new(OTHER_TOKEN, 10));
    post("the application is removed", Post::new(TOKEN, 11).named("ONAPPUNINSTALL"));
    post("a late event", Post::new(TOKEN, 12));
    relay.advance(HOUR);
    relay.restart();
    relay.advance(HOUR);
    answers
}

const LOGGED: [i32; 11] = [1, 2, 3, 4, 6, 5, 7, 8, 9, 11, 12];
const FORWARDED: [i32; 10] = [1, 2, 3, 4, 6, 5, 7, 8, 9, 11];

/// What must hold at the end of the story, whatever failed in it.
fn examine(relay: &Relay, case: &str) {
    let log = relay.log();
    let logged: Vec<String> = log.iter().map(|logged| logged.id.clone()).collect();
    assert_eq!(logged, ids(LOGGED), "{case}: the log has each event once, in order");
    let places: Vec<i64> = log.iter().map(|logged| logged.seq).collect();
    assert_eq!(places, (1..=11).collect::<Vec<i64>>(), "{case}: places have no gaps");

    let received: BTreeSet<String> = relay.received().into_iter().collect();
    assert_eq!(received, ids(FORWARDED).into_iter().collect(), "{case}: what arrived");
    let mut webhook_ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for request in relay.destination().received() {
        let event: Value = serde_json::from_str(&request.body).expect("an event is JSON");
        let webhook_id = request.headers.iter().find(|(name, _)| *name == "webhook-id");
        let (_, webhook_id) = webhook_id.expect("a request has its id");
        assert_eq!(event["id"], webhook_id.as_str(), "{case}");
        let known = webhook_ids.entry(event["data"]["id"].to_string()).or_default();
        known.insert(webhook_id.clone());
    }
    assert!(webhook_ids.values().all(|known| known.len() == 1), "{case}: a repeat has its id");

    let status = relay.status();
    let mut delivery = status["delivery"].clone();
    // Counters may be some behind after a crash.
    for counter in ["totals", "latency"] {
        delivery.as_object_mut().expect("it is an object").remove(counter);
    }
    let expected = json!({"cursor": 11, "pending": 0, "retrying": 0, "failed": 0});
    assert_eq!(delivery, expected, "{case}: nothing waits");
    assert_eq!(status["held"], json!([]), "{case}: nothing is held");
    let record = relay.record().unwrap_or_default();
    assert_eq!(record["tokens"], status["tokens"], "{case}: KV agrees with the object");
    let listed = relay.get("/portals")["portals"][0].clone();
    for member in ["member_id", "state", "domain"] {
        assert_eq!(listed[member], status[member], "{case}: the Directory agrees with the object");
    }
    assert_eq!(relay.world.directory().storage.rows("SELECT * FROM held"), [""; 0], "{case}");
    // Only what failed at first has a row.
    let delivered = relay.portal().storage.rows("SELECT state FROM delivery WHERE state <> 'delivered'");
    assert_eq!(delivered, [""; 0], "{case}: every delivery is done");
    for table in ["held", "release", "superseded"] {
        let rows = relay.portal().storage.rows(&format!("SELECT * FROM {table}"));
        assert_eq!(rows, [""; 0], "{case}: {table} is empty");
    }

    let traces = relay.traces();
    for token in [TOKEN, OTHER_TOKEN, ACCESS_TOKEN] {
        assert!(!traces.contains(token), "{case}: a token is left");
    }
}

fn expected_answers() -> Answers {
    vec![
        ("the portal is unknown", 202),
        ("the portal is unknown", 202),
        ("the portal is unknown", 202),
        ("the portal is registered", 200),
        ("the second token is unknown", 403),
        ("the portal is registered", 200),
        ("the second token is registered", 200),
        ("the destination fails once", 200),
        ("the destination is back", 200),
        ("the second token is revoked", 403),
        ("the application is removed", 200),
        ("a late event", 200),
    ]
}

#[test]
fn the_story_goes_well_where_nothing_fails() {
    let relay = Relay::new();
    assert_eq!(play(&relay), expected_answers());
    examine(&relay, "no failure");
    assert_eq!(relay.received(), ids([1, 2, 3, 4, 6, 5, 7, 8, 9, 8, 11]));
    assert_eq!(relay.status()["tokens"][0]["sha256"], hash(TOKEN).as_str(), "{MEMBER}");
}

#[test]
fn every_object_may_be_reset_behind_every_answer() {
    let relay = Relay::new();
    relay.resets_behind_answers.set(true);
    assert_eq!(play(&relay), expected_answers());
    relay.resets_behind_answers.set(false);
    examine(&relay, "reset behind every answer");
}

/// Every failure of an operation of the story, one at a time.
fn fail_each(operation: Operation, thens: &[Then]) {
    let relay = Relay::new();
    play(&relay);
    let count = relay.faults().count(operation);
    assert!(count > 0, "the story has a {operation:?}");
    let mut failed = Vec::new();
    for number in 1..=count {
        for persisted in [false, true] {
            for then in thens {
                let fault = Fault { operation, number, persisted, then: *then };
                let played = std::panic::catch_unwind(|| {
                    let relay = Relay::new();
                    relay.faults().plan(fault);
                    assert_eq!(play(&relay), expected_answers(), "{fault:?}");
                    assert_eq!(relay.faults().struck(), 1, "{fault:?} came about");
                    examine(&relay, &format!("{fault:?}"));
                });
                if played.is_err() {
                    failed.push(fault);
                }
            }
        }
    }
    assert!(DOCUMENTED.contains(&format!("| `{operation:?}` |")), "{operation:?} has no row in docs/RELIABILITY.md");
    println!("{operation:?}: {count} operations, {} failures", count * 2 * thens.len());
    assert!(failed.is_empty(), "{} cases fail, such as {:?}", failed.len(), failed.first());
}

const BOTH: [Then; 2] = [Then::Error, Then::Reset];

// A write within a turn is not durable before the turn ends, so a reset in the middle of it is one before its commit.

#[test]
fn any_write_may_fail() {
    fail_each(Operation::Write, &[Then::Error]);
}

#[test]
fn any_transaction_may_fail() {
    fail_each(Operation::Transaction, &[Then::Error]);
}

#[test]
fn any_commit_may_fail() {
    fail_each(Operation::Commit, &[Then::Reset]);
}

#[test]
fn any_alarm_may_fail_to_be_set_or_read() {
    fail_each(Operation::AlarmSet, &[Then::Error]);
    fail_each(Operation::AlarmGet, &BOTH);
}

#[test]
fn kv_may_fail() {
    fail_each(Operation::KvGet, &[Then::Error]);
    fail_each(Operation::KvPut, &BOTH);
}

#[test]
fn any_call_of_an_object_may_fail() {
    fail_each(Operation::CallPortal, &[Then::Error]);
    fail_each(Operation::CallDirectory, &BOTH);
}

#[test]
fn any_send_may_fail() {
    fail_each(Operation::Send, &BOTH);
}

/// Long after the story, nothing stirs: an alarm that rings for nothing costs money for ever.
#[test]
fn after_the_story_all_is_quiet() {
    let relay = Relay::new();
    play(&relay);
    relay.advance(2 * DAY);
    let alarms = |relay: &Relay| relay.world.objects().iter().map(|object| object.alarms()).sum::<u32>();
    let before = alarms(&relay);
    relay.advance(20 * DAY);
    assert_eq!(alarms(&relay) - before, 0);
    relay.advance(60 * DAY);
    assert!(alarms(&relay) - before < 10, "{}", alarms(&relay) - before);
}
