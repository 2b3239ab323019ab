//! What the operator revoked the operator alone gives back: no administrator of the portal, and nothing that is due by itself.

use crate::support::application::{BROKER_TOKEN, Callback, callback, form, installed, relay, token_request};
use crate::support::bitrix::ADMIN;
use crate::support::fault::Operation;
use crate::support::post::{MEMBER, OTHER_TOKEN, Post, Request, TOKEN};
use crate::support::relay::{Answer, DAY, HOUR, Relay, hash};
use crate::support::world::UnderWay;
use serde_json::Value;
use std::rc::Rc;

fn deletion() -> Request {
    Relay::admin_request("DELETE", &format!("/portals/{MEMBER}"), &Value::Null)
}

fn revoke(relay: &Relay) {
    assert_eq!(relay.send(deletion()).status, 200);
}

fn sync(relay: &Relay) -> Answer {
    relay.admin("POST", &format!("/portals/{MEMBER}/sync"), &Value::Null)
}

fn assert_not_authorised(answer: &Answer) {
    assert_eq!((answer.status, answer.code().as_str()), (409, "not_authorised"));
    assert!(answer.body.contains("the operator revoked the portal"), "{answer:?}");
}

#[test]
fn an_administrator_does_not_bring_back_a_portal_that_the_operator_revoked() {
    let relay = installed(TOKEN);
    revoke(&relay);
    relay.advance(HOUR / 2);
    assert_eq!(relay.send(form(&relay.issue(ADMIN), Some(OTHER_TOKEN), "en")).status, 403);
    assert_eq!(relay.send(form(&relay.issue(ADMIN), None, "en")).status, 403);
    for path in ["/install", "/events"] {
        let claim = Callback { path, ..Callback::new(&relay.issue(ADMIN), OTHER_TOKEN) };
        assert_eq!(relay.send(claim.request()).status, 403, "{path}");
    }
    assert_eq!(relay.post(&Post::new(OTHER_TOKEN, 1)).status, 403);
    let status = relay.status();
    assert_eq!((&status["state"], &status["application"]["state"]), (&"revoked".into(), &"revoked".into()));
    assert_eq!(status["tokens"].as_array().map(Vec::len), Some(1));
}

#[test]
fn an_installation_that_waited_does_not_bring_back_a_portal_that_was_revoked_meanwhile() {
    let relay = installed(TOKEN);
    relay.bitrix().oauth_is_down.set(true);
    assert_eq!(relay.send(callback(&relay.issue(ADMIN), OTHER_TOKEN)).status, 202);
    revoke(&relay);
    relay.bitrix().oauth_is_down.set(false);
    relay.restart();
    relay.advance(2 * HOUR);
    assert_eq!(relay.status()["state"], "revoked");
    assert_eq!(relay.world.directory().storage.rows("SELECT * FROM pending_install"), [""; 0]);
}

#[test]
fn a_token_that_is_revoked_while_a_proven_installation_asks_the_directory_stays_so() {
    let relay = Rc::new(installed(TOKEN));
    relay.advance(HOUR / 2);
    let is_question =
        |operation, what: &str| operation == Operation::CallDirectory && what.starts_with("{\"HeldEvents\"");
    relay.world.gates.close(is_question);
    let (worker, claim) = (Rc::clone(&relay), callback(&relay.issue(ADMIN), TOKEN));
    let mut claims = [UnderWay::new(async move { worker.answer(claim).await })];
    relay.world.settle_with(&mut claims, 0);
    assert_eq!(relay.revoke(TOKEN).status, 200);
    let question = relay.world.gates.find(|_, _| true).expect("the installation waits for the Directory");
    relay.world.gates.let_go(question, None);
    relay.world.settle_with(&mut claims, 0);
    assert_eq!(claims[0].value.as_ref().map(|answer| answer.status), Some(403));
    assert_eq!(relay.status()["tokens"][0]["status"], "revoked");
}

#[test]
fn a_portal_can_be_revoked_before_its_token_is_known() {
    let relay = relay();
    assert_eq!(relay.send(form(&relay.issue(ADMIN), None, "en")).status, 200);
    assert_eq!(relay.status()["state"], "installing");
    revoke(&relay);
    assert_eq!(relay.status()["state"], "revoked");
    assert_eq!(relay.send(callback(&relay.issue(ADMIN), TOKEN)).status, 403);
}

#[test]
fn nobody_is_handed_a_token_of_a_portal_that_the_operator_revoked() {
    let relay = installed(TOKEN);
    revoke(&relay);
    assert_not_authorised(&relay.send(token_request(BROKER_TOKEN)));
    assert_not_authorised(&sync(&relay));
    relay.restart();
    assert_not_authorised(&relay.send(token_request(BROKER_TOKEN)));
}

#[test]
fn a_token_that_is_being_renewed_while_the_operator_revokes_its_portal_is_not_handed_out() {
    let relay = installed(TOKEN);
    relay.advance(2 * HOUR);
    relay.bitrix().delay_millis.set(300);
    let answers = relay.world.run_all([relay.answer(token_request(BROKER_TOKEN)), relay.answer(deletion())]);
    assert_eq!(relay.bitrix().count("oauth/token"), 1);
    assert_not_authorised(&answers[0]);
}

#[test]
fn a_portal_that_the_operator_revoked_is_not_called() {
    let relay = installed(TOKEN);
    relay.bitrix().change(MEMBER, |site| site.handlers.clear());
    revoke(&relay);
    let calls = relay.bitrix().calls().len();
    relay.advance(30 * DAY);
    assert_eq!(relay.bitrix().calls().len(), calls);
    assert_eq!(relay.bound(), [""; 0]);
}

#[test]
fn the_operator_gives_back_what_the_operator_revoked() {
    let relay = installed(TOKEN);
    revoke(&relay);
    relay.advance(DAY);
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    assert_eq!(relay.application()["state"], "valid");
    assert_eq!(relay.send(token_request(BROKER_TOKEN)).status, 200);
    assert_eq!(sync(&relay).status, 200);
    assert_eq!(relay.send(callback(&relay.issue(ADMIN), OTHER_TOKEN)).status, 200);
    assert_eq!(relay.status()["tokens"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_portal_of_which_one_token_was_revoked_may_be_installed_with_another() {
    let relay = installed(TOKEN);
    assert_eq!(relay.revoke(TOKEN).status, 200);
    assert_eq!(relay.send(callback(&relay.issue(ADMIN), OTHER_TOKEN)).status, 200);
    let status = relay.status();
    let of =
        |token: &str| status["tokens"].as_array().unwrap().iter().find(|one| one["sha256"] == hash(token)).cloned();
    assert_eq!(
        (&of(TOKEN).unwrap()["status"], &of(OTHER_TOKEN).unwrap()["status"]),
        (&"revoked".into(), &"active".into())
    );
}
