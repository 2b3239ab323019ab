//! Which events one destination still has to get, and in which order.
//!
//! The log is append-only, and `position` says how far it is dealt with. What could not be delivered at its first attempt, and
//! what has to wait for that, gets a note in storage, so that the position can pass it. Events of one [`Thing`] form a line:
//! only the first of it may be sent, so that a thing that waits for a retry holds back only itself.

mod change;
mod questions;

pub use self::change::{Change, Entry};

use super::thing::Thing;
use crate::domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How far beyond the position the queue looks for events that may be sent, while others are under way: a crash repeats at
/// most so many.
pub const LOOKAHEAD: i64 = 1_000;
/// Undelivered events that are kept in memory, some 200 bytes each: 4 MB of an object's 128. Beyond it no event is tried for
/// the first time until some of these are done.
const MAX_OPEN: usize = 20_000;

/// The deliveries of one destination.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// The last event of the log that was offered.
    seen: i64,
    /// Every event that was offered and is not done.
    open: BTreeMap<i64, Item>,
    /// Those that storage knows nothing of: the position cannot pass them.
    pending: BTreeSet<i64>,
    /// The events of each thing that are not done.
    lines: BTreeMap<Thing, BTreeSet<i64>>,
    /// What may be sent now for the first time.
    fresh: BTreeSet<i64>,
    /// What may be sent again, and when.
    due: BTreeSet<(Timestamp, i64)>,
    /// What is under way.
    sending: BTreeSet<i64>,
    /// Events that are not offered yet and are done all the same: a note says so, or they were under way when the position was
    /// set back.
    done: BTreeSet<i64>,
}

#[derive(Clone, Debug)]
struct Item {
    entry: Entry,
    standing: Standing,
    attempts: u32,
    /// Its place in `due`.
    ranked_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// In the log only.
    Pending,
    /// Noted in storage, and due then.
    Noted(Timestamp),
    /// Sent again because a person wants it. `has_note`: an earlier failure is noted.
    Replayed { due_at: Timestamp, has_note: bool },
}

impl Standing {
    const fn has_note(self) -> bool {
        matches!(self, Self::Noted(_) | Self::Replayed { has_note: true, .. })
    }
}

impl Queue {
    /// A destination for which the log is dealt with up to `position`.
    #[must_use]
    pub fn new(position: i64) -> Self {
        Self { seen: position, ..Self::default() }
    }

    /// Takes a noted event back. `due_at` is absent where it waits for an earlier one of its thing.
    pub fn restore(&mut self, entry: Entry, attempts: u32, due_at: Option<Timestamp>) {
        self.insert(entry, Standing::Noted(due_at.unwrap_or(Timestamp::EPOCH)), attempts);
    }

    /// Takes a note back that says that an event beyond the position is done.
    pub fn restore_done(&mut self, seq: i64) {
        if seq > self.seen {
            self.done.insert(seq);
        }
    }

    /// Takes the next event of the log, if the destination wants it.
    pub fn offer(&mut self, entry: Entry, is_wanted: bool) -> Option<Change> {
        let seq = entry.seq;
        self.seen = seq;
        // It may be under way since before the position was set back, or noted before a crash.
        if self.open.contains_key(&seq) {
            self.rank(seq);
            return None;
        }
        if self.done.remove(&seq) || !is_wanted {
            return None;
        }
        // Whatever stands behind a noted event of its line is noted itself.
        let last = self.line_of(&entry).and_then(|line| self.open.get(line.last()?));
        let waits = last.is_some_and(|last| matches!(last.standing, Standing::Noted(_)));
        let standing = if waits { Standing::Noted(Timestamp::EPOCH) } else { Standing::Pending };
        self.insert(entry, standing, 0);
        waits.then_some(Change::Waiting { seq })
    }

    /// Takes an event that is done and is to be sent again. Whether it was; one that is not done will be sent anyway.
    pub fn replay(&mut self, entry: Entry, has_note: bool, due_at: Timestamp) -> bool {
        let is_done = entry.seq <= self.seen && !self.open.contains_key(&entry.seq);
        if is_done {
            self.insert(entry, Standing::Replayed { due_at, has_note }, 0);
        }
        is_done
    }

    /// Takes a replay back, unless it is under way.
    pub fn withdraw(&mut self, seq: i64) {
        if self.is_replayed(seq) && !self.sending.contains(&seq) {
            self.remove(seq);
        }
    }

    /// Makes one event due now, where it waits for another attempt.
    pub fn hurry_one(&mut self, seq: i64, now: Timestamp) {
        if let Some(Item { standing: Standing::Noted(due_at), .. }) = self.open.get_mut(&seq) {
            *due_at = now.min(*due_at);
        }
        self.rank(seq);
    }

    /// Makes all that waits for another attempt due now.
    pub fn hurry(&mut self, now: Timestamp) {
        let waiting: Vec<i64> = self.open.keys().copied().collect();
        for seq in waiting {
            self.hurry_one(seq, now);
        }
    }

    /// Claims an event: it is under way, and nothing else of its thing may be.
    pub fn claim(&mut self, seq: i64) {
        if self.open.contains_key(&seq) {
            self.sending.insert(seq);
        }
        self.rank(seq);
    }

    /// Drops an update that a later one makes obsolete. What it changes, if it did.
    pub fn supersede(&mut self, seq: i64) -> Option<Change> {
        let item = self.open.get(&seq)?;
        let is_replayed = matches!(item.standing, Standing::Replayed { .. });
        if !item.entry.is_update || self.sending.contains(&seq) || is_replayed {
            return None;
        }
        let has_newer = self.line_of(&item.entry)?.range(seq + 1..).any(|later| self.open[later].entry.is_update);
        let has_note = item.standing.has_note();
        has_newer.then(|| {
            self.finish(seq);
            Change::Superseded { seq, has_note }
        })
    }

