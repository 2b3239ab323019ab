//! Something that runs on an object.

use super::object::{Life, Object};
use bitrix24_edge_relay::app::ports::CallError;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Where the answer to a call is put.
pub type Answer = Rc<RefCell<Option<Result<String, CallError>>>>;

pub struct Task {
    pub object: Rc<Object>,
    pub life: Rc<Life>,
    pub kind: Kind,
    future: Pin<Box<dyn Future<Output = Ended>>>,
}

/// What it is for.
pub enum Kind {
    Command(Answer),
    /// What goes on behind an answer.
    Work,
    Alarm,
}

/// How it ended.
pub enum Ended {
    Replied(String),
    Worked,
    /// Whether the alarm was heard without an error.
    Rang(bool),
}

impl Task {
    pub fn new(
        object: &Rc<Object>,
        life: &Rc<Life>,
        kind: Kind,
        future: impl Future<Output = Ended> + 'static,
    ) -> Self {
        Self { object: Rc::clone(object), life: Rc::clone(life), kind, future: Box::pin(future) }
    }

    /// Goes on until it waits.
    pub fn go_on(&mut self) -> Poll<Ended> {
        self.future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Lets it vanish. Its destructors do not run, as they do not run in wasm.
    pub fn vanish(self) {
        std::mem::forget(self.future);
    }

    /// Tells its caller what came of it, if it has one.
    pub fn tell(&self, reply: Result<String, CallError>) {
        if let Kind::Command(answer) = &self.kind {
            answer.replace(Some(reply));
        }
    }
}
