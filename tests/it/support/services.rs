//! KV and the rate limiter.

use bitrix24_edge_relay::domain::time::Timestamp;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Workers KV. It may be told to lag behind.
#[derive(Default)]
pub struct KvStore {
    values: RefCell<BTreeMap<String, String>>,
    stale: RefCell<Option<BTreeMap<String, String>>>,
}

impl KvStore {
    /// Readers keep seeing what stands now, whatever is written.
    pub fn freeze(&self) {
        self.stale.replace(Some(self.values.borrow().clone()));
    }

    pub fn read(&self, key: &str) -> Option<String> {
        match self.stale.borrow().as_ref() {
            Some(stale) => stale.get(key).cloned(),
            None => self.values.borrow().get(key).cloned(),
        }
    }

    pub fn write(&self, key: &str, value: &str) {
        self.values.borrow_mut().insert(key.to_owned(), value.to_owned());
    }

    /// What was written last.
    pub fn newest(&self, key: &str) -> Option<String> {
        self.values.borrow().get(key).cloned()
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
