//! The operator's API.

use serde_json::{Value, json};

use crate::support::api::{ADMIN_TOKEN, Api};
use crate::support::portal::{Portal, sha256_hex};
use crate::support::receiver::Receiver;
use crate::support::worker::{Relay, Settings};

#[test]
fn nobody_gets_in_without_the_right_token() {
    let (relay, portal) = relay_with_a_portal();
    let routes = operator_routes(&portal);
    for (method, path) in &routes {
        let send = |authorization: Option<&str>| {
            let request = relay.request(method, path).header("content-type", "application/json");
            let request = if *method == "PUT" { request.body("{}") } else { request };
            match authorization {
                Some(value) => request.header("authorization", value).send(),
                None => request.send(),
            }
        };
        let almost = format!("Bearer {}", &ADMIN_TOKEN[1..]);
        let longer = format!("Bearer {ADMIN_TOKEN}x");
        let basic = format!("Basic {ADMIN_TOKEN}");
        for authorization in
            [None, Some(""), Some("Bearer"), Some("Bearer "), Some(&almost), Some(&longer), Some(&basic)]
        {
            let answer = send(authorization);
            assert_eq!(answer.problem_code(401), "unauthorized", "{method} {path} {authorization:?}");
            assert!(
                answer.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")),
                "RFC 9110, 15.5.2"
            );
        }
    }
    // None of these did anything.
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
}

#[test]
fn without_an_admin_token_the_api_says_why_it_is_shut() {
    let relay = Relay::start(Settings::new().without("ADMIN_TOKEN"));
    for (method, path) in operator_routes(&Portal::new()) {
        for answer in [relay.request(method, &path).send(), relay.admin(method, &path).send()] {
            answer.problem_code(503);
            assert!(answer.text().contains("ADMIN_TOKEN"), "{}", answer.text());
        }
    }
    assert_eq!(Portal::new().calendar_entry_update(1).send_to(&relay).status, 202, "events are taken all the same");
}

#[test]
fn a_portal_is_registered_shown_and_revoked() {
    let relay = Relay::start(Settings::new());
    let (portal, other) = (Portal::new(), Portal::new());
    relay.register(&portal);
    relay.register(&other);
    for number in 1..=3 {
        portal.calendar_entry_update(number).send_to(&relay).expect_status(200);
    }

    let overview = relay.overview(&portal);
    assert_eq!(overview["member_id"], portal.member_id.as_str());
    assert_eq!(overview["domain"], portal.domain.as_str());
    let token = &overview["tokens"][0];
    assert_eq!(
        (&token["sha256"], &token["label"], &token["status"]),
        (&json!(portal.token_hash()), &json!("calendar"), &json!("active"))
    );
    assert!(!overview.to_string().contains(&portal.token));
    let listed = relay.admin("GET", "/portals").send().expect_status(200).json();
    let members = member_ids(&listed);
    assert!(members.contains(&portal.member_id) && members.contains(&other.member_id), "{listed}");

    relay.revoke(&portal);
    assert_eq!(relay.overview(&portal)["tokens"][0]["status"], "revoked");
    assert_eq!(relay.logged_subjects(&portal).len(), 3, "the log stays readable");
    let missing = format!("/portals/{}/tokens/{}", portal.member_id, sha256_hex("none"));
    assert_eq!(relay.admin("DELETE", &missing).send().problem_code(404), "not_found");
}

#[test]
fn the_list_of_portals_is_read_page_by_page() {
    let relay = Relay::start(Settings::new());
    let portals: Vec<Portal> = (0..5).map(|_| Portal::new()).collect();
    for portal in &portals {
        relay.register(portal);
    }
    let (mut seen, mut path) = (Vec::new(), "/portals?limit=2".to_owned());
    for _ in 0..4 {
        let page = relay.admin("GET", &path).send().expect_status(200).json();
        let members = member_ids(&page);
        assert!(members.len() <= 2, "{page}");
        seen.extend(members);
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/portals?limit=2&cursor={next}");
    }
    let mut expected: Vec<String> = portals.into_iter().map(|portal| portal.member_id).collect();
    expected.sort();
    seen.sort();
    assert_eq!(seen, expected);
}

#[test]
fn a_portal_that_nobody_knows_is_not_found() {
    let relay = Relay::start(Settings::new());
    let stranger = Portal::new();
    for path in [format!("/portals/{}", stranger.member_id), format!("/portals/{}/events", stranger.member_id)] {
        assert_eq!(relay.admin("GET", &path).send().problem_code(404), "not_found", "{path}");
    }
    assert_eq!(relay.admin("GET", "/nowhere").send().problem_code(404), "not_found");
    assert_eq!(relay.admin("GET", "/portals/a%20b").send().problem_code(404), "not_found");
}

#[test]
fn registering_is_repeatable_and_says_what_is_wrong() {
    let relay = Relay::start(Settings::new());
    let portal = Portal::new();
    let put = |body: &Value| relay.admin("PUT", &format!("/portals/{}", portal.member_id)).json(body).send();
    for body in [json!({}), json!([]), json!({ "application_token": 1 }), json!({ "application_token": "" })] {
        let answer = put(&body);
        assert!([400, 422].contains(&answer.status), "{body}: {}", answer.text());
        answer.problem_code(answer.status);
    }
    let not_json = relay.admin("PUT", &format!("/portals/{}", portal.member_id)).body("{").send();
    assert!([400, 415].contains(&not_json.status), "{}", not_json.text());

    relay.register(&portal);
    relay.register(&portal);
    assert_eq!(relay.overview(&portal)["tokens"].as_array().unwrap().len(), 1);
}

