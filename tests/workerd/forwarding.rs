//! What the receiver gets, and what happens when it does not take it.

use serde_json::{Value, json};
use std::time::Duration;

use crate::support::api::{Api, subject};
use crate::support::portal::Portal;
use crate::support::received::Received;
use crate::support::receiver::{Behaviour, Receiver};
use crate::support::signature::{NEXT_SECRET, SECRET, is_signed_with, signatures};
use crate::support::wait::{now, stays_true, wait_until};
use crate::support::worker::{Relay, Settings};

/// Time in which a healthy receiver has what it is to get.
const SOON: Duration = Duration::from_secs(30);
/// How long nothing must come to be taken as nothing.
const QUIET: Duration = Duration::from_millis(1_500);
/// Pauses of one second: as often as any test needs.
const EVERY_SECOND: &str = "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1";
/// The least and the most that a pause of one second may take: a fifth of jitter, and a busy machine.
const ONE_PAUSE: std::ops::Range<Duration> = Duration::from_millis(790)..Duration::from_secs(10);

#[test]
fn an_event_arrives_signed_as_it_stands_in_the_log() {
    let receiver = Receiver::start();
    let (relay, portal) = relay_with_a_portal(Settings::forwarding_to(&receiver));
    let answer = portal.calendar_entry_update(1414).send_to(&relay).expect_status(200);

    let delivery = only_delivery(&receiver);

    assert_eq!((delivery.method.as_str(), delivery.url.as_str()), ("POST", "/hook"));
    assert_eq!(delivery.header("content-type"), Some("application/cloudevents+json; charset=utf-8"));
    assert_eq!(Value::from(delivery.id()), answer.json()["id"]);
    assert!(is_signed_with(&delivery, SECRET));
    assert!(!is_signed_with(&delivery, NEXT_SECRET));
    assert_eq!(delivery.json(), relay.log(&portal)[0]["event"]);
    let signed_at: u64 = delivery.header("webhook-timestamp").unwrap().parse().expect("it is Unix seconds");
    assert!(unix_seconds().abs_diff(signed_at) < 60, "{signed_at}");
    wait_for_states(&relay, &portal, &["delivered"]);
}

#[test]
fn while_secrets_are_rotated_a_receiver_may_know_either() {
    let receiver = Receiver::start();
    let settings = Settings::forwarding_to(&receiver).var("FORWARD_SECRET", format!("{NEXT_SECRET} {SECRET}"));
    let (relay, portal) = relay_with_a_portal(settings);
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    let delivery = only_delivery(&receiver);
    assert_eq!(signatures(&delivery).len(), 2);
    assert!(is_signed_with(&delivery, SECRET) && is_signed_with(&delivery, NEXT_SECRET));
}

#[test]
fn a_failed_delivery_is_repeated_on_schedule_under_the_same_id() {
    let receiver = Receiver::start();
    receiver.next([Behaviour::status(500), Behaviour::Reset, Behaviour::status(429)]);
    let (relay, portal) = relay_with_a_portal(Settings::forwarding_to(&receiver).var("RETRY_SCHEDULE", "1,1,1"));
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);

    let mut times = Vec::new();
    for count in 1..=4 {
        receiver.wait_for_requests(count, SOON);
        times.push(now());
    }
    wait_for_states(&relay, &portal, &["delivered"]);
    for pause in times.windows(2).map(|pair| pair[1] - pair[0]) {
        assert!(ONE_PAUSE.contains(&pause), "{pause:?}");
    }
    stays_true("four requests", QUIET, || receiver.count() == 4);
    let deliveries = receiver.received();
    for repeat in &deliveries {
        assert_eq!((repeat.id(), &repeat.body), (deliveries[0].id(), &deliveries[0].body));
        assert!(is_signed_with(repeat, SECRET));
    }
}

#[test]
fn a_redirect_is_a_failure_and_is_not_followed() {
    let (receiver, elsewhere) = (Receiver::start(), Receiver::start());
    receiver.next([301, 302, 307, 308].map(|status| Behaviour::Answer {
        status,
        headers: vec![("location", elsewhere.url())],
        after: Duration::ZERO,
    }));
    let (relay, portal) = relay_with_a_portal(Settings::forwarding_to(&receiver).var("RETRY_SCHEDULE", EVERY_SECOND));
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    receiver.wait_for_requests(5, SOON);
    wait_for_states(&relay, &portal, &["delivered"]);
    assert_eq!(elsewhere.count(), 0);
}

#[test]
fn a_receiver_that_hangs_holds_up_no_answer() {
    let receiver = Receiver::start();
    receiver.usually(Behaviour::Hang);
    let (relay, portal) = relay_with_a_portal(Settings::forwarding_to(&receiver));
    let start = now();
    for number in 1..=20 {
        portal.calendar_entry_update(number).send_to(&relay).expect_status(200);
    }
    let took = now() - start;
    // A delivery may take 15 seconds: the answers waited for none.
    assert!(took < Duration::from_secs(10), "{took:?}");
    receiver.wait_for_requests(1, SOON);
}

