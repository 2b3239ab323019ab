//! The key that spilled events were sealed under is changed, or removed.

use super::{VAULT_KEY, relay, spill, waiting};
use crate::support::post::{Post, TOKEN};
use crate::support::relay::ids;
use serde_json::json;

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
