//! Reads the log for a destination. Several rows at once: a query for each takes longer than all that is done with the row.

use super::Lane;
use crate::app::portal::event_log::{self, LogEntry, StoredEvent};
use crate::app::ports::{PortError, Sql};
use crate::domain::delivery::dispatcher::{MAX_BATCH_BYTES, MAX_BATCH_EVENTS};
use crate::domain::delivery::queue::Entry;
use crate::domain::delivery::thing::{Thing, is_update};
use crate::domain::destination::Destination;
use crate::domain::time::Timestamp;

/// Entries of the log that are read at once, at most.
const MAX_READ_STEP: u32 = 100;
/// Entries that one search for the next event to send looks at.
const MAX_LOOKED_AT: u32 = 1_000;

impl Lane {
    /// Offers more of the log, as far as that is needed to tell what goes next.
    pub fn read_log(&mut self, sql: &impl Sql, head: i64, now: Timestamp) -> Result<(), PortError> {
        let Some(destination) = &self.destination else {
            return Ok(());
        };
        let (mut looked_at, mut step) = (0, 0);
        let mut changes = Vec::new();
        while looked_at < MAX_LOOKED_AT && self.dispatcher.queue.seen() < head {
            let wanted = self.dispatcher.wants_more(now);
            if wanted == 0 {
                break;
            }
            // Ever more where a filter leaves nothing of it.
            step = u32::try_from(wanted).unwrap_or(MAX_READ_STEP).max(2 * step).min(MAX_READ_STEP);
            let entries = event_log::entries_behind(sql, self.dispatcher.queue.seen(), step)?;
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                if !self.dispatcher.queue.has_room() {
                    break;
                }
                looked_at += 1;
                let is_wanted = is_wanted(destination, &entry);
                changes.extend(self.dispatcher.queue.offer(Self::queue_entry(&entry), is_wanted));
            }
        }
        self.note(sql, &changes, false, now)
    }

    /// Reads an event that was claimed, and those with it that stand behind it in the log and go with it or next.
    pub fn take_event(&mut self, sql: &impl Sql, seq: i64) -> Result<Option<StoredEvent>, PortError> {
        if let Some(event) = self.read_ahead.remove(&seq) {
            return Ok(Some(event));
        }
        let queue = &self.dispatcher.queue;
        // What is sent again goes among others, and alone.
        if !queue.is_pending(seq) {
            return event_log::event(sql, seq);
        }
        self.read_ahead = event_log::events(sql, seq, queue.last_beside(seq, MAX_BATCH_EVENTS, MAX_BATCH_BYTES))?;
        Ok(self.read_ahead.remove(&seq))
    }

    /// An entry of the log, as the queue knows it.
    pub(in crate::app::portal::delivery) fn queue_entry(entry: &LogEntry) -> Entry {
        Entry {
            seq: entry.seq,
            thing: Thing::of(&entry.event_type, entry.subject.as_deref()),
            is_update: is_update(&entry.event_type),
            bytes: entry.bytes(),
        }
    }
}

fn is_wanted(destination: &Destination, entry: &LogEntry) -> bool {
    !entry.removed && destination.wants(&entry.event_type)
}
