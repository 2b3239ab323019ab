//! Callers that nothing verifies are limited; a portal never is.

use crate::support::post::{OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{MINUTE, Relay, ids};

#[test]
fn a_hundred_refused_posts_a_minute_are_looked_at_and_no_more() {
    let relay = Relay::new();
    for number in 1..=100 {
        assert_eq!(relay.post(&Post::new(TOKEN, number)).status, 202);
    }
    let answer = relay.post(&Post::new(TOKEN, 101));
    assert_eq!((answer.status, answer.code().as_str()), (429, "rate_limited"));
    assert_eq!(answer.retry_after.as_deref(), Some("60"));
    assert_eq!(relay.post(&Post::new(TOKEN, 102).from("192.0.2.2")).status, 202, "another address");
    assert_eq!(relay.post(&Post::new(TOKEN, 103).of("another")).status, 202, "another portal");
    relay.advance(MINUTE);
    assert_eq!(relay.post(&Post::new(TOKEN, 104)).status, 202, "another minute");
}

#[test]
fn a_caller_that_is_over_the_limit_costs_nothing_more_for_some_seconds() {
    let relay = Relay::new();
    for number in 1..=101 {
        relay.post(&Post::new(TOKEN, number));
    }
    let (counted, counts) = (relay.limiter().counted(), relay.faults().counts());
    for number in 102..=200 {
        assert_eq!(relay.post(&Post::new(TOKEN, number)).status, 429);
    }
    assert_eq!(relay.limiter().counted(), counted);
    assert_eq!(relay.faults().counts(), counts, "no object, no KV, no storage is touched");
}

#[test]
fn a_verified_portal_is_never_limited_and_not_even_counted() {
    let relay = Relay::new();
    relay.register(TOKEN);
    for number in 1..=250 {
        relay.accept(&Post::new(TOKEN, number));
    }
    assert_eq!(relay.limiter().counted(), 0);
}

#[test]
fn a_portal_that_its_object_knows_is_not_limited_though_kv_knows_nothing() {
    let relay = Relay::new();
    relay.kv().freeze();
    relay.register(TOKEN);
    for number in 1..=150 {
        if number % 10 == 0 {
            relay.new_isolate();
        }
        relay.accept(&Post::new(TOKEN, number));
    }
    assert_eq!(relay.limiter().counted(), 0);
}

#[test]
fn a_portal_is_heard_while_a_forger_at_its_address_is_not() {
    let relay = Relay::new();
    relay.register(TOKEN);
    for number in 1..=150 {
        relay.post(&Post::new(OTHER_TOKEN, number));
    }
    assert_eq!(relay.post(&Post::new(OTHER_TOKEN, 151)).status, 429);
    relay.accept(&Post::new(TOKEN, 1));
    assert_eq!(relay.logged(), ids([1]));
}
