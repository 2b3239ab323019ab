//! How many events were logged of late is told without a row that is written.

use crate::support::post::{MEMBER, Post, TOKEN};
use crate::support::relay::{HOUR, MINUTE, Relay};
use serde_json::{Value, json};

/// The counts of the last minutes.
fn counts(relay: &Relay, query: &str) -> Vec<i64> {
    let activity = relay.get(&format!("/portals/{MEMBER}/activity?{query}"));
    let counts = activity["counts"].as_array().expect("there are counts");
    counts.iter().map(|count| count.as_i64().expect("a count is a number")).collect()
}

#[test]
fn events_are_counted_minute_by_minute() {
    let relay = Relay::with(&[("FORWARD_URL", "")]);
    relay.register(TOKEN);
    assert_eq!(counts(&relay, "minutes=3"), [0, 0, 0]);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(HOUR);
    relay.accept(&Post::new(TOKEN, 2));
    relay.accept(&Post::new(TOKEN, 3));
    relay.advance(2 * MINUTE);
    relay.accept(&Post::new(TOKEN, 4));
    assert_eq!(counts(&relay, "minutes=4"), [0, 2, 0, 1]);
    assert_eq!(counts(&relay, "minutes=1"), [1]);
    let hour = counts(&relay, "");
    assert_eq!((hour.len(), hour.iter().sum::<i64>()), (60, 3));
}

#[test]
fn a_day_is_told_in_120_counts_from_a_whole_minute_on() {
    let relay = Relay::with(&[("FORWARD_URL", "")]);
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(20 * HOUR);
    relay.accept(&Post::new(TOKEN, 2));
    let day = relay.get(&format!("/portals/{MEMBER}/activity?minutes=1440"));
    assert_eq!(day["bucket_seconds"], 720);
    assert!(day["from"].as_str().is_some_and(|from| from.ends_with(":00.000Z")), "{day}");
    let counts = counts(&relay, "minutes=1440");
    assert_eq!((counts.len(), counts.iter().sum::<i64>(), counts[119]), (120, 2, 1));
}

#[test]
fn counting_many_events_reads_little_and_writes_nothing() {
    let relay = Relay::with(&[("FORWARD_URL", "")]);
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    // A copy of the first event for each half second before now, since as many posts would take long.
    relay.portal().storage.run(
        "WITH RECURSIVE places(seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM places WHERE seq < 200000)
         INSERT INTO log SELECT places.seq, id, logged_at + places.seq * 500, type, subject, removed, 2, '{}'
         FROM log, places WHERE log.seq = 1",
    );
    relay.restart();
    relay.advance(100_000_000);
    counts(&relay, "minutes=1");
    let (written, read) = (relay.portal().storage.rows_written(), relay.portal().storage.rows_answered());
    let day = counts(&relay, "minutes=1440");
    let read = relay.portal().storage.rows_answered() - read;
    println!("a day of 172,800 events: {read} rows read");
    assert_eq!(day[60], 1_440, "two a second, for 12 minutes");
    assert!(read < 3_000, "{read}");
    assert_eq!(relay.portal().storage.rows_written(), written);
}

#[test]
fn minutes_out_of_bounds_are_refused() {
    let relay = Relay::new();
    relay.register(TOKEN);
    for minutes in ["0", "1441", "-1", "x"] {
        let answer = relay.admin("GET", &format!("/portals/{MEMBER}/activity?minutes={minutes}"), &Value::Null);
        assert_eq!((answer.status, answer.code().as_str()), (400, "bad_request"), "{minutes}");
    }
    let unknown = relay.admin("GET", "/portals/nobody/activity", &json!(null));
    assert_eq!(unknown.status, 404);
}
