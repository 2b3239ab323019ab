//! Long bodies take turns, and what has usual length goes past them.

use crate::support::fault::Operation;
use crate::support::post::{OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{Answer, Relay, ids};
use crate::support::world::UnderWay;
use serde_json::json;
use std::rc::Rc;

/// Longer than what Bitrix24 sends.
const LONG: usize = 40_000;
/// The turn is waited for a little less long, in milliseconds.
const A_MOMENT: i64 = 60;

/// A relay whose calls to portals' objects with events wait until they are let go.
fn relay_whose_calls_wait() -> Rc<Relay> {
    let relay = Rc::new(Relay::new());
    relay.register(TOKEN);
    relay.world.gates.close(|operation, what| operation == Operation::CallPortal && what.starts_with("Append"));
    relay
}

fn under_way<const N: usize>(relay: &Rc<Relay>, posts: [&Post; N]) -> [UnderWay<Answer>; N] {
    let answer = |post: &Post| {
        let (worker, request) = (Rc::clone(relay), post.request());
        UnderWay::new(async move { worker.answer(request).await })
    };
    let mut posts = posts.map(answer);
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

#[test]
fn long_events_that_nobody_vouches_for_go_to_their_objects_one_after_another() {
    let relay = relay_whose_calls_wait();
    let strangers = [1, 2, 3].map(|number| Post::new(OTHER_TOKEN, number).of(format!("stranger{number}")).filled(LONG));
    let mut posts = under_way(&relay, strangers.each_ref());
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
    let strangers = [1, 2, 3].map(|number| Post::new(OTHER_TOKEN, number).of(format!("stranger{number}")).filled(LONG));
    let mut posts = under_way(&relay, strangers.each_ref());
    relay.world.settle_with(&mut posts, A_MOMENT);
    assert_eq!(relay.world.gates.waiting().len(), 3);
    while !relay.world.gates.waiting().is_empty() {
        let_the_first_go(&relay);
        relay.world.settle_with(&mut posts, 0);
    }
    assert_eq!(statuses(&posts), [Some(202); 3]);
}

#[test]
fn not_more_than_eight_wait_for_their_turn() {
    let relay = relay_whose_calls_wait();
    let strangers: [Post; 12] =
        std::array::from_fn(|number| Post::new(OTHER_TOKEN, 1).of(format!("stranger{number}")).filled(LONG));
    let posts = under_way(&relay, strangers.each_ref());
    assert_eq!(relay.world.gates.waiting().len(), 12 - 8, "the first, and those that did not find a place in the line");
    drop(posts);
}

#[test]
fn an_event_of_usual_length_waits_for_no_long_one() {
    let relay = relay_whose_calls_wait();
    let stranger = Post::new(OTHER_TOKEN, 1).of("stranger").filled(LONG);
    let strangers = under_way(&relay, [&stranger, &stranger]);
    let known = under_way(&relay, [&Post::new(TOKEN, 2)]);
    assert_eq!(relay.world.gates.waiting().len(), 2, "a stranger's and the portal's");
    drop((strangers, known));
}

#[test]
fn forgeries_take_turns_where_they_are_long_and_else_do_not() {
    for (bytes, at_once) in [(LONG, 1), (100, 2)] {
        let relay = relay_whose_calls_wait();
        let other = relay.admin("PUT", "/portals/other", &json!({ "application_token": TOKEN }));
        assert_eq!(other.status, 200);
        let forgery = Post::new(OTHER_TOKEN, 1).filled(bytes);
        let posts = under_way(&relay, [&forgery.clone(), &forgery.of("other")]);
        assert_eq!(relay.world.gates.waiting().len(), at_once, "{bytes} bytes");
        drop(posts);
    }
}

#[test]
fn a_long_event_of_a_known_token_is_logged() {
    let relay = Relay::new();
    relay.register(TOKEN);
    assert_eq!(relay.post(&Post::new(TOKEN, 1).filled(LONG)).status, 200);
    assert_eq!(relay.post(&Post::new(TOKEN, 2).filled(LONG)).status, 200);
    assert_eq!(relay.logged(), ids([1, 2]));
}
