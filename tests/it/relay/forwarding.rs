//! Events go to their destination in the order of the log, whatever happens to the destination or its configuration.

use crate::support::destination::Answer;
use crate::support::post::{MEMBER, Post, TOKEN};
use crate::support::relay::{HOUR, MINUTE, Relay, SECOND, ids};
use serde_json::{Value, json};

fn accept_all(relay: &Relay, numbers: std::ops::RangeInclusive<i32>) {
    for number in numbers {
        relay.accept(&Post::new(TOKEN, number));
    }
}

#[test]
fn the_answer_waits_for_no_destination() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().always(Answer::Hang);
    let before = relay.now();
    accept_all(&relay, 1..=3);
    assert_eq!(relay.now(), before);
}

#[test]
fn without_a_destination_the_log_is_the_sink_and_a_later_one_starts_at_its_head() {
    let relay = Relay::with(&[("FORWARD_URL", "")]);
    relay.register(TOKEN);
    accept_all(&relay, 1..=3);
    assert_eq!(relay.states(), ["delivered"; 3]);
    assert_eq!(relay.status()["delivery"], json!({"cursor": 3, "pending": 0, "retrying": 0, "failed": 0}));
    relay.deploy(&[("FORWARD_URL", "https://a.example/")]);
    accept_all(&relay, 4..=5);
    assert_eq!(relay.received(), ids([4, 5]));
    assert_eq!(relay.states(), ["delivered"; 5]);
}

#[test]
fn a_destination_that_is_unset_for_a_while_gets_what_it_missed() {
    let relay = Relay::new();
    relay.register(TOKEN);
    accept_all(&relay, 1..=1);
    relay.deploy(&[("FORWARD_URL", "")]);
    accept_all(&relay, 2..=3);
    relay.advance(HOUR);
    assert_eq!(relay.received(), ids([1]));
    relay.deploy(&[("FORWARD_URL", crate::support::relay::FORWARD_URL)]);
    accept_all(&relay, 4..=4);
    assert_eq!(relay.received(), ids([1, 2, 3, 4]));
}

#[test]
fn a_changed_url_keeps_the_place_and_what_had_failed_is_tried_at_once() {
    let relay = Relay::new();
    relay.register(TOKEN);
    accept_all(&relay, 1..=1);
    relay.destination().always(Answer::Refuse);
    accept_all(&relay, 2..=3);
    relay.advance(HOUR);
    assert_eq!(relay.states(), ["delivered", "retrying", "retrying"]);
    relay.destination().always(Answer::Status(200));
    relay.deploy(&[("FORWARD_URL", "https://b.example/new")]);
    relay.status();
    relay.advance(MINUTE);
    assert_eq!(relay.received(), ids([1, 2, 3]));
    let received = relay.destination().received();
    assert_eq!(received[1].url, "https://b.example/new");
    assert_eq!(relay.states(), ["delivered"; 3]);
}

#[test]
fn what_was_given_up_at_a_wrong_url_stays_failed_and_can_be_sent_again() {
    let relay = Relay::with(&[("RETRY_SCHEDULE", "5")]);
    relay.register(TOKEN);
    relay.destination().dislikes(2, Answer::Status(400));
    accept_all(&relay, 1..=3);
    relay.advance(MINUTE);
    assert_eq!(relay.states(), ["delivered", "failed", "delivered"]);
    relay.destination().dislikes(-1, Answer::Refuse);
    relay.deploy(&[("FORWARD_URL", "https://b.example/new")]);
    accept_all(&relay, 4..=4);
    relay.advance(HOUR);
    assert_eq!(relay.states(), ["delivered", "failed", "delivered", "delivered"]);
    let again = relay.admin("POST", &format!("/portals/{MEMBER}/redeliver"), &json!({"state": "failed"}));
    assert_eq!(again.status, 202, "{again:?}");
    relay.advance(MINUTE);
    assert_eq!(relay.states(), ["delivered"; 4]);
}

#[test]
fn a_broken_destination_refuses_nothing_and_mended_gets_all_in_order() {
    for (variable, broken) in [
        ("FORWARD_URL", "internal.example.com"),
        ("FORWARD_SECRET", ""),
        ("FORWARD_EVENTS", "calendar entries"),
        ("FORWARD_FORMAT", "xml"),
    ] {
        let relay = Relay::with(&[(variable, broken)]);
        relay.register(TOKEN);
        accept_all(&relay, 1..=3);
        relay.advance(2 * HOUR);
        assert_eq!(relay.states(), ["pending"; 3], "{variable}");
        assert_eq!(relay.status()["configuration_errors"][0]["variable"], variable);
        assert_eq!(relay.admin("GET", "/healthz", &Value::Null).status, 503, "{variable}");
        assert_eq!(relay.lines("configuration error")[0]["variable"], variable);
        let mended = match variable {
            "FORWARD_URL" => crate::support::relay::FORWARD_URL,
            "FORWARD_SECRET" => crate::support::relay::FORWARD_SECRET,
            _ => "",
        };
        relay.deploy(&[(variable, mended)]);
        relay.advance(MINUTE);
        assert_eq!(relay.received(), ids([1, 2, 3]), "{variable}: no request is needed to wake it");
        assert_eq!(relay.admin("GET", "/healthz", &Value::Null).status, 200);
    }
}

