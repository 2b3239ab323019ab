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

/// How long a turn is waited for, in milliseconds: whoever waited for longer goes on beside the others. So a genuine event among them is
/// answered in time, and a request that ended within its turn holds up nobody.
const MAX_WAIT_MILLIS: i64 = 2_000;
/// From the begin of a turn to that of the next, in milliseconds for each [`LONG_BYTES`] or part of them, while others are heard who are
/// vouched for: for each the thread is busy for some three of them.
const PACE_MILLIS: usize = 100;
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
    bell: Bell,
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

    /// Waits for a turn to do something with so many bytes; but not for long, and not where many wait.
    pub async fn take(&self, runtime: &(impl Bells + Clock), bytes: usize) -> Option<Turn<'_>> {
        let number = self.last.get().wrapping_add(1);
        self.last.set(number);
        let end = runtime.now().plus_millis(MAX_WAIT_MILLIS);
        if self.current.get().is_some() {
            if self.waiting_bytes.get() + bytes > MAX_WAITING_BYTES {
                return None;
            }
            let (bell, rung) = runtime.bell();
            self.waiting_bytes.set(self.waiting_bytes.get() + bytes);
            self.waiting.borrow_mut().push_back(Waiting { number, bytes, bell });
            select(pin!(rung), pin!(runtime.sleep(millis(MAX_WAIT_MILLIS)))).await;
            self.leave(|waiting| waiting.iter().position(|one| one.number == number));
        }
        self.current.set(Some(number));
        let turn = Turn { turns: self, number };
        let pause = self.pause(runtime.now()).min(end.millis_since(runtime.now()));
        if pause > 0 {
            runtime.sleep(millis(pause)).await;
        }
        let pace = PACE_MILLIS * bytes.div_ceil(LONG_BYTES).max(1);
        self.began.set(Some((runtime.now(), i64::try_from(pace).unwrap_or(MAX_WAIT_MILLIS))));
        Some(turn)
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

fn millis(millis: i64) -> u32 {
    u32::try_from(millis).unwrap_or(0)
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
