//! How events are sent: several at once, each thing in order, in the format that was chosen.

use crate::support::destination::Answer;
use crate::support::post::{Post, TOKEN};
use crate::support::relay::{HOUR, MINUTE, Relay, SECOND, ids};
use bitrix24_edge_relay::app::ports::HttpRequest;
use bitrix24_edge_relay::domain::signature::SigningSecrets;
use bitrix24_edge_relay::domain::time::Timestamp;
use serde_json::Value;

const UPDATE: &str = "ONCRMDEALUPDATE";
const DELETE: &str = "ONCRMDEALDELETE";

/// A relay with events that wait, since its destination is broken.
fn relay_with_backlog(posts: impl IntoIterator<Item = Post>) -> Relay {
    let relay = Relay::with(&[("FORWARD_URL", "broken")]);
    relay.register(TOKEN);
    for post in posts {
        relay.accept(&post);
    }
    relay
}

/// Mends the destination, with other variables besides.
fn mend(relay: &Relay, variables: &[(&str, &str)]) {
    relay.deploy(variables);
    relay.deploy(&[("FORWARD_URL", crate::support::relay::FORWARD_URL)]);
    relay.advance(MINUTE);
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn types_received(relay: &Relay) -> Vec<String> {
    let event = |request: &HttpRequest| serde_json::from_str::<Value>(&request.body).expect("an event is JSON");
    relay
        .destination()
        .received()
        .iter()
        .map(|request| event(request)["type"].as_str().expect("an event has a type").to_owned())
        .collect()
}

#[test]
fn four_requests_are_under_way_at_once_and_no_more() {
    let relay = relay_with_backlog((1..=20).map(|number| Post::new(TOKEN, number)));
    relay.destination().delay_millis.set(5_000);
    mend(&relay, &[]);
    assert_eq!(relay.destination().most_under_way(), 4);
    assert_eq!(relay.states(), ["delivered"; 20]);
}

#[test]
fn while_events_come_in_a_crowd_half_the_requests_are_under_way_and_all_afterwards() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().delay_millis.set(20);
    relay.accept_at_once((1..=300).map(|number| Post::new(TOKEN, number)));
    assert_eq!(relay.destination().most_under_way(), 2);
    relay.advance(MINUTE);
    assert_eq!(relay.destination().most_under_way(), 4);
    assert_eq!(relay.states(), vec!["delivered"; 300]);
}

#[test]
fn an_event_that_hangs_holds_up_no_other_thing() {
    let relay = relay_with_backlog((1..=100).map(|number| Post::new(TOKEN, number)));
    relay.destination().dislikes(1, Answer::Hang);
    relay.deploy(&[("FORWARD_URL", crate::support::relay::FORWARD_URL), ("DELIVERY_BURST", "1000")]);
    relay.advance(61 * SECOND);
    assert_eq!(relay.destination().accepted_ids(), ids(2..=100));
}

/// Lets a backlog go out in one run, and some time pass.
fn let_backlog_go(relay: &Relay, millis: i64) {
    relay.deploy(&[("FORWARD_URL", crate::support::relay::FORWARD_URL)]);
    relay.status();
    relay.advance(millis);
}

#[test]
fn an_event_goes_on_behind_the_one_before_it_while_another_hangs() {
    let relay = relay_with_backlog([1, 2, 2, 2].map(|number| Post::new(TOKEN, number)));
    relay.destination().dislikes(1, Answer::Hang);
    relay.destination().delay_millis.set(50);
    let_backlog_go(&relay, SECOND);
    assert_eq!(relay.destination().accepted_ids(), ids([2, 2, 2]));
}

#[test]
fn an_event_is_tried_again_in_time_while_another_hangs() {
    let relay = relay_with_backlog([1, 2].map(|number| Post::new(TOKEN, number)));
    relay.deploy(&[("RETRY_SCHEDULE", "2")]);
    relay.destination().dislikes(1, Answer::Hang);
    relay.destination().answers([Answer::Status(500)]);
    let_backlog_go(&relay, 3 * SECOND);
    assert_eq!(relay.destination().accepted_ids(), ids([2]));
}

#[test]
fn a_run_that_may_send_no_more_leaves_the_rest_to_the_next_while_a_request_of_either_hangs() {
    for hanging in 1..=40 {
        let relay = relay_with_backlog((1..=40).map(|number| Post::new(TOKEN, number)));
        relay.deploy(&[("DELIVERY_BURST", "6")]);
        relay.destination().dislikes(hanging, Answer::Hang);
        relay.destination().delay_millis.set(50);
        let_backlog_go(&relay, 3 * SECOND);
        let accepted = relay.destination().accepted_ids();
        assert_eq!(accepted.len(), 39, "{hanging} hangs: {accepted:?}");
    }
}

