//! What the watchdog has a portal's object do: look whether its alarm is still set, and whether something waits for too long.

use super::command::PortalReply;
use super::{Memory, Portal};
use crate::app::log_line::Level;
use crate::app::ports::{Alarm, PortError, PortalRuntime};
use crate::domain::notice::{DELIVERY_TOPIC, Notice};
use crate::domain::time::Timestamp;

/// How long a delivery may be due before it counts as stalled, in milliseconds: three runs of the watchdog, and longer than any
/// pause between two probes of a destination that is down.
const STALLED_AFTER_MILLIS: i64 = 900_000;

impl<R: PortalRuntime> Portal<R> {
    /// Sets the alarm again where it was lost, and has the Directory told how things stand.
    pub(super) async fn check(&self, now: Timestamp) -> Result<PortalReply, PortError> {
        if self.memory.borrow().is_none() {
            return Ok(PortalReply::UnknownPortal);
        }
        // Memory says what this object set. Only storage says whether it is still there.
        let standing = Alarm::get(&self.runtime).await?;
        self.alarm_at.set(standing);
        self.rearm().await?;
        let repaired = self.alarm_at.get() != standing;
        if repaired {
            let stood = standing.map(Timestamp::to_rfc3339_millis);
            self.runtime.write(self.line(Level::Warn, "alarm repaired").with("stood_at", stood));
        }
        self.notify_if_stalled(now)?;
        if let Some(memory) = self.memory.borrow_mut().as_mut() {
            memory.registration.report_due_at = Some(now);
        }
        Ok(PortalReply::Checked { repaired })
    }

    /// Tells the operator where a delivery is due for too long. The alarm asks, and the watchdog, should there be no alarm.
    pub(super) fn notify_if_stalled(&self, now: Timestamp) -> Result<(), PortError> {
        let due_since = match self.memory.borrow().as_ref() {
            Some(memory) => self.due_since(memory, now)?,
            None => return Ok(()),
        };
        match due_since.filter(|since| now.millis_since(*since) >= STALLED_AFTER_MILLIS) {
            Some(due_since) => self.notify(Notice::DeliveryStalled { due_since }),
            None => self.end_notice(DELIVERY_TOPIC),
        }
    }

    /// Since when the oldest delivery is due. What waits for a later attempt is not.
    pub(super) fn due_since(&self, memory: &Memory, now: Timestamp) -> Result<Option<Timestamp>, PortError> {
        let mut due_since = None;
        for lane in &memory.lanes {
            let of_lane = lane.due_since(&self.runtime, memory.head, now)?;
            due_since = due_since.into_iter().chain(of_lane).min();
        }
        Ok(due_since)
    }
}
