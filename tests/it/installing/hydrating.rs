//! Events are forwarded with what they are about, where that can be read.

use crate::support::application::installed;
use crate::support::destination::Answer;
use crate::support::post::{Post, TOKEN};
use crate::support::relay::{HOUR, MINUTE, Relay};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

fn hydrating() -> Relay {
    let relay = installed(TOKEN);
    relay.deploy(&[("HYDRATE_EVENTS", "calendar.entry.*")]);
    relay
}

fn last_body(relay: &Relay) -> String {
    relay.destination().received().last().expect("something was sent").body.clone()
}

fn last(relay: &Relay) -> Value {
    serde_json::from_str(&last_body(relay)).expect("an event is JSON")
}

/// An item of a smart process was changed.
fn item(id: i32) -> Post {
    let post = Post::new(TOKEN, id).named("ONCRMDYNAMICITEMUPDATE_1220");
    Post { filling: "&data[FIELDS][ENTITY_TYPE_ID]=1220".to_owned(), ..post }
}

#[test]
fn an_event_carries_its_object() {
    let relay = hydrating();
    relay.accept(&Post::new(TOKEN, 7));
    assert_eq!(last(&relay)["data"]["object"], json!({"ID": "7", "NAME": "Lunch"}));
    assert_eq!(relay.log()[1].event["data"].get("object"), None, "the log has what was received");
}

#[test]
fn a_token_that_has_expired_is_renewed_for_it() {
    let relay = hydrating();
    relay.advance(2 * HOUR);
    relay.accept(&Post::new(TOKEN, 7));
    assert_eq!(last(&relay)["data"]["object"]["ID"], "7");
    assert_eq!(relay.bitrix().count("oauth/token"), 1);
}

#[test]
fn a_failed_read_forwards_the_event_without_it_and_says_why() {
    let relay = hydrating();
    relay.bitrix().refuse_rest([(403, "ACCESS_DENIED")]);
    relay.accept(&Post::new(TOKEN, 1));
    assert_eq!((&last(&relay)["b24hydration"], last(&relay)["data"].get("object")), (&json!("ACCESS_DENIED"), None));
    relay.bitrix().rest_is_down.set(true);
    let calls = relay.bitrix().calls().len();
    for number in 2..=6 {
        relay.accept(&Post::new(TOKEN, number));
        assert_eq!(last(&relay)["b24hydration"], "portal_unreachable");
    }
    assert_eq!(relay.bitrix().calls().len() - calls, 1, "an outage delays one event");
    relay.bitrix().rest_is_down.set(false);
    relay.advance(MINUTE);
    relay.accept(&Post::new(TOKEN, 8));
    assert_eq!(last(&relay)["data"]["object"]["ID"], "8");
}

#[test]
fn an_object_that_is_too_large_keeps_no_other_event_from_its_object() {
    let relay = hydrating();
    relay.bitrix().answer_rest([json!({"ID": "1", "NAME": "x".repeat(600 << 10)})]);
    relay.accept(&Post::new(TOKEN, 1));
    assert_eq!(last(&relay)["b24hydration"], "too_large");
    relay.accept(&Post::new(TOKEN, 2));
    assert_eq!(last(&relay)["data"]["object"]["ID"], "2");
}

#[test]
fn a_burst_on_one_thing_reads_it_once() {
    let relay = hydrating();
    relay.destination().always(Answer::Status(503));
    for _ in 0..10 {
        relay.accept(&Post::new(TOKEN, 7).named("ONCALENDARENTRYADD"));
    }
    let calls = relay.bitrix().count("calendar.event.getbyid");
    relay.destination().always(Answer::Status(204));
    relay.advance(HOUR);
    assert!(relay.bitrix().count("calendar.event.getbyid") - calls <= 2);
    assert_eq!(relay.destination().accepted_ids().iter().filter(|id| *id == "7").count(), 10);
}

