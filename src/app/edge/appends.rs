//! Appends of one isolate. While one is under way to a portal's object, those that come meanwhile wait, and go together in
//! the next: a bulk edit costs the object one request and one commit for many events, and a lone event waits for nobody.
//!
//! One request calls for others, and may vanish while it does. So the first two that wait at a portal keep an eye on the
//! call: one of them makes the next call, the other is there while it does. Who finds a call overdue has all that hang on it
//! queue once more.

use super::objects::unavailable;
use crate::app::portal::command::Append;
use crate::app::ports::{Bell, Bells};
use crate::domain::member_id::MemberId;
use crate::domain::problem::Problem;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;

/// When a call that another one makes is overdue, in milliseconds: longer than a call with its repetitions takes, shorter than
/// Bitrix24 waits.
pub const OVERDUE_MILLIS: u32 = 3_000;
/// How many of those that wait keep an eye on the call.
const WATCHERS: usize = 2;
/// Events in one call: more would hold up the first of them.
const MAX_EVENTS: usize = 128;
/// Bytes of the events in one call, unless a single one is longer. The object reads a call as a whole, and has 128 MB.
const MAX_BYTES: usize = 1 << 20;

/// What the portal's object said of an event: its place in the log, or why it was not taken.
pub type Verdict = Result<i64, Refusal>;

/// Why the portal's object did not take an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody registered the portal.
    UnknownPortal,
    /// The portal is known, but not the token.
    Unregistered,
    /// The token was ended.
    Revoked,
}

/// The appends of an isolate, by portal.
#[derive(Default)]
pub struct Appends {
    lines: RefCell<BTreeMap<MemberId, Line>>,
    calls: Cell<u64>,
}

/// A portal with a call under way.
struct Line {
    call: u64,
    /// Those for whom it is made, in the order of the call, behind the caller itself.
    under_way: Vec<Rc<Seat>>,
    waiting: Vec<(Append, Rc<Seat>)>,
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
    Leads(Batch),
    /// Another one called for it.
    Judged(Result<Verdict, Problem>),
    /// It queues once more.
    Again {
        /// Whether a call with its event may have been made.
        may_be_repeated: bool,
    },
}

/// What goes into one call. The first event is the caller's own.
pub struct Batch {
    call: u64,
    /// The events.
    pub appends: Vec<Append>,
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
    /// The call that it saw under way.
    call: Cell<u64>,
    /// Whether it must look at the call when that is overdue.
    pub watches: bool,
}

impl Ticket {
    /// How it goes on; nothing while nobody has called it up.
    pub fn turn(&self) -> Option<Turn> {
        self.seat.turn.take()
    }
}

impl Appends {
    /// Queues an event for the portal's object.
    pub fn queue<B: Bells>(&self, bells: &B, member_id: &MemberId, append: Append) -> Place<impl Future<Output = ()>> {
        let mut lines = self.lines.borrow_mut();
        let Some(line) = lines.get_mut(member_id) else {
            let call = self.next_call();
            lines.insert(member_id.clone(), Line { call, under_way: Vec::new(), waiting: Vec::new() });
            return Place::First(Batch { call, appends: vec![append] });
        };
        let (bell, rung) = bells.bell();
        let seat = Rc::new(Seat { turn: Cell::default(), bell: Cell::new(Some(bell)) });
        let ticket =
            Ticket { seat: Rc::clone(&seat), call: Cell::new(line.call), watches: line.waiting.len() < WATCHERS };
        line.waiting.push((append, seat));
        Place::InLine(ticket, rung)
    }

    /// Tells those for whom a call was made what came of it, and lets the first of those who came meanwhile make the next one.
    /// Where the object could not be reached, those are told the same. Returns the caller's own verdict.
    pub fn settle(
        &self,
        member_id: &MemberId,
        call: u64,
        outcome: Result<Vec<Verdict>, Problem>,
    ) -> Result<Verdict, Problem> {
        let mut verdicts = match outcome {
            Ok(verdicts) => verdicts.into_iter(),
            Err(problem) => {
                self.fail(member_id, call, &problem);
                return Err(problem);
            }
        };
        let own = verdicts.next();
        for seat in self.end_call(member_id, call) {
            seat.call_up(Turn::Judged(verdicts.next().ok_or_else(unavailable)));
        }
        own.ok_or_else(unavailable)
    }

    fn fail(&self, member_id: &MemberId, call: u64, problem: &Problem) {
        let mut lines = self.lines.borrow_mut();
        if lines.get(member_id).is_none_or(|line| line.call != call) {
            return;
        }
        let line = lines.remove(member_id);
        drop(lines);
        let seats = line
            .into_iter()
            .flat_map(|line| line.under_way.into_iter().chain(line.waiting.into_iter().map(|(_, seat)| seat)));
        for seat in seats {
            seat.call_up(Turn::Judged(Err(problem.clone())));
        }
    }

    /// What one who watches does when its time is over: it gives the call up. All for whom it was made queue once more, and
    /// the next one is made. A call that began meanwhile gets its own time.
    pub fn look_at_call(&self, member_id: &MemberId, ticket: &Ticket) {
        let call = self.lines.borrow().get(member_id).map_or(0, |line| line.call);
        if ticket.call.replace(call) != call {
            return;
        }
        for seat in self.end_call(member_id, call) {
            seat.call_up(Turn::Again { may_be_repeated: true });
        }
    }

    /// Ends a call, and has the next one made. Returns those for whom it was made; nobody where it was given up before.
    fn end_call(&self, member_id: &MemberId, ended: u64) -> Vec<Rc<Seat>> {
        let mut lines = self.lines.borrow_mut();
        let Some(line) = lines.get_mut(member_id).filter(|line| line.call == ended) else {
            return Vec::new();
        };
        let served = std::mem::take(&mut line.under_way);
        if line.waiting.is_empty() {
            lines.remove(member_id);
            return served;
        }
        line.call = self.next_call();
        let left = line.waiting.split_off(fitting(&line.waiting));
        let (appends, mut seats): (Vec<_>, Vec<_>) = line.waiting.drain(..).unzip();
        let caller = seats.remove(0);
        let batch = Batch { call: line.call, appends };
        line.under_way = seats;
        drop(lines);
        // The next call first: it takes longest.
        caller.call_up(Turn::Leads(batch));
        for (_, seat) in left {
            seat.call_up(Turn::Again { may_be_repeated: false });
        }
        served
    }

    fn next_call(&self) -> u64 {
        self.calls.set(self.calls.get().wrapping_add(1));
        self.calls.get()
    }
}

impl Batch {
    /// Which call it is.
    pub fn call(&self) -> u64 {
        self.call
    }
}

/// How many of those that wait go together in one call: one at least.
fn fitting(waiting: &[(Append, Rc<Seat>)]) -> usize {
    let mut bytes = 0;
    let fits = |(append, _): &&(Append, Rc<Seat>)| {
        bytes += append.event.json.len();
        bytes <= MAX_BYTES
    };
    waiting.iter().take(MAX_EVENTS).take_while(fits).count().max(1)
}
