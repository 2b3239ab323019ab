//! What waits for its destination, told by a clock that the test sets forward.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use crate::support::api::Api;
use crate::support::clock::Clock;
use crate::support::places::SCRATCH;
use crate::support::portal::Portal;
use crate::support::process::run;
use crate::support::receiver::{Behaviour, Receiver, url_of_nobody};
use crate::support::wait::{stays_true, wait_until};
use crate::support::worker::{Relay, Settings};

/// Time in which a healthy receiver has what it is to get.
const SOON: Duration = Duration::from_secs(30);
/// Pauses of one second: as often as any test needs.
const EVERY_SECOND: &str = "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1";
/// Ids of the events that wait while the destination is wrong.
const WAITING: RangeInclusive<u32> = 1..=50;

#[test]
fn the_clock_of_a_process_can_be_set_forward_while_it_runs() {
    let directory = tempfile::TempDir::new_in(*SCRATCH).unwrap();
    let clock = Clock::new(directory.path());
    let year = || {
        run(Path::new("date"), directory.path(), Duration::from_secs(10), |command| {
            command.args(["-u", "+%Y"]).envs(clock.environment());
        })
        .trim()
        .parse::<u32>()
        .unwrap()
    };
    let before = year();
    clock.advance(Duration::from_hours(366 * 24));
    clock.advance(Duration::from_hours(366 * 24));
    assert_eq!(year(), before + 2);
}

#[test]
fn a_destination_that_is_down_refuses_nothing_and_gets_everything_once_it_is_mended() {
    let arrived = what_arrives_after(&url_of_nobody());
    assert_eq!(arrived, WAITING.collect::<BTreeSet<_>>());
}

#[test]
fn a_destination_that_is_no_url_refuses_nothing_and_gets_everything_once_it_is_mended() {
    let arrived = what_arrives_after("not a url");
    assert_eq!(arrived, WAITING.collect::<BTreeSet<_>>());
}

/// Sends events while the destination is wrong, mends it, and gives the ids of all that arrive.
fn what_arrives_after(wrong_url: &str) -> BTreeSet<u32> {
    let receiver = Receiver::start();
    let settings = Settings::forwarding_to(&receiver)
        .var("FORWARD_URL", wrong_url)
        .var("RETRY_SCHEDULE", EVERY_SECOND)
        .with_own_clock();
    let (mut relay, portal) = (Relay::start(settings), Portal::new());
    relay.register(&portal);
    for number in WAITING {
        portal.calendar_entry_update(number).send_to(&relay).expect_status(200);
    }
    assert_eq!(relay.log(&portal).len(), WAITING.count());

    relay.restart_with(|settings| settings.var("FORWARD_URL", receiver.url()));

    // Nothing but time wakes it.
    let mut arrived = BTreeSet::new();
    wait_until("everything that waited", Duration::from_mins(1), || {
        relay.advance_clock(Duration::from_secs(1));
        for delivery in receiver.received() {
            let event = delivery.json();
            let number = event["subject"].as_str().and_then(|text| text.parse().ok()).expect("a number was sent");
            arrived.insert(number);
        }
        arrived.len() == WAITING.count()
    });
    wait_until("the states in the log", SOON, || relay.log(&portal).iter().all(|row| row["state"] == "delivered"));
    arrived
}

#[test]
fn a_delivery_that_takes_longer_than_15_seconds_is_repeated() {
    let receiver = Receiver::start();
    receiver.next([Behaviour::Hang]);
    let settings = Settings::forwarding_to(&receiver).var("RETRY_SCHEDULE", EVERY_SECOND).with_own_clock();
    let (relay, portal) = (Relay::start(settings), Portal::new());
    relay.register(&portal);
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    receiver.wait_for_requests(1, SOON);
    relay.advance_clock(Duration::from_secs(13));
    stays_true("one request", Duration::from_secs(1), || receiver.count() == 1);
    wait_until("the second request", SOON, || {
        relay.advance_clock(Duration::from_secs(1));
        receiver.count() == 2
    });
    let deliveries = receiver.received();
    assert_eq!(deliveries[0].id(), deliveries[1].id());
}
