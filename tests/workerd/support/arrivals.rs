//! Which events arrived at a receiver, when, and which it took.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use super::received::Received;
use super::receiver::Behaviour;
use super::wait::now;

/// What is known of one event.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// How often it came.
    pub times: usize,
    /// How often it was taken: answered by success.
    pub taken: usize,
    /// When it was taken first, and as the how manieth of all.
    pub first_taken: Option<(Instant, usize)>,
}

#[derive(Default)]
struct Book {
    by_id: BTreeMap<String, Arrival>,
    taken: usize,
}

/// A book of arrivals, by the id of the event. Clones are the same book.
#[derive(Clone, Default)]
pub struct Arrivals(Arc<Mutex<Book>>);

impl Arrivals {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The policy, with every request entered together with what was decided about it.
    pub fn noting(
        &self,
        mut policy: impl FnMut(&Received) -> Behaviour + Send + 'static,
    ) -> impl FnMut(&Received) -> Behaviour + Send + 'static {
        let book = self.clone();
        move |request| {
            let behaviour = policy(request);
            book.note(request, behaviour.is_success());
            behaviour
        }
    }

    fn note(&self, request: &Received, is_taken: bool) {
        let at = now();
        let mut book = self.book();
        for event in request.events() {
            let id = event["id"].as_str().expect("every event has an id").to_owned();
            let is_news = is_taken && book.by_id.get(&id).is_none_or(|arrival| arrival.taken == 0);
            let place = book.taken;
            book.taken += usize::from(is_news);
            let arrival = book.by_id.entry(id).or_insert_with(|| Arrival { times: 0, taken: 0, first_taken: None });
            arrival.times += 1;
            arrival.taken += usize::from(is_taken);
            if is_news {
                arrival.first_taken = Some((at, place));
            }
        }
    }

    /// How many events were taken at least once.
    pub fn taken(&self) -> usize {
        self.book().taken
    }

    /// All that is known.
    pub fn by_id(&self) -> BTreeMap<String, Arrival> {
        self.book().by_id.clone()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().expect("no thread panics while it holds the lock")
    }
}
