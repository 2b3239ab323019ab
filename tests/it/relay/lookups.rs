//! What is looked at in storage does not grow with what is kept there: rows read are billed, and the object waits for them.

use crate::support::post::{MEMBER, Post, TOKEN};
use crate::support::relay::{DAY, HOUR, Relay, events_of};

/// Events that are kept: few and many.
const KEPT: [i64; 2] = [6_000, 24_000];
/// How much more may be looked at where four times as much is kept: a tree that is one level higher, not more rows.
const MOST_GROWTH: f64 = 1.02;
/// More than an object that starts looks at behind the cursor for counts.
const OUT_OF_REACH: i64 = 5_000;

/// A portal that keeps so many events, each delivered at its second attempt, and with a list of those that were made obsolete for each
/// hundred.
fn relay_that_keeps(events: i64) -> Relay {
    let relay = Relay::with(&[("VAULT_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]);
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(HOUR);
    let (last, numbers) =
        (events + OUT_OF_REACH, "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number");
    let storage = &relay.portal().storage;
    storage.run(&format!(
        "{numbers} LIMIT {last}) INSERT INTO log SELECT n, id, logged_at, type, subject, removed, bytes, event
             FROM number, log WHERE n > 1 AND seq = 1;
         {numbers} LIMIT {events}) INSERT INTO delivery (destination, seq, state, attempts, error)
             SELECT 'default', n, 'delivered', 2, '' FROM number;
         {numbers} LIMIT {events} / 100) INSERT INTO superseded
             SELECT 'default', 100 * n - 99, 100 * n, '[' || (100 * n - 50) || ']' FROM number;
         UPDATE destination SET cursor = {last};"
    ));
    relay.restart();
    relay
}

/// What `act` lets storage look at, where little is kept and where much is.
fn assert_no_growth(act: impl Fn(&Relay, i64)) {
    let steps = KEPT.map(|events| {
        let relay = relay_that_keeps(events);
        relay.status();
        let before = relay.portal().storage.steps();
        act(&relay, events);
        u32::try_from(relay.portal().storage.steps() - before).expect("it is not for ever")
    });
    println!("{steps:?} steps");
    assert!(f64::from(steps[1]) < MOST_GROWTH * f64::from(steps[0]), "{steps:?} steps where {KEPT:?} events are kept");
}

#[test]
fn an_object_that_starts_looks_at_what_is_to_be_sent_and_not_at_what_was() {
    assert_no_growth(|relay, _| {
        relay.restart();
        relay.accept(&Post::new(TOKEN, 2));
    });
}

#[test]
fn a_step_of_pruning_looks_at_what_it_deletes_and_not_at_what_stays() {
    assert_no_growth(|relay, _| {
        let storage = &relay.portal().storage;
        storage.run(&format!("UPDATE log SET logged_at = logged_at - {} WHERE seq <= 500", 40 * DAY));
        relay.run_jobs();
        relay.accept(&Post::new(TOKEN, 2));
        assert_eq!(storage.rows("SELECT min(seq) AS seq FROM log"), ["seq=501"]);
        assert_eq!(storage.rows("SELECT min(seq) AS seq FROM delivery"), ["seq=501"]);
        assert_eq!(storage.rows("SELECT min(first) AS first FROM superseded"), ["first=501"]);
    });
}

#[test]
fn a_page_of_the_log_looks_at_what_was_made_obsolete_in_it_and_not_before() {
    assert_no_growth(|relay, events| {
        relay.portal().storage.run("DELETE FROM delivery");
        let page = relay.get(&format!("/portals/{MEMBER}/events?limit=100&after={}", events - 120));
        let superseded = events_of(&page).into_iter().filter(|event| event.state == "superseded");
        let superseded: Vec<i64> = superseded.map(|event| event.seq).collect();
        assert_eq!(superseded, [events - 50]);
    });
}