#[test]
fn a_short_token_is_taken_only_when_the_operator_insists() {
    let relay = Relay::start(Settings::new());
    // A bot that was registered by webhook has the CLIENT_ID that the integrator chose.
    let portal = Portal { token: "123456".to_owned(), ..Portal::new() };
    let put = |body: Value| relay.admin("PUT", &format!("/portals/{}", portal.member_id)).json(&body).send();
    assert_eq!(put(json!({ "application_token": portal.token })).problem_code(422), "weak_token");
    portal.calendar_entry_update(1).send_to(&relay).expect_status(202);
    assert_eq!(put(json!({ "application_token": portal.token, "weak": false })).problem_code(422), "weak_token");
    put(json!({ "application_token": portal.token, "weak": true })).expect_success();
    portal.calendar_entry_update(2).send_to(&relay).expect_status(200);
}

#[test]
fn health_is_good_when_the_configuration_is() {
    let relay = Relay::start(Settings::forwarding_to(&Receiver::start()));
    relay.request("GET", "/healthz").send().expect_status(200);
}

#[test]
fn every_variable_that_is_wrong_is_named_and_ingest_goes_on() {
    let wrong = [
        ("FORWARD_URL", "not a url"),
        ("FORWARD_SECRET", "whsec_short"),
        ("FORWARD_EVENTS", "calendar.*,,"),
        ("RETRY_SCHEDULE", "soonish"),
        ("DELIVERY_BURST", "several"),
        ("RETENTION_DAYS", "forever"),
        ("VAULT_KEY", "c2hvcnQ="),
    ];
    let settings = wrong.iter().fold(Settings::new(), |settings, (name, value)| settings.var(name, *value));
    let (relay, portal) = (Relay::start(settings), Portal::new());
    relay.register(&portal);
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);

    let health = relay.request("GET", "/healthz").send().expect_status(503).text();
    let overview = relay.overview(&portal).to_string();
    let log = relay.logs();
    for (name, value) in wrong {
        assert!(health.contains(name), "{name}: {health}");
        assert!(overview.contains(name), "the operator sees {name} beside the portal: {overview}");
        let lines = log.iter().filter(|line| line.contains(name)).count();
        assert!((1..=3).contains(&lines), "{name} is in {lines} lines, one for each isolate: {log:?}");
        assert!(!health.contains(value) && !overview.contains(value), "a value may be a secret: {health} {overview}");
        assert!(!log.iter().any(|line| line.contains(value)), "a value may be a secret: {log:?}");
    }
}

#[test]
fn a_credential_in_a_url_is_refused() {
    let (relay, portal) = relay_with_a_portal();
    for query in ["access_token=x", "token=x", "admin_token=x", "ADMIN_TOKEN=x", "application_token=x"] {
        let query = query.replace('x', ADMIN_TOKEN);
        for path in ["/portals".to_owned(), format!("/portals/{}/events", portal.member_id)] {
            let answer = relay.admin("GET", &format!("{path}?{query}")).send();
            assert!((400..500).contains(&answer.status), "{path}?{query}: {}", answer.text());
            assert!(!answer.text().contains(ADMIN_TOKEN));
        }
        let alone = relay.request("GET", &format!("/portals?{query}")).send();
        assert!((400..500).contains(&alone.status), "it lets nobody in");
    }
}

#[test]
fn no_route_lets_a_browser_read_it_from_elsewhere() {
    let (relay, portal) = relay_with_a_portal();
    let mut routes: Vec<(&str, String)> = operator_routes(&portal);
    routes.extend(
        [("GET", "/"), ("GET", "/events"), ("POST", "/events"), ("GET", "/healthz"), ("GET", "/nowhere")]
            .map(|(method, path)| (method, path.to_owned())),
    );
    for (method, path) in routes {
        for method in [method, "OPTIONS"] {
            for request in [relay.request(method, &path), relay.admin(method, &path)] {
                let answer = request
                    .header("origin", "https://elsewhere.example")
                    .header("access-control-request-method", "GET")
                    .send();
                let allowed = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
                assert_eq!(allowed, None, "{method} {path}");
            }
        }
    }
}

/// Every route that only the operator may use; those that end something come last.
fn operator_routes(portal: &Portal) -> Vec<(&'static str, String)> {
    let portal_path = format!("/portals/{}", portal.member_id);
    vec![
        ("GET", "/portals".to_owned()),
        ("GET", portal_path.clone()),
        ("GET", format!("{portal_path}/events")),
        ("PUT", portal_path.clone()),
        ("DELETE", format!("{portal_path}/tokens/{}", portal.token_hash())),
        ("DELETE", portal_path),
    ]
}

fn member_ids(list: &Value) -> Vec<String> {
    let portals = list["portals"].as_array().unwrap_or_else(|| panic!("no portals in {list}"));
    portals.iter().filter_map(|portal| portal["member_id"].as_str()).map(str::to_owned).collect()
}

fn relay_with_a_portal() -> (Relay, Portal) {
    let (relay, portal) = (Relay::start(Settings::new()), Portal::new());
    relay.register(&portal);
    (relay, portal)
}
