//! What `POST /events` answers, and to whom.

use serde_json::json;

use crate::support::api::Api;
use crate::support::http::Answer;
use crate::support::portal::{Portal, form};
use crate::support::worker::{Relay, Settings};

/// Unverified requests that one address may send for one portal in a minute.
const UNVERIFIED_LIMIT: usize = 100;

#[test]
fn a_genuine_event_is_accepted_and_told_its_id_and_number() {
    let (relay, portal) = relay_with_a_portal();
    let mut ids = Vec::new();
    // Two equal POSTs can be two real changes.
    for number in 1..=2 {
        let answer = portal.calendar_entry_update(1414).send_to(&relay).expect_status(200);
        let id = answer.json()["id"].clone();
        assert_eq!(answer.json(), json!({ "status": "accepted", "id": id, "seq": number }));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        ids.push(id);
    }
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn the_documented_event_becomes_the_documented_cloud_event() {
    let (relay, portal) = relay_with_a_portal();
    let answer = portal.calendar_entry_update(1414).auth("status", "F").auth("scope", "calendar").send_to(&relay);
    let event = &relay.log(&portal)[0]["event"];
    let expected = json!({
        "specversion": "1.0",
        "id": answer.json()["id"],
        "source": "https://some-domain.bitrix24.com",
        "type": "com.bitrix24.calendar.entry.update",
        "subject": "1414",
        "time": "2024-12-19T11:39:09Z",
        "datacontenttype": "application/json",
        "data": { "id": "1414" },
        "b24event": "ONCALENDARENTRYUPDATE",
        "b24memberid": portal.member_id,
        "b24handlerid": "4",
        "b24scope": "calendar",
        "b24status": "F",
        "b24receivedat": event["b24receivedat"],
    });
    assert_eq!(*event, expected);
}

#[test]
fn json_of_the_same_shape_is_accepted() {
    let (relay, portal) = relay_with_a_portal();
    let body = json!({
        "event": "ONCALENDARENTRYUPDATE",
        "data": { "id": 1414 },
        "ts": 1_734_608_349,
        "auth": { "member_id": portal.member_id, "application_token": portal.token },
    });
    relay.events().json(&body).send().expect_status(200);
    assert_eq!(
        relay.log(&portal)[0]["event"]["data"],
        json!({ "id": "1414" }),
        "as http_build_query would have sent it"
    );
}

#[test]
fn an_event_of_an_unknown_portal_is_held() {
    let relay = Relay::start(Settings::new());
    let answer = Portal::new().calendar_entry_update(1414).send_to(&relay).expect_status(202);
    let id = answer.json()["id"].clone();
    assert!(id.is_string());
    assert_eq!(answer.json(), json!({ "status": "held", "id": id }));
}

#[test]
fn what_is_no_event_is_told_so() {
    let (relay, portal) = relay_with_a_portal();
    let auth = format!("auth%5Bmember_id%5D={}&auth%5Bapplication_token%5D={}", portal.member_id, portal.token);
    let send = |body: String| form(relay.events(), body).send();

    let robot = send(format!("workflow_id=1&code=notify&ts=1734608349&{auth}"));
    assert_eq!(robot.problem_code(400), "no_event");
    let too_long = "m".repeat(65);
    for member_id in ["", "a%2Fb", "a+b", "%00", "%C3%A4", too_long.as_str()] {
        let answer = send(format!("event=ONAPPTEST&auth%5Bmember_id%5D={member_id}&auth%5Bapplication_token%5D=t"));
        assert_eq!(answer.problem_code(400), "bad_member_id", "{member_id:?}");
    }
    for auth in ["", "&auth=text", "&auth%5Bmember_id%5D%5B0%5D=m"] {
        assert_eq!(send(format!("event=ONAPPTEST{auth}")).problem_code(400), "bad_member_id", "{auth:?}");
    }
    for text in ["", "{", "[1,2]", "\"text\"", "{\"event\":\"ONAPPTEST\"}}"] {
        let answer = relay.events().header("content-type", "application/json").body(text).send();
        assert_eq!(answer.problem_code(400), "malformed", "{text:?}");
    }
    assert!(relay.log(&portal).is_empty());
}

#[test]
fn a_refusal_does_not_tell_its_reason() {
    let (relay, portal) = relay_with_a_portal();
    let revoked = portal.with_another_token();
    relay.register(&revoked);
    relay.revoke_token(&revoked);
    let without_a_token = Portal { token: String::new(), ..portal.clone() };

    let answers: Vec<Answer> = [revoked, portal.with_another_token(), without_a_token]
        .iter()
        .map(|sender| sender.calendar_entry_update(1).send_to(&relay))
        .collect();

    for answer in &answers {
        assert_eq!(answer.problem_code(403), "forbidden");
        assert_eq!(answer.body, answers[0].body);
        assert_eq!(answer.headers, answers[0].headers);
    }
}

#[test]
fn other_methods_are_told_which_are_taken() {
    let relay = Relay::start(Settings::new());
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        let answer = relay.request(method, "/events").send();
        assert_eq!(answer.problem_code(405), "method_not_allowed", "{method}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD, POST"), "{method}");
    }
}

