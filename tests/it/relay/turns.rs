//! What nobody vouches for takes turns, and all else goes past it.

use crate::support::fault::Operation;
use crate::support::post::{OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{Answer, Relay, ids};
use crate::support::world::UnderWay;
use serde_json::json;
use std::rc::Rc;

/// Longer than what Bitrix24 sends.
const LONG: usize = 40_000;
/// How long such an event waits for its turn at most, in milliseconds.
const LONGEST_WAIT: i64 = 1_000;
/// The same for the longest, in milliseconds.
const LONGEST_PATIENCE: i64 = 2_000;
/// How long a stranger's object is taken to be awake, in milliseconds.
const KNOWN_TO_BE_UNKNOWN: i64 = 5_000;

/// How long an isolate refuses a caller by itself, in milliseconds.
const REMEMBERED_AS_LIMITED: i64 = 1_000;

/// A relay whose calls to portals' objects with events wait until they are let go.
fn relay_whose_calls_wait() -> Rc<Relay> {
    let relay = Rc::new(Relay::new());
    relay.register(TOKEN);
    relay.world.gates.close(|operation, what| operation == Operation::CallPortal && what.starts_with("Append"));
    relay
}

fn under_way<'a>(relay: &Rc<Relay>, posts: impl IntoIterator<Item = &'a Post>) -> Vec<UnderWay<Answer>> {
    let answer = |post: &Post| {
        let (worker, request) = (Rc::clone(relay), post.request());
        UnderWay::new(async move { worker.answer(request).await })
    };
    let mut posts: Vec<_> = posts.into_iter().map(answer).collect();
    relay.world.settle_with(&mut posts, 0);
    posts
}

fn statuses(posts: &[UnderWay<Answer>]) -> Vec<Option<u16>> {
    posts.iter().map(|post| post.value.as_ref().map(|answer| answer.status)).collect()
}

fn let_the_first_go(relay: &Relay) {
    let (number, ..) = relay.world.gates.waiting().remove(0);
    relay.world.gates.let_go(number, None);
}

fn register(relay: &Relay, portal: &str) {
    let answer = relay.admin("PUT", &format!("/portals/{portal}"), &json!({ "application_token": TOKEN }));
    assert_eq!(answer.status, 200);
}

fn stranger(number: i32) -> Post {
    Post::new(OTHER_TOKEN, number).of(format!("stranger{number}"))
}

#[test]
fn long_events_that_nobody_vouches_for_go_to_their_objects_one_after_another() {
    let relay = relay_whose_calls_wait();
    let strangers = [1, 2, 3].map(|number| stranger(number).filled(LONG));
    let mut posts = under_way(&relay, &strangers);
    for answered in 1..=3 {
        assert_eq!(relay.world.gates.waiting().len(), 1, "one at a time");
        let_the_first_go(&relay);
        relay.world.settle_with(&mut posts, 0);
        assert_eq!(statuses(&posts).iter().filter(|status| **status == Some(202)).count(), answered);
    }
}

#[test]
fn a_turn_that_does_not_end_holds_up_nobody_for_long() {
    let relay = relay_whose_calls_wait();
    let strangers = [1, 2, 3].map(|number| stranger(number).filled(LONG));
    let mut posts = under_way(&relay, &strangers);
    relay.world.settle_with(&mut posts, LONGEST_WAIT);
    assert_eq!(relay.world.gates.waiting().len(), 3);
    while !relay.world.gates.waiting().is_empty() {
        let_the_first_go(&relay);
        relay.world.settle_with(&mut posts, 0);
    }
    assert_eq!(statuses(&posts), vec![Some(202); 3]);
}

#[test]
fn eight_of_the_longest_wait_for_their_turn_or_many_usual_ones() {
    for (bytes, strangers, at_once) in [(1_000_000, 12, 12 - 8), (0, 500, 1)] {
        let relay = relay_whose_calls_wait();
        let strangers: Vec<_> = (0..strangers).map(|number| stranger(number).filled(bytes)).collect();
        let posts = under_way(&relay, &strangers);
        assert_eq!(
            relay.world.gates.waiting().len(),
            at_once,
            "the first, and those that did not find a place in the line"
        );
        drop(posts);
    }
}

#[test]
fn requests_that_were_ended_in_the_line_leave_room_for_others() {
    let relay = relay_whose_calls_wait();
    let strangers: Vec<_> = (0..9).map(|number| stranger(number).filled(1_000_000)).collect();
    // No destructor of theirs runs, as none does in wasm.
    std::mem::forget(under_way(&relay, &strangers));
    relay.world.advance(LONGEST_PATIENCE + 1);
    let calls = relay.world.gates.waiting().len();
    let posts = under_way(&relay, [&stranger(10).filled(1_000_000)]);
    assert_eq!(relay.world.gates.waiting().len(), calls, "it stands in line");
    drop(posts);
}

#[test]
fn an_event_of_usual_length_waits_for_no_long_one() {
    let relay = relay_whose_calls_wait();
    let strangers = under_way(&relay, [&stranger(1).filled(LONG), &stranger(2).filled(LONG)]);
    let known = under_way(&relay, [&Post::new(TOKEN, 2)]);
    assert_eq!(relay.world.gates.waiting().len(), 2, "a stranger's and the portal's");
    drop((strangers, known));
}

