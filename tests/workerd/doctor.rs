//! `npm run relay -- doctor` on relays that are set up wrongly, each in its way: it says what is wrong, and what helps.

use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::api::{ADMIN_TOKEN, Api};
use crate::support::clock::Clock;
use crate::support::places::{NODE, PROJECT, SCRATCH};
use crate::support::portal::Portal;
use crate::support::receiver::{Behaviour, Receiver, url_of_nobody};
use crate::support::signature::SECRET;
use crate::support::simulator::{RELAY_ORIGIN, Simulator};
use crate::support::storage::delete_alarms;
use crate::support::wait::wait_until;
use crate::support::worker::{Relay, Settings};

const SOON: Duration = Duration::from_secs(30);

/// What is wrong, and what helps.
#[derive(Debug)]
struct Finding {
    severity: String,
    what: String,
    remedy: String,
}

/// All that the doctor finds. Its exit code says whether there is an error.
fn findings(url: &str, token: &str, clock: Option<&Clock>) -> Vec<Finding> {
    let output = Command::new(NODE.as_path())
        .args(["scripts/relay.mjs", "doctor", "--json"])
        .current_dir(*PROJECT)
        .envs([("RELAY", url), ("ADMIN_TOKEN", token)])
        .envs(clock.into_iter().flat_map(Clock::environment))
        .stdin(Stdio::null())
        .output()
        .expect("Node is there");
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}{errors}"));
    let text = |finding: &Value, name: &str| finding[name].as_str().expect("it is text").to_owned();
    let found = report["findings"].as_array().expect("they are listed").iter().map(|finding| Finding {
        severity: text(finding, "severity"),
        what: text(finding, "what"),
        remedy: text(finding, "remedy"),
    });
    let found: Vec<Finding> = found.collect();
    assert_eq!(output.status.success(), found.iter().all(|finding| finding.severity != "error"), "{found:?}");
    found
}

/// The one finding, which has these words in it.
#[track_caller]
fn assert_one(found: &[Finding], what: &str, remedy: &str) {
    let [finding] = found else { panic!("not one finding: {found:#?}") };
    assert!(finding.what.contains(what), "{finding:?}");
    assert!(finding.remedy.contains(remedy), "{finding:?}");
}

fn url(relay: &Relay) -> String {
    format!("http://{}", relay.address())
}

fn examine(relay: &Relay) -> Vec<Finding> {
    findings(&url(relay), ADMIN_TOKEN, None)
}

/// A relay with a portal that has an event.
fn relay_with(settings: Settings) -> (Relay, Portal) {
    let (relay, portal) = (Relay::start(settings), Portal::new());
    relay.register(&portal);
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    (relay, portal)
}

/// Waits until the portal is as it is to be.
fn wait_for(relay: &Relay, portal: &Portal, what: &str, is_so: impl Fn(&Value) -> bool) {
    wait_until(what, SOON, || is_so(&relay.overview(portal)));
}

#[test]
fn where_all_is_well_nothing_is_found() {
    let receiver = Receiver::start();
    let (relay, portal) = relay_with(Settings::forwarding_to(&receiver));
    wait_for(&relay, &portal, "the record", |portal| portal["record"] == "same");
    assert!(examine(&relay).is_empty(), "{:?}", examine(&relay));
    let tests = receiver.received().iter().filter(|event| event.json()["type"] == "bitrix24_edge_relay.test").count();
    assert_eq!(tests, 1);
    assert_eq!(relay.log(&portal).len(), 1, "a test event stands in no log");
}

#[test]
fn the_token_is_another_one() {
    let relay = Relay::start(Settings::new());
    let found = findings(&url(&relay), "another-operator-somewhere", None);
    assert_one(&found, "ADMIN_TOKEN is not the relay's", "wrangler secret put ADMIN_TOKEN");
}

#[test]
fn the_relay_has_no_token() {
    let relay = Relay::start(Settings::new().without("ADMIN_TOKEN"));
    assert_one(&examine(&relay), "has no ADMIN_TOKEN", "openssl rand -base64 32 | npx wrangler secret put");
}

