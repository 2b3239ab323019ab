//! How much of what is held belongs to which token: kept up to date event by event, so that a flood, which displaces one event with
//! each that it brings, never has all that is held looked through.

use super::held_limit::HeldLimit;
use super::secret::TokenHash;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The tokens by how much each uses; of equals the one with the oldest event is the largest.
type Ranking = BTreeSet<(usize, Reverse<i64>, TokenHash)>;

/// What the tokens use of one limit.
#[derive(Debug, Default)]
pub(super) struct HeldShares {
    used: HeldLimit,
    tokens: BTreeMap<TokenHash, Share>,
    by_events: Ranking,
    by_bytes: Ranking,
}

/// What one token has waiting.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// Its events, oldest first.
    pub(super) numbers: BTreeSet<i64>,
    /// Bytes of their canonical JSON.
    pub(super) bytes: usize,
}

impl HeldShares {
    /// What all tokens use together.
    pub(super) const fn used(&self) -> HeldLimit {
        self.used
    }

    /// The tokens, in the order of their hashes.
    pub(super) fn tokens(&self) -> impl Iterator<Item = (&TokenHash, &Share)> {
        self.tokens.iter()
    }

    /// The events of a token, oldest first.
    pub(super) fn numbers(&self, hash: &TokenHash) -> impl Iterator<Item = i64> {
        self.tokens.get(hash).into_iter().flat_map(|share| share.numbers.iter().copied())
    }

    /// The oldest event of the token that has most: of events where they are over the limit, else of bytes.
    pub(super) fn next_to_go(&self, limit: HeldLimit) -> Option<i64> {
        let ranking = if self.used.events >= limit.events { &self.by_events } else { &self.by_bytes };
        ranking.last().map(|(_, Reverse(oldest), _)| *oldest)
    }

    pub(super) fn add(&mut self, hash: TokenHash, number: i64, bytes: usize) {
        self.used.events += 1;
        self.used.bytes += bytes;
        self.change(hash, |share| {
            share.numbers.insert(number);
            share.bytes += bytes;
        });
    }

    pub(super) fn remove(&mut self, hash: TokenHash, number: i64, bytes: usize) {
        self.used.events -= 1;
        self.used.bytes -= bytes;
        self.change(hash, |share| {
            share.numbers.remove(&number);
            share.bytes -= bytes;
        });
    }

    /// Changes a share, and its ranks with it.
    fn change(&mut self, hash: TokenHash, change: impl FnOnce(&mut Share)) {
        let share = self.tokens.entry(hash).or_default();
        if let Some(oldest) = share.numbers.first() {
            self.by_events.remove(&(share.numbers.len(), Reverse(*oldest), hash));
            self.by_bytes.remove(&(share.bytes, Reverse(*oldest), hash));
        }
        change(share);
        if let Some(oldest) = share.numbers.first() {
            self.by_events.insert((share.numbers.len(), Reverse(*oldest), hash));
            self.by_bytes.insert((share.bytes, Reverse(*oldest), hash));
        } else {
            self.tokens.remove(&hash);
        }
    }
}
