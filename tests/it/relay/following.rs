//! The log is followed: nothing is left out, nothing comes twice, whatever happens in between.

use super::copy_first_event;
use crate::support::fault::{Operation, Then};
use crate::support::post::{MEMBER, Post, TOKEN};
use crate::support::relay::{HOUR, MINUTE, Relay, SECOND, events_of, ids};
use serde_json::Value;

/// A relay whose log is the only sink, with events in it.
fn relay_with(events: i32) -> Relay {
    let relay = Relay::with(&[("FORWARD_URL", "")]);
    relay.register(TOKEN);
    for number in 1..=events {
        relay.accept(&Post::new(TOKEN, number));
    }
    relay
}

#[test]
fn a_long_poll_is_answered_at_once_when_an_event_comes() {
    let relay = relay_with(1);
    let poll =
        relay.answer(Relay::admin_request("GET", &format!("/portals/{MEMBER}/events?after=1&wait=30"), &Value::Null));
    let post = async {
        relay.world.sleep(7_000).await;
        relay.answer(Post::new(TOKEN, 2).request()).await
    };
    let start = relay.now();
    let (page, posted) = relay.world.run(futures_util::future::join(poll, post));
    assert_eq!(posted.status, 200);
    assert_eq!(events_of(&page.json()).into_iter().map(|logged| logged.id).collect::<Vec<_>>(), ids([2]));
    assert_eq!((page.json()["next"].as_i64(), relay.now().millis_since(start)), (Some(2), 7 * SECOND));
    assert_eq!(relay.portal().sockets(), 0, "who was answered waits no more");
}

#[test]
fn a_long_poll_ends_in_time_and_looks_at_what_is_there_first() {
    let relay = relay_with(1);
    let start = relay.now();
    assert_eq!(events_of(&relay.get(&format!("/portals/{MEMBER}/events?wait=20"))).len(), 1);
    assert_eq!(relay.now(), start, "there was something to read");
    let page = relay.get(&format!("/portals/{MEMBER}/events?after=1&wait=20"));
    assert_eq!((events_of(&page).len(), page["next"].as_i64()), (0, Some(1)));
    assert_eq!(relay.now().millis_since(start), 20 * SECOND);
    let answer = relay.admin("GET", &format!("/portals/{MEMBER}/events?wait=31"), &Value::Null);
    assert_eq!(answer.code(), "bad_request");
}

/// A log in which only the newest event is about a deal, and it stands behind more rows than one request reads.
fn relay_with_one_deal() -> Relay {
    let relay = relay_with(1);
    copy_first_event(&relay, 60_000);
    relay.accept(&Post::new(TOKEN, 2).named("ONCRMDEALADD"));
    relay
}

#[test]
fn a_long_poll_for_something_rare_tells_how_far_it_looked() {
    let relay = relay_with_one_deal();
    let start = relay.now();
    let poll = |after: i64| {
        let before = relay.faults().count(Operation::CallPortal);
        let page = relay.get(&format!("/portals/{MEMBER}/events?after={after}&type=crm.*&wait=30"));
        let calls = relay.faults().count(Operation::CallPortal) - before;
        assert!(calls <= 12, "{calls} calls of the object");
        (events_of(&page).len(), page["next"].as_i64().expect("a page says where the next begins"))
    };
    assert_eq!(poll(0), (0, 55_000));
    assert_eq!(poll(55_000), (1, 60_001));
    assert_eq!(relay.now(), start, "there was something to read");
}

#[test]
fn a_tail_for_something_rare_tells_how_far_it_looked() {
    let relay = relay_with_one_deal();
    let mut tail = relay.tail("type=crm.*", None);
    assert_eq!(tail.places(), [0; 0]);
    assert_eq!(tail.next().as_deref(), Some(":\nid: 55000\n\n"));
    drop(tail);
    let mut tail = relay.tail("type=crm.*", Some(55_000));
    assert_eq!([tail.places(), tail.places()].concat(), [60_001]);
}

#[test]
fn a_long_poll_for_something_rare_ends_in_time_however_slow_the_object_is() {
    let relay = relay_with_one_deal();
    relay.faults().plan_next(Operation::CallPortal, 20, true, Then::Late);
    let start = relay.now();
    let page = relay.get(&format!("/portals/{MEMBER}/events?type=crm.*&wait=10"));
    assert_eq!((events_of(&page).len(), page["next"].as_i64()), (0, Some(15_000)));
    assert_eq!(relay.now().millis_since(start), 12 * SECOND, "the last read began in time");
}

#[test]
fn a_tail_gives_the_backlog_and_then_what_comes() {
    let relay = relay_with(120);
    let mut tail = relay.tail("", None);
    assert_eq!(tail.places(), (1..=100).collect::<Vec<_>>());
    relay.accept(&Post::new(TOKEN, 121));
    assert_eq!(tail.places(), (101..=121).collect::<Vec<_>>(), "logged between two looks");
    relay.accept(&Post::new(TOKEN, 122));
    relay.accept(&Post::new(TOKEN, 123));
    assert_eq!(tail.places(), [122, 123]);
    assert_eq!(tail.next().as_deref(), Some(":\nid: 123\n\n"), "it is not silent for long");
}

