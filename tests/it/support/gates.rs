//! Operations that wait until a test lets them go, so that it decides what comes first.

use super::fault::{Fault, Operation};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::Poll;

/// Which operations are to wait: by what they are, and what is in them.
pub type Stops = fn(Operation, &str) -> bool;

#[derive(Default)]
pub struct Gates {
    stops: Cell<Option<Stops>>,
    waiting: RefCell<BTreeMap<u64, (Operation, String)>>,
    /// Those that may go, and how they fail.
    let_go: RefCell<BTreeMap<u64, Option<Fault>>>,
    last: Cell<u64>,
}

impl Gates {
    /// Lets operations wait from now on.
    pub fn close(&self, stops: Stops) {
        self.stops.set(Some(stops));
    }

    /// The first that waits, of those that a test looks for.
    pub fn find(&self, wanted: impl Fn(Operation, &str) -> bool) -> Option<u64> {
        let waiting = self.waiting.borrow();
        waiting.iter().find(|(_, (operation, what))| wanted(*operation, what)).map(|(number, _)| *number)
    }

    /// All that wait, to be shown.
    pub fn waiting(&self) -> Vec<(u64, Operation, String)> {
        let waiting = self.waiting.borrow();
        waiting.iter().map(|(number, (operation, what))| (*number, *operation, what.clone())).collect()
    }

    /// Lets one go: well, or to fail in a way.
    pub fn let_go(&self, number: u64, fault: Option<Fault>) {
        self.let_go.borrow_mut().insert(number, fault);
    }

    /// Waits, if the operation is to. How it is to fail, if the test said so.
    pub async fn pass(&self, operation: Operation, what: &str) -> Option<Fault> {
        if !self.stops.get().is_some_and(|stops| stops(operation, what)) {
            return None;
        }
        let number = self.last.get() + 1;
        self.last.set(number);
        self.waiting.borrow_mut().insert(number, (operation, what.to_owned()));
        let _here = Here { gates: self, number };
        poll_fn(|_| self.let_go.borrow_mut().remove(&number).map_or(Poll::Pending, Poll::Ready)).await
    }
}

/// Whoever waits. Cut off, it waits no more.
struct Here<'a> {
    gates: &'a Gates,
    number: u64,
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.gates.waiting.borrow_mut().remove(&self.number);
    }
}
