//! The requests to one destination that are under way. They may outlive the run that made them, and may vanish with it.

use crate::domain::time::Timestamp;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Requests under way at once, to all destinations. The runtime allows six connections; two are left for KV, the Directory
/// and Bitrix24. <https://developers.cloudflare.com/workers/platform/limits/#simultaneous-open-connections>
pub const MAX_REQUESTS: usize = 4;
/// Requests under way to one destination while others have work too, so that one that hangs does not stop them.
pub const MAX_REQUESTS_SHARED: usize = 2;
/// The same while events come in a crowd, of those that do not hang: to take events goes before to send them, since what is not taken is
/// lost, and what waits in the log is safe.
pub const MAX_REQUESTS_IN_CROWD: usize = 2;
/// How long a request may be under way until it is taken for one that the runtime dropped without a word, in milliseconds: a
/// send of 15 s, and 5 s for what surrounds it.
const VANISHES_AFTER_MILLIS: i64 = 20_000;
/// How long the end of a request is waited for by what another run can send, in milliseconds: most take less.
const HANGS_AFTER_MILLIS: i64 = 1_000;

/// How many requests a run may still make.
pub type Budget = Rc<Cell<u32>>;

/// What was claimed for a request, and how long that holds.
#[derive(Debug)]
struct Request {
    events: Vec<i64>,
    vanishes_at: Timestamp,
    /// That of its run.
    budget: Budget,
}

/// The requests under way, by a number that the object gives no second time: a destination may be removed and made anew.
#[derive(Debug, Default)]
pub struct UnderWay {
    requests: BTreeMap<u64, Request>,
    newest: u64,
}

impl Request {
    fn began_at(&self) -> Timestamp {
        self.vanishes_at.plus_millis(-VANISHES_AFTER_MILLIS)
    }
}

impl UnderWay {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// The number of the newest there ever was, by which destinations take turns.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// Notes that a request begins.
    pub fn begin(&mut self, number: u64, events: &[i64], budget: &Budget, now: Timestamp) {
        self.newest = number;
        let vanishes_at = now.plus_millis(VANISHES_AFTER_MILLIS);
        self.requests.insert(number, Request { events: events.to_vec(), vanishes_at, budget: Rc::clone(budget) });
    }

    /// Until when one may be expected to end whose run then sends what may go.
    pub fn goes_on_until(&self, now: Timestamp) -> Option<Timestamp> {
        let may_send = self.requests.values().filter(|request| request.budget.get() > 0);
        // A clock that stepped back must not prolong that.
        let newest = may_send.map(Request::began_at).max()?.min(now);
        Some(newest.plus_millis(HANGS_AFTER_MILLIS))
    }

    /// How many may be expected to end soon.
    pub fn count_lively(&self, now: Timestamp) -> usize {
        self.requests.values().filter(|request| now.millis_since(request.began_at()) < HANGS_AFTER_MILLIS).count()
    }

    /// Notes that a request is alive, as one is that reads what it is to send.
    pub fn prolong(&mut self, number: u64, now: Timestamp) {
        if let Some(request) = self.requests.get_mut(&number) {
            request.vanishes_at = now.plus_millis(VANISHES_AFTER_MILLIS);
        }
    }

    /// Notes that a request has ended. Whether it still counted: one that was taken for vanished may have been made again.
    pub fn end(&mut self, number: u64) -> bool {
        self.requests.remove(&number).is_some()
    }

    /// Takes out what vanished: the events that were claimed for it.
    pub fn take_vanished(&mut self, now: Timestamp) -> Vec<i64> {
        // A clock that stepped back must not prolong a claim.
        let is_gone = |request: &Request| {
            request.vanishes_at <= now || request.vanishes_at.millis_since(now) > VANISHES_AFTER_MILLIS
        };
        let gone: Vec<u64> =
            self.requests.iter().filter(|(_, request)| is_gone(request)).map(|(number, _)| *number).collect();
        gone.iter().filter_map(|number| self.requests.remove(number)).flat_map(|request| request.events).collect()
    }

    /// When the first of them counts as vanished, if it does not end before.
    pub fn first_vanishes_at(&self) -> Option<Timestamp> {
        self.requests.values().map(|request| request.vanishes_at).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_ends_is_none_any_more() {
        let (mut under_way, now, budget) = (UnderWay::default(), Timestamp::EPOCH, Budget::default());
        under_way.begin(1, &[1, 2], &budget, now);
        under_way.begin(2, &[3], &budget, now);
        assert!(under_way.end(1) && !under_way.end(1));
        assert_eq!((under_way.len(), under_way.newest()), (1, 2));
        assert!(under_way.end(2));
        assert_eq!(under_way.first_vanishes_at(), None);
    }

    #[test]
    fn a_request_that_does_not_end_is_taken_for_vanished() {
        let (mut under_way, now, budget) = (UnderWay::default(), Timestamp::from_millis(1_000_000), Budget::default());
        under_way.begin(1, &[1, 2], &budget, now);
        let end = under_way.first_vanishes_at().unwrap();
        assert_eq!(end, now.plus_millis(VANISHES_AFTER_MILLIS));
        assert_eq!(under_way.take_vanished(end.plus_millis(-1)), [0; 0]);
        under_way.prolong(1, now.plus_millis(1));
        assert_eq!(under_way.take_vanished(end), [0; 0]);
        assert_eq!(under_way.take_vanished(end.plus_millis(1)), [1, 2]);
        assert!(!under_way.end(1), "what it says at last does not count");
        under_way.begin(2, &[1], &budget, now);
        assert_eq!(under_way.take_vanished(now.plus_millis(-1)), [1], "the clock has stepped back");
    }

    #[test]
    fn a_request_may_let_others_go_until_it_hangs_if_its_run_may_send() {
        let (mut under_way, now) = (UnderWay::default(), Timestamp::from_millis(1_000_000));
        under_way.begin(1, &[1], &Rc::new(Cell::new(2)), now);
        under_way.begin(2, &[2], &Budget::default(), now.plus_millis(500));
        let end = now.plus_millis(HANGS_AFTER_MILLIS);
        assert_eq!(under_way.goes_on_until(now.plus_millis(700)), Some(end));
        assert_eq!([700, 1_000, 1_500].map(|millis| under_way.count_lively(now.plus_millis(millis))), [2, 1, 0]);
        let earlier = now.plus_millis(-60_000);
        let within = earlier.plus_millis(HANGS_AFTER_MILLIS);
        assert_eq!(under_way.goes_on_until(earlier), Some(within), "the clock has stepped back");
        under_way.end(1);
        assert_eq!(under_way.goes_on_until(now), None);
    }
}
