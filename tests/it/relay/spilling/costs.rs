//! What spilled events and repeated calls write.

use super::{relay, spill};
use crate::support::fault::{Operation, Then};
use crate::support::post::{Post, TOKEN};
use crate::support::relay::{DAY, ids};

/// What a spilled event costs, and that no other pays for it.
#[test]
fn a_spilled_event_costs_one_row_more_and_forgetting_it_another() {
    let relay = relay();
    relay.deploy(&[("FORWARD_URL", "")]);
    relay.accept(&Post::new(TOKEN, 1));
    let rows = || relay.portal().storage.rows_written();
    let before = rows();
    relay.accept(&Post::new(TOKEN, 2));
    assert_eq!(rows() - before, 1);
    for number in 3..=12 {
        spill(&relay, &Post::new(TOKEN, number));
    }
    let before = rows();
    relay.run_jobs();
    assert_eq!(rows() - before, 2 * 10);
    assert_eq!(relay.portal().storage.rows("SELECT count(*) AS n FROM drained"), ["n=10"]);
    relay.advance(9 * DAY);
    spill(&relay, &Post::new(TOKEN, 13));
    relay.run_jobs();
    assert_eq!(relay.portal().storage.rows("SELECT count(*) AS n FROM drained"), ["n=1"]);
}

/// A commit that failed may leave the row in the file, though not for good: so the answer waits for another one.
#[test]
fn an_event_that_is_found_when_its_call_is_repeated_is_written_again() {
    let relay = relay();
    relay.deploy(&[("FORWARD_URL", "")]);
    relay.accept(&Post::new(TOKEN, 1));
    let before = relay.portal().storage.rows_written();
    relay.faults().plan_next(Operation::CallPortal, 1, true, Then::Error);
    relay.accept(&Post::new(TOKEN, 2));
    assert_eq!(relay.portal().storage.rows_written() - before, 1 + 2, "once, and there and back");
    assert_eq!(relay.logged(), ids([1, 2]));
}
