//! What an event costs: rows written are what the platform bills.

use crate::support::destination::Answer;
use crate::support::fault::Operation;
use crate::support::post::{OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{FORWARD_URL, HOUR, MINUTE, Relay};

#[test]
fn a_lone_event_costs_its_row_the_alarm_and_the_cursor() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.advance(5 * MINUTE);
    for number in 1..=5 {
        let before = relay.portal().storage.rows_written();
        // Its object starts anew each time, as it does on the platform after some idle seconds.
        relay.restart();
        relay.accept(&Post::new(TOKEN, number));
        relay.advance(HOUR);
        assert_eq!(relay.portal().storage.rows_written() - before, 3, "event {number}");
    }
}

#[test]
fn a_burst_of_a_thousand_events_costs_little_more_than_their_rows() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.advance(HOUR);
    relay.destination().delay_millis.set(5);
    let before = relay.portal().storage.rows_written();
    let (calls, alarms) = (relay.faults().counts(), relay.portal().alarms());
    relay.accept_at_once((1..=1_000).map(|number| Post::new(TOKEN, number)));
    relay.advance(HOUR);
    assert_eq!(relay.received().len(), 1_000);
    let written = relay.portal().storage.rows_written() - before;
    let rang = relay.portal().alarms() - alarms;
    println!("1,000 events: {written} rows written, {rang} alarms");
    assert!((1_000..1_100).contains(&written), "{written}");
    assert!(rang <= 30, "{rang}");
    let told =
        |counts: &std::collections::BTreeMap<_, usize>| counts.get(&Operation::CallDirectory).copied().unwrap_or(0);
    assert!(told(&relay.faults().counts()) - told(&calls) <= 2, "the Directory is told of busy and idle, no more");
}

#[test]
fn a_series_about_one_thing_costs_little_more_than_its_rows() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.advance(HOUR);
    relay.destination().delay_millis.set(5);
    let (before, alarms) = (relay.portal().storage.rows_written(), relay.portal().alarms());
    relay.accept_at_once((1..=200).map(|_| Post::new(TOKEN, 1)));
    relay.advance(HOUR);
    assert_eq!(relay.received().len(), 200);
    let written = relay.portal().storage.rows_written() - before;
    let rang = relay.portal().alarms() - alarms;
    println!("200 events of one thing: {written} rows written, {rang} alarms");
    assert!((200..220).contains(&written), "{written}");
    assert!(rang <= 6, "{rang}");
}

/// The platform bills rows that are read too, and the backlog of an outage is long.
#[test]
fn a_backlog_is_read_about_twice_whatever_its_length() {
    for (events, received) in [("calendar.*", 1_000), ("crm.*", 0)] {
        let relay = Relay::with(&[("FORWARD_EVENTS", events)]);
        relay.register(TOKEN);
        relay.destination().delay_millis.set(5);
        let before = relay.portal().storage.rows_answered();
        relay.accept_at_once((1..=1_000).map(|number| Post::new(TOKEN, number)));
        relay.advance(HOUR);
        assert_eq!(relay.received().len(), received, "{events}");
        let read = relay.portal().storage.rows_answered() - before;
        println!("1,000 events for {events}: {read} rows read");
        assert!(read < 2_500, "{events}: {read}");
    }
}

/// A query takes longer than all that is done with a row that it answers.
#[test]
fn a_backlog_takes_a_query_for_several_of_its_events() {
    for (format, most) in [("structured", 650), ("batch", 100)] {
        let relay = Relay::with(&[("FORWARD_URL", "broken"), ("FORWARD_FORMAT", format)]);
        relay.register(TOKEN);
        for number in 1..=1_000 {
            relay.accept(&Post::new(TOKEN, number));
        }
        let before = relay.portal().storage.queries();
        relay.destination().delay_millis.set(5);
        relay.deploy(&[("FORWARD_URL", FORWARD_URL)]);
        relay.advance(HOUR);
        assert_eq!(relay.received().len(), 1_000, "{format}");
        let queries = relay.portal().storage.queries() - before;
        println!("1,000 events, {format}: {queries} queries");
        assert!(queries < most, "{format}: {queries}");
    }
}

#[test]
fn without_a_destination_an_event_costs_its_row_alone() {
    let relay = Relay::with(&[("FORWARD_URL", "")]);
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.accept(&Post::new(TOKEN, 2));
    let before = relay.portal().storage.rows_written();
    for number in 3..=102 {
        relay.accept(&Post::new(TOKEN, number));
    }
    assert_eq!(relay.portal().storage.rows_written() - before, 100);
}

/// The delivery's row, and the alarm twice: for the attempt, and for the next one. The places in the index are not counted here.
#[test]
fn a_failed_attempt_costs_three_rows() {
    let relay = Relay::with(&[("RETRY_SCHEDULE", "60,60,60,60,60,60,60,60,60,60")]);
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(HOUR);
    let before = relay.portal().storage.rows_written();
    relay.destination().answers(vec![Answer::Status(500); 10]);
    relay.accept(&Post::new(TOKEN, 2));
    relay.advance(HOUR);
    assert_eq!(relay.states(), ["delivered"; 2]);
    let written = relay.portal().storage.rows_written() - before - 3;
    println!("ten attempts that failed: {written} rows written");
    assert!((28..=34).contains(&written), "{written}");
}

/// The circuit, and the alarm twice.
#[test]
fn a_probe_of_a_destination_that_is_down_costs_three_rows() {
    let relay = super::relay_with_an_outage();
    let (before, sent) = (relay.portal().storage.rows_written(), relay.faults().count(Operation::Send));
    relay.advance(2 * HOUR);
    let probes = relay.faults().count(Operation::Send) - sent;
    let written = relay.portal().storage.rows_written() - before;
    println!("{probes} probes: {written} rows written");
    assert!(probes >= 20 && written.abs_diff(3 * probes) <= 4, "{probes} probes: {written}");
}

#[test]
fn an_event_that_is_held_costs_about_its_row() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.post(&Post::new(OTHER_TOKEN, 1));
    relay.post(&Post::new(OTHER_TOKEN, 2).of("stranger"));
    let objects = [relay.portal(), relay.world.directory()];
    let before = objects.each_ref().map(|object| object.storage.rows_written());
    for number in 3..=52 {
        relay.post(&Post::new(OTHER_TOKEN, number));
        relay.post(&Post::new(OTHER_TOKEN, number).of("stranger"));
    }
    for (object, before) in objects.iter().zip(before) {
        let written = object.storage.rows_written() - before;
        println!("50 held events: {written} rows written");
        assert!((50..=55).contains(&written), "{written}");
    }
}
