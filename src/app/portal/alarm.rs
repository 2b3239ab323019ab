//! The object's one alarm: when something is due next, whatever it is.

use super::{BACKSTOP_MILLIS, Memory, Portal};
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::time::Timestamp;

impl<R: PortalRuntime> Portal<R> {
    /// When something is due next, whatever it is.
    pub(super) fn next_due_at(&self, now: Timestamp) -> Result<Option<Timestamp>, PortError> {
        self.earliest_due(now, Memory::delivery_due_at)
    }

    /// When something is due next, other than a report.
    pub(super) fn work_due_at(&self, memory: &Memory, now: Timestamp) -> Result<Option<Timestamp>, PortError> {
        self.earliest_work(memory, now, memory.delivery_due_at(now))
    }

    fn earliest_due(
        &self,
        now: Timestamp,
        delivery_due_at: impl Fn(&Memory, Timestamp) -> Option<Timestamp>,
    ) -> Result<Option<Timestamp>, PortError> {
        let memory = self.memory.borrow();
        let Some(memory) = memory.as_ref() else {
            return Ok(None);
        };
        let work = self.earliest_work(memory, now, delivery_due_at(memory, now))?;
        Ok([work, memory.registration.report_due_at].into_iter().flatten().min())
    }

    fn earliest_work(
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
        let Some(due_at) = self.earliest_due(now, Memory::run_due_at)? else {
            return Ok(());
        };
        self.arm(due_at.max(self.earliest_alarm(now)), now).await
    }

    /// When there is need of an alarm: a run sees to what is due when it sends. Until then the alarm only looks whether it vanished.
    pub(super) fn earliest_alarm(&self, now: Timestamp) -> Timestamp {
        if self.lease.is_free(now) { now } else { now.plus_millis(BACKSTOP_MILLIS) }
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
