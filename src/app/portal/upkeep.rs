//! What a portal's object does besides sending: it keeps KV and the Directory up to date, and its storage small.

use super::command::HeldStatus;
use super::lease::Claim;
use super::registration::Registration;
use super::{Memory, Portal, Reported, delivery, event_log};
use crate::app::directory::command::{DirectoryCommand, DirectoryReply, PortalReport, failure};
use crate::app::log_line::{Level, LogLine};
use crate::app::ports::{Directory, Kv, PortError, PortalRuntime};
use crate::domain::time::Timestamp;

/// When KV or the Directory, which could not be told, is told again, in milliseconds.
const TELL_RETRY_MILLIS: i64 = 30_000;
/// How old the number of events in the Directory's report may be, in milliseconds: a report is one more request.
const REPORT_EVERY_MILLIS: i64 = 3_600_000;
/// How long to let pruning collect, in milliseconds, so that one alarm serves an hour's events.
const PRUNE_EVERY_MILLIS: i64 = 3_600_000;
const MILLIS_PER_DAY: i64 = 86_400_000;

/// How a portal's record is found in KV.
pub const RECORD_KEY_PREFIX: &str = "install:";

impl<R: PortalRuntime> Portal<R> {
    /// Does what is due.
    pub(super) async fn upkeep(&self, claim: &Claim<'_>) -> Result<(), PortError> {
        self.finish_releases(claim).await?;
        self.write_record().await?;
        self.report().await?;
        self.expire_and_prune()
    }

    /// When something is due.
    pub(super) fn upkeep_due_at(&self, memory: &Memory) -> Result<Option<Timestamp>, PortError> {
        let prunable_up_to = prunable_up_to(memory);
        let prune_at = event_log::first_logged_at(&self.runtime)?
            .filter(|(oldest, _)| *oldest <= prunable_up_to)
            .map(|(_, logged_at)| logged_at.plus_millis(self.retention_millis() + PRUNE_EVERY_MILLIS));
        let due = [
            memory.registration.record_due_at,
            memory.registration.report_due_at,
            memory.held.index().next_expiry(),
            self.release_due_at()?,
            prune_at,
        ];
        Ok(due.into_iter().flatten().min())
    }

    /// Tells the Directory where the portal has become idle or busy since it was last told, or has new events and was not heard
    /// of for a while. Called by the alarm, so never while an event is accepted.
    pub(super) async fn report_if_changed(&self) -> Result<(), PortError> {
        let is_busy = self.has_undelivered();
        {
            let mut memory = self.memory.borrow_mut();
            let now = self.runtime.now();
            let is_news = |memory: &&mut Memory| {
                memory.reported.is_none_or(|reported| {
                    reported.is_busy != is_busy
                        || (reported.head != memory.head && now.millis_since(reported.at) >= REPORT_EVERY_MILLIS)
                })
            };
            let Some(memory) = memory.as_mut().filter(is_news) else {
                return Ok(());
            };
            memory.registration.report_due_at = Some(now);
        }
        self.report().await
    }

    fn has_undelivered(&self) -> bool {
        let memory = self.memory.borrow();
        memory.as_ref().is_some_and(|memory| memory.undelivered_from() <= memory.head)
    }

    /// Writes the record to KV, where it is out of date.
    async fn write_record(&self) -> Result<(), PortError> {
        let now = self.runtime.now();
        let (key, record, json, due_at) = {
            let memory = self.memory.borrow();
            let Some(registration) = memory.as_ref().map(|memory| &memory.registration) else {
                return Ok(());
            };
            let Some(due_at) = registration.record_due_at.filter(|due_at| *due_at <= now) else {
                return Ok(());
            };
            let record = registration.record(now);
            let json = serde_json::to_string(&record).map_err(|error| PortError::new("record.write", &error))?;
            let key = format!("{RECORD_KEY_PREFIX}{}", registration.member_id);
            (key, record, json, due_at)
        };
        let next_due_at = match Kv::put(&self.runtime, &key, &json).await {
            Ok(()) => None,
            Err(error) => {
                self.runtime.write(LogLine::new(Level::Warn, "record not written").with("error", error.to_string()));
                Some(self.runtime.now().plus_millis(TELL_RETRY_MILLIS))
            }
        };
        let mut memory = self.memory.borrow_mut();
        // What was changed while KV was busy is still to be told, be it in the same millisecond.
        let is_told = |registration: &Registration| {
            registration.record_due_at == Some(due_at) && registration.record(now) == record
        };
        if let Some(memory) = memory.as_mut().filter(|memory| is_told(&memory.registration)) {
            let value = next_due_at.map(Timestamp::as_millis).into();
            self.runtime.query("UPDATE portal SET record_due_at = ?", &[value])?;
            memory.registration.record_due_at = next_due_at;
        }
        Ok(())
    }