#[test]
fn the_secret_is_none() {
    let receiver = Receiver::start();
    let (relay, _) = relay_with(Settings::forwarding_to(&receiver).var("FORWARD_SECRET", "hunter2"));
    assert_one(&examine(&relay), "FORWARD_SECRET should be", "Mend FORWARD_SECRET");
}

#[test]
fn there_is_a_destination_without_a_secret() {
    let receiver = Receiver::start();
    let (relay, _) = relay_with(Settings::forwarding_to(&receiver).without("FORWARD_SECRET"));
    assert_one(&examine(&relay), "FORWARD_SECRET should be", "wrangler secret put FORWARD_SECRET");
}

#[test]
fn nobody_listens_where_events_go() {
    let settings = Settings::new().var("FORWARD_URL", url_of_nobody()).var("FORWARD_SECRET", SECRET);
    let (relay, portal) = (Relay::start(settings), Portal::new());
    relay.register(&portal);
    wait_for(&relay, &portal, "the record", |portal| portal["record"] == "same");
    assert_one(&examine(&relay), "did not take a test event: the connection failed", "Does the endpoint run");
}

#[test]
fn the_destination_has_been_down_for_many_events() {
    let settings = Settings::new().var("FORWARD_URL", url_of_nobody()).var("FORWARD_SECRET", SECRET);
    let (relay, portal) = relay_with(settings);
    for number in 2..=8 {
        portal.calendar_entry_update(number).send_to(&relay).expect_status(200);
    }
    wait_for(&relay, &portal, "an open circuit", |portal| portal["delivery"]["circuit_open_until"].is_string());
    assert_one(&examine(&relay), "is down, 8 events wait", "Does the endpoint run");
}

#[test]
fn the_destination_does_not_believe_the_signature() {
    let receiver = Receiver::start();
    let (relay, portal) = (Relay::start(Settings::forwarding_to(&receiver)), Portal::new());
    relay.register(&portal);
    wait_for(&relay, &portal, "the record", |portal| portal["record"] == "same");
    receiver.usually(Behaviour::status(401));
    assert_one(&examine(&relay), "did not take a test event: the destination answered 401", "FORWARD_SECRET");
}

#[test]
fn the_destination_said_that_it_is_gone() {
    let receiver = Receiver::start();
    receiver.usually(Behaviour::status(410));
    let (relay, portal) = relay_with(Settings::forwarding_to(&receiver));
    wait_for(&relay, &portal, "a pause", |portal| portal["delivery"]["paused"].is_string());
    let remedy = format!("destinations resume {} default", portal.member_id);
    assert_one(&examine(&relay), "is paused, and 1 events wait", &remedy);
}

#[test]
fn a_token_is_not_registered() {
    let (relay, portal) = relay_with(Settings::new());
    portal.with_another_token().calendar_entry_update(2).send_to(&relay).expect_status(403);
    let remedy = format!("add-webhook {}", portal.member_id);
    assert_one(&examine(&relay), "tokens that nobody registered", &remedy);
    let stranger = Portal::new();
    stranger.calendar_entry_update(3).send_to(&relay).expect_status(202);
    let found = examine(&relay);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].what.contains("is not registered, and 1 of its events are held"), "{found:?}");
    assert!(found[0].remedy.contains(&format!("add-webhook {}", stranger.member_id)), "{found:?}");
}

