//! More stories with one failure anywhere: many events at once, batches, a dead destination, a replay.
//!
//! Each event is told by its number; several may be about one thing.

use crate::support::destination::Answer;
use crate::support::fault::{Fault, Operation, Then};
use crate::support::post::{MEMBER, Post, TOKEN};
use crate::support::relay::{HOUR, MINUTE, Relay, SECOND};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What is played with a portal that is registered, and what is special about its end.
struct Story {
    variables: &'static [(&'static str, &'static str)],
    /// What goes well before.
    prelude: fn(&Relay),
    /// What is played again for each of its operations.
    play: fn(&Relay),
    /// How many events are logged.
    events: i64,
    /// The number of the event that the destination never takes.
    poison: Option<i64>,
}

/// A thing and the number of an event about it.
type Told = (String, i64);

/// Posts events at once, each about a thing and with a number, and waits for the answers, not for what goes on behind them.
fn accept(relay: &Relay, events: &[(i32, i64)]) {
    let post = |(thing, number): &(i32, i64)| {
        let post = Post { filling: number.to_string(), ..Post::new(TOKEN, *thing) };
        post.named("ONCALENDARENTRYUPDATE").request()
    };
    for answer in relay.world.run_all(events.iter().map(|event| relay.answer(post(event)))) {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

fn told(event: &Value) -> Told {
    let text = |name: &str| event["data"][name].as_str().expect("it is text").to_owned();
    (text("id"), text("filling").parse().expect("it is a number"))
}

/// What is in bodies, in order.
fn told_in<'a>(bodies: impl IntoIterator<Item = &'a str>) -> Vec<Told> {
    let values = bodies.into_iter().map(|body| serde_json::from_str::<Value>(body).expect("a body is JSON"));
    values
        .flat_map(|value| value.as_array().cloned().unwrap_or_else(|| vec![value]))
        .map(|event| told(&event))
        .collect()
}

fn numbers_of(told: &[Told], thing: &str) -> Vec<i64> {
    told.iter().filter(|(about, _)| about == thing).map(|(_, number)| *number).collect()
}

/// Several requests are under way when more comes in, and one of them fails.
fn many_at_once(relay: &Relay) {
    relay.destination().delay_millis.set(50);
    accept(relay, &[(1, 1), (2, 2), (3, 3), (1, 4)]);
    relay.advance(20);
    relay.destination().answers([Answer::Status(500)]);
    accept(relay, &[(2, 5), (4, 6), (1, 7), (5, 8)]);
    relay.advance(HOUR);
}

/// A batch has an event in it that the destination refuses, and is split until that is found.
fn batches(relay: &Relay) {
    relay.destination().delay_millis.set(50);
    relay.destination().dislikes(4, Answer::Status(422));
    accept(relay, &[(1, 1)]);
    accept(relay, &[(2, 2), (3, 3), (4, 4), (2, 5), (5, 6)]);
    relay.advance(SECOND);
    accept(relay, &[(3, 7)]);
    relay.advance(HOUR);
}

/// The destination is down, until that is noticed.
fn an_outage(relay: &Relay) {
    relay.destination().always(Answer::Refuse);
    for number in 1..=7 {
        // The third is about the first thing, and waits behind the first event.
        accept(relay, &[(if number == 3 { 1 } else { number }, number.into())]);
        relay.advance(SECOND);
    }
    relay.advance(MINUTE);
    assert_eq!(relay.status()["delivery"]["circuit"], "outage");
    let stored = relay.portal().storage.rows("SELECT circuit FROM destination");
    assert!(stored.iter().any(|row| row.contains("until")), "it is stored: {stored:?}");
}

/// The object of a destination that is down is reset, knocks in vain, and then finds it well again.
fn a_recovery(relay: &Relay) {
    relay.restart();
    accept(relay, &[(1, 8)]);
    relay.advance(2 * MINUTE);
    relay.restart();
    relay.advance(2 * MINUTE);
    relay.destination().always(Answer::Status(204));
    relay.advance(3 * HOUR);
}

/// Some events that can be sent again.
fn six_events(relay: &Relay) {
    relay.destination().delay_millis.set(20);
    accept(relay, &[(1, 1), (2, 2), (1, 3), (3, 4), (4, 5), (5, 6)]);
    relay.advance(MINUTE);
}

/// All is sent again, slowly, and one event once more; something new comes in between, and something fails.
fn a_replay(relay: &Relay) {
    let again = |path: &str, body: &Value| {
        let answer = relay.admin("POST", &format!("/portals/{MEMBER}{path}"), body);
        assert_eq!(answer.status, 202, "{answer:?}");
    };
    again("/redeliver", &json!({"rate": 2}));
    relay.advance(1_500);
    accept(relay, &[(6, 7)]);
    let log = relay.log();
    let second = log.iter().find(|logged| told(&logged.event).1 == 2).expect("it is logged");
    again(&format!("/events/{}/redeliver", second.event["id"].as_str().expect("it has an id")), &Value::Null);
    relay.destination().answers([Answer::Status(500)]);
    relay.advance(HOUR);
}

/// Nothing.
const fn nothing(_: &Relay) {}

const MANY_AT_ONCE: Story = Story { variables: &[], prelude: nothing, play: many_at_once, events: 8, poison: None };
const BATCHES: Story = Story {
    variables: &[("FORWARD_FORMAT", "batch"), ("RETRY_SCHEDULE", "1,1")],
    prelude: nothing,
    play: batches,
    events: 7,
    poison: Some(4),
};
const A_RECOVERY: Story = Story { variables: &[], prelude: an_outage, play: a_recovery, events: 8, poison: None };
const A_REPLAY: Story = Story { variables: &[], prelude: six_events, play: a_replay, events: 7, poison: None };

impl Story {
    fn begin(&self) -> Relay {
        let relay = Relay::with(self.variables);
        relay.register(TOKEN);
        relay.advance(2 * MINUTE);
        (self.prelude)(&relay);
        relay
    }

    /// Plays it, and some time after it.
    fn play(&self, relay: &Relay) {
        (self.play)(relay);
        relay.restart();
        relay.advance(MINUTE);
    }

    /// What must hold at its end, whatever failed in it. What was taken by the destination.
    fn examine(&self, relay: &Relay, case: &str) -> Vec<i64> {
        let log = relay.log();
        let logged: Vec<Told> = log.iter().map(|logged| told(&logged.event)).collect();
        let places: Vec<i64> = log.iter().map(|logged| logged.seq).collect();
        assert_eq!(places, (1..=self.events).collect::<Vec<_>>(), "{case}: places have no gaps");
        let once: BTreeSet<i64> = logged.iter().map(|(_, number)| *number).collect();
        assert_eq!(once, (1..=self.events).collect(), "{case}: each is logged once");

        let received = relay.destination().received();
        let received: BTreeSet<Told> =
            told_in(received.iter().map(|request| request.body.as_str())).into_iter().collect();
        assert!(received.iter().all(|event| logged.contains(event)), "{case}: nothing is forwarded that was not taken");
        let accepted = relay.destination().accepted();
        let accepted = told_in(accepted.iter().map(|request| request.body.as_str()));
        let things: BTreeSet<&str> = logged.iter().map(|(thing, _)| thing.as_str()).collect();
        for thing in things {
            let mut expected = numbers_of(&logged, thing);
            expected.retain(|number| Some(*number) != self.poison);
            let arrived = numbers_of(&accepted, thing);
            let mut first = Vec::new();
            for number in &arrived {
                if !first.contains(number) {
                    first.push(*number);
                }
            }
            assert_eq!(first, expected, "{case}: what arrived of thing {thing}, in order");
            assert_eq!(arrived.last(), expected.last(), "{case}: the newest of thing {thing} stands");
        }

        let mut delivery = relay.status()["delivery"].clone();
        // Counters may be some behind after a crash, and a reset object has forgotten what it last saw.
        for counter in ["totals", "latency", "last_error"] {
            delivery.as_object_mut().expect("it is an object").remove(counter);
        }
        let failed = i64::from(self.poison.is_some());
        let expected = json!({"cursor": self.events, "pending": 0, "retrying": 0, "failed": failed});
        assert_eq!(delivery, expected, "{case}: nothing waits, and no circuit is open");
        let states: BTreeMap<i64, &str> =
            log.iter().map(|logged| (told(&logged.event).1, logged.state.as_str())).collect();
        for (number, state) in states {
            let expected = if Some(number) == self.poison { "failed" } else { "delivered" };
            assert_eq!(state, expected, "{case}: event {number}");
        }
        assert_eq!(
            relay.get(&format!("/portals/{MEMBER}/redeliver"))["replays"],
            json!([]),
            "{case}: no replay is left"
        );
        assert_eq!(relay.portal().storage.rows("SELECT * FROM replay"), [""; 0], "{case}: no replay is stored");
        accepted.into_iter().map(|(_, number)| number).collect()
    }

    /// Every failure of its operations, one at a time. `examine` tells what must hold besides.
    fn fail_each(&self, examine: impl Fn(&str, &[i64])) {
        let (begun, story) = (self.begin(), self.begin());
        self.play(&story);
        let (before, counts) = (begun.faults().counts(), story.faults().counts());
        examine("no failure", &self.examine(&story, "no failure"));
        let mut cases = 0;
        for (operation, then) in [
            (Operation::Write, Then::Error),
            (Operation::Transaction, Then::Error),
            (Operation::Commit, Then::Reset),
            (Operation::AlarmSet, Then::Error),
            (Operation::CallPortal, Then::Error),
            (Operation::CallDirectory, Then::Error),
            (Operation::Send, Then::Error),
            (Operation::Send, Then::Reset),
        ] {
            let count = |counts: &BTreeMap<Operation, usize>| counts.get(&operation).copied().unwrap_or(0);
            let numbers = count(&before) + 1..=count(&counts);
            for (number, persisted) in numbers.flat_map(|number| [(number, false), (number, true)]) {
                let (relay, fault) = (self.begin(), Fault { operation, number, persisted, then });
                relay.faults().plan(fault);
                let case = format!("{fault:?}");
                self.play(&relay);
                assert_eq!(relay.faults().struck(), 1, "{case} came about");
                examine(&case, &self.examine(&relay, &case));
                cases += 1;
            }
        }
        println!("{cases} failures");
    }
}

#[test]
fn many_events_at_once_survive_any_failure() {
    let story = MANY_AT_ONCE.begin();
    MANY_AT_ONCE.play(&story);
    assert_eq!(story.destination().most_under_way(), 4, "so many requests were under way at once");
    MANY_AT_ONCE.fail_each(|_, _| ());
}

#[test]
fn a_batch_that_is_split_survives_any_failure() {
    let story = BATCHES.begin();
    BATCHES.play(&story);
    let sizes: Vec<usize> =
        story.destination().received().iter().map(|request| told_in([request.body.as_str()]).len()).collect();
    assert!(sizes.contains(&3), "it was split: {sizes:?}");
    BATCHES.fail_each(|_, _| ());
}

#[test]
fn an_open_circuit_survives_any_failure_and_closes() {
    A_RECOVERY.fail_each(|_, _| ());
}

#[test]
fn a_replay_survives_any_failure_and_ends() {
    A_REPLAY.fail_each(|case, accepted| {
        for number in 1..=6 {
            let times = accepted.iter().filter(|accepted| **accepted == number).count();
            assert!(times >= 2, "{case}: event {number} arrived {times} times");
        }
        assert!(accepted.len() <= 7 + 6 + 1 + 6, "{case}: few repeats: {accepted:?}");
    });
}
