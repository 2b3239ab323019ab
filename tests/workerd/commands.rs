//! The command line drives a relay, as a person or a script does.

use serde_json::Value;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::api::{ADMIN_TOKEN, Api};
use crate::support::places::{NODE, PROJECT};
use crate::support::portal::Portal;
use crate::support::receiver::{Behaviour, Receiver};
use crate::support::wait::wait_until;
use crate::support::worker::{Relay, Settings};

const SOON: Duration = Duration::from_secs(30);

/// Runs a command. Its JSON, or what it says is wrong.
fn run(relay: &Relay, arguments: &[&str]) -> Result<Value, String> {
    let output = Command::new(NODE.as_path())
        .arg("scripts/relay.mjs")
        .args(arguments)
        .arg("--json")
        .current_dir(*PROJECT)
        .envs([("RELAY", format!("http://{}", relay.address())), ("ADMIN_TOKEN", ADMIN_TOKEN.to_owned())])
        .stdin(Stdio::null())
        .output()
        .expect("Node is there");
    let printed = String::from_utf8(output.stdout).expect("it prints text");
    if output.status.success() {
        Ok(serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}")))
    } else {
        Err(printed + &String::from_utf8_lossy(&output.stderr))
    }
}

#[test]
fn what_failed_is_found_counted_and_sent_again() {
    let receiver = Receiver::start();
    receiver.usually(Behaviour::status(422));
    let (relay, portal) =
        (Relay::start(Settings::forwarding_to(&receiver).var("RETRY_SCHEDULE", "1,1")), Portal::new());
    relay.register(&portal);
    for number in 1..=3 {
        portal.calendar_entry_update(number).send_to(&relay).expect_status(200);
    }
    let member = portal.member_id.as_str();
    wait_until("three failures", SOON, || relay.overview(&portal)["delivery"]["failed"] == 3);
    let listed = run(&relay, &["deliveries", member, "--state", "failed"]).unwrap();
    assert_eq!(listed["deliveries"].as_array().map(Vec::len), Some(3), "{listed}");
    let id = listed["deliveries"][0]["id"].as_str().unwrap();
    assert_eq!(run(&relay, &["replay", member, "--state", "failed", "--dry-run"]).unwrap()["count"], 3);
    let told = run(&relay, &["replay", member, "--state", "failed"]).unwrap_err();
    assert!(told.contains("add --yes"), "nobody can be asked: {told}");

    receiver.usually(Behaviour::status(204));
    let sent = receiver.count();
    assert_eq!(run(&relay, &["replay", member, id, "--yes"]).unwrap()["count"], 1);
    receiver.wait_for_requests(sent + 1, SOON);
    wait_until("one less", SOON, || relay.overview(&portal)["delivery"]["failed"] == 2);
    let replayed = run(&relay, &["replay", member, "--state", "failed", "--rate", "50", "--yes"]).unwrap();
    assert_eq!((&replayed["count"], &replayed["replays"][0]["rate"]), (&2.into(), &50.into()), "{replayed}");
    wait_until("none", SOON, || relay.overview(&portal)["delivery"]["failed"] == 0);
}

#[test]
fn a_destination_is_paused_tested_and_resumed() {
    let receiver = Receiver::start();
    let (relay, portal) = (Relay::start(Settings::forwarding_to(&receiver)), Portal::new());
    relay.register(&portal);
    let member = portal.member_id.as_str();
    let portals = run(&relay, &["portals"]).unwrap();
    assert_eq!(portals[0]["member_id"], member);
    assert_eq!(run(&relay, &["destinations", "pause", member, "default"]).unwrap()["paused"], true);
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    assert_eq!(run(&relay, &["destinations", "test", member, "default"]).unwrap()["status"], 204);
    assert_eq!(receiver.count(), 1, "the test event alone");
    assert_eq!(run(&relay, &["destinations", member]).unwrap()[0]["delivery"]["pending"], 1);
    assert_eq!(run(&relay, &["destinations", "resume", member, "default"]).unwrap()["paused"], false);
    receiver.wait_for_requests(2, SOON);
    receiver.usually(Behaviour::status(500));
    let told = run(&relay, &["destinations", "test", member, "default"]).unwrap_err();
    assert!(told.contains("the destination answered 500"), "{told}");
    assert!(run(&relay, &["sync", member]).unwrap_err().contains("not_configured"));
    assert_eq!(run(&relay, &["events", member, "--limit", "1"]).unwrap()["events"][0]["seq"], 1);
}
