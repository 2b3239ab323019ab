//! Keeps the storage of a portal small. What was delivered goes after `RETENTION_DAYS`. What was not stays much longer. Where the
//! storage is full the oldest goes first, so that there is always room for the next event.
//!
//! There is no alarm for what will be old one day: any alarm looks, and the watchdog does where a portal is quiet.

use super::command::StorageStatus;
use super::{Memory, Portal, delivery, event_log};
use crate::app::log_line::{Level, LogLine};
use crate::app::ports::{PortError, PortalRuntime};
use crate::app::rows::integer;
use crate::domain::notice::{Notice, STORAGE_TOPIC};
use crate::domain::time::Timestamp;

/// How long to let pruning collect, in milliseconds, so that one alarm serves an hour's events.
const PRUNE_EVERY_MILLIS: i64 = 3_600_000;
const MILLIS_PER_DAY: i64 = 86_400_000;
/// Days that an event is kept which a destination still needs, or `RETENTION_DAYS` where that is more: three times the default, and thirty
/// times the three days after which the last attempt fails. A destination that is down for a quarter of a year does not come back.
const MAX_UNDELIVERED_DAYS: u32 = 90;
/// Part of the storage, in percent, at which the operator is warned.
const WARN_PERCENT: i64 = 80;
/// Part of it, in percent, to which it is emptied where it is full, so that not every event makes room for the next alone.
const FULL_PERCENT: i64 = 95;
/// Later than any event was logged.
const END_OF_TIME: i64 = i64::MAX;

/// What is to be deleted.
struct Pruning {
    /// Only what was logged before.
    before: Timestamp,
    /// Only up to this place.
    up_to: i64,
    /// Only as much as it takes to free so many bytes.
    bytes: i64,
    /// Why, where a destination still needs some of it.
    drops_because: Option<&'static str>,
}

impl<R: PortalRuntime> Portal<R> {
    /// When something is to be deleted: now, or at a time that nobody needs to wait for.
    pub(super) fn prune_due_at(&self, memory: &Memory, now: Timestamp) -> Result<Option<Timestamp>, PortError> {
        let is_due = self.next_pruning(memory, now.plus_millis(-PRUNE_EVERY_MILLIS))?.is_some();
        Ok(is_due.then_some(now))
    }

    /// Deletes a bounded number of events whose time is over, and warns where the storage fills.
    pub(super) fn prune(&self) -> Result<(), PortError> {
        let now = self.runtime.now();
        self.warn_if_filling()?;
        let mut memory = self.memory.borrow_mut();
        let Some(memory) = memory.as_mut() else {
            return Ok(());
        };
        let Some(pruning) = self.next_pruning(memory, now)? else {
            return Ok(());
        };
        if self.prune_step(memory, &pruning)? {
            // The destinations have it in memory that these events wait. A run that vanished must not come back to them.
            memory.lanes = self.load_lanes(&memory.registration.member_id, memory.head)?;
            self.started.set(self.started.get().wrapping_add(1));
        }
        Ok(())
    }

    /// How long delivered events are kept.
    pub(super) fn retention_millis(&self) -> i64 {
        i64::from(self.config.retention_days) * MILLIS_PER_DAY
    }

    /// How full the storage is.
    pub(super) fn storage_status(&self) -> Result<StorageStatus, PortError> {
        let (bytes, limit_bytes) = (self.runtime.size()?, self.config.portal_storage_bytes);
        Ok(StorageStatus { bytes, limit_bytes, dropped: self.dropped()? })
    }

    fn dropped(&self) -> Result<i64, PortError> {
        let rows = self.runtime.query("SELECT dropped FROM portal", &[])?;
        rows.first().map_or(Ok(0), |row| integer(row, 0))
    }

    fn next_pruning(&self, memory: &Memory, now: Timestamp) -> Result<Option<Pruning>, PortError> {
        // Asked after every run: one row tells that there is nothing to prune yet. The newest row stays, from which `seq` goes on.
        let oldest = event_log::oldest(&self.runtime)?.filter(|(seq, _)| *seq < memory.head);
        let Some((oldest, logged_at)) = oldest else {
            return Ok(None);
        };
        let (size, limit) = (self.runtime.size()?, self.config.portal_storage_bytes);
        let is_full = size > limit;
        let bytes = if is_full { size - limit / 100 * FULL_PERCENT } else { i64::MAX };
        let days_ago =
            |days: u32| if is_full { END_OF_TIME } else { now.as_millis() - i64::from(days) * MILLIS_PER_DAY };
        let (kept, newest_but_one) = (self.config.retention_days, memory.head - 1);
        let undelivered_from = memory.undelivered_from();
        let (before, up_to, drops_because) = if oldest < undelivered_from {
            (days_ago(kept), newest_but_one.min(undelivered_from - 1), None)
        } else {
            let too_old = "they were not delivered in the longest time that events are kept";
            let reason = if is_full { "the storage is full" } else { too_old };
            (days_ago(kept.max(MAX_UNDELIVERED_DAYS)), newest_but_one, Some(reason))
        };
        let pruning = Pruning { before: Timestamp::from_millis(before), up_to, bytes, drops_because };
        Ok((logged_at < pruning.before).then_some(pruning))
    }

    /// Deletes the next few events. Whether a destination still needed one.
    fn prune_step(&self, memory: &Memory, pruning: &Pruning) -> Result<bool, PortError> {
        let Some((first, last)) = event_log::prunable(&self.runtime, pruning.before, pruning.up_to, pruning.bytes)?
        else {
            return Ok(false);
        };
        let is_needed = |seq: &i64| memory.lanes.iter().any(|lane| lane.needs(*seq));
        let dropped = i64::try_from((first..=last).filter(is_needed).count()).unwrap_or(i64::MAX);
        self.runtime.transaction(|| {
            event_log::delete_up_to(&self.runtime, last)?;
            delivery::delete_up_to(&self.runtime, last)?;
            if dropped > 0 {
                self.runtime.query("UPDATE destination SET cursor = MAX(cursor, ?)", &[last.into()])?;
                self.runtime.query("UPDATE portal SET dropped = dropped + ?", &[dropped.into()])?;
                let reason = pruning.drops_because.unwrap_or_default().to_owned();
                let dropped = self.dropped()?;
                self.notify(Notice::EventsDropped { dropped, up_to_seq: last, reason })?;
            }
            Ok(())
        })?;
        if dropped > 0 {
            let line = LogLine::new(Level::Error, "events dropped")
                .with("member_id", memory.registration.member_id.as_str())
                .with("events", dropped)
                .with("first_seq", first)
                .with("last_seq", last)
                .with("error", pruning.drops_because);
            self.runtime.write(line);
        }
        Ok(dropped > 0)
    }

    /// Warns while there is still room: once in the log, and by a notice that is repeated.
    fn warn_if_filling(&self) -> Result<(), PortError> {
        let (bytes, limit_bytes) = (self.runtime.size()?, self.config.portal_storage_bytes);
        let is_filling = bytes >= limit_bytes / 100 * WARN_PERCENT;
        if !is_filling {
            self.is_filling.set(false);
            return self.end_notice(STORAGE_TOPIC);
        }
        if !self.is_filling.replace(true) {
            let line = self.line(Level::Warn, "storage filling").with("bytes", bytes);
            self.runtime.write(line.with("limit_bytes", limit_bytes));
        }
        self.notify(Notice::StorageFilling { bytes, limit_bytes })
    }
}
