//! A portal may have more destinations, made by the API: each has its own place, secret, circuit and pause.

mod faults;
mod pausing;
mod secrets;
mod testing;

use crate::support::destination::{Answer, id_in};
use crate::support::post::{MEMBER, Post, TOKEN};
use crate::support::relay::{Answer as Response, HOUR, MINUTE, Relay, SECOND, ids};
use bitrix24_edge_relay::app::ports::HttpRequest;
use bitrix24_edge_relay::domain::signature::SigningSecrets;
use bitrix24_edge_relay::domain::time::Timestamp;
use serde_json::{Value, json};

const VAULT_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const OTHER_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const CRM_URL: &str = "https://crm.some-company.com/hook";

fn relay() -> Relay {
    let relay = Relay::with(&[("VAULT_KEY", VAULT_KEY)]);
    relay.register(TOKEN);
    relay
}

fn path(rest: &str) -> String {
    format!("/portals/{MEMBER}/destinations{rest}")
}

fn make(relay: &Relay, body: &Value) -> Response {
    relay.admin("POST", &path(""), body)
}

fn make_crm(relay: &Relay) -> String {
    let answer = make(relay, &json!({"name": "crm", "url": CRM_URL, "events": ["calendar.*"]}));
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["secret"].as_str().expect("the secret is shown").to_owned()
}

