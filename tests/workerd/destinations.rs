//! Destinations that the operator makes by the API, and a queue as a destination.

use serde_json::{Value, json};
use std::time::Duration;

use crate::support::api::Api;
use crate::support::portal::Portal;
use crate::support::receiver::Receiver;
use crate::support::signature::is_signed_with;
use crate::support::wait::wait_until;
use crate::support::worker::{Relay, Settings};

/// Time in which a healthy receiver has what it is to get.
const SOON: Duration = Duration::from_secs(30);
const VAULT_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn relay_with_a_portal(settings: Settings) -> (Relay, Portal) {
    let relay = Relay::start(settings);
    let portal = Portal::new();
    relay.register(&portal);
    (relay, portal)
}

fn path(portal: &Portal, rest: &str) -> String {
    format!("/portals/{}/{rest}", portal.member_id)
}

fn crm() -> Value {
    json!({
        "name": "crm", "url": "https://crm.some-company.com/hook", "binding": "INTERNAL",
        "headers": {"CF-Access-Client-Id": "id.access", "CF-Access-Client-Secret": "hunter2"},
    })
}

#[test]
fn a_queue_takes_the_events() {
    let receiver = Receiver::start();
    let settings = Settings::new().var("FORWARD_QUEUE", "EVENTS_QUEUE").with_queue_consumed_by(&receiver);
    let (relay, portal) = relay_with_a_portal(settings);
    for number in 1..=3 {
        portal.calendar_entry_update(number).send_to(&relay).expect_status(200);
    }
    receiver.wait_for_requests(3, SOON);
    let mut messages: Vec<Value> = receiver.received().iter().map(|message| message.json()["id"].clone()).collect();
    let mut logged: Vec<Value> = relay.log(&portal).iter().map(|row| row["event"]["id"].clone()).collect();
    messages.sort_by_key(Value::to_string);
    logged.sort_by_key(Value::to_string);
    assert_eq!(messages, logged, "each message is an event");
    assert_eq!(receiver.received()[0].header("x-queue"), Some("events"));
    wait_until("all are delivered", SOON, || relay.log(&portal).iter().all(|row| row["state"] == "delivered"));
}

#[test]
fn a_destination_of_the_api_is_sent_to_through_its_binding_signed_and_with_its_headers() {
    let receiver = Receiver::start();
    let settings = Settings::new().var("VAULT_KEY", VAULT_KEY).with_internal_endpoint(&receiver);
    let (mut relay, portal) = relay_with_a_portal(settings);
    let made = relay.admin("POST", &path(&portal, "destinations")).json(&crm()).send().expect_status(201).json();
    let secret = made["secret"].as_str().expect("the secret is shown").to_owned();
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    receiver.wait_for_requests(1, SOON);

    relay.kill();
    relay.start_again();
    portal.calendar_entry_update(2).send_to(&relay).expect_status(200);
    receiver.wait_for_requests(2, SOON);
    let first = receiver.received();
    for delivery in first.iter().take(2) {
        assert!(is_signed_with(delivery, &secret));
        assert_eq!(delivery.header("x-called-as"), Some("https://crm.some-company.com/hook"));
        assert_eq!(delivery.header("cf-access-client-id"), Some("id.access"));
        assert_eq!(delivery.header("cf-access-client-secret"), Some("hunter2"));
    }
    let shown = relay.admin("GET", &path(&portal, "destinations/crm")).send().expect_status(200).json();
    assert_eq!((&shown["url"], shown.get("secret")), (&json!("https://crm.some-company.com/hook"), None));
    assert!(!shown.to_string().contains("hunter2"));

    let rotated =
        relay.admin("POST", &path(&portal, "destinations/crm/rotate-secret")).send().expect_status(200).json();
    let id = first[0].id().to_owned();
    relay.admin("POST", &path(&portal, &format!("events/{id}/redeliver"))).send().expect_status(202);
    let new = rotated["secret"].as_str().expect("the secret is shown");
    // The crash may have repeated the event too, signed with the first secret alone.
    let again =
        || receiver.received().into_iter().find(|delivery| delivery.id() == id && is_signed_with(delivery, new));
    wait_until("the event comes again", SOON, || again().is_some());
    assert!(again().is_some_and(|delivery| is_signed_with(&delivery, &secret)), "both secrets sign");
    wait_until("the replay has ended", SOON, || {
        let replays = relay.admin("GET", &path(&portal, "redeliver")).send().expect_status(200).json();
        replays == json!({"replays": []})
    });

    relay.admin("DELETE", &path(&portal, "destinations/crm")).send().expect_status(204);
    wait_until("it is forgotten", SOON, || {
        relay.admin("POST", &path(&portal, "destinations")).json(&crm()).send().status == 201
    });
}

#[test]
fn without_a_vault_key_a_destination_is_refused_and_the_variable_named() {
    let (relay, portal) = relay_with_a_portal(Settings::new());
    let problem = relay.admin("POST", &path(&portal, "destinations")).json(&crm()).send();
    assert_eq!(problem.problem_code(503), "not_configured");
}
