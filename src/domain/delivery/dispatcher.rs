//! Decides for one destination what is sent next, and what the end of an attempt means.

use super::circuit::{Admission, Attempt, Blame, Circuit, Open};
use super::outcome::{Class, Failure, Outcome, Transition, transition};
use super::queue::{Change, Queue};
use crate::domain::retry_schedule::RetrySchedule;
use crate::domain::time::Timestamp;
use std::collections::BTreeSet;

/// Most events of one batch.
pub const MAX_BATCH_EVENTS: usize = 100;
/// Most bytes of one batch, brackets and commas included.
pub const MAX_BATCH_BYTES: usize = 256 * 1024;
/// Events that are looked for at once where each goes by itself: as many as a run sends, unless `DELIVERY_BURST` says otherwise.
const LOOKED_FOR: usize = 40;
/// Of so many sends one goes to an event that is due again, where there are new ones all the time: they go first, but must
/// not keep the others waiting for ever.
const SENDS_PER_RETRY: u32 = 10;
/// So many of the oldest events probe a destination in turn, so that one that it does not like cannot hide that it is back.
const PROBING_EVENTS: u32 = 4;

/// The deliveries of one destination, and what is known about it.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    /// What it still has to get.
    pub queue: Queue,
    circuit: Circuit,
    pause: Option<Pause>,
    /// Whether several events go in one request.
    has_batches: bool,
    /// Whether only the newest update of a thing is sent.
    coalesces: bool,
    /// Most events of the next batch. It halves when a batch fails, so that what the destination does not like is found.
    batch_limit: usize,
    sends: u32,
}

/// Why a destination is paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// What happened, for the operator.
    pub reason: String,
}

/// What is sent in one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The events, in the order of the log.
    pub events: Vec<i64>,
    is_probe: bool,
}

/// What the end of an attempt changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settlement {
    /// What storage has to note.
    pub changes: Vec<Change>,
    /// Whether what is known about the destination has changed, and has to be noted.
    pub news: Option<News>,
}

/// What was learned about a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It is down, throttles, or cannot be sent to.
    Opened,
    /// It still is.
    ProbeFailed,
    /// It is back.
    Closed,
    /// It wants no more events.
    Paused,
}

impl Dispatcher {
    /// A destination with what is known about it.
    #[must_use]
    pub const fn new(queue: Queue, circuit: Circuit, pause: Option<Pause>) -> Self {
        let batch_limit = MAX_BATCH_EVENTS;
        Self { queue, circuit, pause, has_batches: false, coalesces: false, batch_limit, sends: 0 }
    }

    /// The same with several events per request, and without updates that a later one makes obsolete.
    #[must_use]
    pub fn with(mut self, has_batches: bool, coalesces: bool) -> Self {
        self.reform(has_batches, coalesces);
        self
    }

    /// Sends in another way from now on. What is under way is not touched.
    pub fn reform(&mut self, has_batches: bool, coalesces: bool) {
        self.has_batches = has_batches;
        self.coalesces = coalesces;
    }

    /// Forgets what is known about the destination, which is somewhere else now: all that waits for it is due.
    pub fn renew(&mut self, now: Timestamp) {
        self.circuit.succeeded();
        self.queue.hurry(now);
    }

    /// What may be sent now, as far as the destination is concerned: nothing while it is paused.
    #[must_use]
    pub fn admission(&self, now: Timestamp) -> Option<Admission> {
        self.pause.is_none().then(|| self.circuit.admits(now))
    }

    /// Why the circuit is open, if it is.
    #[must_use]
    pub const fn circuit(&self) -> Option<&Open> {
        self.circuit.open()
    }

    /// Why it is paused, if it is.
    #[must_use]
    pub const fn pause(&self) -> Option<&Pause> {
        self.pause.as_ref()
    }

    /// Pauses it, or lets it go on: then as if nothing bad were known about it.
    pub fn set_pause(&mut self, pause: Option<Pause>) {
        if pause.is_none() {
            self.circuit.succeeded();
        }
        self.pause = pause;
    }

    /// How many more events of the log are to be offered before [`Self::next`] can tell what goes next.
    #[must_use]
    pub fn wants_more(&self, now: Timestamp) -> usize {
        let enough = match self.admission(now) {
            None | Some(Admission::NotBefore(_)) => 0,
            // What is obsolete is known only when all that may make it so is.
            _ if self.coalesces => usize::MAX,
            Some(Admission::Probe) => PROBING_EVENTS as usize,
            Some(Admission::All) if self.has_batches => MAX_BATCH_EVENTS,
            Some(Admission::All) if self.queue.fresh_count() == 0 => LOOKED_FOR,
            Some(Admission::All) => 0,
        };
        if self.queue.has_room() { enough.saturating_sub(self.queue.fresh_count()) } else { 0 }
    }

    /// When something is to be sent besides what is under way; `head` is the newest event of the log.
    #[must_use]
    pub fn next_due_at(&self, head: i64, now: Timestamp) -> Option<Timestamp> {
        let admission = self.admission(now)?;
        let has_more = self.queue.seen() < head && self.queue.has_room();
        let is_fresh = has_more || self.queue.fresh_count() > 0;
        let due_at = if is_fresh { Some(now) } else { self.queue.next_due_at() }?;
        match admission {
            Admission::NotBefore(until) => Some(due_at.max(until)),
            Admission::Probe => Some(due_at).filter(|_| !self.queue.is_sending()),
            Admission::All => Some(due_at),
        }
    }

