//! The shipped `wrangler.toml`, as `wrangler dev` reads it.

use serde_json::json;
use std::time::Duration;

use crate::support::api::{ADMIN_TOKEN, Api};
use crate::support::portal::Portal;
use crate::support::receiver::Receiver;
use crate::support::signature::{SECRET, is_signed_with};
use crate::support::wrangler::WranglerState;

#[test]
fn what_is_deployed_takes_keeps_and_forwards_an_event() {
    let (receiver, portal) = (Receiver::start(), Portal::new());
    let url = receiver.url();
    let vars = [("ADMIN_TOKEN", ADMIN_TOKEN), ("FORWARD_URL", url.as_str()), ("FORWARD_SECRET", SECRET)];
    let relay = WranglerState::new().start(&vars);
    relay.request("GET", "/events").send().expect_status(200);
    relay.request("GET", "/healthz").send().expect_status(200);
    portal.calendar_entry_update(1).send_to(&relay).expect_status(202);
    relay.register(&portal);
    let answer = portal.calendar_entry_update(2).send_to(&relay).expect_status(200);
    assert_eq!(relay.logged_subjects(&portal), ["1", "2"]);
    let deliveries = receiver.wait_for_requests(2, Duration::from_secs(30));
    assert!(deliveries.iter().all(|delivery| is_signed_with(delivery, SECRET)));
    // They are about different things, so either may come first.
    assert!(deliveries.iter().any(|delivery| answer.json()["id"] == delivery.id()));
}

#[test]
fn a_record_written_with_wrangler_alone_is_enough() {
    let (state, portal) = (WranglerState::new(), Portal::new());
    let record = json!({ "tokens": [{ "sha256": portal.token_hash() }] });
    state.kv_key_put(&format!("install:{}", portal.member_id), &record.to_string());
    let relay = state.start(&[("ADMIN_TOKEN", ADMIN_TOKEN)]);
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    assert_eq!(relay.logged_subjects(&portal), ["1"]);
}
