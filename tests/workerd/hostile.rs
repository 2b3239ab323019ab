//! Delivery to a receiver that does everything wrong, from a relay that is killed again and again.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::api::{Api, id, subject};
use crate::support::arrivals::{Arrival, Arrivals};
use crate::support::hostile::Hostile;
use crate::support::load::Load;
use crate::support::portal::Portal;
use crate::support::random::Random;
use crate::support::receiver::Receiver;
use crate::support::wait::{now, wait_until};
use crate::support::worker::{Relay, Settings};

/// Events that are accepted.
const EVENTS: usize = 10_000;
/// How often the relay is killed while events come in, and while the last of them are delivered.
const CRASHES: (usize, usize) = (16, 4);
/// How many of the relay's lives begin with a receiver that is dead, for a minute.
const DEATHS: usize = 2;
const PORTALS: usize = 4;
/// Requests to the relay at once.
const SENDERS: usize = 8;
/// Calendar entries: so few that many events are about the same one.
const THINGS: u64 = 1_600;
/// Between two steps of the clock.
const TICK: Duration = Duration::from_millis(50);
/// How far a step goes while deliveries come in: time goes 20 times as fast.
const STEP: Duration = Duration::from_secs(1);
/// How far a step goes when nothing came in since the one before: then all wait for some time to come.
const IDLE_STEP: Duration = Duration::from_secs(20);
/// Steps in which a minute passes.
const A_MINUTE: u32 = 60;
/// Time in which everything is delivered once the relay is no longer killed.
const DRAINED: Duration = Duration::from_mins(5);

/// One life of the relay.
struct Life {
    /// It ends when so many events are accepted in all,
    accepted: usize,
    /// and so much later.
    pause: Duration,
    /// Whether the receiver is dead when it begins.
    receiver_is_dead: bool,
}

/// The world of the test, as far as its threads share it.
struct Scene {
    receiver: Receiver,
    portals: Vec<Portal>,
    load: Load,
}

#[test]
fn ten_thousand_events_reach_a_hostile_receiver_through_twenty_crashes() {
    let mut random = Random::from_environment();
    let (receiver, elsewhere) = (Receiver::start(), Receiver::start());
    let mut script = Hostile::new(random.fork(), elsewhere.url());
    let (arrivals, tally) = (Arrivals::new(), script.tally());
    receiver.decides(arrivals.noting(move |request| script.decide(request)));
    // So many attempts that no event fails for good.
    let settings = Settings::forwarding_to(&receiver).var("RETRY_SCHEDULE", ["1"; 60].join(",")).with_own_clock();
    let mut relay = Relay::start(settings);
    let portals: Vec<Portal> = (0..PORTALS).map(|_| Portal::new()).collect();
    for portal in &portals {
        relay.register(portal);
    }
    let scene = Scene { receiver, portals, load: Load::of_things(THINGS) };

    let start = now();
    for life in lives(&mut random) {
        live(&relay, &scene, &life);
        relay.kill();
        relay.start_again();
    }
    let killed_for = now() - start;
    let log = read_log(&relay, &scene.portals);
    let mut before = scene.receiver.count();
    wait_until("every logged event at the receiver", DRAINED, || {
        std::thread::sleep(TICK);
        let count = scene.receiver.count();
        relay.advance_clock(if count == before { IDLE_STEP } else { STEP });
        before = count;
        arrivals.taken() == log.len()
    });
    let drained_after = now() - start;

    let arrived = arrivals.by_id();
    let accepted = scene.load.accepted();
    assert!(accepted.len() >= EVENTS, "{} accepted", accepted.len());
    for (id, accepted) in &accepted {
        let logged = log.get(id).unwrap_or_else(|| panic!("accepted and not in the log: {id}"));
        assert_eq!(logged.number, accepted.number, "{id}");
    }
    let unanswered: BTreeSet<u64> = scene.load.unanswered().into_iter().collect();
    let without_answer: Vec<&Logged> =
        log.iter().filter(|(id, _)| !accepted.contains_key(*id)).map(|(_, logged)| logged).collect();
    for logged in &without_answer {
        assert!(unanswered.contains(&logged.number), "neither accepted nor left without an answer: {logged:?}");
    }
    assert!(arrived.keys().eq(log.keys()), "what arrived is what the log has");
    assert!(arrived.values().all(|arrival| arrival.taken > 0));
    assert_things_arrived_in_order(&log, &arrived);
    assert_eq!(elsewhere.count(), 0, "nobody follows a redirect");
    for portal in &scene.portals {
        let delivery = &relay.overview(portal)["delivery"];
        assert_eq!(delivery["failed"], 0, "{delivery}");
    }

    let sum = |count: fn(&Arrival) -> usize| arrived.values().map(count).sum::<usize>();
    let (sent, taken) = (sum(|arrival| arrival.times), sum(|arrival| arrival.taken));
    println!(
        "{} crashes in {killed_for:.1?}, the receiver dead for {DEATHS} minutes: {} events accepted, 0 lost, {} logged without \
         an answer; all delivered after {drained_after:.1?}, {} attempts in vain, {} deliveries repeated; requests: {:?}",
        CRASHES.0 + CRASHES.1,
        accepted.len(),
        without_answer.len(),
        sent - taken,
        taken - arrived.len(),
        tally.counts(),
    );
}

