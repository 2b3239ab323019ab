//! A portal that removed the application: late events are still taken for a day.

use serde_json::json;
use std::time::Duration;

use crate::support::api::Api;
use crate::support::portal::Portal;
use crate::support::receiver::Receiver;
use crate::support::wait::stays_true;
use crate::support::worker::{Relay, Settings};

#[test]
fn late_events_of_a_removed_install_are_logged_for_a_day_and_then_refused() {
    let receiver = Receiver::start();
    let relay = Relay::start(Settings::forwarding_to(&receiver).with_own_clock());
    let portal = Portal::new();
    let webhook = portal.with_another_token();
    let record = json!({ "tokens": [
        { "sha256": portal.token_hash(), "kind": "app", "status": "uninstalled", "ended_at": an_hour_ago() },
        { "sha256": webhook.token_hash() },
    ] });
    relay.kv_put(&format!("install:{}", portal.member_id), &record.to_string());

    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    let log = relay.log(&portal);
    assert_eq!(log[0]["event"]["b24removed"], json!(true), "{log:?}");
    stays_true("nothing forwarded", Duration::from_millis(1_500), || receiver.count() == 0);

    relay.advance_clock(Duration::from_hours(24));

    assert_eq!(portal.calendar_entry_update(2).send_to(&relay).problem_code(403), "forbidden");
    webhook.calendar_entry_update(3).send_to(&relay).expect_status(200);
    assert_eq!(receiver.wait_for_requests(1, Duration::from_secs(30))[0].json()["subject"], "3");
    assert_eq!(relay.logged_subjects(&portal), ["1", "3"]);
}

fn an_hour_ago() -> String {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("it is past 1970");
    let millis = i64::try_from(now.as_millis()).expect("the year is one of four digits");
    bitrix24_edge_relay::domain::time::Timestamp::from_millis(millis).plus_millis(-3_600_000).to_rfc3339_millis()
}
