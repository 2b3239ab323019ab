//! The address of a POST is a signal beside the token, or a gate where the operator wants one; and never a reason to lose a
//! genuine event because a list was missing.

use crate::support::post::{ADDRESS, OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{MINUTE, Relay};
use bitrix24_edge_relay::domain::source_list::SOURCE_LIST_URL;

/// An address that is on no list.
const STRANGE: &str = "203.0.113.66";
const DAY: i64 = 24 * 60 * MINUTE;

fn relay(policy: &'static str) -> Relay {
    let relay = Relay::with(&[("B24_SOURCE_IPS", policy)]);
    relay.register(TOKEN);
    publish(&relay, &format!(r#"{{"nodes":["{ADDRESS}"]}}"#));
    relay
}

fn publish(relay: &Relay, list: &str) {
    relay.world.pages.borrow_mut().insert(SOURCE_LIST_URL.to_owned(), list.to_owned());
    relay.run_jobs();
}

fn lines(relay: &Relay, message: &str) -> usize {
    relay.world.lines.borrow().iter().filter(|line| line.contains(message)).count()
}

#[test]
fn while_it_is_required_only_a_listed_address_is_heard() {
    let relay = relay("require");
    relay.accept(&Post::new(TOKEN, 1).from(ADDRESS));
    let refused = relay.post(&Post::new(TOKEN, 2).from(STRANGE));
    assert_eq!((refused.status, refused.code().as_str()), (403, "forbidden"));
    assert_eq!(
        refused.body,
        relay.post(&Post::new(OTHER_TOKEN, 3).from(ADDRESS)).body,
        "the same bytes as for any reason"
    );
    assert_eq!(relay.logged().len(), 1);
    assert_eq!(lines(&relay, "address refused"), 1);
}

#[test]
fn by_default_nobody_is_refused_and_the_log_tells_where_token_and_address_disagree() {
    let relay = relay("");
    relay.accept(&Post::new(TOKEN, 1).from(ADDRESS));
    assert_eq!(lines(&relay, "address"), 0);
    for number in 2..10 {
        relay.accept(&Post::new(TOKEN, number).from(STRANGE));
    }
    assert_eq!(lines(&relay, "genuine token from an address that is not listed"), 1, "once a minute");
    relay.advance(MINUTE);
    relay.accept(&Post::new(TOKEN, 10).from(STRANGE));
    assert_eq!(lines(&relay, "genuine token from an address that is not listed"), 2);
    assert_eq!(relay.post(&Post::new(OTHER_TOKEN, 11).from(STRANGE)).status, 403);
    assert_eq!(lines(&relay, "unknown token from a listed address"), 0);
    assert_eq!(relay.post(&Post::new(OTHER_TOKEN, 12).from(ADDRESS)).status, 403);
    assert_eq!(lines(&relay, "unknown token from a listed address"), 1);
}

#[test]
fn a_list_that_was_never_fetched_refuses_nobody() {
    let relay = Relay::with(&[("B24_SOURCE_IPS", "require")]);
    relay.register(TOKEN);
    publish(&relay, "no list yet");
    relay.accept(&Post::new(TOKEN, 1).from(STRANGE));
    assert_eq!(lines(&relay, "address not judged"), 1);
    assert_eq!(lines(&relay, "job failed"), 1, "what came is no list");
}

#[test]
fn what_is_no_list_leaves_the_last_good_one_in_force() {
    let relay = relay("require");
    for bad in ["", "<html>", r#"{"nodes":[]}"#, r#"{"nodes":["0.0.0.0/0"]}"#, r#"{"nodes":["192.0.2.1","nobody"]}"#] {
        publish(&relay, bad);
        relay.new_isolate();
        relay.accept(&Post::new(TOKEN, 1).from(ADDRESS));
        assert_eq!(relay.post(&Post::new(TOKEN, 2).from(STRANGE)).status, 403, "{bad:?}");
    }
}

#[test]
fn a_list_that_is_a_day_old_refuses_nobody() {
    let relay = relay("require");
    relay.world.pages.borrow_mut().clear();
    relay.advance(DAY - MINUTE);
    assert_eq!(relay.post(&Post::new(TOKEN, 1).from(STRANGE)).status, 403);
    relay.advance(MINUTE);
    relay.accept(&Post::new(TOKEN, 2).from(STRANGE));
}

#[test]
fn a_new_server_is_heard_a_minute_after_the_list_names_it() {
    let relay = relay("require");
    assert_eq!(relay.post(&Post::new(TOKEN, 1).from(STRANGE)).status, 403);
    publish(&relay, &format!(r#"{{"nodes":["{ADDRESS}","203.0.113.0/24"]}}"#));
    relay.advance(MINUTE);
    relay.accept(&Post::new(TOKEN, 2).from(STRANGE));
}

#[test]
fn a_list_that_stays_the_same_is_written_once_an_hour() {
    let relay = relay("observe");
    let kept = || relay.kv().newest("sources:bitrix24").expect("the list is kept");
    let first = kept();
    for _ in 0..11 {
        relay.advance(5 * MINUTE);
        relay.run_jobs();
        assert_eq!(kept(), first);
    }
    relay.advance(5 * MINUTE);
    relay.run_jobs();
    assert_ne!(kept(), first);
}

#[test]
fn where_it_is_off_nothing_is_fetched_and_nothing_told() {
    let relay = relay("off");
    relay.accept(&Post::new(TOKEN, 1).from(STRANGE));
    assert_eq!(relay.kv().newest("sources:bitrix24"), None);
    assert_eq!(lines(&relay, "address"), 0);
}
