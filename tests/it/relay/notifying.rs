//! The operator is told what needs a person: once, signed, and without holding up anything.

use crate::support::destination::Answer;
use crate::support::fault::{Operation, Then};
use crate::support::post::{MEMBER, Post, TOKEN};
use crate::support::relay::{CRON, DAY, HOUR, MINUTE, Relay, SECOND, WITH_OPERATOR, ids};

fn kinds(relay: &Relay) -> Vec<String> {
    let kind = |notice: &serde_json::Value| notice["type"].as_str().expect("a notice has a type").to_owned();
    relay.notices().iter().map(|notice| kind(notice).replace("bitrix24_edge_relay.", "")).collect()
}

/// A relay with an operator, and a destination that is down for longer than it should.
fn stalled_relay() -> Relay {
    let relay = Relay::with(&WITH_OPERATOR);
    relay.register(TOKEN);
    relay.advance(MINUTE);
    relay.destination().always(Answer::Refuse);
    relay.accept(&Post::new(TOKEN, 1));
    for number in 2..=10 {
        relay.accept(&Post::new(TOKEN, number));
    }
    relay
}

fn stalled(relay: &Relay) -> usize {
    kinds(relay).iter().filter(|kind| *kind == "delivery.stalled").count()
}

#[test]
fn a_delivery_that_is_due_for_a_quarter_of_an_hour_is_told_once_and_again_only_after_hours() {
    let relay = stalled_relay();
    relay.advance_with_cron(14 * MINUTE);
    assert_eq!(stalled(&relay), 0);
    relay.advance_with_cron(20 * MINUTE);
    assert_eq!(stalled(&relay), 1);
    let notice =
        relay.notices().into_iter().find(|notice| notice["type"] == "bitrix24_edge_relay.delivery.stalled").unwrap();
    assert_eq!(notice["source"], "https://some-domain.bitrix24.com");
    assert_eq!((&notice["data"]["member_id"], &notice["data"]["count"]), (&MEMBER.into(), &1.into()));
    assert_eq!(notice["data"]["due_since"], "2026-01-05T09:01:00.000Z");
    relay.advance_with_cron(5 * HOUR);
    assert_eq!(stalled(&relay), 1);
    relay.advance_with_cron(2 * HOUR);
    assert_eq!(stalled(&relay), 2);
}

#[test]
fn a_stall_that_has_ended_and_comes_back_is_told_again() {
    let relay = stalled_relay();
    relay.advance_with_cron(30 * MINUTE);
    relay.destination().always(Answer::Status(204));
    relay.advance_with_cron(HOUR);
    assert_eq!(relay.status()["delivery"]["pending"], 0);
    relay.destination().always(Answer::Refuse);
    for number in 11..=20 {
        relay.accept(&Post::new(TOKEN, number));
    }
    relay.advance_with_cron(30 * MINUTE);
    assert_eq!(stalled(&relay), 2);
}

#[test]
fn a_portal_that_lost_its_alarm_is_told_by_the_watchdog() {
    let relay = stalled_relay();
    relay.advance(5 * MINUTE);
    relay.portal().storage.take_alarm();
    relay.restart();
    relay.advance(HOUR);
    assert_eq!(stalled(&relay), 0, "nothing wakes the object");
    relay.run_jobs();
    relay.advance(MINUTE);
    assert_eq!(stalled(&relay), 1);
}

#[test]
fn a_notice_is_signed_and_repeated_under_its_id_until_it_arrives() {
    let relay = stalled_relay();
    relay.world.operator.answers([Answer::Status(500), Answer::Refuse, Answer::Hang, Answer::Status(404)]);
    relay.advance_with_cron(HOUR);
    let received = relay.world.operator.received();
    let header = |name: &str| -> Vec<String> {
        let value = |(_, value): &(_, String)| value.clone();
        received
            .iter()
            .filter_map(|request| request.headers.iter().find(|(known, _)| *known == name).map(value))
            .collect()
    };
    let of_one = header("webhook-id").iter().filter(|id| **id == header("webhook-id")[0]).count();
    assert!(of_one >= 3, "{received:?}");
    assert!(header("webhook-signature").iter().all(|signature| signature.starts_with("v1,")));
    assert!(stalled(&relay) == 1 && relay.lines("notice not sent").len() == 4);
}

