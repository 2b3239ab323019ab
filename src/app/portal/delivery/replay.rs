//! A replay at work: what is done is sent again, at a rate, behind what is new.
//!
//! A replay is one row with the place that it has come to, whatever it sends. It hands a few events at a time to the queue of its
//! destination, which sees to their order and that nothing is sent twice at once. One that then fails is a delivery like any
//! other, with a row of its own.

use super::lane::{CURSOR_STEP, Lane};
use super::records;
use crate::app::portal::command::DeliveryState;
use crate::app::portal::delivery_command::ReplayStatus;
use crate::app::portal::event_log::{self, LogEntry};
use crate::app::ports::{PortError, Sql};
use crate::app::rows::{Row, integer, optional_text};
use crate::domain::delivery::circuit::Admission;
use crate::domain::delivery::queue::Queue;
use crate::domain::time::Timestamp;
use std::collections::BTreeSet;

/// Events of one replay that wait in the queue at once: a crash repeats at most so many, and so many that are being sent.
const MAX_QUEUED: usize = 100;
/// Events of the log that one step looks at, so that a filter that fits nothing does not hold up a run.
const MAX_LOOKED_AT: usize = 1_000;
/// Entries of the log that are read at once.
const READ_STEP: u32 = 100;
/// How often a replay hands over events, in milliseconds: as many as its rate allows in a second.
const STEP_MILLIS: i64 = 1_000;

/// A replay.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Its number.
    pub id: i64,
    /// The next event that it looks at.
    pub next: i64,
    /// The last one.
    pub last: i64,
    /// What it sends; all that is done where it is absent.
    pub state: Option<DeliveryState>,
    /// Events per second at most.
    pub rate: u32,
    /// Events handed over.
    pub replayed: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// What storage has: the place, and how many were handed over.
    saved: (i64, i64),
    /// Handed over, and neither delivered nor failed yet.
    queued: BTreeSet<i64>,
    /// When it hands over more.
    due_at: Timestamp,
}

impl Replay {
    /// A replay of the events between two places, both included.
    #[must_use]
    pub fn new(id: i64, first: i64, last: i64, state: Option<DeliveryState>, rate: u32, now: Timestamp) -> Self {
        Self {
            id,
            next: first,
            last,
            state,
            rate,
            replayed: 0,
            created_at: now,
            saved: (first, 0),
            queued: BTreeSet::new(),
            due_at: now,
        }
    }

    /// The replays of a destination.
    pub fn load_all(sql: &impl Sql, destination: &str) -> Result<Vec<Self>, PortError> {
        let query = "SELECT id, next, last, state, rate, replayed, created_at FROM replay
            WHERE destination = ? ORDER BY created_at, id";
        sql.query(query, &[destination.into()])?.iter().map(Self::read).collect()
    }

    fn read(row: &Row) -> Result<Self, PortError> {
        let state = optional_text(row, 3)?;
        let known = state.and_then(DeliveryState::of_row);
        if known.is_none() && state.is_some() {
            return Err(PortError::new("replay.read", "unknown state"));
        }
        let rate = u32::try_from(integer(row, 4)?).unwrap_or(1);
        let created_at = Timestamp::from_millis(integer(row, 6)?);
        let mut replay = Self::new(integer(row, 0)?, integer(row, 1)?, integer(row, 2)?, known, rate, created_at);
        replay.replayed = integer(row, 5)?;
        replay.saved = (replay.next, replay.replayed);
        Ok(replay)
    }

    /// Writes a new one. One row written.
    pub fn insert(&self, sql: &impl Sql, destination: &str) -> Result<(), PortError> {
        let values = [
            self.id.into(),
            destination.into(),
            self.next.into(),
            self.last.into(),
            self.state.map(DeliveryState::as_row).into(),
            i64::from(self.rate).into(),
            self.replayed.into(),
            self.created_at.as_millis().into(),
        ];
        let insert = "INSERT INTO replay (id, destination, next, last, state, rate, replayed, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        sql.query(insert, &values).map(drop)
    }

    /// Forgets a replay, wherever it sends.
    pub fn delete(sql: &impl Sql, id: i64) -> Result<(), PortError> {
        sql.query("DELETE FROM replay WHERE id = ?", &[id.into()]).map(drop)
    }

    /// Whether a delivery is one that it sends again. What is still to be delivered needs none, and what the destination
    /// does not want gets none.
    #[must_use]
    pub fn fits(state: Option<DeliveryState>, delivery: DeliveryState) -> bool {
        let is_done = matches!(delivery, DeliveryState::Delivered | DeliveryState::Failed | DeliveryState::Superseded);
        is_done && state.is_none_or(|state| state == delivery)
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self, destination: &str) -> ReplayStatus {
        ReplayStatus {
            id: self.id,
            destination: destination.to_owned(),
            state: self.state,
            rate: self.rate,
            next: self.position(),
            last: self.last,
            replayed: self.replayed,
            created_at: self.created_at.to_rfc3339_millis(),
        }
    }

    /// Takes back what waits in the queue, but for what others count on.
    pub fn withdraw(&self, queue: &mut Queue, others: &[Self]) {
        for seq in self.queued.iter().filter(|seq| !others.iter().any(|other| other.queued.contains(seq))) {
            queue.withdraw(*seq);
        }
    }

    /// Where it begins again after a crash.
    fn position(&self) -> i64 {
        self.queued.first().map_or(self.next, |seq| self.next.min(*seq))
    }

    fn is_finished(&self) -> bool {
        self.next > self.last && self.queued.is_empty()
    }

    /// Forgets what is not its matter any more: it was delivered, or has a row.
    fn settle(&mut self, queue: &Queue) {
        self.queued.retain(|seq| queue.is_replayed(*seq));
    }

