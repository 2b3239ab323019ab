//! What an event costs: rows written are what the platform bills.

use crate::support::post::{Post, TOKEN};
use crate::support::relay::{HOUR, MINUTE, Relay};

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
    let posts = (1..=1_000).map(|number| relay.answer(Post::new(TOKEN, number).request()));
    let answers = relay.world.run_all(posts);
    assert!(answers.iter().all(|answer| answer.status == 200));
    relay.advance(HOUR);
    assert_eq!(relay.received().len(), 1_000);
    let written = relay.portal().storage.rows_written() - before;
    let rang = relay.portal().alarms() - alarms;
    println!("1,000 events: {written} rows written, {rang} alarms");
    assert!((1_000..1_100).contains(&written), "{written}");
    assert!(rang <= 30, "{rang}");
    let told = |counts: &std::collections::BTreeMap<_, usize>| {
        counts.get(&crate::support::fault::Operation::CallDirectory).copied().unwrap_or(0)
    };
    assert!(told(&relay.faults().counts()) - told(&calls) <= 2, "the Directory is told of busy and idle, no more");
}

/// The platform bills rows that are read too, and the backlog of an outage is long.
#[test]
fn a_backlog_is_read_about_twice_whatever_its_length() {
    for (events, received) in [("calendar.*", 1_000), ("crm.*", 0)] {
        let relay = Relay::with(&[("FORWARD_EVENTS", events)]);
        relay.register(TOKEN);
        relay.destination().delay_millis.set(5);
        let before = relay.portal().storage.rows_answered();
        let posts = (1..=1_000).map(|number| relay.answer(Post::new(TOKEN, number).request()));
        relay.world.run_all(posts);
        relay.advance(HOUR);
        assert_eq!(relay.received().len(), received, "{events}");
        let read = relay.portal().storage.rows_answered() - before;
        println!("1,000 events for {events}: {read} rows read");
        assert!(read < 2_500, "{events}: {read}");
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
