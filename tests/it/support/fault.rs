//! Failures on order: the n-th operation of a kind fails, before or after it took effect.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// What can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// A statement that writes.
    Write,
    /// The end of an explicit transaction.
    Transaction,
    /// What an object wrote since it last waited for something becomes durable.
    Commit,
    /// An alarm is read.
    AlarmGet,
    /// An alarm is set.
    AlarmSet,
    /// KV is read.
    KvGet,
    /// KV is written.
    KvPut,
    /// The keys of KV are listed.
    KvList,
    /// A key is deleted from KV.
    KvDelete,
    /// The Worker calls the object of a portal.
    CallPortal,
    /// The Worker, or the object of a portal, calls the Directory.
    CallDirectory,
    /// A request to the destination.
    Send,
    /// A call to an OAuth server, or to a portal's REST API.
    Exchange,
}

/// What the failure does to the object in which it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Its code is told, and goes on.
    Error,
    /// It is gone: memory is dropped, what it wrote since it last waited is not kept, and its callers get an error.
    Reset,
    /// Its caller waits in vain.
    Hang,
    /// Its caller waits for [`LATE_MILLIS`], and all is well.
    Late,
}

/// Later than an answer that anybody likes to wait for, in milliseconds.
pub const LATE_MILLIS: u32 = 4_000;

/// One failure.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub operation: Operation,
    /// Which one, counted from 1 over the whole world.
    pub number: usize,
    /// Whether it takes effect all the same.
    pub persisted: bool,
    pub then: Then,
}

/// Counts operations, and makes those fail that a test names.
#[derive(Default)]
pub struct Faults {
    counts: RefCell<BTreeMap<Operation, usize>>,
    planned: RefCell<Vec<Fault>>,
    struck: Cell<usize>,
}

impl Faults {
    /// Lets an operation fail.
    pub fn plan(&self, fault: Fault) {
        self.planned.borrow_mut().push(fault);
    }

    /// Lets the next operation of a kind fail, and so many after it.
    pub fn plan_next(&self, operation: Operation, count: usize, persisted: bool, then: Then) {
        let done = self.count(operation);
        for number in done + 1..=done + count {
            self.plan(Fault { operation, number, persisted, then });
        }
    }

    /// Lets nothing fail any more.
    pub fn forget(&self) {
        self.planned.borrow_mut().clear();
    }

    /// How many operations of a kind there were.
    pub fn count(&self, operation: Operation) -> usize {
        self.counts.borrow().get(&operation).copied().unwrap_or(0)
    }

    /// How many there were of each kind.
    pub fn counts(&self) -> BTreeMap<Operation, usize> {
        self.counts.borrow().clone()
    }

    /// How many failures came about.
    pub fn struck(&self) -> usize {
        self.struck.get()
    }

    /// Counts an operation, and tells whether it is to fail.
    pub fn strike(&self, operation: Operation) -> Option<Fault> {
        let number = {
            let mut counts = self.counts.borrow_mut();
            let count = counts.entry(operation).or_default();
            *count += 1;
            *count
        };
        let fault =
            self.planned.borrow().iter().find(|fault| fault.operation == operation && fault.number == number).copied();
        if fault.is_some() {
            self.struck.set(self.struck.get() + 1);
        }
        fault
    }
}
