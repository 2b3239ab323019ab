//! An event is taken, logged, and forwarded.

use crate::support::post::{ACCESS_TOKEN, MEMBER, OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{FORWARD_SECRET, FORWARD_URL, Relay, ids};
use bitrix24_edge_relay::domain::signature::SigningSecrets;
use bitrix24_edge_relay::domain::time::Timestamp;
use serde_json::{Value, json};

#[test]
fn an_event_of_a_registered_portal_is_logged_and_arrives_signed() {
    let relay = Relay::new();
    relay.register(TOKEN);
    let answer = relay.post(&Post::new(TOKEN, 1414));
    assert_eq!(answer.status, 200);
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.json(), json!({"status": "accepted", "id": id, "seq": 1}));

    let logged = relay.log();
    assert_eq!(logged[0].event["id"], id.as_str());
    assert_eq!(logged[0].state, "delivered");

    let received = relay.destination().received();
    let [request] = received.as_slice() else {
        panic!("one request: {received:?}");
    };
    let header = |name: &str| {
        let found = request.headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    assert_eq!((request.url.as_str(), request.binding.as_deref()), (FORWARD_URL, None));
    assert_eq!(header("content-type"), "application/cloudevents+json; charset=utf-8");
    assert_eq!(header("webhook-id"), id);
    assert_eq!(serde_json::from_str::<Value>(&request.body).unwrap(), logged[0].event);
    let signed_at = Timestamp::from_unix_seconds_text(header("webhook-timestamp")).unwrap();
    assert_eq!(signed_at.as_unix_seconds(), relay.now().as_unix_seconds());
    let expected = SigningSecrets::parse(FORWARD_SECRET).unwrap();
    let expected = expected.sign(&id, signed_at, &request.body);
    assert_eq!(header("webhook-signature"), expected);
}

#[test]
fn no_token_is_left_anywhere() {
    let relay = Relay::new();
    relay.post(&Post::new(TOKEN, 1));
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 2));
    assert_eq!(relay.post(&Post::new(OTHER_TOKEN, 3)).status, 403);
    relay.destination().answers([crate::support::destination::Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 4));
    relay.revoke(TOKEN);
    let traces = relay.traces();
    assert!(traces.contains(MEMBER), "there are traces");
    for token in [TOKEN, OTHER_TOKEN, ACCESS_TOKEN] {
        assert!(!traces.contains(token));
    }
    assert_eq!(relay.logged(), ids([1, 2, 4]));
}
