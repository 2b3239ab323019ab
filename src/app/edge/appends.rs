//! Appends of one isolate. While one is under way to a portal's object, those that come meanwhile wait, and go together in
//! the next: a bulk edit costs the object one request and one commit for many events, and a lone event waits for nobody.
//!
//! A call that follows another lingers for [`LINGER_MILLIS`] at most, until as many wait as were just answered and waited already: those
//! who were answered send their next events then, and all go together. After a lone event nobody lingers.
//!
//! The request that makes a call goes on to make the next one, behind its own answer, for as long as others wait; after some
//! calls a request that has just come takes its place. None that waits is ever asked to call: it may have no client any more, and
//! the runtime then lets it not go on. And each that waits has a time of its own, after which it counts the call as lost, and all
//! that hang on it queue once more. One that comes when a call is overdue calls at once.

use super::objects::unavailable;
use crate::app::portal::command::Append;
use crate::app::ports::{Bell, Bells, Clock};
use crate::domain::location::LocationHint;
use crate::domain::member_id::MemberId;
use crate::domain::problem::Problem;
use crate::domain::time::Timestamp;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;

/// When a call that another one makes is overdue, in milliseconds: longer than a call with its repetitions takes, shorter than
/// Bitrix24 waits.
pub const OVERDUE_MILLIS: u32 = 3_000;
/// For how long a call of a series lingers at most, in milliseconds: what is answered is followed by the next within this time, where
/// answers and requests have no long way.
pub const LINGER_MILLIS: u32 = 3;
/// How much longer it may take, in milliseconds, while the thread is busy. Whoever comes later takes its request to have been ended.
const LATE_MILLIS: u32 = 50;
/// Events in one call: more would hold up the first of them.
const MAX_EVENTS: usize = 128;
/// Bytes of the events in one call, unless a single one is longer. The object reads a call as a whole, and has 128 MB.
const MAX_BYTES: usize = 1 << 20;
/// Calls that one request makes before it is relieved: each costs it a millisecond of computing, and the free plan allows a request
/// ten. <https://developers.cloudflare.com/workers/platform/limits/>
const MAX_CALLS: u32 = 8;

/// What the portal's object said of an event: its place in the log, or why it was not taken.
pub type Verdict = Result<i64, Refusal>;

/// Why the portal's object did not take an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody registered the portal.
    UnknownPortal,
    /// The portal is known, but not the token; the event is held.
    Held {
        /// How many others made room for it.
        displaced: usize,
    },
    /// The portal is known, but not the token.
    Unregistered,
    /// The token was ended.
    Revoked,
}

/// The appends of an isolate, by portal.
#[derive(Default)]
pub struct Appends {
    lines: RefCell<BTreeMap<MemberId, Line>>,
    /// Calls that are to be made behind an answer.
    owed: RefCell<Vec<Owed>>,
    calls: Cell<u64>,
}

/// The calls to one portal, and those who wait.
#[derive(Default)]
struct Line {
    /// The call behind which the next one is made, if there is one.
    last: Option<u64>,
    /// How many calls in a row its request has made.
    made: u32,
    /// Until when something is heard of the last call, unless its request was ended.
    expected_by: Option<Timestamp>,
    waiting: Vec<(Append, Rc<Seat>)>,
    /// For how many the next call lingers, and what rings when they wait.
    company: Option<(usize, Bell)>,
    /// Those for whom calls are under way, beside the callers themselves.
    under_way: Vec<(u64, Vec<Rc<Seat>>)>,
}

/// Where one who waits is told how it goes on.
struct Seat {
    turn: Cell<Option<Turn>>,
    bell: Cell<Option<Bell>>,
}

impl Seat {
    fn call_up(&self, turn: Turn) {
        self.turn.set(Some(turn));
        if let Some(bell) = self.bell.take() {
            bell();
        }
    }
}

/// How one goes on.
pub enum Turn {
    /// It calls the object, for itself and for others.
    Calls(Batch),
    /// Another one called for it.
    Judged(Result<Verdict, Problem>),
    /// It queues once more: the call for it was given up, and may have been carried out.
    Again,
}

/// A call that is to be made behind an answer.
pub struct Owed {
    call: u64,
    member_id: MemberId,
    hint: LocationHint,
    /// It lingers for so many to wait.
    company: usize,
}

