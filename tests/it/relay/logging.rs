//! One line of the log for each request and for each attempt to deliver, in the words of `docs/LOGGING.md`. What the lines say is
//! compared with it wherever a test writes one.

use crate::support::destination::Answer;
use crate::support::fault::{Operation, Then};
use crate::support::post::{MEMBER, OTHER_TOKEN, Post, Request, TOKEN};
use crate::support::relay::{ADMIN_TOKEN, MINUTE, Relay, SECOND};
use crate::support::telling::DOCUMENTED;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The line of the last request.
fn last(relay: &Relay) -> Value {
    relay.lines("request").pop().expect("a request has a line")
}

fn relay() -> Relay {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.advance(MINUTE);
    relay
}

#[test]
fn a_request_is_one_line_that_says_what_became_of_it() {
    let relay = relay();
    let mut post = Post::new(TOKEN, 1).request();
    post.headers.push(("cf-ray", "230b030023ae2822-SJC".to_owned()));
    let id = relay.send(post).json()["id"].clone();
    let expected = json!({
        "level": "info", "message": "request", "method": "POST", "route": "/events", "status": 200, "code": "accepted",
        "member_id": MEMBER, "id": id, "seq": 1, "type": "calendar.entry.add", "duration_ms": 0, "colo": "SJC",
    });
    assert_eq!(last(&relay), expected);
    let id = relay.log()[0].event["id"].as_str().expect("an event has an id").to_owned();
    relay.get(&format!("/portals/{MEMBER}/events/{id}"));
    let line = last(&relay);
    assert_eq!((&line["route"], &line["member_id"]), (&"/portals/{member_id}/events/{id}".into(), &MEMBER.into()));
    assert_eq!((&line["status"], &line["code"], &line["id"]), (&200.into(), &"ok".into(), &Value::Null));
}

#[test]
fn what_was_refused_says_why_and_which_event_it_was() {
    let relay = relay();
    relay.post(&Post::new(OTHER_TOKEN, 1));
    let line = last(&relay);
    assert_eq!(
        (&line["status"], &line["code"], &line["member_id"]),
        (&403.into(), &"forbidden".into(), &MEMBER.into())
    );
    assert!(line["id"].is_string() && line["seq"].is_null(), "{line}");
    relay.post(&Post::new(TOKEN, 1).of("stranger"));
    assert_eq!((&last(&relay)["status"], &last(&relay)["code"]), (&202.into(), &"held".into()));
    let count = relay.lines("request").len();
    relay.send(Request { path: "/portals/../secret-path".to_owned(), ..Post::new(TOKEN, 1).request() });
    let line = last(&relay);
    assert_eq!((&line["route"], &line["code"]), (&"none".into(), &"not_found".into()));
    assert_eq!(relay.lines("request").len(), count + 1);
    assert!(!relay.world.lines.borrow().join("").contains("secret-path"));
}

#[test]
fn of_a_flood_one_a_second_is_told() {
    const FORGERIES: i32 = 300;
    let relay = relay();
    let flood = |count| {
        for number in 0..count {
            relay.post(&Post::new(OTHER_TOKEN, number));
        }
    };
    flood(101);
    let told = || (relay.lines("request").len(), relay.world.points.borrow().len());
    let before = told();
    flood(FORGERIES);
    assert_eq!(told(), before, "the isolate refuses them by itself");
    relay.advance(SECOND);
    flood(FORGERIES);
    assert_eq!(told(), (before.0 + 1, before.1 + 1), "the limiter was asked once more");
    assert_eq!(last(&relay)["code"], "rate_limited");
}

#[test]
fn an_event_that_is_lost_is_a_warning() {
    let relay = relay();
    for number in 1..=3 {
        relay.faults().plan_next(Operation::CallPortal, 3, false, Then::Error);
        assert_eq!(relay.post(&Post::new(TOKEN, number)).status, 503);
        let line = last(&relay);
        assert_eq!((&line["level"], &line["code"]), (&"warn".into(), &"unavailable".into()));
    }
}

