//! Which events are held while nobody knows whether they are genuine, and which must go when there are too many.
//!
//! Only the bookkeeping: the events themselves stand in the object's storage under the numbers that are kept here.

use super::event_id::EventId;
use super::held_limit::HeldLimit;
use super::held_shares::{HeldShares, Share};
use super::secret::TokenHash;
use super::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How long an event is held, in milliseconds.
pub const HELD_MILLIS: i64 = 24 * 3_600_000;

/// How far the clock of the Worker may be from that of the object, in milliseconds; both are Cloudflare's.
pub const CLOCK_SKEW_MILLIS: i64 = 60_000;

/// One held event, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldEntry<G> {
    /// The event, so that it is not held twice.
    pub id: EventId,
    /// Where it belongs: the portal.
    pub group: G,
    /// The token that it came with.
    pub hash: TokenHash,
    /// Bytes of its canonical JSON.
    pub bytes: usize,
    /// When it was received.
    pub held_at: Timestamp,
}

/// All held events by their numbers, which grow with time.
#[derive(Debug)]
pub struct HeldIndex<G> {
    entries: BTreeMap<i64, HeldEntry<G>>,
    ids: BTreeSet<EventId>,
    /// The highest number that was given, be its event gone: a release has noted that all up to it is logged.
    newest: i64,
    shares: BTreeMap<G, HeldShares>,
    shares_of_all: HeldShares,
    group_limit: HeldLimit,
    total_limit: HeldLimit,
}

/// How much one token has waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldCount {
    /// The token.
    pub hash: TokenHash,
    /// Events.
    pub events: usize,
    /// Bytes of their canonical JSON.
    pub bytes: usize,
    /// When the oldest was received.
    pub oldest: Timestamp,
}

impl<G: Ord + Clone> HeldIndex<G> {
    /// An index of the entries that storage has.
    pub fn new(
        group_limit: HeldLimit,
        total_limit: HeldLimit,
        entries: impl IntoIterator<Item = (i64, HeldEntry<G>)>,
    ) -> Self {
        let (shares, shares_of_all) = (BTreeMap::new(), HeldShares::default());
        let (entries_by_number, ids) = (BTreeMap::new(), BTreeSet::new());
        let mut index =
            Self { entries: entries_by_number, ids, newest: 0, shares, shares_of_all, group_limit, total_limit };
        for (number, entry) in entries {
            index.insert(number, entry);
        }
        index
    }

    /// Whether an event is held already.
    #[must_use]
    pub fn has(&self, id: EventId) -> bool {
        self.ids.contains(&id)
    }

    /// The number for the next event.
    #[must_use]
    pub fn next_number(&self) -> i64 {
        self.newest + 1
    }

    /// Gives no number up to this one any more.
    pub fn skip_to(&mut self, number: i64) {
        self.newest = self.newest.max(number);
    }

    /// When the next event is held: times never fall from one number to the next, though a clock may step back, so that one may
    /// stop looking at the first that is too old.
    #[must_use]
    pub fn next_time(&self, now: Timestamp) -> Timestamp {
        self.entries.last_key_value().map_or(now, |(_, newest)| newest.held_at.max(now))
    }

    /// The numbers that must go before `entry` fits, in the order in which they go: where a limit is reached, the oldest of
    /// the token that has most of what is short. `None` where it can never fit.
    ///
    /// A flood under one token so displaces itself before it displaces others.
    #[must_use]
    pub fn make_room_for(&mut self, entry: &HeldEntry<G>) -> Option<Vec<i64>> {
        if entry.bytes > self.group_limit.bytes.min(self.total_limit.bytes) {
            return None;
        }
        let mut gone = Vec::new();
        while let Some(number) = self.next_to_go(entry) {
            self.count_out(number);
            gone.push(number);
        }
        // Storage still has them.
        for number in &gone {
            self.count_in(*number);
        }
        Some(gone)
    }

    fn next_to_go(&self, entry: &HeldEntry<G>) -> Option<i64> {
        let of_group = self.shares.get(&entry.group).map(|shares| (shares, self.group_limit));
        let of_all = (&self.shares_of_all, self.total_limit);
        let full = of_group.into_iter().chain([of_all]).find(|(shares, limit)| !limit.fits(shares.used(), entry.bytes));
        full.and_then(|(shares, limit)| shares.next_to_go(limit))
    }

    fn count_in(&mut self, number: i64) {
        if let Some(entry) = self.entries.get(&number) {
            self.shares.entry(entry.group.clone()).or_default().add(entry.hash, number, entry.bytes);
            self.shares_of_all.add(entry.hash, number, entry.bytes);
        }
    }

    fn count_out(&mut self, number: i64) {
        let Some(entry) = self.entries.get(&number) else {
            return;
        };
        self.shares_of_all.remove(entry.hash, number, entry.bytes);
        if let Some(shares) = self.shares.get_mut(&entry.group) {
            shares.remove(entry.hash, number, entry.bytes);
            if shares.used().events == 0 {
                self.shares.remove(&entry.group);
            }
        }
    }

    /// Notes an event that storage now has, under a number that is not taken.
    pub fn insert(&mut self, number: i64, entry: HeldEntry<G>) {
        self.ids.insert(entry.id);
        self.entries.insert(number, entry);
        self.count_in(number);
        self.newest = self.newest.max(number);
    }

    /// Notes that storage no longer has an event.
    pub fn remove(&mut self, number: i64) {
        self.count_out(number);
        if let Some(entry) = self.entries.remove(&number) {
            self.ids.remove(&entry.id);
        }
    }

