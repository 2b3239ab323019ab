//! Attacks on installations, each by its name.

use crate::support::application::{Callback, callback, form, installed, relay};
use crate::support::bitrix::{ADMIN, CLIENT_ID, DOMAIN, EMPLOYEE, Pair, Site};
use crate::support::fault::Operation;
use crate::support::post::{MEMBER, OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{MINUTE, Relay, hash};
use serde_json::json;

const OTHER_MEMBER: &str = "da45a03b265edd8787f8a258d793cc5d";

fn other_pair(relay: &Relay) -> Pair {
    relay.bitrix().add(Site::new(OTHER_MEMBER, "other.bitrix24.com"));
    relay.bitrix().issue(OTHER_MEMBER, CLIENT_ID, ADMIN, relay.now())
}

/// Nothing is stored, neither in the portal's object nor in the Directory nor in KV.
fn assert_no_trace(relay: &Relay, case: &str) {
    assert!(relay.portal().storage.is_empty(), "{case}");
    for table in ["held", "pending_install", "portal"] {
        let directory = relay.world.directory();
        if !directory.storage.is_empty() {
            assert_eq!(directory.storage.rows(&format!("SELECT * FROM {table}")), [""; 0], "{case}: {table}");
        }
    }
    assert_eq!(relay.record(), None, "{case}");
}

#[test]
fn a_forged_installation_of_anothers_portal() {
    let relay = relay();
    let forged = Pair { access: "made-up".to_owned(), refresh: "made-up-too".to_owned() };
    assert_eq!(relay.send(callback(&forged, TOKEN)).status, 403);
    assert_eq!(relay.send(form(&forged, Some(TOKEN), "en")).status, 403);
    assert_no_trace(&relay, "forged");
}

#[test]
fn a_valid_token_of_another_application() {
    let relay = relay();
    let pair = relay.bitrix().issue(MEMBER, "local.another", ADMIN, relay.now());
    assert_eq!(relay.send(callback(&pair, TOKEN)).status, 403);
    assert_eq!(relay.send(form(&pair, Some(TOKEN), "en")).status, 403);
    assert_no_trace(&relay, "another application");
}

#[test]
fn a_token_of_one_portal_with_the_name_of_another() {
    let relay = relay();
    let pair = other_pair(&relay);
    assert_eq!(relay.send(callback(&pair, TOKEN)).status, 403);
    assert_eq!(relay.send(form(&pair, Some(TOKEN), "en")).status, 403);
    assert_no_trace(&relay, "another portal");
}

#[test]
fn an_employee_with_an_application_token_of_his_own() {
    let relay = relay();
    let pair = relay.issue(EMPLOYEE);
    let answer = relay.send(form(&pair, Some(OTHER_TOKEN), "en"));
    assert_eq!(answer.status, 202);
    assert!(answer.body.contains("Only an administrator"));
    assert!(relay.portal().storage.is_empty(), "nothing is believed");
    assert_eq!(relay.send(callback(&pair, OTHER_TOKEN)).json()["reason"], "not_admin");
    assert!(relay.portal().storage.is_empty(), "nothing is believed");
}

#[test]
fn an_employee_replaces_nothing_that_stands() {
    let relay = installed(TOKEN);
    let before = (relay.status()["tokens"].clone(), relay.application());
    relay.advance(MINUTE);
    let pair = relay.issue(EMPLOYEE);
    assert_eq!(relay.send(callback(&pair, OTHER_TOKEN)).status, 202);
    assert_eq!(relay.send(form(&pair, Some(OTHER_TOKEN), "en")).status, 202);
    assert_eq!((relay.status()["tokens"].clone(), relay.application()), before);
    assert_eq!(relay.post(&Post::new(OTHER_TOKEN, 1)).status, 403);
}

#[test]
fn an_uninstall_with_the_token_of_a_webhook_or_of_a_weak_bot() {
    let relay = installed(TOKEN);
    relay.register_webhook(OTHER_TOKEN);
    let weak = json!({"application_token": "192735", "weak": true});
    assert_eq!(relay.admin("PUT", &format!("/portals/{MEMBER}"), &weak).status, 200);
    for token in [OTHER_TOKEN, "192735"] {
        relay.accept(&Post::new(token, 1).named("ONAPPUNINSTALL"));
        assert_eq!(relay.status()["state"], "active");
        assert_eq!(relay.application()["state"], "valid");
    }
    relay.accept(&Post::new(TOKEN, 2));
}

#[test]
fn an_uninstall_with_a_token_of_the_attackers_choice() {
    let relay = installed(TOKEN);
    assert_eq!(relay.post(&Post::new(OTHER_TOKEN, 1).named("ONAPPUNINSTALL")).status, 403);
    assert_eq!(relay.status()["state"], "active");
    assert_eq!(relay.application()["state"], "valid");
}

#[test]
fn an_oauth_server_or_an_endpoint_of_the_attackers_choice() {
    for server in [
        "https://evil.example/rest/",
        "https://oauth.bitrix.info.evil.example/rest/",
        "https://oauth.bitrix.info@evil.example/rest/",
        "http://oauth.bitrix.info/rest/",
    ] {
        let relay = relay();
        let pair = relay.issue(ADMIN);
        let forged = Callback { server_endpoint: server.to_owned(), ..Callback::new(&pair, TOKEN) };
        assert_eq!(relay.send(forged.request()).status, 403, "{server}");
        assert_eq!(relay.bitrix().calls(), [""; 0], "{server}: no request leaves");
        assert_no_trace(&relay, server);
    }
    let relay = relay();
    let pair = relay.issue(ADMIN);
    let forged = Callback { client_endpoint: "https://evil.example/rest/".to_owned(), ..Callback::new(&pair, TOKEN) };
    assert_eq!(relay.send(forged.request()).status, 200, "what a POST says of the endpoint does not count");
    let hosts = relay.bitrix().calls();
    assert!(hosts.iter().all(|call| ["oauth.bitrix.info", DOMAIN, "batch"].iter().any(|host| call.starts_with(host))));
    assert_eq!(relay.application()["client_endpoint"], format!("https://{DOMAIN}/rest/"));
}

#[test]
fn a_replayed_installer_form_changes_nothing() {
    let relay = relay();
    let pair = relay.issue(ADMIN);
    assert_eq!(relay.send(form(&pair, Some(TOKEN), "en")).status, 200);
    relay.advance(MINUTE);
    let before = (relay.record(), relay.application(), relay.bitrix().site(MEMBER).handlers);
    let calls = relay.bitrix().calls().len();
    assert_eq!(relay.send(form(&pair, Some(TOKEN), "en")).status, 200);
    relay.advance(MINUTE);
    let after = (relay.record(), relay.application(), relay.bitrix().site(MEMBER).handlers);
    assert_eq!(after, before, "the same record, no new handler");
    assert_eq!(relay.bitrix().count("oauth/token"), 0, "no rotation");
    assert_eq!(relay.bitrix().calls().len() - calls, 2, "nothing but the proof");
}

#[test]
fn an_old_form_does_not_bring_the_old_pair_back() {
    let relay = relay();
    let old = relay.issue(ADMIN);
    assert_eq!(relay.send(form(&old, Some(TOKEN), "en")).status, 200);
    relay.advance(10 * MINUTE);
    let new = relay.issue(ADMIN);
    assert_eq!(relay.send(form(&new, Some(TOKEN), "en")).status, 200);
    let before = relay.application();
    assert_eq!(relay.send(form(&old, Some(TOKEN), "en")).status, 200);
    assert_eq!(relay.application()["access_expires_at"], before["access_expires_at"]);
}

#[test]
fn a_token_that_the_operator_revoked_is_not_brought_back_by_an_install() {
    let relay = installed(TOKEN);
    assert_eq!(relay.revoke(TOKEN).status, 200);
    assert_eq!(relay.send(callback(&relay.issue(ADMIN), TOKEN)).status, 403);
    assert_eq!(relay.status()["tokens"][0]["status"], "revoked");
    assert_eq!(relay.status()["tokens"][0]["sha256"], hash(TOKEN).as_str());
}

#[test]
fn an_application_token_that_can_be_guessed_is_not_taken() {
    let relay = relay();
    assert_eq!(relay.send(callback(&relay.issue(ADMIN), "192735")).status, 403);
    assert_no_trace(&relay, "weak");
}

#[test]
fn a_flood_of_claims_is_limited_before_it_reaches_bitrix24() {
    let relay = relay();
    let forged = Pair { access: "made-up".to_owned(), refresh: "made-up-too".to_owned() };
    let statuses: Vec<u16> = (0..150).map(|_| relay.send(callback(&forged, TOKEN)).status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 100);
    assert_eq!(statuses.last(), Some(&429));
    assert_eq!(relay.bitrix().calls().len(), 100);
}

#[test]
fn a_flood_of_claims_at_the_handler_is_limited_as_well() {
    let relay = relay();
    let forged = Pair { access: "made-up".to_owned(), refresh: "made-up-too".to_owned() };
    let callback = Callback { path: "/events", ..Callback::new(&forged, TOKEN) };
    for _ in 0..150 {
        relay.send(callback.request());
    }
    let calls = relay.faults().count(Operation::CallPortal);
    for _ in 0..150 {
        assert_eq!(relay.send(callback.request()).status, 429);
    }
    assert_eq!(relay.faults().count(Operation::CallPortal), calls);
    assert_eq!(relay.bitrix().calls().len(), 100);
}

#[test]
fn a_ticket_of_one_portal_does_not_open_another() {
    let relay = relay();
    let pair = relay.issue(ADMIN);
    let mut page = relay.send(form(&pair, Some(TOKEN), "en"));
    assert_eq!(relay.progress(&page, false).status, 200);
    page.body = page.body.replace(MEMBER, OTHER_MEMBER);
    assert_eq!(relay.progress(&page, false).status, 403);
}