fn patch(relay: &Relay, name: &str, body: &Value) -> Value {
    let answer = relay.admin("PATCH", &path(&format!("/{name}")), body);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn accept(relay: &Relay, numbers: impl IntoIterator<Item = i32>) {
    for number in numbers {
        relay.accept(&Post::new(TOKEN, number));
    }
}

fn sent_to(relay: &Relay, url: &str) -> Vec<HttpRequest> {
    relay.destination().received().into_iter().filter(|request| request.url == url).collect()
}

fn received_at(relay: &Relay, url: &str) -> Vec<String> {
    sent_to(relay, url).iter().map(|request| id_in(&request.body)).collect()
}

fn header(request: &HttpRequest, name: &str) -> String {
    let found = request.headers.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

/// Whether a request carries the signature of a secret, which is the only one if `alone`.
fn is_signed_by(request: &HttpRequest, secret: &str) -> bool {
    let at = Timestamp::from_unix_seconds_text(&header(request, "webhook-timestamp")).expect("it is a time");
    let signature =
        SigningSecrets::parse(secret).expect("it is a secret").sign(&header(request, "webhook-id"), at, &request.body);
    header(request, "webhook-signature").split(' ').any(|carried| carried == signature)
}

#[test]
fn a_new_destination_begins_at_the_head_and_gets_what_it_wants_signed_with_its_own_secret() {
    let relay = relay();
    accept(&relay, 1..=2);
    let secret = make_crm(&relay);
    accept(&relay, 3..=4);
    relay.accept(&Post::new(TOKEN, 5).named("ONCRMDEALADD"));
    assert_eq!(received_at(&relay, CRM_URL), ids([3, 4]));
    assert_eq!(relay.received().len(), 7, "the default one gets all");
    for request in sent_to(&relay, CRM_URL) {
        assert!(secret.starts_with("whsec_") && is_signed_by(&request, &secret));
    }
    relay.restart();
    accept(&relay, 6..=6);
    assert_eq!(received_at(&relay, CRM_URL), ids([3, 4, 6]), "after a restart too");
}

#[test]
fn the_secret_is_shown_once_and_stored_sealed() {
    let relay = relay();
    let body = json!({"name": "crm", "url": CRM_URL, "headers": {"Authorization": "Bearer hunter2hunter2"}});
    let made = make(&relay, &body).json();
    let secret = made["secret"].as_str().expect("the secret is shown").to_owned();
    assert_eq!(made["headers"], json!(["authorization"]));
    accept(&relay, 1..=1);
    assert_eq!(header(&sent_to(&relay, CRM_URL)[0], "authorization"), "Bearer hunter2hunter2");
    for shown in [relay.get(&path("")), relay.get(&path("/crm")), relay.status()] {
        assert!(!shown.to_string().contains(&secret) && !shown.to_string().contains("hunter2"), "{shown}");
    }
    let stored = relay.portal().storage.dump() + &relay.world.lines.borrow().join("\n");
    assert!(!stored.contains(&secret[6..]) && !stored.contains("hunter2"));
}

#[test]
fn without_a_vault_key_there_is_no_destination_with_secrets() {
    let relay = Relay::new();
    relay.register(TOKEN);
    let answer = make(&relay, &json!({"name": "crm", "url": CRM_URL}));
    assert_eq!((answer.status, answer.code().as_str()), (503, "not_configured"));
    assert!(answer.body.contains("VAULT_KEY"), "{answer:?}");
    let answer = make(&relay, &json!({"name": "bulk", "queue": "EVENTS"}));
    assert_eq!(answer.status, 201, "a queue needs none: {answer:?}");
    accept(&relay, 1..=1);
    assert_eq!(relay.world.queues.borrow().len(), 1);
    assert_eq!(relay.world.queues.borrow()[0].0, "EVENTS");
}

#[test]
fn a_destination_whose_secrets_do_not_open_waits_and_says_so() {
    let relay = relay();
    make_crm(&relay);
    for broken in ["", OTHER_KEY] {
        relay.deploy(&[("VAULT_KEY", broken)]);
        accept(&relay, 1..=1);
        relay.advance(HOUR);
        let shown = relay.get(&path("/crm"));
        assert!(shown["error"].as_str().is_some_and(|error| error.contains("VAULT_KEY")), "{shown}");
    }
    assert_eq!(received_at(&relay, CRM_URL), ids([]));
    relay.deploy(&[("VAULT_KEY", &format!("{OTHER_KEY} {VAULT_KEY}"))]);
    relay.advance(2 * MINUTE);
    assert_eq!(received_at(&relay, CRM_URL), ids([1, 1]), "nothing is lost, and no request is needed to wake it");
    assert_eq!(relay.get(&path("/crm"))["error"], Value::Null);
}

#[test]
fn one_destination_that_is_down_holds_up_no_other() {
    let relay = relay();
    make_crm(&relay);
    patch(&relay, "default", &json!({"paused": true}));
    relay.destination().always(Answer::Refuse);
    accept(&relay, 1..=8);
    relay.advance(MINUTE);
    let shown = relay.get(&path(""));
    assert_eq!(shown["destinations"][1]["delivery"]["circuit"], "outage");
    assert_eq!(shown["destinations"][0]["delivery"].get("circuit"), None);
    relay.destination().always(Answer::Status(204));
    patch(&relay, "crm", &json!({"paused": true}));
    patch(&relay, "default", &json!({"paused": false}));
    assert_eq!(relay.received(), ids(1..=8), "the default one");
    patch(&relay, "crm", &json!({"paused": false}));
    let mut arrived = received_at(&relay, CRM_URL);
    arrived.sort();
    assert_eq!(arrived, ids(1..=8), "to resume clears the circuit");
}

#[test]
fn a_moved_destination_keeps_its_place_and_what_had_failed_is_tried_at_once() {
    let relay = relay();
    make_crm(&relay);
    patch(&relay, "default", &json!({"paused": true}));
    relay.destination().answers([Answer::Status(500)]);
    accept(&relay, 1..=2);
    let moved = "https://new.some-company.com/hook";
    let shown = patch(&relay, "crm", &json!({"url": moved, "format": "batch", "coalesce": true, "events": ["*"]}));
    assert_eq!((&shown["url"], &shown["format"], &shown["coalesce"]), (&json!(moved), &json!("batch"), &json!(true)));
    relay.advance(SECOND);
    assert_eq!(sent_to(&relay, moved).len(), 1);
    assert!(sent_to(&relay, moved)[0].body.starts_with('['));
    relay.restart();
    assert_eq!(relay.get(&path("/crm"))["format"], "batch");
}

#[test]
fn headers_are_replaced_and_the_secret_stays() {
    let relay = relay();
    let secret = make_crm(&relay);
    patch(&relay, "crm", &json!({"headers": {"X-Key": "one", "CF-Access-Client-Id": "id.access"}}));
    accept(&relay, 1..=1);
    patch(&relay, "crm", &json!({"headers": {}}));
    relay.restart();
    accept(&relay, 2..=2);
    let sent = sent_to(&relay, CRM_URL);
    assert_eq!(
        (header(&sent[0], "x-key"), header(&sent[0], "cf-access-client-id")),
        ("one".into(), "id.access".into())
    );
    assert_eq!(header(&sent[1], "x-key"), "");
    assert!(sent.iter().all(|request| is_signed_by(request, &secret)));
}

#[test]
fn a_rotated_secret_signs_beside_the_new_one_until_its_end() {
    let relay = relay();
    let old = make_crm(&relay);
    let rotate = |body: &Value| relay.admin("POST", &path("/crm/rotate-secret"), body);
    let rotated = rotate(&json!({"overlap_seconds": 3600}));
    assert_eq!(rotated.status, 200, "{rotated:?}");
    let new = rotated.json()["secret"].as_str().expect("the secret is shown").to_owned();
    assert_ne!(old, new);
    relay.restart();
    accept(&relay, 1..=1);
    relay.advance(HOUR);
    accept(&relay, 2..=2);
    let sent = sent_to(&relay, CRM_URL);
    assert!(is_signed_by(&sent[0], &old) && is_signed_by(&sent[0], &new), "both, after a restart too");
    assert!(!is_signed_by(&sent[1], &old) && is_signed_by(&sent[1], &new));
    assert_eq!(relay.get(&path("/crm")).get("previous_secret_until"), None);
    assert_eq!(rotate(&Value::Null).status, 200, "a day, where nothing is said");
    assert_eq!(rotate(&json!({"overlap_seconds": 99_999_999})).status, 400);
    let of_variables = relay.admin("POST", &path("/default/rotate-secret"), &Value::Null);
    assert_eq!(of_variables.status, 409);
    assert!(of_variables.body.contains("FORWARD_SECRET"), "{of_variables:?}");
}

#[test]
fn a_removed_destination_is_forgotten_and_its_name_is_free() {
    let relay = relay();
    make_crm(&relay);
    relay.destination().answers([Answer::Status(500), Answer::Status(500)]);
    accept(&relay, 1..=1);
    let removed = relay.admin("DELETE", &path("/crm"), &Value::Null);
    assert_eq!((removed.status, removed.body.as_str()), (204, ""));
    relay.advance(MINUTE);
    let left = relay.portal().storage.rows("SELECT name FROM destination UNION SELECT destination FROM delivery");
    assert_eq!(left, ["name=default"]);
    assert_eq!(relay.admin("GET", &path("/crm"), &Value::Null).status, 404);
    assert_eq!(relay.admin("DELETE", &path("/crm"), &Value::Null).status, 404);
    make_crm(&relay);
    let before = received_at(&relay, CRM_URL).len();
    accept(&relay, 2..=2);
    assert_eq!(received_at(&relay, CRM_URL)[before..], ids([2]));
}

#[test]
fn what_must_not_be_called_is_refused_by_name() {
    let relay = relay();
    for (body, named) in [
        (json!({"name": "Crm", "url": CRM_URL}), "name"),
        (json!({"url": CRM_URL}), "name"),
        (json!({"name": "a", "url": "http://some-company.com/"}), "url"),
        (json!({"name": "a", "url": "https://127.0.0.1/"}), "url"),
        (json!({"name": "a", "url": "https://vault.internal/"}), "url"),
        (json!({"name": "a", "url": "https://10.0.0.1/", "binding": "INTERNAL"}), "url"),
        (json!({"name": "a", "url": CRM_URL, "binding": "a-b"}), "binding"),
        (json!({"name": "a", "url": CRM_URL, "queue": "EVENTS"}), "queue"),
        (json!({"name": "a", "queue": ""}), "queue"),
        (json!({"name": "a", "queue": "EVENTS", "headers": {"x-a": "b"}}), "headers"),
        (json!({"name": "a", "url": CRM_URL, "events": []}), "events"),
        (json!({"name": "a", "url": CRM_URL, "events": ["a b"]}), "events"),
        (json!({"name": "a", "url": CRM_URL, "format": "xml"}), "format"),
        (json!({"name": "a", "url": CRM_URL, "headers": {"Host": "b"}}), "host"),
        (json!({"name": "a", "url": CRM_URL, "headers": {"CF-Connecting-IP": "b"}}), "cf-connecting-ip"),
        (json!({"name": "a", "url": CRM_URL, "headers": {"x-a": "b\r\nc"}}), "x-a"),
    ] {
        let answer = make(&relay, &body);
        assert_eq!((answer.status, answer.code().as_str()), (422, "bad_destination"), "{body}");
        assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains(named)), "{answer:?}");
    }
    for body in [json!({"name": "a", "url": CRM_URL, "secret": "whsec_x"}), json!("crm"), json!({"name": 5})] {
        assert_eq!(make(&relay, &body).status, 400, "{body}");
    }
}