#[test]
fn the_handler_url_is_reachable() {
    let relay = Relay::start(Settings::new());
    let answer = relay.request("GET", "/events").send().expect_status(200);
    assert!(!answer.body.is_empty() && answer.body.len() < 1000, "a short text: {:?}", answer.text());
    assert!(relay.request("HEAD", "/events").send().expect_status(200).body.is_empty());
    // A handler URL may have a query of its own.
    relay.request("GET", "/events?app=calendar").send().expect_status(200);
}

#[test]
fn other_content_types_and_any_content_encoding_are_refused() {
    let (relay, portal) = relay_with_a_portal();
    let body = portal.calendar_entry_update(1414).body();
    let send = |headers: &[(&str, &str)]| {
        let request = relay.events().body(body.as_str());
        headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send()
    };
    let form = "application/x-www-form-urlencoded";
    for kind in [form, "application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-URLEncoded"] {
        send(&[("content-type", kind)]).expect_status(200);
    }
    for kind in
        ["text/plain", "multipart/form-data; boundary=x", "application/xml", "application/x-www-form-urlencodedx"]
    {
        assert_eq!(send(&[("content-type", kind)]).problem_code(415), "unsupported_media_type", "{kind}");
    }
    assert_eq!(send(&[]).problem_code(415), "unsupported_media_type", "no content type");
    for encoding in ["gzip", "br", "identity"] {
        let answer = send(&[("content-type", form), ("content-encoding", encoding)]);
        assert_eq!(answer.problem_code(415), "unsupported_media_type", "{encoding}");
    }
}

#[test]
fn an_unverified_caller_is_slowed_down_by_portal_and_address() {
    let relay = Relay::start(Settings::new());
    let (portal, other) = (Portal::new(), Portal::new());
    let send = |portal: &Portal, ip: &str| portal.calendar_entry_update(1).sent_from(ip).send_to(&relay);

    // The minutes of the limiter are its own: at most two of them are touched.
    let answers: Vec<Answer> = (0..=2 * UNVERIFIED_LIMIT).map(|_| send(&portal, "198.51.100.1")).collect();

    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status != 202).collect();
    assert!(!refused.is_empty(), "{} requests passed", answers.len());
    for answer in refused {
        assert_eq!(answer.problem_code(429), "rate_limited");
        let pause: u32 = answer.header("retry-after").expect("it says when").parse().expect("it says so in seconds");
        assert!((1..=60).contains(&pause), "{pause}");
    }
    assert!(answers[..UNVERIFIED_LIMIT].iter().all(|answer| answer.status == 202));
    send(&portal, "198.51.100.2").expect_status(202);
    send(&other, "198.51.100.1").expect_status(202);

    relay.register(&portal);
    send(&portal, "198.51.100.1").expect_status(200);
}

#[test]
fn a_verified_portal_is_never_slowed_down() {
    let (relay, portal) = relay_with_a_portal();
    for number in 1..=2 * UNVERIFIED_LIMIT + 1 {
        let answer = portal.calendar_entry_update(number).sent_from("198.51.100.1").send_to(&relay);
        assert_eq!(answer.expect_status(200).json()["seq"], number);
    }
}

pub fn relay_with_a_portal() -> (Relay, Portal) {
    let (relay, portal) = (Relay::start(Settings::new()), Portal::new());
    relay.register(&portal);
    (relay, portal)
}
