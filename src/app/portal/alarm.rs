//! The object's one alarm: when something is due next, whatever it is.

use super::{BACKSTOP_MILLIS, Memory, Portal};
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::time::Timestamp;

impl<R: PortalRuntime> Portal<R> {
    /// When something is due next, whatever it is; `delivery_due_at` tells when deliveries are.
    pub(super) fn next_due_at(
        &self,
        now: Timestamp,
        delivery_due_at: fn(&Memory, Timestamp) -> Option<Timestamp>,
    ) -> Result<Option<Timestamp>, PortError> {
        let memory = self.memory.borrow();
        let Some(memory) = memory.as_ref() else {
            return Ok(None);
        };
        let due = [self.work_due_at(memory, now, delivery_due_at(memory, now))?, memory.registration.report_due_at];
        Ok(due.into_iter().flatten().min())
    }

    /// When something is due next, other than a report.
    pub(super) fn work_due_at(
        &self,
        memory: &Memory,
        now: Timestamp,
        delivery_due_at: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, PortError> {
        let due = [
            delivery_due_at,
            self.upkeep_due_at(memory, now)?,
            self.notices_due_at()?,
            self.application_due_at(memory, now),
        ];
        Ok(due.into_iter().flatten().min())
    }

    /// Sets the alarm for what is due next.
    pub(super) async fn rearm(&self) -> Result<(), PortError> {
        let now = self.runtime.now();
        let due_at = self.next_due_at(now, Memory::run_due_at)?;
        self.arm_for(due_at, now).await
    }

    /// Sets the alarm for what is due then, if anything is. A run sees to what is due when it sends: until then the alarm only looks
    /// whether it vanished.
    pub(super) async fn arm_for(&self, due_at: Option<Timestamp>, now: Timestamp) -> Result<(), PortError> {
        let earliest = if self.lease.is_free(now) { now } else { now.plus_millis(BACKSTOP_MILLIS) };
        match due_at {
            Some(due_at) => self.arm(due_at.max(earliest), now).await,
            None => Ok(()),
        }
    }

    /// When the alarm is due. One that is long overdue was lost, and counts as none.
    fn standing_alarm(&self, now: Timestamp) -> Option<Timestamp> {
        self.alarm_at.get().filter(|standing| now.millis_since(*standing) < BACKSTOP_MILLIS)
    }

    /// Sets the alarm, unless one is due earlier.
    pub(super) async fn arm(&self, at: Timestamp, now: Timestamp) -> Result<(), PortError> {
        if self.standing_alarm(now).is_some_and(|standing| standing <= at) {
            return Ok(());
        }
        self.alarm_at.set(Some(at));
        let set = self.runtime.set(at).await;
        if set.is_err() {
            self.alarm_at.set(None);
        }
        set
    }
}
