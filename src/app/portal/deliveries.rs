//! Tells how the delivery of events goes, one by one.

use super::command::{DeliveryState, PortalReply};
use super::delivery::{Lane, Noted, noted};
use super::delivery_command::{
    DeliveryCommand, DeliveryDetail, DeliveryPage, DeliveryQuery, DeliveryReply, DeliverySummary, EventDetail,
};
use super::event_log::LogEntry;
use super::{Memory, Portal, event_log};
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::cloudevent::TYPE_PREFIX;
use crate::domain::event_id::EventId;
use crate::domain::time::Timestamp;
use serde_json::value::RawValue;

/// Entries of the log that are read at once.
const READ_STEP: u32 = 500;
/// Attempts of a delivery that went well at once: nothing is kept of it.
const NO_ATTEMPTS: &str = "[]";

impl<R: PortalRuntime> Portal<R> {
    /// Carries out a command about deliveries.
    pub(super) async fn delivery_command(
        &self,
        command: DeliveryCommand,
        now: Timestamp,
    ) -> Result<PortalReply, PortError> {
        let is_change = matches!(command, DeliveryCommand::Replay { .. } | DeliveryCommand::ReplayEvent { .. });
        let reply = self.ask_deliveries(command, now)?;
        if is_change {
            self.rearm().await?;
        }
        Ok(reply)
    }

    fn ask_deliveries(&self, command: DeliveryCommand, now: Timestamp) -> Result<PortalReply, PortError> {
        let mut memory = self.memory.borrow_mut();
        let Some(memory) = memory.as_mut() else {
            return Ok(PortalReply::UnknownPortal);
        };
        let reply = match command {
            DeliveryCommand::Event { id } => self.event_detail(memory, id)?,
            DeliveryCommand::List(query) => self.list_deliveries(memory, &query)?,
            DeliveryCommand::CountReplay(query) => self.count_replay(memory, &query)?,
            DeliveryCommand::Replay { id, query } => self.replay(memory, id, &query, now)?,
            DeliveryCommand::ReplayEvent { id, event, destination } => {
                self.replay_event(memory, id, event, destination.as_ref(), now)?
            }
            DeliveryCommand::Replays => Self::replays(memory),
            DeliveryCommand::CancelReplay { id } => self.cancel_replay(memory, id)?,
        };
        Ok(PortalReply::Delivery(reply))
    }

    fn event_detail(&self, memory: &Memory, id: EventId) -> Result<DeliveryReply, PortError> {
        let sql = &self.runtime;
        let Some(seq) = event_log::find(sql, id)? else {
            return Ok(DeliveryReply::UnknownEvent);
        };
        let entries = event_log::entries_behind(sql, seq - 1, 1)?;
        let unreadable = || PortError::new("log.read", &format!("event {seq} cannot be read"));
        let stored = event_log::event(sql, seq)?.ok_or_else(unreadable)?;
        let state = self.delivery_states(memory, &entries)?.first().copied().ok_or_else(unreadable)?;
        let detail = |lane: &Lane| {
            let state = lane.states(sql, &entries)?.first().copied().ok_or_else(unreadable)?;
            let noted = noted(sql, &lane.name, seq)?;
            let history = noted.as_ref().map_or(NO_ATTEMPTS, |noted| noted.history.as_str());
            Ok(DeliveryDetail {
                destination: lane.name.clone(),
                state,
                next_attempt_at: next_attempt_at(state, noted.as_ref()),
                attempts: raw(history.to_owned())?,
            })
        };
        let deliveries = memory.lanes.iter().map(detail).collect::<Result<_, PortError>>()?;
        Ok(DeliveryReply::Event(Box::new(EventDetail { seq, state, event: raw(stored.json)?, deliveries })))
    }

    fn list_deliveries(&self, memory: &Memory, query: &DeliveryQuery) -> Result<DeliveryReply, PortError> {
        let is_asked = |lane: &&Lane| query.destination.as_ref().is_none_or(|name| name.as_str() == lane.name);
        let lanes: Vec<&Lane> = memory.lanes.iter().filter(is_asked).collect();
        if lanes.is_empty() && query.destination.is_some() {
            return Ok(DeliveryReply::UnknownDestination);
        }
        // Each destination has a look at each event.
        let budget = event_log::MAX_ROWS_LOOKED_AT / i64::try_from(lanes.len().max(1)).unwrap_or(i64::MAX);
        let mut page = DeliveryPage { deliveries: Vec::new(), next: query.after };
        let mut looked_at = 0;
        while looked_at < budget {
            let entries = event_log::entries_behind(&self.runtime, page.next, READ_STEP)?;
            if entries.is_empty() {
                break;
            }
            let states = lanes.iter().map(|lane| lane.states(&self.runtime, &entries));
            let states = states.collect::<Result<Vec<_>, _>>()?;
            for (at, entry) in entries.iter().enumerate() {
                for (lane, states) in lanes.iter().zip(&states) {
                    if let Some(state) = states.get(at).filter(|state| query.state.is_none_or(|asked| asked == **state))
                    {
                        page.deliveries.push(self.summary(lane, entry, *state)?);
                    }
                }
                page.next = entry.seq;
                looked_at += 1;
                if page.deliveries.len() >= query.limit as usize || looked_at >= budget {
                    return Ok(DeliveryReply::List(page));
                }
            }
        }
        Ok(DeliveryReply::List(page))
    }

    fn summary(&self, lane: &Lane, entry: &LogEntry, state: DeliveryState) -> Result<DeliverySummary, PortError> {
        let noted = noted(&self.runtime, &lane.name, entry.seq)?;
        Ok(DeliverySummary {
            seq: entry.seq,
            id: event_log::id(&self.runtime, entry.seq)?.unwrap_or_default(),
            event_type: format!("{TYPE_PREFIX}{}", entry.event_type),
            subject: entry.subject.clone(),
            destination: lane.name.clone(),
            state,
            attempts: noted.as_ref().map_or(0, |noted| noted.attempts),
            next_attempt_at: next_attempt_at(state, noted.as_ref()),
            error: noted.map(|noted| noted.error).filter(|error| !error.is_empty()),
        })
    }
}

fn next_attempt_at(state: DeliveryState, noted: Option<&Noted>) -> Option<String> {
    let due_at = noted?.due_at.filter(|_| state == DeliveryState::Retrying)?;
    Some(due_at.to_rfc3339_millis())
}

fn raw(json: String) -> Result<Box<RawValue>, PortError> {
    RawValue::from_string(json).map_err(|error| PortError::new("log.read", &error))
}
