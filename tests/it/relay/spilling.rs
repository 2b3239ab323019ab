//! The object of a portal cannot be reached: its events wait in KV, sealed, and come to it once, however often they are brought.

mod costs;
mod faults;
mod keys;

use crate::support::fault::{LATE_MILLIS, Operation, Then};
use crate::support::post::{MEMBER, OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{Answer, CRON, DAY, HOUR, MINUTE, Relay, SECOND, hash, ids};
use serde_json::json;

const VAULT_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
/// Calls that the Worker makes before it gives an event up.
const ATTEMPTS: usize = 3;
const SPILLED: &str = "spill:";

fn relay() -> Relay {
    let relay = Relay::with(&[("VAULT_KEY", VAULT_KEY)]);
    relay.register(TOKEN);
    relay.advance(MINUTE);
    relay
}

/// Posts an event while the object cannot be reached.
fn post_in_vain(relay: &Relay, post: &Post) -> Answer {
    relay.faults().plan_next(Operation::CallPortal, ATTEMPTS, false, Then::Error);
    relay.post(post)
}

fn spill(relay: &Relay, post: &Post) {
    let answer = post_in_vain(relay, post);
    assert_eq!((answer.status, answer.json()["status"].clone()), (202, json!("queued")), "{answer:?}");
}

/// Lets the object of a portal fail whatever it is asked, until it is mended.
fn break_portal(relay: &Relay, member_id: &str) {
    relay.world.portal(member_id).storage.run("UPDATE schema_version SET version = version + 1000");
    relay.restart();
}

fn mend_portal(relay: &Relay, member_id: &str) {
    relay.world.portal(member_id).storage.run("UPDATE schema_version SET version = version - 1000");
    relay.restart();
}

fn waiting(relay: &Relay) -> usize {
    relay.kv().keys(SPILLED).len()
}

#[test]
fn an_event_waits_in_kv_while_the_object_cannot_be_reached_and_is_logged_by_the_next_run() {
    let relay = relay();
    let answer = post_in_vain(&relay, &Post::new(TOKEN, 1));
    assert_eq!(answer.status, 202);
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.json(), json!({"status": "queued", "id": id}));
    assert_eq!(relay.kv().keys(SPILLED), [format!("spill:{MEMBER}:{id}")]);
    assert_eq!(relay.logged(), ids([]));
    relay.accept(&Post::new(TOKEN, 2));

    relay.run_jobs();
    relay.advance(MINUTE);
    assert_eq!(relay.logged(), ids([2, 1]), "it comes behind what was received meanwhile");
    assert_eq!(relay.received(), ids([2, 1]));
    assert_eq!(waiting(&relay), 0);
    assert_eq!(relay.log()[1].event["id"], id, "under the id that was answered");
    assert_eq!(relay.get(&format!("/portals/{MEMBER}/events/{id}"))["seq"], 2);
    assert_eq!((relay.lines("event spilled").len(), relay.lines("spilled events drained").len()), (1, 1));
}

#[test]
fn what_waits_in_kv_is_sealed() {
    let relay = relay();
    spill(&relay, &Post::new(TOKEN, 1));
    let value = relay.kv().newest(&relay.kv().keys(SPILLED)[0]).unwrap();
    assert!(value.starts_with("v1."), "{value}");
    for readable in ["calendar", "bitrix24", &hash(TOKEN)] {
        assert!(!value.contains(readable), "{readable} in {value}");
    }
    // Under another portal's name it does not open, and nobody else's log gets it.
    relay.admin("PUT", "/portals/other", &json!({"application_token": TOKEN}));
    let key = relay.kv().keys(SPILLED)[0].replace(MEMBER, "other");
    relay.kv().write(&key, &value, None);
    relay.run_jobs();
    assert_eq!(relay.get("/portals/other")["log"]["last_seq"], 0);
    assert_eq!(relay.lines("spilled event not readable").len(), 1);
    assert_eq!(relay.logged(), ids([1]));
}

#[test]
fn without_a_vault_key_nothing_is_spilled() {
    let relay = Relay::new();
    relay.register(TOKEN);
    let answer = post_in_vain(&relay, &Post::new(TOKEN, 1));
    assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"));
    assert_eq!(waiting(&relay), 0);
}

/// An event that can go nowhere else waits for its object however long that takes.
#[test]
fn without_a_vault_key_no_object_is_given_up() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.faults().plan_next(Operation::CallPortal, 1, true, Then::Late);
    let before = relay.now();
    relay.accept(&Post::new(TOKEN, 1));
    assert_eq!(relay.now().millis_since(before), i64::from(LATE_MILLIS));
}

