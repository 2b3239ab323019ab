//! Consumers with a name go on where they stopped, and tokens that read do nothing else.

use crate::support::post::{MEMBER, Post, TOKEN};
use crate::support::relay::{Answer, Relay, events_of};
use serde_json::{Value, json};

const CRM: &str = "crm-token-of-24-characters";
const ERP: &str = "erp-token-of-24-characters";

fn relay_with(events: i32) -> Relay {
    let tokens = format!("crm={CRM} erp={ERP}@another,{MEMBER}x");
    let relay = Relay::with(&[("FORWARD_URL", ""), ("READ_TOKENS", &tokens)]);
    relay.register(TOKEN);
    for number in 1..=events {
        relay.accept(&Post::new(TOKEN, number));
    }
    relay
}

/// What the consumer `crm` is given next.
fn places(relay: &Relay, query: &str) -> Vec<i64> {
    let page = relay.get(&format!("/portals/{MEMBER}/events?consumer=crm{query}"));
    events_of(&page).into_iter().map(|logged| logged.seq).collect()
}

fn acknowledge(relay: &Relay, name: &str, body: &Value) -> Answer {
    relay.admin("POST", &format!("/portals/{MEMBER}/consumers/{name}/ack"), body)
}

#[test]
fn a_consumer_goes_on_behind_what_it_acknowledged() {
    let relay = relay_with(5);
    assert_eq!(places(&relay, "&limit=2"), [1, 2]);
    assert_eq!(places(&relay, "&limit=2"), [1, 2], "to read is not to acknowledge");
    let answer = acknowledge(&relay, "crm", &json!({"seq": 2}));
    assert_eq!(
        answer.json(),
        json!({"name": "crm", "position": 2, "lag": 3, "acked_at": relay.now().to_rfc3339_millis()})
    );
    relay.restart();
    assert_eq!(places(&relay, ""), [3, 4, 5]);
    assert_eq!(places(&relay, "&after=4"), [5], "who tells a place reads ahead");
    relay.accept(&Post::new(TOKEN, 6));
    let listed = relay.get(&format!("/portals/{MEMBER}/consumers"));
    assert_eq!(listed["consumers"][0]["lag"], 4);
    assert_eq!(relay.get(&format!("/portals/{MEMBER}/consumers/crm")), listed["consumers"][0]);
}

#[test]
fn an_acknowledgement_moves_backwards_only_by_force_and_never_past_the_log() {
    let relay = relay_with(5);
    let position = |body: Value| acknowledge(&relay, "crm", &body).json()["position"].as_i64();
    assert_eq!(position(json!({"seq": 4})), Some(4));
    let rows = relay.portal().storage.rows_written();
    assert_eq!(position(json!({"seq": 3})), Some(4), "it was late");
    assert_eq!(position(json!({"seq": 4})), Some(4), "it came twice");
    assert_eq!(relay.portal().storage.rows_written(), rows);
    assert_eq!(position(json!({"seq": 1, "force": true})), Some(1));
    assert_eq!(places(&relay, ""), [2, 3, 4, 5]);
    for body in [json!({"seq": 6}), json!({"seq": 6, "force": true})] {
        let answer = acknowledge(&relay, "crm", &body);
        assert_eq!((answer.status, answer.code().as_str()), (409, "conflict"));
    }
    for body in [json!({"seq": -1}), json!({"seq": "1"}), json!({}), json!({"seq": 1, "x": 1}), json!([])] {
        assert_eq!(acknowledge(&relay, "crm", &body).code(), "bad_request", "{body}");
    }
}

