//! One run: sends what is due, several requests at once.

use super::lane::Lane;
use super::message::{Events, Message};
use super::under_way::Budget;
use crate::app::log_line::{Level, LogLine};
use crate::app::portal::{Memory, Portal};
use crate::app::ports::{PortError, PortalRuntime, SendError};
use crate::app::racing::Racing;
use crate::domain::delivery::dispatcher::{Claim, News, Settlement};
use crate::domain::delivery::outcome::{Class, Failure, Outcome};
use crate::domain::delivery::queue::Change;
use crate::domain::destination::Destination;
use crate::domain::notice::Notice;
use crate::domain::time::Timestamp;
use std::cell::Cell;
use std::rc::Rc;

/// How long a run goes on before it leaves the rest to the next one, in milliseconds: far below the 15 minutes that an alarm
/// may take, so that a slow destination is no reason to be cut off.
const MAX_RUN_MILLIS: i64 = 60_000;

/// What goes out, as far as it is written.
enum Draft {
    /// It is.
    Ready(Message),
    /// Its events are to be forwarded with their objects.
    ToHydrate(Box<Destination>, Events),
}

/// A request under way.
struct Job {
    destination: String,
    /// Its number among the requests of this object.
    number: u64,
    /// Which reading of storage it belongs to.
    start: u32,
    claim: Claim,
    /// Attempts of its first event, with this one.
    attempt: u32,
    began_at: Timestamp,
    /// When its events were logged, without those that a person sends again.
    logged_at: Vec<Timestamp>,
    message: Result<Draft, String>,
    /// `webhook-id`, or the id of the first event.
    id: Option<String>,
}

/// A run: what it may still send, and the requests that it has under way.
struct Run<'a> {
    budget: Budget,
    deadline: Timestamp,
    racing: Racing<'a, (Job, Outcome)>,
}

impl<R: PortalRuntime> Portal<R> {
    /// Sends what is due, up to `DELIVERY_BURST` requests, and sees to them until the last has ended. Storage has the outcome of
    /// each before the next is sent, but for the cursor, which may be [`super::CURSOR_STEP`] behind.
    ///
    /// Whenever a request ends, all that may go then goes, so that one at which the destination hangs holds up nothing else. Other
    /// runs may do the same meanwhile.
    pub(in crate::app::portal) async fn deliver(&self) -> Result<(), PortError> {
        let mut run = Run {
            budget: Rc::new(Cell::new(self.config.delivery_burst)),
            deadline: self.runtime.now().plus_millis(MAX_RUN_MILLIS),
            racing: Racing::default(),
        };
        self.release_vanished();
        self.send_due(&mut run)?;
        while !run.racing.is_empty() {
            self.arm_for_rest().await?;
            if let Some((job, outcome)) = run.racing.next().await {
                self.end(&job, &outcome)?;
            }
            self.send_due(&mut run)?;
        }
        self.save_cursors()
    }

