//! A simulated portal installs the application, end to end: both kinds of install, what attackers try, and that nothing sealed
//! is ever readable.

use serde_json::{Value, json};
use std::time::Duration;

use crate::support::api::Api;
use crate::support::portal::form;
use crate::support::receiver::Receiver;
use crate::support::simulator::{RELAY_ORIGIN, Simulator};
use crate::support::storage::places_of;
use crate::support::wait::wait_until;
use crate::support::worker::{Relay, Settings};

const SOON: Duration = Duration::from_secs(30);
const DOMAIN: &str = "some-domain.bitrix24.com";
const CLIENT_SECRET: &str = "SakeVG5mbRdcQet45UUrt6q72AMTo7fkwXSO7Y5LYFYNCRsA6f";
const VAULT_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const BROKER_TOKEN: &str = "a-service-of-the-company";

/// A portal with an application that it can install, and a relay that is this application.
struct Bed {
    simulator: Simulator,
    receiver: Receiver,
    relay: Relay,
    member_id: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("it is text: {value}")).to_owned()
}

impl Bed {
    /// `interface` is `none` or `page`.
    fn new(interface: &str, build: &str, change: impl FnOnce(Settings) -> Settings) -> Self {
        let (simulator, receiver) = (Simulator::start(), Receiver::start());
        let portal = simulator.control("portal.add", &json!({ "domain": DOMAIN, "build": build }));
        let application = json!({
            "url_install": format!("{RELAY_ORIGIN}/install"), "url_handler": format!("{RELAY_ORIGIN}/install"),
            "interface": interface, "client_secret": CLIENT_SECRET, "scope": ["calendar", "user_basic"],
        });
        let application = simulator.control("application.add", &application);
        let settings = Settings::forwarding_to(&receiver)
            .var("B24_CLIENT_ID", text(&application["client_id"]))
            .var("B24_CLIENT_SECRET", CLIENT_SECRET)
            .var("VAULT_KEY", VAULT_KEY)
            .var("PUBLIC_URL", RELAY_ORIGIN)
            .var("BROKER_TOKENS", json!([{"name": "billing", "token": BROKER_TOKEN, "portals": ["*"]}]).to_string())
            .with_simulator(&simulator);
        let relay = Relay::start(change(settings));
        simulator.reaches(&relay);
        Self { simulator, receiver, relay, member_id: text(&portal["member_id"]) }
    }

    fn overview(&self) -> Value {
        self.relay.admin("GET", &format!("/portals/{}", self.member_id)).send().json()
    }

    /// Waits until the subscriptions are in place.
    fn wait_for_subscriptions(&self) {
        let is_subscribed = |portal: &Value| {
            portal["application"]["subscriptions"]["actual"].as_array().is_some_and(|actual| actual.len() >= 9)
        };
        wait_until("the subscriptions", SOON, || is_subscribed(&self.overview()));
    }

    fn change_a_calendar_entry(&self, id: &str) -> Value {
        self.simulator.control("event", &json!({ "event": "ONCALENDARENTRYUPDATE", "id": id }))
    }

    fn token(&self) -> crate::support::http::Answer {
        let path = format!("/portals/{}/token", self.member_id);
        self.relay.request("POST", &path).header("authorization", &format!("Bearer {BROKER_TOKEN}")).send()
    }
}

/// The attribute of the installer page by which it asks.
fn attribute(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!(" data-{name}=\"")).unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}

