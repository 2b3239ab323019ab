//! How a portal stands, as its object tells it and the API shows it.

use super::delivery_command::DestinationStatus;
use super::installs::progress::ApplicationStatus;
use crate::domain::delivery::circuit::Cause;
use crate::domain::delivery::tally::Totals;
use crate::domain::install::Token;
use crate::domain::latency::Latency;
use crate::domain::member_id::MemberId;
use crate::domain::secret::TokenHash;
use crate::domain::variable::ConfigError;
use serde::{Deserialize, Serialize};

/// A portal, as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalStatus {
    /// The portal.
    pub member_id: MemberId,
    /// Its domain, for display.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Whether any of its tokens is believed.
    pub state: PortalState,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// Its log.
    pub log: LogStatus,
    /// Its storage.
    #[serde(default)]
    pub storage: StorageStatus,
    /// Its deliveries to the default destination.
    pub delivery: DeliveryStatus,
    /// Its destinations by the API.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<DestinationStatus>,
    /// What is held, for each token that is not registered.
    pub held: Vec<HeldStatus>,
    /// The application, where the portal installed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationStatus>,
    /// Whether KV says the same about its tokens: the Worker compares, not the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordState>,
    /// What is wrong with the variables.
    pub configuration_errors: Vec<OwnedConfigError>,
}

/// What KV says about a portal, beside what its object says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordState {
    /// The same tokens.
    Same,
    /// Nothing.
    Missing,
    /// Other tokens, or others of them end.
    Different,
    /// KV does not answer, or what is there is no record.
    Unreadable,
}

/// Whether a portal's events are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PortalState {
    /// It has an active token.
    Active,
    /// Its applications were removed.
    Uninstalled,
    /// The operator ended it.
    Revoked,
    /// Its application is installed, but the token of its events is not known yet; events are held.
    Installing,
    /// Nobody registered it; events are held.
    Unknown,
}

impl PortalState {
    /// The state as it stands in the API and in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Uninstalled => "uninstalled",
            Self::Revoked => "revoked",
            Self::Installing => "installing",
            Self::Unknown => "unknown",
        }
    }
}

/// The extent of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogStatus {
    /// The oldest event that is kept, or 0.
    pub first_seq: i64,
    /// The newest event, or 0: also how many were ever logged.
    pub last_seq: i64,
}

/// How full the storage of a portal is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageStatus {
    /// What it uses.
    pub bytes: i64,
    /// What it may use: over it, the oldest events are deleted.
    pub limit_bytes: i64,
    /// How many events were ever deleted that a destination still needed.
    pub dropped: i64,
}

/// How far deliveries are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryStatus {
    /// Every event up to this one was delivered, or is counted below.
    pub cursor: i64,
    /// Waiting for the first attempt.
    pub pending: i64,
    /// Waiting for another attempt.
    pub retrying: i64,
    /// Given up.
    pub failed: i64,
    /// Why the destination is left alone, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circuit: Option<Cause>,
    /// Until when the destination is left alone, where it is, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circuit_open_until: Option<String>,
    /// Why the destination is paused, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<String>,
    /// What the destination's last failure was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Since when the oldest delivery is due, RFC 3339; absent where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_since: Option<String>,
    /// When something is due next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<String>,
    /// How many ended how, so far.
    #[serde(default, skip_serializing_if = "Totals::are_none")]
    pub totals: Totals,
    /// How long they took, from the log to the destination.
    #[serde(default, skip_serializing_if = "Latency::is_none")]
    pub latency: Latency,
}

/// What one token has waiting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldStatus {
    /// The token that would release it.
    pub sha256: TokenHash,
    /// How many events.
    pub events: usize,
    /// When the oldest was received, RFC 3339.
    pub oldest: String,
}

/// A [`ConfigError`] that came from an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedConfigError {
    /// The variable to mend.
    pub variable: String,
    /// What is wrong with it.
    pub message: String,
}

impl From<&ConfigError> for OwnedConfigError {
    fn from(error: &ConfigError) -> Self {
        Self { variable: error.variable.to_owned(), message: error.message.clone() }
    }
}
