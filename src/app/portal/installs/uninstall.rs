//! The end of an installation: what an uninstall or the operator ends, and the log that its portal wants erased.

use super::vault::Authorisation;
use crate::app::held_events::NewEvent;
use crate::app::log_line::Level;
use crate::app::portal::{Memory, Portal, delivery, event_log};
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::application::authorisation::AuthorisationState;
use crate::domain::install::TokenStatus;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use serde_json::Value;

/// How long after an uninstall that wants everything erased the log is kept, in milliseconds: a week, for a mistake to be
/// noticed.
const ERASE_AFTER_MILLIS: i64 = 7 * 86_400_000;
/// When a log that cannot be erased yet is looked at again, in milliseconds.
const ERASE_RETRY_MILLIS: i64 = 86_400_000;
/// When erasing goes on that did not end in one go, in milliseconds.
const ERASE_STEP_MILLIS: i64 = 1_000;
/// Steps of erasing in one go, each of 500 rows.
const ERASE_STEPS: u32 = 20;

impl Memory {
    /// How the authorisation stands, where there is one. The operator's word comes before the portal's.
    pub(super) fn authorisation_state(&self) -> Option<AuthorisationState> {
        let known = self.authorisation.as_ref()?;
        Some(if self.registration.is_revoked { AuthorisationState::Revoked } else { known.state })
    }
}

impl<R: PortalRuntime> Portal<R> {
    /// Whether an uninstall is older than the installation that stands: it was on its way while the application was installed
    /// again. Both times are the portal's.
    pub(in crate::app::portal) fn is_late_uninstall(memory: &Memory, sha256: &TokenHash, event: &NewEvent) -> bool {
        memory.authorisation.as_ref().is_some_and(|known| {
            known.sha256 == Some(*sha256)
                && known.installed_at.is_some_and(|installed_at| event.occurred_at < installed_at)
        })
    }

    /// What becomes of the authorisation when its application was removed. `CLEAN=1` erases the tokens at once, and the log
    /// later.
    pub(in crate::app::portal) fn end_by_uninstall(
        memory: &Memory,
        sha256: &TokenHash,
        event: &NewEvent,
        now: Timestamp,
    ) -> Option<Authorisation> {
        let mut ended = memory.authorisation.clone().filter(|known| known.sha256 == Some(*sha256))?;
        ended.state = AuthorisationState::Uninstalled;
        ended.check_due_at = None;
        ended.report.actual.clear();
        if wants_clean(event) {
            ended.pair = None;
            ended.user_id = None;
            ended.erase_log_at = Some(now.plus_millis(ERASE_AFTER_MILLIS));
        }
        Some(ended)
    }

    /// Erases the log where that is due, unless another token is active or something waits to be delivered.
    pub(super) fn erase_log_if_due(&self) -> Result<(), PortError> {
        let now = self.runtime.now();
        let is_due = |memory: &Memory| memory.authorisation.as_ref()?.erase_log_at.filter(|due_at| *due_at <= now);
        if self.with_memory(is_due).is_none() {
            return Ok(());
        }
        let is_used = |memory: &Memory| {
            let mut tokens = memory.registration.tokens.iter();
            tokens.any(|token| token.status == TokenStatus::Active).then_some(())
        };
        let next = if self.with_memory(is_used).is_some() || self.lacks_a_delivery(now)? {
            Some(now.plus_millis(ERASE_RETRY_MILLIS))
        } else if self.erase_log(now)? {
            self.runtime.write(self.line(Level::Info, "log erased"));
            None
        } else {
            Some(now.plus_millis(ERASE_STEP_MILLIS))
        };
        self.change_authorisation(|authorisation| authorisation.erase_log_at = next)
    }

    /// Whether an event waits to be delivered, be it once more, or failed for good so recently that the operator may still send it
    /// again: at any destination.
    fn lacks_a_delivery(&self, now: Timestamp) -> Result<bool, PortError> {
        let memory = self.memory.borrow();
        let Some(memory) = memory.as_ref() else {
            return Ok(false);
        };
        let ended_at = memory.registration.tokens.iter().filter_map(|token| token.ended_at).max();
        let failures_count_until =
            ended_at.map(|ended_at| ended_at.plus_millis(ERASE_AFTER_MILLIS + self.retention_millis()));
        let failures_count = failures_count_until.is_none_or(|until| now < until);
        for lane in &memory.lanes {
            let status = lane.status(&self.runtime, memory.head, now)?;
            let waits = status.pending + status.retrying > 0 || !lane.replays.is_empty();
            if waits || (status.failed > 0 && failures_count) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Erases a bounded part of the log. Whether that was all. The newest row stays, emptied, since `seq` goes on from it.
    fn erase_log(&self, now: Timestamp) -> Result<bool, PortError> {
        let head = self.with_memory(|memory| Some(memory.head)).unwrap_or(0);
        for _ in 0..ERASE_STEPS {
            let Some((_, last)) = event_log::prunable(&self.runtime, now.plus_millis(1), head - 1, i64::MAX)? else {
                event_log::empty(&self.runtime, head)?;
                delivery::delete_up_to(&self.runtime, head)?;
                return Ok(true);
            };
            event_log::delete_up_to(&self.runtime, last)?;
        }
        Ok(false)
    }
}

/// Whether an uninstall says that the application's data are to go: `data[CLEAN]`.
fn wants_clean(event: &NewEvent) -> bool {
    let event: Value = serde_json::from_str(&event.json).unwrap_or_default();
    matches!(event["data"]["CLEAN"].as_str(), Some("1" | "Y"))
}
