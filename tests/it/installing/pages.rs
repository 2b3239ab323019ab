//! The page that an administrator sees.

use crate::support::application::{Callback, HANDLER, attribute, form, relay};
use crate::support::bitrix::ADMIN;
use crate::support::post::{MEMBER, Post, Request, TOKEN};
use crate::support::relay::{HOUR, Relay};
use serde_json::{Value, json};

fn get(relay: &Relay, path: &str) -> crate::support::relay::Answer {
    let request = Request { method: "GET", ..Relay::admin_request("GET", path, &Value::Null) };
    relay.send(Request { headers: Vec::new(), ..request })
}

#[test]
fn the_page_follows_an_installation_to_its_end() {
    let relay = relay();
    relay.bitrix().change(MEMBER, |site| site.is_installed = false);
    let page = relay.send(form(&relay.issue(ADMIN), None, "de"));
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Verbindung wird eingerichtet"), "{}", page.body);
    let progress = relay.progress(&page, false).json();
    assert_eq!(
        (&progress["authorised"], &progress["subscribed"], &progress["token_known"], &progress["installed"]),
        (&json!(true), &json!("done"), &json!(false), &json!(false)),
        "the portal has not been told yet that the installation is complete"
    );
    assert!(relay.bitrix().site(MEMBER).handlers.contains(&("ONAPPINSTALL".to_owned(), HANDLER.to_owned())));
    assert_eq!(relay.post(&Post::new(TOKEN, 1)).status, 202, "an event in between is held");
    // BX24.installFinish() makes the portal send ONAPPINSTALL.
    relay.bitrix().change(MEMBER, |site| site.is_installed = true);
    let callback = Callback { path: "/events", ..Callback::new(&relay.issue(ADMIN), TOKEN) };
    assert_eq!(relay.send(callback.request()).status, 200);
    let progress = relay.progress(&page, false).json();
    assert_eq!((&progress["token_known"], &progress["installed"]), (&json!(true), &json!(true)));
    assert_eq!(relay.logged(), ["1", "install"]);
}

#[test]
fn what_failed_is_tried_again_from_the_page() {
    let relay = relay();
    relay.deploy(&[("B24_EVENTS", "ONCRMDEALADD")]);
    let page = relay.send(form(&relay.issue(ADMIN), Some(TOKEN), "en"));
    let progress = relay.progress(&page, false).json();
    assert_eq!((&progress["subscribed"], &progress["failed"][0]["missing_scope"]), (&json!("failed"), &json!("crm")));
    relay.bitrix().change(MEMBER, |site| site.scopes.push("crm"));
    relay.progress(&page, true);
    assert_eq!(relay.progress(&page, false).json()["subscribed"], "done");
}

#[test]
fn a_page_is_good_for_an_hour() {
    let relay = relay();
    let page = relay.send(form(&relay.issue(ADMIN), Some(TOKEN), "en"));
    relay.advance(HOUR);
    assert_eq!(relay.progress(&page, false).status, 403);
}

#[test]
fn the_page_holds_no_token_and_its_parts_are_there() {
    let relay = relay();
    let page = relay.send(form(&relay.issue(ADMIN), Some(TOKEN), "en"));
    for secret in relay.bitrix().issued().iter().map(String::as_str).chain([TOKEN]) {
        assert!(!page.body.contains(secret));
    }
    assert_eq!(attribute(&page.body, "progress"), "https://relay.example.com/install/progress");
    assert!(get(&relay, "/install.js").body.contains("installFinish"));
    assert_eq!(get(&relay, "/install.css").status, 200);
}

#[test]
fn a_page_that_cannot_be_proven_now_says_so() {
    let relay = relay();
    relay.bitrix().oauth_is_down.set(true);
    let page = relay.send(form(&relay.issue(ADMIN), Some(TOKEN), "ru"));
    assert_eq!(page.status, 202);
    assert!(page.body.contains("Не удаётся связаться"), "{}", page.body);
    relay.bitrix().oauth_is_down.set(false);
    relay.advance(HOUR / 2);
    assert_eq!(relay.application()["state"], "valid");
}