#[test]
fn an_operator_who_never_answers_holds_up_no_event() {
    let relay = stalled_relay();
    relay.world.operator.always(Answer::Hang);
    relay.advance_with_cron(HOUR);
    relay.destination().always(Answer::Status(204));
    relay.advance_with_cron(10 * MINUTE);
    let mut received = relay.destination().accepted_ids();
    received.sort_by_key(|id| id.parse::<i32>().unwrap());
    assert_eq!(received, ids(1..=10));
    assert_eq!(relay.status()["delivery"]["failed"], 0);
    let before = relay.now();
    relay.accept(&Post::new(TOKEN, 11));
    assert_eq!((relay.now(), relay.received().last()), (before, Some(&"11".to_owned())));
    relay.advance_with_cron(3 * DAY);
    assert!(!relay.lines("notice given up").is_empty(), "an attempt is not repeated for ever");
    let alarms = relay.portal().alarms();
    relay.advance(DAY);
    assert_eq!(relay.portal().alarms(), alarms, "and then all is quiet");
}

#[test]
fn a_notice_survives_a_crash_at_any_point() {
    for operation in [Operation::Send, Operation::Commit, Operation::AlarmSet, Operation::Write] {
        for persisted in [false, true] {
            for nth in 0..6 {
                let relay = stalled_relay();
                relay.advance_with_cron(15 * MINUTE);
                let then = if operation == Operation::Write { Then::Error } else { Then::Reset };
                let number = relay.faults().count(operation) + 1 + nth;
                relay.faults().plan(crate::support::fault::Fault { operation, number, persisted, then });
                relay.advance_with_cron(HOUR);
                assert_eq!(relay.faults().struck(), 1);
                assert!((1..=2).contains(&stalled(&relay)), "{operation:?} {persisted} {nth}: {:?}", kinds(&relay));
            }
        }
    }
}

#[test]
fn many_events_that_fail_are_few_notices_which_count_them_all() {
    let relay = Relay::with(&[WITH_OPERATOR[0], WITH_OPERATOR[1], ("RETRY_SCHEDULE", "1")]);
    relay.register(TOKEN);
    relay.advance(MINUTE);
    // Those between them arrive, so it is no outage.
    relay.destination().dislikes(7, Answer::Status(400));
    for number in 0..60 {
        relay.accept(&Post::new(TOKEN, 7));
        relay.accept(&Post::new(TOKEN, 100 + number));
        relay.advance_with_cron(10 * SECOND);
    }
    relay.advance_with_cron(10 * MINUTE);
    assert_eq!(relay.status()["delivery"]["failed"], 60);
    let notices = relay.notices();
    let of_failed: Vec<_> =
        notices.iter().filter(|notice| notice["type"] == "bitrix24_edge_relay.event.failed").collect();
    // Ten minutes, of which each fifth has one.
    assert!((2..=3).contains(&of_failed.len()), "{of_failed:?}");
    let counted: i64 = of_failed.iter().filter_map(|notice| notice["data"]["count"].as_i64()).sum();
    assert_eq!(counted, 60);
}

#[test]
fn nothing_is_noted_for_an_operator_who_does_not_want_to_be_told() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().always(Answer::Refuse);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance_with_cron(2 * HOUR);
    assert_eq!(relay.portal().storage.rows("SELECT * FROM notice"), [""; 0]);
    assert_eq!(relay.world.operator.received().len(), 0);
    assert_eq!(CRON, 300 * SECOND);
}
