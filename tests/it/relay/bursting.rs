//! Events that come at once: while the portal's object is asked about one, the others wait and go together in the next call.

use crate::support::fault::{Fault, Operation, Then};
use crate::support::post::{OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{Answer, Relay, SECOND, ids};
use futures_util::future::{Either, join, join_all, join3, select};
use std::collections::BTreeSet;
use std::pin::pin;

/// As many as one call takes at most.
const A_FULL_CALL: i32 = 128;
/// Turns until the first of a burst has called the object, and no answer has come.
const TURNS_INTO_THE_CALL: usize = 3;

/// Sends events at once. Their answers, in the same order.
fn burst(relay: &Relay, posts: &[Post]) -> Vec<Answer> {
    let answers = relay.world.run_all(posts.iter().map(|post| relay.answer(post.request())));
    relay.world.settle();
    answers
}

fn posts(numbers: impl IntoIterator<Item = i32>) -> Vec<Post> {
    numbers.into_iter().map(|number| Post::new(TOKEN, number)).collect()
}

/// A registered portal whose object is awake.
fn registered() -> Relay {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 0));
    relay
}

fn places(answers: &[Answer]) -> Vec<i64> {
    answers.iter().map(|answer| answer.json()["seq"].as_i64().expect("an accepted event has a place")).collect()
}

#[test]
fn a_burst_costs_two_calls_and_every_event_is_answered_with_its_own_place() {
    let relay = registered();
    let before = relay.faults().count(Operation::CallPortal);
    let answers = burst(&relay, &posts(1..=100));
    assert_eq!(relay.faults().count(Operation::CallPortal) - before, 2);
    assert_eq!(places(&answers), (2..=101).collect::<Vec<_>>());
    assert_eq!(relay.logged(), ids(0..=100));
    let told: BTreeSet<String> = answers.iter().map(|answer| answer.json()["id"].to_string()).collect();
    assert_eq!(told.len(), 100, "each has an id of its own");
}

#[test]
fn a_burst_that_is_too_long_for_one_call_is_logged_whole() {
    let relay = registered();
    let before = relay.faults().count(Operation::CallPortal);
    let answers = burst(&relay, &posts(1..=3 * A_FULL_CALL));
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(relay.faults().count(Operation::CallPortal) - before, 4);
    assert_eq!(relay.logged(), ids(0..=3 * A_FULL_CALL));
}

/// Each of its events may be in the log already, behind all that the last minute brought.
#[test]
fn a_full_call_that_is_repeated_looks_through_the_log_once() {
    const EARLIER: i32 = 1_000;
    for is_logged in [true, false] {
        let relay = Relay::with(&[("FORWARD_URL", "")]);
        relay.register(TOKEN);
        relay.accept(&Post::new(TOKEN, 0));
        burst(&relay, &posts(1..=EARLIER));
        let before = relay.portal().storage.rows_answered();
        // The first of the burst goes alone, and all others behind it.
        let (operation, number) = (Operation::CallPortal, relay.faults().count(Operation::CallPortal) + 2);
        relay.faults().plan(Fault { operation, number, persisted: is_logged, then: Then::Error });
        let answers = burst(&relay, &posts(EARLIER + 1..=EARLIER + 1 + A_FULL_CALL));
        let read = relay.portal().storage.rows_answered() - before;
        println!("{read} rows read where the first call was logged: {is_logged}");
        assert!(read < 2_000, "{read}");
        let first = i64::from(EARLIER + 2);
        assert_eq!(places(&answers), (first..=first + i64::from(A_FULL_CALL)).collect::<Vec<_>>());
        assert_eq!(relay.logged(), ids(0..=EARLIER + 1 + A_FULL_CALL));
    }
}

#[test]
fn large_events_of_a_burst_are_spread_over_several_calls() {
    let relay = registered();
    let before = relay.faults().count(Operation::CallPortal);
    let large: Vec<Post> = posts(1..=8).into_iter().map(|post| post.filled(400_000)).collect();
    let answers = burst(&relay, &large);
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    // The first alone, then two at a time.
    assert_eq!(relay.faults().count(Operation::CallPortal) - before, 5);
}