#[test]
fn so_many_consumers_fit_and_one_that_is_removed_makes_room() {
    let relay = relay_with(1);
    for number in 0..100 {
        assert_eq!(acknowledge(&relay, &format!("c{number}"), &json!({"seq": 1})).status, 200);
    }
    assert_eq!(acknowledge(&relay, "one-more", &json!({"seq": 1})).code(), "conflict");
    assert_eq!(acknowledge(&relay, "c7", &json!({"seq": 0, "force": true})).status, 200);
    let path = format!("/portals/{MEMBER}/consumers/c7");
    assert_eq!(relay.admin("DELETE", &path, &Value::Null).json()["position"], 0);
    assert_eq!(relay.admin("DELETE", &path, &Value::Null).code(), "not_found");
    assert_eq!(relay.admin("GET", &path, &Value::Null).code(), "not_found");
    assert_eq!(acknowledge(&relay, "one-more", &json!({"seq": 1})).status, 200);
}

#[test]
fn a_consumer_of_a_portal_that_nobody_registered_creates_nothing() {
    let relay = Relay::new();
    assert_eq!(acknowledge(&relay, "crm", &json!({"seq": 0})).code(), "not_found");
    assert_eq!(relay.admin("GET", &format!("/portals/{MEMBER}/consumers"), &Value::Null).code(), "not_found");
    assert!(relay.portal().storage.is_empty());
}

#[test]
fn a_tail_of_a_consumer_begins_where_it_stopped() {
    let relay = relay_with(4);
    acknowledge(&relay, "crm", &json!({"seq": 2}));
    assert_eq!(relay.tail("consumer=crm", None).places(), [3, 4]);
    assert_eq!(relay.tail("consumer=crm", Some(3)).places(), [4], "it knows better");
    acknowledge(&relay, "crm", &json!({"seq": 4}));
    let mut tail = relay.tail("consumer=crm", None);
    assert!(tail.places().is_empty());
    relay.accept(&Post::new(TOKEN, 5));
    assert_eq!(tail.places(), [5]);
}

/// The status of a call with a token that reads.
fn status(relay: &Relay, token: &str, method: &'static str, target: &str, body: &Value) -> u16 {
    let mut request = Relay::admin_request(method, target, body);
    request.headers = vec![("authorization", format!("Bearer {token}"))];
    relay.send(request).status
}

#[test]
fn a_token_that_reads_reads_and_acknowledges_and_nothing_else() {
    let relay = relay_with(1);
    let portal = format!("/portals/{MEMBER}");
    let none = &Value::Null;
    for target in ["/events", "/consumers"] {
        assert_eq!(status(&relay, CRM, "GET", &format!("{portal}{target}"), none), 200, "{target}");
    }
    assert_eq!(status(&relay, CRM, "POST", &format!("{portal}/consumers/crm/ack"), &json!({"seq": 1})), 200);
    assert_eq!(status(&relay, CRM, "GET", &format!("{portal}/consumers/crm"), none), 200);
    assert_eq!(status(&relay, CRM, "GET", "/log", none), 200);
    let hash = "0".repeat(64);
    let refused: [(&'static str, String); 6] = [
        ("GET", "/portals".to_owned()),
        ("GET", portal.clone()),
        ("PUT", portal.clone()),
        ("DELETE", portal.clone()),
        ("DELETE", format!("{portal}/tokens/{hash}")),
        ("DELETE", format!("{portal}/consumers/crm")),
    ];
    for (method, target) in refused {
        assert_eq!(status(&relay, CRM, method, &target, none), 403, "{method} {target}");
    }
    assert_eq!(status(&relay, "no-such-token-of-24-chars", "GET", &format!("{portal}/events"), none), 401);
}

#[test]
fn a_token_that_is_limited_sees_its_portals_alone() {
    let relay = relay_with(1);
    let none = &Value::Null;
    for target in ["/events", "/events?wait=1", "/consumers"] {
        assert_eq!(status(&relay, ERP, "GET", &format!("/portals/{MEMBER}{target}"), none), 403, "{target}");
    }
    assert_eq!(status(&relay, ERP, "GET", "/portals/another/events", none), 404, "it may, but there is none");
    assert_eq!(status(&relay, ERP, "POST", &format!("/portals/{MEMBER}/consumers/erp/ack"), &json!({"seq": 1})), 403);
}
