//! What an isolate remembers for some seconds, so that a busy portal costs no reads of KV and a flood costs nothing else.
//!
//! Nothing here is an authority. What is remembered as verified only spares the guards; the portal's object judges every
//! event once more.

use crate::domain::member_id::MemberId;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use std::collections::BTreeMap;

/// How long a token that a portal's object accepted goes past the guards, in milliseconds.
const VERIFIED_MILLIS: i64 = 60_000;
/// How long the record of a portal is not read from KV again, in milliseconds.
const READ_MILLIS: i64 = 5_000;
/// How long a caller that the rate limiter refused is refused without asking it, in milliseconds. Short, since a caller may
/// have been registered meanwhile, and long enough that a flood costs next to nothing.
const LIMITED_MILLIS: i64 = 1_000;
/// How long a portal's line about addresses is not written again, in milliseconds.
const TOLD_MILLIS: i64 = 60_000;
/// Entries of each kind: with keys of at most 200 bytes, some 3 MB of the isolate's 128 MB.
const MAX_ENTRIES: usize = 10_000;

/// Entries that expire. Ordered rather than hashed: the keys are chosen by strangers, and the hash map's seed is fixed in
/// wasm.
#[derive(Debug)]
struct Expiring<K, V = ()>(BTreeMap<K, (Timestamp, V)>);

impl<K, V> Default for Expiring<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord, V> Expiring<K, V> {
    fn get(&self, key: &K, now: Timestamp) -> Option<&V> {
        let found = self.0.get(key).filter(|(expires_at, _)| now < *expires_at);
        found.map(|(_, value)| value)
    }

    fn has(&self, key: &K, now: Timestamp) -> bool {
        self.get(key, now).is_some()
    }

    fn add(&mut self, key: K, value: V, expires_at: Timestamp, now: Timestamp) {
        if self.0.len() >= MAX_ENTRIES {
            self.0.retain(|_, (expires_at, _)| now < *expires_at);
        }
        // A cache may forget; it may not grow, and must not spend time on choosing.
        if self.0.len() >= MAX_ENTRIES {
            self.0.clear();
        }
        self.0.insert(key, (expires_at, value));
    }

    fn remove(&mut self, key: &K) {
        self.0.remove(key);
    }
}

/// A caller: the portal that it names, and its address.
type Caller = (MemberId, String);

/// What an isolate remembers.
#[derive(Debug, Default)]
pub struct EdgeCache {
    verified: Expiring<(MemberId, TokenHash)>,
    /// The tokens that each portal's record lists as believed.
    read: Expiring<MemberId, Vec<TokenHash>>,
    limited: Expiring<Caller>,
    /// What the log was told of the addresses of each portal.
    told: Expiring<(MemberId, &'static str)>,
}

impl EdgeCache {
    /// Whether the portal's object accepted this token a moment ago.
    #[must_use]
    pub fn is_verified(&self, member_id: &MemberId, hash: TokenHash, now: Timestamp) -> bool {
        self.verified.has(&(member_id.clone(), hash), now)
    }

    /// Notes that the portal's object accepted this token.
    pub fn set_verified(&mut self, member_id: &MemberId, hash: TokenHash, now: Timestamp) {
        if !self.is_verified(member_id, hash, now) {
            self.verified.add((member_id.clone(), hash), (), now.plus_millis(VERIFIED_MILLIS), now);
        }
    }

    /// Notes that the portal's object refused this token.
    pub fn set_refused(&mut self, member_id: &MemberId, hash: TokenHash) {
        self.verified.remove(&(member_id.clone(), hash));
    }

    /// Whether the portal's record lists the token as believed, where it was read from KV a moment ago.
    #[must_use]
    pub fn is_listed(&self, member_id: &MemberId, hash: TokenHash, now: Timestamp) -> Option<bool> {
        self.read.get(member_id, now).map(|listed| listed.contains(&hash))
    }

    /// Notes which tokens the portal's record lists as believed.
    pub fn set_read(&mut self, member_id: &MemberId, listed: Vec<TokenHash>, now: Timestamp) {
        self.read.add(member_id.clone(), listed, now.plus_millis(READ_MILLIS), now);
    }

    /// Forgets what speaks against a portal, since it was registered.
    pub fn set_registered(&mut self, member_id: &MemberId) {
        self.read.remove(member_id);
        self.limited.0.retain(|(limited, _), _| limited != member_id);
    }

    /// Whether the log was not told this of a portal's addresses a moment ago. From now on it was.
    pub fn may_tell_source(&mut self, member_id: &MemberId, message: &'static str, now: Timestamp) -> bool {
        let key = (member_id.clone(), message);
        let may = !self.told.has(&key, now);
        if may {
            self.told.add(key, (), now.plus_millis(TOLD_MILLIS), now);
        }
        may
    }

    /// Whether the rate limiter refused this caller a moment ago.
    #[must_use]
    pub fn is_limited(&self, member_id: &MemberId, address: &str, now: Timestamp) -> bool {
        self.limited.has(&(member_id.clone(), address.to_owned()), now)
    }

    /// Notes that the rate limiter refused this caller.
    pub fn set_limited(&mut self, member_id: &MemberId, address: &str, now: Timestamp) {
        self.limited.add((member_id.clone(), address.to_owned()), (), now.plus_millis(LIMITED_MILLIS), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;

    #[test]
    fn what_is_remembered_is_forgotten_in_time() {
        let (mut cache, now) = (EdgeCache::default(), Timestamp::EPOCH);
        let (member, hash) = (MemberId::try_from("m").unwrap(), Secret::new("t").sha256());
        cache.set_verified(&member, hash, now);
        assert!(cache.is_verified(&member, hash, now.plus_millis(VERIFIED_MILLIS - 1)));
        assert!(!cache.is_verified(&member, hash, now.plus_millis(VERIFIED_MILLIS)));
        cache.set_refused(&member, hash);
        assert!(!cache.is_verified(&member, hash, now));
        cache.set_limited(&member, "192.0.2.1", now);
        assert!(cache.is_limited(&member, "192.0.2.1", now) && !cache.is_limited(&member, "192.0.2.2", now));
    }

    #[test]
    fn nothing_speaks_against_a_portal_once_it_is_registered() {
        let (mut cache, now) = (EdgeCache::default(), Timestamp::EPOCH);
        let (member, other) = (MemberId::try_from("m").unwrap(), MemberId::try_from("o").unwrap());
        for portal in [&member, &other] {
            cache.set_read(portal, Vec::new(), now);
            cache.set_limited(portal, "192.0.2.1", now);
        }
        cache.set_registered(&member);
        let hash = Secret::new("t").sha256();
        assert_eq!(cache.is_listed(&member, hash, now), None);
        assert!(!cache.is_limited(&member, "192.0.2.1", now));
        assert_eq!(cache.is_listed(&other, hash, now), Some(false));
        assert!(cache.is_limited(&other, "192.0.2.1", now));
    }

    #[test]
    fn a_flood_of_names_does_not_fill_the_memory() {
        let (mut cache, now) = (EdgeCache::default(), Timestamp::EPOCH);
        for number in 0..3 * MAX_ENTRIES {
            cache.set_read(&MemberId::try_from(format!("m{number}")).unwrap(), Vec::new(), now);
        }
        assert!(cache.read.0.len() <= MAX_ENTRIES);
    }
}
