//! Long bodies take turns: to be read, and, where nobody vouches for them, to be judged and held. An isolate has one thread. So whoever is
//! heard meanwhile waits for one of them at most, and not for all that a stranger sends at once.

use crate::app::ports::{Bell, Bells, Clock};
use futures_util::future::select;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::pin;

/// How long a turn is waited for, in milliseconds: one takes some of them. Whoever waited for longer goes on beside the others, so
/// that a genuine event among them is not answered late, and a request that ended within its turn holds up nobody.
const MAX_WAIT_MILLIS: u32 = 50;
/// How many may wait. Their bodies are in memory meanwhile, 1 MiB each at most; whoever comes then goes on at once.
const MAX_WAITING: usize = 8;

/// The turns of an isolate.
#[derive(Default)]
pub struct Turns {
    last: Cell<u64>,
    /// Whose turn it is.
    current: Cell<Option<u64>>,
    waiting: RefCell<VecDeque<(u64, Bell)>>,
}

/// A turn. It ends when it is dropped.
pub struct Turn<'a> {
    turns: &'a Turns,
    number: u64,
}

impl Turns {
    /// Waits for a turn; but not for long, and not where many wait.
    pub async fn take(&self, runtime: &(impl Bells + Clock)) -> Option<Turn<'_>> {
        let number = self.last.get().wrapping_add(1);
        self.last.set(number);
        if self.current.get().is_some() {
            if self.waiting.borrow().len() >= MAX_WAITING {
                return None;
            }
            let (bell, rung) = runtime.bell();
            self.waiting.borrow_mut().push_back((number, bell));
            select(pin!(rung), pin!(runtime.sleep(MAX_WAIT_MILLIS))).await;
            self.waiting.borrow_mut().retain(|(other, _)| *other != number);
        }
        self.current.set(Some(number));
        Some(Turn { turns: self, number })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Another one did not wait for this one to end.
        if self.turns.current.get() != Some(self.number) {
            return;
        }
        let next = self.turns.waiting.borrow_mut().pop_front();
        self.turns.current.set(next.as_ref().map(|(number, _)| *number));
        if let Some((_, bell)) = next {
            bell();
        }
    }
}