    /// The numbers of a token's events, oldest first.
    pub fn of_token<'a>(&'a self, group: &G, hash: &'a TokenHash) -> impl Iterator<Item = i64> + 'a {
        self.shares.get(group).into_iter().flat_map(|shares| shares.numbers(hash))
    }

    /// The numbers of what was held for longer than [`HELD_MILLIS`], oldest first.
    pub fn expired(&self, now: Timestamp) -> impl Iterator<Item = i64> + '_ {
        self.entries
            .iter()
            .take_while(move |(_, entry)| now.millis_since(entry.held_at) >= HELD_MILLIS)
            .map(|(number, _)| *number)
    }

    /// When the oldest event will have been held for long enough.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.entries.first_key_value().map(|(_, entry)| entry.held_at.plus_millis(HELD_MILLIS))
    }

    /// What each token of a group has waiting.
    #[must_use]
    pub fn counts(&self, group: &G) -> Vec<HeldCount> {
        let shares = self.shares.get(group).into_iter().flat_map(HeldShares::tokens);
        let count = |(hash, share): (&TokenHash, &Share)| {
            let oldest = self.entries.get(share.numbers.first()?)?.held_at;
            Some(HeldCount { hash: *hash, events: share.numbers.len(), bytes: share.bytes, oldest })
        };
        shares.filter_map(count).collect()
    }

    /// The groups that have anything, in their order.
    pub fn groups(&self) -> impl Iterator<Item = &G> {
        self.shares.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event_id::RANDOM_BYTES;
    use crate::domain::secret::Secret;

    const SMALL: HeldLimit = HeldLimit { events: 3, bytes: 100 };
    const ALL: HeldLimit = HeldLimit { events: 5, bytes: 1_000 };

    fn entry(group: &'static str, token: &str, bytes: usize) -> HeldEntry<&'static str> {
        HeldEntry {
            id: EventId::new(Timestamp::EPOCH, [0; RANDOM_BYTES]),
            group,
            hash: Secret::new(token).sha256(),
            bytes,
            held_at: Timestamp::EPOCH,
        }
    }

    fn index(entries: &[(&'static str, &str, usize)]) -> HeldIndex<&'static str> {
        let numbered =
            entries.iter().zip(1..).map(|((group, token, bytes), number)| (number, entry(group, token, *bytes)));
        HeldIndex::new(SMALL, ALL, numbered)
    }

    #[test]
    fn nothing_goes_while_there_is_room() {
        assert_eq!(index(&[("a", "t", 10), ("a", "t", 10)]).make_room_for(&entry("a", "t", 10)), Some(vec![]));
    }

    #[test]
    fn a_flood_under_one_token_displaces_itself() {
        let mut held = index(&[("a", "genuine", 10), ("a", "flood", 10), ("a", "flood", 10)]);
        assert_eq!(held.make_room_for(&entry("a", "flood", 10)), Some(vec![2]));
        assert_eq!(held.make_room_for(&entry("a", "other", 10)), Some(vec![2]));
        assert_eq!(held.make_room_for(&entry("b", "other", 10)), Some(vec![]), "another portal has its own room");
    }

    #[test]
    fn when_bytes_are_short_the_token_with_most_bytes_gives() {
        let mut held = index(&[("a", "genuine", 10), ("a", "large", 80)]);
        assert_eq!(held.make_room_for(&entry("a", "genuine", 60)), Some(vec![2]));
    }

    #[test]
    fn when_all_is_full_the_largest_token_over_all_portals_gives() {
        let mut held = index(&[("a", "t", 1), ("b", "flood", 1), ("c", "flood", 1), ("d", "u", 1), ("e", "flood", 1)]);
        assert_eq!(held.make_room_for(&entry("f", "v", 1)), Some(vec![2]));
    }

    #[test]
    fn what_can_never_fit_displaces_nothing() {
        assert_eq!(index(&[("a", "t", 10)]).make_room_for(&entry("a", "t", 101)), None);
    }

    #[test]
    fn counts_follow_what_comes_and_goes() {
        let mut held = index(&[("a", "t", 10), ("a", "u", 20), ("b", "t", 30)]);
        assert_eq!(held.shares_of_all.used(), HeldLimit { events: 3, bytes: 60 });
        assert_eq!(held.of_token(&"a", &Secret::new("t").sha256()).collect::<Vec<_>>(), [1]);
        held.remove(1);
        held.remove(1);
        assert_eq!(held.shares_of_all.used(), HeldLimit { events: 2, bytes: 50 });
        assert_eq!(held.counts(&"a").len(), 1);
        assert_eq!(held.groups().copied().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_number_is_not_given_twice_when_its_event_is_gone() {
        let mut held = index(&[("a", "t", 10), ("a", "t", 10)]);
        held.remove(2);
        assert_eq!(held.next_number(), 3);
    }

    #[test]
    fn an_event_that_is_held_already_is_known() {
        let mut held = index(&[]);
        let (first, later) =
            (Timestamp::from_millis(1_000_000), Timestamp::from_millis(1_000_000 + 2 * CLOCK_SKEW_MILLIS));
        let id = |at| EventId::new(at, [1; RANDOM_BYTES]);
        held.insert(1, HeldEntry { id: id(first), held_at: first, ..entry("a", "t", 10) });
        assert!(held.has(id(first)));
        assert!(!held.has(id(later)));
    }

    #[test]
    fn an_event_is_held_for_a_day() {
        let held = index(&[("a", "t", 10)]);
        assert_eq!(held.next_expiry(), Some(Timestamp::from_millis(HELD_MILLIS)));
        assert_eq!(held.expired(Timestamp::from_millis(HELD_MILLIS - 1)).count(), 0);
        assert_eq!(held.expired(Timestamp::from_millis(HELD_MILLIS)).collect::<Vec<_>>(), [1]);
    }
}
