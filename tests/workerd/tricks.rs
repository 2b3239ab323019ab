//! What a stranger may try at the edges of HTTP: nothing of it opens, leaks or injects anything.

use serde_json::json;
use std::time::Duration;

use crate::answers::relay_with_a_portal;
use crate::support::api::Api;
use crate::support::portal::{Portal, form};
use crate::support::receiver::Receiver;
use crate::support::worker::{Relay, Settings};

#[test]
fn no_path_leads_around_the_operators_token() {
    let (relay, portal) = relay_with_a_portal();
    let id = &portal.member_id;
    for path in [
        format!("/portals/{id}"),
        format!("/events/../portals/{id}"),
        format!("/healthz/%2e%2e/portals/{id}"),
        format!("//portals/{id}"),
        format!("/./portals/{id}/events"),
        format!("/portals/{id}/"),
        format!("/Portals/{id}"),
        format!("/portals%2f{id}"),
        format!("/portals/{id}%00"),
        format!("/portals/{id};/events"),
        format!("/events\\..\\portals\\{id}"),
        format!("/portals/{id}?x=/healthz"),
        "/cdn-cgi/../portals".to_owned(),
        "/index.js".to_owned(),
        "/.git/config".to_owned(),
        "/.dev.vars".to_owned(),
    ] {
        for method in ["GET", "PUT", "DELETE"] {
            let Ok(answer) = relay.request(method, &path).try_send() else {
                continue;
            };
            assert!(
                matches!(answer.status, 400 | 401 | 404 | 405),
                "{method} {path}: {} {}",
                answer.status,
                answer.text()
            );
            assert!(!answer.text().contains(&portal.token_hash()), "{path}");
        }
    }
}

#[test]
fn no_page_of_another_origin_reads_an_answer() {
    let (relay, portal) = relay_with_a_portal();
    for path in ["/", "/events", "/install", "/healthz", "/portals", &format!("/portals/{}/events", portal.member_id)] {
        for method in ["OPTIONS", "GET", "POST"] {
            let answer = relay
                .admin(method, path)
                .header("origin", "https://evil.example")
                .header("access-control-request-method", "PUT")
                .header("access-control-request-headers", "authorization")
                .send();
            let shares = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
            assert_eq!(shares, None, "{method} {path}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{method} {path}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{method} {path}");
        }
        let preflight = relay.request("OPTIONS", path).header("origin", "https://evil.example").send();
        assert!(matches!(preflight.status, 401 | 405), "{path}: {}", preflight.status);
    }
}

#[test]
fn nothing_of_an_event_becomes_a_header_of_the_delivery() {
    let receiver = Receiver::start();
    let relay = Relay::start(Settings::forwarding_to(&receiver));
    let portal = Portal::new();
    relay.register(&portal);
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    let names = |delivery: usize| -> Vec<String> {
        let deliveries = receiver.wait_for_requests(delivery, Duration::from_secs(30));
        deliveries[delivery - 1].headers.iter().map(|(name, _)| name.clone()).collect()
    };
    let plain = names(1);
    let injected = "x\r\nx-injected: 1\r\n\r\nPOST / HTTP/1.1";
    portal
        .event(&format!("ON{}", "X"), &json!({ "id": injected, injected: injected, "FIELDS": { "ID": injected } }))
        .auth("scope", injected)
        .auth("user_id", injected)
        .auth("domain", injected)
        .auth("status", injected)
        .send_to(&relay)
        .expect_status(200);
    assert_eq!(names(2), plain, "the same headers as for any event");
    let delivery = &receiver.received()[1];
    assert!(delivery.headers.iter().all(|(name, value)| !name.contains("injected") && !value.contains("injected")));
    assert_eq!(delivery.json()["source"], format!("urn:bitrix24:{}", portal.member_id));
    assert_eq!(receiver.received().len(), 2, "no request was smuggled");
}

#[test]
fn a_forger_before_a_registration_does_not_keep_the_portal_out_after_it() {
    let relay = Relay::start(Settings::new());
    let portal = Portal::new();
    // The same member_id, the same address: whatever an isolate remembers of them, it remembers of the forger.
    for number in 0..150 {
        portal.with_another_token().calendar_entry_update(number).sent_from("192.0.2.1").send_to(&relay);
    }
    relay.register(&portal);
    for number in 0..20 {
        portal.calendar_entry_update(number).sent_from("192.0.2.1").send_to(&relay).expect_status(200);
        let forged = portal.with_another_token().calendar_entry_update(number).sent_from("192.0.2.1").send_to(&relay);
        assert!(matches!(forged.status, 403 | 429), "{}", forged.status);
    }
    relay.revoke_token(&portal);
    portal.calendar_entry_update(99).sent_from("192.0.2.2").send_to(&relay).expect_status(403);
    assert_eq!(relay.log(&portal).len(), 20);
}

#[test]
fn only_a_listed_address_is_heard_where_the_operator_wants_that() {
    let relay = Relay::start(Settings::new().var("B24_SOURCE_IPS", "require"));
    let portal = Portal::new();
    relay.register(&portal);
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("it is after 1970").as_secs() * 1_000;
    relay.kv_put(
        "sources:bitrix24",
        &json!({ "nodes": ["192.0.2.0/24", "2001:db8::1"], "fetched_at": now }).to_string(),
    );
    for (address, status) in [("192.0.2.9", 200), ("2001:db8::1", 200), ("203.0.113.9", 403), ("2001:db8::2", 403)] {
        portal.calendar_entry_update(1).sent_from(address).send_to(&relay).expect_status(status);
    }
    let robot = form(relay.events(), "workflow_id=1").header("cf-connecting-ip", "203.0.113.9").send();
    assert_eq!(robot.problem_code(400), "no_event", "what is no event is told so from everywhere");
}
