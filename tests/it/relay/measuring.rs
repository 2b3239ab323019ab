//! Metrics tell what waits and why, without waking anything.

use crate::support::destination::Answer;
use crate::support::fault::{Operation, Then};
use crate::support::ports::Ports;
use crate::support::post::{MEMBER, OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{HOUR, MINUTE, Relay, SECOND};
use bitrix24_edge_relay::app::directory::command::DirectoryCommand;
use bitrix24_edge_relay::app::ports::Directory;
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use std::ops::RangeInclusive;
use std::time::Duration;

fn metrics(relay: &Relay) -> String {
    let answer = relay.admin("GET", "/metrics", &Value::Null);
    assert_eq!(answer.status, 200);
    answer.body
}

#[test]
fn metrics_tell_of_an_outage_and_of_its_end() {
    let relay = super::relay_with_an_outage();
    let down = metrics(&relay);
    for line in [
        format!(r#"bitrix24_relay_portal_state{{portal="{MEMBER}",state="active"}} 1"#),
        format!(r#"bitrix24_relay_events_logged_total{{portal="{MEMBER}"}} 10"#),
        format!(r#"bitrix24_relay_deliveries{{portal="{MEMBER}",destination="default",state="pending"}} 10"#),
        format!(
            r#"bitrix24_relay_destination_circuit_open{{portal="{MEMBER}",destination="default",cause="outage"}} 1"#
        ),
        "bitrix24_relay_configuration_errors 0".to_owned(),
        "bitrix24_relay_portals_cut 0".to_owned(),
    ] {
        assert!(down.lines().any(|known| known == line), "{line} is missing:\n{down}");
    }
    relay.destination().always(Answer::Status(200));
    relay.advance(HOUR);
    let up = metrics(&relay);
    assert!(!up.contains("circuit_open"), "{up}");
    assert!(
        up.contains(&format!(
            r#"bitrix24_relay_deliveries{{portal="{MEMBER}",destination="default",state="pending"}} 0"#
        )),
        "{up}"
    );
}

#[test]
fn metrics_are_for_the_operator_and_wake_no_portal() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.advance(HOUR);
    let before = relay.portal().storage.dump();
    assert!(metrics(&relay).starts_with("# HELP "));
    assert_eq!(relay.portal().storage.dump(), before);
    let mut request = Relay::admin_request("GET", "/metrics", &Value::Null);
    request.headers.retain(|(name, _)| *name != "authorization");
    assert_eq!(relay.send(request).status, 401);
}

/// The value of a sample.
fn sample(relay: &Relay, name: &str) -> Option<String> {
    let prefix = format!("bitrix24_relay_{name} ");
    metrics(relay).lines().find_map(|line| line.strip_prefix(&prefix)).map(str::to_owned)
}

#[test]
fn deliveries_are_counted_for_each_destination_and_timed_over_all() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().answers([Answer::Status(500)]);
    relay.accept(&Post::new(TOKEN, 1));
    for number in 2..=30 {
        relay.accept(&Post::new(TOKEN, number));
    }
    relay.advance(2 * HOUR);
    relay.accept(&Post::new(TOKEN, 31));
    relay.advance(HOUR);
    let place = format!(r#"{{portal="{MEMBER}",destination="default"}}"#);
    assert_eq!(sample(&relay, &format!("deliveries_delivered_total{place}")).as_deref(), Some("31"));
    assert_eq!(sample(&relay, &format!("deliveries_retried_total{place}")).as_deref(), Some("1"));
    assert_eq!(sample(&relay, &format!("deliveries_failed_total{place}")).as_deref(), Some("0"));
    assert_eq!(sample(&relay, r#"delivery_duration_seconds_bucket{le="0.1"}"#).as_deref(), Some("30"));
    assert_eq!(sample(&relay, r#"delivery_duration_seconds_bucket{le="+Inf"}"#).as_deref(), Some("31"));
    assert!(sample(&relay, &format!(r#"last_event_timestamp_seconds{{portal="{MEMBER}"}}"#)).is_some());
}

#[test]
fn the_consumer_that_is_furthest_behind_is_told() {
    let relay = Relay::new();
    relay.register(TOKEN);
    for number in 1..=30 {
        relay.accept(&Post::new(TOKEN, number));
    }
    for (name, seq) in [("fast", 29), ("slow", 7)] {
        relay.admin("POST", &format!("/portals/{MEMBER}/consumers/{name}/ack"), &json!({ "seq": seq }));
    }
    relay.advance(2 * HOUR);
    relay.accept(&Post::new(TOKEN, 31));
    relay.advance(HOUR);
    assert_eq!(sample(&relay, &format!(r#"consumer_lag_events{{portal="{MEMBER}"}}"#)).as_deref(), Some("24"));
}

#[test]
fn every_destination_is_told_of() {
    let relay = Relay::with(&[("VAULT_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]);
    relay.register(TOKEN);
    let crm = json!({"name": "crm", "url": "https://crm.example.com/", "paused": true});
    assert_eq!(relay.admin("POST", &format!("/portals/{MEMBER}/destinations"), &crm).status, 201);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(HOUR);
    relay.run_jobs();
    relay.advance_with_cron(25 * HOUR);
    let paused = sample(&relay, &format!(r#"destination_paused{{portal="{MEMBER}",destination="crm"}}"#));
    assert_eq!(paused.as_deref(), Some("1"), "{}", metrics(&relay));
}

#[test]
fn what_the_worker_answers_is_counted_in_steps_and_a_lone_event_costs_nothing_for_it() {
    let relay = Relay::new();
    relay.register(TOKEN);
    let directory = relay.world.directory();
    let rows = || directory.storage.rows_written();
    let before = rows();
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(MINUTE);
    relay.hand_over_counts();
    assert_eq!(rows(), before, "a lone event is not worth it");
    for _ in 0..100 {
        relay.admin("GET", "/healthz", &Value::Null);
        relay.hand_over_counts();
    }
    assert_eq!(rows(), before, "nor is monitoring");
    for number in 2..=20 {
        relay.accept(&Post::new(TOKEN, number));
    }
    relay.hand_over_counts();
    assert_eq!(rows(), before + 1, "one row for all");
    assert_eq!(sample(&relay, "events_accepted_total").as_deref(), Some("20"));
    assert_eq!(sample(&relay, r#"accept_duration_seconds_bucket{le="0.005"}"#).as_deref(), Some("20"));
    assert_eq!(sample(&relay, r#"events_refused_total{code="unavailable"}"#).as_deref(), Some("0"));
    relay.advance(MINUTE);
    // A single refusal is worth it, but not more often than every ten seconds.
    for number in 21..=1_020 {
        relay.post(&Post::new(OTHER_TOKEN, number));
        relay.hand_over_counts();
    }
    assert_eq!(rows(), before + 2, "a flood is no flood of rows");
    relay.advance(10 * SECOND);
    relay.hand_over_counts();
    assert_eq!(rows(), before + 3);
    let refused = ["forbidden", "rate_limited"].map(|code| {
        let count = sample(&relay, &format!(r#"events_refused_total{{code="{code}"}}"#));
        count.and_then(|count| count.parse::<u32>().ok()).unwrap_or(0)
    });
    assert_eq!(refused.iter().sum::<u32>(), 1_000, "{refused:?}");
}

#[test]
fn good_answers_are_handed_over_by_the_hundred_or_once_an_hour_and_a_slow_one_at_once() {
    let relay = Relay::new();
    relay.register(TOKEN);
    // The registration counts as a good answer, and so does each look at the metrics.
    let told_after = |numbers: RangeInclusive<i32>| {
        for number in numbers {
            relay.accept(&Post::new(TOKEN, number));
        }
        relay.hand_over_counts();
        sample(&relay, "events_accepted_total").unwrap_or_default()
    };
    assert_eq!(told_after(1..=19), "19", "an isolate that is new may end soon");
    relay.advance(MINUTE);
    assert_eq!(told_after(20..=217), "19");
    assert_eq!(told_after(218..=218), "218");
    relay.advance(HOUR - 1);
    assert_eq!(told_after(219..=236), "218");
    relay.advance(1);
    assert_eq!(told_after(237..=237), "237");
    relay.advance(MINUTE);
    relay.faults().plan_next(Operation::CallPortal, 1, true, Then::Late);
    assert_eq!(told_after(238..=238), "238", "a slow answer is news");
}

#[test]
fn what_waits_for_its_portal_or_for_its_object_is_counted_apart() {
    let relay = Relay::with(&[("VAULT_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")]);
    assert_eq!(relay.post(&Post::new(TOKEN, 1)).status, 202);
    assert_eq!(relay.post(&Post::new(TOKEN, 2)).status, 202);
    relay.register(TOKEN);
    relay.advance(MINUTE);
    relay.faults().plan_next(Operation::CallPortal, 3, false, Then::Error);
    assert_eq!(relay.post(&Post::new(TOKEN, 3)).status, 202);
    relay.accept(&Post::new(TOKEN, 4));
    relay.hand_over_counts();
    let counted = ["accepted", "held", "queued"].map(|what| sample(&relay, &format!("events_{what}_total")));
    assert_eq!(counted.map(Option::unwrap_or_default), ["1", "2", "1"]);
}

#[test]
fn counts_that_the_directory_does_not_take_are_told_later() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.post(&Post::new(OTHER_TOKEN, 1));
    relay.faults().plan_next(Operation::CallDirectory, 1, false, Then::Error);
    relay.hand_over_counts();
    assert_eq!(relay.lines("counts not told").len(), 1);
    relay.hand_over_counts();
    assert_eq!(relay.lines("counts not told").len(), 1, "not at once");
    relay.advance(10 * SECOND);
    relay.hand_over_counts();
    assert_eq!(sample(&relay, r#"events_refused_total{code="forbidden"}"#).as_deref(), Some("1"));
}

#[test]
fn a_thousand_portals_are_told_in_two_megabytes() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().answers([Answer::Status(500)]);
    for number in 1..=40 {
        relay.accept(&Post::new(TOKEN, number));
    }
    relay.advance_with_cron(25 * HOUR);
    let report = relay.world.directory().storage.rows("SELECT report FROM portal").remove(0);
    let report: Value = serde_json::from_str(report.trim_start_matches("report=")).expect("a report is JSON");
    let worker = Ports::of_worker(&relay.world);
    for number in 0..1_000 {
        let mut report = report.clone();
        report["member_id"] = format!("{number:032x}").into();
        let report = serde_json::from_value(report).expect("it is a report");
        let told = DirectoryCommand::Report { report: Box::new(report), next_due_at: None };
        relay.world.run(Directory::call(&worker, &told)).expect("the Directory takes it");
    }
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("it has run for some time");
    let began = now();
    let text = metrics(&relay);
    let took = now().saturating_sub(began);
    println!("1,000 portals: {} bytes, {} lines, {took:?}", text.len(), text.lines().count());
    assert!(text.contains("bitrix24_relay_portals_cut 1"), "one more than are told");
    assert_eq!(text.lines().filter(|line| line.starts_with("bitrix24_relay_events_logged_total{")).count(), 1_000);
    assert!((1_000_000..2_000_000).contains(&text.len()), "{} bytes", text.len());
    assert!(took < Duration::from_secs(10), "{took:?}");
}
