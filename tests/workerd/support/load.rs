//! Many events from several portals at once.

use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use super::portal::Portal;
use super::wait::now;
use super::worker::Relay;

/// Requests without an answer after which the relay is taken for dead: a crash leaves one for each sender, and a moved clock
/// closes a connection now and then.
const MOST_UNANSWERED: usize = 1_000;

/// One event that was accepted.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Which POST it was, over all portals.
    pub number: u64,
    /// When the answer came.
    pub at: Instant,
}

/// Sends calendar updates, each with a number of its own, and keeps what became of them.
pub struct Load {
    things: u64,
    next: AtomicU64,
    accepted: Mutex<BTreeMap<String, Accepted>>,
    count: AtomicUsize,
    unanswered: Mutex<Vec<u64>>,
}

impl Load {
    /// Updates of so many calendar entries of each portal, in turn.
    pub fn of_things(things: u64) -> Self {
        Self {
            things,
            next: AtomicU64::new(1),
            accepted: Mutex::default(),
            count: AtomicUsize::new(0),
            unanswered: Mutex::default(),
        }
    }

    /// Sends one event after the other until so many were accepted in all, or the relay has crashed.
    ///
    /// # Panics
    /// When an event is refused, or one after the other gets no answer.
    pub fn send(&self, relay: &Relay, portal: &Portal, up_to: usize, has_crashed: &AtomicBool) {
        while self.count() < up_to {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            let data = json!({ "id": (number % self.things + 1).to_string(), "number": number.to_string() });
            let Ok(answer) = portal.event("ONCALENDARENTRYUPDATE", &data).try_send_to(relay) else {
                // Bitrix24 would not repeat it.
                let mut unanswered = lock(&self.unanswered);
                unanswered.push(number);
                assert!(unanswered.len() < MOST_UNANSWERED, "the relay does not answer");
                if has_crashed.load(Ordering::SeqCst) {
                    return;
                }
                continue;
            };
            let answer = answer.expect_status(200).json();
            let id = answer["id"].as_str().expect("it is told").to_owned();
            lock(&self.accepted).insert(id, Accepted { number, at: now() });
            self.count.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Sends with several threads, in turn for each portal, until so many were accepted in all.
    ///
    /// # Panics
    /// When an event is refused or gets no answer.
    pub fn send_all(&self, relay: &Relay, portals: &[Portal], senders: usize, up_to: usize) {
        std::thread::scope(|scope| {
            for portal in portals.iter().cycle().take(senders) {
                scope.spawn(|| self.send(relay, portal, up_to, &AtomicBool::new(false)));
            }
        });
        assert_eq!(self.unanswered(), [0; 0], "these have no answer");
    }

    /// How many were accepted.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// What was accepted, by the id that was answered.
    pub fn accepted(&self) -> BTreeMap<String, Accepted> {
        lock(&self.accepted).clone()
    }

    /// The numbers of the POSTs that no answer came to.
    pub fn unanswered(&self) -> Vec<u64> {
        lock(&self.unanswered).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no thread panics while it holds the lock")
}
