//! Forwards the log to its destination: first attempts in the order of the log, then what is due again.

use super::command::DeliveryState;
use super::deliveries::{self, Cursor};
use super::event_log::{self, LogEntry};
use super::lease::Claim;
use super::{Memory, Portal};
use crate::app::log_line::Level;
use crate::app::ports::{HttpRequest, PortError, PortalRuntime, SendError};
use crate::domain::circuit::{Blame, Cause};
use crate::domain::config::{Destination, Forwarding};
use crate::domain::delivery::{Outcome, Transition, transition};
use crate::domain::event_id::EventId;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;

/// How far the cursor in storage may be behind: how many deliveries a crash may repeat, against a row written each time.
pub const CURSOR_STEP: i64 = 100;
/// How long a destination has to answer, the middle of the 15 to 30 s that Standard Webhooks recommends as a bound.
const SEND_TIMEOUT_MILLIS: u32 = 15_000;
/// Entries that one search for the next event to send passes over.
const MAX_PASSED_OVER: u32 = 1_000;
/// How long until a broken configuration is looked at again while events wait, in milliseconds. The deployment that mends
/// it starts the object anew, but only the alarm or a request wakes it.
const BROKEN_CHECK_MILLIS: i64 = 60_000;
const USER_AGENT: &str = concat!("bitrix24-edge-relay/", env!("CARGO_PKG_VERSION"));

/// One send.
struct Job {
    seq: i64,
    /// Attempts made before; none for an event whose turn comes in the order of the log.
    attempts: u32,
}

impl<R: PortalRuntime> Portal<R> {
    /// Sends what is due, up to `DELIVERY_BURST` events. Storage has the outcome of each before the next is sent, but for
    /// the cursor, which may be [`CURSOR_STEP`] behind.
    pub(super) async fn forward(&self, claim: &Claim<'_>) -> Result<(), PortError> {
        let Forwarding::To(destination) = &self.config.forwarding else {
            return Ok(());
        };
        for _ in 0..self.config.delivery_burst {
            if self.circuit.borrow().open_until(self.runtime.now()).is_some() {
                break;
            }
            let Some(job) = self.next_job(destination)? else {
                break;
            };
            let (outcome, id) = self.send(destination, job.seq).await;
            let now = self.runtime.now();
            if !claim.is_held() {
                return Ok(());
            }
            claim.extend(now);
            self.log_attempt(&job, id, &outcome);
            match self.blame(&job, &outcome, now) {
                Blame::Event => self.settle(&job, outcome, now)?,
                Blame::Nobody => {}
                Blame::OutageSince(seq) => self.rewind_to(seq)?,
            }
        }
        self.save_cursor()
    }

    /// Whether events wait for their first attempt, and can be sent.
    pub(super) fn is_sending(&self, memory: &Memory) -> bool {
        let is_pending = memory.cursor.as_ref().is_some_and(|cursor| cursor.position < memory.head);
        let is_open = || self.circuit.borrow().open_until(self.runtime.now()).is_some();
        is_pending && matches!(self.config.forwarding, Forwarding::To(_)) && !is_open()
    }

    /// When the destination wants something: now, where an event has not been tried; else when the next retry is due.
    pub(super) fn forward_due_at(&self, memory: &Memory, now: Timestamp) -> Result<Option<Timestamp>, PortError> {
        let Some(cursor) = &memory.cursor else {
            return Ok(None);
        };
        let is_pending = cursor.position < memory.head;
        let open_until = self.circuit.borrow().open_until(now);
        match &self.config.forwarding {
            Forwarding::To(_) if open_until.is_some() => Ok(open_until),
            Forwarding::To(_) if is_pending => Ok(Some(now)),
            Forwarding::To(_) => deliveries::next_due_at(&self.runtime),
            Forwarding::Broken if is_pending => Ok(Some(now.plus_millis(BROKEN_CHECK_MILLIS))),
            Forwarding::Off | Forwarding::Broken => Ok(None),
        }
    }