#[test]
fn turns_come_now_and_then_while_known_portals_are_heard() {
    let of = |member_id: &str| Post::new(OTHER_TOKEN, 1).of(member_id);
    let long = |number: i32, bytes: usize| stranger(number).filled(bytes);
    for (posts, answered_after) in [
        ([of("one"), of("two")], [0, 25]),
        ([stranger(1), stranger(2)], [0, 100]),
        // Each is read in one turn, and judged in another.
        ([long(1, LONG), long(2, LONG)], [400, 600]),
        ([long(1, 3 * LONG), long(2, 3 * LONG)], [800, 1_200]),
    ] {
        let relay = Rc::new(Relay::new());
        relay.register(TOKEN);
        for portal in ["one", "two"] {
            register(&relay, portal);
        }
        relay.accept(&Post::new(TOKEN, 1));
        let mut posts = under_way(&relay, &posts);
        let millis_until = |answered: usize| {
            let is_done = |posts: &[_]| statuses(posts).iter().flatten().count() >= answered;
            (0..LONGEST_WAIT).find(|millis| {
                relay.world.advance(i64::from(*millis > 0));
                relay.world.settle_with(&mut posts, 0);
                is_done(&posts)
            })
        };
        let [first, second] = [1, 2].map(millis_until).map(Option::unwrap_or_default);
        assert_eq!([first, first + second], answered_after);
    }
}

#[test]
fn an_unknown_portal_takes_no_other_turn_while_its_object_is_awake() {
    let relay = relay_whose_calls_wait();
    let mut first = under_way(&relay, [&stranger(1)]);
    let_the_first_go(&relay);
    relay.world.settle_with(&mut first, 0);
    let other = under_way(&relay, [&stranger(2)]);
    for (millis, calls) in [(KNOWN_TO_BE_UNKNOWN - 1, 2), (1, 1)] {
        relay.world.advance(millis);
        let again = under_way(&relay, [&stranger(1)]);
        assert_eq!(relay.world.gates.waiting().len(), calls);
        drop(again);
    }
    drop((first, other));
}

#[test]
fn a_long_event_of_a_known_token_waits_for_nobody() {
    let relay = Rc::new(Relay::new());
    relay.register(TOKEN);
    assert_eq!(relay.post(&Post::new(TOKEN, 1)).status, 200);
    relay.world.gates.close(|operation, what| operation == Operation::CallPortal && what.starts_with("Append"));
    let posts = under_way(&relay, [&stranger(1), &stranger(2), &Post::new(TOKEN, 2).filled(LONG)]);
    assert_eq!(relay.world.gates.waiting().len(), 2, "a stranger's and the portal's");
    drop(posts);
}

#[test]
fn forgeries_take_turns_where_they_are_long_or_others_are_heard() {
    for (bytes, is_other_heard, at_once) in [(LONG, false, 1), (100, false, 2), (100, true, 1)] {
        let relay = relay_whose_calls_wait();
        for portal in ["other", "heard"] {
            register(&relay, portal);
        }
        let heard = is_other_heard.then(|| under_way(&relay, [&Post::new(TOKEN, 1).of("heard")]));
        let before = relay.world.gates.waiting().len();
        let forgery = Post::new(OTHER_TOKEN, 1).filled(bytes);
        let posts = under_way(&relay, [&forgery.clone(), &forgery.of("other")]);
        assert_eq!(
            relay.world.gates.waiting().len() - before,
            at_once,
            "{bytes} bytes, another heard: {is_other_heard}"
        );
        drop((heard, posts));
    }
}

#[test]
fn those_who_wait_while_their_caller_is_limited_do_not_get_to_the_object() {
    let relay = Rc::new(Relay::new());
    relay.register(TOKEN);
    for number in 1..=101 {
        relay.post(&Post::new(OTHER_TOKEN, number));
    }
    relay.advance(REMEMBERED_AS_LIMITED);
    relay.accept(&Post::new(TOKEN, 1));
    let (counted, calls) = (relay.limiter().counted(), relay.faults().count(Operation::CallPortal));
    let mut posts = under_way(&relay, &vec![Post::new(OTHER_TOKEN, 102); 5]);
    relay.world.settle_with(&mut posts, LONGEST_WAIT);
    assert_eq!(statuses(&posts), vec![Some(429); 5]);
    assert_eq!(relay.limiter().counted() - counted, 1, "the first alone is judged, and counted");
    assert_eq!(relay.faults().count(Operation::CallPortal) - calls, 1);
}

#[test]
fn a_long_event_of_a_known_token_is_logged() {
    let relay = Relay::new();
    relay.register(TOKEN);
    assert_eq!(relay.post(&Post::new(TOKEN, 1).filled(LONG)).status, 200);
    assert_eq!(relay.post(&Post::new(TOKEN, 2).filled(LONG)).status, 200);
    assert_eq!(relay.logged(), ids([1, 2]));
}
