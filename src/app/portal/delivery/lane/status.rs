//! How far a destination is, as the API shows it.

use super::Lane;
use crate::app::portal::command::{DeliveryState, DeliveryStatus};
use crate::app::portal::delivery::records;
use crate::app::portal::event_log::{self, LogEntry};
use crate::app::ports::{PortError, Sql};
use crate::domain::delivery::dispatcher::Dispatcher;
use crate::domain::time::Timestamp;

impl Lane {
    /// How far it is.
    pub fn status(&self, sql: &impl Sql, head: i64, now: Timestamp) -> Result<DeliveryStatus, PortError> {
        let Dispatcher { queue, .. } = &self.dispatcher;
        let open = self.dispatcher.circuit();
        let pause = self.dispatcher.pause();
        let last_error = match (pause, open) {
            (Some(pause), _) => Some(pause.reason.clone()),
            (None, Some(open)) => Some(open.error.clone()),
            (None, None) => records::last_error(sql, &self.name)?,
        };
        let due_at = self.due_at(head, now).filter(|due_at| self.destination.is_some() && *due_at > now);
        Ok(DeliveryStatus {
            cursor: queue.position(),
            pending: head - queue.seen() + i64::try_from(queue.untried()).unwrap_or(i64::MAX),
            retrying: records::count(sql, &self.name, "retrying")?,
            failed: records::count(sql, &self.name, "failed")?,
            circuit: open.map(|open| open.cause),
            circuit_open_until: open.map(|open| open.until.to_rfc3339_millis()),
            paused: pause.map(|pause| pause.reason.clone()),
            last_error,
            due_since: self.due_since(sql, head, now)?.map(Timestamp::to_rfc3339_millis),
            next_attempt_at: due_at.map(Timestamp::to_rfc3339_millis),
            totals: self.tally.totals,
            latency: self.tally.latency.clone(),
        })
    }

    /// How far the deliveries of entries are, in their order.
    pub fn states(&self, sql: &impl Sql, entries: &[LogEntry]) -> Result<Vec<DeliveryState>, PortError> {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return Ok(Vec::new());
        };
        let noted = records::states(sql, &self.name, first.seq, last.seq)?;
        let mut superseded = records::superseded(sql, &self.name, first.seq, last.seq)?;
        superseded.extend(&self.superseded);
        let state = |entry: &LogEntry| {
            if entry.removed {
                return Ok(DeliveryState::Filtered);
            }
            if let Some(state) = noted.get(&entry.seq) {
                return DeliveryState::of_row(state)
                    .ok_or_else(|| PortError::new("delivery.read", &format!("unknown state {state}")));
            }
            let is_unwanted = self.destination.as_ref().is_some_and(|to| !to.wants(&entry.event_type));
            Ok(if is_unwanted {
                DeliveryState::Filtered
            } else if superseded.contains(&entry.seq) {
                DeliveryState::Superseded
            } else if self.dispatcher.queue.is_to_come(entry.seq) {
                DeliveryState::Pending
            } else {
                DeliveryState::Delivered
            })
        };
        entries.iter().map(state).collect()
    }

    /// Since when the oldest delivery is due. What waits for a later attempt is not, and nothing is while it is paused.
    pub fn due_since(&self, sql: &impl Sql, head: i64, now: Timestamp) -> Result<Option<Timestamp>, PortError> {
        let Dispatcher { queue, .. } = &self.dispatcher;
        if self.dispatcher.pause().is_some() {
            return Ok(None);
        }
        let position = queue.position();
        let first_attempt = if position < head { event_log::logged_behind(sql, position)? } else { None };
        let another_attempt = match (queue.next_due_at(), queue.due(now)) {
            // It waited for an earlier event of its thing, and never had a time of its own.
            (Some(Timestamp::EPOCH), Some(seq)) => event_log::logged_behind(sql, seq - 1)?,
            (due_at, Some(_)) => due_at,
            (_, None) => None,
        };
        Ok(first_attempt.into_iter().chain(another_attempt).min())
    }
}
