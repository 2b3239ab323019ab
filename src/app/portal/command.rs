//! What a portal's object is asked, and what it answers. `command_text.rs` tells how it is written.
//!
//! Both run the same release, but for the minutes of a deployment: a field is added with a default, never renamed.

use super::activity::Activity;
use super::delivery_command::{DeliveryCommand, DeliveryReply, DestinationCommand, DestinationReply};
pub use super::delivery_state::DeliveryState;
use super::installs::progress::{ApplicationStatus, Progress};
use super::installs::sync::SyncReport;
pub use super::portal_status::{
    DeliveryStatus, HeldStatus, LogStatus, OwnedConfigError, PortalState, PortalStatus, RecordState, StorageStatus,
};
use crate::app::held_events::NewEvent;
use crate::domain::application::authorisation::AuthorisationState;
use crate::domain::application::endpoint::ClientEndpoint;
use crate::domain::consumer_name::ConsumerName;
use crate::domain::destination_name::DestinationName;
use crate::domain::event_glob::EventGlob;
use crate::domain::install::{InstallRecord, TokenKind};
use crate::domain::member_id::MemberId;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use crate::domain::vault::Sealed;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::rc::Rc;

/// A question to a portal's object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum PortalCommand {
    /// Judge each event by its token: log it where it is believed, hold it where its token is not registered.
    Append(Vec<Append>),
    /// Take in events that waited while the object could not be reached.
    Drain(Vec<Append>),
    /// Take the record of KV over, where the object has none of its own.
    Adopt {
        /// The portal.
        member_id: MemberId,
        /// What KV says.
        record: InstallRecord,
    },
    /// Register a token, and release what is held under it.
    Register(Register),
    /// Revoke one token, or all.
    Revoke {
        /// The token; all of them where it is absent.
        sha256: Option<TokenHash>,
    },
    /// Tell all about the portal.
    Status,
    /// See to it that the alarm is set for what is due, and tell the Directory how things stand.
    Check,
    /// Read the log.
    ReadLog(LogQuery),
    /// Count what was logged of late.
    Activity {
        /// How far back, in minutes.
        minutes: u32,
    },
    /// About destinations.
    Destination(DestinationCommand),
    /// Send a destination a test event, and tell what it answered.
    TestDestination {
        /// Its name.
        name: DestinationName,
    },
    /// About deliveries.
    Delivery(DeliveryCommand),
    /// Be told through a socket what is logged. Only the answer to it comes back; the platform opens the socket.
    Follow,
    /// All consumers.
    Consumers,
    /// Move a consumer.
    Acknowledge {
        /// Its name.
        name: ConsumerName,
        /// The last place that it has processed.
        seq: i64,
        /// Whether it may move backwards.
        force: bool,
    },
    /// Forget a consumer.
    RemoveConsumer {
        /// Its name.
        name: ConsumerName,
    },
    /// Prove that the application was installed, and let it be so.
    Install(Install),
    /// Tell how far an installation is.
    InstallProgress {
        /// Whether what failed is to be tried again.
        retry: bool,
    },
    /// Bring the portal's subscriptions up to date.
    Sync,
    /// Hand out an access token.
    AccessToken,
}

/// A claim that the application was installed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Install {
    /// The portal.
    pub member_id: MemberId,
    /// The claim, sealed by the Worker: its tokens are in no command.
    pub claim: Sealed,
    /// The event that made it, to be logged together with what it changes.
    pub event: Option<NewEvent>,
    /// Whether an earlier call with the same event may have been carried out.
    pub may_be_repeated: bool,
    /// Whether its refresh token may be used up, where its access token has expired while the claim waited.
    pub may_refresh: bool,
}

/// Why an installation waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingInstall {
    /// Its token is real, but not an administrator's.
    NotAdmin,
    /// Bitrix24 could not be asked: it is asked again.
    Unreachable,
}

/// What a sync found and did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SyncOutcome {
    /// The difference that there was.
    pub report: SyncReport,
    /// How the application stands now.
    pub application: Option<ApplicationStatus>,
}

/// An event with the token that it came with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Append {
    /// The token.
    pub sha256: TokenHash,
    /// The event.
    pub event: Rc<NewEvent>,
    /// Whether an earlier call with the same event may have been carried out.
    pub may_be_repeated: bool,
    /// Whether it is to be held where its token is not registered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_held: bool,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Appended {
    /// It is in the log.
    Accepted {
        /// Its place.
        seq: i64,
    },
    /// It is held: its token is not registered here.
    Held {
        /// How many others made room for it.
        displaced: usize,
    },
    /// It was not taken: its token is not registered here.
    Unregistered,
    /// It was not taken: its token was revoked.
    Revoked,
}

