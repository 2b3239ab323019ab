//! Deliveries that fail are tried again, on the schedule.

use crate::support::destination::Answer;
use crate::support::post::{OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{HOUR, MINUTE, Relay, SECOND, ids};

#[test]
fn a_delivery_that_failed_does_not_hold_up_the_next() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().answers([Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 1));
    relay.accept(&Post::new(TOKEN, 2));
    assert_eq!(relay.received(), ids([1, 2]));
    assert_eq!(relay.states(), ["retrying", "delivered"]);
    let delivery = relay.status()["delivery"].clone();
    assert_eq!((&delivery["retrying"], &delivery["last_error"]), (&1.into(), &"the destination answered 500".into()));
    relay.advance(7 * SECOND);
    assert_eq!(relay.received(), ids([1, 2, 1]));
    assert_eq!(relay.states(), ["delivered"; 2]);
    let received = relay.destination().received();
    let webhook_id = |at: usize| received[at].headers.iter().find(|(name, _)| *name == "webhook-id").cloned();
    assert_eq!(webhook_id(0), webhook_id(2), "a repeat is known by its id");
}

#[test]
fn any_answer_but_2xx_and_no_answer_are_failures() {
    for answer in [Answer::Status(302), Answer::Status(404), Answer::Refuse, Answer::Hang] {
        let relay = Relay::new();
        relay.register(TOKEN);
        relay.destination().answers([answer.clone()]);
        relay.accept(&Post::new(TOKEN, 1));
        relay.advance(16 * SECOND);
        assert_eq!(relay.status()["delivery"]["failed"], 0, "{answer:?}");
        assert!(!relay.lines("delivery failed").is_empty(), "{answer:?}");
        relay.advance(MINUTE);
        assert_eq!(relay.states(), ["delivered"], "{answer:?}");
    }
}

#[test]
fn after_the_last_attempt_a_delivery_is_failed_and_the_rest_goes_on() {
    let relay = Relay::with(&[("RETRY_SCHEDULE", "5,100")]);
    relay.register(TOKEN);
    relay.destination().always(Answer::Status(500));
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(HOUR);
    assert_eq!(relay.received(), ids([1, 1, 1]), "one attempt, and one for each pause of the schedule");
    assert_eq!(relay.states(), ["failed"]);
    let delivery = relay.status()["delivery"].clone();
    assert_eq!((&delivery["failed"], &delivery["last_error"]), (&1.into(), &"the destination answered 500".into()));
    relay.destination().always(Answer::Status(204));
    relay.accept(&Post::new(TOKEN, 2));
    assert_eq!(relay.states(), ["failed", "delivered"]);
}

#[test]
fn attempts_keep_their_pauses_with_a_fifth_of_jitter() {
    let relay = Relay::with(&[("RETRY_SCHEDULE", "100,1000")]);
    relay.register(TOKEN);
    relay.destination().always(Answer::Refuse);
    relay.accept(&Post::new(TOKEN, 1));
    let attempts = || relay.lines("delivery failed").len();
    relay.advance(79 * SECOND);
    assert_eq!(attempts(), 1);
    relay.advance(41 * SECOND);
    assert_eq!(attempts(), 2);
    relay.advance(679 * SECOND);
    assert_eq!(attempts(), 2);
    relay.advance(521 * SECOND);
    assert_eq!(attempts(), 3);
}

#[test]
fn a_destination_that_asks_to_wait_is_heard() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().answers([Answer::Busy("120")]);
    relay.accept(&Post::new(TOKEN, 1));
    relay.accept(&Post::new(TOKEN, 2));
    relay.restart();
    relay.accept(&Post::new(TOKEN, 3));
    relay.advance(119 * SECOND);
    assert_eq!(relay.received(), ids([1]), "no event is sent meanwhile, be it another one, or after a restart");
    assert_eq!(relay.status()["delivery"]["circuit"], "throttled");
    relay.advance(25 * SECOND);
    assert_eq!(relay.received(), ids([1, 1, 2, 3]), "not before, and a fifth later at most");
    assert_eq!(relay.status()["delivery"]["failed"], 0);
}

