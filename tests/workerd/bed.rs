//! The test bed itself: what every scenario relies on.

use serde_json::{Value, json};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::api::Api;
use crate::support::http::{Request, client};
use crate::support::php::http_build_query;
use crate::support::places::PROJECT;
use crate::support::receiver::{Behaviour, Receiver, url_of_nobody};
use crate::support::wait::wait_until;
use crate::support::worker::{Relay, Settings};

#[test]
fn a_relay_is_gone_when_it_is_killed_and_has_its_state_when_it_is_started_again() {
    let mut relay = Relay::start(Settings::new());
    assert_eq!(relay.request("GET", "/events").send().status, 200);
    relay.kv_put("install:x", "{}");

    relay.restart_with(|settings| settings.var("RETENTION_DAYS", "7"));

    assert_eq!(relay.request("GET", "/events").send().status, 200);
    assert_eq!(relay.kv_get("install:x").as_deref(), Some("{}"));
    relay.kv_delete("install:x");
    assert_eq!(relay.kv_get("install:x"), None);
}

#[test]
fn the_harness_looks_into_an_object() {
    let relay = Relay::start(Settings::new().with_inspection());
    let query = "SELECT ?1 || ?2 AS answer";
    assert_eq!(relay.sql("Portal", "x", query, &["4".into(), "2".into()]), [json!({ "answer": "42" })]);
    relay.evict("Portal", "x");
}

#[test]
fn a_relay_dies_with_the_test() {
    let mut relay = Relay::start(Settings::new());
    let address = relay.address();
    TcpStream::connect(&address).expect("it listens");

    relay.cut_leash();

    wait_until("the harness to end", Duration::from_secs(10), || relay.has_ended());
    wait_until("workerd to end", Duration::from_secs(10), || TcpStream::connect(&address).is_err());
}

#[test]
fn the_receiver_follows_its_script_and_records_what_came() {
    let receiver = Receiver::start();
    let slow = Behaviour::Answer {
        status: 302,
        headers: vec![("location", "http://127.0.0.1:1/".to_owned())],
        after: Duration::from_millis(50),
    };
    receiver.next([Behaviour::Reset, slow, Behaviour::Hang]);
    let client = client();
    let post = |body: &str| Request::new(&client, "POST", &receiver.url()).header("X-Name", "a value").body(body);

    post("first").try_send().expect_err("the connection is reset");
    let answer = post("second").send();
    assert_eq!((answer.status, answer.header("location")), (302, Some("http://127.0.0.1:1/")));
    let (url, address) = (receiver.url(), receiver.url().replace("http://", "").replace("/hook", ""));
    let mut hanging = TcpStream::connect(address).unwrap();
    std::io::Write::write_all(
        &mut hanging,
        b"POST /hook HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nthird\r\n0\r\n\r\n",
    )
    .unwrap();
    receiver.wait_for_requests(3, Duration::from_secs(5));
    assert_eq!(post("fourth").send().status, 204, "one that hangs holds up no other at {url}");

    let requests = receiver.received();
    let bodies: Vec<&[u8]> = requests.iter().map(|request| request.body.as_slice()).collect();
    assert_eq!(bodies, [&b"first"[..], b"second", b"third", b"fourth"]);
    assert_eq!((requests[0].method.as_str(), requests[0].url.as_str()), ("POST", "/hook"));
    assert_eq!(requests[0].header("x-name"), Some("a value"));
}

#[test]
fn nobody_listens_where_nobody_should() {
    Request::new(&client(), "GET", &url_of_nobody()).try_send().expect_err("the port is closed");
}

#[test]
fn the_simulated_portal_encodes_as_php_does() {
    let fixtures = PROJECT.join("tests/fixtures/bitrix");
    let read =
        |name: &str| -> Vec<Value> { serde_json::from_slice(&std::fs::read(fixtures.join(name)).unwrap()).unwrap() };
    let mut compared = 0;
    for (file, source) in [("wire-payloads.json", "parsed"), ("wire-edge-cases.json", "value")] {
        // Some edge cases are about reading alone: they have no value that was encoded.
        for case in read(file).iter().filter(|case| case[source].is_object()) {
            let ours =
                http_build_query(case[source].as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value)));
            assert_eq!(sorted(&ours), sorted(case["body"].as_str().unwrap()), "{case}");
            compared += 1;
        }
    }
    assert!(compared > 106, "only {compared} were compared");
}

/// The pairs of a query in one order: a JSON object has none that could be kept.
fn sorted(query: &str) -> Vec<&str> {
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.sort_unstable();
    pairs
}