#[test]
fn a_delete_never_overtakes_an_update_that_is_tried_again() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().answers([Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 7).named(UPDATE));
    relay.accept(&Post::new(TOKEN, 7).named(DELETE));
    relay.accept(&Post::new(TOKEN, 8).named(DELETE));
    assert_eq!(types_received(&relay), ["com.bitrix24.crm.deal.update", "com.bitrix24.crm.deal.delete"]);
    assert_eq!(relay.received(), ids([7, 8]), "another deal does not wait");
    assert_eq!(relay.states(), ["retrying", "pending", "delivered"]);
    relay.restart();
    relay.advance(10 * SECOND);
    let of_deal_7: Vec<String> = types_received(&relay).split_off(2);
    assert_eq!(of_deal_7, ["com.bitrix24.crm.deal.update", "com.bitrix24.crm.deal.delete"]);
    assert_eq!(relay.received(), ids([7, 8, 7, 7]));
    assert_eq!(relay.states(), ["delivered"; 3]);
}

#[test]
fn a_thing_whose_event_is_given_up_goes_on_with_the_next() {
    let relay = Relay::with(&[("RETRY_SCHEDULE", "1")]);
    relay.register(TOKEN);
    relay.destination().answers([Answer::Status(500), Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 7).named(UPDATE));
    relay.accept(&Post::new(TOKEN, 7).named(DELETE));
    relay.advance(MINUTE);
    assert_eq!(relay.states(), ["failed", "delivered"]);
}

#[test]
fn an_event_that_is_refused_is_tried_three_times_and_then_failed() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().dislikes(1, Answer::Status(422));
    for number in 1..=50 {
        relay.accept(&Post::new(TOKEN, number));
    }
    assert_eq!(relay.destination().accepted_ids(), ids(2..=50), "it holds up no other");
    relay.advance(24 * HOUR);
    assert_eq!(relay.received().iter().filter(|id| *id == "1").count(), 3);
    assert_eq!(relay.states()[0], "failed");
}

#[test]
fn a_destination_that_is_gone_is_paused_and_its_events_wait() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().always(Answer::Status(410));
    for number in 1..=3 {
        relay.accept(&Post::new(TOKEN, number));
    }
    relay.restart();
    relay.accept(&Post::new(TOKEN, 4));
    relay.advance(48 * HOUR);
    assert_eq!(relay.received(), ids([1]), "410 is heard at once, and remembered");
    assert_eq!(relay.states(), ["pending"; 4]);
    assert_eq!(relay.status()["delivery"]["paused"], "the destination answered 410");
    assert_eq!(relay.lines("destination paused").len(), 1);
    relay.destination().always(Answer::Status(200));
    relay.deploy(&[("FORWARD_URL", "https://b.example/")]);
    relay.status();
    relay.advance(MINUTE);
    assert_eq!(relay.states(), ["delivered"; 4], "another URL is another destination");
}

#[test]
fn an_open_circuit_survives_a_restart_so_that_nobody_knocks_again() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().always(Answer::Refuse);
    for number in 1..=20 {
        relay.accept(&Post::new(TOKEN, number));
    }
    relay.advance(HOUR);
    let attempts = relay.lines("delivery failed").len();
    for number in 21..=30 {
        relay.restart();
        relay.accept(&Post::new(TOKEN, number));
    }
    assert_eq!(relay.lines("delivery failed").len(), attempts);
    assert_eq!(relay.status()["delivery"]["circuit"], "outage");
}

#[test]
fn a_batch_has_up_to_a_hundred_events_in_order_and_one_signature() {
    let relay = relay_with_backlog((1..=250).map(|number| Post::new(TOKEN, number % 50 + 1)));
    mend(&relay, &[("FORWARD_FORMAT", "batch")]);
    let requests = relay.destination().received();
    assert_eq!(requests.len(), 3);
    assert_eq!(relay.received(), ids((1..=250).map(|number| number % 50 + 1)));
    let secrets = SigningSecrets::parse(crate::support::relay::FORWARD_SECRET).unwrap();
    for request in &requests {
        assert_eq!(header(request, "content-type"), Some("application/cloudevents-batch+json; charset=utf-8"));
        let sent_at = Timestamp::from_unix_seconds_text(header(request, "webhook-timestamp").unwrap()).unwrap();
        let signature = secrets.sign(header(request, "webhook-id").unwrap(), sent_at, &request.body);
        assert_eq!(header(request, "webhook-signature"), Some(signature.as_str()));
    }
    assert_eq!(relay.states(), vec!["delivered"; 250]);
}