#[test]
fn a_broken_configuration_costs_no_attempt_of_what_is_due_again() {
    let relay = Relay::with(&[("RETRY_SCHEDULE", "60")]);
    relay.register(TOKEN);
    relay.destination().answers([Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 1));
    relay.deploy(&[("FORWARD_SECRET", "")]);
    relay.advance(2 * MINUTE);
    // It has something else to do, and must not try the event on that occasion.
    relay.register_webhook(OTHER_TOKEN);
    relay.accept(&Post::new(TOKEN, 2));
    relay.advance(2 * MINUTE);
    relay.deploy(&[("FORWARD_SECRET", crate::support::relay::FORWARD_SECRET)]);
    relay.advance(2 * MINUTE);
    assert_eq!(relay.states(), ["delivered"; 2]);
    assert_eq!(relay.lines("delivery impossible").len(), 0);
}

#[test]
fn what_is_due_again_goes_on_within_a_minute_of_a_variable_being_mended() {
    let relay = Relay::with(&[("RETRY_SCHEDULE", "60")]);
    relay.register(TOKEN);
    relay.destination().answers([Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 1));
    relay.deploy(&[("FORWARD_URL", "broken")]);
    relay.advance(HOUR);
    relay.deploy(&[("FORWARD_URL", crate::support::relay::FORWARD_URL)]);
    relay.advance(MINUTE);
    assert_eq!(relay.states(), ["delivered"], "no request is needed to wake it");
}

#[test]
fn an_outage_of_hours_loses_nothing() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().always(Answer::Refuse);
    for number in 1..=100 {
        relay.accept(&Post::new(TOKEN, number));
        relay.advance(MINUTE);
    }
    assert_eq!(relay.states(), ["pending"; 100], "no attempt is held against an event");
    relay.destination().always(Answer::Status(200));
    relay.advance(24 * HOUR);
    assert_eq!(relay.states(), ["delivered"; 100]);
    let mut received = relay.received();
    assert_eq!(received.len(), 100);
    // One of the oldest was the probe that found the destination back.
    received.sort_by_key(|id| id.parse::<i32>().ok());
    assert_eq!(received, ids(1..=100));
}

#[test]
fn a_short_outage_keeps_the_order_of_the_log() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.destination().always(Answer::Status(503));
    for number in 2..=20 {
        relay.accept(&Post::new(TOKEN, number));
    }
    relay.advance(2 * MINUTE);
    relay.restart();
    relay.destination().always(Answer::Status(200));
    relay.advance(HOUR);
    let mut arrived = relay.destination().accepted_ids();
    arrived.dedup();
    assert_eq!(arrived, ids(1..=20));
}

#[test]
fn an_event_that_was_given_up_before_the_outage_was_noticed_arrives_when_it_is_over() {
    let relay = Relay::with(&[("RETRY_SCHEDULE", "1")]);
    relay.register(TOKEN);
    relay.destination().always(Answer::Refuse);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(MINUTE);
    assert_eq!(relay.states(), ["failed"]);
    for number in 2..=6 {
        relay.accept(&Post::new(TOKEN, number));
    }
    relay.destination().always(Answer::Status(204));
    relay.advance(HOUR);
    assert_eq!(relay.states(), ["delivered"; 6]);
    assert_eq!(relay.received(), ids(1..=6), "in the order of the log");
}

#[test]
fn an_outage_sends_nothing_again_that_arrived_long_before_it() {
    let relay = Relay::with(&[("RETRY_SCHEDULE", "3600,60")]);
    relay.register(TOKEN);
    relay.destination().answers([Answer::Status(500)]);
    for number in (1..=1).chain(1..=50) {
        relay.accept(&Post::new(TOKEN, number));
    }
    // The first attempt of what waited behind the other falls into an outage.
    relay.destination().answers([Answer::Status(204), Answer::Status(503)]);
    relay.advance(73 * MINUTE);
    assert_eq!(relay.states()[..2], ["delivered", "retrying"]);
    relay.destination().always(Answer::Status(503));
    for number in 51..=60 {
        relay.accept(&Post::new(TOKEN, number));
    }
    assert_eq!(relay.status()["delivery"]["circuit"], "outage");
    assert_eq!(relay.states()[..3], ["delivered", "retrying", "delivered"]);
    relay.destination().always(Answer::Status(204));
    relay.advance(HOUR);
    let mut arrived = relay.destination().accepted_ids();
    arrived.sort_by_key(|id| id.parse::<i32>().ok());
    assert_eq!(arrived, ids((1..=1).chain(1..=60)), "each once");
    assert_eq!(relay.states(), ["delivered"; 61]);
}