    /// Notes that an event arrived.
    pub fn delivered(&mut self, seq: i64) -> Option<Change> {
        let item = self.finish(seq)?;
        item.standing.has_note().then_some(Change::Delivered { seq, attempts: item.attempts + 1 })
    }

    /// Notes that an attempt failed and another is due. What waits for it gets a note too, so that the position can pass.
    pub fn retry(&mut self, seq: i64, due_at: Timestamp, error: String) -> Vec<Change> {
        let Some(item) = self.open.get_mut(&seq) else {
            return Vec::new();
        };
        item.attempts += 1;
        item.standing = Standing::Noted(due_at);
        let mut changes = vec![Change::Retrying { seq, attempts: item.attempts, due_at, error }];
        let entry = item.entry.clone();
        self.pending.remove(&seq);
        self.release(seq);
        let behind: Vec<i64> =
            self.line_of(&entry).map_or_else(Vec::new, |line| line.range(seq + 1..).copied().collect());
        for later in behind {
            let is_sending = self.sending.contains(&later);
            let waits = |item: &&mut Item| item.standing == Standing::Pending && !is_sending;
            if let Some(item) = self.open.get_mut(&later).filter(waits) {
                item.standing = Standing::Noted(Timestamp::EPOCH);
                self.pending.remove(&later);
                changes.push(Change::Waiting { seq: later });
            }
            self.rank(later);
        }
        changes
    }

    /// Notes that an event is given up. What waited for it may go.
    pub fn give_up(&mut self, seq: i64, error: String) -> Option<Change> {
        let item = self.finish(seq)?;
        Some(Change::Failed { seq, attempts: item.attempts + 1, error })
    }

    /// Notes that an event is not under way any more, and was not tried.
    pub fn release(&mut self, seq: i64) {
        self.sending.remove(&seq);
        self.rank(seq);
        let first = self.open.get(&seq).and_then(|item| self.line_of(&item.entry)?.first().copied());
        if let Some(first) = first {
            self.rank(first);
        }
    }

    /// Puts all from a place on back to where it was before its first attempt. What is under way stays so.
    pub fn rewind(&mut self, to: i64) -> Change {
        let later: Vec<i64> = self.open.range(to..).map(|(seq, _)| *seq).collect();
        for seq in later {
            let is_sending = self.sending.contains(&seq);
            if let Some(item) = self.remove(seq).filter(|_| is_sending) {
                self.insert(item.entry, Standing::Pending, 0);
                self.claim(seq);
            }
        }
        self.done.retain(|seq| *seq < to);
        self.seen = self.seen.min(to - 1);
        Change::Rewound { seq: to }
    }

    fn insert(&mut self, entry: Entry, standing: Standing, attempts: u32) {
        let seq = entry.seq;
        if let Some(thing) = &entry.thing {
            self.lines.entry(thing.clone()).or_default().insert(seq);
        }
        if standing == Standing::Pending {
            self.pending.insert(seq);
        }
        let follower = self.line_of(&entry).and_then(|line| line.range(seq + 1..).next().copied());
        self.open.insert(seq, Item { entry, standing, attempts, ranked_at: None });
        self.rank(seq);
        if let Some(follower) = follower {
            self.rank(follower);
        }
    }

    fn finish(&mut self, seq: i64) -> Option<Item> {
        let item = self.remove(seq)?;
        self.restore_done(seq);
        Some(item)
    }

    fn remove(&mut self, seq: i64) -> Option<Item> {
        let item = self.open.remove(&seq)?;
        self.pending.remove(&seq);
        self.sending.remove(&seq);
        self.fresh.remove(&seq);
        if let Some(ranked_at) = item.ranked_at {
            self.due.remove(&(ranked_at, seq));
        }
        if let Some(thing) = &item.entry.thing
            && let Some(line) = self.lines.get_mut(thing)
        {
            line.remove(&seq);
            match line.first().copied() {
                Some(next) => self.rank(next),
                None => drop(self.lines.remove(thing)),
            }
        }
        Some(item)
    }

    fn line_of(&self, entry: &Entry) -> Option<&BTreeSet<i64>> {
        self.lines.get(entry.thing.as_ref()?)
    }

    /// Brings up to date whether an event may be sent, and when.
    fn rank(&mut self, seq: i64) {
        let Some(item) = self.open.get(&seq) else {
            return;
        };
        let line = self.line_of(&item.entry);
        let is_first = line.is_none_or(|line| line.first() == Some(&seq));
        // A later one may be under way: the position may have been set back to before this one meanwhile.
        let is_busy = || line.is_some_and(|line| self.sending.iter().any(|other| line.contains(other)));
        // Where the position was set back, an earlier one of its thing may be still to be offered again.
        let may_go = seq <= self.seen && is_first && !self.sending.contains(&seq) && !is_busy();
        let due_at = match item.standing {
            Standing::Noted(due_at) | Standing::Replayed { due_at, .. } if may_go => Some(due_at),
            _ => None,
        };
        if may_go && item.standing == Standing::Pending {
            self.fresh.insert(seq);
        } else {
            self.fresh.remove(&seq);
        }
        if item.ranked_at != due_at {
            self.due.extend(due_at.map(|due_at| (due_at, seq)));
            if let Some(before) = item.ranked_at {
                self.due.remove(&(before, seq));
            }
            if let Some(item) = self.open.get_mut(&seq) {
                item.ranked_at = due_at;
            }
        }
    }
}
