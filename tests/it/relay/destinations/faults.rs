//! One failure, anywhere in what an operator does with a destination: no event is lost, and no secret that was shown is wrong.

use super::{CRM_URL, VAULT_KEY, accept, header, is_signed_by, make, patch, path, sent_to};
use crate::support::destination::id_in;
use crate::support::fault::{Fault, Operation, Then};
use crate::support::post::{MEMBER, TOKEN};
use crate::support::relay::{Answer, FORWARD_URL, HOUR, MINUTE, Relay, ids};
use serde_json::json;
/// What an operator does with a destination while events come in and one operation fails.
fn play(relay: &Relay) -> (String, String) {
    relay.register(TOKEN);
    let made = make(relay, &json!({"name": "crm", "url": CRM_URL, "headers": {"x-key": "one"}}));
    assert_eq!(made.status, 201, "{made:?}");
    accept(relay, 1..=2);
    let rotated = relay.admin("POST", &path("/crm/rotate-secret"), &json!({"overlap_seconds": 600}));
    assert_eq!(rotated.status, 200, "{rotated:?}");
    accept(relay, 3..=3);
    patch(relay, "crm", &json!({"paused": true}));
    accept(relay, 4..=4);
    patch(relay, "crm", &json!({"paused": false, "coalesce": true}));
    relay.advance(MINUTE);
    let again = relay.admin("POST", &format!("/portals/{MEMBER}/redeliver"), &json!({"destination": "crm"}));
    assert_eq!(again.status, 202, "{again:?}");
    relay.advance(MINUTE);
    let secret = |answer: &Answer| answer.json()["secret"].as_str().expect("the secret is shown").to_owned();
    (secret(&made), secret(&rotated))
}

#[test]
fn any_write_commit_or_call_may_fail() {
    for (operation, then) in [
        (Operation::Write, Then::Error),
        (Operation::Transaction, Then::Error),
        (Operation::Commit, Then::Reset),
        (Operation::AlarmSet, Then::Error),
        (Operation::CallPortal, Then::Error),
        (Operation::Send, Then::Reset),
    ] {
        let story = Relay::with(&[("VAULT_KEY", VAULT_KEY)]);
        play(&story);
        let count = story.faults().count(operation);
        assert!(count > 0, "the story has a {operation:?}");
        for (number, persisted) in (1..=count).flat_map(|number| [(number, false), (number, true)]) {
            let fault = Fault { operation, number, persisted, then };
            let relay = Relay::with(&[("VAULT_KEY", VAULT_KEY)]);
            relay.faults().plan(fault);
            let (old, new) = play(&relay);
            relay.restart();
            relay.advance(HOUR);
            let sent = sent_to(&relay, CRM_URL);
            let mut times: Vec<usize> = Vec::new();
            for id in ids(1..=4) {
                times.push(sent.iter().filter(|request| id_in(&request.body) == id).count());
            }
            assert!(times.iter().all(|times| *times >= 2), "{fault:?}: {times:?}, each and each again");
            assert!(times.iter().sum::<usize>() <= 8 + 4, "{fault:?}: {times:?}, few repeats");
            assert!(is_signed_by(&sent[0], &old) && is_signed_by(&sent[sent.len() - 1], &new), "{fault:?}");
            assert!(sent.iter().all(|request| header(request, "x-key") == "one"), "{fault:?}");
            let left = relay.portal().storage.rows("SELECT * FROM replay");
            assert_eq!(left, [""; 0], "{fault:?}: the replay has ended");
            let shown = relay.get(&path("/crm"));
            let done = json!({"cursor": 4, "pending": 0, "retrying": 0, "failed": 0});
            assert_eq!(shown["delivery"]["cursor"], done["cursor"], "{fault:?}");
            assert_eq!((&shown["paused"], &shown["coalesce"]), (&json!(false), &json!(true)), "{fault:?}");
        }
    }
}

/// The call is repeated, and must not take one replay of two for both.
#[test]
fn an_event_that_is_sent_again_to_all_is_so_whatever_fails() {
    for (operation, persisted) in [
        (Operation::Write, false),
        (Operation::Write, true),
        (Operation::Transaction, false),
        (Operation::Transaction, true),
    ] {
        for number in 1..=2 {
            let relay = Relay::with(&[("VAULT_KEY", VAULT_KEY)]);
            relay.register(TOKEN);
            make(&relay, &json!({"name": "crm", "url": CRM_URL}));
            accept(&relay, 1..=1);
            relay.advance(MINUTE);
            let id = relay.log()[0].event["id"].as_str().expect("an event has an id").to_owned();
            let number = relay.faults().count(operation) + number;
            relay.faults().plan(Fault { operation, number, persisted, then: Then::Error });
            let again = relay.admin("POST", &format!("/portals/{MEMBER}/events/{id}/redeliver"), &json!({}));
            assert_eq!(again.json()["replays"].as_array().map(Vec::len), Some(2), "{again:?}");
            relay.advance(MINUTE);
            let times = [FORWARD_URL, CRM_URL].map(|url| sent_to(&relay, url).len());
            assert!(times.iter().all(|times| *times >= 2), "{operation:?} {number} {persisted}: {times:?}");
        }
    }
}
