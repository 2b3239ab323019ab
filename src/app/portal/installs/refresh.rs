//! Renews the tokens: only when needed, by one caller at a time, and durable before anybody uses them.
//!
//! A refresh token can be used once. If two callers used it, one of them would be left with nothing; and if the relay
//! crashed between the answer and its storage, so would the relay. What stands against the first is a lease; against the
//! second, that nothing comes between the two.

use super::oauth_client;
use super::vault::{Authorisation, SealedPair};
use crate::app::log_line::Level;
use crate::app::portal::{Memory, Portal};
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::application::authorisation::{AuthorisationState, MIN_VALID_MILLIS, TokenPair};
use crate::domain::application::endpoint::ClientEndpoint;
use crate::domain::application::oauth::{OAuthError, Renewal};
use crate::domain::notice::Notice;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::vault::Sealed;

/// How often a caller looks whether the one who refreshes is done, in milliseconds.
const LOOK_MILLIS: u32 = 50;
/// How long the failure of one caller counts for those who waited for it, in milliseconds: a hundred of them must not ask one
/// after the other.
const FAILURE_MILLIS: i64 = 5_000;

/// There is no good token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAuthorised {
    /// And there will be none until a person does something.
    Ended(AuthorisationState),
    /// The OAuth server could not be asked: try later.
    Unreachable(String),
}

/// An access token that is handed out.
#[derive(Clone, Debug)]
pub struct AccessToken {
    pub sealed: Sealed,
    pub expires_at: Timestamp,
    pub endpoint: ClientEndpoint,
}

impl<R: PortalRuntime> Portal<R> {
    /// An access token that lasts for a while yet.
    pub(super) async fn valid_access_token(&self) -> Result<Result<AccessToken, NotAuthorised>, PortError> {
        let lasts = |pair: &SealedPair, now: Timestamp| pair.expires_at.millis_since(now) >= MIN_VALID_MILLIS;
        let standing = match self.open_pair() {
            Ok((_, pair)) => pair,
            Err(error) => return Ok(Err(error)),
        };
        if standing.expires_at.millis_since(self.runtime.now()) < MIN_VALID_MILLIS
            // The operator may have revoked the portal meanwhile.
            && let Err(error) = self.refresh(&standing.access).await?.and_then(|()| self.open_pair())
        {
            return Ok(Err(error));
        }
        let now = self.runtime.now();
        Ok(self.with_authorisation(|authorisation| {
            let known = authorisation.ok_or(NotAuthorised::Ended(AuthorisationState::Reauthorise))?;
            match known.pair.as_ref().filter(|pair| lasts(pair, now)) {
                Some(pair) => Ok(AccessToken {
                    sealed: pair.access.clone(),
                    expires_at: pair.expires_at,
                    endpoint: known.endpoint.clone(),
                }),
                None => Err(NotAuthorised::Ended(known.state)),
            }
        }))
    }

    /// Renews the tokens, unless another caller has done so since `used` was read.
    pub(super) async fn refresh(&self, used: &Secret) -> Result<Result<(), NotAuthorised>, PortError> {
        loop {
            self.wake().await?;
            let pair = match self.open_pair() {
                Ok((_, pair)) if pair.access != *used => return Ok(Ok(())),
                Ok((_, pair)) => pair,
                Err(error) => return Ok(Err(error)),
            };
            let now = self.runtime.now();
            let failed_at = self.calls.refresh_failed_at.get();
            if failed_at.is_some_and(|at| now >= at && now.millis_since(at) < FAILURE_MILLIS) {
                return Ok(Err(NotAuthorised::Unreachable("it could not be asked a moment ago".to_owned())));
            }
            let Some(claim) = self.calls.refreshing.claim(now) else {
                self.runtime.sleep(LOOK_MILLIS).await;
                continue;
            };
            let outcome = self.renew(&pair, now).await;
            drop(claim);
            return outcome;
        }
    }

    async fn renew(&self, pair: &TokenPair, now: Timestamp) -> Result<Result<(), NotAuthorised>, PortError> {
        let server = self.with_authorisation(|authorisation| authorisation.map(|known| known.server));
        let (Some(application), Some(server)) = (self.config.installs.application(), server) else {
            return Ok(Err(NotAuthorised::Ended(AuthorisationState::Reauthorise)));
        };
        let Some(refresh_token) = &pair.refresh else {
            return self.end_authorisation(AuthorisationState::Reauthorise);
        };
        let answered = oauth_client::renew(&self.runtime, server, application, refresh_token, now).await;
        // Storage may have failed another request meanwhile, and memory been thrown away.
        if let Err(error) = self.wake().await {
            self.calls.rescued.replace(answered.ok());
            return Err(error);
        }
        // Or the application was installed anew, or removed: then the answer is about tokens that nobody has any more.
        if !matches!(self.open_pair(), Ok((_, standing)) if standing.access == pair.access) {
            return Ok(Ok(()));
        }
        match answered {
            Ok(renewal) => self.keep_renewal(renewal).map(Ok),
            Err(OAuthError::Refused(code)) => self.end_authorisation(AuthorisationState::of_refusal(&code)),
            Err(error) => {
                self.calls.refresh_failed_at.set(Some(self.runtime.now()));
                let line = self.line(Level::Warn, "tokens not refreshed").with("error", error.to_string());
                self.runtime.write(line);
                Ok(Err(NotAuthorised::Unreachable(error.to_string())))
            }
        }
    }