    /// Tells the Directory how things stand, where it is out of date.
    async fn report(&self) -> Result<(), PortError> {
        let now = self.runtime.now();
        // Asked after every run, so nothing is looked up before it is certain that there is something to tell.
        let is_due = |memory: &Memory| memory.registration.report_due_at.is_some_and(|due_at| due_at <= now);
        if !self.memory.borrow().as_ref().is_some_and(is_due) {
            return Ok(());
        }
        let is_busy = self.has_undelivered();
        let next_due_at = self.next_due_at(now)?;
        let (report, due_at, head) = {
            let memory = self.memory.borrow();
            let Some(memory) = memory.as_ref() else {
                return Ok(());
            };
            let due_at = memory.registration.report_due_at;
            let report = PortalReport {
                member_id: memory.registration.member_id.clone(),
                domain: memory.registration.domain.clone(),
                state: memory.registration.state(),
                last_seq: memory.head,
                delivery: self.delivery_status(memory)?,
                held: memory
                    .held
                    .index()
                    .counts(&memory.registration.member_id)
                    .into_iter()
                    .map(HeldStatus::from)
                    .collect(),
                reported_at: now.to_rfc3339_millis(),
            };
            (report, due_at, memory.head)
        };
        let told =
            Directory::call(&self.runtime, &DirectoryCommand::Report { report: Box::new(report), next_due_at }).await;
        let next_due_at = if matches!(told, Ok(DirectoryReply::Done)) {
            None
        } else {
            self.runtime.write(LogLine::new(Level::Warn, "directory not told").with("error", failure(&told)));
            Some(self.runtime.now().plus_millis(TELL_RETRY_MILLIS))
        };
        let mut memory = self.memory.borrow_mut();
        if let Some(memory) = memory.as_mut().filter(|memory| memory.registration.report_due_at == due_at) {
            let value = next_due_at.map(Timestamp::as_millis).into();
            self.runtime.query("UPDATE portal SET report_due_at = ?", &[value])?;
            memory.registration.report_due_at = next_due_at;
            memory.reported = Some(Reported { at: now, head, is_busy });
        }
        Ok(())
    }

    fn expire_and_prune(&self) -> Result<(), PortError> {
        let now = self.runtime.now();
        let mut memory = self.memory.borrow_mut();
        let Some(memory) = memory.as_mut() else {
            return Ok(());
        };
        let expired = memory.held.expire(&self.runtime, now)?;
        if expired > 0 {
            self.runtime.write(LogLine::new(Level::Warn, "held events expired").with("events", expired));
        }
        // Asked after every run: one row tells that there is nothing to prune yet.
        let before = now.plus_millis(-self.retention_millis());
        if event_log::first_logged_at(&self.runtime)?.is_none_or(|(_, logged_at)| logged_at >= before) {
            return Ok(());
        }
        let up_to = prunable_up_to(memory);
        let pruned = event_log::prune(&self.runtime, before, up_to)?;
        if pruned > 0 {
            let first = event_log::status(&self.runtime)?.first_seq;
            delivery::delete_up_to(&self.runtime, first - 1)?;
        }
        Ok(())
    }

    fn retention_millis(&self) -> i64 {
        i64::from(self.config.retention_days) * MILLIS_PER_DAY
    }
}

/// The last place that may be pruned: what waits to be delivered stays, and so does the newest row, from which `seq` goes on.
fn prunable_up_to(memory: &Memory) -> i64 {
    (memory.undelivered_from() - 1).min(memory.head - 1)
}
