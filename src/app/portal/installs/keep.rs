//! What is due by itself: a daily look at the portal, tokens that grow old, keys that were rotated, a log to erase.
//!
//! It runs beside the run that forwards events, so that a slow portal does not hold them up.

use super::refresh::NotAuthorised;
use super::sync::SyncReport;
use super::vault::{Authorisation, SealedPair};
use crate::app::portal::command::{PortalReply, SyncOutcome};
use crate::app::portal::{Memory, Portal};
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::application::authorisation::{AuthorisationState, REFRESH_AFTER_MILLIS};
use crate::domain::application::rest::RestError;
use crate::domain::time::Timestamp;

/// How often a portal is looked at anyway, in milliseconds: daily.
const CHECK_EVERY_MILLIS: i64 = 86_400_000;
/// When a portal that could not be reached is looked at again, in milliseconds.
const CHECK_RETRY_MILLIS: i64 = 900_000;
/// When what was due is due again, where whoever did it vanished, in milliseconds: later than its calls may take.
const CLAIM_MILLIS: i64 = 120_000;

impl<R: PortalRuntime> Portal<R> {
    /// Whether [`Self::keep_application`] has something to do.
    pub fn has_application_work(&self) -> bool {
        let now = self.runtime.now();
        self.calls.syncing.is_free(now) && self.with_memory(|memory| self.due_at(memory)).is_some_and(|at| at <= now)
    }

    /// When something is due: later, where somebody does it already.
    pub(in crate::app::portal) fn application_due_at(&self, memory: &Memory, now: Timestamp) -> Option<Timestamp> {
        let claimed_until = self.calls.claimed_until.get().filter(|until| *until > now);
        self.due_at(memory).map(|due_at| claimed_until.map_or(due_at, |until| due_at.max(until)))
    }

    /// Puts what is due in the hands of [`Self::keep_application`].
    pub(in crate::app::portal) fn claim_application(&self, now: Timestamp) {
        if self.with_memory(|memory| self.due_at(memory)).is_some_and(|due_at| due_at <= now) {
            self.calls.claimed_until.set(Some(now.plus_millis(CLAIM_MILLIS)));
        }
    }

    fn due_at(&self, memory: &Memory) -> Option<Timestamp> {
        let known = memory.authorisation.as_ref()?;
        let check_due_at = known.check_due_at.filter(|_| self.config.installs.application().is_some());
        check_due_at.into_iter().chain(known.erase_log_at).min()
    }

    /// The authorisation in storage. The portal is looked at soon where the variables want other subscriptions than those that
    /// were looked for.
    pub(in crate::app::portal) fn load_authorisation(&self) -> Result<Option<Authorisation>, PortError> {
        let mut loaded = Authorisation::load(&self.runtime)?;
        if let (Some(known), Some(application)) = (&mut loaded, self.config.installs.application())
            && known.check_due_at.is_some()
            && (known.report.desired != application.events || known.report.handler != Some(application.handler()))
        {
            known.check_due_at = Some(self.runtime.now());
        }
        Ok(loaded)
    }

    /// Does what is due.
    pub async fn keep_application(&self) {
        if !self.has_application_work() {
            return;
        }
        self.claim_application(self.runtime.now());
        let outcome = async {
            self.wake().await?;
            self.erase_log_if_due()?;
            self.check_if_due().await
        }
        .await;
        self.calls.claimed_until.set(None);
        let armed = match outcome {
            Ok(()) => self.rearm().await,
            Err(error) => Err(error),
        };
        if let Err(error) = armed {
            self.give_up(&error);
        }
    }

    /// Syncs on demand.
    pub(in crate::app::portal) async fn sync_now(&self) -> Result<PortalReply, PortError> {
        if self.config.installs.application().is_none() {
            return Ok(PortalReply::NotConfigured);
        }
        if self.memory.borrow().is_none() {
            return Ok(PortalReply::UnknownPortal);
        }
        if self.with_authorisation(|known| known.is_none()) {
            return Ok(PortalReply::NotAuthorised { state: None });
        }
        let outcome = self.look_at_portal().await?;
        self.rearm().await?;
        Ok(match outcome {
            Ok(report) => PortalReply::Synced(Box::new(SyncOutcome { report, application: self.application_status() })),
            Err(RestError::Ended(state)) => PortalReply::NotAuthorised { state: Some(state) },
            Err(error) => PortalReply::PortalUnreachable(error.to_string()),
        })
    }

