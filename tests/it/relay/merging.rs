//! The logs of all portals, merged: each in its order, none skipped, whatever happens to portals in between.

use crate::support::fault::{Operation, Then};
use crate::support::post::{Post, TOKEN};
use crate::support::relay::{MINUTE, Relay};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ERP: &str = "erp-token-of-24-characters";

fn relay() -> Relay {
    let tokens = format!("erp={ERP}@m2,m4");
    Relay::with(&[("FORWARD_URL", ""), ("READ_TOKENS", &tokens)])
}

fn register(relay: &Relay, member_id: &str) {
    let answer = relay.admin("PUT", &format!("/portals/{member_id}"), &json!({"application_token": TOKEN}));
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn log(relay: &Relay, member_id: &'static str, numbers: std::ops::RangeInclusive<i32>) {
    for number in numbers {
        relay.accept(&Post::new(TOKEN, number).of(member_id));
    }
}

/// A reader of the merged log, which notes what it was given.
#[derive(Default)]
struct Reader {
    cursor: Option<String>,
    token: Option<&'static str>,
    seen: BTreeMap<String, Vec<i64>>,
    calls: usize,
}

impl Reader {
    /// Makes one call. Whether there may be more at once.
    fn call(&mut self, relay: &Relay, limit: u32) -> bool {
        let cursor = self.cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let mut request = Relay::admin_request("GET", &format!("/log?limit={limit}{cursor}"), &Value::Null);
        if let Some(token) = self.token {
            request.headers = vec![("authorization", format!("Bearer {token}"))];
        }
        let answer = relay.send(request);
        assert_eq!(answer.status, 200, "{answer:?}");
        let page = answer.json();
        let events = page["events"].as_array().expect("a page has events");
        assert!(events.len() <= limit as usize);
        for row in events {
            let member_id = row["member_id"].as_str().expect("a row names its portal");
            assert_eq!(row["event"]["b24memberid"], member_id);
            self.seen.entry(member_id.to_owned()).or_default().push(row["seq"].as_i64().expect("a row has a place"));
        }
        self.cursor = page["next"].as_str().map(str::to_owned);
        self.calls += 1;
        page["more"].as_bool().expect("a page tells whether there is more")
    }

    /// Calls until there is nothing more.
    fn drain(&mut self, relay: &Relay, limit: u32) {
        while self.call(relay, limit) {
            assert!(self.calls < 1_000, "it does not end");
        }
    }

    fn of(&self, member_id: &str) -> Vec<i64> {
        self.seen.get(member_id).cloned().unwrap_or_default()
    }
}

#[test]
fn every_log_is_read_whole_and_in_order_with_any_limit() {
    let relay = relay();
    let portals = ["m1", "m2", "m3", "m4", "m5", "m6", "m7"];
    for (member_id, events) in portals.into_iter().zip(0..) {
        register(&relay, member_id);
        log(&relay, member_id, 1..=events * 3);
    }
    for limit in [1, 2, 3, 10, 500] {
        let mut reader = Reader::default();
        reader.drain(&relay, limit);
        for (member_id, events) in portals.into_iter().zip(0..) {
            assert_eq!(reader.of(member_id), (1..=events * 3).collect::<Vec<i64>>(), "{member_id}, limit {limit}");
        }
    }
}

#[test]
fn a_cursor_stays_right_when_portals_come_and_go() {
    let relay = relay();
    register(&relay, "m5");
    log(&relay, "m5", 1..=3);
    let mut reader = Reader::default();
    reader.drain(&relay, 2);
    register(&relay, "m1");
    log(&relay, "m1", 1..=2);
    log(&relay, "m5", 4..=4);
    assert_eq!(relay.admin("DELETE", "/portals/m5", &Value::Null).status, 200);
    relay.restart();
    reader.drain(&relay, 2);
    assert_eq!((reader.of("m1"), reader.of("m5")), (vec![1, 2], vec![1, 2, 3, 4]));
}

#[test]
fn what_the_directory_has_not_heard_of_yet_is_read_all_the_same() {
    let relay = relay();
    register(&relay, "m1");
    relay.advance(MINUTE);
    log(&relay, "m1", 1..=3);
    let known = relay.get("/portals")["portals"][0]["last_seq"].as_i64();
    assert_eq!(known, Some(0), "the report is old");
    let mut reader = Reader::default();
    reader.drain(&relay, 50);
    assert_eq!(reader.of("m1"), [1, 2, 3]);
}

#[test]
fn a_round_over_many_portals_takes_bounded_calls() {
    let relay = relay();
    for number in 0..70 {
        register(&relay, &format!("p{number}"));
    }
    relay.accept(&Post::new(TOKEN, 1).of("p69"));
    let mut reader = Reader::default();
    let before = relay.faults().counts().get(&Operation::CallPortal).copied().unwrap_or(0);
    assert!(reader.call(&relay, 50));
    let asked = relay.faults().counts().get(&Operation::CallPortal).copied().unwrap_or(0) - before;
    assert_eq!(asked, 32);
    reader.drain(&relay, 50);
    assert_eq!((reader.of("p69"), reader.calls), (vec![1], 3));
}

#[test]
fn portals_that_are_down_take_no_more_calls_than_others_and_one_that_hangs_takes_ten_seconds() {
    let relay = relay();
    for number in 0..40 {
        register(&relay, &format!("p{number}"));
    }
    let before = (relay.faults().count(Operation::CallPortal), relay.now());
    relay.faults().plan_next(Operation::CallPortal, 20, false, Then::Error);
    let mut reader = Reader::default();
    assert!(reader.call(&relay, 50));
    assert_eq!((relay.faults().count(Operation::CallPortal), relay.now()), (before.0 + 32, before.1));
    relay.faults().plan_next(Operation::CallPortal, 1, false, Then::Hang);
    assert!(!reader.call(&relay, 50));
    assert_eq!(relay.now().millis_since(before.1), 10_000);
}

#[test]
fn a_portal_that_does_not_answer_holds_up_no_other_and_is_read_later() {
    let relay = relay();
    for member_id in ["m1", "m2"] {
        register(&relay, member_id);
        log(&relay, member_id, 1..=2);
    }
    // Both are asked at the same time, the first portal first.
    relay.faults().plan_next(Operation::CallPortal, 1, false, Then::Error);
    let mut reader = Reader::default();
    reader.drain(&relay, 50);
    assert_eq!((reader.of("m1"), reader.of("m2")), (vec![], vec![1, 2]));
    reader.drain(&relay, 50);
    assert_eq!((reader.of("m1"), reader.of("m2")), (vec![1, 2], vec![1, 2]));
}

/// A call asks 32 portals, so the last of 33 is asked alone.
#[test]
fn a_portal_that_stays_down_stops_nobody_and_is_asked_once_a_round() {
    let relay = relay();
    for number in 1..=33 {
        register(&relay, &format!("p{number}"));
    }
    let mut reader = Reader::default();
    for number in 1..=3 {
        log(&relay, "p1", number..=number);
        assert!(reader.call(&relay, 50), "the last portal is still to be asked");
        relay.faults().plan_next(Operation::CallPortal, 1, false, Then::Error);
        assert!(!reader.call(&relay, 50), "the next round has time");
    }
    assert_eq!((reader.of("p1"), relay.faults().struck()), (vec![1, 2, 3], 3));
}

#[test]
fn a_portal_that_stays_down_stops_nobody_who_reads_one_event_at_a_time() {
    let relay = relay();
    for member_id in ["m1", "m2"] {
        register(&relay, member_id);
        log(&relay, member_id, 1..=3);
    }
    let mut reader = Reader::default();
    for _ in 1..=3 {
        assert!(reader.call(&relay, 1), "the other portal is still to be asked");
        relay.faults().plan_next(Operation::CallPortal, 1, false, Then::Error);
        assert!(reader.call(&relay, 1), "the first portal may have more");
    }
    assert_eq!((reader.of("m1"), reader.of("m2")), (vec![1, 2, 3], vec![]));
    reader.drain(&relay, 1);
    assert_eq!(reader.of("m2"), [1, 2, 3]);
}

#[test]
fn where_no_portal_answers_the_reader_is_told_and_loses_nothing() {
    let relay = relay();
    for member_id in ["m1", "m2"] {
        register(&relay, member_id);
        log(&relay, member_id, 1..=2);
    }
    let mut reader = Reader::default();
    reader.drain(&relay, 50);
    log(&relay, "m2", 3..=3);
    relay.faults().plan_next(Operation::CallPortal, 2, false, Then::Error);
    let target = format!("/log?cursor={}", reader.cursor.as_ref().unwrap());
    assert_eq!(relay.admin("GET", &target, &Value::Null).code(), "unavailable");
    reader.drain(&relay, 50);
    assert_eq!((reader.of("m1"), reader.of("m2")), (vec![1, 2], vec![1, 2, 3]));
}

#[test]
fn a_token_that_is_limited_is_given_its_portals_alone() {
    let relay = relay();
    for member_id in ["m1", "m2", "m3"] {
        register(&relay, member_id);
        log(&relay, member_id, 1..=2);
    }
    let mut reader = Reader { token: Some(ERP), ..Reader::default() };
    reader.drain(&relay, 50);
    register(&relay, "m4");
    log(&relay, "m4", 1..=1);
    reader.drain(&relay, 50);
    assert_eq!(reader.seen, BTreeMap::from([("m2".to_owned(), vec![1, 2]), ("m4".to_owned(), vec![1])]));
}

#[test]
fn a_cursor_of_another_relay_is_refused() {
    let (one, other) = (relay(), relay());
    other.advance(MINUTE);
    let mut reader = Reader::default();
    reader.drain(&one, 50);
    let target = format!("/log?cursor={}", reader.cursor.unwrap());
    assert_eq!(other.admin("GET", &target, &Value::Null).code(), "bad_request");
    assert_eq!(one.admin("GET", "/log?cursor=x", &Value::Null).code(), "bad_request");
    assert_eq!(one.admin("POST", "/log", &Value::Null).status, 405);
}