#[test]
fn what_is_not_listed_is_not_read() {
    let relay = installed(TOKEN);
    relay.accept(&Post::new(TOKEN, 7));
    relay.deploy(&[("HYDRATE_EVENTS", "crm.*")]);
    relay.accept(&Post::new(TOKEN, 8));
    assert_eq!(relay.bitrix().count("calendar.event.getbyid"), 0);
}

#[test]
fn an_access_token_in_the_urls_of_an_object_is_not_forwarded() {
    let relay = installed(TOKEN);
    relay.deploy(&[("HYDRATE_EVENTS", "crm.*")]);
    let token = relay.bitrix().issued().remove(0);
    let file =
        |query: String| format!("https://some-domain.bitrix24.com/rest/crm.controller.item.getFile.json?{query}");
    let in_base64: Vec<String> = ["", "i", "id"]
        .iter()
        .map(|before| file(format!("token=crm%7C{}%7Cx", STANDARD.encode(format!("{before}auth={token}&_=salt")))))
        .collect();
    let read = json!({
        "id": 5, "title": "Order", "opportunity": 10.5, "opened": true, "parentId": null,
        "ufFile": {"id": 9, "url": "/show_file.php?fileId=9", "urlMachine": file(format!("auth={token}&token=crm%7CaWQ9NQ"))},
        "ufFiles": [{"id": 10, "downloadUrl": format!("/show_file.php?auth={token}&fileId=10")}, token, "kept"],
        "inBase64": in_base64, "urlSafe": URL_SAFE_NO_PAD.encode(&token),
        "percent": file(format!("x=auth%3D{token}%26")), token.as_str(): "key", "auth": {"user": 1}, "ACCESS_TOKEN": "other",
    });
    relay.bitrix().answer_rest([json!({"item": read})]);
    for number in [5, 5] {
        relay.accept(&item(number));
        let body = last_body(&relay);
        assert!(relay.bitrix().issued().iter().all(|token| !body.contains(token)), "{body}");
        let left = json!({
            "id": 5, "title": "Order", "opportunity": 10.5, "opened": true, "parentId": null,
            "ufFile": {"id": 9, "url": "/show_file.php?fileId=9"}, "ufFiles": [{"id": 10}, "kept"], "inBase64": [],
        });
        assert_eq!(last(&relay)["data"]["object"], left);
        relay.bitrix().answer_rest([json!({"item": read})]);
    }
}

#[test]
fn an_answer_without_an_object_holds_up_no_event() {
    let relay = installed(TOKEN);
    relay.deploy(&[("HYDRATE_EVENTS", "*")]);
    let posts = [
        item(5),
        Post::new(TOKEN, 5).named("ONCALENDARENTRYUPDATE"),
        Post { filling: "&data[FIELDS_AFTER][ID]=5".to_owned(), ..Post::new(TOKEN, 5).named("ONTASKUPDATE") },
    ];
    for post in posts {
        for result in [json!([]), json!(true), json!("x"), json!(7), Value::Null, json!([{"item": {}}])] {
            relay.bitrix().answer_rest([result.clone()]);
            relay.accept(&post);
            assert_eq!(last(&relay)["b24hydration"], "not_found", "{} {result}", post.event);
        }
    }
}

#[test]
fn what_bitrix24_sent_is_forwarded_as_it_was_beside_the_object() {
    let relay = hydrating();
    relay.accept(&Post::new(TOKEN, 7));
    let data = r#""data":{"id":"7","FIELDS":{"ID":"7"},"filling":"","object":{"ID":"7","NAME":"Lunch"}}"#;
    assert!(last_body(&relay).contains(data), "{}", last_body(&relay));
    relay.accept(&Post { filling: "&data[object]=sent".to_owned(), ..Post::new(TOKEN, 8) });
    assert_eq!(
        (&last(&relay)["data"]["object"], &last(&relay)["b24hydration"]),
        (&json!("sent"), &json!("data_has_object"))
    );
}
