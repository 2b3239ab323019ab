//! How far an installation is: for the operator, and for the page that the portal's administrator looks at.

use super::sync::FailedBinding;
use crate::app::portal::Portal;
use crate::app::portal::command::PortalReply;
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::application::authorisation::AuthorisationState;
use crate::domain::application::subscription::Binding;
use crate::domain::install::TokenStatus;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The application of a portal, as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationStatus {
    /// The application.
    pub client_id: String,
    /// Whether its authorisation is good.
    pub state: AuthorisationState,
    /// What a person has to do about it, or about an installation that is not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// The user who gave the authorisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The portal's REST API.
    pub client_endpoint: String,
    /// When the access token ends, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_expires_at: Option<String>,
    /// When the tokens were renewed last, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refreshed_at: Option<String>,
    /// Whether the tokens are sealed under the first key of `VAULT_KEY`.
    pub sealed_under_first_key: bool,
    /// Whether the installation is complete, by the portal's word.
    pub installed: Option<bool>,
    /// Whether what the application costs is not paid, by the portal's word.
    pub payment_expired: Option<bool>,
    /// The subscriptions.
    pub subscriptions: SubscriptionStatus,
}

/// The subscriptions of a portal, as the API shows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionStatus {
    /// When the portal was looked at, RFC 3339.
    pub checked_at: Option<String>,
    /// What should be bound.
    pub desired: Vec<String>,
    /// What is bound.
    pub actual: Vec<Binding>,
    /// What could not be bound.
    pub failed: Vec<FailedBinding>,
    /// Why the portal could not be looked at.
    pub error: Option<String>,
}

/// How far an installation is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The portal's own origin, which may frame the page.
    pub origin: Option<String>,
    /// Whether its tokens are stored and good.
    pub authorised: bool,
    /// How far the subscriptions are.
    pub subscribed: StepState,
    /// Whether the token of its events is known.
    pub token_known: bool,
    /// Whether the portal says that the installation is complete.
    pub installed: bool,
    /// The events that could not be bound.
    pub failed: Vec<FailedBinding>,
    /// What went wrong, where something did.
    pub error: Option<String>,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// It is under way.
    #[default]
    Pending,
    /// It is done.
    Done,
    /// It came to nothing.
    Failed,
}

const FINISH_ADVICE: &str = "the installation is not complete, so the portal sends nothing: an administrator opens the application, \
     whose page completes it; an application without a page is marked so in its settings";
const PAY_ADVICE: &str =
    "what the application costs is not paid, so the portal sends nothing: the portal's owner renews it";

impl<R: PortalRuntime> Portal<R> {
    /// The application, as far as this portal installed it.
    pub(in crate::app::portal) fn application_status(&self) -> Option<ApplicationStatus> {
        self.with_memory(|memory| {
            let known = memory.authorisation.as_ref()?;
            let (state, report) = (memory.authorisation_state()?, &known.report);
            let advice = match state.advice() {
                Some(advice) => Some(advice),
                None if report.payment_expired == Some(true) => Some(PAY_ADVICE),
                None if report.installed == Some(false) => Some(FINISH_ADVICE),
                None => None,
            };
            let pair = known.pair.as_ref();
            let desired = self.config.installs.application().map(|application| application.events.clone());
            Some(ApplicationStatus {
                client_id: known.client_id.clone(),
                state,
                advice: advice.map(str::to_owned),
                user_id: known.user_id.clone(),
                client_endpoint: known.endpoint.as_str().to_owned(),
                access_expires_at: pair.map(|pair| pair.expires_at).map(Timestamp::to_rfc3339_millis),
                refreshed_at: pair.map(|pair| pair.refreshed_at).map(Timestamp::to_rfc3339_millis),
                sealed_under_first_key: pair.is_none_or(|pair| pair.is_current(&self.config.vault)),
                installed: report.installed,
                payment_expired: report.payment_expired,
                subscriptions: SubscriptionStatus {
                    checked_at: report.checked_at.clone(),
                    desired: desired.unwrap_or_default(),
                    actual: report.actual.clone(),
                    failed: report.failed.clone(),
                    error: report.error.clone(),
                },
            })
        })
    }

    /// How far the installation is.
    pub(super) fn progress(&self) -> Progress {
        let now = self.runtime.now();
        self.with_memory(|memory| {
            let known = memory.authorisation.as_ref()?;
            let report = &known.report;
            let is_due = known.check_due_at.is_some_and(|due_at| due_at <= now) || !self.calls.syncing.is_free(now);
            let is_active = |token: &&crate::domain::install::Token| {
                Some(token.sha256) == known.sha256 && token.status == TokenStatus::Active
            };
            Some(Progress {
                origin: Some(known.endpoint.origin().to_owned()),
                authorised: memory.authorisation_state() == Some(AuthorisationState::Valid),
                subscribed: match () {
                    () if is_due => StepState::Pending,
                    () if report.is_complete() => StepState::Done,
                    () if report.checked_at.is_some() => StepState::Failed,
                    () => StepState::Pending,
                },
                token_known: memory.registration.tokens.iter().any(|token| is_active(&token)),
                installed: report.installed == Some(true),
                failed: report.failed.clone(),
                error: report.error.clone(),
            })
        })
        .unwrap_or_default()
    }

    /// How far the installation is, after a retry where one is wanted.
    pub(in crate::app::portal) async fn show_progress(&self, retry: bool) -> Result<PortalReply, PortError> {
        if self.memory.borrow().is_none() {
            return Ok(PortalReply::UnknownPortal);
        }
        if retry {
            let now = self.runtime.now();
            self.change_authorisation(|authorisation| authorisation.check_due_at = Some(now))?;
            self.rearm().await?;
        }
        Ok(PortalReply::Progress(Box::new(self.progress())))
    }

    /// An access token for a service inside the company.
    pub(in crate::app::portal) async fn hand_out_token(&self) -> Result<PortalReply, PortError> {
        use super::refresh::NotAuthorised;
        if self.memory.borrow().is_none() {
            return Ok(PortalReply::UnknownPortal);
        }
        if self.with_authorisation(|known| known.is_none()) {
            return Ok(PortalReply::NotAuthorised { state: None });
        }
        Ok(match self.valid_access_token().await? {
            Ok(token) => PortalReply::AccessToken {
                access_token: token.sealed,
                expires_at: token.expires_at,
                client_endpoint: token.endpoint,
            },
            Err(NotAuthorised::Ended(state)) => PortalReply::NotAuthorised { state: Some(state) },
            Err(NotAuthorised::Unreachable(cause)) => PortalReply::PortalUnreachable(cause),
        })
    }
}