    /// What tells one destination from another, or nothing where none is configured.
    pub(super) fn target(&self) -> Option<String> {
        match &self.config.forwarding {
            Forwarding::Off => None,
            Forwarding::Broken => Some(String::new()),
            Forwarding::To(destination) => Some(Secret::new(destination.url.clone()).sha256().to_string()),
        }
    }

    /// How far the delivery of an event is.
    pub(super) fn delivery_state(&self, memory: &Memory, entry: &LogEntry) -> Result<DeliveryState, PortError> {
        let Some(Cursor { position, .. }) = memory.cursor else {
            return Ok(DeliveryState::Delivered);
        };
        if entry.removed {
            return Ok(DeliveryState::Filtered);
        }
        if let Some(state) = deliveries::state_of(&self.runtime, entry.seq)? {
            return Ok(state);
        }
        Ok(match &self.config.forwarding {
            Forwarding::To(destination) if !is_wanted(destination, entry) => DeliveryState::Filtered,
            Forwarding::To(_) | Forwarding::Broken if entry.seq > position => DeliveryState::Pending,
            _ => DeliveryState::Delivered,
        })
    }

    fn next_job(&self, destination: &Destination) -> Result<Option<Job>, PortError> {
        let mut memory = self.memory.borrow_mut();
        let Some(Memory { cursor: Some(cursor), head, .. }) = memory.as_mut() else {
            return Ok(None);
        };
        for _ in 0..MAX_PASSED_OVER {
            if cursor.position >= *head {
                break;
            }
            let Some(entry) = event_log::next_entry(&self.runtime, cursor.position)? else {
                break;
            };
            if is_wanted(destination, &entry) {
                return Ok(Some(Job { seq: entry.seq, attempts: 0 }));
            }
            cursor.position = entry.seq;
        }
        let due = deliveries::next_due(&self.runtime, self.runtime.now())?;
        Ok(due.map(|due| Job { seq: due.seq, attempts: due.attempts }))
    }

    /// Makes one attempt. An event that cannot be read is a failure like any other: it must not block the rest.
    async fn send(&self, destination: &Destination, seq: i64) -> (Outcome, Option<EventId>) {
        let failed = |error: String, cause| Outcome::Failed { error, cause, retry_after_millis: None };
        let (id, body) = match event_log::event(&self.runtime, seq) {
            Ok(event) => event,
            Err(error) => return (failed(error.to_string(), Cause::Event), None),
        };
        let now = self.runtime.now();
        let request = HttpRequest {
            url: destination.url.clone(),
            binding: destination.binding.clone(),
            headers: vec![
                ("content-type", "application/cloudevents+json; charset=utf-8".to_owned()),
                ("user-agent", USER_AGENT.to_owned()),
                ("webhook-id", id.to_string()),
                ("webhook-timestamp", now.as_unix_seconds().to_string()),
                ("webhook-signature", destination.secrets.sign(id, now, &body)),
            ],
            body,
            timeout_millis: SEND_TIMEOUT_MILLIS,
        };
        let outcome = match self.runtime.post(request).await {
            Ok(response) => {
                Outcome::from_response(response.status, response.retry_after.as_deref(), self.runtime.now())
            }
            Err(error @ SendError::Unsendable(_)) => failed(error.to_string(), Cause::Relay),
            Err(error) => failed(error.to_string(), Cause::Destination),
        };
        (outcome, Some(id))
    }

    /// Puts the first events that an outage hit back to where they were, so that they are sent in order once it is over, with
    /// all their attempts.
    fn rewind_to(&self, seq: i64) -> Result<(), PortError> {
        let mut memory = self.memory.borrow_mut();
        if let Some(Memory { cursor: Some(cursor), .. }) = memory.as_mut() {
            self.runtime.transaction(|| {
                deliveries::delete_failures_from(&self.runtime, seq)?;
                deliveries::save_cursor(&self.runtime, seq - 1, &cursor.target)
            })?;
            cursor.position = seq - 1;
            cursor.saved = seq - 1;
        }
        Ok(())
    }