#[test]
fn what_neither_the_isolate_nor_kv_knows_is_not_spilled() {
    let relay = relay();
    for post in [Post::new(OTHER_TOKEN, 1), Post::new(TOKEN, 2).of("stranger")] {
        let answer = post_in_vain(&relay, &post);
        assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"), "{post:?}");
    }
    assert_eq!(waiting(&relay), 0);
}

#[test]
fn a_token_is_known_by_the_isolate_where_kv_is_down_and_by_kv_where_the_isolate_is_new() {
    let relay = relay();
    relay.new_isolate();
    spill(&relay, &Post::new(TOKEN, 1));
    relay.accept(&Post::new(TOKEN, 2));
    relay.advance(10 * SECOND);
    // Not even asked: two answers of KV that fail are left for the next isolate.
    relay.faults().plan_next(Operation::KvGet, 2, false, Then::Error);
    spill(&relay, &Post::new(TOKEN, 3));
    relay.new_isolate();
    assert_eq!(post_in_vain(&relay, &Post::new(TOKEN, 4)).status, 503, "nobody knows its token");
    relay.new_isolate();
    relay.faults().plan_next(Operation::KvGet, 1, false, Then::Error);
    spill(&relay, &Post::new(TOKEN, 5));
    relay.run_jobs();
    assert_eq!(relay.logged(), ids([2, 1, 3, 5]));
}

#[test]
fn where_kv_is_down_as_well_the_answer_is_503() {
    let relay = relay();
    relay.faults().plan_next(Operation::KvPut, 1, false, Then::Error);
    let answer = post_in_vain(&relay, &Post::new(TOKEN, 1));
    assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"));
    assert_eq!(answer.retry_after.as_deref(), Some("5"));
    assert_eq!(relay.lines("event not spilled").len(), 1);
}

#[test]
fn an_object_that_hangs_is_given_up_in_time_and_what_it_logged_is_not_logged_again() {
    for persisted in [false, true] {
        let relay = relay();
        let before = relay.now();
        relay.faults().plan_next(Operation::CallPortal, 1, persisted, Then::Hang);
        let answer = relay.post(&Post::new(TOKEN, 1));
        assert_eq!((answer.status, answer.json()["status"].clone()), (202, json!("queued")), "{persisted}");
        assert_eq!(relay.now().millis_since(before), 2_500, "{persisted}");
        relay.accept(&Post::new(TOKEN, 2));
        relay.advance_with_cron(CRON);
        let logged = if persisted { ids([1, 2]) } else { ids([2, 1]) };
        assert_eq!(relay.logged(), logged, "{persisted}");
        assert_eq!(relay.received(), logged);
        assert_eq!(waiting(&relay), 0);
    }
}

#[test]
fn an_event_that_is_brought_again_and_again_is_logged_once() {
    let relay = relay();
    spill(&relay, &Post::new(TOKEN, 1));
    let key = relay.kv().keys(SPILLED)[0].clone();
    let value = relay.kv().newest(&key).unwrap();
    relay.faults().plan_next(Operation::KvDelete, 3, false, Then::Error);
    for number in 2..=5 {
        relay.run_jobs();
        relay.accept(&Post::new(TOKEN, number));
        relay.advance(DAY);
        relay.restart();
    }
    assert_eq!(waiting(&relay), 0, "the fourth run could delete it");
    // KV lists for a while what was deleted; here even after the log was pruned.
    relay.deploy(&[("RETENTION_DAYS", "1")]);
    relay.advance_with_cron(2 * DAY);
    relay.kv().write(&key, &value, None);
    relay.run_jobs();
    relay.advance(MINUTE);
    assert_eq!(relay.logged(), ids([5]), "only the newest is kept");
    assert_eq!(relay.received(), ids(1..=5));
}

#[test]
fn events_of_one_portal_are_logged_in_the_order_in_which_they_were_received() {
    let relay = relay();
    break_portal(&relay, MEMBER);
    for number in 1..=120 {
        assert_eq!(relay.post(&Post::new(TOKEN, number)).status, 202);
        relay.advance(1);
    }
    mend_portal(&relay, MEMBER);
    relay.run_jobs();
    assert_eq!(relay.logged(), ids(1..=120));
    assert_eq!(waiting(&relay), 0);
    let calls = relay.lines("spilled events drained").len();
    assert_eq!(calls, 4, "of 1, 50, 50 and 19 events");
}

