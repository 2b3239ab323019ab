//! What was sent can be sent again: one event, or many, at a rate, behind what is new.

use crate::support::destination::Answer;
use crate::support::post::{MEMBER, Post, TOKEN};
use crate::support::relay::{Answer as Response, HOUR, MINUTE, Relay, SECOND, ids};
use serde_json::{Value, json};

fn accept(relay: &Relay, numbers: impl IntoIterator<Item = i32>) {
    for number in numbers {
        relay.accept(&Post::new(TOKEN, number));
    }
}

fn relay_with(numbers: impl IntoIterator<Item = i32>) -> Relay {
    let relay = Relay::new();
    relay.register(TOKEN);
    accept(&relay, numbers);
    relay
}

fn redeliver(relay: &Relay, body: &Value) -> Response {
    relay.admin("POST", &format!("/portals/{MEMBER}/redeliver"), body)
}

fn under_way(relay: &Relay) -> Vec<Value> {
    relay.get(&format!("/portals/{MEMBER}/redeliver"))["replays"].as_array().expect("they are listed").clone()
}

fn event_path(relay: &Relay, seq: usize) -> String {
    let id = relay.log()[seq - 1].event["id"].as_str().expect("an event has an id").to_owned();
    format!("/portals/{MEMBER}/events/{id}")
}

fn webhook_ids(relay: &Relay) -> Vec<String> {
    let received = relay.destination().received();
    let id = |name: &str| name == "webhook-id";
    received.iter().filter_map(|r| r.headers.iter().find(|(name, _)| id(name)).map(|(_, id)| id.clone())).collect()
}

#[test]
fn one_event_is_sent_again_with_its_id() {
    let relay = relay_with(1..=3);
    let path = event_path(&relay, 2);
    let answer = relay.admin("POST", &format!("{path}/redeliver"), &Value::Null);
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.json()["replays"][0]["destination"], "default");
    relay.advance(SECOND);
    assert_eq!(relay.received(), ids([1, 2, 3, 2]));
    assert_eq!(webhook_ids(&relay)[1], webhook_ids(&relay)[3]);
    assert_eq!((under_way(&relay), relay.states()), (vec![], vec!["delivered".to_owned(); 3]));
    let nowhere = relay.admin("POST", &format!("{path}/redeliver"), &json!({"destination": "crm"}));
    assert_eq!(nowhere.status, 404);
    let unknown = "01939d5e-1a2b-7c3d-8e4f-0123456789ab";
    let unknown = relay.admin("POST", &format!("/portals/{MEMBER}/events/{unknown}/redeliver"), &Value::Null);
    assert_eq!(unknown.status, 404);
}

#[test]
fn what_failed_for_good_stays_readable_and_is_sent_again() {
    let relay = Relay::new();
    relay.register(TOKEN);
    for number in 1..=6 {
        if number % 2 == 0 {
            relay.destination().answers([Answer::Status(422)]);
        }
        relay.accept(&Post::new(TOKEN, number));
        relay.destination().always(Answer::Status(204));
        if number % 2 == 0 {
            relay.destination().always(Answer::Status(422));
            relay.advance(HOUR);
            relay.destination().always(Answer::Status(204));
        }
    }
    assert_eq!(relay.states(), ["delivered", "failed", "delivered", "failed", "delivered", "failed"]);
    let count = redeliver(&relay, &json!({"state": "failed", "dry_run": true}));
    assert_eq!((count.status, count.json()), (200, json!({"count": 3, "next": 6, "more": false})));
    assert_eq!(under_way(&relay), Vec::<Value>::new(), "a dry run changes nothing");
    let before = relay.received().len();
    let answer = redeliver(&relay, &json!({"state": "failed"}));
    assert_eq!(answer.status, 202, "{answer:?}");
    relay.advance(MINUTE);
    assert_eq!(relay.received()[before..], ids([2, 4, 6]));
    assert_eq!(relay.states(), ["delivered"; 6]);
    assert_eq!(redeliver(&relay, &json!({"state": "failed", "dry_run": true})).json()["count"], 0);
}

