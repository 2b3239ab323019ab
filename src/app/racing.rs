//! Several futures at once, in one task.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A few futures that run at once; each is asked whenever one of them may have gone on, so few they must be.
pub struct Racing<'a, T> {
    running: Vec<Pin<Box<dyn Future<Output = T> + 'a>>>,
}

impl<T> Default for Racing<'_, T> {
    fn default() -> Self {
        Self { running: Vec::new() }
    }
}

impl<'a, T> Racing<'a, T> {
    /// Lets another future run.
    pub fn start(&mut self, future: impl Future<Output = T> + 'a) {
        self.running.push(Box::pin(future));
    }

    /// Whether none runs.
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// The value of the next one that ends; `None` where none runs.
    pub async fn next(&mut self) -> Option<T> {
        poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        if self.running.is_empty() {
            return Poll::Ready(None);
        }
        for at in 0..self.running.len() {
            if let Poll::Ready(value) = self.running[at].as_mut().poll(context) {
                drop(self.running.remove(at));
                return Poll::Ready(Some(value));
            }
        }
        Poll::Pending
    }
}
