//! Bodies that are too large, or no bodies at all.

use serde_json::json;
use std::collections::BTreeSet;

use crate::answers::relay_with_a_portal;
use crate::support::api::Api;
use crate::support::http::post_without_waiting;
use crate::support::portal::{Portal, form};
use crate::support::worker::{Relay, Settings};

/// Largest body.
const MAX_BODY: usize = 1 << 20;
/// Most pairs of a body.
const MAX_PAIRS: usize = 10_000;
/// Longest key.
const MAX_KEY: usize = 1024;

#[test]
fn a_body_over_a_limit_is_refused_and_one_at_it_is_not() {
    let (relay, portal) = relay_with_a_portal();
    let event = portal.calendar_entry_update(1414).body();
    let pairs_of_event = event.split('&').count();
    let padded_to = |size: usize| {
        let start = format!("{event}&pad=");
        let missing = size - start.len();
        start + &"x".repeat(missing)
    };
    let with_pairs = |count: usize| event.clone() + &"&a=1".repeat(count - pairs_of_event);
    let with_key = |length: usize| format!("{event}&{}=1", "k".repeat(length));
    let with_depth = |depth: usize| format!("{event}&data%5Bdeep%5D{}=1", "%5Ba%5D".repeat(depth - 2));
    let send = |body: String| form(relay.events(), body).send();

    for (what, body) in [
        ("bytes", padded_to(MAX_BODY)),
        ("pairs", with_pairs(MAX_PAIRS)),
        ("key", with_key(MAX_KEY)),
        ("depth", with_depth(31)),
    ] {
        assert_eq!(send(body).status, 200, "{what}");
    }
    for (what, body) in
        [("pairs", with_pairs(MAX_PAIRS + 1)), ("key", with_key(MAX_KEY + 1)), ("depth", with_depth(34))]
    {
        assert_eq!(send(body).problem_code(413), "too_large", "{what}");
    }
    // Refused by the length that it tells, so the relay may close before all of it is sent.
    for size in [MAX_BODY + 1, 3 * MAX_BODY] {
        let kind = "application/x-www-form-urlencoded";
        let (status, problem) = post_without_waiting(&relay.address(), "/events", kind, padded_to(size).as_bytes());
        assert_eq!((status, &problem["code"]), (413, &json!("too_large")), "{size}: {problem}");
    }
    let deep = "[".repeat(40) + &"]".repeat(40);
    let deep = format!(r#"{{"event":"ONAPPTEST","data":{deep},"auth":{{"member_id":"{}"}}}}"#, portal.member_id);
    let answer = relay.events().header("content-type", "application/json").body(deep).send();
    assert_eq!(answer.problem_code(413), "too_large", "depth of JSON");
}

#[test]
fn a_body_that_does_not_tell_its_length_is_cut_off_at_the_limit() {
    let (relay, portal) = relay_with_a_portal();
    let chunked = |size: usize| {
        let start = portal.calendar_entry_update(1414).body() + "&pad=";
        let missing = size - start.len();
        form(relay.events(), start + &"x".repeat(missing)).in_chunks().send()
    };
    chunked(MAX_BODY).expect_status(200);
    assert_eq!(chunked(MAX_BODY + 1).problem_code(413), "too_large");
}

#[test]
fn no_body_breaks_the_relay() {
    let (relay, portal) = relay_with_a_portal();
    let auth = format!("auth%5Bmember_id%5D={}&auth%5Bapplication_token%5D={}", portal.member_id, portal.token);
    let bodies: [(&[u8], u16); 12] = [
        (b"event=A&data=undefined&", 200),
        (b"event=A&data%5B__proto__%5D%5Bpolluted%5D=1&__proto__%5Bx%5D=1&", 200),
        (b"event=A&data%5Ba=1&data%5D=2&data%5B%5D=3&%5B%5D=4&=5&", 200),
        (b"event=A&data%5Bt%5D=%FF%C0%80%ED%A0%80&", 200),
        (b"event=A&data%5Bt%5D=\xFF\xFE\x00&", 200),
        (b"event=A&data%5Bt%5D=%&x=%4&y=%zz&", 200),
        (b"event=A&data%5B567%5D%5Bid%5D=567&", 200),
        (b"event=A&data%5B99999999999999999999%5D=1&data%5B-1%5D=2&data%5B007%5D=3&", 200),
        (b"event=A&&&&=&;&?&#&", 200),
        (b"event=A&ts=99999999999999999999&", 200),
        (b"event=A&ts=-1&event_handler_id%5B%5D=1&", 200),
        (b"event%5B%5D=A&", 400),
    ];
    for (start, status) in bodies {
        let body = [start, auth.as_bytes()].concat();
        let answer = form(relay.events(), body).send();
        assert_eq!(answer.status, status, "{}: {}", String::from_utf8_lossy(start), answer.text());
    }
    let expected = bodies.iter().filter(|(_, status)| *status == 200).count();
    let log = relay.log(&portal);
    assert_eq!(log.len(), expected);
    assert!(log.iter().all(|row| row["event"]["type"] == "com.bitrix24.unknown.a"));
}

#[test]
fn texts_of_every_script_that_come_at_once_are_logged_as_they_were_sent() {
    let (relay, portal) = (Relay::start(Settings::new().with_inspection()), Portal::new());
    relay.register(&portal);
    let scripts =
        ["plain", "naïve", "Встреча", "会議", "اجتماع", "🗓️👩‍💻", "a\u{0}b", "\u{feff}mark", "𝕏 é e\u{301}", ""];
    let texts: Vec<String> = (0..60).map(|number| format!("{}{number}", scripts[number % scripts.len()])).collect();
    std::thread::scope(|scope| {
        for text in &texts {
            let event = portal.event("ONCRMDEALUPDATE", &json!({ "FIELDS": { "ID": text, "TITLE": text } }));
            let events = relay.events();
            scope.spawn(move || form(events, event.body()).send().expect_status(200));
        }
    });
    let log = relay.log(&portal);
    let titles = log.iter().filter_map(|row| row["event"]["data"]["FIELDS"]["TITLE"].as_str());
    assert_eq!(titles.collect::<BTreeSet<_>>(), texts.iter().map(String::as_str).collect());
    // What the log is searched by stands beside the event, not in it.
    let rows = relay.sql("Portal", &portal.member_id, "SELECT id, subject FROM log ORDER BY seq", &[]);
    assert_eq!(rows.len(), texts.len());
    for (row, logged) in rows.iter().zip(&log) {
        assert_eq!((&row["id"], &row["subject"]), (&logged["event"]["id"], &logged["event"]["subject"]));
    }
}