#[test]
fn a_batch_never_has_more_than_256_kib() {
    let relay = relay_with_backlog((1..=10).map(|number| Post::new(TOKEN, number).filled(100_000)));
    mend(&relay, &[("FORWARD_FORMAT", "batch")]);
    let requests = relay.destination().received();
    assert_eq!(relay.received(), ids(1..=10));
    assert!(requests.iter().all(|request| request.body.len() <= 256 * 1024));
    assert_eq!(requests.len(), 5);
}

#[test]
fn a_batch_that_is_rejected_is_split_until_the_poison_is_found() {
    for answer in [Answer::Status(400), Answer::Status(500)] {
        let relay = relay_with_backlog((1..=1_000).map(|number| Post::new(TOKEN, number)));
        relay.destination().dislikes(500, answer.clone());
        mend(&relay, &[("FORWARD_FORMAT", "batch"), ("DELIVERY_BURST", "1000")]);
        let mut arrived = relay.destination().accepted_ids();
        arrived.sort_by_key(|id| id.parse::<i32>().ok());
        assert_eq!(arrived, ids((1..=1_000).filter(|number| *number != 500)), "{answer:?}: each other event once");
        let requests = relay.destination().received().len();
        assert!(requests < 60, "{answer:?}: {requests} requests");
    }
}

#[test]
fn in_binary_mode_the_attributes_are_headers_and_the_data_is_the_body() {
    let relay = Relay::with(&[("FORWARD_FORMAT", "binary")]);
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 7));
    let request = relay.destination().received().remove(0);
    let logged = relay.log().remove(0).event;
    assert_eq!(serde_json::from_str::<Value>(&request.body).unwrap(), logged["data"]);
    assert_eq!(header(&request, "content-type"), Some("application/json"));
    for (name, value) in logged.as_object().unwrap() {
        match name.as_str() {
            "data" | "datacontenttype" => {}
            _ => assert_eq!(header(&request, &format!("ce-{name}")), value.as_str(), "{name}"),
        }
    }
    assert_eq!(header(&request, "webhook-id"), logged["id"].as_str());
}

#[test]
fn of_several_undelivered_updates_only_the_newest_is_sent() {
    let deal = |action| Post::new(TOKEN, 7).named(action);
    let posts = [UPDATE, UPDATE, "ONCRMDEALADD", UPDATE, DELETE].map(deal);
    for format in ["structured", "batch"] {
        let relay = relay_with_backlog(posts.clone().into_iter().chain([Post::new(TOKEN, 8).named(UPDATE)]));
        mend(&relay, &[("FORWARD_COALESCE", "true"), ("FORWARD_FORMAT", format)]);
        let expected = ["superseded", "superseded", "delivered", "delivered", "delivered", "delivered"];
        assert_eq!(relay.states(), expected, "{format}");
        relay.restart();
        assert_eq!(relay.states(), expected, "{format}: it is remembered");
        let mut arrived = relay.received();
        arrived.sort();
        assert_eq!(arrived, ids([7, 7, 7, 8]), "{format}");
    }
}

#[test]
fn an_update_that_is_tried_again_gives_way_to_a_newer_one() {
    let relay = Relay::with(&[("FORWARD_COALESCE", "true")]);
    relay.register(TOKEN);
    relay.destination().answers([Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 7).named(UPDATE));
    relay.accept(&Post::new(TOKEN, 7).named(UPDATE));
    relay.advance(MINUTE);
    assert_eq!(relay.states(), ["superseded", "delivered"]);
}

#[test]
fn a_queue_can_be_the_destination() {
    let relay = Relay::with(&[("FORWARD_URL", ""), ("FORWARD_SECRET", ""), ("FORWARD_QUEUE", "EVENTS")]);
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    let queued = relay.world.queues.borrow().clone();
    assert_eq!(queued.len(), 1);
    assert_eq!(queued[0].0, "EVENTS");
    assert_eq!(serde_json::from_str::<Value>(&queued[0].1).unwrap(), relay.log()[0].event);
    assert_eq!(relay.states(), ["delivered"]);
}
