//! Tells how a portal stands, and reads its log.

use super::command::{HeldStatus, LogPage, LogQuery, LoggedEvent, OwnedConfigError, PortalReply, PortalStatus};
use super::{Memory, Portal, consumers, event_log};
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::held::HeldCount;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

impl<R: PortalRuntime> Portal<R> {
    /// All about the portal.
    pub(super) fn status(&self) -> Result<PortalReply, PortError> {
        let memory = self.memory.borrow();
        let Some(memory) = memory.as_ref() else {
            return Ok(PortalReply::UnknownPortal);
        };
        let Memory { registration, held, .. } = memory;
        Ok(PortalReply::Portal(Box::new(PortalStatus {
            member_id: registration.member_id.clone(),
            domain: registration.domain.clone(),
            state: registration.state(),
            tokens: registration.tokens.clone(),
            log: event_log::status(&self.runtime)?,
            storage: self.storage_status()?,
            delivery: self.delivery_status(memory)?,
            destinations: self.configured_destinations(memory)?,
            held: held.index().counts(&registration.member_id).into_iter().map(HeldStatus::from).collect(),
            application: self.application_status(),
            record: None,
            configuration_errors: self.config.errors.iter().map(OwnedConfigError::from).collect(),
        })))
    }

    /// A part of the log.
    pub(super) fn read_log(&self, query: &LogQuery) -> Result<PortalReply, PortError> {
        let memory = self.memory.borrow();
        let Some(memory) = memory.as_ref() else {
            return Ok(PortalReply::UnknownPortal);
        };
        let query = match &query.consumer {
            Some(name) => &LogQuery { after: consumers::position(&self.runtime, name)?, ..query.clone() },
            None => query,
        };
        let (entries, next) = event_log::select(&self.runtime, query)?;
        let mut stored = BTreeMap::new();
        // Where no filter leaves gaps, one query reads them all.
        for run in entries.chunk_by(|one, next| next.seq == one.seq + 1) {
            if let (Some(first), Some(last)) = (run.first(), run.last()) {
                stored.extend(event_log::events(&self.runtime, first.seq, last.seq)?);
            }
        }
        let mut events = Vec::with_capacity(entries.len());
        for (entry, state) in entries.iter().zip(self.delivery_states(memory, &entries)?) {
            let unreadable = || PortError::new("log.read", &format!("event {} cannot be read", entry.seq));
            let stored = stored.remove(&entry.seq).ok_or_else(unreadable)?;
            let event = RawValue::from_string(stored.json).map_err(|error| PortError::new("log.read", &error))?;
            events.push(LoggedEvent { seq: entry.seq, state, event });
        }
        Ok(PortalReply::Log(LogPage { events, next }))
    }
}

impl From<HeldCount> for HeldStatus {
    fn from(count: HeldCount) -> Self {
        Self { sha256: count.hash, events: count.events, oldest: count.oldest.to_rfc3339_millis() }
    }
}