#[test]
fn a_replay_keeps_its_rate_and_lets_what_is_new_go_first() {
    let relay = relay_with(1..=30);
    let answer = redeliver(&relay, &json!({"rate": 5}));
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(relay.received().len(), 35, "the first second's");
    accept(&relay, 31..=31);
    assert_eq!(relay.received().last(), Some(&"31".to_owned()), "at once");
    relay.advance(2 * SECOND);
    assert_eq!(relay.received().len(), 46);
    assert_eq!(under_way(&relay)[0]["replayed"], 15);
    relay.advance(4 * SECOND);
    let mut replayed = relay.received()[30..].to_vec();
    replayed.retain(|id| id != "31");
    assert_eq!(replayed, ids(1..=30), "in the order of the log, and not what came later");
    assert_eq!(under_way(&relay), Vec::<Value>::new());
    relay.advance(2 * HOUR);
    let before = relay.portal().alarms();
    relay.advance(24 * HOUR);
    assert_eq!(relay.portal().alarms(), before, "then all is quiet");
}

/// One that is found to be finished while something else is under way must not be due for ever: each alarm costs money.
#[test]
fn a_replay_that_ends_beside_slow_deliveries_lets_the_alarm_rest() {
    let relay = relay_with(1..=1);
    relay.advance(MINUTE);
    relay.destination().delay_millis.set(3_000);
    let post = |number| {
        let answer = relay.world.run(relay.answer(Post::new(TOKEN, number).request()));
        assert_eq!(answer.status, 200, "{answer:?}");
    };
    redeliver(&relay, &json!({}));
    relay.advance(SECOND);
    post(2);
    relay.advance(2_500);
    post(3);
    let before = relay.portal().alarms();
    relay.advance(MINUTE);
    assert!(relay.portal().alarms() - before < 10, "{}", relay.portal().alarms() - before);
    assert_eq!((relay.received(), under_way(&relay)), (ids([1, 1, 2, 3]), vec![]));
}

#[test]
fn a_replay_is_one_row_and_survives_a_crash() {
    let relay = relay_with(1..=20);
    redeliver(&relay, &json!({"rate": 5}));
    assert_eq!(relay.portal().storage.rows("SELECT * FROM replay").len(), 1);
    assert_eq!(relay.portal().storage.rows("SELECT * FROM delivery").len(), 0, "no row for an event");
    for _ in 0..10 {
        relay.restart();
        relay.advance(SECOND);
    }
    relay.advance(MINUTE);
    let mut again = relay.received()[20..].to_vec();
    again.sort_by_key(|id| id.parse::<i32>().ok());
    again.dedup();
    assert_eq!(again, ids(1..=20), "each at least once");
    assert!(relay.received().len() <= 20 + 20 + 10 * 5, "{}", relay.received().len());
    assert_eq!(under_way(&relay), Vec::<Value>::new());
}

#[test]
fn a_time_range_is_sent_again() {
    let relay = relay_with(1..=3);
    relay.advance(HOUR);
    let from = relay.now().to_rfc3339_millis();
    accept(&relay, 4..=5);
    relay.advance(HOUR);
    let to = relay.now().to_rfc3339_millis();
    accept(&relay, 6..=7);
    let body = json!({"from": from, "to": to});
    assert_eq!(redeliver(&relay, &json!({"from": from, "to": to, "dry_run": true})).json()["count"], 2);
    redeliver(&relay, &body);
    relay.advance(SECOND);
    assert_eq!(relay.received()[7..], ids([4, 5]));
}

#[test]
fn a_cancelled_replay_sends_nothing_more() {
    let relay = relay_with(1..=30);
    let begun = redeliver(&relay, &json!({"rate": 5})).json()["replays"][0].clone();
    let path = format!("/portals/{MEMBER}/redeliver/{}", begun["id"]);
    let cancelled = relay.admin("DELETE", &path, &Value::Null);
    assert_eq!((cancelled.status, &cancelled.json()["replays"][0]["replayed"]), (200, &json!(5)));
    relay.restart();
    relay.advance(HOUR);
    assert_eq!(relay.received().len(), 35);
    assert_eq!(relay.admin("DELETE", &path, &Value::Null).status, 404);
}

