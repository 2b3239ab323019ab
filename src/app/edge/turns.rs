//! What nobody vouches for takes turns: where it is dear, and all of it while portals are heard that are vouched for. An isolate has one
//! thread. So whoever is heard meanwhile waits for one stranger at most, and a turn begins now and then only.

use super::post::LONG_BYTES;
use crate::app::ports::{Bell, Bells, Clock};
use crate::domain::body::MAX_BODY_BYTES;
use crate::domain::time::Timestamp;
use futures_util::future::select;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::pin;

/// How long a turn is waited for, in milliseconds for each [`LONG_BYTES`] or part of them: whoever waited for longer goes on beside the
/// others. So a genuine event among them is answered in time, and a request that ended within its turn holds up nobody.
const PATIENCE_MILLIS: usize = 500;
/// The same for what is longest.
const MAX_PATIENCE_MILLIS: usize = 2_000;
/// From the begin of a turn to that of the next, in milliseconds, while others are heard who are vouched for: such a turn keeps the thread
/// busy for one or two of them.
const PACE_MILLIS: usize = 25;
/// The same where an object has to be started, or for each [`LONG_BYTES`] of a long body: some three to eight milliseconds.
const DEAR_PACE_MILLIS: usize = 100;
/// How long others are taken to be heard, in milliseconds after the last.
const HEARD_MILLIS: i64 = 1_000;
/// Bytes of all that wait: eight of the longest bodies, or thousands of usual events. Whoever comes then goes on at once.
const MAX_WAITING_BYTES: usize = 8 * MAX_BODY_BYTES;

/// The turns of an isolate.
#[derive(Default)]
pub struct Turns {
    last: Cell<u64>,
    /// Whose turn it is.
    current: Cell<Option<u64>>,
    waiting: RefCell<VecDeque<Waiting>>,
    waiting_bytes: Cell<usize>,
    /// When the last turn began, and for how long the next one is not to.
    began: Cell<Option<(Timestamp, i64)>>,
    /// When somebody was last heard who is vouched for.
    heard_at: Cell<Option<Timestamp>>,
}

/// One that waits.
struct Waiting {
    number: u64,
    bytes: usize,
    /// When it goes on by itself. If it is still there after that, its request was ended.
    until: Timestamp,
    bell: Bell,
}

/// What a turn is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// How long the body or the event is.
    pub bytes: usize,
    /// Whether an object has to be started.
    pub starts_object: bool,
}

impl Task {
    /// Whether it takes far more than a usual event does.
    pub const fn is_dear(self) -> bool {
        self.starts_object || self.bytes > LONG_BYTES
    }

    fn parts(self) -> usize {
        self.bytes.div_ceil(LONG_BYTES).max(1)
    }

    /// How long it waits at most, in milliseconds.
    fn patience(self) -> i64 {
        millis((PATIENCE_MILLIS * self.parts()).min(MAX_PATIENCE_MILLIS))
    }

    /// How long the next one waits after its begin, in milliseconds.
    fn pace(self) -> i64 {
        let each = if self.is_dear() { DEAR_PACE_MILLIS } else { PACE_MILLIS };
        millis(each * self.parts())
    }
}

fn millis(millis: usize) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}

/// A turn. It ends when it is dropped.
pub struct Turn<'a> {
    turns: &'a Turns,
    number: u64,
}

impl Turns {
    /// Notes that somebody is heard who is vouched for, and takes no turns.
    pub fn go_past(&self, now: Timestamp) {
        self.heard_at.set(Some(now));
    }

    /// Waits for a turn; but not for long, and not where many wait.
    pub async fn take(&self, runtime: &(impl Bells + Clock), task: Task) -> Option<Turn<'_>> {
        let number = self.last.get().wrapping_add(1);
        self.last.set(number);
        let (bytes, end) = (task.bytes, runtime.now().plus_millis(task.patience()));
        if self.current.get().is_some() {
            self.forget_ended(runtime.now());
            if self.waiting_bytes.get() + bytes > MAX_WAITING_BYTES {
                return None;
            }
            let (bell, rung) = runtime.bell();
            self.waiting_bytes.set(self.waiting_bytes.get() + bytes);
            self.waiting.borrow_mut().push_back(Waiting { number, bytes, until: end, bell });
            select(pin!(rung), pin!(sleep(runtime, task.patience()))).await;
            self.leave(|waiting| waiting.iter().position(|one| one.number == number));
        }
        self.current.set(Some(number));
        let turn = Turn { turns: self, number };
        sleep(runtime, self.pause(runtime.now()).min(end.millis_since(runtime.now()))).await;
        self.began.set(Some((runtime.now(), task.pace())));
        Some(turn)
    }

    /// Takes those out of the line whose requests were ended: they would keep their places for ever.
    fn forget_ended(&self, now: Timestamp) {
        while self.leave(|waiting| waiting.iter().position(|one| one.until < now)).is_some() {}
    }

    /// Takes one out of the line, if it stands there.
    fn leave(&self, find: impl FnOnce(&VecDeque<Waiting>) -> Option<usize>) -> Option<Waiting> {
        let mut waiting = self.waiting.borrow_mut();
        let left = find(&waiting).and_then(|at| waiting.remove(at))?;
        self.waiting_bytes.set(self.waiting_bytes.get() - left.bytes);
        Some(left)
    }

    /// Whether others are heard who are vouched for.
    pub fn are_others_heard(&self, now: Timestamp) -> bool {
        self.heard_at.get().is_some_and(|at| left_of(HEARD_MILLIS, at, now) > 0)
    }

    /// How long the next turn is not to begin yet, in milliseconds.
    fn pause(&self, now: Timestamp) -> i64 {
        let began = self.began.get().filter(|_| self.are_others_heard(now));
        began.map_or(0, |(at, pace)| left_of(pace, at, now))
    }
}

/// What is left of some time that began then. A clock that stepped back does not lengthen it.
fn left_of(millis: i64, since: Timestamp, now: Timestamp) -> i64 {
    (millis - now.millis_since(since)).min(millis)
}

async fn sleep(clock: &impl Clock, millis: i64) {
    if let Ok(millis @ 1..) = u32::try_from(millis) {
        clock.sleep(millis).await;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Another one did not wait for this one to end.
        if self.turns.current.get() != Some(self.number) {
            return;
        }
        let next = self.turns.leave(|_| Some(0));
        self.turns.current.set(next.as_ref().map(|next| next.number));
        if let Some(Waiting { bell, .. }) = next {
            bell();
        }
    }
}