#[test]
fn an_application_without_interface_installs_itself_and_is_removed_again() {
    let bed = Bed::new("none", "new", |settings| settings);
    let installed = bed.simulator.control("install", &json!({}));
    assert_eq!(installed["deliveries"][0]["status"], 200, "{installed}");
    bed.wait_for_subscriptions();

    let changed = bed.change_a_calendar_entry("1414");
    assert_eq!(changed["deliveries"][0]["status"], 200, "{changed}");
    let forwarded = bed.receiver.wait_for_requests(2, SOON);
    let types: Vec<String> = forwarded.iter().map(|request| text(&request.json()["type"])).collect();
    assert_eq!(types, ["com.bitrix24.app.install", "com.bitrix24.calendar.entry.update"]);
    assert_eq!(bed.overview()["application"]["state"], "valid");

    let removed = bed.simulator.control("uninstall", &json!({ "clean": true }));
    assert_eq!(removed["deliveries"][0]["status"], 200, "{removed}");
    assert_eq!(bed.overview()["application"]["state"], "uninstalled");
    assert_eq!(bed.token().status, 409);

    let again = bed.simulator.control("install", &json!({}));
    assert!(again["deliveries"][0]["status"].as_u64().is_some_and(|status| status == 200), "{again}");
    wait_until("the second installation", SOON, || bed.overview()["application"]["state"] == "valid");
}

#[test]
fn an_application_with_a_page_is_installed_by_it() {
    for build in ["new", "old"] {
        let bed = Bed::new("page", build, |settings| settings);
        bed.simulator.control("install", &json!({}));
        let page = bed.simulator.control("page.post", &json!({}));
        assert_eq!(page["status"], 200, "{build}: {page}");
        let html = text(&page["body"]);
        let ask = || {
            let body = json!({ "member_id": attribute(&html, "member"), "ticket": attribute(&html, "ticket") });
            bed.relay.request("POST", "/install/progress").json(&body).send().expect_status(200).json()
        };
        wait_until("the subscriptions", SOON, || ask()["subscribed"] == "done");
        assert_eq!(ask()["token_known"], build == "new", "{build}");
        let changed = bed.change_a_calendar_entry("1");
        assert_eq!(changed["deliveries"], json!([]), "{build}: nothing is sent before the installation is complete");
        bed.simulator.control("install.finish", &json!({}));
        wait_until("the token", SOON, || ask()["token_known"] == true);
        let changed = bed.change_a_calendar_entry("2");
        assert_eq!(changed["deliveries"][0]["status"], 200, "{build}: {changed}");
        let portal = bed.relay.admin("POST", &format!("/portals/{}/sync", bed.member_id)).send().expect_status(200);
        assert_eq!(portal.json()["application"]["installed"], true, "{build}");
        assert_eq!(portal.json()["report"]["bound"], json!([]), "{build}: nothing was missing");
    }
}

#[test]
fn an_event_is_forwarded_with_what_it_is_about() {
    let bed = Bed::new("none", "new", |settings| settings.var("HYDRATE_EVENTS", "calendar.entry.*"));
    bed.simulator.control("install", &json!({}));
    bed.wait_for_subscriptions();
    bed.change_a_calendar_entry("1414");
    let event = bed.receiver.wait_for_requests(2, SOON).remove(1).json();
    assert_eq!(event["subject"], "1414");
    assert_eq!(event["data"]["object"]["ID"], "1414", "{event}");
    bed.simulator.control("fault", &json!({ "kind": "reset", "method": "calendar.event.getbyid", "times": 9 }));
    bed.change_a_calendar_entry("1415");
    let event = bed.receiver.wait_for_requests(3, SOON).remove(2).json();
    assert_eq!(event["b24hydration"], "portal_unreachable", "{event}");
}

