//! The operator is warned before the free plan's day is used up.

use crate::support::post::{Post, TOKEN};
use crate::support::relay::{DAY, HOUR, Relay};

const WARNING: &str = "free plan nearly used up";

/// A portal that logs only, with so many events of today.
fn portal_with_events(events: i32, variables: &[(&str, &str)]) -> Relay {
    let relay = Relay::with(&[("FORWARD_URL", "")]);
    relay.deploy(variables);
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(2 * HOUR);
    relay.portal().storage.run(&format!(
        "WITH RECURSIVE places(seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM places WHERE seq < {})
         INSERT INTO log SELECT places.seq, id, logged_at, type, subject, removed, bytes, event
         FROM log, places WHERE log.seq = 1",
        events - 2
    ));
    relay.restart();
    relay.accept(&Post::new(TOKEN, 2));
    relay.accept(&Post::new(TOKEN, 3));
    relay.advance(HOUR);
    relay.run_jobs();
    relay
}

#[test]
fn the_operator_is_warned_when_four_fifths_of_the_free_plans_day_may_be_used_up() {
    let relay = portal_with_events(20_000, &[]);
    let line = relay.lines(WARNING).remove(0);
    assert_eq!((&line["events"], &line["rows_at_most"]), (&20_000.into(), &80_000.into()));
    relay.world.lines.borrow_mut().clear();
    relay.advance(DAY);
    relay.run_jobs();
    assert!(relay.lines(WARNING).is_empty(), "the next day begins with nothing");
}

#[test]
fn nobody_is_warned_before_or_with_the_paid_plan() {
    assert!(portal_with_events(19_500, &[]).lines(WARNING).is_empty());
    assert!(portal_with_events(20_000, &[("DELIVERY_BURST", "1000")]).lines(WARNING).is_empty());
}
