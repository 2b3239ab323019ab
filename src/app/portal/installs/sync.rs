//! Brings a portal's subscriptions to what they should be, and looks whether its installation is complete.

use super::rest_client::RestOutcome;
use crate::app::log_line::Level;
use crate::app::portal::Portal;
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::application::rest::{RestError, error_code};
use crate::domain::application::settings::Application;
use crate::domain::application::subscription::{
    AppStanding, Binding, MAX_BATCH, Plan, is_bound_already, plan, read_bindings, scope_of,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// How often a caller looks whether another sync is done, in milliseconds.
const LOOK_MILLIS: u32 = 100;

/// What a look at the portal found, and what was mended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncReport {
    /// When that was, RFC 3339.
    pub checked_at: Option<String>,
    /// The events that should be bound.
    pub desired: Vec<String>,
    /// The handler to which they should be.
    pub handler: Option<String>,
    /// What is bound, of this application.
    pub actual: Vec<Binding>,
    /// The events that were bound just then.
    pub bound: Vec<String>,
    /// The stale handlers of ours that were removed.
    pub unbound: Vec<Binding>,
    /// The events that could not be bound.
    pub failed: Vec<FailedBinding>,
    /// Whether the installation is complete, as far as the portal said.
    pub installed: Option<bool>,
    /// Whether what the application costs is not paid, as far as the portal said.
    pub payment_expired: Option<bool>,
    /// Why the portal could not be looked at, where it could not.
    pub error: Option<String>,
}

/// An event that could not be bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedBinding {
    /// The event.
    pub event: String,
    /// Bitrix24's code of the error.
    pub code: String,
    /// The scope that the application lacks, where that is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_scope: Option<String>,
}

impl SyncReport {
    /// Whether every desired event is bound.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.checked_at.is_some() && self.failed.is_empty() && self.error.is_none()
    }
}

impl<R: PortalRuntime> Portal<R> {
    /// Brings the subscriptions up to date. One caller at a time; what it found is stored.
    pub(super) async fn sync(&self) -> Result<Result<SyncReport, RestError>, PortError> {
        let Some(application) = self.config.installs.application() else {
            return Ok(Err(RestError::Refused("not_configured".to_owned())));
        };
        let claim = loop {
            match self.calls.syncing.claim(self.runtime.now()) {
                Some(claim) => break claim,
                None => self.runtime.sleep(LOOK_MILLIS).await,
            }
        };
        self.wake().await?;
        let last = self.with_authorisation(|known| known.map(|known| known.report.clone()).unwrap_or_default());
        let mut report = SyncReport {
            desired: application.events.clone(),
            handler: Some(application.handler()),
            actual: last.actual.clone(),
            installed: last.installed,
            payment_expired: last.payment_expired,
            ..SyncReport::default()
        };
        let outcome = self.mend(application, last.handler.as_deref(), &mut report, || claim.extend(self.runtime.now()));
        let outcome = outcome.await?;
        let now = self.runtime.now();
        report.checked_at = Some(now.to_rfc3339_millis());
        report.error = outcome.as_ref().err().map(ToString::to_string);
        self.wake().await?;
        self.change_authorisation(|authorisation| authorisation.report = report.clone())?;
        self.tell_sync(&report);
        drop(claim);
        Ok(outcome.map(|()| report))
    }

    async fn mend(
        &self,
        application: &Application,
        last_handler: Option<&str>,
        report: &mut SyncReport,
        alive: impl Fn(),
    ) -> Result<Result<(), RestError>, PortError> {
        let look = [("events", "event.get"), ("app", "app.info"), ("scope", "scope")];
        let look = look.into_iter().map(|(name, command)| (name.to_owned(), command.to_owned()));
        let found = match self.batch(look.collect()).await? {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        alive();
        if let Some(code) = error_code(&found.errors["events"]) {
            return Ok(Err(RestError::Refused(code)));
        }
        report.actual = read_bindings(&found.results["events"]);
        let AppStanding { installed, payment_expired } = AppStanding::read(&found.results["app"]);
        (report.installed, report.payment_expired) = (installed, payment_expired);
        let scopes = found.results["scope"].clone();
        let Plan { bind, unbind } = plan(application, last_handler, &report.actual);
        let binds = bind.iter().map(|binding| (binding, true));
        // What is stale goes last, so that no event is without a handler in between.
        let steps: Vec<(&Binding, bool)> = binds.chain(unbind.iter().map(|binding| (binding, false))).collect();
        for chunk in steps.chunks(MAX_BATCH) {
            let command = |(at, (binding, is_bind)): (usize, &(&Binding, bool))| {
                (format!("c{at:02}"), if *is_bind { binding.bind_command() } else { binding.unbind_command() })
            };
            let done = match self.batch(chunk.iter().enumerate().map(command).collect()).await? {
                Ok(done) => done,
                Err(error) => return Ok(Err(error)),
            };
            alive();
            for (at, (binding, is_bind)) in chunk.iter().enumerate() {
                report.note(binding, *is_bind, &done.errors[format!("c{at:02}")], &scopes);
            }
        }
        Ok(Ok(()))
    }

    /// Makes several calls in one.
    async fn batch(&self, commands: Vec<(String, String)>) -> Result<Result<Batch, RestError>, PortError> {
        let commands: Map<String, Value> = commands.into_iter().map(|(name, text)| (name, text.into())).collect();
        let parameters = Map::from_iter([("halt".to_owned(), json!(0)), ("cmd".to_owned(), Value::Object(commands))]);
        let outcome: RestOutcome = self.call_rest("batch", parameters).await;
        Ok(outcome?.and_then(|answer| match answer {
            Value::Object(mut members) => {
                let mut take = |name| members.remove(name).unwrap_or_default();
                Ok(Batch { results: take("result"), errors: take("result_error") })
            }
            _ => Err(RestError::Unreachable("its answer to a batch is none".to_owned())),
        }))
    }

    fn tell_sync(&self, report: &SyncReport) {
        let level = if report.is_complete() { Level::Info } else { Level::Warn };
        let line = self
            .line(level, "subscriptions checked")
            .with("bound", report.bound.len())
            .with("unbound", report.unbound.len())
            .with("failed", report.failed.len())
            .with("installed", report.installed)
            .with("error", report.error.clone());
        self.runtime.write(line);
    }
}

impl SyncReport {
    /// Notes what became of a command.
    fn note(&mut self, binding: &Binding, is_bind: bool, error: &Value, scopes: &Value) {
        let code = error_code(error).filter(|_| !is_bound_already(error));
        match (code, is_bind) {
            (None, true) => {
                self.bound.push(binding.event.clone());
                self.actual.push(binding.clone());
            }
            (None, false) => {
                self.actual.retain(|known| known != binding);
                self.unbound.push(binding.clone());
            }
            (Some(code), true) => {
                let has = |scope: &str| {
                    scopes.as_array().is_some_and(|list| list.iter().any(|known| known.as_str() == Some(scope)))
                };
                let missing_scope = scope_of(&binding.event).filter(|scope| !has(scope)).map(str::to_owned);
                self.failed.push(FailedBinding { event: binding.event.clone(), code, missing_scope });
            }
            // It is bound somewhere where nobody listens: the next look tries again.
            (Some(_), false) => {}
        }
    }
}

/// What a batch was answered: results and errors by the names of the commands.
struct Batch {
    results: Value,
    errors: Value,
}