/// What goes into one call.
pub struct Batch {
    call: u64,
    /// The portal.
    pub member_id: MemberId,
    /// Where its object is created, if it is new.
    pub hint: LocationHint,
    /// The events. The first is the caller's own, unless the call is made behind its answer.
    pub appends: Vec<Append>,
    is_behind_answer: bool,
}

/// What a request with an event does next.
pub enum Place<F> {
    /// It calls the object at once.
    First(Batch),
    /// It waits until the future ends, and then looks at its ticket.
    InLine(Ticket, F),
}

/// The place of one who waits.
pub struct Ticket {
    seat: Rc<Seat>,
    /// The call that it saw itself depend on.
    call: Cell<Option<u64>>,
}

impl Ticket {
    /// How it goes on; nothing while nobody has called it up.
    pub fn turn(&self) -> Option<Turn> {
        self.seat.turn.take()
    }
}

impl Appends {
    /// Queues an event for the portal's object.
    pub fn queue<R: Bells + Clock>(
        &self,
        runtime: &R,
        (member_id, hint): (&MemberId, LocationHint),
        append: Append,
    ) -> Place<impl Future<Output = ()>> {
        let now = runtime.now();
        let mut lines = self.lines.borrow_mut();
        let line = lines.entry(member_id.clone()).or_default();
        if line.last.is_none() || line.made >= MAX_CALLS || line.is_given_up(now) {
            line.made = 0;
            let call = self.next_call(line, now);
            let mut appends = vec![append];
            appends.extend(line.take_waiting(call));
            return Place::First(Batch { call, member_id: member_id.clone(), hint, appends, is_behind_answer: false });
        }
        let (bell, rung) = runtime.bell();
        let seat = Rc::new(Seat { turn: Cell::default(), bell: Cell::new(Some(bell)) });
        let ticket = Ticket { seat: Rc::clone(&seat), call: Cell::new(line.last) };
        line.waiting.push((append, seat));
        let are_waiting = line.waiting.len();
        if let Some((_, bell)) = line.company.take_if(|(company, _)| *company <= are_waiting) {
            bell();
        }
        Place::InLine(ticket, rung)
    }

    /// The number of a call for those who wait, or will.
    fn next_call(&self, line: &mut Line, now: Timestamp) -> u64 {
        let call = self.calls.get().wrapping_add(1);
        self.calls.set(call);
        line.last = Some(call);
        line.made += 1;
        line.expect_within(OVERDUE_MILLIS, now);
        call
    }

    /// What a call that is to linger waits for, or its time. `None` where it is made at once.
    pub fn company<R: Bells + Clock>(&self, runtime: &R, owed: &Owed) -> Option<impl Future<Output = ()>> {
        let mut lines = self.lines.borrow_mut();
        let line = lines.get_mut(&owed.member_id).filter(|line| line.last == Some(owed.call))?;
        if line.waiting.len() >= owed.company {
            return None;
        }
        line.expect_within(LINGER_MILLIS + LATE_MILLIS, runtime.now());
        let (bell, rung) = runtime.bell();
        line.company = Some((owed.company, bell));
        Some(rung)
    }

    /// What goes into a call that is owed. `None` where nobody waits for it: none came, or it was relieved, or given up.
    pub fn collect(&self, owed: Owed, now: Timestamp) -> Option<Batch> {
        let Owed { call, member_id, hint, .. } = owed;
        let mut lines = self.lines.borrow_mut();
        let line = lines.get_mut(&member_id).filter(|line| line.last == Some(call))?;
        let appends = line.take_waiting(call);
        if appends.is_empty() {
            line.last = None;
            if line.is_over() {
                lines.remove(&member_id);
            }
            return None;
        }
        line.expect_within(OVERDUE_MILLIS, now);
        Some(Batch { call, member_id, hint, appends, is_behind_answer: true })
    }

