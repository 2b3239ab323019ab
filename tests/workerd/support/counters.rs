//! What the objects did of what the platform bills, as the runtime itself counts it.

use serde_json::Value;
use std::ops::{Add, Sub};

use super::api::Api;
use super::worker::Relay;

/// Where the counting entry of the test, `counting.mjs`, tells its counts.
const PATH: &str = "/counted-by-the-runtime";
/// The classes of objects.
const CLASSES: [&str; 2] = ["Portal", "Directory"];

/// What was used, by all objects since the relay was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Rows written, as the cursors tell them.
    pub rows: u64,
    /// How often an alarm was set; each is billed as a row.
    pub alarms_set: u64,
    /// Calls of an object.
    pub calls: u64,
    /// Alarms that rang; each is billed as a request.
    pub alarms: u64,
}

impl Usage {
    /// Rows written as they are billed.
    pub fn billed_rows(self) -> u64 {
        self.rows + self.alarms_set
    }

    /// Requests to objects as they are billed.
    pub fn billed_requests(self) -> u64 {
        self.calls + self.alarms
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            alarms_set: self.alarms_set + other.alarms_set,
            calls: self.calls + other.calls,
            alarms: self.alarms + other.alarms,
        }
    }
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            rows: self.rows - other.rows,
            alarms_set: self.alarms_set - other.alarms_set,
            calls: self.calls - other.calls,
            alarms: self.alarms - other.alarms,
        }
    }
}

impl Relay {
    /// What the objects of all classes used so far. Needs [`Settings::with_counters`](super::worker::Settings::with_counters).
    #[track_caller]
    pub fn usage(&self) -> Usage {
        CLASSES.iter().map(|class| self.usage_of(class)).fold(Usage::default(), Add::add)
    }

    /// What the objects of one class used so far.
    #[track_caller]
    pub fn usage_of(&self, class: &str) -> Usage {
        let counts: Value = self.request("GET", PATH).send().expect_status(200).json();
        let count =
            |name: &str| counts[class][name].as_u64().unwrap_or_else(|| panic!("no {name} of {class} in {counts}"));
        Usage {
            rows: count("rowsWritten"),
            alarms_set: count("alarmsSet"),
            calls: count("requests"),
            alarms: count("alarms"),
        }
    }
}
