//! A receiver that is hostile by script: it does one bad thing after the other, and works in between.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::random::Random;
use super::received::Received;
use super::receiver::Behaviour;
use super::wait::now;

/// An answer that nobody wants to read.
const LONG_ANSWER: usize = 10_000_000;
/// Longest time that it is bad in one way, so that a sender that waits between two attempts gets through in the end.
const LONGEST_EPISODE: Duration = Duration::from_millis(400);

/// A way to be bad, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mood {
    /// Takes everything at once.
    Well,
    /// Takes everything, and takes its time.
    Slow,
    /// Never answers.
    Hangs,
    /// Resets the connection.
    Resets,
    /// Answers 500, 502, 503 or 504 to everything.
    Fails,
    /// Answers 429 and says when to come back.
    Throttles,
    /// Sends everybody elsewhere.
    Redirects,
    /// Answers with 10 MB.
    Floods,
    /// Closes in the middle of its answer.
    Closes,
}

/// The moods and how many requests each may last. Each round has all of them, in another order.
const ROUND: [(Mood, std::ops::Range<u64>); 14] = [
    (Mood::Well, 50..400),
    (Mood::Slow, 1..12),
    (Mood::Well, 50..400),
    (Mood::Hangs, 1..3),
    (Mood::Well, 50..400),
    (Mood::Resets, 1..12),
    (Mood::Fails, 1..40),
    (Mood::Well, 50..400),
    (Mood::Throttles, 1..6),
    (Mood::Redirects, 1..6),
    (Mood::Well, 50..400),
    (Mood::Floods, 1..4),
    (Mood::Closes, 1..8),
    (Mood::Well, 50..400),
];

/// How many requests each mood had. Clones are the same.
#[derive(Clone, Default)]
pub struct Tally(Arc<Mutex<BTreeMap<Mood, usize>>>);

impl Tally {
    /// The numbers so far.
    pub fn counts(&self) -> BTreeMap<Mood, usize> {
        self.0.lock().expect("no thread panics while it holds the lock").clone()
    }

    fn note(&self, mood: Mood) {
        *self.0.lock().expect("no thread panics while it holds the lock").entry(mood).or_default() += 1;
    }
}

/// The script, which goes on for ever.
pub struct Hostile {
    tally: Tally,
    random: Random,
    elsewhere: String,
    round: Vec<(Mood, std::ops::Range<u64>)>,
    mood: Mood,
    left: u64,
    until: Instant,
}

impl Hostile {
    /// Decided by `random`; redirects lead to `elsewhere`.
    pub fn new(random: Random, elsewhere: String) -> Self {
        Self { tally: Tally::default(), random, elsewhere, round: Vec::new(), mood: Mood::Well, left: 0, until: now() }
    }

    /// What counts its moods.
    pub fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// What it does with the next request, whatever that is.
    pub fn decide(&mut self, _: &Received) -> Behaviour {
        if self.left == 0 || (self.mood != Mood::Well && now() > self.until) {
            self.turn();
        }
        self.left -= 1;
        self.tally.note(self.mood);
        let random = &mut self.random;
        match self.mood {
            Mood::Well => Behaviour::status(204),
            Mood::Slow => Behaviour::after(200, Duration::from_millis(random.within(20..300))),
            Mood::Hangs => Behaviour::Hang,
            Mood::Resets => Behaviour::Reset,
            Mood::Fails => Behaviour::status(random.one_of([500, 502, 503, 504])),
            Mood::Throttles => Behaviour::with_header(429, "retry-after", random.within(1..4).to_string()),
            Mood::Redirects => {
                Behaviour::with_header(random.one_of([301, 302, 307, 308]), "location", self.elsewhere.clone())
            }
            Mood::Floods => Behaviour::Flood { status: random.one_of([200, 500]), bytes: LONG_ANSWER },
            Mood::Closes => random.one_of([
                Behaviour::CloseMidHead,
                Behaviour::CloseMidBody { status: 200 },
                Behaviour::CloseMidBody { status: 500 },
            ]),
        }
    }

    /// Turns to the next mood.
    fn turn(&mut self) {
        if self.round.is_empty() {
            self.round = ROUND.to_vec();
            self.random.shuffle(&mut self.round);
        }
        let (mood, requests) = self.round.pop().expect("it was filled just now");
        self.mood = mood;
        self.left = self.random.within(requests);
        self.until = now() + LONGEST_EPISODE;
    }
}
