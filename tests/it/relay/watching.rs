//! The watchdog finds what lost its alarm, and the Directory knows what waits, at the price of few requests.

use crate::support::destination::Answer;
use crate::support::fault::{Operation, Then};
use crate::support::post::{MEMBER, Post, TOKEN};
use crate::support::relay::{CRON, DAY, HOUR, MINUTE, Relay, SECOND, ids};
use serde_json::Value;

/// Takes the alarm of the portal away, as nothing in the relay does.
fn lose_alarm(relay: &Relay) {
    relay.portal().storage.take_alarm();
}

fn reports(relay: &Relay) -> usize {
    relay.faults().count(Operation::CallDirectory)
}

fn listed(relay: &Relay) -> Value {
    relay.get("/portals")["portals"][0].clone()
}

#[test]
fn a_retry_whose_alarm_was_lost_is_made_within_twenty_minutes() {
    let relay = Relay::with(&[("RETRY_SCHEDULE", "60,60")]);
    relay.register(TOKEN);
    relay.destination().answers([Answer::Status(500), Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(2 * MINUTE);
    assert_eq!(relay.received(), ids([1, 1]), "the second attempt failed too, and the third waits");
    lose_alarm(&relay);
    relay.advance(HOUR);
    assert_eq!(relay.received(), ids([1, 1]), "nothing wakes the object");
    relay.run_jobs();
    relay.advance(MINUTE);
    assert_eq!(relay.received(), ids([1, 1, 1]));
    assert_eq!(relay.lines("alarm repaired").len(), 1);
}

#[test]
fn a_circuit_whose_alarm_was_lost_is_probed_again_whatever_became_of_the_memory() {
    for resets in [false, true] {
        let relay = super::relay_with_an_outage();
        lose_alarm(&relay);
        if resets {
            relay.restart();
        }
        relay.destination().always(Answer::Status(204));
        relay.advance_with_cron(20 * MINUTE);
        let mut received = relay.destination().accepted_ids();
        received.sort_by_key(|id| id.parse::<i32>().unwrap());
        assert_eq!(received, ids(1..=10), "resets: {resets}");
        assert_eq!(relay.lines("alarm repaired").len(), 1, "resets: {resets}");
    }
}

#[test]
fn a_quiet_portal_that_lost_its_alarm_is_found_within_a_day() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.accept(&Post::new(TOKEN, 2));
    relay.advance(HOUR);
    let before = reports(&relay);
    relay.advance_with_cron(DAY);
    assert_eq!(listed(&relay)["last_seq"], 2, "the counters are a day old at most");
    // A question of the watchdog every five minutes, one about the plan every hour, and the portal's report.
    let asked = reports(&relay) - before;
    assert_eq!(asked, usize::try_from(DAY / CRON + DAY / HOUR).unwrap() + 1 + 1, "and the list just now");
}

/// Requests to objects, alarms aside, but for the question of each run of the cron trigger and the one about the plan.
fn asked(relay: &Relay, millis: i64) -> usize {
    let count = || relay.faults().count(Operation::CallPortal) + reports(relay);
    let before = count();
    relay.advance_with_cron(millis);
    count() - before - usize::try_from(millis / CRON + millis / HOUR).expect("time goes forward")
}

#[test]
fn a_quiet_portal_costs_two_requests_a_day_and_one_that_waits_eight_an_hour() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance_with_cron(HOUR);
    assert_eq!(asked(&relay, 10 * DAY), 20);
    relay.destination().always(Answer::Refuse);
    for number in 2..=10 {
        relay.accept(&Post::new(TOKEN, number));
    }
    relay.advance_with_cron(HOUR);
    let asked = asked(&relay, 10 * HOUR);
    assert!((70..=90).contains(&asked), "{asked}");
}

#[test]
fn a_lone_event_is_no_news_for_the_directory() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(2 * HOUR);
    for number in 2..=19 {
        let before = (reports(&relay), relay.faults().count(Operation::CallPortal), relay.portal().alarms());
        // Its object starts anew each time, as it does on the platform after some idle seconds.
        relay.restart();
        relay.accept(&Post::new(TOKEN, number));
        relay.advance(5 * MINUTE);
        assert_eq!(reports(&relay) - before.0, 0, "event {number}");
        assert_eq!(relay.faults().count(Operation::CallPortal) - before.1, 1);
        assert_eq!(relay.portal().alarms() - before.2, 1, "two requests in all");
    }
    relay.accept(&Post::new(TOKEN, 20));
    relay.accept(&Post::new(TOKEN, 21));
    relay.advance(MINUTE);
    assert_eq!(listed(&relay)["last_seq"], 21, "twenty events and an hour are");
}