#[test]
fn a_portal_has_ten_at_most_and_a_name_once() {
    let relay = relay();
    for number in 0..10 {
        let made = make(&relay, &json!({"name": format!("d{number}"), "url": CRM_URL}));
        assert_eq!(made.status, 201);
    }
    assert_eq!(make(&relay, &json!({"name": "d10", "url": CRM_URL})).status, 409);
    assert_eq!(make(&relay, &json!({"name": "d9", "url": CRM_URL})).status, 409);
    accept(&relay, 1..=1);
    relay.advance(SECOND);
    assert_eq!(received_at(&relay, CRM_URL).len(), 10);
    let names: Vec<Value> = relay.status()["destinations"].as_array().expect("they are listed").clone();
    assert_eq!(names.len(), 10, "beside the default one");
}

#[test]
fn without_a_default_one_the_others_get_their_events() {
    let relay = Relay::with(&[("VAULT_KEY", VAULT_KEY), ("FORWARD_URL", "")]);
    relay.register(TOKEN);
    make_crm(&relay);
    accept(&relay, 1..=2);
    assert_eq!(received_at(&relay, CRM_URL), ids([1, 2]));
    assert_eq!(relay.status()["delivery"], json!({"cursor": 2, "pending": 0, "retrying": 0, "failed": 0}));
}
