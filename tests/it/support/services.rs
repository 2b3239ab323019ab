//! KV and the rate limiter.

use bitrix24_edge_relay::domain::time::Timestamp;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Keys of one page, as on the platform.
const PAGE: usize = 1_000;

/// What is stored, and until when.
type Values = BTreeMap<String, (String, Option<Timestamp>)>;

/// Workers KV. It may be told to lag behind, and to be full.
#[derive(Default)]
pub struct KvStore {
    values: RefCell<Values>,
    stale: RefCell<Option<Values>>,
}

impl KvStore {
    /// Readers keep seeing what stands now, whatever is written.
    pub fn freeze(&self) {
        self.stale.replace(Some(self.values.borrow().clone()));
    }

    fn seen(&self) -> Values {
        self.stale.borrow().as_ref().map_or_else(|| self.values.borrow().clone(), Values::clone)
    }

    pub fn read(&self, key: &str, now: Timestamp) -> Option<String> {
        let (value, until) = self.seen().remove(key)?;
        until.is_none_or(|until| now < until).then_some(value)
    }

    pub fn write(&self, key: &str, value: &str, until: Option<Timestamp>) {
        self.values.borrow_mut().insert(key.to_owned(), (value.to_owned(), until));
    }

    /// A page of keys, and where the next one begins.
    pub fn list(&self, prefix: &str, cursor: Option<&str>, now: Timestamp) -> (Vec<String>, Option<String>) {
        let live = |(_, until): &(String, Option<Timestamp>)| until.is_none_or(|until| now < until);
        let seen = self.seen().into_iter().filter(|(_, value)| live(value)).map(|(key, _)| key);
        let mut keys: Vec<String> =
            seen.filter(|key| key.starts_with(prefix) && cursor.is_none_or(|cursor| key.as_str() > cursor)).collect();
        let next = (keys.len() > PAGE).then(|| keys[PAGE - 1].clone());
        keys.truncate(PAGE);
        (keys, next)
    }

    pub fn delete(&self, key: &str) {
        self.values.borrow_mut().remove(key);
    }

    /// What was written last.
    pub fn newest(&self, key: &str) -> Option<String> {
        self.values.borrow().get(key).map(|(value, _)| value.clone())
    }

    /// The keys that begin so, as they were written last.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        self.values.borrow().keys().filter(|key| key.starts_with(prefix)).cloned().collect()
    }

    /// All that was written last, as text.
    pub fn dump(&self) -> String {
        format!("{:?}", self.values.borrow())
    }
}

/// The limiter of `wrangler.toml`: 100 requests a minute under each key.
#[derive(Default)]
pub struct Limiter {
    counts: RefCell<BTreeMap<(String, i64), u32>>,
}

const LIMIT: u32 = 100;
const PERIOD_MILLIS: i64 = 60_000;

impl Limiter {
    pub fn allows(&self, key: &str, now: Timestamp) -> bool {
        let mut counts = self.counts.borrow_mut();
        let count = counts.entry((key.to_owned(), now.as_millis() / PERIOD_MILLIS)).or_default();
        *count += 1;
        *count <= LIMIT
    }

    /// How many requests were counted in all.
    pub fn counted(&self) -> u32 {
        self.counts.borrow().values().sum()
    }
}
