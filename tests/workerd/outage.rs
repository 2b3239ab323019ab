//! An hour without a destination, told by a clock that the test sets forward, and the end of it.

use std::path::Path;
use std::time::Duration;

use crate::support::api::Api;
use crate::support::arrivals::Arrivals;
use crate::support::load::Load;
use crate::support::portal::Portal;
use crate::support::receiver::{Behaviour, Receiver};
use crate::support::wait::{now, wait_until};
use crate::support::worker::{Relay, Settings};

/// Events that wait for the destination, and a few more: each sender ends with one.
const BACKLOG: usize = 10_000;
/// Requests to the relay at once.
const SENDERS: usize = 8;
/// The outage, in steps of the clock.
const OUTAGE: Duration = Duration::from_hours(1);
const STEP: Duration = Duration::from_secs(20);
/// Time in which workerd does what a step made due.
const STEP_TAKES: Duration = Duration::from_millis(30);
/// Most attempts in an hour: a probe doubles its pause from 5 s to 5 minutes, which makes 17 of them; the events in whose
/// first attempts the outage was noticed come to that.
const MOST_PROBES: usize = 40;
/// Most rows that a probe costs, alarms and what is told to the Directory included.
const ROWS_PER_PROBE: u64 = 4;
/// Time in which all that waited is delivered.
const DRAINED: Duration = Duration::from_mins(5);
/// Time without a delivery after which the clock is moved: then the rest waits for some time to come.
const STALLED: Duration = Duration::from_millis(300);

#[test]
fn an_hour_of_outage_costs_a_few_probes_and_the_backlog_drains_in_every_format() {
    let receiver = Receiver::start();
    receiver.usually(Behaviour::Reset);
    let mut relay = Relay::start(Settings::forwarding_to(&receiver).with_own_clock().with_counters());
    let portal = Portal::new();
    relay.register(&portal);
    let load = Load::of_things(u64::MAX);
    let start = now();
    load.send_all(&relay, std::slice::from_ref(&portal), SENDERS, BACKLOG);
    let backlog = load.count();
    println!("{backlog} events accepted in {:.1?} while the destination is down", now() - start);
    let first_attempts = receiver.count();

    let before = relay.usage();
    for _ in 0..OUTAGE.as_secs() / STEP.as_secs() {
        relay.advance_clock(STEP);
        std::thread::sleep(STEP_TAKES);
    }
    let (probes, used) = (receiver.count() - first_attempts, relay.usage() - before);
    println!("an hour of outage: {first_attempts} attempts while events came in, then {probes} probes; {used:?}");
    assert!((1..=MOST_PROBES).contains(&probes), "{probes} probes");
    assert!(used.billed_rows() <= ROWS_PER_PROBE * u64::try_from(probes).unwrap_or(0), "{used:?}");
    let delivery = relay.overview(&portal)["delivery"].clone();
    assert_eq!(delivery["failed"], 0, "no event is exhausted: {delivery}");
    assert_eq!(delivery["pending"], backlog, "no event has a row of its own: {delivery}");

    relay.kill();
    let kept = relay.state().with_extension("kept");
    copy(&relay.state(), &kept);
    for format in ["structured", "binary", "batch"] {
        let arrivals = Arrivals::new();
        receiver.decides(arrivals.noting(|_| Behaviour::status(204)));
        relay.restart_with(|settings| settings.without_counters().var("FORWARD_FORMAT", format));
        let requests = receiver.count();
        let took = drain(&relay, &arrivals, backlog);
        let sent: usize = arrivals.by_id().values().map(|arrival| arrival.times).sum();
        println!(
            "{format}: {backlog} events in {took:.1?}, {:.0} a second; {} requests, {} deliveries repeated",
            f64::from(u32::try_from(backlog).expect("it is small")) / took.as_secs_f64(),
            receiver.count() - requests,
            sent - backlog,
        );
        wait_until("the states in the log", DRAINED, || {
            relay.advance_clock(Duration::from_secs(1));
            let delivery = relay.overview(&portal)["delivery"].clone();
            delivery["pending"] == 0 && delivery["retrying"] == 0 && delivery["failed"] == 0
        });
        assert!(arrivals.by_id().keys().eq(load.accepted().keys()), "what arrived is what was accepted");
        relay.kill();
        std::fs::remove_dir_all(relay.state()).expect("nobody works in it any more");
        copy(&kept, &relay.state());
    }
}

/// Lets time pass until the first delivery, and then as long as none comes; gives the real time from the first to the last.
fn drain(relay: &Relay, arrivals: &Arrivals, backlog: usize) -> Duration {
    let deadline = now() + DRAINED;
    let (mut start, mut last, mut taken) = (now(), now(), 0);
    while taken < backlog {
        assert!(now() < deadline, "only {taken} arrived");
        if arrivals.taken() > taken {
            start = if taken == 0 { now() } else { start };
            (last, taken) = (now(), arrivals.taken());
        } else if taken == 0 || last + STALLED < now() {
            relay.advance_clock(Duration::from_secs(5));
            last = now();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    last - start
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("it is not there yet");
    for entry in std::fs::read_dir(from).expect("it is there") {
        let path = entry.expect("nobody works in it").path();
        let target = to.join(path.file_name().expect("it was listed"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("both are in the scratch directory");
        }
    }
}