#[test]
fn only_the_chosen_events_are_forwarded() {
    let relay = Relay::with(&[("FORWARD_EVENTS", "crm.deal.*, app.*")]);
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.accept(&Post::new(TOKEN, 2).named("ONCRMDEALADD"));
    relay.accept(&Post::new(TOKEN, 3).named("ONCRMLEADADD"));
    relay.accept(&Post::new(TOKEN, 4).named("ONAPPTEST"));
    relay.accept(&Post::new(TOKEN, 5));
    assert_eq!(relay.received(), ids([2, 4]));
    assert_eq!(relay.states(), ["filtered", "delivered", "filtered", "delivered", "filtered"]);
    let status = relay.status();
    assert_eq!(status["delivery"]["cursor"], 5);
}

#[test]
fn a_backlog_goes_out_in_runs_of_the_burst_limit() {
    let relay = Relay::with(&[("FORWARD_URL", "broken"), ("DELIVERY_BURST", "10")]);
    relay.register(TOKEN);
    accept_all(&relay, 1..=35);
    relay.deploy(&[("FORWARD_URL", "https://a.example/")]);
    let alarms = relay.portal().alarms();
    relay.advance(MINUTE);
    assert_eq!(relay.received(), ids(1..=35));
    let runs = relay.portal().alarms() - alarms;
    assert!((4..=8).contains(&runs), "10 + 10 + 10 + 5, and at most four that find that others have sent it: {runs}");
}

#[test]
fn a_request_that_vanished_is_made_again_and_holds_up_no_other() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().answers([Answer::Hang]);
    relay.accept(&Post::new(TOKEN, 1));
    relay.world.abandon_work();
    accept_all(&relay, 2..=3);
    relay.advance(19 * SECOND);
    assert_eq!(relay.received(), ids([1, 2, 3]), "the first arrived, but nobody knows");
    relay.advance(2 * SECOND);
    assert_eq!(relay.received(), ids([1, 2, 3, 1]));
    assert_eq!(relay.states(), ["delivered"; 3]);
}

#[test]
fn an_event_at_which_the_destination_hangs_holds_up_no_other_of_a_backlog() {
    let relay = Relay::with(&[("FORWARD_URL", "broken"), ("DELIVERY_BURST", "10")]);
    relay.register(TOKEN);
    accept_all(&relay, 1..=100);
    relay.destination().answers([Answer::Hang]);
    relay.deploy(&[("FORWARD_URL", "https://a.example/")]);
    relay.advance(MINUTE);
    let mut others = relay.received();
    assert_eq!(others.remove(0), "1");
    assert_eq!(others.pop().as_deref(), Some("1"), "the second attempt comes when all others were sent");
    assert_eq!(others, ids(2..=100));
}

#[test]
fn a_slow_destination_does_not_make_the_alarm_ring_without_end() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().delay_millis.set(14_000);
    accept_all(&relay, 1..=10);
    assert_eq!(relay.post(&Post::new("a-guess-of-a-forger", 11)).status, 403);
    let alarms = relay.portal().alarms();
    relay.advance(5 * MINUTE);
    assert_eq!(relay.received(), ids(1..=10));
    let rang = relay.portal().alarms() - alarms;
    assert!(rang <= 16, "once every 20 s at most: {rang}");
}

#[test]
fn an_event_whose_object_is_reset_behind_the_answer_is_forwarded_by_the_alarm() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.advance(HOUR);
    relay.resets_behind_answers.set(true);
    relay.accept(&Post::new(TOKEN, 1));
    assert_eq!(relay.received(), ids([]));
    relay.advance(20 * SECOND);
    assert_eq!(relay.received(), ids([1]));
}

#[test]
fn an_object_that_is_reset_in_the_middle_goes_on_by_its_alarm() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().delay_millis.set(5_000);
    accept_all(&relay, 1..=5);
    relay.advance(7 * SECOND);
    relay.restart();
    relay.advance(2 * MINUTE);
    let received = relay.received();
    let mut arrived = received.clone();
    arrived.dedup();
    arrived.sort();
    arrived.dedup();
    assert_eq!(arrived, ids(1..=5));
    assert!(received.len() <= 10, "repeats are what the cursor in storage was behind: {received:?}");
    assert_eq!(relay.states(), ["delivered"; 5]);
}

#[test]
fn the_list_of_portals_tells_in_the_end_that_nothing_waits() {
    for restarts in [false, true] {
        let relay = Relay::new();
        relay.register(TOKEN);
        relay.destination().always(Answer::Refuse);
        relay.accept(&Post::new(TOKEN, 1));
        relay.advance(2 * MINUTE);
        let listed = relay.get("/portals")["portals"][0].clone();
        assert_eq!(listed["delivery"]["retrying"], 1, "the Directory knows that the portal is busy");
        relay.destination().always(Answer::Status(200));
        if restarts {
            relay.restart();
        }
        relay.advance(HOUR);
        let listed = relay.get("/portals")["portals"][0].clone();
        assert_eq!(listed["delivery"]["retrying"], 0, "restarted: {restarts}");
        assert_eq!(listed["last_seq"], 1, "restarted: {restarts}");
    }
}