    /// Tells the circuit how an attempt ended, and learns what that is to be taken for.
    fn blame(&self, job: &Job, outcome: &Outcome, now: Timestamp) -> Blame {
        let mut circuit = self.circuit.borrow_mut();
        let was_open = circuit.reason().is_some();
        let blame = match outcome {
            Outcome::Delivered => {
                circuit.succeeded();
                Blame::Event
            }
            Outcome::Failed { cause, error, .. } => {
                let first_attempt_of = (job.attempts == 0).then_some(job.seq);
                circuit.failed(*cause, first_attempt_of, error, now)
            }
        };
        let is_open = circuit.reason().is_some();
        if was_open != is_open {
            let message = if is_open { "destination down" } else { "destination back" };
            self.runtime.write(self.line(Level::Warn, message).with("error", circuit.reason()));
        }
        blame
    }

    /// Writes down how an attempt ended.
    fn settle(&self, job: &Job, outcome: Outcome, now: Timestamp) -> Result<(), PortError> {
        let attempt = job.attempts + 1;
        let mut seed = [0; 4];
        self.runtime.fill(&mut seed);
        let transition = transition(outcome, attempt, &self.config.retry_schedule, now, u32::from_le_bytes(seed));
        if let Transition::Failed { due_at: None, error } = &transition {
            let line = self.line(Level::Error, "delivery given up").with("seq", job.seq);
            self.runtime.write(line.with("error", error.as_str()));
        }
        let mut memory = self.memory.borrow_mut();
        let Some(Memory { cursor: Some(cursor), .. }) = memory.as_mut() else {
            return Ok(());
        };
        let is_first = job.attempts == 0;
        match transition {
            Transition::Done if is_first => {
                cursor.position = job.seq;
                if cursor.position - cursor.saved >= CURSOR_STEP {
                    deliveries::save_cursor(&self.runtime, cursor.position, &cursor.target)?;
                    cursor.saved = cursor.position;
                }
            }
            Transition::Done => deliveries::delete_failure(&self.runtime, job.seq)?,
            Transition::Failed { due_at, error } => {
                self.runtime.transaction(|| {
                    deliveries::save_failure(&self.runtime, job.seq, attempt, due_at, &error)?;
                    if is_first {
                        deliveries::save_cursor(&self.runtime, job.seq, &cursor.target)?;
                    }
                    Ok(())
                })?;
                if is_first {
                    cursor.position = job.seq;
                    cursor.saved = job.seq;
                }
            }
        }
        Ok(())
    }

    fn save_cursor(&self) -> Result<(), PortError> {
        let mut memory = self.memory.borrow_mut();
        if let Some(Memory { cursor: Some(cursor), .. }) = memory.as_mut()
            && cursor.saved < cursor.position
        {
            deliveries::save_cursor(&self.runtime, cursor.position, &cursor.target)?;
            cursor.saved = cursor.position;
        }
        Ok(())
    }

    fn log_attempt(&self, job: &Job, id: Option<EventId>, outcome: &Outcome) {
        let (level, message, error) = match outcome {
            Outcome::Delivered => (Level::Info, "event delivered", None),
            Outcome::Failed { error, .. } => (Level::Warn, "delivery failed", Some(error.as_str())),
        };
        let line = self
            .line(level, message)
            .with("seq", job.seq)
            .with("attempt", job.attempts + 1)
            .with("id", id.map(|id| id.to_string()))
            .with("error", error);
        self.runtime.write(line);
    }
}

fn is_wanted(destination: &Destination, entry: &LogEntry) -> bool {
    !entry.removed && destination.events.iter().any(|glob| glob.matches(&entry.event_type))
}
