//! One event that the destination does not take, among a thousand that it does.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::support::api::Api;
use crate::support::arrivals::Arrivals;
use crate::support::load::{Accepted, Load};
use crate::support::portal::Portal;
use crate::support::received::Received;
use crate::support::receiver::{Behaviour, Receiver};
use crate::support::wait::wait_until;
use crate::support::worker::{Relay, Settings};

/// Events in all; one of them is the poison.
const EVENTS: usize = 1_000;
/// Requests to the relay at once.
const SENDERS: usize = 4;
/// Which POST is the poison.
const POISON: u64 = 300;
/// Longest time without an arrival while others wait, on a busy machine. To wait for the poison takes longer: its first
/// retry comes after 10 s, and an attempt at which the destination hangs ends after 15 s.
const SOON: Duration = Duration::from_secs(5);
/// Pauses between the attempts for the poison.
const SCHEDULE: &str = "10,10";
/// Time in which the poison has failed for good: two pauses, and three times 15 s where it hangs.
const GIVEN_UP: Duration = Duration::from_mins(2);

#[test]
fn an_event_that_is_answered_by_400_delays_no_other() {
    one_by_one("400", &Behaviour::status(400));
}

#[test]
fn an_event_that_is_answered_by_500_delays_no_other() {
    one_by_one("500", &Behaviour::status(500));
}

#[test]
fn an_event_at_which_the_destination_hangs_delays_no_other() {
    one_by_one("hang", &Behaviour::Hang);
}

#[test]
fn the_one_bad_event_of_a_batch_is_found_by_splitting() {
    let scene = Scene::start("batch", &Behaviour::status(400));
    let refused = scene.wait_until_given_up();
    // A batch has 100 events at most, and 100 are split into halves 7 times; the poison alone is tried three times. Those
    // before the split and a retried batch are counted too.
    println!("batch: the poison was in {refused} requests");
    assert!(refused <= 24, "{refused} requests with the poison");
    assert_eq!(scene.overview()["delivery"]["failed"], 1);
}

/// Each event in a request of its own.
fn one_by_one(name: &str, poisoned: &Behaviour) {
    let scene = Scene::start("structured", poisoned);
    let (slowest, longest_gap) = (scene.slowest(), scene.longest_gap());
    println!(
        "{name}: the slowest of the others arrived {slowest:.1?} after its acceptance, and {longest_gap:.1?} was the longest \
         time without an arrival"
    );
    assert!(longest_gap < SOON, "{longest_gap:?}");
    scene.wait_until_given_up();
    assert_eq!(scene.overview()["delivery"]["failed"], 1);
    assert_eq!(scene.overview()["delivery"]["retrying"], 0);
}

struct Scene {
    relay: Relay,
    portal: Portal,
    load: Load,
    arrivals: Arrivals,
    receiver: Receiver,
}

impl Scene {
    /// A thousand events have come in, each about another thing, and all but the poison have arrived.
    fn start(format: &str, poisoned: &Behaviour) -> Self {
        let (receiver, arrivals) = (Receiver::start(), Arrivals::new());
        let poisoned = poisoned.clone();
        receiver.decides(arrivals.noting(move |request: &Received| {
            if request.events().iter().any(is_poison) { poisoned.clone() } else { Behaviour::status(204) }
        }));
        let settings = Settings::forwarding_to(&receiver).var("RETRY_SCHEDULE", SCHEDULE).var("FORWARD_FORMAT", format);
        let (relay, portal) = (Relay::start(settings.with_own_clock()), Portal::new());
        relay.register(&portal);
        let load = Load::of_things(u64::MAX);
        load.send_all(&relay, std::slice::from_ref(&portal), SENDERS, EVENTS);
        let scene = Self { relay, portal, load, arrivals, receiver };
        wait_until("all events but the poison", GIVEN_UP, || scene.arrivals.taken() >= scene.load.count() - 1);
        scene
    }

    /// The longest time from an answer to the arrival.
    fn slowest(&self) -> Duration {
        let arrived = self.arrivals.by_id();
        let accepted = self.load.accepted();
        let waited = |(id, accepted): (&String, &Accepted)| {
            let (at, _) = arrived[id].first_taken?;
            // It may arrive before its sender has the answer.
            Some(at.saturating_duration_since(accepted.at))
        };
        accepted.iter().filter_map(waited).max().expect("there are others")
    }

    /// The longest time between two arrivals.
    fn longest_gap(&self) -> Duration {
        let arrived = self.arrivals.by_id();
        let mut times: Vec<Instant> = arrived.values().filter_map(|arrival| Some(arrival.first_taken?.0)).collect();
        times.sort_unstable();
        times.windows(2).map(|pair| pair[1] - pair[0]).max().expect("there are others")
    }

    /// Lets time pass until the poison has failed for good. In how many requests it was.
    fn wait_until_given_up(&self) -> usize {
        wait_until("the poison to fail for good", GIVEN_UP, || {
            self.relay.advance_clock(Duration::from_secs(1));
            self.overview()["delivery"]["failed"] == 1
        });
        let poisoned = |request: &Received| request.events().iter().any(is_poison);
        self.receiver.received().iter().filter(|request| poisoned(request)).count()
    }

    fn overview(&self) -> Value {
        self.relay.overview(&self.portal)
    }
}

fn is_poison(event: &Value) -> bool {
    event["data"]["number"] == json!(POISON.to_string())
}
