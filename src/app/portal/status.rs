//! Tells how a portal stands, and reads its log.

use super::command::{
    DeliveryStatus, HeldStatus, LogPage, LogQuery, LoggedEvent, OwnedConfigError, PortalReply, PortalStatus,
};
use super::{Memory, Portal, deliveries, event_log};
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::held::HeldCount;
use crate::domain::time::Timestamp;
use serde_json::value::RawValue;

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
            delivery: self.delivery_status(memory)?,
            held: held.index().counts(&registration.member_id).into_iter().map(HeldStatus::from).collect(),
            configuration_errors: self.config.errors.iter().map(OwnedConfigError::from).collect(),
        })))
    }

    /// How far deliveries are. Where there is no destination, all is as good as delivered.
    pub(super) fn delivery_status(&self, memory: &Memory) -> Result<DeliveryStatus, PortError> {
        let position = match &memory.cursor {
            Some(cursor) if self.forwards() => cursor.position,
            _ => memory.head,
        };
        let noted = deliveries::status(&self.runtime)?;
        let circuit = self.circuit.borrow();
        Ok(DeliveryStatus {
            cursor: position,
            pending: memory.head - position,
            circuit_open_until: circuit.open_until(self.runtime.now()).map(Timestamp::to_rfc3339_millis),
            last_error: circuit.reason().map(str::to_owned).or(noted.last_error),
            ..noted
        })
    }

    /// A part of the log.
    pub(super) fn read_log(&self, query: &LogQuery) -> Result<PortalReply, PortError> {
        let memory = self.memory.borrow();
        let Some(memory) = memory.as_ref() else {
            return Ok(PortalReply::UnknownPortal);
        };
        let (entries, next) = event_log::select(&self.runtime, query)?;
        let mut events = Vec::with_capacity(entries.len());
        for entry in &entries {
            let (_, json) = event_log::event(&self.runtime, entry.seq)?;
            let event = RawValue::from_string(json).map_err(|error| PortError::new("log.read", &error))?;
            events.push(LoggedEvent { seq: entry.seq, state: self.delivery_state(memory, entry)?, event });
        }
        Ok(PortalReply::Log(LogPage { events, next }))
    }
}

impl From<HeldCount> for HeldStatus {
    fn from(count: HeldCount) -> Self {
        Self { sha256: count.hash, events: count.events, oldest: count.oldest.to_rfc3339_millis() }
    }
}
