//! What goes into a queue, and what comes out of it for storage.

use crate::domain::delivery::thing::Thing;
use crate::domain::time::Timestamp;

/// An event of the log, as far as its delivery is concerned.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Place in the log.
    pub seq: i64,
    /// What it is about.
    pub thing: Option<Thing>,
    /// Whether a later update of the same thing makes it obsolete.
    pub is_update: bool,
    /// Length of its JSON.
    pub bytes: usize,
}

/// What storage has to note, so that a crash loses nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The event waits for an earlier one of its thing.
    Waiting {
        /// Its place.
        seq: i64,
    },
    /// An attempt failed, and another is due.
    Retrying {
        /// The event's place.
        seq: i64,
        /// Attempts made.
        attempts: u32,
        /// Not before.
        due_at: Timestamp,
        /// What happened.
        error: String,
    },
    /// An attempt failed, and it was the last.
    Failed {
        /// The event's place.
        seq: i64,
        /// Attempts made.
        attempts: u32,
        /// What happened.
        error: String,
    },
    /// An event that has a note was delivered.
    Delivered {
        /// Its place.
        seq: i64,
        /// Attempts made.
        attempts: u32,
    },
    /// An event was made obsolete by a later one.
    Superseded {
        /// Its place.
        seq: i64,
        /// Whether it has a note; otherwise it is written down together with the position that passes it.
        has_note: bool,
    },
    /// All from this place on is as if it had not been tried.
    Rewound {
        /// The first such event.
        seq: i64,
    },
}

impl Change {
    /// The event that an attempt was made for.
    #[must_use]
    pub const fn attempted(&self) -> Option<i64> {
        match self {
            Self::Retrying { seq, .. } | Self::Failed { seq, .. } | Self::Delivered { seq, .. } => Some(*seq),
            Self::Waiting { .. } | Self::Superseded { .. } | Self::Rewound { .. } => None,
        }
    }
}
