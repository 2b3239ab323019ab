//! Replays as `Lane` has them, without rates and filters: a place in storage, and a few events in the queue.

use super::{Note, World};
use bitrix24_edge_relay::domain::delivery::circuit::Admission;
use bitrix24_edge_relay::domain::time::Timestamp;
use std::collections::BTreeSet;

/// Events of one replay in the queue at once; few, so that short histories reach it.
const MAX_QUEUED: usize = 3;

pub struct Replay {
    next: i64,
    last: i64,
    /// The place that storage has.
    saved: i64,
    queued: BTreeSet<i64>,
    /// What was done when it began, and has not been sent since.
    owed: BTreeSet<i64>,
}

impl Replay {
    /// The object is gone, and with it what storage does not have.
    pub fn forget(&mut self) {
        self.next = self.saved;
        self.queued.clear();
    }

    /// These events have arrived, or were given up.
    pub fn settle_debt(&mut self, events: &[i64]) {
        self.owed.retain(|seq| !events.contains(seq));
    }

    fn is_finished(&self) -> bool {
        self.next > self.last && self.queued.is_empty()
    }
}

impl World {
    /// Begins a replay.
    pub(super) fn replay(&mut self, from: u8, to: u8) {
        let place = |percent: u8| self.head() * i64::from(percent) / 100;
        let (next, last) = (place(from) + 1, place(to));
        let owed = (next..=last).filter(|seq| self.is_done(*seq)).collect();
        self.replays.push(Replay { next, last, saved: next, queued: BTreeSet::new(), owed });
    }

    pub(super) fn cancel(&mut self, which: usize) {
        if !self.replays.is_empty() {
            let cancelled = self.replays.remove(which % self.replays.len());
            for seq in cancelled.queued {
                if !self.replays.iter().any(|other| other.queued.contains(&seq)) {
                    self.dispatcher.queue.withdraw(seq);
                }
            }
        }
    }

    /// What `Lane::feed_replays` does.
    pub(super) fn feed_replays(&mut self) {
        let limit = match self.dispatcher.admission(self.now) {
            Some(Admission::All) => MAX_QUEUED,
            Some(Admission::Probe) => 1,
            Some(Admission::NotBefore(_)) | None => return,
        };
        let mut replays = std::mem::take(&mut self.replays);
        for replay in &mut replays {
            replay.queued.retain(|seq| self.dispatcher.queue.is_replayed(*seq));
            while replay.next <= replay.last && replay.queued.len() < limit {
                let (seq, is_done) = (replay.next, self.is_done(replay.next));
                if is_done && self.dispatcher.queue.is_done_ahead(seq) {
                    break;
                }
                let has_note = self.notes.contains_key(&seq) || self.is_superseded(seq);
                let entry = self.entry(seq);
                let queue = &mut self.dispatcher.queue;
                if is_done && (queue.replay(entry, has_note, self.now) || queue.is_replayed(seq)) {
                    replay.queued.insert(seq);
                }
                replay.next += 1;
            }
        }
        self.replays = replays;
    }

    /// Whether the API says that an event is done.
    fn is_done(&self, seq: i64) -> bool {
        match self.notes.get(&seq) {
            Some(Note::Waiting | Note::Retrying(..)) => false,
            Some(Note::Failed | Note::Delivered | Note::Superseded) => true,
            None => self.is_superseded(seq) || !self.dispatcher.queue.is_to_come(seq),
        }
    }

    /// Writes their places down.
    pub(super) fn save_replays(&mut self) {
        for replay in &mut self.replays {
            replay.queued.retain(|seq| self.dispatcher.queue.is_replayed(*seq));
            replay.saved = replay.queued.first().map_or(replay.next, |seq| replay.next.min(*seq));
        }
    }

    /// When there is something to do, as `Lane::due_at` has it.
    pub(super) fn next_due_at(&self) -> Option<Timestamp> {
        let own = self.dispatcher.next_due_at(self.head(), self.now);
        own.into_iter().chain(self.replays_due_at()).min()
    }

    fn replays_due_at(&self) -> Option<Timestamp> {
        let has_queued = self.replays.iter().any(|replay| !replay.queued.is_empty());
        let earliest = match self.dispatcher.admission(self.now)? {
            Admission::NotBefore(until) => until,
            Admission::Probe if self.dispatcher.queue.is_sending() || has_queued => return None,
            Admission::Probe | Admission::All => self.now,
        };
        let has_more =
            |replay: &Replay| replay.next <= replay.last && !self.dispatcher.queue.is_done_ahead(replay.next);
        let has_room = |replay: &Replay| has_more(replay) && replay.queued.len() < MAX_QUEUED;
        self.replays.iter().any(has_room).then_some(earliest)
    }

    /// Each replay that was not cancelled has sent what it owed, and has ended.
    pub(super) fn check_replays(&self) {
        for replay in &self.replays {
            assert!(replay.owed.is_empty(), "{:?} was to be sent again, and was not", replay.owed);
            assert!(replay.is_finished(), "{} to {} is left of a replay", replay.next, replay.last);
        }
    }
}