    /// Stores a new pair. Memory follows storage, so nobody uses a token before it is durable: the output gate holds every
    /// request back until then. A pair that storage does not take is kept for when it does.
    fn keep_renewal(&self, renewal: Renewal) -> Result<(), PortError> {
        let kept = self.store_renewal(&renewal);
        if kept.is_err() {
            self.calls.rescued.replace(Some(renewal));
        }
        kept
    }

    /// Stores the pair that storage did not take, if there is one.
    pub(in crate::app::portal) fn store_rescued(&self) -> Result<(), PortError> {
        let rescued = self.calls.rescued.borrow().clone();
        if let Some(renewal) = rescued {
            self.store_renewal(&renewal)?;
            self.calls.rescued.replace(None);
        }
        Ok(())
    }

    fn store_renewal(&self, renewal: &Renewal) -> Result<(), PortError> {
        let now = self.runtime.now();
        let Some((member_id, old_refresh)) = self.with_memory(|memory| {
            let authorisation = memory.authorisation.as_ref()?;
            let refresh = authorisation.pair.as_ref().and_then(|pair| pair.refresh.clone());
            Some((memory.registration.member_id.clone(), refresh))
        }) else {
            return Ok(());
        };
        let mut sealed = SealedPair::seal(&self.config.vault, &self.runtime, &member_id, &renewal.pair, now)
            .map_err(|error| PortError::new("vault.seal", &error))?;
        if sealed.refresh.is_none() {
            sealed.refresh = old_refresh;
        }
        self.change_authorisation(|authorisation| {
            authorisation.pair = Some(sealed);
            authorisation.endpoint = renewal.endpoint.clone();
            authorisation.state = AuthorisationState::Valid;
        })?;
        self.runtime.write(self.line(Level::Info, "tokens refreshed"));
        Ok(())
    }

    fn end_authorisation(&self, state: AuthorisationState) -> Result<Result<(), NotAuthorised>, PortError> {
        self.set_authorisation_state(state)?;
        Ok(Err(NotAuthorised::Ended(state)))
    }

    /// Notes that the authorisation is good, or what is wrong with it.
    pub(super) fn set_authorisation_state(&self, state: AuthorisationState) -> Result<(), PortError> {
        if self.with_authorisation(|authorisation| authorisation.is_none_or(|known| known.state == state)) {
            return Ok(());
        }
        self.change_authorisation(|authorisation| authorisation.state = state)?;
        if let Some(advice) = state.advice() {
            self.notify(Notice::InstallTroubled { reason: format!("{}: {advice}", state.as_str()) })?;
        }
        let level = if state == AuthorisationState::Valid { Level::Info } else { Level::Warn };
        self.runtime.write(self.line(level, "authorisation changed").with("state", state.as_str()));
        Ok(())
    }

    /// The tokens, opened, and where they are good.
    pub(super) fn open_pair(&self) -> Result<(ClientEndpoint, TokenPair), NotAuthorised> {
        self.with_memory(|memory| {
            let known = memory.authorisation.as_ref()?;
            let state = memory.authorisation_state()?;
            let dead = matches!(
                state,
                AuthorisationState::Reauthorise
                    | AuthorisationState::NotInstalled
                    | AuthorisationState::Uninstalled
                    | AuthorisationState::Revoked
            );
            let Some(pair) = known.pair.as_ref().filter(|_| !dead) else {
                return Some(Err(NotAuthorised::Ended(state)));
            };
            let opened = pair.open(&self.config.vault, &memory.registration.member_id);
            Some(
                opened
                    .map(|pair| (known.endpoint.clone(), pair))
                    .map_err(|_| NotAuthorised::Ended(AuthorisationState::Sealed)),
            )
        })
        .unwrap_or(Err(NotAuthorised::Ended(AuthorisationState::Reauthorise)))
    }

    pub(super) fn with_memory<T>(&self, look: impl FnOnce(&Memory) -> Option<T>) -> Option<T> {
        self.memory.borrow().as_ref().and_then(look)
    }

    pub(super) fn with_authorisation<T>(&self, look: impl FnOnce(Option<&Authorisation>) -> T) -> T {
        let memory = self.memory.borrow();
        look(memory.as_ref().and_then(|memory| memory.authorisation.as_ref()))
    }

    /// Changes the authorisation, in storage and then in memory.
    pub(super) fn change_authorisation(&self, change: impl FnOnce(&mut Authorisation)) -> Result<(), PortError> {
        let mut memory = self.memory.borrow_mut();
        if let Some(known) = memory.as_mut().and_then(|memory| memory.authorisation.as_mut()) {
            let mut changed = known.clone();
            change(&mut changed);
            if changed != *known {
                changed.save(&self.runtime)?;
                *known = changed;
            }
        }
        Ok(())
    }
}
