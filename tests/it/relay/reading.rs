//! The log is read in pages, each of bounded size and cost.

use super::copy_first_event;
use crate::support::fault::{Operation, Then};
use crate::support::post::{MEMBER, Post, TOKEN};
use crate::support::relay::{HOUR, MINUTE, Relay, events_of, ids};
use serde_json::Value;

/// A page of the log: the ids of its events, and where the next begins.
fn page(relay: &Relay, query: &str) -> (Vec<String>, i64) {
    let page = relay.get(&format!("/portals/{MEMBER}/events?{query}"));
    let ids = events_of(&page).into_iter().map(|logged| logged.id).collect();
    (ids, page["next"].as_i64().expect("a page says where the next begins"))
}

#[test]
fn pages_follow_each_other_without_gap_and_end() {
    let relay = Relay::new();
    relay.register(TOKEN);
    assert_eq!(page(&relay, ""), (ids([]), 0));
    for number in 1..=7 {
        relay.accept(&Post::new(TOKEN, number));
    }
    assert_eq!(page(&relay, "limit=3"), (ids([1, 2, 3]), 3));
    assert_eq!(page(&relay, "limit=3&after=3"), (ids([4, 5, 6]), 6));
    assert_eq!(page(&relay, "limit=3&after=6"), (ids([7]), 7));
    assert_eq!(page(&relay, "limit=3&after=7"), (ids([]), 7), "a reader that polls goes on from here");
    assert_eq!(page(&relay, "after=1000"), (ids([]), 1000));
}

#[test]
fn the_log_is_searched_by_type_subject_and_time() {
    let relay = Relay::with(&[("FORWARD_URL", "")]);
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.accept(&Post::new(TOKEN, 2).named("ONCRMDEALADD"));
    relay.advance(HOUR);
    let since = relay.now().to_rfc3339_millis();
    relay.accept(&Post::new(TOKEN, 3).named("ONCRMDEALUPDATE"));
    relay.accept(&Post::new(TOKEN, 2).named("ONCRMDEALUPDATE"));
    relay.advance(HOUR);
    relay.accept(&Post::new(TOKEN, 4));
    assert_eq!(page(&relay, "type=crm.deal.*"), (ids([2, 3, 2]), 5));
    assert_eq!(page(&relay, "type=crm.deal.*&limit=2"), (ids([2, 3]), 3));
    assert_eq!(page(&relay, "type=crm.deal.update&subject=2"), (ids([2]), 5));
    assert_eq!(page(&relay, "subject=nothing"), (ids([]), 5));
    assert_eq!(page(&relay, &format!("since={since}")), (ids([3, 2, 4]), 5));
    assert_eq!(page(&relay, &format!("since={since}&after=3")), (ids([2, 4]), 5));
    assert_eq!(page(&relay, "since=2020-01-01T00:00:00Z&limit=1"), (ids([1]), 1));
    assert_eq!(page(&relay, "since=2030-01-01T00:00:00Z"), (ids([]), 5));
}

#[test]
fn a_page_has_four_mebibytes_at_most_and_one_event_at_least() {
    let relay = Relay::with(&[("FORWARD_URL", "")]);
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1).filled(1_000_000));
    copy_first_event(&relay, 6);
    let (events, next) = page(&relay, "limit=500");
    assert_eq!((events.len(), next), (4, 4));
    let (events, next) = page(&relay, "limit=500&after=4");
    assert_eq!((events.len(), next), (2, 6));
}

#[test]
fn five_thousand_rows_are_looked_at_for_one_page() {
    let relay = Relay::with(&[("FORWARD_URL", "")]);
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    copy_first_event(&relay, 12_000);
    relay.accept(&Post::new(TOKEN, 2).named("ONCRMDEALADD"));
    assert_eq!(page(&relay, "type=crm.*"), (ids([]), 5_000));
    assert_eq!(page(&relay, "type=crm.*&after=5000"), (ids([]), 10_000));
    assert_eq!(page(&relay, "type=crm.*&after=10000"), (ids([2]), 12_001));
}

#[test]
fn a_parameter_that_cannot_be_read_is_named() {
    let relay = Relay::new();
    relay.register(TOKEN);
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("after=-1", "after"),
        ("after=x", "after"),
        ("since=yesterday", "since"),
        ("type=a/b", "type"),
    ] {
        let answer = relay.admin("GET", &format!("/portals/{MEMBER}/events?{query}"), &Value::Null);
        assert_eq!((answer.status, answer.code().as_str()), (400, "bad_request"), "{query}");
        assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains(name)), "{query}");
    }
}

#[test]
fn the_list_of_portals_is_read_in_pages() {
    let relay = Relay::new();
    for name in ["a", "b", "c"] {
        let body = serde_json::json!({ "application_token": TOKEN });
        assert_eq!(relay.admin("PUT", &format!("/portals/{name}"), &body).status, 200);
    }
    relay.advance(MINUTE);
    let first = relay.get("/portals?limit=2");
    let names = |list: &Value| -> Vec<String> {
        let portals = list["portals"].as_array().unwrap();
        portals.iter().map(|portal| portal["member_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((names(&first), &first["next"]), (vec!["a".to_owned(), "b".to_owned()], &"b".into()));
    let second = relay.get("/portals?limit=2&cursor=b");
    assert_eq!((names(&second), &second["next"]), (vec!["c".to_owned()], &Value::Null));
}

#[test]
fn a_portal_that_hangs_is_given_up_after_a_minute() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.faults().plan_next(Operation::CallPortal, 1, false, Then::Hang);
    let before = relay.now();
    let answer = relay.admin("GET", &format!("/portals/{MEMBER}"), &Value::Null);
    assert_eq!((answer.status, relay.now().millis_since(before)), (503, 60_000));
    relay.get(&format!("/portals/{MEMBER}"));
}