    /// Lets everything go that may go now. Where another run is still at what comes before, that one does it.
    fn send_due<'a>(&'a self, run: &mut Run<'a>) -> Result<(), PortError> {
        if self.runtime.now() >= run.deadline {
            run.budget.set(0);
        }
        while run.budget.get() > 0 && self.lease.is_free(self.runtime.now()) {
            let Some(job) = self.next_job(&run.budget)? else {
                break;
            };
            run.budget.set(run.budget.get() - 1);
            run.racing.start(self.send(job));
        }
        Ok(())
    }

    /// Sets the alarm for what is due before the requests of a run have ended.
    async fn arm_for_rest(&self) -> Result<(), PortError> {
        let now = self.runtime.now();
        let due_at = self.memory.borrow().as_ref().and_then(|memory| memory.run_due_at(now));
        self.arm_for(due_at, now).await
    }

    /// Writes the cursors of destinations that have nothing more to come. Where more is, its end does it.
    fn save_cursors(&self) -> Result<(), PortError> {
        let (now, mut memory) = (self.runtime.now(), self.memory.borrow_mut());
        let Some(Memory { lanes, head, .. }) = memory.as_mut() else {
            return Ok(());
        };
        let is_idle = |lane: &&mut Lane| lane.under_way.is_empty() && !lane.is_due(*head, now);
        lanes.iter_mut().filter(is_idle).try_for_each(|lane| lane.save_cursor(&self.runtime))
    }

    /// Notes how a request ended. Where memory was thrown away and read again meanwhile, nothing is known of its claim.
    fn end(&self, job: &Job, outcome: &Outcome) -> Result<(), PortError> {
        self.log_attempt(job, outcome);
        if self.started.get() == job.start { self.settle(job, outcome) } else { Ok(()) }
    }

    /// Takes back what was claimed for requests that vanished.
    fn release_vanished(&self) {
        let now = self.runtime.now();
        for lane in self.memory.borrow_mut().iter_mut().flat_map(|memory| memory.lanes.iter_mut()) {
            for seq in lane.under_way.take_vanished(now) {
                lane.dispatcher.queue.release(seq);
            }
        }
    }

    /// Claims what goes next.
    fn next_job(&self, budget: &Budget) -> Result<Option<Job>, PortError> {
        let now = self.runtime.now();
        let mut memory = self.memory.borrow_mut();
        let Some(memory) = memory.as_mut().filter(|memory| !self.gives_way(memory, now)) else {
            return Ok(None);
        };
        for at in memory.open_lanes(now) {
            let Memory { lanes, head, .. } = &mut *memory;
            let Some(lane) = lanes.get_mut(at).filter(|lane| lane.destination.is_some()) else {
                continue;
            };
            lane.read_log(&self.runtime, *head, now)?;
            lane.feed_replays(&self.runtime, now)?;
            let (claim, dropped) = lane.dispatcher.next(now);
            lane.note(&self.runtime, &dropped, false, now)?;
            if let Some(claim) = claim {
                let number = self.requests_made.get() + 1;
                self.requests_made.set(number);
                lane.under_way.begin(number, &claim.events, budget, now);
                return self.job(lane, number, claim, now).map(Some);
            }
        }
        Ok(None)
    }

    fn job(&self, lane: &mut Lane, number: u64, claim: Claim, now: Timestamp) -> Result<Job, PortError> {
        let mut events = Vec::with_capacity(claim.events.len());
        let mut logged_at = Vec::with_capacity(claim.events.len());
        let mut unreadable = None;
        for seq in &claim.events {
            match lane.take_event(&self.runtime, *seq)? {
                Some(stored) => {
                    events.push((stored.id, stored.json));
                    logged_at.extend((!lane.dispatcher.queue.is_replayed(*seq)).then_some(stored.logged_at));
                }
                None => unreadable = Some(format!("event {seq} cannot be read from the log")),
            }
        }
        let id = events.first().map(|(id, _)| id.to_string());
        let message = match (unreadable, &lane.destination) {
            (Some(error), _) => Err(error),
            (None, Some(to)) if events.iter().any(|(_, json)| self.hydrates(json)) => {
                Ok(Draft::ToHydrate(Box::new(to.clone()), events))
            }
            (None, Some(to)) => Message::new(to, events, now)
                .map(Draft::Ready)
                .map_err(|error| format!("an event cannot be read: {error}")),
            (None, None) => Err("the destination is gone".to_owned()),
        };
        let attempt = claim.events.first().map_or(0, |seq| lane.dispatcher.queue.attempts(*seq)) + 1;
        let (destination, start) = (lane.name.clone(), self.started.get());
        Ok(Job { destination, number, start, claim, attempt, began_at: now, logged_at, message, id })
    }

    /// Makes one attempt.
    async fn send(&self, mut job: Job) -> (Job, Outcome) {
        let message = match std::mem::replace(&mut job.message, Err(String::new())) {
            Err(error) => Err(error),
            Ok(Draft::Ready(message)) => Ok(message),
            Ok(Draft::ToHydrate(to, events)) => self.hydrated_message(&to, events, &job).await,
        };
        let outcome = match message {
            Err(error) => Outcome::failed(Class::Unreadable, error),
            Ok(message) => match message.send(&self.runtime).await {
                Ok(Some(answer)) => {
                    Outcome::from_response(answer.status, answer.retry_after.as_deref(), self.runtime.now())
                }
                Ok(None) => Outcome::Delivered,
                Err(error) => send_failed(&error),
            },
        };
        (job, outcome)
    }

    /// Writes a message whose events are forwarded with their objects.
    async fn hydrated_message(&self, to: &Destination, events: Events, job: &Job) -> Result<Message, String> {
        let mut hydrated = Vec::with_capacity(events.len());
        for (id, json) in events {
            hydrated.push((id, self.hydrated(id, json).await));
            self.prolong(job);
        }
        Message::new(to, hydrated, self.runtime.now()).map_err(|error| format!("an event cannot be read: {error}"))
    }

    /// Gives a sign of life of a request that is still in the making.
    fn prolong(&self, job: &Job) {
        let (now, mut memory) = (self.runtime.now(), self.memory.borrow_mut());
        if let Some(lane) = memory.as_mut().and_then(|memory| memory.lane_mut(&job.destination)) {
            lane.under_way.prolong(job.number, now);
        }
    }

    /// Writes down how an attempt ended.
    fn settle(&self, job: &Job, outcome: &Outcome) -> Result<(), PortError> {
        let now = self.runtime.now();
        let seed = u32::from_le_bytes(self.runtime.fresh());
        let settlement = {
            let mut memory = self.memory.borrow_mut();
            // It may have been removed meanwhile.
            let Some(lane) = memory.as_mut().and_then(|memory| memory.lane_mut(&job.destination)) else {
                return Ok(());
            };
            if !lane.under_way.end(job.number) {
                return Ok(());
            }
            let schedule = &self.config.retry_schedule;
            let settlement = lane.dispatcher.settle(&job.claim, outcome, schedule, now, seed);
            lane.count(outcome, job.claim.events.len(), &job.logged_at, &settlement, now);
            lane.note(&self.runtime, &settlement.changes, settlement.news.is_some(), now)?;
            settlement
        };
        self.tell(job, &settlement, outcome)
    }

    /// Tells the operator what has happened to the destination, and to events that are given up.
    fn tell(&self, job: &Job, settlement: &Settlement, outcome: &Outcome) -> Result<(), PortError> {
        let destination = job.destination.clone();
        let reason = error_of(outcome).unwrap_or_default().to_owned();
        let news = match settlement.news {
            Some(News::Opened) => Some(("destination down", Notice::CircuitOpened { destination, reason })),
            Some(News::Closed) => Some(("destination back", Notice::CircuitClosed { destination })),
            Some(News::Paused) => Some(("destination paused", Notice::DestinationPaused { destination, reason })),
            Some(News::ProbeFailed) | None => None,
        };
        if let Some((message, notice)) = news {
            let line = self.line(Level::Warn, message).with("destination", job.destination.as_str());
            self.runtime.write(line.with("error", error_of(outcome)));
            self.notify(notice)?;
        }
        for change in &settlement.changes {
            if let Change::Failed { seq, error, .. } = change {
                let line = self.line(Level::Error, "delivery given up").with("destination", job.destination.as_str());
                self.runtime.write(line.with("seq", *seq).with("error", error.as_str()));
                let (destination, reason) = (job.destination.clone(), error.clone());
                self.notify(Notice::EventFailed { destination, seq: *seq, reason })?;
            }
        }
        Ok(())
    }

    fn log_attempt(&self, job: &Job, outcome: &Outcome) {
        let (level, message) = match outcome {
            Outcome::Delivered => (Level::Info, "event delivered"),
            Outcome::Failed(Failure { class: Class::Unsendable | Class::Unreadable, .. }) => {
                (Level::Error, "delivery impossible")
            }
            Outcome::Failed(_) => (Level::Warn, "delivery failed"),
        };
        let (events, millis) = (job.claim.events.len(), self.runtime.now().millis_since(job.began_at).max(0));
        {
            let memory = self.memory.borrow();
            let member_id = memory.as_ref().map_or("none", |memory| memory.registration.member_id.as_str());
            let numbers = [millis, i64::try_from(events).unwrap_or(i64::MAX), i64::from(job.attempt)];
            self.runtime.record(member_id, &["delivery", &job.destination, message], &numbers);
        }
        if level < self.runtime.log_level() {
            return;
        }
        let line: LogLine = self
            .line(level, message)
            .with("destination", job.destination.as_str())
            .with("seq", job.claim.events.first().copied().unwrap_or_default())
            .with("events", events)
            .with("attempt", job.attempt)
            .with("id", job.id.as_deref())
            .with("duration_ms", millis)
            .with("error", error_of(outcome));
        self.runtime.write(line);
    }
}

fn error_of(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Delivered => None,
        Outcome::Failed(failure) => Some(&failure.error),
    }
}

fn send_failed(error: &SendError) -> Outcome {
    let class = match error {
        SendError::Unsendable(_) => Class::Unsendable,
        SendError::Timeout | SendError::Network(_) => Class::Transient,
        SendError::Refused(_) => Class::Refused { is_about_event: true },
    };
    Outcome::failed(class, error.to_string())
}