/// Whoever is answered sends its next event within a millisecond, one a little later than the other.
#[test]
fn senders_that_send_one_event_after_another_share_their_calls() {
    const SENDERS: i32 = 8;
    const EVENTS: i32 = 10;
    let relay = registered();
    let before = relay.faults().count(Operation::CallPortal);
    let in_turn = async |sender: i32| {
        for turn in 0..EVENTS {
            for _ in 0..5 * sender {
                relay.world.pause().await;
            }
            let answer = relay.answer(Post::new(TOKEN, 1 + sender + turn * SENDERS).request()).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    };
    relay.world.run(join_all((0..SENDERS).map(in_turn)));
    let calls = relay.faults().count(Operation::CallPortal) - before;
    let logged: BTreeSet<String> = relay.logged().into_iter().collect();
    assert_eq!(logged, ids(0..=SENDERS * EVENTS).into_iter().collect());
    assert!(calls <= 40, "{calls} calls");
}

#[test]
fn an_event_that_comes_alone_waits_for_no_other() {
    let relay = registered();
    burst(&relay, &posts(1..=10));
    for number in 11..=20 {
        let sent_at = relay.world.now();
        relay.accept(&Post::new(TOKEN, number));
        assert_eq!(relay.world.now(), sent_at, "event {number}");
    }
}

#[test]
fn in_a_burst_each_event_is_judged_by_its_own_token() {
    let relay = registered();
    relay.register(OTHER_TOKEN);
    relay.revoke(OTHER_TOKEN);
    let tokens = [TOKEN, "a-token-that-nobody-registered", TOKEN, OTHER_TOKEN, TOKEN];
    let mixed: Vec<Post> = tokens.iter().zip(1..).map(|(token, number)| Post::new(token, number)).collect();
    let answers = burst(&relay, &mixed);
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 403, 200, 403, 200]);
    assert_eq!(relay.logged(), ids([0, 1, 3, 5]));
}

#[test]
fn an_uninstall_in_the_middle_of_a_burst_stands_in_its_place_and_what_follows_is_marked() {
    let relay = registered();
    let mut with_uninstall = posts(1..=60);
    with_uninstall[30] = Post::new(TOKEN, 31).named("ONAPPUNINSTALL");
    let answers = burst(&relay, &with_uninstall);
    assert_eq!(places(&answers), (2..=61).collect::<Vec<_>>());
    let log = relay.log();
    assert_eq!(log[31].event["type"], "com.bitrix24.app.uninstall");
    let marked: Vec<usize> = (0..log.len()).filter(|at| log[*at].event["b24removed"] == true).collect();
    assert_eq!(marked, (32..=60).collect::<Vec<_>>());
    let logged: Vec<_> = log[1..].iter().map(|row| row.event["id"].clone()).collect();
    let told: Vec<_> = answers.iter().map(|answer| answer.json()["id"].clone()).collect();
    assert_eq!(logged, told, "each stands where its answer says");
}

