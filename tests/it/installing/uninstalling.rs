//! The end of an installation.

use crate::support::application::{BROKER_TOKEN, Callback, installed, token_request};
use crate::support::bitrix::ADMIN;
use crate::support::post::{MEMBER, OTHER_TOKEN, Post, Request, TOKEN};
use crate::support::relay::{DAY, FORWARD_URL, HOUR, Relay, ids};
use crate::support::{destination::Answer, relay::MINUTE};
use serde_json::json;

/// When the portal's application was installed, by its clock.
const INSTALLED_AT: i64 = 1_767_600_000;

fn uninstall(ts: i64, clean: u8) -> Request {
    let body = format!(
        "event=ONAPPUNINSTALL&data[id]=uninstall&data[LANGUAGE_ID]=en&data[CLEAN]={clean}&ts={ts}\
         &auth[domain]=some-domain.bitrix24.com&auth[member_id]={MEMBER}&auth[application_token]={TOKEN}"
    );
    crate::support::application::post("/events", "", body)
}

fn reinstall(relay: &Relay, ts: i64) {
    relay.bitrix().change(MEMBER, |site| site.is_removed = false);
    let callback = Callback { ts, ..Callback::new(&relay.issue(ADMIN), TOKEN) };
    assert_eq!(relay.send(callback.request()).status, 200);
}

#[test]
fn an_uninstall_ends_the_application_and_no_webhook() {
    let relay = installed(TOKEN);
    relay.register_webhook(OTHER_TOKEN);
    assert_eq!(relay.send(uninstall(INSTALLED_AT + 60, 0)).status, 200);
    assert_eq!(relay.application()["state"], "uninstalled");
    assert_eq!(relay.status()["state"], "active", "the webhook goes on");
    relay.accept(&Post::new(OTHER_TOKEN, 1));
    relay.accept(&Post::new(TOKEN, 2));
    assert_eq!(relay.received(), ["install", "uninstall", "1"], "a late event is logged, and goes nowhere");
    assert_eq!(relay.send(token_request(BROKER_TOKEN)).status, 409);
    relay.advance(3 * DAY);
    assert_eq!(relay.bitrix().count("oauth/token"), 0, "a portal that removed the application is not called");
}

#[test]
fn a_late_uninstall_does_not_remove_a_newer_install() {
    let relay = installed(TOKEN);
    reinstall(&relay, INSTALLED_AT + 100);
    assert_eq!(relay.send(uninstall(INSTALLED_AT + 50, 1)).status, 200);
    assert_eq!(relay.status()["state"], "active");
    assert_eq!(relay.application()["state"], "valid");
    relay.accept(&Post::new(TOKEN, 1));
    assert_eq!(relay.received(), ["install", "install", "uninstall", "1"]);
}

#[test]
fn a_reinstall_makes_all_good_again() {
    let relay = installed(TOKEN);
    assert_eq!(relay.send(uninstall(INSTALLED_AT + 50, 1)).status, 200);
    relay.bitrix().change(MEMBER, |site| site.handlers.clear());
    relay.advance(2 * DAY);
    reinstall(&relay, INSTALLED_AT + 3 * 86_400);
    relay.accept(&Post::new(TOKEN, 1));
    assert_eq!(relay.bound().len(), 9);
    relay.advance(10 * DAY);
    assert_eq!(relay.logged(), ["install", "uninstall", "install", "1"], "nothing is erased");
}

#[test]
fn a_replayed_install_of_a_removed_application_is_refused() {
    let relay = installed(TOKEN);
    assert_eq!(relay.send(uninstall(INSTALLED_AT + 50, 0)).status, 200);
    relay.bitrix().change(MEMBER, |site| site.is_removed = true);
    let replayed = Callback::new(&relay.issue(ADMIN), TOKEN);
    assert_eq!(relay.send(replayed.request()).status, 200, "a late event of a removed application is logged");
    assert_eq!(relay.status()["state"], "uninstalled");
}