    async fn check_if_due(&self) -> Result<(), PortError> {
        let now = self.runtime.now();
        let is_due = |memory: &Memory| memory.authorisation.as_ref()?.check_due_at.filter(|due_at| *due_at <= now);
        if self.config.installs.application().is_some() && self.with_memory(is_due).is_some() {
            // What came of it stands in the authorisation, with the time of the next look; nobody waits for it here.
            drop(self.look_at_portal().await?);
        }
        Ok(())
    }

    /// Looks at the portal, and notes when to look again.
    async fn look_at_portal(&self) -> Result<Result<SyncReport, RestError>, PortError> {
        self.reseal()?;
        self.retry_what_may_have_been_mended()?;
        let aged = self.refresh_if_old().await?;
        let outcome = match aged {
            Err(NotAuthorised::Ended(state)) => Err(RestError::Ended(state)),
            _ => self.sync().await?,
        };
        let now = self.runtime.now();
        let next = next_check(now, outcome.as_ref());
        self.change_authorisation(|authorisation| authorisation.check_due_at = next)?;
        Ok(outcome)
    }

    /// Seals the tokens under the key that seals now.
    fn reseal(&self) -> Result<(), PortError> {
        let vault = &self.config.vault;
        let stale = self.with_memory(|memory| {
            let pair = memory.authorisation.as_ref()?.pair.as_ref().filter(|pair| !pair.is_current(vault))?;
            let member_id = memory.registration.member_id.clone();
            let opened = pair.open(vault, &member_id).ok()?;
            SealedPair::seal(vault, &self.runtime, &member_id, &opened, pair.refreshed_at).ok()
        });
        match stale {
            Some(pair) => self.change_authorisation(|authorisation| authorisation.pair = Some(pair)),
            None => Ok(()),
        }
    }

    /// A subscription may have been paid for, or a variable mended, without the relay being told.
    fn retry_what_may_have_been_mended(&self) -> Result<(), PortError> {
        let state = self.with_authorisation(|known| known.map(|known| known.state));
        match state {
            Some(
                AuthorisationState::PaymentRequired | AuthorisationState::WrongClient | AuthorisationState::Sealed,
            ) => self.set_authorisation_state(AuthorisationState::Valid),
            _ => Ok(()),
        }
    }

    async fn refresh_if_old(&self) -> Result<Result<(), NotAuthorised>, PortError> {
        let now = self.runtime.now();
        let is_old = |memory: &Memory| {
            let pair = memory.authorisation.as_ref()?.pair.as_ref()?;
            (now.millis_since(pair.refreshed_at) >= REFRESH_AFTER_MILLIS).then_some(())
        };
        match self.open_pair() {
            Ok((_, pair)) if self.with_memory(is_old).is_some() => self.refresh(&pair.access).await,
            Ok(_) => Ok(Ok(())),
            Err(error) => Ok(Err(error)),
        }
    }
}

/// When the portal is looked at again after this look.
fn next_check(now: Timestamp, outcome: Result<&SyncReport, &RestError>) -> Option<Timestamp> {
    use AuthorisationState as State;
    match outcome {
        // What may have been mended elsewhere, without the relay being told, is looked at daily too.
        Ok(_)
        | Err(
            RestError::Refused(_)
            | RestError::Ended(State::PaymentRequired | State::WrongClient | State::Sealed | State::Revoked),
        ) => Some(now.plus_millis(CHECK_EVERY_MILLIS)),
        Err(RestError::Ended(_)) => None,
        Err(_) => Some(now.plus_millis(CHECK_RETRY_MILLIS)),
    }
}
