//! Requests that meet inside an object: whatever the moment, nothing is lost and nothing is logged twice.

use crate::support::fault::{Fault, LATE_MILLIS, Operation, Then};
use crate::support::post::{OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{Answer, MINUTE, Relay, SECOND, ids};
use crate::support::world::UnderWay;
use futures_util::future::join;
use serde_json::json;
use std::rc::Rc;

/// More turns than any request takes.
const TURNS: usize = 40;

/// Sends two requests, the second so many turns behind the first.
fn meet(
    relay: &Relay,
    first: crate::support::post::Request,
    turns: usize,
    second: crate::support::post::Request,
) -> (Answer, Answer) {
    let later = async {
        for _ in 0..turns {
            relay.world.pause().await;
        }
        relay.answer(second).await
    };
    let answers = relay.world.run(join(relay.answer(first), later));
    relay.world.settle();
    answers
}

/// An event and the registration of its token, in either order. What the event was answered.
fn post_meets_registration(relay: &Relay, turns: usize, is_post_first: bool) -> Answer {
    let (post, register) = (Post::new(TOKEN, 1).request(), Relay::registration(TOKEN));
    let (posted, registered) = if is_post_first {
        meet(relay, post, turns, register)
    } else {
        let (registered, posted) = meet(relay, register, turns, post);
        (posted, registered)
    };
    assert_eq!(registered.status, 200);
    posted
}

#[test]
fn an_event_that_meets_the_registration_of_its_portal_is_not_lost() {
    for turns in 0..TURNS {
        for is_post_first in [false, true] {
            let relay = Relay::new();
            let posted = post_meets_registration(&relay, turns, is_post_first);
            assert!([200, 202].contains(&posted.status), "{posted:?}");
            relay.advance(5 * MINUTE);
            assert_eq!(relay.logged(), ids([1]), "{turns} turns, the event first: {is_post_first}");
            assert_eq!(relay.received(), ids([1]));
        }
    }
}

/// Within one millisecond the Directory holds an event, drops it since it was released, and holds another.
#[test]
fn an_event_that_is_held_behind_a_released_one_is_not_taken_for_it() {
    let relay = Rc::new(Relay::new());
    relay.post(&Post::new(TOKEN, 1));
    relay.world.gates.close(|operation, what| operation == Operation::CallDirectory && what.starts_with("{\"Hold\""));
    let (worker, post) = (Rc::clone(&relay), Post::new(TOKEN, 2).request());
    let mut posts = [UnderWay::new(async move { worker.answer(post).await })];
    relay.world.settle_with(&mut posts, 0);
    relay.register(TOKEN);
    let waiting = relay.world.gates.find(|_, _| true).expect("the second event waits before the Directory");
    relay.world.gates.let_go(waiting, None);
    relay.world.settle_with(&mut posts, 0);
    assert_eq!(posts[0].value.as_ref().map(|answer| answer.status), Some(202));
    relay.advance(5 * MINUTE);
    assert_eq!(relay.logged(), ids([1, 2]));
}

/// The Directory holds it, its answer is lost, it is released, and the Worker has it held once more.
#[test]
fn an_event_that_is_held_again_after_its_release_is_logged_once() {
    for turns in 0..TURNS {
        let relay = Relay::new();
        relay.faults().plan_next(Operation::CallDirectory, 1, true, Then::Error);
        let (posted, registered) = meet(&relay, Post::new(TOKEN, 1).request(), turns, Relay::registration(TOKEN));
        assert_eq!(registered.status, 200);
        assert!([200, 202].contains(&posted.status), "{posted:?}");
        relay.advance(5 * MINUTE);
        assert_eq!(relay.logged(), ids([1]), "{turns} turns");
    }
}

/// A token was registered, and the object reset before the Directory had dropped what is logged. Somebody registers it again, and
/// learns late what the Directory held; meanwhile it has dropped it, and storage knows nothing of the release any more.
#[test]
fn a_release_that_is_settled_while_somebody_registers_is_not_forgotten() {
    let relay = Rc::new(Relay::new());
    relay.post(&Post::new(TOKEN, 1));
    relay.world.gates.close(|_, what| what.starts_with("{\"HeldEvents") || what.starts_with("{\"DropHeld"));
    let find = |what: &str| relay.world.gates.find(|_, command| command.starts_with(what));
    let let_go = |what: &str, fault: Option<Fault>| {
        relay.world.gates.let_go(find(what).unwrap_or_else(|| panic!("nobody waits for {what}")), fault);
    };
    let register = || {
        let worker = Rc::clone(&relay);
        UnderWay::new(async move { worker.answer(Relay::registration(TOKEN)).await })
    };
    let mut registrations = [register()];
    relay.world.settle_with(&mut registrations, 0);
    let_go("{\"HeldEvents", None);
    relay.world.settle_with(&mut registrations, 0);
    assert_eq!(registrations[0].value.as_ref().map(|answer| answer.status), Some(200));
    relay.advance(2 * MINUTE);
    relay.portal().end(true);
    let noticed_after = (0..60).find(|_| {
        relay.advance(SECOND);
        find("{\"DropHeld").is_some()
    });
    assert!(noticed_after.is_some(), "the alarm does not go on with the release");

    let mut registrations = [register()];
    relay.world.settle_with(&mut registrations, 0);
    let late = Fault { operation: Operation::CallDirectory, number: 0, persisted: true, then: Then::Late };
    let_go("{\"HeldEvents", Some(late));
    relay.world.settle_with(&mut registrations, 0);
    let_go("{\"DropHeld", None);
    relay.world.settle_with(&mut registrations, 0);
    let_go("{\"HeldEvents", None);
    relay.world.settle_with(&mut registrations, LATE_MILLIS.into());
    assert_eq!(registrations[0].value.as_ref().map(|answer| answer.status), Some(200));
    assert_eq!(relay.logged(), ids([1]));
}

#[test]
fn an_event_that_meets_the_registration_of_its_token_is_not_lost() {
    for turns in 0..TURNS {
        for is_post_first in [false, true] {
            let relay = Relay::new();
            relay.register_webhook(OTHER_TOKEN);
            let posted = post_meets_registration(&relay, turns, is_post_first);
            assert!([200, 403].contains(&posted.status), "{posted:?}");
            relay.advance(5 * MINUTE);
            assert_eq!(relay.logged(), ids([1]), "{turns} turns, the event first: {is_post_first}");
            assert_eq!(relay.status()["held"], json!([]));
        }
    }
}

#[test]
fn two_registrations_at_once_log_held_events_once() {
    for turns in 0..TURNS {
        let relay = Relay::new();
        for number in 1..=3 {
            relay.post(&Post::new(TOKEN, number));
        }
        let (first, second) = meet(&relay, Relay::registration(TOKEN), turns, Relay::registration(TOKEN));
        assert_eq!((first.status, second.status), (200, 200));
        relay.advance(MINUTE);
        assert_eq!(relay.logged(), ids([1, 2, 3]), "{turns} turns");
        assert_eq!(relay.received(), ids([1, 2, 3]), "{turns} turns");
    }
}

#[test]
fn two_tokens_that_are_registered_at_once_are_both_told_to_kv() {
    for turns in 0..TURNS {
        let relay = Relay::new();
        let (first, second) = meet(&relay, Relay::registration(TOKEN), turns, Relay::registration(OTHER_TOKEN));
        assert_eq!((first.status, second.status), (200, 200));
        relay.advance(MINUTE);
        let status = relay.status();
        assert_eq!(status["tokens"].as_array().map(Vec::len), Some(2));
        let record = relay.record().unwrap();
        assert_eq!(record["tokens"], status["tokens"], "{turns} turns");
    }
}

/// A registration waits for the Directory; meanwhile storage fails another request, and memory is thrown away.
#[test]
fn a_registration_that_meets_a_failure_of_storage_forgets_nothing() {
    for turns in 0..TURNS {
        for is_post_first in [false, true] {
            let relay = Relay::new();
            relay.register(TOKEN);
            for number in 1..=3 {
                relay.accept(&Post::new(TOKEN, number));
            }
            relay.faults().plan_next(Operation::Write, 1, false, Then::Error);
            let (post, register) = (Post::new(TOKEN, 4).request(), Relay::registration(OTHER_TOKEN));
            let (first, second) =
                if is_post_first { meet(&relay, post, turns, register) } else { meet(&relay, register, turns, post) };
            let case = format!("{turns} turns, the event first: {is_post_first}");
            assert_eq!((first.status, second.status), (200, 200), "{case}");
            relay.advance(MINUTE);
            assert_eq!(relay.accept(&Post::new(TOKEN, 5)), 5, "{case}");
            assert_eq!(relay.accept(&Post::new(OTHER_TOKEN, 6)), 6, "{case}");
            assert_eq!(relay.logged(), ids(1..=6), "{case}");
            assert_eq!(relay.received(), ids(1..=6), "{case}: nothing is forwarded again");
        }
    }
}

#[test]
fn events_at_once_are_logged_without_gaps_and_forwarded_in_the_order_of_the_log() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().delay_millis.set(10);
    relay.accept_at_once((1..=50).map(|number| Post::new(TOKEN, number)));
    relay.advance(MINUTE);
    let log = relay.log();
    assert_eq!(log.iter().map(|logged| logged.seq).collect::<Vec<_>>(), (1..=50).collect::<Vec<i64>>());
    assert_eq!(relay.received(), relay.logged());
}