#[test]
fn what_attackers_post_changes_nothing() {
    let bed = Bed::new("none", "new", |settings| settings);
    bed.simulator.control("install", &json!({}));
    bed.wait_for_subscriptions();
    let before = bed.overview();
    let calls = bed.simulator.calls_of("oauth/token").len();
    let employee = text(&bed.simulator.control("token", &json!({ "user": 2 }))["access_token"]);
    let admin = text(&bed.simulator.control("token", &json!({ "user": 1 }))["access_token"]);
    let mine = "0123456789abcdef0123456789abcdef";
    let claim = |access: &str, member_id: &str, server: &str| {
        let body = format!(
            "event=ONAPPINSTALL&ts=1&auth[access_token]={access}&auth[member_id]={member_id}&auth[application_token]={mine}\
             &auth[server_endpoint]={server}&auth[client_endpoint]=https://evil.example/rest/"
        );
        form(bed.relay.request("POST", "/install"), body).send().status
    };
    let oauth = "https://oauth.bitrix.info/rest/";
    assert_eq!(claim("made-up", &bed.member_id, oauth), 403, "a forged installation");
    assert_eq!(claim(&admin, "da45a03b265edd8787f8a258d793cc5d", oauth), 403, "the name of another portal");
    assert_eq!(claim(&employee, &bed.member_id, oauth), 202, "an employee with a token of his own");
    assert_eq!(claim(&admin, &bed.member_id, "https://evil.example/rest/"), 403, "a foreign OAuth server");
    let uninstall = format!("event=ONAPPUNINSTALL&auth[member_id]={}&auth[application_token]={mine}", bed.member_id);
    assert_eq!(form(bed.relay.events(), uninstall).send().status, 403, "a forged uninstall");

    let after = bed.overview();
    assert_eq!((&after["tokens"], &after["application"]), (&before["tokens"], &before["application"]));
    assert_eq!(bed.simulator.calls_of("oauth/token").len(), calls, "no rotation");
    let all = bed.simulator.control("calls", &json!({}));
    assert!(!all.to_string().contains("evil.example"), "no request leaves for a host of the attacker's choice");
}

#[test]
#[cfg(target_os = "linux")]
fn a_hundred_calls_at_once_cause_one_refresh_and_none_fails() {
    let bed = Bed::new("none", "new", Settings::with_own_clock);
    bed.simulator.control("install", &json!({}));
    bed.wait_for_subscriptions();
    // An hour later the token has expired.
    bed.simulator.control("clock.advance", &json!({ "seconds": 4_000 }));
    bed.relay.advance_clock(Duration::from_secs(4_000));
    let calls = bed.simulator.calls_of("oauth/token").len();
    let tokens: Vec<(u16, String)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..100)
            .map(|_| {
                scope.spawn(|| {
                    let answer = bed.token();
                    (answer.status, answer.text())
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread fails")).collect()
    });
    assert!(tokens.iter().all(|(status, _)| *status == 200), "{:?}", tokens.iter().find(|(status, _)| *status != 200));
    assert!(tokens.iter().all(|token| *token == tokens[0]), "all get the same");
    assert_eq!(bed.simulator.calls_of("oauth/token").len() - calls, 1);
}

#[test]
fn nothing_sealed_is_ever_readable() {
    let mut bed = Bed::new("page", "new", |settings| settings);
    bed.simulator.control("install", &json!({}));
    let page = bed.simulator.control("page.post", &json!({}));
    let mut answers = vec![text(&page["body"]), page["headers"].to_string()];
    bed.wait_for_subscriptions();
    bed.simulator.control("install.finish", &json!({}));
    bed.change_a_calendar_entry("7");
    let handed_out = bed.token();
    assert_eq!((handed_out.status, handed_out.header("cache-control")), (200, Some("no-store")));
    answers.push(bed.overview().to_string());
    answers.push(bed.relay.admin("GET", &format!("/portals/{}/events", bed.member_id)).send().text());
    answers.push(bed.relay.admin("POST", &format!("/portals/{}/sync", bed.member_id)).send().text());
    answers.push(bed.relay.admin("GET", "/portals").send().text());
    answers.extend(bed.relay.logs());
    answers.extend(bed.receiver.received().iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()));

    let mut secrets = bed.simulator.issued_tokens();
    assert!(secrets.len() >= 5, "{}", secrets.len());
    secrets.extend([CLIENT_SECRET, VAULT_KEY, BROKER_TOKEN].map(str::to_owned));
    for answer in &answers {
        let found: Vec<&String> = secrets.iter().filter(|secret| answer.contains(secret.as_str())).collect();
        assert!(found.is_empty(), "{found:?} in {answer}");
    }
    assert_eq!(places_of(&bed.relay.state(), &secrets), Vec::<String>::new());
    // What was only in the write-ahead log or the memory of workerd is on disk after the next start.
    bed.relay.kill();
    assert_eq!(places_of(&bed.relay.state(), &secrets), Vec::<String>::new());
}