#[test]
fn one_portal_that_stays_down_or_has_much_starves_no_other() {
    let relay = relay();
    let others: Vec<String> = (0..5).map(|number| format!("portal{number}")).collect();
    for other in &others {
        relay.admin("PUT", &format!("/portals/{other}"), &json!({"application_token": TOKEN}));
    }
    relay.advance(MINUTE);
    for (position, member_id) in std::iter::once(MEMBER).chain(others.iter().map(String::as_str)).enumerate() {
        break_portal(&relay, member_id);
        for number in 0..if position < 2 { 300 } else { 3 } {
            assert_eq!(relay.post(&Post::new(TOKEN, number).of(member_id)).status, 202);
            relay.advance(1);
        }
    }
    // The first stays down, the second has more than one run may do.
    for other in &others {
        mend_portal(&relay, other);
    }
    relay.run_jobs();
    let logged = |member_id: &str| relay.get(&format!("/portals/{member_id}"))["log"]["last_seq"].clone();
    assert!(others[1..].iter().all(|other| logged(other) == 3));
    // One was tried in vain for the portal that is down, and three belong to each of the small ones.
    assert_eq!(logged(&others[0]), 250 - 1 - 4 * 3);
    assert_eq!(relay.lines("spilled events wait").len(), 1);
    relay.advance_with_cron(2 * CRON);
    assert_eq!(logged(&others[0]), 300);
    assert_eq!(waiting(&relay), 300);
    mend_portal(&relay, MEMBER);
    relay.advance_with_cron(3 * CRON);
    assert_eq!((logged(MEMBER), waiting(&relay)), (json!(300), 0));
}

#[test]
fn a_token_that_was_revoked_meanwhile_takes_nothing_in() {
    let relay = relay();
    spill(&relay, &Post::new(TOKEN, 1));
    relay.revoke(TOKEN);
    relay.run_jobs();
    assert_eq!((relay.logged(), waiting(&relay)), (ids([]), 0));
    assert_eq!(relay.lines("spilled event refused").len(), 1);
}

#[test]
fn a_token_that_only_kv_knows_has_its_event_held_once() {
    let relay = relay();
    let record = json!({"tokens": [{"sha256": hash(TOKEN)}, {"sha256": hash(OTHER_TOKEN)}]});
    relay.write_record(&record.to_string());
    relay.new_isolate();
    spill(&relay, &Post::new(OTHER_TOKEN, 1));
    relay.faults().plan_next(Operation::KvDelete, 2, false, Then::Error);
    for _ in 0..2 {
        relay.run_jobs();
        assert_eq!(relay.status()["held"][0]["events"], 1);
        relay.advance(MINUTE + SECOND);
    }
    relay.register_webhook(OTHER_TOKEN);
    relay.run_jobs();
    relay.advance(MINUTE);
    assert_eq!((relay.logged(), relay.received(), waiting(&relay)), (ids([1]), ids([1]), 0));
}

#[test]
fn a_portal_that_only_kv_knows_is_adopted_and_what_nobody_knows_any_more_waits_for_its_registration() {
    for is_known in [true, false] {
        let relay = Relay::with(&[("VAULT_KEY", VAULT_KEY)]);
        relay.write_record(&json!({"tokens": [{"sha256": hash(TOKEN)}]}).to_string());
        spill(&relay, &Post::new(TOKEN, 1));
        if !is_known {
            relay.kv().delete(&crate::support::relay::record_key());
        }
        relay.run_jobs();
        assert_eq!(waiting(&relay), usize::from(!is_known));
        if !is_known {
            assert!(relay.portal().storage.is_empty(), "nothing is stored for a portal that nobody registered");
            relay.register(TOKEN);
            relay.run_jobs();
        }
        assert_eq!(waiting(&relay), 0);
        assert_eq!(relay.logged(), ids([1]), "{is_known}");
    }
}

#[test]
fn an_uninstall_that_waited_ends_the_installation_and_what_waited_with_it_is_kept() {
    let relay = relay();
    spill(&relay, &Post::new(TOKEN, 1));
    relay.advance(SECOND);
    spill(&relay, &Post::new(TOKEN, 2).named("ONAPPUNINSTALL"));
    relay.advance(SECOND);
    spill(&relay, &Post::new(TOKEN, 3));
    relay.run_jobs();
    relay.advance(MINUTE);
    assert_eq!(relay.status()["tokens"][0]["status"], "uninstalled");
    assert_eq!((relay.logged(), relay.received()), (ids([1, 2, 3]), ids([1, 2])));
    assert_eq!(relay.log()[2].event["b24removed"], true);
}

#[test]
fn an_event_of_a_removed_application_is_judged_by_the_time_of_its_receipt() {
    let relay = relay();
    relay.accept(&Post::new(TOKEN, 1).named("ONAPPUNINSTALL"));
    relay.advance(HOUR);
    spill(&relay, &Post::new(TOKEN, 2));
    relay.advance(3 * DAY);
    relay.run_jobs();
    assert_eq!(relay.logged(), ids([1, 2]), "it came within the day of grace");
}

#[test]
fn what_waits_for_a_week_in_vain_is_gone() {
    let relay = relay();
    spill(&relay, &Post::new(TOKEN, 1));
    relay.advance(7 * DAY);
    relay.run_jobs();
    assert_eq!(relay.logged(), ids([]));
}
