//! A destination with its storage, played step by step, and what must hold after each.

mod promises;
mod replays;

use self::replays::Replay;
use bitrix24_edge_relay::domain::delivery::circuit::{Circuit, Open};
use bitrix24_edge_relay::domain::delivery::dispatcher::{Claim, Dispatcher, Pause};
use bitrix24_edge_relay::domain::delivery::outcome::{Class, Failure, Outcome};
use bitrix24_edge_relay::domain::delivery::queue::{Change, Entry, Queue};
use bitrix24_edge_relay::domain::delivery::thing::{Thing, is_update};
use bitrix24_edge_relay::domain::retry_schedule::RetrySchedule;
use bitrix24_edge_relay::domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

const FIRST_PROBE_MILLIS: i64 = 5_000;
/// How far the cursor in storage may be behind; small, so that short histories reach it.
const CURSOR_STEP: i64 = 3;
const MAX_REQUESTS: usize = 4;
pub const DAY_MILLIS: i64 = 86_400_000;

/// What happens to a destination.
#[derive(Clone, Debug)]
pub enum Step {
    /// An event of a thing is logged.
    Log { thing: Option<u8>, action: &'static str },
    /// What may be sent is sent.
    Send,
    /// One of the requests under way ends.
    End { which: usize, how: How },
    /// Events are logged and sent while everything fails; the last few are left under way.
    Outage { events: u8 },
    /// The object is gone, with all that was under way; it may have arrived.
    Crash { arrived: bool },
    /// Time passes, or the clock steps back.
    Pass { millis: i64 },
    /// A run ends: the cursor is saved.
    SaveCursor,
    /// The operator pauses the destination.
    Pause,
    /// The operator lets a paused destination go on.
    Resume,
    /// The operator has what is done of a part of the log sent again; the part is given in percent.
    Replay { from: u8, to: u8 },
    /// The operator ends a replay.
    Cancel { which: usize },
}

#[derive(Clone, Copy, Debug)]
pub enum How {
    Arrives,
    Fails(Class, Option<i64>),
    /// It arrived, but the answer was lost.
    ArrivesUnnoticed,
}

/// A note of storage.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    Waiting,
    Retrying(u32, Timestamp),
    Failed,
    Delivered,
    Superseded,
}

/// A destination with its storage, and what the receiver and the operator see.
pub struct World {
    now: Timestamp,
    schedule: RetrySchedule,
    has_batches: bool,
    coalesces: bool,
    pub log: Vec<Entry>,
    dispatcher: Dispatcher,
    requests: Vec<Claim>,
    /// Storage.
    cursor: i64,
    pub notes: BTreeMap<i64, Note>,
    superseded: BTreeSet<i64>,
    circuit: Option<Open>,
    pause: Option<Pause>,
    replays: Vec<Replay>,
    /// Memory.
    superseded_unsaved: BTreeSet<i64>,
    /// How far the log was dealt with when an event last arrived, or when memory was read.
    settled: i64,
    pub arrived: BTreeSet<i64>,
    seed: u32,
}

impl World {
    pub fn new(has_batches: bool, coalesces: bool) -> Self {
        let mut world = Self {
            now: Timestamp::from_millis(1_700_000_000_000),
            schedule: RetrySchedule::parse("1,5,60").expect("it is a schedule"),
            has_batches,
            coalesces,
            log: Vec::new(),
            dispatcher: Dispatcher::new(Queue::new(0), Circuit::new(FIRST_PROBE_MILLIS, None), None),
            requests: Vec::new(),
            cursor: 0,
            notes: BTreeMap::new(),
            superseded: BTreeSet::new(),
            circuit: None,
            pause: None,
            replays: Vec::new(),
            superseded_unsaved: BTreeSet::new(),
            settled: 0,
            arrived: BTreeSet::new(),
            seed: 1,
        };
        world.load();
        world
    }

    fn load(&mut self) {
        let mut queue = Queue::new(self.cursor);
        for (seq, note) in &self.notes {
            let entry = self.entry(*seq);
            match note {
                Note::Waiting => queue.restore(entry, 0, None),
                Note::Retrying(attempts, due_at) => queue.restore(entry, *attempts, Some(*due_at)),
                Note::Failed | Note::Delivered | Note::Superseded => queue.restore_done(*seq),
            }
        }
        let circuit = Circuit::new(FIRST_PROBE_MILLIS, self.circuit.clone());
        self.dispatcher = Dispatcher::new(queue, circuit, self.pause.clone()).with(self.has_batches, self.coalesces);
        self.requests.clear();
        self.superseded_unsaved.clear();
        self.settled = self.cursor;
        self.replays.iter_mut().for_each(Replay::forget);
    }

    fn head(&self) -> i64 {
        i64::try_from(self.log.len()).expect("a short log")
    }

    fn entry(&self, seq: i64) -> Entry {
        self.log[usize::try_from(seq - 1).expect("places begin with 1")].clone()
    }

