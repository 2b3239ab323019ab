//! The key that spilled events were sealed under is changed, or removed.

use super::{ATTEMPTS, VAULT_KEY, relay, spill, waiting};
use crate::support::fault::{Operation, Then};
use crate::support::post::{Post, TOKEN};
use crate::support::relay::{CRON, Relay, ids};
use serde_json::{Value, json};

/// Events that a run looks at.
const A_RUN: usize = 250;

/// What the metrics tell of KV: events that wait for their portal's object, and those that cannot be read.
fn told(relay: &Relay) -> [String; 2] {
    let metrics = relay.admin("GET", "/metrics", &Value::Null).body;
    ["waiting", "unreadable"].map(|state| {
        let start = format!(r#"bitrix24_relay_events_queued{{state="{state}"}} "#);
        let line = metrics.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("{start} is missing: {metrics}")).to_owned()
    })
}

#[test]
fn a_key_that_is_no_longer_there_leaves_the_event_in_kv_until_it_is_back() {
    let relay = relay();
    spill(&relay, &Post::new(TOKEN, 1));
    relay.deploy(&[("VAULT_KEY", "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=")]);
    relay.run_jobs();
    assert_eq!((relay.logged(), waiting(&relay)), (ids([]), 1));
    let line = relay.lines("spilled event not readable")[0].clone();
    assert_eq!(line["error"], "it was sealed under a key that VAULT_KEY does not have");
    relay.deploy(&[("VAULT_KEY", &format!("AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI= {VAULT_KEY}"))]);
    relay.run_jobs();
    assert_eq!((relay.logged(), waiting(&relay)), (ids([1]), 0));
}

#[test]
fn a_key_that_was_removed_is_missed_aloud_in_every_run_until_it_is_back() {
    let relay = relay();
    spill(&relay, &Post::new(TOKEN, 1));
    spill(&relay, &Post::new(TOKEN, 2));
    relay.deploy(&[("VAULT_KEY", "")]);
    for run in 1..=2 {
        relay.run_jobs();
        let lines = relay.lines("spilled events not drained");
        assert_eq!(
            (lines.len(), &lines[run - 1]["level"], &lines[run - 1]["events"]),
            (run, &json!("warn"), &json!(2))
        );
        assert_eq!(lines[run - 1]["error"], "VAULT_KEY is not set");
        assert_eq!((relay.logged(), waiting(&relay)), (ids([]), 2));
    }
    relay.deploy(&[("VAULT_KEY", VAULT_KEY)]);
    relay.run_jobs();
    assert_eq!((relay.logged(), waiting(&relay)), (ids([1, 2]), 0));
    relay.deploy(&[("VAULT_KEY", "")]);
    relay.run_jobs();
    assert_eq!(relay.lines("spilled events not drained").len(), 2, "nothing waits any more");
}

#[test]
fn metrics_tell_what_waits_in_kv_and_what_of_it_cannot_be_read() {
    let relay = relay();
    for number in 1..=3 {
        spill(&relay, &Post::new(TOKEN, number));
    }
    assert_eq!(told(&relay), ["0", "0"], "no run has looked yet");
    relay.faults().plan_next(Operation::CallPortal, ATTEMPTS, false, Then::Error);
    relay.run_jobs();
    relay.faults().forget();
    assert_eq!(told(&relay), ["3", "0"], "the object could not be reached");
    for variable in ["", "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="] {
        relay.deploy(&[("VAULT_KEY", variable)]);
        relay.run_jobs();
        assert_eq!(told(&relay), ["0", "3"], "the key is {variable:?}");
    }
    relay.deploy(&[("VAULT_KEY", VAULT_KEY)]);
    relay.run_jobs();
    assert_eq!(told(&relay), ["0", "0"]);
}

/// Each costs an operation, and a run may make a thousand. Another portal's event is brought all the same.
#[test]
fn of_events_that_cannot_be_read_a_run_reads_no_more_than_of_others() {
    let relay = relay();
    relay.admin("PUT", "/portals/other", &json!({ "application_token": TOKEN }));
    spill(&relay, &Post::new(TOKEN, 1));
    let key = relay.kv().keys(super::SPILLED)[0].clone();
    for number in 0..1_000 {
        relay.kv().write(&format!("{}{number:012}", &key[..key.len() - 12]), "sealed by nobody", None);
    }
    spill(&relay, &Post::new(TOKEN, 2).of("other"));
    let before = relay.faults().count(Operation::KvGet);
    relay.run_jobs();
    let read = relay.faults().count(Operation::KvGet) - before;
    // With a few of its own: the records of portals, and the list of addresses.
    assert!((A_RUN..A_RUN + 10).contains(&read), "{read} reads");
    assert_eq!(relay.kv().keys("spill:other:").len(), 0);
}

#[test]
fn what_was_deleted_from_kv_is_told_no_more_after_some_runs_and_nothing_is_told_while_nothing_waits() {
    let relay = relay();
    spill(&relay, &Post::new(TOKEN, 1));
    relay.deploy(&[("VAULT_KEY", "")]);
    relay.run_jobs();
    relay.kv().delete(&relay.kv().keys(super::SPILLED)[0]);
    let rows = relay.world.directory().storage.rows("SELECT * FROM requests");
    relay.run_jobs();
    assert_eq!(told(&relay), ["0", "1"]);
    relay.advance_with_cron(3 * CRON);
    assert_eq!(told(&relay), ["0", "0"]);
    assert_eq!(relay.world.directory().storage.rows("SELECT * FROM requests"), rows, "no row was written");
}
