//! What a destination is called with, while secrets and keys are replaced.

use super::{CRM_URL, OTHER_KEY, VAULT_KEY, accept, header, is_signed_by, make_crm, patch, path, relay, sent_to};
use crate::support::relay::{HOUR, Relay, ids};
use serde_json::json;

fn rotate(relay: &Relay, overlap_seconds: u32) -> String {
    let rotated = relay.admin("POST", &path("/crm/rotate-secret"), &json!({"overlap_seconds": overlap_seconds}));
    assert_eq!(rotated.status, 200, "{rotated:?}");
    rotated.json()["secret"].as_str().expect("the secret is shown").to_owned()
}

#[test]
fn a_second_rotation_ends_the_oldest_secret_at_once() {
    let relay = relay();
    let oldest = make_crm(&relay);
    let [old, new] = [rotate(&relay, 3600), rotate(&relay, 3600)];
    accept(&relay, 1..=1);
    let sent = &sent_to(&relay, CRM_URL)[0];
    let signed_by = [oldest, old, new].map(|secret| is_signed_by(sent, &secret));
    assert_eq!(signed_by, [false, true, true]);
}

#[test]
fn a_key_can_be_taken_away_once_each_secret_was_rotated_under_the_next_one() {
    let relay = relay();
    let old = make_crm(&relay);
    patch(&relay, "crm", &json!({"headers": {"X-Key": "one"}}));
    relay.deploy(&[("VAULT_KEY", &format!("{OTHER_KEY} {VAULT_KEY}"))]);
    let new = rotate(&relay, 3600);
    relay.deploy(&[("VAULT_KEY", OTHER_KEY)]);
    accept(&relay, 1..=1);
    let sent = sent_to(&relay, CRM_URL);
    assert!(is_signed_by(&sent[0], &old) && is_signed_by(&sent[0], &new) && header(&sent[0], "x-key") == "one");
    relay.advance(HOUR);
    assert_eq!(relay.received(), ids([1, 1]), "each destination got it once");
}