#[test]
fn only_what_the_filter_names_is_forwarded_and_all_is_logged() {
    let receiver = Receiver::start();
    let settings = Settings::forwarding_to(&receiver).var("FORWARD_EVENTS", "calendar.section.*, crm.deal.add");
    let (relay, portal) = relay_with_a_portal(settings);
    for (name, data) in [
        ("ONCALENDARENTRYUPDATE", json!({ "id": "1" })),
        ("ONCALENDARSECTIONADD", json!({ "id": "202" })),
        ("ONCRMDEALUPDATE", json!({ "FIELDS": { "ID": "3" } })),
        ("ONCRMDEALADD", json!({ "FIELDS": { "ID": "4" } })),
        ("ONNEVERHEARDOF", json!({ "id": "5" })),
    ] {
        portal.event(name, &data).send_to(&relay).expect_status(200);
    }
    wait_for_states(&relay, &portal, &["filtered", "delivered", "filtered", "delivered", "filtered"]);
    let mut subjects: Vec<Value> =
        receiver.received().iter().map(|delivery| delivery.json()["subject"].clone()).collect();
    subjects.sort_by_key(ToString::to_string);
    assert_eq!(subjects, ["202", "4"]);
}

#[test]
fn an_event_that_nobody_heard_of_is_forwarded_all_the_same() {
    let receiver = Receiver::start();
    let (relay, portal) = relay_with_a_portal(Settings::forwarding_to(&receiver));
    portal.event("OnNeverHeardOf", &json!({ "FIELDS": { "ID": "7" } })).send_to(&relay).expect_status(200);
    let event = only_delivery(&receiver).json();
    assert_eq!(event["type"], "com.bitrix24.unknown.onneverheardof");
    assert_eq!(event["subject"], "7");
}

#[test]
fn a_destination_that_comes_later_starts_at_the_head_of_the_log() {
    let receiver = Receiver::start();
    let (mut relay, portal) = relay_with_a_portal(Settings::new());
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    relay.restart_with(|_| Settings::forwarding_to(&receiver));
    portal.calendar_entry_update(2).send_to(&relay).expect_status(200);
    assert_eq!(only_delivery(&receiver).json()["subject"], "2");
}

#[test]
fn without_a_destination_the_log_is_read_page_by_page() {
    let (relay, portal) = relay_with_a_portal(Settings::new());
    for number in 1..=7 {
        portal.calendar_entry_update(number).send_to(&relay).expect_status(200);
    }
    portal.event("ONCRMDEALADD", &json!({ "FIELDS": { "ID": "7" } })).send_to(&relay).expect_status(200);
    let subjects = |query: &str| -> Vec<String> { relay.log_page(&portal, query).rows.iter().map(subject).collect() };

    let first = relay.log_page(&portal, "limit=3");
    assert_eq!(first.rows.iter().map(|row| row["seq"].clone()).collect::<Vec<_>>(), [1, 2, 3]);
    let second = relay.log_page(&portal, &format!("limit=3&after={}", first.next.expect("there is more")));
    assert_eq!(second.rows.iter().map(|row| row["seq"].clone()).collect::<Vec<_>>(), [4, 5, 6]);
    assert!(second.rows.iter().all(|row| row["state"] == "delivered"), "with nowhere to go it is done at once");
    assert_eq!(subjects("after=6"), ["7", "7"]);
    assert!(subjects("after=8").is_empty());
    assert_eq!(subjects("type=crm.*"), ["7"]);
    assert_eq!(subjects("type=calendar.entry.update&limit=2"), ["1", "2"]);
    assert_eq!(subjects("subject=7").len(), 2);
    assert_eq!(subjects("subject=7&type=calendar.*").len(), 1);
    assert_eq!(subjects("since=2000-01-01T00:00:00Z").len(), 8);
    assert!(subjects("since=2999-01-01T00:00:00Z").is_empty());
    for query in ["limit=0", "limit=501", "limit=x", "after=-1", "after=x", "since=yesterday"] {
        let path = format!("/portals/{}/events?{query}", portal.member_id);
        assert_eq!(relay.admin("GET", &path).send().problem_code(400), "bad_request", "{query}");
    }
}

#[test]
fn an_internal_endpoint_is_reached_through_a_binding() {
    let receiver = Receiver::start();
    let settings = Settings::forwarding_to(&receiver)
        .var("FORWARD_URL", "https://internal.example/events")
        .var("FORWARD_BINDING", "INTERNAL")
        .with_internal_endpoint(&receiver);
    let (relay, portal) = relay_with_a_portal(settings);
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    let delivery = only_delivery(&receiver);
    assert_eq!(delivery.header("x-called-as"), Some("https://internal.example/events"));
    assert!(is_signed_with(&delivery, SECRET));
}

#[test]
fn a_binding_that_is_not_there_refuses_nothing() {
    let receiver = Receiver::start();
    let (relay, portal) = relay_with_a_portal(Settings::forwarding_to(&receiver).var("FORWARD_BINDING", "ABSENT"));
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    assert_eq!(relay.logged_subjects(&portal), ["1"]);
    stays_true("nothing sent past the binding", QUIET, || receiver.count() == 0);
}

fn relay_with_a_portal(settings: Settings) -> (Relay, Portal) {
    let (relay, portal) = (Relay::start(settings), Portal::new());
    relay.register(&portal);
    (relay, portal)
}

/// Waits for one delivery and sees that no second follows.
#[track_caller]
fn only_delivery(receiver: &Receiver) -> Received {
    receiver.wait_for_requests(1, SOON);
    stays_true("one request", QUIET, || receiver.count() == 1);
    receiver.received().remove(0)
}

/// Waits until the rows of the log have these states.
#[track_caller]
fn wait_for_states(relay: &Relay, portal: &Portal, states: &[&str]) {
    wait_until(&format!("the states {states:?}"), SOON, || {
        relay.log(portal).iter().map(|row| row["state"].clone()).collect::<Vec<_>>() == states
    });
}

fn unix_seconds() -> u64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().expect("it is past 1970").as_secs()
}
