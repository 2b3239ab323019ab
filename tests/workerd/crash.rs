//! What a crash may do: repeat a delivery, and nothing else.

use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::api::{Api, id, subject};
use crate::support::portal::{Portal, random};
use crate::support::receiver::Receiver;
use crate::support::wait::wait_until;
use crate::support::worker::{Relay, Settings};

/// How often the relay crashes.
const ROUNDS: usize = 20;
/// How many portals send at once.
const WRITERS: usize = 4;
/// When a crash comes, in milliseconds after the start of the load.
const LIFE: std::ops::Range<u64> = 50..700;
/// Time in which the receiver has everything after the last start.
const DRAINED: Duration = Duration::from_secs(90);

#[test]
fn no_accepted_event_is_lost_when_the_relay_is_killed_at_random_moments() {
    let receiver = Receiver::start();
    let mut relay = Relay::start(Settings::forwarding_to(&receiver).var("RETRY_SCHEDULE", ["1"; 50].join(",")));
    let portals: Vec<Portal> = (0..WRITERS).map(|_| Portal::new()).collect();
    for portal in &portals {
        relay.register(portal);
    }
    // For each portal: the log as it was read after each start, and the ids that were answered by 200.
    let mut logs: Vec<Vec<Value>> = vec![Vec::new(); WRITERS];
    let mut accepted: Vec<BTreeMap<String, String>> = vec![BTreeMap::new(); WRITERS];
    for round in 0..ROUNDS {
        send_until_it_crashes(&relay, &portals, &mut accepted, round);
        relay.kill();
        relay.start_again();
        for ((portal, log), accepted) in portals.iter().zip(&mut logs).zip(&accepted) {
            let after = i64::try_from(log.len()).unwrap();
            log.extend(relay.log_after(portal, after));
            assert_log_is_whole(log, accepted, round);
        }
    }

    let logged: BTreeMap<String, &Value> = logs.iter().flatten().map(|row| (id(row), &row["event"])).collect();
    wait_until("every logged event at the receiver", DRAINED, || {
        let arrived: std::collections::BTreeSet<String> =
            receiver.received().iter().map(|delivery| delivery.id().to_owned()).collect();
        logged.keys().all(|id| arrived.contains(id))
    });
    let deliveries = receiver.received();
    for delivery in &deliveries {
        let event = logged.get(delivery.id()).expect("nothing arrives that is not in the log");
        assert_eq!(delivery.json(), **event, "a repeat is the same event");
    }
    let answered: usize = accepted.iter().map(BTreeMap::len).sum();
    assert!(answered > ROUNDS * WRITERS, "only {answered} events were accepted");
    eprintln!(
        "{ROUNDS} crashes: {answered} accepted, 0 lost, {} logged without an answer, {} deliveries repeated",
        logged.len() - answered,
        deliveries.len() - logged.len(),
    );
}

/// Every portal sends one event after the other; the relay crashes in the middle of it.
fn send_until_it_crashes(relay: &Relay, portals: &[Portal], accepted: &mut [BTreeMap<String, String>], round: usize) {
    let life = Duration::from_millis(LIFE.start + random() % (LIFE.end - LIFE.start));
    std::thread::scope(|scope| {
        for (portal, accepted) in portals.iter().zip(accepted) {
            scope.spawn(move || {
                for number in 0.. {
                    let subject = format!("{round}-{number}");
                    // The one that is on its way when the crash comes has no answer; Bitrix24 would not repeat it.
                    let Ok(answer) = portal.calendar_entry_update(&subject).try_send_to(relay) else {
                        break;
                    };
                    let answer = answer.expect_status(200).json();
                    accepted.insert(answer["id"].as_str().expect("it is told").to_owned(), subject);
                }
            });
        }
        std::thread::sleep(life);
        relay.crash();
    });
}

/// Nothing accepted is missing, nothing stands twice, and the numbers have no gap.
#[track_caller]
fn assert_log_is_whole(log: &[Value], accepted: &BTreeMap<String, String>, round: usize) {
    let by_id: BTreeMap<String, String> = log.iter().map(|row| (id(row), subject(row))).collect();
    for (id, subject) in accepted {
        assert_eq!(by_id.get(id), Some(subject), "round {round}: an accepted event is not in the log");
    }
    let subjects: std::collections::BTreeSet<&String> = by_id.values().collect();
    assert_eq!(subjects.len(), log.len(), "round {round}: one POST was stored twice");
    assert!(log.iter().zip(1..).all(|(row, number)| row["seq"] == number), "round {round}: the numbers have a gap");
}
