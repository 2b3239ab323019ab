//! Tells the operator what needs a person. Notices go their own way: they hold up no event, and their failures count against no
//! destination.

use super::Portal;
use super::outbox::{Told, Waiting};
use crate::app::log_line::{Level, LogLine};
use crate::app::ports::{PortError, PortalRuntime};
use crate::app::signed_request::signed_request;
use crate::domain::config::OperatorWebhook;
use crate::domain::event_id::EventId;
use crate::domain::http_binding::STRUCTURED;
use crate::domain::normalizer::portal_source;
use crate::domain::notice::Notice;
use crate::domain::time::Timestamp;

/// How long the operator's endpoint has to answer.
const SEND_TIMEOUT_MILLIS: u32 = 10_000;
/// Notices that one run sends: of the free plan's 50 requests per run, 40 are for events.
const MAX_SENDS: usize = 5;

impl<R: PortalRuntime> Portal<R> {
    /// Notes what the operator is to be told. Writes nothing where there is no `OPS_WEBHOOK_URL`, else a row at most, and none for
    /// more of what waits already.
    ///
    /// It looks at no other memory of the portal, so it may be called in the midst of a change, and within a transaction. The
    /// portal must be registered, and whoever calls sets the alarm afterwards, as after every change.
    pub(super) fn notify(&self, notice: Notice) -> Result<(), PortError> {
        if self.config.operator_webhook.is_none() {
            return Ok(());
        }
        let (now, kind) = (self.runtime.now(), notice.kind());
        if !self.outbox.add(&self.runtime, notice, self.new_event_id(now), now)? {
            self.runtime.write(LogLine::new(Level::Warn, "notice dropped").with("kind", kind));
        }
        Ok(())
    }

    /// Notes that a state of which the operator was told has ended.
    pub(super) fn end_notice(&self, topic: &str) -> Result<(), PortError> {
        if self.config.operator_webhook.is_none() {
            return Ok(());
        }
        self.outbox.end(&self.runtime, topic)
    }

    /// When a notice is to be sent. Asked of a registered portal.
    pub(super) fn notices_due_at(&self) -> Result<Option<Timestamp>, PortError> {
        if self.config.operator_webhook.is_none() {
            return Ok(None);
        }
        self.outbox.next_due_at(&self.runtime)
    }

    /// Puts what is due in the hands of [`Self::send_notices`].
    pub(super) fn claim_notices(&self, now: Timestamp) -> Result<(), PortError> {
        if self.config.operator_webhook.is_none() || self.memory.borrow().is_none() {
            return Ok(());
        }
        self.outbox.claim_due(&self.runtime, MAX_SENDS, now)
    }

    /// Whether the alarm has left something for [`Self::send_notices`].
    pub fn has_notices(&self) -> bool {
        self.outbox.has_claimed()
    }

    /// Sends the notices that the alarm found due. Nothing waits for it.
    pub async fn send_notices(&self) {
        let sent = async {
            while let Some(waiting) = self.outbox.take_claimed() {
                let outcome = self.send_notice(&waiting).await;
                self.settle_notice(&waiting, outcome)?;
            }
            self.wake().await?;
            self.rearm().await
        };
        if let Err(error) = sent.await {
            self.give_up(&error);
        }
    }

    async fn send_notice(&self, waiting: &Waiting) -> Result<(), String> {
        let Some(OperatorWebhook { url, secrets }) = &self.config.operator_webhook else {
            return Ok(());
        };
        let Waiting { id, notice, occurrences, .. } = waiting;
        let body = {
            let memory = self.memory.borrow();
            let registration = &memory.as_ref().ok_or("storage was not read")?.registration;
            let source = portal_source(registration.domain.as_deref(), &registration.member_id);
            notice.to_json(*id, &source, &registration.member_id, *occurrences)
        };
        let now = self.runtime.now();
        let content = (vec![("content-type", STRUCTURED.to_owned())], body);
        let request = signed_request(url, secrets, &id.to_string(), content, now, SEND_TIMEOUT_MILLIS);
        match self.runtime.post(request).await {
            Ok(response) if (200..300).contains(&response.status) => Ok(()),
            Ok(response) => Err(format!("the operator's endpoint answered {}", response.status)),
            Err(error) => Err(error.to_string()),
        }
    }

    fn settle_notice(&self, waiting: &Waiting, outcome: Result<(), String>) -> Result<(), PortError> {
        let now = self.runtime.now();
        let told = self.outbox.settle(&self.runtime, waiting, outcome.is_ok(), self.new_event_id(now), now)?;
        let message = if told == Told::GivenUp { "notice given up" } else { "notice not sent" };
        if let Err(error) = outcome {
            let line = self.line(Level::Warn, message).with("kind", waiting.notice.kind());
            self.runtime.write(line.with("error", error));
        }
        Ok(())
    }

    /// An id that nothing else has.
    pub(super) fn new_event_id(&self, now: Timestamp) -> EventId {
        EventId::new(now, self.runtime.fresh())
    }
}
