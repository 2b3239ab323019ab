//! What the Directory's object is asked, and what it answers.

use super::places::Place;
use crate::app::held_events::{HeldEvent, NewEvent};
use crate::app::portal::command::{DeliveryStatus, HeldStatus, PortalState, StorageStatus};
use crate::app::ports::CallError;
use crate::domain::member_id::MemberId;
use crate::domain::request_counts::RequestCounts;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use crate::domain::vault::Sealed;
use serde::{Deserialize, Serialize};

/// A question to the Directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DirectoryCommand {
    /// Hold an event of a portal that nobody registered.
    Hold {
        /// The portal.
        member_id: MemberId,
        /// The token that the event came with.
        sha256: TokenHash,
        /// The event.
        event: NewEvent,
    },
    /// What is held for a portal, by token.
    HeldCounts {
        /// The portal.
        member_id: MemberId,
    },
    /// The events that are held under a token.
    HeldEvents {
        /// The portal.
        member_id: MemberId,
        /// The token.
        sha256: TokenHash,
        /// Only those with a higher number.
        after: i64,
    },
    /// Forget the events under a token, which the portal's object has logged.
    DropHeld {
        /// The portal.
        member_id: MemberId,
        /// The token.
        sha256: TokenHash,
        /// Only those up to this number.
        up_to: i64,
    },
    /// Keep a claim that could not be proven yet, and try it again.
    KeepInstall {
        /// The portal.
        member_id: MemberId,
        /// The claim.
        claim: Sealed,
    },
    /// Note how a portal stands.
    Report {
        /// How it stands.
        report: Box<PortalReport>,
        /// When its object has something to do next.
        next_due_at: Option<Timestamp>,
    },
    /// Add what an isolate of the Worker has counted.
    CountRequests(RequestCounts),
    /// All that was counted.
    RequestCounts,
    /// The portals that the watchdog is to check, those that are due for longest first. They are due again soon, behind all
    /// others, unless their objects report.
    TakeOverdue {
        /// How many at most.
        limit: u32,
    },
    /// The registered portals in the order of their numbers.
    Places {
        /// Only those with a higher number.
        after: u64,
        /// How many at most.
        limit: u32,
        /// Only these; all where it is absent.
        only: Option<Vec<MemberId>>,
    },
    /// The portals, in the order of their ids.
    List {
        /// Whether those that nobody registered are wanted, rather than the registered ones.
        unknown: bool,
        /// Only those behind this one.
        after: Option<MemberId>,
        /// How many at most.
        limit: u32,
    },
}

/// The answer of the Directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DirectoryReply {
    /// It is done.
    Done,
    /// The event is held.
    Held {
        /// How many others made room for it.
        displaced: usize,
    },
    /// What is held, by token.
    HeldCounts(Vec<HeldStatus>),
    /// Held events, oldest first.
    HeldEvents(Vec<HeldEvent>),
    /// Portals with their numbers.
    Places {
        /// When numbers were first given, in milliseconds.
        numbering: u64,
        /// The portals.
        places: Vec<Place>,
    },
    /// Portals.
    Portals(Vec<PortalReport>),
    /// What was counted.
    RequestCounts(RequestCounts),
    /// Portals that are to be checked.
    Overdue(Vec<MemberId>),
    /// Storage failed. The text is for the log.
    Failed(String),
}

/// Why a call was not answered as it should be. An answer of another kind is not told, since it may hold events.
#[must_use]
pub fn failure(reply: &Result<DirectoryReply, CallError>) -> &str {
    match reply {
        Err(error) => &error.cause,
        Ok(DirectoryReply::Failed(cause)) => cause,
        Ok(_) => "unexpected answer",
    }
}

/// How a portal stood when its object last told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalReport {
    /// The portal.
    pub member_id: MemberId,
    /// Its domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Whether its events are believed.
    pub state: PortalState,
    /// How many events were ever logged.
    pub last_seq: i64,
    /// Its storage.
    #[serde(default)]
    pub storage: StorageStatus,
    /// How many of them on the day of the report, in UTC.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub events_today: i64,
    /// How far deliveries to the default destination are.
    pub delivery: DeliveryStatus,
    /// How far those to the destinations of the API are, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<(String, DeliveryStatus)>,
    /// How many events the consumer has not acknowledged that is furthest behind; absent where there is no consumer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer_lag: Option<i64>,
    /// When the newest event was logged, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_event_at: Option<String>,
    /// What is held, for each token that is not registered.
    pub held: Vec<HeldStatus>,
    /// When this was true, RFC 3339.
    pub reported_at: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_zero(number: &i64) -> bool {
    *number == 0
}