/// What another replay has in hand is sent once for both; the end of one must not take it from the other.
#[test]
fn a_cancelled_replay_takes_nothing_from_another() {
    let relay = relay_with(1..=6);
    let pause = |paused: bool| {
        let path = format!("/portals/{MEMBER}/destinations/default");
        assert_eq!(relay.admin("PATCH", &path, &json!({"paused": paused})).status, 200);
    };
    pause(true);
    let begun = redeliver(&relay, &json!({})).json()["replays"][0]["id"].clone();
    redeliver(&relay, &json!({}));
    relay.destination().delay_millis.set(3_000);
    pause(false);
    assert_eq!(relay.received()[6..], ids(1..=4), "so many requests at once");
    relay.admin("DELETE", &format!("/portals/{MEMBER}/redeliver/{begun}"), &Value::Null);
    relay.advance(MINUTE);
    assert_eq!((relay.received()[6..].to_vec(), under_way(&relay)), (ids(1..=6), vec![]));
}

/// An event failed for good while an earlier one was under way, and the object was reset: its place in the log is behind that one,
/// so the queue comes by it later.
#[test]
fn a_replay_sends_what_was_done_before_its_turn() {
    let relay = Relay::with(&[("RETRY_SCHEDULE", "1,1")]);
    relay.register(TOKEN);
    let refused = Answer::Status(422);
    relay.destination().answers([Answer::Hang, refused.clone(), refused.clone(), refused]);
    for number in 1..=2 {
        let answer = relay.world.run(relay.answer(Post::new(TOKEN, number).request()));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    relay.advance(5 * SECOND);
    assert_eq!(relay.states(), ["pending", "failed"]);
    relay.portal().end(true);
    relay.destination().delay_millis.set(1_000);
    redeliver(&relay, &json!({"state": "failed"}));
    relay.advance(MINUTE);
    assert_eq!((relay.states(), under_way(&relay)), (vec!["delivered".to_owned(); 2], vec![]));
}

#[test]
fn a_replay_to_a_destination_that_is_down_waits_and_takes_the_log_up_nowhere() {
    let relay = relay_with(1..=30);
    relay.destination().always(Answer::Refuse);
    redeliver(&relay, &json!({"rate": 20}));
    relay.advance(HOUR);
    let rows = relay.portal().storage.rows("SELECT * FROM delivery").len();
    assert!(rows <= 10, "{rows}: only what failed before the outage was noticed has a row");
    assert_eq!(relay.status()["delivery"]["circuit"], "outage");
    relay.destination().always(Answer::Status(204));
    relay.advance(HOUR);
    let mut again = relay.received()[30..].to_vec();
    again.sort_by_key(|id| id.parse::<i32>().ok());
    assert_eq!(again, ids(1..=30), "each once");
    assert_eq!(under_way(&relay), Vec::<Value>::new());
    assert_eq!(relay.status()["delivery"]["cursor"], 30);
}

#[test]
fn replays_are_few_and_what_is_asked_is_checked() {
    let relay = relay_with(1..=3);
    relay.admin("PATCH", &format!("/portals/{MEMBER}/destinations/default"), &json!({"paused": true}));
    for _ in 0..20 {
        assert_eq!(redeliver(&relay, &json!({})).status, 202);
    }
    assert_eq!(redeliver(&relay, &json!({})).code(), "conflict");
    for body in [
        json!({"state": "pending"}),
        json!({"state": "lost"}),
        json!({"from": "yesterday"}),
        json!({"rate": 0}),
        json!({"rate": 101}),
        json!({"after": -1}),
        json!({"destination": "Crm"}),
        json!({"what": 1}),
    ] {
        assert_eq!(redeliver(&relay, &body).status, 400, "{body}");
    }
    assert_eq!(redeliver(&relay, &json!({"destination": "crm"})).status, 404);
}

#[test]
fn a_replay_goes_on_within_a_minute_of_a_variable_being_mended() {
    let relay = relay_with(1..=3);
    relay.deploy(&[("FORWARD_URL", "broken")]);
    assert_eq!(redeliver(&relay, &json!({})).status, 202);
    relay.advance(HOUR);
    relay.deploy(&[("FORWARD_URL", crate::support::relay::FORWARD_URL)]);
    relay.advance(MINUTE);
    assert_eq!(relay.received(), ids([1, 2, 3, 1, 2, 3]), "no request is needed to wake it");
}
