//! What became of deliveries is counted, and how long they took.

use crate::support::destination::Answer;
use crate::support::post::{MEMBER, Post, TOKEN};
use crate::support::relay::{HOUR, Relay, SECOND};
use serde_json::{Value, json};

/// How many deliveries took up to so many seconds and longer than the bound before, where there were any.
fn latencies(relay: &Relay) -> Vec<(f64, i64)> {
    let latency = relay.status()["delivery"]["latency"].clone();
    let list = |name: &str| latency[name].as_array().cloned().unwrap_or_default();
    let bounds = list("le_seconds").into_iter().map(|bound| bound.as_f64().expect("it is a number"));
    let counts = list("counts").into_iter().map(|count| count.as_i64().expect("it is a number"));
    bounds.chain([f64::INFINITY]).zip(counts).filter(|(_, count)| *count > 0).collect()
}

fn totals(relay: &Relay) -> Value {
    relay.status()["delivery"]["totals"].clone()
}

fn relay() -> Relay {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.advance(HOUR);
    relay
}

#[test]
fn a_delivery_is_counted_with_the_time_that_it_took_from_the_log() {
    let relay = relay();
    relay.destination().delay_millis.set(300);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(SECOND);
    assert_eq!(latencies(&relay), [(0.5, 1)]);
    assert_eq!(relay.status()["delivery"]["latency"]["sum_seconds"], 0.3);
    assert_eq!(totals(&relay), json!({"delivered": 1, "retried": 0, "failed": 0}));
    relay.restart();
    assert_eq!(latencies(&relay), [(0.5, 1)], "an object that starts anew knows it");
}

#[test]
fn a_retry_that_ends_well_counts_as_slow_even_where_the_object_slept_meanwhile() {
    let relay = relay();
    relay.destination().answers([Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 1));
    relay.restart();
    relay.advance(7 * SECOND);
    relay.restart();
    assert_eq!(latencies(&relay), [(10.0, 1)]);
    assert_eq!(totals(&relay), json!({"delivered": 1, "retried": 1, "failed": 0}));
}

/// Where an attempt alone changes how a delivery stands, its row has the counts too, and there is none besides.
#[test]
fn counting_a_retry_costs_no_row() {
    let relay = relay();
    relay.destination().answers([Answer::Status(500), Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(SECOND);
    let row =
        || relay.portal().storage.query("SELECT cursor, circuit, tally FROM destination", &[]).expect("it is read");
    let before = row();
    relay.advance(HOUR);
    assert_eq!(row(), before);
    relay.restart();
    assert_eq!(totals(&relay), json!({"delivered": 1, "retried": 2, "failed": 0}));
    assert_eq!(latencies(&relay).iter().map(|(_, count)| count).sum::<i64>(), 1);
}

#[test]
fn an_object_that_starts_anew_between_two_attempts_knows_both() {
    let relay = relay();
    relay.destination().answers([Answer::Status(500), Answer::Status(500), Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 1));
    for _ in 0..60 {
        relay.advance(HOUR / 30);
        relay.restart();
    }
    assert_eq!(totals(&relay), json!({"delivered": 1, "retried": 3, "failed": 0}));
    relay.accept(&Post::new(TOKEN, 2));
    relay.advance(HOUR);
    relay.restart();
    assert_eq!(totals(&relay)["delivered"], 2, "the destination's own row has later ones then");
}

#[test]
fn what_is_given_up_is_counted_and_took_no_time() {
    let relay = Relay::with(&[("RETRY_SCHEDULE", "5,100")]);
    relay.register(TOKEN);
    relay.destination().always(Answer::Status(500));
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(HOUR);
    relay.restart();
    assert_eq!(totals(&relay), json!({"delivered": 0, "retried": 3, "failed": 1}));
    assert_eq!(latencies(&relay), []);
}

#[test]
fn what_is_sent_again_is_delivered_but_was_not_slow() {
    let relay = relay();
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(HOUR);
    let answer = relay.admin("POST", &format!("/portals/{MEMBER}/redeliver"), &json!({}));
    assert_eq!(answer.status, 202, "{answer:?}");
    relay.advance(HOUR);
    assert_eq!(totals(&relay)["delivered"], 2);
    assert_eq!(latencies(&relay).iter().map(|(_, count)| count).sum::<i64>(), 1);
}

#[test]
fn every_event_of_a_batch_counts() {
    let relay = Relay::with(&[("FORWARD_FORMAT", "batch")]);
    relay.register(TOKEN);
    relay.destination().delay_millis.set(50);
    relay.accept_at_once((1..=20).map(|number| Post::new(TOKEN, number)));
    relay.advance(HOUR);
    assert!(relay.destination().received().len() < 20, "they came in batches");
    assert_eq!(totals(&relay), json!({"delivered": 20, "retried": 0, "failed": 0}));
    assert_eq!(latencies(&relay).iter().map(|(_, count)| count).sum::<i64>(), 20);
}

#[test]
fn a_database_from_before_there_were_counts_is_read() {
    let relay = relay();
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(HOUR);
    // What was added since goes with it.
    let undo = [
        "ALTER TABLE destination DROP COLUMN tally",
        "ALTER TABLE delivery DROP COLUMN tally",
        "ALTER TABLE delivery DROP COLUMN outcomes",
        "DROP TABLE drained",
        "ALTER TABLE portal DROP COLUMN revoked",
        "UPDATE schema_version SET version = 8",
    ];
    for statement in undo {
        relay.portal().storage.run(statement);
    }
    relay.restart();
    relay.accept(&Post::new(TOKEN, 2));
    relay.advance(HOUR);
    assert_eq!(totals(&relay)["delivered"], 1, "it counts from now on");
}