#[test]
fn an_attempt_to_deliver_is_one_line() {
    let relay = relay();
    relay.destination().delay_millis.set(40);
    relay.destination().answers([Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(10 * SECOND);
    let failed = relay.lines("delivery failed");
    let delivered = relay.lines("event delivered");
    assert_eq!((failed.len(), delivered.len()), (1, 1));
    assert_eq!((&failed[0]["attempt"], &failed[0]["duration_ms"]), (&1.into(), &40.into()));
    assert_eq!((&delivered[0]["attempt"], &delivered[0]["id"]), (&2.into(), &failed[0]["id"]));
}

#[test]
fn log_level_leaves_out_what_is_less_urgent() {
    let relay = Relay::with(&[("LOG_LEVEL", "warn")]);
    relay.register(TOKEN);
    relay.destination().answers([Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(10 * SECOND);
    assert_eq!(relay.lines("request").len() + relay.lines("event delivered").len(), 0);
    assert_eq!(relay.lines("delivery failed").len(), 1);
    assert!(!relay.world.points.borrow().is_empty(), "data points are no lines");
    relay.deploy(&[("LOG_LEVEL", "loud")]);
    assert_eq!(relay.status()["configuration_errors"][0]["variable"], "LOG_LEVEL");
}

#[test]
fn requests_and_attempts_are_data_points() {
    let relay = relay();
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(SECOND);
    let points = relay.world.points.borrow();
    let accepted = format!("{MEMBER} request|/events|POST|accepted|calendar.entry.add| [0, 200]");
    let delivered = format!("{MEMBER} delivery|default|event delivered [0, 1, 1]");
    for point in [accepted, delivered] {
        assert!(points.contains(&point), "{point} is missing: {points:?}");
    }
}

/// Wherever a caller can put a secret, it comes back in no line and no data point.
#[test]
fn secrets_are_in_no_line_and_in_no_data_point() {
    let relay = relay();
    let secrets = ["s3cr3t-of-a-caller-0123456789", TOKEN, OTHER_TOKEN, ADMIN_TOKEN];
    for secret in secrets {
        for base in [Post::new(secret, 1), Post::new(secret, 2).of("stranger")] {
            relay.post(&base);
            let request = base.request();
            relay.send(Request { path: format!("/{secret}"), ..request.clone() });
            relay.send(Request { path: format!("/portals/{secret} /events"), ..request.clone() });
            relay.send(Request { query: format!("token={secret}"), ..request.clone() });
            relay.send(Request { method: "BREW", query: format!("access_token={secret}"), ..request.clone() });
            for header in ["authorization", "cookie", "content-type", "content-encoding", "accept", "x-token"] {
                let mut with_header = request.clone();
                with_header.headers.retain(|(name, _)| *name != header);
                with_header.headers.push((header, format!("Bearer {secret}")));
                relay.send(with_header);
            }
            let mut body = request.body.clone();
            body.extend(format!("&data[FIELDS][NOTE]={secret}&auth[refresh_token]={secret}").into_bytes());
            relay.send(Request { body, ..request.clone() });
            relay.send(Request { body: format!("event={secret}").into_bytes(), ..request.clone() });
            relay.send(Request { body: secret.as_bytes().to_vec(), ..request });
        }
        let mut api = Relay::admin_request("GET", &format!("/portals?cursor={secret}"), &Value::Null);
        relay.send(api.clone());
        api.path = format!("/portals/{MEMBER}/tokens/{secret}");
        relay.send(api);
        relay.admin("PUT", &format!("/portals/{MEMBER}"), &json!({"application_token": secret, "weak": true}));
    }
    relay.destination().always(Answer::Status(500));
    relay.advance(MINUTE);
    let told = [relay.world.lines.borrow().join("\n"), relay.world.points.borrow().join("\n")].join("\n");
    assert!(told.lines().count() > 200, "{} lines", told.lines().count());
    for secret in secrets {
        let found: Vec<_> = told.lines().filter(|line| line.contains(secret)).collect();
        assert!(found.is_empty(), "{secret} is in {found:?}");
    }
}

/// What stands in quotes behind a level, or where a level is told for several messages, somewhere near it.
#[test]
fn every_message_of_the_code_is_in_the_guide_and_every_one_of_the_guide_in_the_code() {
    let mut sources = String::new();
    read_all(Path::new("src/app"), &mut sources);
    let levels = ["Level::Info", "Level::Warn", "Level::Error"];
    let follows = |(at, level): (usize, &str)| {
        let rest = sources[at + level.len()..].trim_start_matches([',', ')', '}', ';', '\n', ' ']);
        rest.strip_prefix('"').and_then(|rest| rest.split_once('"')).map(|(message, _)| message.to_owned())
    };
    let said: BTreeSet<String> =
        levels.iter().flat_map(|level| sources.match_indices(level)).filter_map(follows).collect();
    assert!(said.len() > 25, "{said:?}");
    let unknown: Vec<_> = said.iter().filter(|message| !DOCUMENTED.contains_key(*message)).collect();
    assert!(unknown.is_empty(), "docs/LOGGING.md does not have {unknown:?}");
    let unsaid: Vec<_> = DOCUMENTED.keys().filter(|message| !sources.contains(&format!("\"{message}\""))).collect();
    assert!(unsaid.is_empty(), "nothing says {unsaid:?}");
}

fn read_all(directory: &Path, sources: &mut String) {
    for entry in fs::read_dir(directory).expect("the sources are there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            read_all(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source is text");
            sources.push_str(text.split("#[cfg(test)]").next().unwrap_or_default());
        }
    }
}
