//! The cron trigger finds what nothing else would.

use serde_json::json;
use std::time::Duration;

use crate::support::api::Api;
use crate::support::portal::Portal;
use crate::support::receiver::{Behaviour, Receiver};
use crate::support::storage::delete_alarms;
use crate::support::wait::{stays_true, wait_until};
use crate::support::worker::{Relay, Settings};

const SOON: Duration = Duration::from_secs(30);

#[test]
fn a_retry_is_made_although_its_alarm_was_deleted() {
    let receiver = Receiver::start();
    let refused = || Behaviour::Answer { status: 500, headers: Vec::new(), after: Duration::ZERO };
    receiver.next([refused(), refused()]);
    let settings = Settings::forwarding_to(&receiver).var("RETRY_SCHEDULE", "1,600").with_own_clock();
    let (mut relay, portal) = (Relay::start(settings), Portal::new());
    relay.register(&portal);
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    wait_until("the second attempt", SOON, || {
        relay.advance_clock(Duration::from_secs(1));
        receiver.count() == 2
    });
    let retrying = |relay: &Relay| {
        let portals = relay.admin("GET", "/portals").send().expect_status(200).json();
        portals["portals"][0]["delivery"]["retrying"] == 1
    };
    wait_until("the Directory to know of it", SOON, || retrying(&relay));

    relay.kill();
    assert_eq!(delete_alarms(&relay.state(), "Portal"), 1);
    relay.start_again();

    relay.advance_clock(Duration::from_hours(1));
    stays_true("two attempts", Duration::from_secs(1), || receiver.count() == 2);
    relay.fire_cron();
    receiver.wait_for_requests(3, SOON);
    let line = |lines: Vec<String>| lines.iter().any(|line| line.contains("alarm repaired"));
    wait_until("a line about it", SOON, || line(relay.logs()));
    wait_until("the Directory to know that nothing waits", SOON, || {
        relay.advance_clock(Duration::from_secs(1));
        !retrying(&relay)
    });
}

/// More than the portal of the next test may store, in events of 100 kB.
const EVENTS: u32 = 30;

#[test]
fn a_full_portal_makes_room_by_its_oldest_events_and_by_no_more_than_it_must() {
    let receiver = Receiver::start();
    let settings = Settings::forwarding_to(&receiver).var("PORTAL_STORAGE_MB", "1").with_own_clock();
    let (relay, portal) = (Relay::start(settings), Portal::new());
    relay.register(&portal);
    for number in 1..=EVENTS {
        let data = json!({ "id": number.to_string(), "filling": "x".repeat(100_000) });
        portal.event("ONCALENDARENTRYUPDATE", &data).send_to(&relay).expect_status(200);
    }
    receiver.wait_for_requests(EVENTS as usize, SOON);
    let status = || relay.admin("GET", &format!("/portals/{}", portal.member_id)).send().expect_status(200).json();
    wait_until("room", SOON, || {
        relay.advance_clock(Duration::from_secs(10));
        status()["storage"]["bytes"].as_i64() <= Some(1_000_000)
    });
    // What was deleted gives its room back, or all would have to go.
    let first = status()["log"]["first_seq"].as_i64().unwrap();
    assert!((i64::from(EVENTS) - 9..=i64::from(EVENTS) - 3).contains(&first), "{first} of {EVENTS}");
    assert_eq!(status()["storage"]["dropped"], 0);
}
