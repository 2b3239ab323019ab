//! What a portal's object does besides sending: it keeps KV and the Directory up to date, and its storage small.

use super::lease::Claim;
use super::registration::Registration;
use super::{Memory, Portal};
use crate::app::kv_record::RECORD_KEY_PREFIX;
use crate::app::log_line::{Level, LogLine};
use crate::app::ports::{Kv, PortError, PortalRuntime};
use crate::domain::time::Timestamp;

/// When KV or the Directory, which could not be told, is told again, in milliseconds.
pub const TELL_RETRY_MILLIS: i64 = 30_000;

impl<R: PortalRuntime> Portal<R> {
    /// Does what is due.
    pub(super) async fn upkeep(&self, claim: &Claim<'_>) -> Result<(), PortError> {
        self.finish_releases(claim).await?;
        self.write_record().await?;
        self.report().await?;
        self.forget_destinations()?;
        self.expire()?;
        self.prune()
    }

    /// When something is due, other than a report.
    pub(super) fn upkeep_due_at(&self, memory: &Memory, now: Timestamp) -> Result<Option<Timestamp>, PortError> {
        let due = [
            memory.registration.record_due_at,
            memory.held.index().next_expiry(),
            self.release_due_at()?,
            self.forgetting_due_at()?,
            self.prune_due_at(memory, now)?,
        ];
        Ok(due.into_iter().flatten().min())
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
        let next_due_at = match Kv::put(&self.runtime, &key, &json, None).await {
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

    fn expire(&self) -> Result<(), PortError> {
        let now = self.runtime.now();
        let mut memory = self.memory.borrow_mut();
        let Some(memory) = memory.as_mut() else {
            return Ok(());
        };
        let expired = memory.held.expire(&self.runtime, now)?;
        if expired > 0 {
            self.runtime.write(LogLine::new(Level::Warn, "held events expired").with("events", expired));
        }
        Ok(())
    }
}
