//! Tokens are renewed when they must be, by one at a time; they are handed to whom they may be, and seen by nobody else.

use crate::support::application::{BROKER_TOKEN, NEW_VAULT_KEY, VAULT_KEY, callback, installed, relay, token_request};
use crate::support::bitrix::{ADMIN, DOMAIN};
use crate::support::fault::{Operation, Then};
use crate::support::post::{MEMBER, Post, Request, TOKEN};
use crate::support::relay::{ADMIN_TOKEN, DAY, HOUR, MINUTE, Relay};
use crate::support::world::UnderWay;
use serde_json::{Value, json};
use std::rc::Rc;

fn token(relay: &Relay) -> Value {
    let answer = relay.send(token_request(BROKER_TOKEN));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[test]
fn a_service_is_handed_a_token_that_lasts() {
    let relay = installed(TOKEN);
    let grant = token(&relay);
    assert_eq!(grant["access_token"], "access-token-number-1");
    assert_eq!(grant["client_endpoint"], format!("https://{DOMAIN}/rest/"));
    assert_eq!(relay.lines("access token handed out")[0]["client"], "billing");
    assert_eq!(relay.bitrix().count("oauth/token"), 0, "a token that is good is not renewed");
    relay.advance(2 * HOUR);
    assert_eq!(token(&relay)["access_token"], "access-token-number-2");
    assert_eq!(token(&relay)["access_token"], "access-token-number-2");
    assert_eq!(relay.bitrix().count("oauth/token"), 1);
}

#[test]
fn nobody_else_is_handed_one() {
    let relay = installed(TOKEN);
    for bearer in ["", ADMIN_TOKEN, TOKEN, "a-service-of-the-compan"] {
        assert_eq!(relay.send(token_request(bearer)).status, 401, "{bearer}");
    }
    relay.deploy(&[("BROKER_TOKENS", r#"[{"name":"other","token":"another-service-here","portals":["m2"]}]"#)]);
    let answer = relay.send(token_request("another-service-here"));
    assert_eq!((answer.status, answer.code().as_str()), (403, "not_allowed"));
    relay.deploy(&[("BROKER_TOKENS", "")]);
    assert_eq!(relay.send(token_request(BROKER_TOKEN)).code(), "not_configured");
}

#[test]
fn a_credential_in_the_url_is_refused_beside_a_good_bearer() {
    let relay = installed(TOKEN);
    let request = Request { query: "access_token=x".to_owned(), ..token_request(BROKER_TOKEN) };
    assert_eq!(relay.send(request).code(), "credentials_in_query");
}

#[test]
fn who_is_handed_access_tokens_may_do_nothing_else() {
    let relay = installed(TOKEN);
    for path in ["/portals", "/log", "/metrics", &format!("/portals/{MEMBER}"), &format!("/portals/{MEMBER}/events")] {
        let request = Request { method: "GET", path: path.to_owned(), ..token_request(BROKER_TOKEN) };
        assert_eq!(relay.send(request).status, 401, "{path}");
    }
}

#[test]
fn a_hundred_calls_at_once_cause_one_refresh_and_none_fails() {
    let relay = installed(TOKEN);
    relay.advance(2 * HOUR);
    relay.bitrix().delay_millis.set(300);
    let answers = relay.world.run_all((0..100).map(|_| relay.answer(token_request(BROKER_TOKEN))));
    assert!(
        answers.iter().all(|answer| answer.status == 200),
        "{:?}",
        answers.iter().find(|answer| answer.status != 200)
    );
    assert!(answers.iter().all(|answer| answer.json()["access_token"] == "access-token-number-2"));
    assert_eq!(relay.bitrix().count("oauth/token"), 1);
}

#[test]
fn a_hundred_calls_at_once_ask_an_oauth_server_that_is_down_once() {
    let relay = installed(TOKEN);
    relay.advance(2 * HOUR);
    relay.bitrix().oauth_is_down.set(true);
    relay.bitrix().delay_millis.set(300);
    let answers = relay.world.run_all((0..100).map(|_| relay.answer(token_request(BROKER_TOKEN))));
    assert!(answers.iter().all(|answer| answer.status == 502));
    assert_eq!(relay.bitrix().count("oauth/token"), 1);
    relay.bitrix().oauth_is_down.set(false);
    relay.advance(MINUTE);
    assert_eq!(token(&relay)["access_token"], "access-token-number-2");
}

#[test]
fn what_ends_an_authorisation_is_a_state_and_no_loop() {
    for (code, state) in [
        ("invalid_grant", "reauthorise"),
        ("PAYMENT_REQUIRED", "payment_required"),
        ("NOT_INSTALLED", "not_installed"),
        ("wrong_client", "wrong_client"),
    ] {
        let relay = installed(TOKEN);
        relay.advance(2 * HOUR);
        relay.bitrix().refuse_refreshes([code; 50]);
        let answer = relay.send(token_request(BROKER_TOKEN));
        assert_eq!((answer.status, answer.code().as_str()), (409, "not_authorised"), "{code}");
        let application = relay.application();
        assert_eq!(application["state"], state, "{code}");
        assert!(application["advice"].is_string(), "{code}");
        relay.advance(5 * DAY);
        assert!(relay.bitrix().count("oauth/token") <= 7, "{code}: {}", relay.bitrix().count("oauth/token"));
        relay.accept(&Post::new(TOKEN, 1));
    }
}

#[test]
fn a_portal_whose_authorisation_ended_is_authorised_again_by_its_next_install() {
    let relay = installed(TOKEN);
    relay.advance(2 * HOUR);
    relay.bitrix().forget_refresh_tokens();
    assert_eq!(relay.send(token_request(BROKER_TOKEN)).status, 409);
    assert_eq!(relay.send(callback(&relay.issue(ADMIN), TOKEN)).status, 200);
    assert_eq!(relay.application()["state"], "valid");
    assert_eq!(token(&relay)["access_token"], "access-token-number-2");
}

#[test]
fn a_pair_that_storage_did_not_take_is_stored_when_it_does() {
    for operation in [Operation::Write, Operation::Exchange] {
        let relay = installed(TOKEN);
        relay.advance(2 * HOUR);
        relay.faults().plan_next(operation, 1, false, Then::Error);
        relay.send(token_request(BROKER_TOKEN));
        relay.advance(MINUTE);
        assert_eq!(token(&relay)["access_token"], "access-token-number-2", "{operation:?}");
        relay.restart();
        assert_eq!(token(&relay)["access_token"], "access-token-number-2", "{operation:?}");
        assert_eq!(relay.application()["state"], "valid", "{operation:?}");
    }
}

#[test]
fn a_crash_between_refresh_and_storing_says_what_to_do() {
    let relay = installed(TOKEN);
    relay.advance(2 * HOUR);
    relay.faults().plan_next(Operation::Exchange, 1, true, Then::Reset);
    relay.send(token_request(BROKER_TOKEN));
    let answer = relay.send(token_request(BROKER_TOKEN));
    assert_eq!(answer.status, 409, "{answer:?}");
    assert_eq!(relay.application()["state"], "reauthorise");
    assert!(relay.application()["advice"].as_str().is_some_and(|advice| advice.contains("opens the application once")));
}

#[test]
fn a_refresh_of_tokens_that_were_replaced_meanwhile_ends_no_authorisation() {
    let relay = Rc::new(installed(TOKEN));
    relay.advance(2 * HOUR);
    relay.world.gates.close(|operation, _| operation == Operation::Exchange);
    let caller = Rc::clone(&relay);
    let mut calls = [UnderWay::new(async move { caller.answer(token_request(BROKER_TOKEN)).await })];
    relay.world.settle_with(&mut calls, 0);
    let (refresh, ..) = relay.world.gates.waiting().remove(0);
    relay.world.gates.close(|_, _| false);
    assert_eq!(relay.send(callback(&relay.issue(ADMIN), TOKEN)).status, 200);
    relay.bitrix().forget_refresh_tokens();
    relay.world.gates.let_go(refresh, None);
    relay.world.settle_with(&mut calls, 0);
    assert_eq!(relay.application()["state"], "valid");
    let answer = calls[0].value.take().expect("it was answered");
    assert_eq!((answer.status, answer.json()["access_token"].clone()), (200, json!("access-token-number-2")));
}

#[test]
fn tokens_that_grow_old_are_renewed_before_they_end() {
    let relay = installed(TOKEN);
    relay.advance(19 * DAY);
    let before = relay.bitrix().count("oauth/token");
    relay.advance(60 * DAY);
    assert!(relay.bitrix().count("oauth/token") > before);
    assert_eq!(relay.application()["state"], "valid");
}

#[test]
fn tokens_are_sealed_anew_when_the_key_is_rotated() {
    let relay = installed(TOKEN);
    relay.deploy(&[("VAULT_KEY", &format!("{NEW_VAULT_KEY} {VAULT_KEY}"))]);
    assert_eq!(relay.application()["sealed_under_first_key"], false);
    let answer = relay.admin("POST", &format!("/portals/{MEMBER}/sync"), &Value::Null);
    assert_eq!(answer.json()["application"]["sealed_under_first_key"], true);
    relay.deploy(&[("VAULT_KEY", NEW_VAULT_KEY)]);
    assert_eq!(token(&relay)["access_token"], "access-token-number-1");
}

#[test]
fn a_key_that_is_gone_is_a_state_until_it_is_back() {
    let relay = installed(TOKEN);
    relay.deploy(&[("VAULT_KEY", NEW_VAULT_KEY)]);
    assert_eq!(relay.send(token_request(BROKER_TOKEN)).status, 409);
    relay.accept(&Post::new(TOKEN, 1));
    relay.deploy(&[("VAULT_KEY", &format!("{NEW_VAULT_KEY} {VAULT_KEY}"))]);
    assert_eq!(token(&relay)["access_token"], "access-token-number-1");
}

#[test]
fn nothing_sealed_is_ever_readable() {
    let relay = relay();
    relay.post(&Post::new(TOKEN, 1));
    relay.bitrix().oauth_is_down.set(true);
    let pair = relay.issue(ADMIN);
    let mut answers = vec![relay.send(callback(&pair, TOKEN)).body];
    let waiting = relay.traces();
    relay.bitrix().oauth_is_down.set(false);
    relay.advance(HOUR / 2);
    let form = crate::support::application::form(&relay.issue(ADMIN), Some(TOKEN), "en");
    answers.push(relay.send(form).body);
    token(&relay);
    relay.advance(2 * HOUR);
    token(&relay);
    answers.push(relay.status().to_string());
    answers.push(relay.admin("POST", &format!("/portals/{MEMBER}/sync"), &json!(null)).body);
    answers.push(relay.admin("GET", &format!("/portals/{MEMBER}/events"), &json!(null)).body);
    let traces = [waiting, relay.traces(), answers.join("\n")].join("\n");
    let issued = relay.bitrix().issued();
    assert!(issued.len() >= 6);
    for secret in issued.iter().map(String::as_str).chain([TOKEN, VAULT_KEY, BROKER_TOKEN]) {
        assert!(!traces.contains(secret), "{secret} is readable");
    }
}
