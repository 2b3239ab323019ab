//! What a portal's object is asked about its destinations and deliveries, and what it answers: the same JSON between the Worker
//! and its object as in [`super::command`].

use super::command::{DeliveryState, DeliveryStatus};
use crate::domain::destination_name::DestinationName;
use crate::domain::destination_settings::{Settings, SettingsChange};
use crate::domain::event_id::EventId;
use crate::domain::time::Timestamp;
use crate::domain::vault::Sealed;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A question about destinations. What they are called with was sealed by the Worker: no secret is in a command or a reply.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DestinationCommand {
    /// Tell all.
    List,
    /// Make one.
    Create {
        /// Its name.
        name: DestinationName,
        /// What it is.
        settings: Settings,
        /// What it is called with; absent where it is a queue.
        sealed: Option<Sealed>,
        /// Whether it begins paused.
        paused: bool,
    },
    /// Change one.
    Change {
        /// Its name.
        name: DestinationName,
        /// What it is to be.
        change: SettingsChange,
        /// Its headers, where these are replaced.
        sealed: Option<Sealed>,
        /// Whether it is to be paused.
        paused: Option<bool>,
    },
    /// Forget one.
    Remove {
        /// Its name.
        name: DestinationName,
    },
    /// Sign with another secret, and with the old one for a while.
    RotateSecret {
        /// Its name.
        name: DestinationName,
        /// The new secret.
        sealed: Sealed,
        /// For how long the old one signs too, in seconds.
        overlap_seconds: u32,
    },
}

/// The answer to a question about destinations.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DestinationReply {
    /// All, the default one first.
    All(Vec<DestinationStatus>),
    /// How one stands now.
    One(Box<DestinationStatus>),
    /// It is forgotten.
    Removed,
    /// There is none of this name.
    Unknown,
    /// There is one of this name, or what is left of one.
    NameTaken,
    /// There are too many.
    TooMany,
    /// The variables say what the default one is.
    OfVariables,
    /// It is a queue, which is sent nothing signed.
    Unsigned,
    /// What was chosen does not go together: why.
    Refused(String),
    /// What it is called with cannot be opened or sealed: why.
    Locked(String),
    /// What became of a test event.
    Tested(TestReport),
    /// Another test event is under way.
    TestUnderWay,
}

/// What a destination made of a test event, as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestReport {
    /// The event's id, which is its `webhook-id` too; absent where nothing could be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Whether the destination took it.
    pub delivered: bool,
    /// The HTTP status, where the destination answered with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Time until the answer, or until there was none.
    pub latency_ms: i64,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A destination, as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationStatus {
    /// Its name.
    pub name: String,
    /// What was chosen; absent where it is the one of the variables.
    #[serde(default, flatten)]
    pub settings: Option<Settings>,
    /// Whether it is sent nothing until a person lets it.
    pub paused: bool,
    /// Until when the secret that was replaced signs too, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_secret_until: Option<String>,
    /// Why nothing can be sent, where that is so by its configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How far its deliveries are.
    pub delivery: DeliveryStatus,
}

/// A question about deliveries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DeliveryCommand {
    /// Tell an event, with its deliveries.
    Event {
        /// Its id.
        id: EventId,
    },
    /// Tell deliveries, in the order of the log.
    List(DeliveryQuery),
    /// Count what a replay would send.
    CountReplay(ReplayQuery),
    /// Send again.
    Replay {
        /// The number of the replay, chosen by who asks, so that asking twice makes one.
        id: i64,
        /// What.
        query: ReplayQuery,
    },
    /// Send one event again, to one destination or to all that want it.
    ReplayEvent {
        /// The number of the replay, as above.
        id: i64,
        /// The event.
        event: EventId,
        /// The destination.
        destination: Option<DestinationName>,
    },
    /// Tell the replays that are under way.
    Replays,
    /// End a replay. What was sent is sent.
    CancelReplay {
        /// Its number.
        id: i64,
    },
}

/// Which deliveries are wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DeliveryQuery {
    /// Only events behind this one.
    pub after: i64,
    /// How many deliveries at least, where there are so many; all of the last event are told.
    pub limit: u32,
    /// Only those that are so far.
    pub state: Option<DeliveryState>,
    /// Only those to this destination.
    pub destination: Option<DestinationName>,
}

/// What is to be sent again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReplayQuery {
    /// Where.
    pub destination: DestinationName,
    /// Only what is so far; all that is done where it is absent.
    pub state: Option<DeliveryState>,
    /// Only what was logged at this time or later.
    pub from: Option<Timestamp>,
    /// Only what was logged before this time.
    pub to: Option<Timestamp>,
    /// Only events behind this one.
    pub after: i64,
    /// Events per second at most.
    pub rate: u32,
}

/// The answer to a question about deliveries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DeliveryReply {
    /// An event.
    Event(Box<EventDetail>),
    /// Deliveries.
    List(DeliveryPage),
    /// What a replay would send.
    Count(ReplayCount),
    /// Replays that are under way.
    Replays(Vec<ReplayStatus>),
    /// There is no such event, or it is kept no more.
    UnknownEvent,
    /// There is no such destination.
    UnknownDestination,
    /// There is no such replay.
    UnknownReplay,
    /// There are too many replays.
    TooManyReplays,
}

/// An event with its deliveries, as the API shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EventDetail {
    /// Its place.
    pub seq: i64,
    /// How far its delivery is: of its destinations, the state that most wants attention.
    pub state: DeliveryState,
    /// The event, as it is forwarded.
    pub event: Box<RawValue>,
    /// For each destination.
    pub deliveries: Vec<DeliveryDetail>,
}

/// The delivery of an event to one destination.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeliveryDetail {
    /// The destination.
    pub destination: String,
    /// How far it is.
    pub state: DeliveryState,
    /// When the next attempt is due, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<String>,
    /// The last attempts, oldest first: `attempt`, `at`, and `error` where it failed. They are kept where one failed.
    pub attempts: Box<RawValue>,
}

/// A part of a list of deliveries, as the API shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeliveryPage {
    /// The deliveries, in the order of the log.
    pub deliveries: Vec<DeliverySummary>,
    /// The last event looked at: where the next call goes on.
    pub next: i64,
}

/// One delivery of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverySummary {
    /// The event's place.
    pub seq: i64,
    /// The event's id.
    pub id: String,
    /// The event's type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The event's subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The destination.
    pub destination: String,
    /// How far it is.
    pub state: DeliveryState,
    /// Attempts that are on record: all, where one failed.
    pub attempts: u32,
    /// When the next attempt is due, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<String>,
    /// What the last failure was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What a replay would send, as far as one call looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayCount {
    /// Events that would be sent.
    pub count: i64,
    /// The last event looked at: where the next call goes on.
    pub next: i64,
    /// Whether there is more to look at.
    pub more: bool,
}

/// A replay that is under way, as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayStatus {
    /// Its number.
    pub id: i64,
    /// Where it sends.
    pub destination: String,
    /// What it sends, where not all that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<DeliveryState>,
    /// Events per second at most.
    pub rate: u32,
    /// The next event that it looks at.
    pub next: i64,
    /// The last one.
    pub last: i64,
    /// Events that it has handed to the destination's queue so far.
    pub replayed: i64,
    /// When it was asked for, RFC 3339.
    pub created_at: String,
}