#[test]
fn a_burst_at_a_portal_that_only_kv_knows_is_adopted_once_and_logged() {
    let relay = Relay::new();
    relay.write_record(&format!(r#"{{"tokens":[{{"sha256":"{}"}}]}}"#, crate::support::relay::hash(TOKEN)));
    let answers = burst(&relay, &posts(1..=20));
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(relay.logged(), ids(1..=20));
}

#[test]
fn a_burst_is_logged_once_whatever_fails_in_the_middle_of_it() {
    for persisted in [false, true] {
        for then in [Then::Error, Then::Reset] {
            for operation in [Operation::Write, Operation::Commit, Operation::CallPortal, Operation::AlarmSet] {
                let relay = registered();
                relay.faults().plan_next(operation, 1, persisted, then);
                let answers = burst(&relay, &posts(1..=30));
                assert!(
                    answers.iter().all(|answer| answer.status == 200),
                    "{operation:?} {persisted} {then:?}: {answers:?}"
                );
                let mut logged = relay.logged();
                logged.sort_by_key(|id| id.parse::<i32>().unwrap_or(-1));
                assert_eq!(logged, ids(0..=30), "{operation:?} {persisted} {then:?}");
                let mut told = places(&answers);
                told.sort_unstable();
                told.dedup();
                assert_eq!(told.len(), 30, "no two have the same place");
            }
        }
    }
}

#[test]
fn while_the_object_cannot_be_reached_every_event_of_a_burst_is_told_so() {
    let relay = registered();
    // Those that wait do not try in vain what has just failed three times.
    relay.faults().plan_next(Operation::CallPortal, 3, false, Then::Error);
    let answers = burst(&relay, &posts(1..=30));
    assert!(answers.iter().all(|answer| answer.status == 503 && answer.retry_after.is_some()), "{answers:?}");
    assert_eq!(burst(&relay, &posts(31..=60)).iter().filter(|answer| answer.status == 200).count(), 30);
}

/// The request that calls for the others vanishes at any moment, as one does whose client is gone.
#[test]
fn a_burst_goes_on_without_the_request_that_called_for_it() {
    for turns in 0..20 {
        let relay = registered();
        let first = Post::new(TOKEN, 1);
        let later = posts(2..=20);
        let vanishing = async {
            let mut request = Box::pin(relay.answer(first.request()));
            let moment = pin!(async {
                for _ in 0..turns {
                    relay.world.pause().await;
                }
            });
            if let Either::Right(_) = select(request.as_mut(), moment).await {
                // Its destructors do not run, as they do not run in wasm.
                std::mem::forget(request);
            }
        };
        let others = async {
            for _ in 0..TURNS_INTO_THE_CALL {
                relay.world.pause().await;
            }
            join_all(later.iter().map(|post| relay.answer(post.request()))).await
        };
        let (answers, ()) = relay.world.run(join(others, vanishing));
        relay.world.settle();
        assert!(answers.iter().all(|answer| answer.status == 200), "{turns} turns: {answers:?}");
        let logged: Vec<String> = relay.logged().into_iter().filter(|id| id != "1").collect();
        assert_eq!(logged, ids((0..=20).filter(|id| *id != 1)), "{turns} turns");
    }
}

/// So does one whose next call lingers: nobody waits for that, and nobody notices.
#[test]
fn an_event_that_comes_alone_waits_for_no_request_that_was_ended() {
    for turns in 0..60 {
        let relay = registered();
        let series = async {
            let mut requests = Box::pin(join_all(posts(1..=8).into_iter().map(|post| relay.answer(post.request()))));
            let moment = pin!(async {
                for _ in 0..turns {
                    relay.world.pause().await;
                }
            });
            if let Either::Right(_) = select(requests.as_mut(), moment).await {
                std::mem::forget(requests);
            }
        };
        relay.world.run(series);
        relay.advance(4 * SECOND);
        let sent_at = relay.world.now();
        relay.accept(&Post::new(TOKEN, 9));
        let millis = relay.world.now().millis_since(sent_at);
        assert!(millis < 10, "{turns} turns: {millis} ms");
    }
}

/// The second call of a burst is made by one that waited; it vanishes as well, before it is called up or while it calls.
#[test]
fn a_burst_goes_on_without_the_one_that_makes_its_next_call() {
    for turns in 0..20 {
        let relay = registered();
        let (first, second, later) = (Post::new(TOKEN, 1), Post::new(TOKEN, 2), posts(3..=12));
        let vanishing = async {
            let moment = pin!(async {
                for _ in 0..turns {
                    relay.world.pause().await;
                }
            });
            if let Either::Right(((), request)) = select(Box::pin(relay.answer(second.request())), moment).await {
                std::mem::forget(request);
            }
        };
        let others = join_all(later.iter().map(|post| relay.answer(post.request())));
        let (answer, (), answers) = relay.world.run(join3(relay.answer(first.request()), vanishing, others));
        assert!(answers.iter().chain([&answer]).all(|answer| answer.status == 200), "{turns} turns: {answers:?}");
        relay.world.settle();
        let logged: BTreeSet<String> = relay.logged().into_iter().filter(|id| id != "2").collect();
        assert_eq!(logged, ids((0..=12).filter(|id| *id != 2)).into_iter().collect(), "{turns} turns");
    }
}