    /// Writes the place down, where storage has an older one; deletes the row of one that is finished.
    fn save(&mut self, sql: &impl Sql, destination: &str) -> Result<(), PortError> {
        let stands = (self.position(), self.replayed);
        if self.is_finished() {
            let delete = "DELETE FROM replay WHERE id = ? AND destination = ?";
            sql.query(delete, &[self.id.into(), destination.into()])?;
        } else if stands != self.saved {
            let update = "UPDATE replay SET next = ?, replayed = ? WHERE id = ? AND destination = ?";
            sql.query(update, &[stands.0.into(), stands.1.into(), self.id.into(), destination.into()])?;
        }
        self.saved = stands;
        Ok(())
    }

    /// When it has something to hand over.
    fn due_at(&self, queue: &Queue) -> Option<Timestamp> {
        let has_more = self.next <= self.last && !queue.is_done_ahead(self.next);
        let has_room = has_more && self.queued.len() < MAX_QUEUED;
        (has_room || self.is_finished()).then_some(self.due_at)
    }
}

impl Lane {
    /// Hands over what the replays may send now. An open circuit takes one event, where it has nothing else to probe with.
    pub fn feed_replays(&mut self, sql: &impl Sql, now: Timestamp) -> Result<(), PortError> {
        let limit = match self.dispatcher.admission(now) {
            Some(Admission::All) => MAX_QUEUED,
            Some(Admission::Probe) => 1,
            Some(Admission::NotBefore(_)) | None => return Ok(()),
        };
        if self.destination.is_none() {
            return Ok(());
        }
        // Taken out, since the states of deliveries are asked meanwhile. Where that fails, memory is read again.
        let mut replays = std::mem::take(&mut self.replays);
        for replay in &mut replays {
            replay.settle(&self.dispatcher.queue);
            if replay.due_at <= now && replay.queued.len() < limit {
                self.feed(replay, limit - replay.queued.len(), sql, now)?;
            }
        }
        self.replays = replays;
        // A run may be long: a crash repeats no more than of first deliveries. And one that is finished would be due for ever.
        let must_save = |replay: &Replay| replay.is_finished() || replay.replayed - replay.saved.1 >= CURSOR_STEP;
        if self.replays.iter().any(must_save) {
            self.save_replays(sql)?;
        }
        Ok(())
    }

    fn feed(&mut self, replay: &mut Replay, room: usize, sql: &impl Sql, now: Timestamp) -> Result<(), PortError> {
        let quota = room.min(replay.rate as usize);
        let is_single = replay.saved.0 == replay.last;
        let (mut fed, mut looked_at) = (0, 0);
        'log: while replay.next <= replay.last && fed < quota && looked_at < MAX_LOOKED_AT {
            let entries = event_log::entries_behind(sql, replay.next - 1, READ_STEP)?;
            let entries: Vec<LogEntry> = entries.into_iter().take_while(|entry| entry.seq <= replay.last).collect();
            let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
                replay.next = replay.last + 1;
                break;
            };
            let noted = records::states(sql, &self.name, first.seq, last.seq)?;
            for (entry, state) in entries.iter().zip(self.states(sql, &entries)?) {
                let fits = Replay::fits(replay.state, state);
                // The log was taken up from before it, and an earlier event of its thing may have to go first.
                if fits && self.dispatcher.queue.is_done_ahead(entry.seq) {
                    replay.next = entry.seq;
                    break 'log;
                }
                replay.next = entry.seq + 1;
                looked_at += 1;
                if is_single {
                    self.dispatcher.queue.hurry_one(entry.seq, now);
                }
                // What was obsolete gets a note when it is delivered, so that it is not told to be obsolete any more.
                let has_note = noted.contains_key(&entry.seq) || state == DeliveryState::Superseded;
                let queue = &mut self.dispatcher.queue;
                // What another replay has handed over counts for both, and stays where that one is cancelled.
                if fits && (queue.replay(Self::queue_entry(entry), has_note, now) || queue.is_replayed(entry.seq)) {
                    replay.queued.insert(entry.seq);
                    fed += 1;
                }
                if fed == quota {
                    break;
                }
            }
        }
        replay.replayed += i64::try_from(fed).unwrap_or(i64::MAX);
        if fed > 0 {
            replay.due_at = now.plus_millis(STEP_MILLIS);
        }
        Ok(())
    }

    /// When a replay has something to do.
    pub(super) fn replays_due_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.destination.as_ref()?;
        let earliest = match self.dispatcher.admission(now)? {
            Admission::NotBefore(until) => until,
            Admission::Probe if self.dispatcher.queue.is_sending() || self.has_queued_replays() => return None,
            Admission::Probe | Admission::All => now,
        };
        let due_at = self.replays.iter().filter_map(|replay| replay.due_at(&self.dispatcher.queue)).min()?;
        Some(due_at.max(earliest))
    }

    fn has_queued_replays(&self) -> bool {
        self.replays.iter().any(|replay| !replay.queued.is_empty())
    }

    /// Whether storage has older places of the replays.
    pub(super) fn has_replays_to_save(&mut self) -> bool {
        for replay in &mut self.replays {
            replay.settle(&self.dispatcher.queue);
        }
        let is_news = |replay: &Replay| replay.is_finished() || (replay.position(), replay.replayed) != replay.saved;
        self.replays.iter().any(is_news)
    }

    /// Writes the places of the replays down, and ends those that are finished.
    pub(super) fn save_replays(&mut self, sql: &impl Sql) -> Result<(), PortError> {
        for replay in &mut self.replays {
            replay.save(sql, &self.name)?;
        }
        self.replays.retain(|replay| !replay.is_finished());
        Ok(())
    }
}
