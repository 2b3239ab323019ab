//! The simulated Bitrix24 and the relay together: what each sends reaches the other.

use serde_json::json;
use std::time::Duration;

use crate::support::api::Api;
use crate::support::portal::Portal;
use crate::support::receiver::Receiver;
use crate::support::signature::SECRET;
use crate::support::simulator::{RELAY_ORIGIN, Simulator};
use crate::support::wait::wait_until;
use crate::support::worker::{Relay, Settings};

const SOON: Duration = Duration::from_secs(30);

#[test]
fn an_event_of_a_simulated_webhook_is_forwarded() {
    let (simulator, receiver) = (Simulator::start(), Receiver::start());
    let relay = Relay::start(Settings::forwarding_to(&receiver).with_simulator(&simulator));
    simulator.reaches(&relay);
    let portal = simulator.control("portal.add", &json!({ "domain": "some-domain.bitrix24.com" }));
    let handler = format!("{RELAY_ORIGIN}/events");
    let webhook = simulator.control("webhook.add", &json!({ "handler": handler, "events": ["ONCRMDEALADD"] }));
    let text = |value: &serde_json::Value| value.as_str().expect("it is text").to_owned();
    relay.register(&Portal {
        member_id: text(&portal["member_id"]),
        domain: text(&portal["domain"]),
        token: text(&webhook["application_token"]),
    });

    let answer = simulator.control("event", &json!({ "event": "ONCRMDEALADD", "id": "7405" }));

    assert_eq!(answer["deliveries"][0]["status"], 200, "{answer}");
    let event = receiver.wait_for_requests(1, SOON).remove(0).json();
    assert_eq!(event["subject"], "7405");
    assert_eq!(event["source"], "https://some-domain.bitrix24.com");
}

#[test]
fn what_the_relay_sends_to_a_simulated_host_reaches_the_simulator() {
    let simulator = Simulator::start();
    let portal = simulator.control("portal.add", &json!({ "domain": "some-domain.bitrix24.com" }));
    let member_id = portal["member_id"].as_str().expect("it is text").to_owned();
    let settings = Settings::new()
        .var("FORWARD_URL", "https://some-domain.bitrix24.com/rest/profile")
        .var("FORWARD_SECRET", SECRET)
        .with_simulator(&simulator);
    let relay = Relay::start(settings);
    let portal = Portal { member_id, ..Portal::new() };
    relay.register(&portal);

    portal.calendar_entry_update(1414).send_to(&relay).expect_status(200);

    wait_until("the call of the relay", SOON, || !simulator.calls_of("profile").is_empty());
    let call = simulator.calls_of("profile").remove(0);
    assert_eq!(call["host"], "some-domain.bitrix24.com", "{call}");
    assert_eq!(call["error"], "NO_AUTH_FOUND", "{call}");
}

#[test]
fn the_simulator_knows_the_tokens_that_it_issued() {
    let (simulator, handler) = (Simulator::start(), Receiver::start());
    simulator.control("portal.add", &json!({ "domain": "some-domain.bitrix24.com" }));
    simulator.control("application.add", &json!({ "url_install": handler.url() }));
    simulator.control("install", &json!({}));
    let token =
        simulator.control("token", &json!({ "user": 2 }))["access_token"].as_str().expect("it is text").to_owned();

    let url = format!("https://oauth.bitrix.info/rest/app.info?auth={token}");
    let told = simulator.request("GET", &url).send().expect_status(200).json();

    assert_eq!(told["result"]["user_id"], 2, "{told}");
    assert!(simulator.issued_tokens().contains(&token));
    assert_eq!(handler.received().len(), 1, "ONAPPINSTALL");
    simulator.try_control("install", &json!({ "portal": "another.bitrix24.com" })).expect_status(400);
}