    /// Tells those for whom a call was made what came of it. Where others came meanwhile, or are likely to come, the next call is owed to
    /// them; where the object could not be reached, they are told the same. Returns the caller's own verdict.
    pub fn settle(
        &self,
        batch: &Batch,
        outcome: &Result<Vec<Verdict>, Problem>,
        now: Timestamp,
    ) -> Result<Verdict, Problem> {
        let mut served = Vec::new();
        {
            let mut lines = self.lines.borrow_mut();
            if let Some(line) = lines.get_mut(&batch.member_id) {
                served = line.take_under_way(batch.call);
                if line.last == Some(batch.call) {
                    if outcome.is_err() {
                        served.extend(line.waiting.drain(..).map(|(_, seat)| seat));
                    }
                    let company = if outcome.is_ok() { batch.appends.len() + line.waiting.len() } else { 0 };
                    if company > 1 {
                        let (call, member_id) = (self.next_call(line, now), batch.member_id.clone());
                        let company = company.min(MAX_EVENTS);
                        self.owed.borrow_mut().push(Owed { call, member_id, hint: batch.hint, company });
                    } else {
                        line.last = None;
                    }
                }
                if line.is_over() {
                    lines.remove(&batch.member_id);
                }
            }
        }
        let verdicts = outcome.as_ref().map_or(&[][..], Vec::as_slice);
        let mut verdicts = verdicts.iter().copied();
        let missing = || outcome.as_ref().err().cloned().unwrap_or_else(unavailable);
        let own = if batch.is_behind_answer { None } else { verdicts.next() };
        for seat in served {
            seat.call_up(Turn::Judged(verdicts.next().ok_or_else(missing)));
        }
        own.ok_or_else(missing)
    }

    /// Whether calls are to be made behind an answer.
    pub fn owes_calls(&self) -> bool {
        !self.owed.borrow().is_empty()
    }

    /// A call that is to be made behind an answer.
    pub fn take_owed(&self) -> Option<Owed> {
        self.owed.borrow_mut().pop()
    }

    /// What one who waits does when its time is over: it gives the call up, and all that hang on it queue once more. A call that
    /// began meanwhile gets its own time.
    pub fn look_at_call(&self, member_id: &MemberId, ticket: &Ticket) {
        let mut lines = self.lines.borrow_mut();
        let Some(line) = lines.get_mut(member_id) else {
            return;
        };
        let hangs_on = |(_, seats): &&(u64, Vec<Rc<Seat>>)| seats.iter().any(|seat| Rc::ptr_eq(seat, &ticket.seat));
        let call = line.under_way.iter().find(hangs_on).map(|(call, _)| *call).or(line.last);
        if ticket.call.replace(call) != call {
            return;
        }
        let mut lost = call.map(|call| line.take_under_way(call)).unwrap_or_default();
        if line.last == call {
            line.last = None;
            lost.extend(line.waiting.drain(..).map(|(_, seat)| seat));
        }
        if line.is_over() {
            lines.remove(member_id);
        }
        drop(lines);
        for seat in lost {
            seat.call_up(Turn::Again);
        }
    }
}

impl Line {
    /// The events of those who wait, as many as fit into one call. Nobody lingers any more.
    fn take_waiting(&mut self, call: u64) -> Vec<Append> {
        self.company = None;
        let fitting = fitting(&self.waiting);
        let (appends, seats): (Vec<_>, Vec<_>) = self.waiting.drain(..fitting).unzip();
        if !seats.is_empty() {
            self.under_way.push((call, seats));
        }
        appends
    }

    fn expect_within(&mut self, millis: u32, now: Timestamp) {
        self.expected_by = Some(now.plus_millis(i64::from(millis)));
    }

    /// Whether whoever was to make or to end the last call is gone.
    fn is_given_up(&self, now: Timestamp) -> bool {
        self.expected_by.is_some_and(|expected_by| expected_by < now)
    }

    fn take_under_way(&mut self, call: u64) -> Vec<Rc<Seat>> {
        let at = self.under_way.iter().position(|(known, _)| *known == call);
        at.map(|at| self.under_way.swap_remove(at).1).unwrap_or_default()
    }

    fn is_over(&self) -> bool {
        self.last.is_none() && self.waiting.is_empty() && self.under_way.is_empty()
    }
}

/// How many of those that wait go together in one call: one at least.
fn fitting(waiting: &[(Append, Rc<Seat>)]) -> usize {
    let mut bytes = 0;
    let fits = |(append, _): &&(Append, Rc<Seat>)| {
        bytes += append.event.json.len();
        bytes <= MAX_BYTES
    };
    waiting.iter().take(MAX_EVENTS).take_while(fits).count().max(1).min(waiting.len())
}
