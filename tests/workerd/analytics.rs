//! Data points for Workers Analytics Engine, as the runtime hands them over.

use crate::support::api::Api;
use crate::support::load::Load;
use crate::support::portal::Portal;
use crate::support::receiver::Receiver;
use crate::support::wait::wait_until;
use crate::support::worker::{Relay, Settings};
use serde_json::{Value, json};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_request_and_an_attempt_are_a_data_point_each() {
    let receiver = Receiver::start();
    let (relay, portal) = (Relay::start(Settings::forwarding_to(&receiver).with_analytics()), Portal::new());
    relay.register(&portal);
    Load::of_things(1).send_all(&relay, std::slice::from_ref(&portal), 1, 1);
    let points = || -> Vec<Value> {
        let logs = relay.logs();
        let texts = logs.iter().filter_map(|line| line.split_once("data point ").map(|(_, json)| json.to_owned()));
        texts.map(|json| serde_json::from_str(&json).expect("a point is JSON")).collect()
    };
    let find = |kind: &str, name: &str| {
        points().into_iter().find(|point| point["blobs"][0] == kind && point["blobs"][1] == name)
    };
    wait_until("a point of the attempt", SOON, || find("delivery", "default").is_some());
    let delivered = find("delivery", "default").expect("it was there");
    assert_eq!(delivered["indexes"], json!([portal.member_id]));
    assert_eq!((&delivered["blobs"][2], &delivered["doubles"][1]), (&json!("event delivered"), &json!(1)));
    let accepted = find("request", "/events").expect("the request came first");
    assert_eq!(accepted["indexes"], json!([portal.member_id]));
    assert_eq!(accepted["blobs"].as_array().map(Vec::len), Some(6), "{accepted}");
    assert_eq!((&accepted["blobs"][3], &accepted["doubles"][1]), (&json!("accepted"), &json!(200)));
}
