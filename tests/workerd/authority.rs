//! Who decides: KV is only the fast path, the portal's object is the authority, and nobody else creates storage.

use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::api::Api;
use crate::support::portal::Portal;
use crate::support::storage::{object_files, tables};
use crate::support::wait::wait_for;
use crate::support::worker::{Relay, Settings};

/// Time in which an object writes its record to KV.
const KV_FOLLOWS: Duration = Duration::from_secs(30);
/// How many forged events are sent.
const FORGERIES: usize = 10_000;
/// How many threads send them.
const FORGERS: usize = 8;
/// Most held events of all unknown portals.
const MAX_HELD: i64 = 20_000;
/// Most bytes of all held events, and as much again for the pages of `SQLite`, of which the write-ahead log has copies.
const MAX_HELD_FILE: u64 = 2 * (64 << 20);

#[test]
fn kv_that_knows_nothing_refuses_nobody() {
    let mut relay = Relay::start(Settings::new());
    let portal = Portal::new();
    relay.register(&portal);
    record_in_kv(&relay, &portal);
    // What the edge sees elsewhere in the world for a minute and more; the restart empties its own cache.
    relay.kill();
    relay.start_again();
    relay.kv_delete(&key(&portal));

    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    portal.calendar_entry_update(2).send_to(&relay).expect_status(200);
    assert_eq!(relay.logged_subjects(&portal), ["1", "2"]);
}

#[test]
fn kv_that_knows_another_token_refuses_nobody() {
    let mut relay = Relay::start(Settings::new());
    let portal = Portal::new();
    relay.register(&portal);
    let second_webhook = portal.with_another_token();
    let before = record_in_kv(&relay, &portal);
    relay.register(&second_webhook);
    relay.kill();
    relay.start_again();
    relay.kv_put(&key(&portal), &before);

    second_webhook.calendar_entry_update(1).send_to(&relay).expect_status(200);
}

#[test]
fn a_record_with_nothing_but_the_hash_of_a_token_is_enough() {
    let mut relay = Relay::start(Settings::new());
    let portal = Portal::new();
    relay.kv_put(&key(&portal), &json!({ "tokens": [{ "sha256": portal.token_hash() }] }).to_string());

    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);

    // From now on the object knows it by itself.
    relay.kill();
    relay.start_again();
    relay.kv_delete(&key(&portal));
    portal.calendar_entry_update(2).send_to(&relay).expect_status(200);
    assert_eq!(relay.logged_subjects(&portal), ["1", "2"]);
}

#[test]
fn a_stale_record_does_not_bring_back_a_revoked_portal() {
    let mut relay = Relay::start(Settings::new());
    let portal = Portal::new();
    let record = json!({ "tokens": [{ "sha256": portal.token_hash() }] }).to_string();
    relay.kv_put(&key(&portal), &record);
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);

    relay.revoke(&portal);

    portal.calendar_entry_update(2).send_to(&relay).expect_status(403);
    relay.kv_put(&key(&portal), &record);
    portal.calendar_entry_update(3).send_to(&relay).expect_status(403);
    relay.kill();
    relay.start_again();
    relay.kv_put(&key(&portal), &record);
    portal.calendar_entry_update(4).send_to(&relay).expect_status(403);
    assert_eq!(relay.logged_subjects(&portal), ["1"]);
}

#[test]
fn a_record_is_adopted_once_and_then_the_object_decides() {
    let mut relay = Relay::start(Settings::new());
    let portal = Portal::new();
    relay.register(&portal);
    relay.revoke(&portal);
    let written_later = portal.with_another_token();
    relay.kill();
    relay.start_again();
    relay.kv_put(&key(&portal), &json!({ "tokens": [{ "sha256": written_later.token_hash() }] }).to_string());

    written_later.calendar_entry_update(1).send_to(&relay).expect_status(403);
}

#[test]
fn revoking_one_token_leaves_the_others() {
    let relay = Relay::start(Settings::new());
    let portal = Portal::new();
    let second_webhook = portal.with_another_token();
    for sender in [&portal, &second_webhook] {
        relay.register(sender);
        sender.calendar_entry_update(1).send_to(&relay).expect_status(200);
    }

    relay.revoke_token(&second_webhook);

    second_webhook.calendar_entry_update(2).send_to(&relay).expect_status(403);
    portal.calendar_entry_update(2).send_to(&relay).expect_status(200);
    assert!(relay.held(&portal).is_empty(), "a revoked token is in no doubt");
}

#[test]
fn kv_follows_the_object_and_holds_no_token() {
    let relay = Relay::start(Settings::new());
    let portal = Portal::new();
    relay.register(&portal);
    let record = record_in_kv(&relay, &portal);
    assert!(!record.contains(&portal.token), "{record}");
    relay.kv_put(&key(&portal), "{}");
    relay.revoke(&portal);
    wait_for("the revocation in KV", KV_FOLLOWS, || {
        relay.kv_get(&key(&portal)).filter(|text| text.contains("revoked"))
    });
}

#[test]
fn an_object_that_lost_its_memory_still_decides() {
    let relay = Relay::start(Settings::new().with_inspection());
    let portal = Portal::new();
    relay.register(&portal);
    relay.kv_delete(&key(&portal));
    relay.evict("Portal", &portal.member_id);
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    relay.evict("Portal", &portal.member_id);
    let answer = portal.calendar_entry_update(2).send_to(&relay).expect_status(200);
    assert_eq!(answer.json()["seq"], 2);
}

#[test]
fn whoever_chooses_a_member_id_creates_no_storage() {
    let relay = Relay::start(Settings::new());
    let sent = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..FORGERS {
            scope.spawn(|| {
                while sent.fetch_add(1, Ordering::Relaxed) < FORGERIES {
                    Portal::new().calendar_entry_update(1).send_to(&relay).expect_status(202);
                }
            });
        }
    });

    for file in object_files(&relay.state(), "Portal") {
        assert_eq!(tables(&file), [], "{}", file.display());
    }
    let [directory] = object_files(&relay.state(), "Directory").try_into().expect("there is one Directory");
    let largest = tables(&directory).into_iter().max_by_key(|table| table.rows).expect("it holds events");
    assert!((1..=MAX_HELD).contains(&largest.rows), "{largest:?}");
    let size = std::fs::metadata(&directory).unwrap().len();
    assert!(size < MAX_HELD_FILE, "{size} bytes");
    eprintln!("{FORGERIES} forgeries: {} rows in {}, {size} bytes", largest.rows, largest.name);
}

fn key(portal: &Portal) -> String {
    format!("install:{}", portal.member_id)
}

/// Waits until KV knows the portal's token.
fn record_in_kv(relay: &Relay, portal: &Portal) -> String {
    let hash = portal.token_hash();
    wait_for("the install in KV", KV_FOLLOWS, || relay.kv_get(&key(portal)).filter(|text| text.contains(&hash)))
}