#[test]
fn a_tail_resumes_behind_the_last_event_that_the_client_saw() {
    let relay = relay_with(5);
    assert_eq!(relay.tail("after=1", Some(3)).places(), [4, 5]);
    assert_eq!(relay.tail("after=4", None).places(), [5]);
}

#[test]
fn news_of_a_live_log_costs_no_read_and_no_row() {
    let relay = relay_with(1);
    let mut tail = relay.tail("after=1", None);
    tail.places();
    relay.accept(&Post::new(TOKEN, 2));
    assert_eq!(tail.places(), [2]);
    let calls = |relay: &Relay| relay.faults().counts().get(&Operation::CallPortal).copied();
    let (before, rows) = (calls(&relay), relay.portal().storage.rows_written());
    for number in 3..=12 {
        relay.accept(&Post::new(TOKEN, number));
        assert_eq!(tail.places(), [i64::from(number)]);
    }
    assert_eq!(calls(&relay).unwrap() - before.unwrap(), 10, "the posts alone called the object");
    assert_eq!(relay.portal().storage.rows_written() - rows, 10);
}

#[test]
fn an_object_that_slept_tells_what_it_logs_when_it_wakes() {
    let relay = relay_with(1);
    let mut tail = relay.tail("after=1", None);
    tail.places();
    relay.portal().forget();
    relay.accept(&Post::new(TOKEN, 2));
    assert_eq!(tail.places(), [2]);
    relay.portal().forget();
    relay.accept(&Post::new(TOKEN, 3));
    relay.accept(&Post::new(TOKEN, 4));
    assert_eq!([tail.places(), tail.places()].concat(), [3, 4]);
}

#[test]
fn a_tail_ends_with_the_object_and_after_an_hour() {
    let relay = relay_with(1);
    let mut tail = relay.tail("", None);
    assert_eq!(tail.places(), [1]);
    relay.restart();
    assert_eq!(tail.next(), None);

    let mut tail = relay.tail("after=1", None);
    let start = relay.now();
    while tail.next().is_some() {}
    assert_eq!(relay.now().millis_since(start), HOUR);
}

#[test]
fn a_filtered_tail_gives_what_fits_and_moves_on_past_the_rest() {
    let relay = relay_with(2);
    relay.accept(&Post::new(TOKEN, 3).named("ONCRMDEALADD"));
    let mut tail = relay.tail("type=crm.deal.*", None);
    assert_eq!(tail.places(), [3]);
    relay.accept(&Post::new(TOKEN, 4));
    relay.accept(&Post::new(TOKEN, 5).named("ONCRMDEALUPDATE"));
    relay.accept(&Post::new(TOKEN, 6));
    assert_eq!(tail.places(), [5]);
    assert_eq!(tail.next().as_deref(), Some(":\nid: 6\n\n"));

    let mut tail = relay.tail("after=6&subject=7", None);
    tail.places();
    relay.accept(&Post::new(TOKEN, 8));
    relay.accept(&Post::new(TOKEN, 7));
    assert_eq!(tail.places(), [8]);
}

#[test]
fn what_is_logged_before_a_time_to_come_is_not_wanted() {
    let relay = relay_with(1);
    let since = relay.now().plus_millis(MINUTE).to_rfc3339_millis();
    let mut tail = relay.tail(&format!("since={since}"), None);
    tail.places();
    relay.accept(&Post::new(TOKEN, 2));
    relay.advance(2 * MINUTE);
    relay.accept(&Post::new(TOKEN, 3));
    let mut places = tail.places();
    while places.is_empty() {
        places = tail.places();
    }
    assert_eq!(places, [3]);
}

#[test]
fn a_bulk_release_reaches_a_tail_by_the_log() {
    let relay = relay_with(1);
    for number in 2..=81 {
        assert_eq!(relay.post(&Post::new("another-token-of-16-bytes", number)).status, 403);
    }
    let mut tail = relay.tail("after=1", None);
    tail.places();
    relay.register("another-token-of-16-bytes");
    assert_eq!([tail.places(), tail.places()].concat(), (2..=81).collect::<Vec<_>>());
}

#[test]
fn large_events_are_not_told_but_read() {
    let relay = relay_with(1);
    let mut tail = relay.tail("after=1", None);
    tail.places();
    relay.accept(&Post::new(TOKEN, 2).filled(400_000));
    relay.accept(&Post::new(TOKEN, 3));
    assert_eq!([tail.places()].concat(), [2, 3]);
}

#[test]
fn so_many_may_follow_and_no_more() {
    let relay = relay_with(1);
    let mut tails: Vec<_> = (0..32).map(|_| relay.tail("", None)).collect();
    let path = format!("/portals/{MEMBER}/events?after=1&wait=1");
    assert_eq!(relay.admin("GET", &path, &Value::Null).code(), "too_many_readers");
    assert_eq!(relay.admin("GET", &format!("/portals/{MEMBER}/events"), &Value::Null).status, 200);
    tails.pop();
    assert_eq!(relay.admin("GET", &path, &Value::Null).status, 200);
}

#[test]
fn a_tail_of_nobody_is_a_problem() {
    let relay = Relay::new();
    let mut request = Relay::admin_request("GET", "/portals/stranger/events", &Value::Null);
    request.headers.push(("accept", "text/event-stream".to_owned()));
    assert_eq!(relay.send(request).code(), "not_found");
    assert!(relay.portal().storage.is_empty());
}
