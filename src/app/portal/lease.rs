//! One worker at a time inside an object.
//!
//! Requests to an object interleave wherever one of them awaits, so what a run does before it sends is claimed. The claim ends by
//! itself, because the runtime may drop a run without a word, and a claim that nobody holds must not stop deliveries.

use crate::domain::time::Timestamp;
use std::cell::Cell;

/// How long a claim lasts beyond its last sign of life, in milliseconds: a send of 15 s, and 5 s for what surrounds it.
const LEASE_MILLIS: i64 = 20_000;

/// The claim of what only one may do at a time.
#[derive(Debug, Default)]
pub struct Lease {
    holder: Cell<u64>,
    expires_at: Cell<Option<Timestamp>>,
}

impl Lease {
    /// Whether nobody holds it.
    pub fn is_free(&self, now: Timestamp) -> bool {
        self.expires_at.get().is_none_or(|expires_at| {
            // A clock that stepped back must not prolong the claim.
            now >= expires_at || expires_at.millis_since(now) > LEASE_MILLIS
        })
    }

    /// Claims it. `None` where another run holds it.
    pub fn claim(&self, now: Timestamp) -> Option<Claim<'_>> {
        if !self.is_free(now) {
            return None;
        }
        self.holder.set(self.holder.get() + 1);
        let claim = Claim { lease: self, number: self.holder.get() };
        claim.extend(now);
        Some(claim)
    }
}

/// A held lease. Dropped, it is free again.
#[derive(Debug)]
pub struct Claim<'a> {
    lease: &'a Lease,
    number: u64,
}

impl Claim<'_> {
    /// Whether no other run has taken over since.
    pub fn is_held(&self) -> bool {
        self.lease.holder.get() == self.number
    }

    /// Gives a sign of life.
    pub fn extend(&self, now: Timestamp) {
        if self.is_held() {
            self.lease.expires_at.set(Some(now.plus_millis(LEASE_MILLIS)));
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if self.is_held() {
            self.lease.expires_at.set(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_keeps_others_out_until_it_is_dropped() {
        let (lease, now) = (Lease::default(), Timestamp::EPOCH);
        let claim = lease.claim(now);
        assert!(claim.is_some() && lease.claim(now).is_none());
        drop(claim);
        assert!(lease.claim(now).is_some());
    }

    #[test]
    fn a_run_that_vanished_is_taken_over_and_finds_out() {
        let (lease, now) = (Lease::default(), Timestamp::EPOCH);
        let vanished = lease.claim(now).unwrap();
        let later = now.plus_millis(LEASE_MILLIS);
        assert!(lease.claim(later.plus_millis(-1)).is_none());
        let successor = lease.claim(later).unwrap();
        assert!(!vanished.is_held() && successor.is_held());
        drop(vanished);
        assert!(!lease.is_free(later), "the old run does not free what the new one holds");
    }
}