/// The lives of the relay, decided by chance.
fn lives(random: &mut Random) -> Vec<Life> {
    let mut ends: Vec<usize> = (0..CRASHES.0).map(|_| random.index(EVENTS)).collect();
    ends.sort_unstable();
    ends.resize(CRASHES.0 + CRASHES.1, EVENTS);
    let dead: Vec<usize> = (0..DEATHS).map(|_| random.index(CRASHES.0)).collect();
    let life = |(number, accepted)| Life {
        accepted,
        pause: Duration::from_millis(random.within(if accepted == EVENTS { 0..600 } else { 0..30 })),
        receiver_is_dead: dead.contains(&number),
    };
    ends.into_iter().enumerate().map(life).collect()
}

/// Sends events and lets time pass. The relay crashes in the middle of it.
fn live(relay: &Relay, scene: &Scene, life: &Life) {
    let has_crashed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for portal in scene.portals.iter().cycle().take(SENDERS) {
            scope.spawn(|| scene.load.send(relay, portal, EVENTS, &has_crashed));
        }
        scope.spawn(|| {
            while !has_crashed.load(Ordering::SeqCst) {
                std::thread::sleep(TICK);
                relay.advance_clock_under_load(STEP);
            }
        });
        if life.receiver_is_dead {
            scene.receiver.die();
            std::thread::sleep(TICK * A_MINUTE);
            scene.receiver.revive();
        }
        while scene.load.count() < life.accepted {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(life.pause);
        has_crashed.store(true, Ordering::SeqCst);
        relay.crash();
    });
}

/// One event as the log has it.
#[derive(Debug)]
struct Logged {
    member_id: String,
    seq: i64,
    subject: String,
    /// Which POST it was.
    number: u64,
}

/// All logs, by the id of the event.
fn read_log(relay: &Relay, portals: &[Portal]) -> BTreeMap<String, Logged> {
    let read = |portal: &Portal, row: &Value| Logged {
        member_id: portal.member_id.clone(),
        seq: row["seq"].as_i64().expect("a row has its place"),
        subject: subject(row),
        number: row["event"]["data"]["number"].as_str().and_then(|text| text.parse().ok()).expect("it was sent"),
    };
    portals.iter().flat_map(|portal| relay.log(portal).into_iter().map(|row| (id(&row), read(portal, &row)))).collect()
}

/// What is about one thing was first taken in the order of the log.
#[track_caller]
fn assert_things_arrived_in_order(log: &BTreeMap<String, Logged>, arrived: &BTreeMap<String, Arrival>) {
    let mut things: BTreeMap<(&str, &str), Vec<(i64, usize)>> = BTreeMap::new();
    for (id, logged) in log {
        let (_, place) = arrived[id].first_taken.expect("it was taken");
        things.entry((&logged.member_id, &logged.subject)).or_default().push((logged.seq, place));
    }
    for (thing, events) in &mut things {
        events.sort_unstable();
        assert!(
            events.is_sorted_by_key(|(_, place)| place),
            "{thing:?}: place in the log, place of arrival: {events:?}"
        );
    }
}
