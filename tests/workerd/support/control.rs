//! What the harness can do behind the relay's back.

use serde_json::{Value, json};
use std::time::Duration;

use super::worker::Relay;

impl Relay {
    /// Runs SQL in a running object. Needs [`Settings::with_inspection`](super::worker::Settings::with_inspection).
    #[track_caller]
    pub fn sql(&self, class: &str, name: &str, query: &str, parameters: &[Value]) -> Vec<Value> {
        let question = json!({ "class": class, "name": name, "query": query, "parameters": parameters });
        match self.control("sql", &question) {
            Value::Array(rows) => rows,
            other => panic!("rows are a list, not {other}"),
        }
    }

    /// Has an object lose its memory, as happens when it was idle for long. What it stored stays. Needs
    /// [`Settings::with_inspection`](super::worker::Settings::with_inspection).
    #[track_caller]
    pub fn evict(&self, class: &str, name: &str) {
        self.control("evict", &json!({ "class": class, "name": name }));
    }

    /// How often the memory of an object began: once more each time that it was evicted or had slept. Needs
    /// [`Settings::with_inspection`](super::worker::Settings::with_inspection).
    #[track_caller]
    pub fn lives(&self, name: &str) -> usize {
        let born = format!("born {name}");
        self.logs().iter().filter(|line| line.ends_with(&born)).count()
    }

    /// Has the cron trigger fire, and waits for its jobs.
    #[track_caller]
    pub fn fire_cron(&self) {
        self.control("scheduled", &json!({}));
    }

    /// Reads from the namespace `INSTALLS`.
    #[track_caller]
    pub fn kv_get(&self, key: &str) -> Option<String> {
        self.control("kv-get", &json!({ "key": key })).as_str().map(str::to_owned)
    }

    /// The keys of the namespace `INSTALLS` that begin so, 1,000 of them at most.
    #[track_caller]
    pub fn kv_keys(&self, prefix: &str) -> Vec<String> {
        let keys = self.control("kv-list", &json!({ "prefix": prefix }));
        keys.as_array().expect("keys are a list").iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// When a key of the namespace `INSTALLS` expires, since 1970; nothing where it stays.
    #[track_caller]
    pub fn kv_expiration(&self, key: &str) -> Option<Duration> {
        self.control("kv-expiration", &json!({ "key": key })).as_u64().map(Duration::from_secs)
    }

    /// Writes to the namespace `INSTALLS`.
    #[track_caller]
    pub fn kv_put(&self, key: &str, value: &str) {
        self.control("kv-put", &json!({ "key": key, "value": value }));
    }

    /// Deletes from the namespace `INSTALLS`.
    #[track_caller]
    pub fn kv_delete(&self, key: &str) {
        self.control("kv-delete", &json!({ "key": key }));
    }

    /// All lines that the relay logged since it was started last, each after its level.
    #[track_caller]
    pub fn logs(&self) -> Vec<String> {
        let lines = self.control("logs", &json!({}));
        lines.as_array().expect("lines are a list").iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }
}
