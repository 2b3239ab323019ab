//! What waits in KV, as the runtime's own KV keeps it: for a week and no longer, and found however many keys there are.

use serde_json::json;
use std::time::{Duration, SystemTime};

use crate::support::api::Api;
use crate::support::portal::Portal;
use crate::support::worker::{Relay, Settings};

const VAULT_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
/// How long an event waits in KV.
const A_WEEK: Duration = Duration::from_hours(7 * 24);
/// The same and somewhat less, which is longer than this test takes.
const NEARLY_A_WEEK: Duration = Duration::from_hours(7 * 24 - 1);
/// Keys that one list of KV tells at most.
const A_PAGE: usize = 1_000;

/// A relay in whose KV an event of the portal waits.
fn relay_with_a_spilled_event() -> (Relay, Portal) {
    let (relay, portal) = (Relay::start(Settings::new().var("VAULT_KEY", VAULT_KEY).with_faults()), Portal::new());
    relay.register(&portal);
    portal.calendar_entry_update("first").send_to(&relay).expect_status(200);
    relay.fail(&json!({ "portal.call": { "as": "overloaded", "times": 1 } }));
    let answer = portal.calendar_entry_update("spilled").send_to(&relay).expect_status(202);
    assert_eq!(answer.json()["status"], "queued");
    (relay, portal)
}

#[test]
fn what_waits_in_kv_is_deleted_by_kv_itself_after_a_week() {
    let (relay, portal) = relay_with_a_spilled_event();
    let keys = relay.kv_keys("spill:");
    assert_eq!(keys.len(), 1, "{keys:?}");
    let expires = relay.kv_expiration(&keys[0]).expect("it does not stay for ever");
    let left = expires.saturating_sub(SystemTime::UNIX_EPOCH.elapsed().expect("it is past 1970"));
    // KV counts in whole seconds.
    assert!((NEARLY_A_WEEK..=A_WEEK + Duration::from_secs(1)).contains(&left), "{left:?}");
    let record = format!("install:{}", portal.member_id);
    assert!(relay.kv_get(&record).is_some());
    assert_eq!(relay.kv_expiration(&record), None, "what is no spilled event stays");
}

#[test]
fn what_waits_in_kv_behind_a_thousand_other_keys_is_drained() {
    let (relay, portal) = relay_with_a_spilled_event();
    for number in 0..A_PAGE {
        // It stands before any portal of the test, and is no event: nobody looks at it.
        relay.kv_put(&format!("spill:-:{number}"), "");
    }
    assert!(
        relay.kv_keys("spill:").iter().all(|key| key.starts_with("spill:-:")),
        "the first page has no place for it"
    );
    relay.fire_cron();
    assert_eq!(relay.logged_subjects(&portal), ["first", "spilled"]);
    assert_eq!(relay.kv_keys(&format!("spill:{}:", portal.member_id)).len(), 0);
}
