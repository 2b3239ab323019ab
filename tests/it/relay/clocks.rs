//! The clock steps back: nothing is lost or logged twice, and what waits for its time waits for longer by as much.

use crate::support::destination::Answer;
use crate::support::fault::{Fault, Operation, Then};
use crate::support::post::{OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{DAY, HOUR, MINUTE, Relay, SECOND, ids};
use crate::support::world::UnderWay;
use std::collections::BTreeSet;
use std::rc::Rc;

const VAULT_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

fn post(relay: &Relay, token: &str, number: i32, status: u16) {
    assert_eq!(relay.post(&Post::new(token, number)).status, status, "event {number}");
}

/// A portal is unknown, registers, is busy; an event is held, one fails, two wait in KV, and one of these was logged.
const STORY: [fn(&Relay); 13] = [
    |relay| post(relay, TOKEN, 1, 202),
    |relay| drop(relay.register(TOKEN)),
    |relay| post(relay, TOKEN, 2, 200),
    |relay| post(relay, OTHER_TOKEN, 3, 403),
    |relay| relay.register_webhook(OTHER_TOKEN),
    |relay| {
        relay.destination().answers([Answer::Status(500)]);
        post(relay, TOKEN, 4, 200);
    },
    |relay| {
        relay.faults().plan_next(Operation::CallPortal, 3, false, Then::Error);
        post(relay, TOKEN, 5, 202);
    },
    Relay::restart,
    |relay| post(relay, TOKEN, 6, 200),
    Relay::run_jobs,
    |relay| {
        relay.faults().plan_next(Operation::CallPortal, 1, true, Then::Error);
        post(relay, TOKEN, 7, 200);
    },
    |relay| {
        relay.faults().plan_next(Operation::CallPortal, 1, true, Then::Hang);
        post(relay, TOKEN, 8, 202);
    },
    |relay| post(relay, OTHER_TOKEN, 9, 200),
];

#[test]
fn a_clock_that_steps_back_loses_and_doubles_nothing() {
    for by in [SECOND, 10 * MINUTE, 12 * HOUR] {
        for position in 0..STORY.len() {
            let relay = Relay::with(&[("VAULT_KEY", VAULT_KEY), ("RETRY_SCHEDULE", "60,60,60")]);
            for (number, step) in STORY.iter().enumerate() {
                if number == position {
                    relay.world.step_back(by);
                }
                step(&relay);
                relay.advance(10 * SECOND);
            }
            relay.advance_with_cron(DAY);
            let case = format!("{by} ms back before step {position}");
            let log = relay.log();
            assert_eq!(log.len(), 9, "{case}: {:?}", relay.logged());
            assert!(log.iter().zip(1..).all(|(logged, place)| logged.seq == place), "{case}: places have no gaps");
            for seen in [relay.logged(), relay.received()] {
                let seen: BTreeSet<String> = seen.into_iter().collect();
                assert_eq!(seen, ids(1..=9).into_iter().collect(), "{case}");
            }
            let times = relay.portal().storage.rows("SELECT logged_at FROM log ORDER BY seq");
            assert!(times.is_sorted(), "{case}: a time is found by halving: {times:?}");
            assert_eq!(relay.status()["delivery"]["pending"], 0, "{case}");
            assert_eq!(relay.kv().keys("spill:"), [""; 0], "{case}");
        }
    }
}

/// The alarm of a portal stands by the clock as it was; a new event sets an earlier one.
#[test]
fn an_event_after_the_step_is_delivered_at_once_and_looked_after_in_time() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.world.step_back(DAY);
    relay.destination().delay_millis.set(50);
    let answer = relay.world.run(relay.answer(Post::new(TOKEN, 2).request()));
    assert_eq!(answer.status, 200);
    // What works behind the answer vanishes; only an alarm can notice.
    relay.world.abandon_work();
    relay.advance(MINUTE);
    assert_eq!(relay.received(), ids([1, 2]));
}

/// Events are held by numbers that grow, and a release drops them by the highest: an object that starts anew with a clock that
/// stepped back must not give a lower one.
#[test]
fn held_events_are_released_in_order_and_none_is_taken_for_a_released_one_when_the_clock_steps_back() {
    for by in [SECOND, 10 * MINUTE, 12 * HOUR] {
        let relay = Rc::new(Relay::new());
        let (directory, step_back) = (relay.world.directory(), || {
            relay.world.step_back(by);
            relay.restart();
        });
        post(&relay, TOKEN, 1, 202);
        relay.world.step_back(by);
        post(&relay, TOKEN, 2, 202);
        step_back();
        post(&relay, TOKEN, 3, 202);
        // It has learned that nobody knows the portal, and comes late.
        relay
            .world
            .gates
            .close(|operation, what| operation == Operation::CallDirectory && what.starts_with("{\"Hold\""));
        let (worker, late) = (Rc::clone(&relay), Post::new(TOKEN, 4).request());
        let mut posts = [UnderWay::new(async move { worker.answer(late).await })];
        relay.world.settle_with(&mut posts, 0);
        relay.register(TOKEN);
        assert_eq!(directory.storage.rows("SELECT * FROM held"), [""; 0], "what is released is dropped");
        relay.world.step_back(by);
        directory.end(true);
        let waiting = relay.world.gates.find(|_, _| true).expect("it waits before the Directory");
        relay.world.gates.let_go(waiting, None);
        relay.world.settle_with(&mut posts, 0);
        assert_eq!(posts[0].value.as_ref().map(|answer| answer.status), Some(202));
        relay.advance_with_cron(DAY);
        assert_eq!((relay.logged(), relay.received()), (ids(1..=4), ids(1..=4)), "{by} ms back");
    }
}

/// Of two calls to hold an event the first was answered in vain, and another event was held between them.
#[test]
fn an_event_is_not_held_twice_when_the_clock_steps_back_between_two_calls() {
    let relay = Rc::new(Relay::new());
    relay.world.gates.close(|operation, what| operation == Operation::CallDirectory && what.starts_with("{\"Hold\""));
    let ask = |number| {
        let (worker, request) = (Rc::clone(&relay), Post::new(TOKEN, number).request());
        UnderWay::new(async move { worker.answer(request).await })
    };
    let newest = || relay.world.gates.waiting().last().map(|(number, ..)| *number).expect("a call waits");
    let mut posts = [ask(1)];
    relay.world.settle_with(&mut posts, 0);
    let lost = Fault { operation: Operation::CallDirectory, number: 0, persisted: true, then: Then::Error };
    relay.world.gates.let_go(newest(), Some(lost));
    relay.world.settle_with(&mut posts, SECOND);
    let second_call = newest();
    relay.world.step_back(10 * MINUTE);
    let mut others = [ask(2)];
    relay.world.settle_with(&mut others, 0);
    relay.world.gates.let_go(newest(), None);
    relay.world.settle_with(&mut others, 0);
    relay.world.gates.let_go(second_call, None);
    relay.world.settle_with(&mut posts, 0);
    for answered in posts.iter().chain(&others) {
        assert_eq!(answered.value.as_ref().map(|answer| answer.status), Some(202));
    }
    relay.register(TOKEN);
    relay.advance(5 * MINUTE);
    assert_eq!(relay.logged(), ids([1, 2]));
}