/// A token that the operator vouches for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Register {
    /// The portal.
    pub member_id: MemberId,
    /// The token.
    pub sha256: TokenHash,
    /// Whose token it is.
    pub kind: TokenKind,
    /// The operator's name for it; what stands is kept where it is absent.
    pub label: Option<String>,
    /// The portal's domain; what stands is kept where it is absent.
    pub domain: Option<String>,
}

/// Which part of the log is wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LogQuery {
    /// Only events behind this one.
    pub after: i64,
    /// How many at most.
    pub limit: u32,
    /// Only types that fit this pattern.
    pub event_type: Option<EventGlob>,
    /// Only this subject.
    pub subject: Option<String>,
    /// Only what was logged at this time or later.
    pub since: Option<Timestamp>,
    /// Only events behind the place of this consumer, in place of `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<ConsumerName>,
}

/// The answer of a portal's object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum PortalReply {
    /// What became of each event.
    Appended(Vec<Appended>),
    /// What became of events that waited. What is in none of these was taken before.
    Drained {
        /// They are in the log.
        logged: usize,
        /// They are held.
        held: usize,
        /// They were not taken: their token was revoked.
        refused: usize,
    },
    /// Nothing is known about this portal.
    UnknownPortal,
    /// There is no such token.
    UnknownToken,
    /// The token could not be added: the portal has too many.
    TooManyTokens,
    /// It is done; this is how things stand now.
    Portal(Box<PortalStatus>),
    /// A part of the log.
    Log(LogPage),
    /// What was logged of late.
    Activity(Activity),
    /// About destinations.
    Destination(DestinationReply),
    /// About deliveries.
    Delivery(DeliveryReply),
    /// The caller follows the log.
    Following {
        /// The newest place now.
        head: i64,
    },
    /// Nobody else can follow the log: too many do.
    TooManyFollowers,
    /// All consumers, by name.
    Consumers(Vec<ConsumerStatus>),
    /// How the consumer stands now, or stood when it was forgotten.
    Consumer(ConsumerStatus),
    /// There is no such consumer.
    UnknownConsumer,
    /// The portal has too many consumers for one more.
    TooManyConsumers,
    /// The log does not reach so far.
    BeyondLog {
        /// The newest place.
        head: i64,
    },
    /// The portal was checked.
    Checked {
        /// Whether its alarm had been lost.
        repaired: bool,
    },
    /// The application is installed.
    Installed {
        /// The place of the event that said so.
        seq: Option<i64>,
        /// How far the installation is.
        progress: Box<Progress>,
    },
    /// The claim cannot be proven yet.
    InstallPending(PendingInstall),
    /// The tokens of the claim had to be renewed: this is the claim now, sealed. Keep it, and ask again.
    ClaimRenewed(Sealed),
    /// The claim is false.
    InstallRefused,
    /// How far an installation is.
    Progress(Box<Progress>),
    /// The subscriptions are up to date, as far as they can be.
    Synced(Box<SyncOutcome>),
    /// An access token.
    AccessToken {
        /// The token, sealed.
        access_token: Sealed,
        /// When it ends.
        expires_at: Timestamp,
        /// The portal's REST API.
        client_endpoint: ClientEndpoint,
    },
    /// There is no authorisation, or it is not good.
    NotAuthorised {
        /// What is wrong with it.
        state: Option<AuthorisationState>,
    },
    /// Bitrix24 could not be asked. The text is for the log.
    PortalUnreachable(String),
    /// The variables of the application are not set.
    NotConfigured,
    /// Storage failed. The text is for the log.
    Failed(String),
}

/// A part of a log, as the API shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogPage {
    /// The events, oldest first.
    pub events: Vec<LoggedEvent>,
    /// The last one looked at: where the next call goes on.
    pub next: i64,
}

/// An event in the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoggedEvent {
    /// Its place.
    pub seq: i64,
    /// How far its delivery is.
    pub state: DeliveryState,
    /// The event, as it is forwarded.
    pub event: Box<RawValue>,
}

/// A consumer of a log, as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumerStatus {
    /// Its name.
    pub name: ConsumerName,
    /// The last place that it has acknowledged.
    pub position: i64,
    /// How many events were logged behind it.
    pub lag: i64,
    /// When it last moved, RFC 3339.
    pub acked_at: String,
}
