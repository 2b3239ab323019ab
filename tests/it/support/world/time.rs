//! Time: it passes only when nothing else can go on.

use super::World;
use crate::support::object::Socket;
use bitrix24_edge_relay::app::ports::{Bell, Heard};
use bitrix24_edge_relay::domain::time::Timestamp;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

impl World {
    /// Runs a future to its end, and what it sets going as far as that takes.
    pub fn run<T>(self: &Rc<Self>, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        loop {
            self.goes_on.set(false);
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return value;
            }
            self.turn();
            if !self.goes_on.get() {
                let next = self.next_time().expect("something goes on, or waits for its time");
                self.now.set(next.max(self.now()));
            }
        }
    }

    /// Runs futures at once, each to its end.
    pub fn run_all<T>(self: &Rc<Self>, futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
        let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
        self.run(poll_fn(move |context| {
            for (future, value) in running.iter_mut().filter(|(_, value)| value.is_none()) {
                if let Poll::Ready(ready) = future.as_mut().poll(context) {
                    *value = Some(ready);
                }
            }
            if running.iter().any(|(_, value)| value.is_none()) {
                return Poll::Pending;
            }
            Poll::Ready(running.iter_mut().filter_map(|(_, value)| value.take()).collect())
        }))
    }

    /// Lets everything go on that needs no time to pass.
    pub fn settle(self: &Rc<Self>) {
        loop {
            self.goes_on.set(false);
            self.turn();
            if !self.goes_on.get() {
                return;
            }
        }
    }

    /// Lets everything go on that needs no more time to pass than this, requests to the Worker among it.
    pub fn settle_with<T>(self: &Rc<Self>, requests: &mut [UnderWay<T>], millis: i64) {
        let end = self.now().plus_millis(millis);
        loop {
            self.goes_on.set(false);
            for request in &mut *requests {
                request.go_on();
            }
            self.turn();
            if self.goes_on.get() {
                continue;
            }
            match self.next_time().filter(|next| *next <= end) {
                Some(next) => self.now.set(next.max(self.now())),
                None => return,
            }
        }
    }

    /// Lets time pass, with all that happens in it.
    pub fn advance(self: &Rc<Self>, millis: i64) {
        let end = self.now().plus_millis(millis);
        loop {
            self.settle();
            match self.next_time().filter(|next| *next <= end) {
                Some(next) => self.now.set(next.max(self.now())),
                None => break,
            }
        }
        self.now.set(end);
        self.settle();
    }

    /// Sets the clock back.
    pub fn step_back(&self, millis: i64) {
        self.now.set(self.now().plus_millis(-millis));
    }

    fn next_time(&self) -> Option<Timestamp> {
        let timers = self.timers.borrow();
        let timer = timers.values().filter(|until| **until > self.now()).min().copied();
        let objects = self.objects();
        let alarm = objects.iter().filter_map(|object| object.next_alarm()).min();
        timer.into_iter().chain(alarm).min()
    }

    /// Lets others go on first.
    pub async fn pause(&self) {
        let mut has_paused = false;
        poll_fn(|_| {
            if has_paused {
                return Poll::Ready(());
            }
            has_paused = true;
            self.goes_on.set(true);
            Poll::Pending
        })
        .await;
    }

    /// Waits.
    pub async fn sleep(&self, millis: u32) {
        let until = self.now().plus_millis(millis.into());
        let timer = Timer::new(self, until);
        poll_fn(|_| {
            if self.now() < until {
                return Poll::Pending;
            }
            self.goes_on.set(true);
            Poll::Ready(())
        })
        .await;
        drop(timer);
    }

    /// A bell, and what waits for it to ring.
    pub fn bell(self: &Rc<Self>) -> (Bell, impl Future<Output = ()> + use<>) {
        let is_rung = Rc::new(Cell::new(false));
        let (world, rung) = (Rc::clone(self), Rc::clone(&is_rung));
        let bell = move || {
            is_rung.set(true);
            world.goes_on.set(true);
        };
        (Box::new(bell), poll_fn(move |_| if rung.get() { Poll::Ready(()) } else { Poll::Pending }))
    }

    /// Waits for the next text of a socket.
    pub async fn hear(&self, socket: &Socket, within_millis: u32) -> Heard {
        let until = self.now().plus_millis(within_millis.into());
        let timer = Timer::new(self, until);
        let heard = poll_fn(|_| {
            if let Some(text) = socket.texts.borrow_mut().pop_front() {
                return Poll::Ready(Heard::Text(text));
            }
            if socket.is_closed.get() {
                return Poll::Ready(Heard::Closed);
            }
            if self.now() < until { Poll::Pending } else { Poll::Ready(Heard::Nothing) }
        })
        .await;
        self.goes_on.set(true);
        drop(timer);
        heard
    }
}

/// Something that goes on beside what a test does.
pub struct UnderWay<T> {
    future: Pin<Box<dyn Future<Output = T>>>,
    /// What came of it.
    pub value: Option<T>,
}

impl<T> UnderWay<T> {
    pub fn new(future: impl Future<Output = T> + 'static) -> Self {
        Self { future: Box::pin(future), value: None }
    }

    fn go_on(&mut self) {
        if self.value.is_none()
            && let Poll::Ready(value) = self.future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        {
            self.value = Some(value);
        }
    }
}

/// A timer; dropped, it is gone.
struct Timer<'a> {
    world: &'a World,
    number: u64,
}

impl<'a> Timer<'a> {
    fn new(world: &'a World, until: Timestamp) -> Self {
        let number = world.last_timer.get() + 1;
        world.last_timer.set(number);
        world.timers.borrow_mut().insert(number, until);
        Self { world, number }
    }
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        self.world.timers.borrow_mut().remove(&self.number);
    }
}
