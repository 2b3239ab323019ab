//! What an event costs, counted by the runtime itself: rows written and requests to objects are what the platform bills.

use std::time::Duration;

use crate::support::api::Api;
use crate::support::counters::Usage;
use crate::support::load::Load;
use crate::support::portal::Portal;
use crate::support::receiver::Receiver;
use crate::support::wait::{stays_true, wait_until};
use crate::support::worker::{Relay, Settings};

/// Events of a burst.
const BURST: u32 = 1_000;
/// Requests to the relay at once, as many as the benchmark has.
const SENDERS: usize = 32;
/// Requests to objects for each event of a burst. The benchmark counts 0.20 (docs/PERFORMANCE.md); on a busy machine fewer senders come
/// together, and without any company it is more than one.
const MOST_REQUESTS: f64 = 0.5;
/// Time in which everything is delivered.
const DELIVERED: Duration = Duration::from_mins(1);
/// Time in which the relay does whatever it does after a delivery.
const QUIET: Duration = Duration::from_millis(500);
/// Days after which events are pruned, in this test.
const RETENTION: u64 = 1;
const A_DAY: Duration = Duration::from_hours(24);
/// Steps of the clock, so that every alarm rings near its time.
const STEP: Duration = Duration::from_mins(5);

#[test]
fn a_lone_event_costs_three_rows_and_two_requests() {
    let scene = Scene::start();
    let (mut rows, mut requests) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let used = scene.deliver(1, 1);
        println!("a lone event: {} rows, {} requests; {used:?}", used.billed_rows(), used.billed_requests());
        rows.push(used.billed_rows());
        requests.push(used.billed_requests());
        scene.let_pass(Duration::from_mins(10));
    }
    assert!(rows.iter().all(|rows| *rows <= 3), "rows: {rows:?}");
    assert!(requests.iter().all(|requests| *requests <= 2), "requests: {requests:?}");
}

#[test]
fn a_burst_costs_little_more_than_one_row_and_half_a_request_at_most_for_each_event() {
    let scene = Scene::start();
    let used = scene.deliver(BURST, SENDERS);
    let (rows, requests) = (per_event(used.billed_rows()), per_event(used.billed_requests()));
    println!("a burst of {BURST}: {rows:.3} rows and {requests:.3} requests for each event; {used:?}");
    let before = scene.relay.usage();
    // A quiet portal is found by the watchdog, once a day; then it prunes step by step.
    for _ in 0..4 {
        scene.let_pass(A_DAY / 2);
        scene.relay.fire_cron();
    }
    scene.let_pass(Duration::from_hours(2));
    let used = scene.relay.usage() - before;
    let pruning = per_event(used.billed_rows());
    println!("until they are pruned: {pruning:.3} rows for each event; {used:?}");
    assert!(rows <= 1.2, "{rows} rows");
    assert!(requests <= MOST_REQUESTS, "{requests} requests");
    assert!(pruning <= 1.1, "{pruning} rows to prune");
    let left = scene.relay.log(&scene.portal).len();
    assert!(left <= 1, "{left} events were not pruned");
}

fn per_event(count: u64) -> f64 {
    f64::from(u32::try_from(count).expect("it is a number of the test")) / f64::from(BURST)
}

struct Scene {
    relay: Relay,
    portal: Portal,
    receiver: Receiver,
}

impl Scene {
    /// A portal that has been quiet for a while.
    fn start() -> Self {
        let receiver = Receiver::start();
        let settings = Settings::forwarding_to(&receiver).var("RETENTION_DAYS", RETENTION.to_string());
        let (relay, portal) = (Relay::start(settings.with_own_clock().with_counters()), Portal::new());
        relay.register(&portal);
        let scene = Self { relay, portal, receiver };
        scene.deliver(1, 1);
        scene.let_pass(Duration::from_hours(2));
        scene
    }

    /// Sends events, waits until all are delivered and all that follows is done. What that took.
    fn deliver(&self, events: u32, senders: usize) -> Usage {
        let (before, arrived) = (self.relay.usage(), self.receiver.count());
        let events = usize::try_from(events).expect("it is small");
        let load = Load::of_things(u64::MAX);
        load.send_all(&self.relay, std::slice::from_ref(&self.portal), senders, events);
        wait_until("all deliveries", DELIVERED, || self.receiver.count() >= arrived + load.count());
        stays_true("one delivery for each event", QUIET, || self.receiver.count() == arrived + load.count());
        // The alarm that looks after a run comes 20 seconds later.
        self.let_pass(Duration::from_mins(2));
        self.relay.usage() - before
    }

    /// Lets time pass in steps, each with a moment for what it made due.
    fn let_pass(&self, time: Duration) {
        let step = STEP.min(Duration::from_secs(30).max(time / 300));
        let mut passed = Duration::ZERO;
        while passed < time {
            self.relay.advance_clock(step);
            std::thread::sleep(Duration::from_millis(20));
            passed += step;
        }
    }
}