#[test]
fn clean_erases_the_tokens_at_once_and_the_log_after_a_week() {
    let relay = installed(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    assert_eq!(relay.send(uninstall(INSTALLED_AT + 50, 1)).status, 200);
    let rows = relay.portal().storage.rows("SELECT access_token, refresh_token, user_id FROM authorisation");
    assert!(!rows.join("").contains("v1."), "{rows:?}");
    relay.advance(6 * DAY);
    assert_eq!(relay.portal().storage.rows("SELECT seq FROM log").len(), 3);
    relay.advance(2 * DAY);
    let log = relay.portal().storage.rows("SELECT event FROM log");
    assert_eq!(log.len(), 1, "the newest row stays, from which the numbers go on");
    assert!(!log.join("").contains("bitrix24"), "{log:?}");
    assert!(relay.portal().storage.rows("SELECT * FROM authorisation WHERE access_token IS NOT NULL").is_empty());
}

#[test]
fn clean_waits_for_what_is_not_delivered_and_for_other_tokens() {
    let relay = installed(TOKEN);
    relay.register_webhook(OTHER_TOKEN);
    relay.destination().always(Answer::Refuse);
    relay.accept(&Post::new(TOKEN, 1));
    assert_eq!(relay.send(uninstall(INSTALLED_AT + 50, 1)).status, 200);
    relay.advance(8 * DAY);
    assert!(relay.portal().storage.rows("SELECT seq FROM log").len() > 1, "a webhook is active");
    assert_eq!(relay.revoke(OTHER_TOKEN).status, 200);
    relay.advance(2 * DAY);
    assert!(relay.portal().storage.rows("SELECT seq FROM log").len() > 1, "an event is not delivered");
    relay.advance(40 * DAY + HOUR);
    let log = relay.portal().storage.rows("SELECT event FROM log");
    assert!(log.len() == 1 && !log.join("").contains("bitrix24"), "what failed for good goes in its own time: {log:?}");
}

#[test]
fn clean_erases_nothing_that_a_destination_of_the_api_still_needs() {
    let relay = installed(TOKEN);
    relay.deploy(&[("FORWARD_URL", "")]);
    let crm = json!({"name": "crm", "url": "https://crm.some-company.com/hook"});
    assert_eq!(relay.admin("POST", &format!("/portals/{MEMBER}/destinations"), &crm).status, 201);
    let pause = |paused: bool| {
        let path = format!("/portals/{MEMBER}/destinations/crm");
        assert_eq!(relay.admin("PATCH", &path, &json!({ "paused": paused })).status, 200);
    };
    let kept = || relay.portal().storage.rows("SELECT seq FROM log").len();
    relay.accept(&Post::new(TOKEN, 1));
    let before = relay.received().len();
    relay.destination().answers([Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 2));
    pause(true);
    relay.accept(&Post::new(TOKEN, 3));
    assert_eq!(relay.send(uninstall(INSTALLED_AT + 50, 1)).status, 200);
    relay.advance(10 * DAY);
    assert_eq!(kept(), 5, "one waits for another attempt, two for their first");
    assert_eq!(relay.status()["storage"]["dropped"], 0);
    pause(false);
    relay.advance(HOUR);
    let mut received = relay.received().split_off(before);
    received.sort();
    assert_eq!(received, ["2", "2", "3", "uninstall"]);
    pause(true);
    let again = json!({"state": "delivered", "destination": "crm"});
    assert_eq!(relay.admin("POST", &format!("/portals/{MEMBER}/redeliver"), &again).status, 202);
    relay.advance(2 * DAY);
    assert_eq!(kept(), 5, "some are to be sent once more");
    pause(false);
    relay.advance(2 * DAY);
    assert_eq!(kept(), 1);
    let mut received = relay.received().split_off(before + 4);
    received.sort();
    assert_eq!(received, ["1", "2", "3", "install", "uninstall"], "each once more, as it was");
}

#[test]
fn what_was_erased_is_not_forwarded_to_a_destination_that_is_set_again() {
    let relay = installed(TOKEN);
    relay.deploy(&[("FORWARD_URL", "")]);
    relay.accept(&Post::new(TOKEN, 1));
    assert_eq!(relay.send(uninstall(INSTALLED_AT + 50, 1)).status, 200);
    relay.advance(8 * DAY);
    assert_eq!(relay.portal().storage.rows("SELECT seq FROM log").len(), 1);
    relay.deploy(&[("FORWARD_URL", FORWARD_URL)]);
    relay.status();
    relay.advance(HOUR);
    assert_eq!(relay.received(), ["install"]);
    assert_eq!(relay.status()["delivery"]["pending"], 0);
}

#[test]
fn clean_with_zero_keeps_everything() {
    let relay = installed(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    assert_eq!(relay.send(uninstall(INSTALLED_AT + 50, 0)).status, 200);
    relay.advance(10 * DAY + MINUTE);
    assert_eq!(relay.logged(), ["install", "1", "uninstall"]);
    assert_eq!(relay.received().len(), ids([1, 2, 3]).len());
}
