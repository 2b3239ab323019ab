//! Doubt is not loss: an event that cannot be judged yet waits for its install.

use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::support::api::{Api, id};
use crate::support::portal::Portal;
use crate::support::receiver::Receiver;
use crate::support::worker::{Relay, Settings};

/// Events that may wait for the unregistered tokens of a registered portal.
const HELD_OF_REGISTERED: usize = 200;
/// Bytes that may wait for a portal that nobody registered.
const HELD_BYTES: usize = 4 << 20;
/// Bytes of a large event.
const LARGE: usize = 200_000;
/// Unverified requests that one address may send for one portal in a minute.
const PER_ADDRESS: usize = 100;

#[test]
fn a_held_event_is_released_once_its_portal_is_registered() {
    let receiver = Receiver::start();
    let relay = Relay::start(Settings::forwarding_to(&receiver));
    let portal = Portal::new();
    let second_webhook = portal.with_another_token();
    let mut ids = Vec::new();
    for number in 1..=5 {
        let answer = portal.calendar_entry_update(number).send_to(&relay).expect_status(202);
        ids.push(answer.json()["id"].as_str().expect("it is told").to_owned());
        if number % 2 == 0 {
            second_webhook.calendar_entry_update(number * 10).send_to(&relay).expect_status(202);
        }
    }
    assert_eq!(relay.held(&portal), BTreeMap::from([(portal.token_hash(), 5), (second_webhook.token_hash(), 2)]));

    relay.register(&portal);

    let log = relay.log(&portal);
    assert_eq!(log.iter().map(id).collect::<Vec<_>>(), ids, "in order, with the ids that were told");
    assert_eq!(relay.logged_subjects(&portal), ["1", "2", "3", "4", "5"]);
    let deliveries = receiver.wait_for_requests(5, Duration::from_secs(30));
    // Four requests are under way at once.
    let arrived: BTreeSet<String> = deliveries.iter().map(|delivery| delivery.id().to_owned()).collect();
    assert_eq!(arrived, ids.iter().cloned().collect());
    assert_eq!(relay.held(&portal), BTreeMap::from([(second_webhook.token_hash(), 2)]));

    relay.register(&second_webhook);
    assert_eq!(relay.logged_subjects(&portal), ["1", "2", "3", "4", "5", "20", "40"]);
    assert!(relay.held(&portal).is_empty());
}

#[test]
fn a_second_webhook_of_a_registered_portal_waits_for_its_registration() {
    let relay = Relay::start(Settings::new());
    let portal = Portal::new();
    relay.register(&portal);
    let second_webhook = portal.with_another_token();
    for number in 1..=3 {
        second_webhook.calendar_entry_update(number).send_to(&relay).expect_status(403);
    }
    portal.calendar_entry_update(100).send_to(&relay).expect_status(200);
    assert_eq!(relay.held(&portal), BTreeMap::from([(second_webhook.token_hash(), 3)]));

    relay.register(&second_webhook);

    assert_eq!(relay.logged_subjects(&portal), ["100", "1", "2", "3"]);
    second_webhook.calendar_entry_update(4).send_to(&relay).expect_status(200);
    assert!(relay.held(&portal).is_empty());
}

#[test]
fn held_events_outlive_a_crash() {
    let mut relay = Relay::start(Settings::new());
    let portal = Portal::new();
    let known = Portal::new();
    relay.register(&known);
    let second_webhook = known.with_another_token();
    for number in 1..=3 {
        portal.calendar_entry_update(number).send_to(&relay).expect_status(202);
        second_webhook.calendar_entry_update(number).send_to(&relay).expect_status(403);
    }
    relay.restart_with(|settings| settings);
    for portal in [portal, second_webhook] {
        relay.register(&portal);
        assert_eq!(relay.logged_subjects(&portal), ["1", "2", "3"]);
    }
}

#[test]
fn what_comes_with_a_revoked_token_is_not_held() {
    let relay = Relay::start(Settings::new());
    let portal = Portal::new();
    relay.register(&portal);
    relay.revoke(&portal);
    portal.calendar_entry_update(1).send_to(&relay).expect_status(403);
    assert!(relay.held(&portal).is_empty());

    relay.register(&portal);
    assert!(relay.log(&portal).is_empty(), "registering again does not bring it back");
    portal.calendar_entry_update(2).send_to(&relay).expect_status(200);
}

#[test]
fn a_registered_portal_holds_the_last_two_hundred_of_its_unregistered_tokens() {
    let relay = Relay::start(Settings::new());
    let portal = Portal::new();
    relay.register(&portal);
    let unregistered = portal.with_another_token();
    flood(&relay, &unregistered, HELD_OF_REGISTERED + 30, 403);
    assert_eq!(relay.held(&portal), BTreeMap::from([(unregistered.token_hash(), HELD_OF_REGISTERED as u64)]));

    relay.register(&unregistered);
    let newest: Vec<String> = (31..=HELD_OF_REGISTERED + 30).map(|number| number.to_string()).collect();
    assert_eq!(relay.logged_subjects(&portal), newest);
}

#[test]
fn a_flood_of_forgeries_displaces_itself_and_not_the_genuine_events() {
    let relay = Relay::start(Settings::new());
    let genuine = Portal::new();
    let forger = genuine.with_another_token();
    for number in 1..=3 {
        genuine.calendar_entry_update(number).send_to(&relay).expect_status(202);
    }
    for _ in 0..2 * HELD_BYTES / LARGE {
        let data = json!({ "id": "1", "text": "x".repeat(LARGE) });
        forger.event("ONCALENDARENTRYUPDATE", &data).send_to(&relay).expect_status(202);
    }
    let held = relay.held(&genuine);
    assert_eq!(held.get(&genuine.token_hash()), Some(&3));
    let bytes = held[&forger.token_hash()] * LARGE as u64;
    assert!((HELD_BYTES as u64 / 2..HELD_BYTES as u64).contains(&bytes), "{bytes} bytes of the forger are held");

    relay.register(&genuine);
    assert_eq!(relay.logged_subjects(&genuine), ["1", "2", "3"]);
}

#[cfg(target_os = "linux")]
#[test]
fn what_nobody_claims_is_gone_after_a_day() {
    let relay = Relay::start(Settings::new().with_own_clock());
    let (portal, known) = (Portal::new(), Portal::new());
    relay.register(&known);
    let second_webhook = known.with_another_token();
    portal.calendar_entry_update(1).send_to(&relay).expect_status(202);
    second_webhook.calendar_entry_update(1).send_to(&relay).expect_status(403);
    relay.advance_clock(Duration::from_hours(25));
    portal.calendar_entry_update(2).send_to(&relay).expect_status(202);
    second_webhook.calendar_entry_update(2).send_to(&relay).expect_status(403);

    for portal in [portal, second_webhook] {
        relay.register(&portal);
        assert_eq!(relay.logged_subjects(&portal), ["2"]);
    }
}

/// Sends so many events, numbered from 1, from as many addresses as the limit of unverified callers wants.
fn flood(relay: &Relay, portal: &Portal, count: usize, status: u16) {
    for number in 1..=count {
        let ip = format!("198.51.100.{}", number / PER_ADDRESS + 1);
        portal.calendar_entry_update(number).sent_from(ip).send_to(relay).expect_status(status);
    }
}
