//! An installed portal sends what it should, and to nobody else's surprise.

use crate::support::application::{Callback, HANDLER, callback, installed, relay};
use crate::support::bitrix::ADMIN;
use crate::support::post::{MEMBER, TOKEN};
use crate::support::relay::{DAY, HOUR, MINUTE, Relay};
use serde_json::{Value, json};

const ALL: [&str; 9] = [
    "ONAPPINSTALL",
    "ONAPPUNINSTALL",
    "ONAPPUPDATE",
    "ONCALENDARENTRYADD",
    "ONCALENDARENTRYDELETE",
    "ONCALENDARENTRYUPDATE",
    "ONCALENDARSECTIONADD",
    "ONCALENDARSECTIONDELETE",
    "ONCALENDARSECTIONUPDATE",
];

fn sync(relay: &Relay) -> Value {
    let answer = relay.admin("POST", &format!("/portals/{MEMBER}/sync"), &Value::Null);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[test]
fn an_install_binds_the_calendar_and_its_own_life() {
    let relay = installed(TOKEN);
    assert_eq!(relay.bound(), ALL);
    let subscriptions = &relay.application()["subscriptions"];
    assert_eq!(subscriptions["desired"], json!(ALL));
    assert_eq!(subscriptions["actual"].as_array().map(Vec::len), Some(ALL.len()));
    assert_eq!(relay.bitrix().count("some-domain.bitrix24.com batch"), 2, "one batch to look, one to mend");
}

#[test]
fn what_is_right_already_is_left_alone() {
    let relay = installed(TOKEN);
    let outcome = sync(&relay);
    assert_eq!((&outcome["report"]["bound"], &outcome["report"]["unbound"]), (&json!([]), &json!([])));
    assert_eq!(relay.bitrix().count("event.bind"), ALL.len());
}

#[test]
fn stale_handlers_of_ours_are_removed_and_those_of_others_are_not() {
    let relay = installed(TOKEN);
    let foreign = ("ONCRMDEALADD".to_owned(), "https://other.example.com/hook".to_owned());
    relay.bitrix().change(MEMBER, |site| {
        site.handlers.insert(foreign.clone());
        site.handlers.insert(("ONCRMDEALADD".to_owned(), HANDLER.to_owned()));
        site.handlers.remove(&("ONCALENDARENTRYADD".to_owned(), HANDLER.to_owned()));
    });
    let report = sync(&relay)["report"].clone();
    assert_eq!(report["bound"], json!(["ONCALENDARENTRYADD"]));
    assert_eq!(report["unbound"], json!([{"event": "ONCRMDEALADD", "handler": HANDLER}]));
    assert_eq!(relay.bound(), ALL);
    assert!(relay.bitrix().site(MEMBER).handlers.contains(&foreign));
}

#[test]
fn a_scope_that_is_missing_is_named() {
    let relay = installed(TOKEN);
    relay.deploy(&[("B24_EVENTS", "ONCALENDARENTRYADD,OnCrmDealAdd")]);
    let outcome = sync(&relay);
    let failed = json!([{"event": "ONCRMDEALADD", "code": "ERROR_EVENT_NOT_FOUND", "missing_scope": "crm"}]);
    assert_eq!(outcome["report"]["failed"], failed);
    assert_eq!(relay.application()["subscriptions"]["failed"], failed);
    assert_eq!(relay.bound(), ["ONAPPINSTALL", "ONAPPUNINSTALL", "ONAPPUPDATE", "ONCALENDARENTRYADD"]);
}

#[test]
fn another_address_of_the_relay_moves_its_handlers() {
    let relay = installed(TOKEN);
    relay.deploy(&[("PUBLIC_URL", "https://new.example.com")]);
    let report = sync(&relay)["report"].clone();
    assert_eq!(report["unbound"].as_array().map(Vec::len), Some(ALL.len()));
    assert_eq!(relay.bound(), [""; 0]);
    assert_eq!(relay.bitrix().site(MEMBER).handlers.len(), ALL.len());
}

#[test]
fn an_update_brings_back_what_the_portal_dropped() {
    let relay = installed(TOKEN);
    relay.bitrix().change(MEMBER, |site| site.handlers.clear());
    let pair = relay.issue(ADMIN);
    let update = Callback { event: "ONAPPUPDATE", ts: 1_767_700_000, ..Callback::new(&pair, TOKEN) };
    assert_eq!(relay.send(update.request()).status, 200);
    assert_eq!(relay.bound(), ALL);
}

#[test]
fn an_installation_that_is_not_complete_says_what_to_do() {
    let relay = relay();
    relay.bitrix().change(MEMBER, |site| site.is_installed = false);
    assert_eq!(relay.send(callback(&relay.issue(ADMIN), TOKEN)).status, 200);
    let application = relay.application();
    assert_eq!(application["installed"], false);
    assert!(application["advice"].as_str().is_some_and(|advice| advice.contains("not complete")), "{application}");
    relay.bitrix().change(MEMBER, |site| site.is_installed = true);
    relay.advance(25 * HOUR);
    assert_eq!((&relay.application()["installed"], &relay.application()["advice"]), (&json!(true), &Value::Null));
    relay.bitrix().change(MEMBER, |site| site.payment_expired = true);
    relay.advance(DAY);
    assert!(relay.application()["advice"].as_str().is_some_and(|advice| advice.contains("not paid")));
}

#[test]
fn a_portal_that_cannot_be_reached_is_looked_at_again() {
    let relay = installed(TOKEN);
    relay.bitrix().change(MEMBER, |site| site.handlers.clear());
    relay.bitrix().rest_is_down.set(true);
    let answer = relay.admin("POST", &format!("/portals/{MEMBER}/sync"), &Value::Null);
    assert_eq!((answer.status, answer.code().as_str()), (502, "portal_unreachable"));
    relay.bitrix().rest_is_down.set(false);
    relay.advance(20 * MINUTE);
    assert_eq!(relay.bound(), ALL);
}

#[test]
fn a_portal_that_was_registered_by_hand_has_nothing_to_sync() {
    let relay = relay();
    relay.register(TOKEN);
    let answer = relay.admin("POST", &format!("/portals/{MEMBER}/sync"), &Value::Null);
    assert_eq!((answer.status, answer.code().as_str()), (409, "not_authorised"));
    assert_eq!(relay.status().get("application"), None);
}

#[test]
fn a_busy_portal_is_waited_for() {
    let relay = installed(TOKEN);
    relay.bitrix().refuse_rest([(503, "QUERY_LIMIT_EXCEEDED"), (503, "QUERY_LIMIT_EXCEEDED")]);
    let before = relay.now();
    assert_eq!(sync(&relay)["report"]["error"], Value::Null);
    assert!(relay.now().millis_since(before) >= 1_000);
}

#[test]
fn a_renamed_portal_is_followed_once_the_oauth_server_agrees() {
    let relay = installed(TOKEN);
    relay.bitrix().change(MEMBER, |site| {
        site.old_domain = Some(std::mem::replace(&mut site.domain, "renamed.bitrix24.com".to_owned()));
    });
    assert_eq!(sync(&relay)["report"]["error"], Value::Null);
    assert_eq!(relay.application()["client_endpoint"], "https://renamed.bitrix24.com/rest/");
    assert_eq!(relay.status()["domain"], "renamed.bitrix24.com");
}

#[test]
fn an_answer_to_a_batch_that_is_none_changes_no_subscription() {
    let relay = installed(TOKEN);
    for result in [json!([]), json!(true), json!("x"), Value::Null] {
        relay.bitrix().answer_rest([result.clone()]);
        let answer = relay.admin("POST", &format!("/portals/{MEMBER}/sync"), &Value::Null);
        assert_eq!(answer.status, 502, "{result} {answer:?}");
        assert_eq!(relay.application()["subscriptions"]["actual"].as_array().map(Vec::len), Some(ALL.len()));
    }
    assert_eq!(sync(&relay)["report"]["bound"], json!([]), "what is bound is known again");
}