    /// Claims what goes next, if anything may go now, and tells what is obsolete.
    pub fn next(&mut self, now: Timestamp) -> (Option<Claim>, Vec<Change>) {
        let mut dropped = Vec::new();
        let is_probe = match self.admission(now) {
            None | Some(Admission::NotBefore(_)) => return (None, dropped),
            Some(Admission::Probe) if self.queue.is_sending() => return (None, dropped),
            Some(admission) => admission == Admission::Probe,
        };
        while let Some(seq) = self.candidate(is_probe, now) {
            if self.coalesces
                && let Some(change) = self.queue.supersede(seq)
            {
                dropped.push(change);
                continue;
            }
            let is_fresh = self.queue.is_fresh(seq);
            self.queue.claim(seq);
            self.sends = self.sends.wrapping_add(1);
            let mut events = vec![seq];
            if self.has_batches && is_fresh && !is_probe {
                self.fill_batch(&mut events, &mut dropped);
            }
            return (Some(Claim { events, is_probe }), dropped);
        }
        (None, dropped)
    }

    /// Notes how an attempt ended. `seed` is any random number.
    pub fn settle(
        &mut self,
        claim: &Claim,
        outcome: &Outcome,
        schedule: &RetrySchedule,
        now: Timestamp,
        seed: u32,
    ) -> Settlement {
        let failure = match outcome {
            Outcome::Delivered => return self.delivered(claim),
            Outcome::Failed(failure) => failure,
        };
        if failure.class == Class::Gone {
            self.release(claim);
            self.pause = Some(Pause { reason: failure.error.clone() });
            return Settlement { changes: Vec::new(), news: Some(News::Paused) };
        }
        let may_be_one_of_them = matches!(failure.class, Class::Transient | Class::Refused { .. });
        if claim.events.len() > 1 && may_be_one_of_them {
            self.batch_limit = self.batch_limit.min(claim.events.len() / 2);
            self.release(claim);
            return Settlement::default();
        }
        let attempt = match claim.events.as_slice() {
            _ if claim.is_probe => Attempt::Probe,
            [seq, ..] if self.queue.is_pending(*seq) => Attempt::First(*seq),
            [seq, ..] if self.queue.attempts(*seq) == 0 => Attempt::Behind,
            _ => Attempt::Later,
        };
        let was_open = self.circuit.open().is_some();
        let blame = self.circuit.failed(failure, attempt, now, seed);
        let is_open = self.circuit.open().is_some();
        let news = match (was_open, is_open, attempt) {
            (false, true, _) => Some(News::Opened),
            (true, true, Attempt::Probe) => Some(News::ProbeFailed),
            _ => None,
        };
        let changes = match blame {
            Blame::Event => {
                claim.events.iter().flat_map(|seq| self.failed(*seq, failure, schedule, now, seed)).collect()
            }
            Blame::Nobody => {
                self.release(claim);
                Vec::new()
            }
            Blame::OutageSince(first) => {
                self.release(claim);
                // What lies behind the position is no reason to take the log up from there.
                let own = claim.events.iter().copied().filter(|seq| self.queue.is_pending(*seq));
                let first = own.fold(first, i64::min);
                vec![self.queue.rewind(first)]
            }
        };
        Settlement { changes, news }
    }

    fn delivered(&mut self, claim: &Claim) -> Settlement {
        self.batch_limit = (self.batch_limit * 2).min(MAX_BATCH_EVENTS);
        let was_open = self.circuit.succeeded();
        Settlement {
            changes: claim.events.iter().filter_map(|seq| self.queue.delivered(*seq)).collect(),
            news: was_open.then_some(News::Closed),
        }
    }

    fn failed(
        &mut self,
        seq: i64,
        failure: &Failure,
        schedule: &RetrySchedule,
        now: Timestamp,
        seed: u32,
    ) -> Vec<Change> {
        let attempt = self.queue.attempts(seq) + 1;
        match transition(failure, attempt, schedule, now, seed) {
            Transition::Retry { due_at } => self.queue.retry(seq, due_at, failure.error.clone()),
            Transition::GiveUp => self.queue.give_up(seq, failure.error.clone()).into_iter().collect(),
        }
    }

    fn release(&mut self, claim: &Claim) {
        for seq in &claim.events {
            self.queue.release(*seq);
        }
    }

    fn candidate(&self, is_probe: bool, now: Timestamp) -> Option<i64> {
        let due = self.queue.due(now);
        if is_probe {
            let turn = self.circuit.open().map_or(0, |open| open.probes % PROBING_EVENTS) as usize;
            return self.queue.fresh().nth(turn).or_else(|| self.queue.fresh().next()).or(due);
        }
        let is_turn_of_retry = self.sends % SENDS_PER_RETRY == SENDS_PER_RETRY - 1;
        let fresh = self.queue.fresh().next();
        if is_turn_of_retry { due.or(fresh) } else { fresh.or(due) }
    }

    /// Adds the next events in the order of the log. One may follow another of its thing, since a batch is in order.
    fn fill_batch(&mut self, events: &mut Vec<i64>, dropped: &mut Vec<Change>) {
        let mut bytes = 2 + events.iter().map(|seq| self.queue.bytes(*seq)).sum::<usize>();
        let mut followers: BTreeSet<i64> = self.queue.follower(events[0]).into_iter().collect();
        while events.len() < self.batch_limit {
            let next = self.queue.fresh().next().into_iter().chain(followers.first().copied()).min();
            let Some(seq) = next else {
                break;
            };
            let is_follower = followers.remove(&seq);
            let next_of_thing = self.queue.follower(seq);
            if self.coalesces
                && let Some(change) = self.queue.supersede(seq)
            {
                dropped.push(change);
                followers.extend(next_of_thing.filter(|_| is_follower));
                continue;
            }
            bytes += self.queue.bytes(seq) + 1;
            if bytes > MAX_BATCH_BYTES {
                break;
            }
            self.queue.claim(seq);
            followers.extend(next_of_thing);
            events.push(seq);
        }
    }
}