#[test]
fn the_directory_learns_what_waits_and_when_it_no_longer_does() {
    let relay = Relay::with(&[("RETRY_SCHEDULE", "5,3600")]);
    relay.register(TOKEN);
    relay.advance(MINUTE);
    relay.destination().answers([Answer::Status(500), Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 1));
    assert_eq!(listed(&relay)["delivery"]["retrying"], 0, "a retry that comes at once is not told");
    relay.advance(10 * SECOND);
    assert_eq!(listed(&relay)["delivery"]["retrying"], 1);
    let directory = relay.world.directory();
    let due = directory.storage.rows("SELECT next_due_at FROM portal");
    relay.advance(MINUTE);
    let alarm = relay.portal().next_alarm().expect("the retry has an alarm");
    assert_eq!(due, [format!("next_due_at={}", alarm.as_millis())]);
    relay.advance(2 * HOUR);
    assert_eq!(listed(&relay)["delivery"]["retrying"], 0);
}

#[test]
fn a_steady_stream_is_told_by_the_hour() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.advance(HOUR);
    let before = reports(&relay);
    relay.destination().delay_millis.set(900);
    for number in 1..=3_600 {
        relay.accept(&Post::new(TOKEN, number));
        relay.advance(SECOND);
    }
    let told = reports(&relay) - before;
    assert!(told <= 3, "{told} reports for 3,600 events of an hour");
}

#[test]
fn a_portal_that_cannot_be_reached_is_tried_again_and_keeps_no_other_waiting() {
    let relay = Relay::with(&[("DELIVERY_BURST", "2")]);
    for number in 1..=6 {
        let body = serde_json::json!({"application_token": TOKEN});
        let answer = relay.admin("PUT", &format!("/portals/portal{number}"), &body);
        assert_eq!(answer.status, 200);
    }
    relay.advance(DAY + MINUTE);
    // The first two cannot be reached, run after run.
    relay.faults().plan_next(Operation::CallPortal, 2, false, Then::Error);
    relay.run_jobs();
    assert_eq!(relay.lines("portal not checked").len(), 2);
    for _ in 0..2 {
        relay.advance(CRON);
        relay.run_jobs();
    }
    let due = || {
        relay.world.directory().storage.rows(&format!(
            "SELECT member_id FROM portal WHERE check_at <= {} ORDER BY member_id",
            relay.now().as_millis()
        ))
    };
    assert_eq!(due(), ["member_id=portal1", "member_id=portal2"], "the other four were checked, two in each run");
    relay.run_jobs();
    assert_eq!(due(), [""; 0]);
    assert_eq!(relay.lines("portal not checked").len(), 2);
}

#[test]
fn a_check_whose_report_fails_is_made_again() {
    for then in [Then::Error, Then::Reset] {
        let relay = Relay::new();
        relay.register(TOKEN);
        relay.advance(DAY + MINUTE);
        // The first call is the watchdog's question.
        let done = relay.faults().count(Operation::CallDirectory);
        relay.faults().plan(crate::support::fault::Fault {
            operation: Operation::CallDirectory,
            number: done + 2,
            persisted: false,
            then,
        });
        relay.run_jobs();
        assert_eq!(relay.faults().struck(), 1);
        relay.advance_with_cron(10 * MINUTE);
        let reported = listed(&relay)["reported_at"].clone();
        assert!(reported.as_str().unwrap() > "2026-01-06T09", "{then:?}: {reported}");
    }
}

#[test]
fn a_directory_that_cannot_be_asked_is_a_line_in_the_log_and_no_more() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.faults().plan_next(Operation::CallDirectory, 1, false, Then::Error);
    relay.run_jobs();
    let lines = relay.lines("job failed");
    assert_eq!((lines.len(), &lines[0]["job"]), (1, &"check portals".into()));
    assert_eq!(relay.status()["member_id"], MEMBER);
}