#[test]
fn an_application_lacks_the_permission_for_an_event() {
    let simulator = Simulator::start();
    let portal = simulator.control("portal.add", &json!({ "domain": "some-domain.bitrix24.com" }));
    let application = simulator.control(
        "application.add",
        &json!({
            "url_install": format!("{RELAY_ORIGIN}/install"), "interface": "none", "client_secret": "a-client-secret",
            "scope": ["calendar"],
        }),
    );
    let settings = Settings::new()
        .var("B24_CLIENT_ID", application["client_id"].as_str().expect("it is text"))
        .var("B24_CLIENT_SECRET", "a-client-secret")
        .var("B24_EVENTS", "ONCALENDARENTRYADD,ONCRMDEALADD")
        .var("VAULT_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        .var("PUBLIC_URL", RELAY_ORIGIN)
        .with_simulator(&simulator);
    let relay = Relay::start(settings);
    simulator.reaches(&relay);
    simulator.control("install", &json!({}));
    let portal = Portal { member_id: portal["member_id"].as_str().expect("it is text").to_owned(), ..Portal::new() };
    let failed = |portal: &Value| portal["application"]["subscriptions"]["failed"].as_array().map(Vec::len);
    wait_for(&relay, &portal, "a look at the subscriptions", |portal| failed(portal) == Some(1));
    let remedy = format!(
        "permissions crm in its settings, or take the events out of B24_EVENTS. Then: npm run relay -- sync {}",
        portal.member_id
    );
    assert_one(&examine(&relay), "does not send ONCRMDEALADD", &remedy);
}

#[test]
fn the_clock_of_this_machine_is_wrong() {
    let relay = Relay::start(Settings::new());
    let portal = Portal::new();
    relay.register(&portal);
    wait_for(&relay, &portal, "the record", |portal| portal["record"] == "same");
    let home = tempfile::TempDir::new_in(*SCRATCH).expect("the scratch directory is there");
    let clock = Clock::new(home.path());
    clock.advance(Duration::from_mins(10));
    assert_one(&findings(&url(&relay), ADMIN_TOKEN, Some(&clock)), "clock is 600 s away", "Set the clock by NTP");
}

#[test]
fn the_alarm_of_a_retry_is_lost() {
    let receiver = Receiver::start();
    receiver.next([Behaviour::status(500)]);
    let settings = Settings::forwarding_to(&receiver).var("RETRY_SCHEDULE", "600").with_own_clock();
    let (mut relay, portal) = relay_with(settings);
    wait_for(&relay, &portal, "the first attempt", |portal| portal["delivery"]["retrying"] == 1);
    wait_for(&relay, &portal, "the record", |portal| portal["record"] == "same");
    relay.kill();
    assert_eq!(delete_alarms(&relay.state(), "Portal"), 1);
    relay.start_again();
    relay.advance_clock(Duration::from_hours(3));
    let found = findings(&url(&relay), ADMIN_TOKEN, relay.clock());
    assert_one(&found, "is due for 3 h", "is the cron trigger of wrangler.toml deployed?");
}

#[test]
fn the_record_in_kv_is_another_one_or_gone() {
    let (relay, portal) = relay_with(Settings::new());
    wait_for(&relay, &portal, "the record", |portal| portal["record"] == "same");
    let key = format!("install:{}", portal.member_id);
    let by_hand = json!({ "tokens": [{ "sha256": portal.with_another_token().token_hash() }] });
    relay.kv_put(&key, &by_hand.to_string());
    assert_one(&examine(&relay), "KV has other tokens", "by hand has to be registered");
    relay.kv_delete(&key);
    assert_one(&examine(&relay), "KV has no record", &format!("add-webhook {}", portal.member_id));
    relay.register(&portal);
    wait_until("nothing to be wrong", SOON, || examine(&relay).is_empty());
}

#[test]
fn a_binding_is_missing() {
    let (mut relay, _) = relay_with(Settings::new());
    relay.restart_with(|settings| settings.without_binding("kvNamespaces", "INSTALLS"));
    assert_one(&examine(&relay), "in KV cannot be read", "bound as INSTALLS in wrangler.toml");
    relay.restart_with(|settings| settings.without_binding("durableObjects", "DIRECTORY"));
    assert_one(&examine(&relay), "the Directory does not answer", "Is DIRECTORY bound in wrangler.toml");
}

#[test]
fn the_binding_of_the_destination_is_missing() {
    let receiver = Receiver::start();
    let (relay, portal) =
        (Relay::start(Settings::forwarding_to(&receiver).var("FORWARD_BINDING", "CRM")), Portal::new());
    relay.register(&portal);
    wait_for(&relay, &portal, "the record", |portal| portal["record"] == "same");
    assert_one(&examine(&relay), "could not be made", "Is the binding in wrangler.toml");
}

#[test]
fn the_address_is_not_the_relays() {
    let somebody = Receiver::start();
    let found = findings(&somebody.url(), ADMIN_TOKEN, None);
    assert_one(&found, "and not by a relay", "Set RELAY to the Worker's own address");
    let found = findings(&url_of_nobody(), ADMIN_TOKEN, None);
    assert_one(&found, "does not answer", "Is RELAY the right address?");
}