    pub fn play(&mut self, step: &Step) {
        match step {
            Step::Log { thing, action } => {
                let event_type = format!("crm.deal.{action}");
                let subject = thing.map(|thing| thing.to_string());
                let seq = self.head() + 1;
                let thing = Thing::of(&event_type, subject.as_deref());
                self.log.push(Entry { seq, thing, is_update: is_update(&event_type), bytes: 1_000 });
            }
            Step::Send => self.send(),
            Step::End { which, how } if !self.requests.is_empty() => {
                let claim = self.requests.remove(which % self.requests.len());
                self.end(&claim, *how);
            }
            Step::End { .. } => {}
            Step::Outage { events } => {
                for thing in 0..*events {
                    self.play(&Step::Log { thing: Some(thing), action: "update" });
                    self.play(&Step::Send);
                    if self.requests.len() == MAX_REQUESTS {
                        self.play(&Step::End { which: 0, how: How::Fails(Class::Transient, None) });
                    }
                }
            }
            Step::Crash { arrived } => {
                if *arrived {
                    let events: Vec<i64> = self.requests.iter().flat_map(|claim| claim.events.clone()).collect();
                    self.arrive(&events);
                }
                self.load();
            }
            Step::Pass { millis } => self.now = self.now.plus_millis(*millis),
            Step::SaveCursor => self.save(self.dispatcher.queue.position()),
            Step::Pause => {
                self.dispatcher.set_pause(Some(Pause { reason: "paused by the operator".to_owned() }));
                self.save(self.dispatcher.queue.position());
            }
            Step::Resume => {
                self.dispatcher.set_pause(None);
                self.save(self.dispatcher.queue.position());
            }
            Step::Replay { from, to } => self.replay(*from, *to),
            Step::Cancel { which } => self.cancel(*which),
        }
        self.check();
    }

    fn send(&mut self) {
        while self.requests.len() < MAX_REQUESTS {
            self.read_log();
            self.feed_replays();
            let (claim, dropped) = self.dispatcher.next(self.now);
            self.note(&dropped, false);
            let Some(claim) = claim else {
                break;
            };
            self.check_claim(&claim);
            self.requests.push(claim);
        }
    }

    fn read_log(&mut self) {
        while self.dispatcher.queue.seen() < self.head() && self.dispatcher.wants_more(self.now) > 0 {
            for _ in 0..self.dispatcher.wants_more(self.now) {
                if self.dispatcher.queue.seen() == self.head() || !self.dispatcher.queue.has_room() {
                    break;
                }
                let entry = self.entry(self.dispatcher.queue.seen() + 1);
                let change = self.dispatcher.queue.offer(entry, true);
                self.note(&change.into_iter().collect::<Vec<_>>(), false);
            }
        }
    }

    fn end(&mut self, claim: &Claim, how: How) {
        let outcome = match how {
            How::Arrives => Outcome::Delivered,
            How::Fails(class, retry_after_millis) => {
                Outcome::Failed(Failure { class, error: "no".to_owned(), retry_after_millis })
            }
            How::ArrivesUnnoticed => Outcome::failed(Class::Transient, "lost"),
        };
        if !matches!(how, How::Fails(..)) {
            self.arrive(&claim.events);
        }
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let settlement = self.dispatcher.settle(claim, &outcome, &self.schedule, self.now, self.seed);
        self.note(&settlement.changes, settlement.news.is_some());
        if outcome == Outcome::Delivered {
            self.settled = self.dispatcher.queue.position();
        }
    }

    fn arrive(&mut self, events: &[i64]) {
        self.arrived.extend(events);
        self.replays.iter_mut().for_each(|replay| replay.settle_debt(events));
    }

    /// What `Lane::note` does, all or nothing.
    fn note(&mut self, changes: &[Change], has_news: bool) {
        for change in changes {
            match change {
                Change::Waiting { seq } => drop(self.notes.insert(*seq, Note::Waiting)),
                Change::Retrying { seq, attempts, due_at, .. } => {
                    self.notes.insert(*seq, Note::Retrying(*attempts, *due_at));
                }
                Change::Failed { seq, .. } => {
                    self.notes.insert(*seq, Note::Failed);
                    self.replays.iter_mut().for_each(|replay| replay.settle_debt(&[*seq]));
                }
                Change::Delivered { seq, .. } => drop(self.notes.insert(*seq, Note::Delivered)),
                Change::Superseded { seq, has_note } => {
                    if *has_note {
                        self.notes.insert(*seq, Note::Superseded);
                    } else {
                        self.superseded_unsaved.insert(*seq);
                    }
                    self.replays.iter_mut().for_each(|replay| replay.settle_debt(&[*seq]));
                }
                Change::Rewound { seq } => {
                    assert!(*seq > self.settled, "{} was dealt with, and {seq} is where it begins again", self.settled);
                    drop(self.notes.split_off(seq));
                    drop(self.superseded.split_off(seq));
                    drop(self.superseded_unsaved.split_off(seq));
                }
            }
        }
        let position = self.dispatcher.queue.position();
        if has_news || position - self.cursor >= CURSOR_STEP || position < self.cursor {
            self.save(position);
        }
    }

    fn save(&mut self, position: i64) {
        let later = self.superseded_unsaved.split_off(&(position + 1));
        self.superseded.append(&mut self.superseded_unsaved);
        self.superseded_unsaved = later;
        self.cursor = position;
        self.circuit = self.dispatcher.circuit().cloned();
        self.pause = self.dispatcher.pause().cloned();
        self.save_replays();
    }

    fn is_failed(&self, seq: i64) -> bool {
        self.notes.get(&seq) == Some(&Note::Failed)
    }

    fn is_superseded(&self, seq: i64) -> bool {
        let is_noted = self.notes.get(&seq) == Some(&Note::Superseded);
        is_noted || self.superseded.contains(&seq) || self.superseded_unsaved.contains(&seq)
    }
}
