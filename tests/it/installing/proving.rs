//! An installation that is genuine is believed, sooner or later, and nothing of it is lost.

use crate::support::application::{Callback, callback, form, installed, relay};
use crate::support::bitrix::{ADMIN, DOMAIN};
use crate::support::fault::{Operation, Then};
use crate::support::post::{OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{HOUR, MINUTE, hash, ids};
use serde_json::{Value, json};

const ANOTHER_KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
const UNKNOWN_KEY: &str = "it was sealed under a key that VAULT_KEY does not have";

#[test]
fn a_callback_that_is_proven_registers_the_portal_and_releases_what_was_held() {
    let relay = relay();
    assert_eq!(relay.post(&Post::new(TOKEN, 1)).status, 202, "an event may come before the news of the installation");
    let pair = relay.issue(ADMIN);
    let answer = relay.send(callback(&pair, TOKEN));
    assert_eq!((answer.status, &answer.json()["seq"]), (200, &json!(2)), "{answer:?}");
    relay.accept(&Post::new(TOKEN, 3));
    assert_eq!(relay.logged(), ["1", "install", "3"]);
    let status = relay.status();
    assert_eq!((&status["state"], &status["domain"]), (&json!("active"), &json!(DOMAIN)));
    assert_eq!(status["tokens"][0]["kind"], "app");
    assert_eq!(status["application"]["state"], "valid");
    assert_eq!(relay.received(), ["1", "install", "3"]);
}

#[test]
fn an_event_at_the_handler_that_says_so_installs_as_well() {
    let relay = relay();
    let pair = relay.issue(ADMIN);
    let answer = relay.send(Callback { path: "/events", ..Callback::new(&pair, TOKEN) }.request());
    assert_eq!((answer.status, &answer.json()["seq"]), (200, &json!(1)), "{answer:?}");
    assert_eq!(relay.logged(), ["install"]);
    assert_eq!(relay.application()["state"], "valid");
}

#[test]
fn a_form_without_a_token_authorises_and_the_event_brings_the_token() {
    let relay = relay();
    let pair = relay.issue(ADMIN);
    assert_eq!(relay.send(form(&pair, None, "en")).status, 200);
    assert_eq!(relay.status()["state"], "installing");
    assert_eq!(relay.post(&Post::new(TOKEN, 1)).status, 202, "held until the token is known");
    let callback = Callback { path: "/events", ..Callback::new(&relay.issue(ADMIN), TOKEN) };
    assert_eq!(relay.send(callback.request()).status, 200);
    assert_eq!(relay.logged(), ["1", "install"]);
    assert_eq!(relay.status()["state"], "active");
}

/// Before the news of the installation comes its token is unknown, and Bitrix24 sends all from one address.
#[test]
fn the_news_of_an_installation_is_heard_behind_any_number_of_events() {
    for oauth_is_down in [false, true] {
        let relay = relay();
        for number in 1..=120 {
            relay.post(&Post::new(TOKEN, number));
        }
        assert_eq!(relay.post(&Post::new(TOKEN, 121)).status, 429);
        relay.bitrix().oauth_is_down.set(oauth_is_down);
        let callback = Callback { path: "/events", ..Callback::new(&relay.issue(ADMIN), TOKEN) };
        assert_eq!(relay.send(callback.request()).status, if oauth_is_down { 202 } else { 200 });
        relay.bitrix().oauth_is_down.set(false);
        relay.advance(HOUR);
        assert_eq!(relay.logged().last().map(String::as_str), Some("install"));
        assert_eq!(relay.status()["state"], "active");
    }
}

/// The object is slow: it holds the event after the Worker gave it up.
#[test]
fn an_installation_that_is_held_late_is_logged_once() {
    for oauth_is_down in [false, true] {
        let relay = relay();
        relay.register_webhook(OTHER_TOKEN);
        relay.advance(MINUTE);
        relay.faults().plan_next(Operation::CallPortal, 1, true, Then::Hang);
        relay.bitrix().oauth_is_down.set(oauth_is_down);
        let callback = Callback { path: "/events", ..Callback::new(&relay.issue(ADMIN), TOKEN) };
        let answer = relay.send(callback.request());
        assert!([200, 202].contains(&answer.status), "{answer:?}");
        relay.bitrix().oauth_is_down.set(false);
        relay.advance(HOUR);
        assert_eq!(relay.logged(), ["install"], "the OAuth server is down: {oauth_is_down}");
    }
}

#[test]
fn an_update_may_bring_another_token_and_the_old_one_stays() {
    let relay = installed(TOKEN);
    relay.advance(MINUTE);
    let update = Callback {
        event: "ONAPPUPDATE",
        path: "/events",
        ts: 1_767_700_000,
        ..Callback::new(&relay.issue(ADMIN), OTHER_TOKEN)
    };
    assert_eq!(relay.send(update.request()).status, 200);
    relay.accept(&Post::new(TOKEN, 1));
    relay.accept(&Post::new(OTHER_TOKEN, 2));
    assert_eq!(relay.logged(), ["install", "install", "1", "2"]);
}

/// Calls that the Worker makes while a claim comes: the object is asked in vain at each step.
const CALLS_OF_A_CLAIM: usize = 6;

#[test]
fn an_installation_whose_object_cannot_be_reached_is_proven_later_with_its_event() {
    for path in ["/install", "/events"] {
        let relay = relay();
        relay.faults().plan_next(Operation::CallPortal, CALLS_OF_A_CLAIM, false, Then::Error);
        let answer = relay.send(Callback { path, ..Callback::new(&relay.issue(ADMIN), TOKEN) }.request());
        assert_eq!(answer.status, 202, "{path}: {answer:?}");
        relay.advance(10 * MINUTE);
        assert_eq!(relay.logged(), ["install"], "{path}");
        assert_eq!(relay.application()["state"], "valid", "{path}");
        relay.accept(&Post::new(TOKEN, 1));
    }
}

#[test]
fn an_update_whose_object_cannot_be_reached_waits_as_an_event_and_as_a_claim() {
    let relay = installed(TOKEN);
    relay.advance(MINUTE);
    relay.faults().plan_next(Operation::CallPortal, CALLS_OF_A_CLAIM, false, Then::Error);
    let pair = relay.issue(ADMIN);
    let update = Callback { event: "ONAPPUPDATE", path: "/events", ts: 1_767_700_000, ..Callback::new(&pair, TOKEN) };
    let answer = relay.send(update.request());
    assert_eq!((answer.status, answer.json()["status"].clone()), (202, json!("queued")));
    relay.advance_with_cron(10 * MINUTE);
    assert_eq!(relay.logged(), ["install", "install"]);
    assert_eq!(relay.application()["state"], "valid");
}

#[test]
fn an_administrator_whose_portal_cannot_be_reached_sees_that_the_installation_waits() {
    let relay = relay();
    relay.faults().plan_next(Operation::CallPortal, CALLS_OF_A_CLAIM, false, Then::Error);
    let page = relay.send(form(&relay.issue(ADMIN), Some(TOKEN), "en"));
    assert_eq!(page.status, 202, "{page:?}");
    relay.advance(HOUR);
    assert_eq!(relay.application()["state"], "valid");
}

#[test]
fn an_installation_that_cannot_be_proven_now_is_proven_later_with_its_events() {
    let relay = relay();
    let pair = relay.issue(ADMIN);
    relay.bitrix().oauth_is_down.set(true);
    let answer = relay.send(callback(&pair, TOKEN));
    assert_eq!((answer.status, answer.json()), (202, json!({"status": "pending", "reason": "unreachable"})));
    assert_eq!(relay.post(&Post::new(TOKEN, 2)).status, 202);
    assert!(relay.portal().storage.is_empty(), "nothing is stored for a portal that nobody proved");
    relay.restart();
    relay.advance(10 * MINUTE);
    assert!(relay.portal().storage.is_empty());
    relay.bitrix().oauth_is_down.set(false);
    relay.advance(HOUR);
    assert_eq!(relay.logged(), ["install", "2"]);
    assert_eq!(relay.application()["state"], "valid");
    assert_eq!(relay.world.directory().storage.rows("SELECT * FROM pending_install"), [""; 0]);
}

#[test]
fn a_claim_that_outlived_its_access_token_is_proven_by_its_refresh_token() {
    let relay = relay();
    let pair = relay.issue(ADMIN);
    relay.bitrix().oauth_is_down.set(true);
    assert_eq!(relay.send(callback(&pair, TOKEN)).status, 202);
    relay.advance(3 * HOUR);
    relay.bitrix().oauth_is_down.set(false);
    relay.advance(2 * HOUR);
    assert_eq!(relay.application()["state"], "valid");
    assert_eq!(relay.bitrix().count("oauth/token"), 1);
}

#[test]
fn a_claim_survives_a_portal_that_is_down_for_hours() {
    let relay = relay();
    relay.bitrix().rest_is_down.set(true);
    assert_eq!(relay.send(callback(&relay.issue(ADMIN), TOKEN)).status, 202);
    relay.advance(3 * HOUR);
    assert_eq!(relay.bitrix().count("oauth/token"), 2, "its tokens last for an hour");
    relay.bitrix().rest_is_down.set(false);
    relay.advance(2 * HOUR);
    assert_eq!(relay.application()["state"], "valid");
    assert_eq!(relay.logged(), ["install"]);
}

#[test]
fn a_claim_waits_until_the_key_that_it_was_sealed_under_is_back() {
    let relay = relay();
    relay.bitrix().oauth_is_down.set(true);
    assert_eq!(relay.send(callback(&relay.issue(ADMIN), TOKEN)).status, 202);
    let key = relay.world.variables.borrow()["VAULT_KEY"].clone();
    relay.deploy(&[("VAULT_KEY", ANOTHER_KEY)]);
    relay.bitrix().oauth_is_down.set(false);
    relay.advance(2 * HOUR);
    assert_eq!(relay.lines("install pending").last().expect("it was tried")["error"], UNKNOWN_KEY);
    relay.deploy(&[("VAULT_KEY", &format!("{ANOTHER_KEY} {key}"))]);
    relay.advance(2 * HOUR);
    assert_eq!(relay.application()["state"], "valid");
}

#[test]
fn a_portal_that_cannot_be_asked_for_its_administrators_is_asked_again() {
    let relay = relay();
    let pair = relay.issue(ADMIN);
    relay.bitrix().rest_is_down.set(true);
    assert_eq!(relay.send(callback(&pair, TOKEN)).status, 202);
    assert!(relay.portal().storage.is_empty());
    relay.bitrix().rest_is_down.set(false);
    relay.advance(5 * MINUTE);
    assert_eq!(relay.application()["state"], "valid");
}

#[test]
fn claims_that_wait_are_bounded() {
    let relay = relay();
    relay.bitrix().oauth_is_down.set(true);
    let pair = relay.issue(ADMIN);
    for number in 0..20 {
        let token = format!("{number:032}");
        assert_eq!(relay.send(callback(&pair, &token)).status, 202);
    }
    let rows = relay.world.directory().storage.rows("SELECT number FROM pending_install");
    assert_eq!(rows.len(), 5, "{rows:?}");
}

#[test]
fn a_record_that_a_person_wrote_keeps_its_tokens() {
    let relay = relay();
    relay.write_record(&json!({"tokens": [{"sha256": hash(OTHER_TOKEN)}]}).to_string());
    let pair = relay.issue(ADMIN);
    assert_eq!(relay.send(callback(&pair, TOKEN)).status, 200);
    relay.accept(&Post::new(OTHER_TOKEN, 1));
    assert_eq!(relay.logged(), ["install", "1"]);
}

#[test]
fn an_install_whose_answer_was_lost_is_logged_once() {
    for persisted in [false, true] {
        let relay = relay();
        let pair = relay.issue(ADMIN);
        // The first call looks whether the portal is known, the second one installs.
        relay.faults().plan(crate::support::fault::Fault {
            operation: Operation::CallPortal,
            number: 2,
            persisted,
            then: Then::Error,
        });
        assert_eq!(relay.send(callback(&pair, TOKEN)).status, 200);
        assert_eq!(relay.logged(), ["install"]);
    }
}

#[test]
fn an_installation_that_had_to_wait_keeps_the_tokens_of_a_record_written_by_hand() {
    for operation in [Operation::CallPortal, Operation::KvGet] {
        let relay = relay();
        relay.write_record(&json!({"tokens": [{"sha256": hash(OTHER_TOKEN)}]}).to_string());
        relay.faults().plan_next(operation, 20, false, Then::Error);
        assert_eq!(relay.send(callback(&relay.issue(ADMIN), TOKEN)).status, 202, "{operation:?}");
        relay.faults().forget();
        relay.advance(HOUR / 2);
        relay.accept(&Post::new(TOKEN, 1));
        relay.accept(&Post::new(OTHER_TOKEN, 2));
        assert_eq!(relay.record().unwrap()["tokens"].as_array().map(Vec::len), Some(2), "{operation:?}");
    }
}

#[test]
fn without_an_application_installs_are_the_operators() {
    for variable in ["B24_CLIENT_ID", "B24_CLIENT_SECRET", "VAULT_KEY", "PUBLIC_URL"] {
        let relay = relay();
        let pair = relay.issue(ADMIN);
        relay.deploy(&[(variable, "")]);
        let answer = relay.send(callback(&pair, TOKEN));
        assert_eq!((answer.status, answer.code().as_str()), (503, "not_configured"), "{variable}");
        relay.register(TOKEN);
        relay.accept(&Post::new(TOKEN, 1));
        assert_eq!(relay.received(), ids([1]), "{variable}: ingest goes on");
    }
}

#[test]
fn what_is_neither_a_callback_nor_a_form_is_refused() {
    let relay = relay();
    let post = |body: &str| relay.send(crate::support::application::post("/install", "", body.to_owned()));
    assert_eq!(post("").code(), "malformed");
    assert_eq!(post("member_id=m1").code(), "malformed");
    assert_eq!(post("AUTH_ID=x&member_id=a%2Fb").code(), "bad_member_id");
    assert_eq!(post("event=ONAPPINSTALL").code(), "bad_member_id");
    assert_eq!(relay.admin("GET", "/install", &Value::Null).status, 405);
}
