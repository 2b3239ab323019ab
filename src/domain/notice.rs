//! What the operator is told without asking: something about a portal needs a person, or no longer does.

use super::cloudevent::{DATA_CONTENT_TYPE, SPEC_VERSION};
use super::event_id::EventId;
use super::member_id::MemberId;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What every notice's `type` begins with. It is no domain name, since the project has none of its own, and it cannot be
/// mistaken for an event of Bitrix24.
pub const NOTICE_TYPE_PREFIX: &str = "bitrix24_edge_relay.";

/// Shortest time between two notices of one topic and destination, in milliseconds: a circuit that opens and closes all the time
/// is told twelve times an hour.
const TELL_EVERY_MILLIS: i64 = 300_000;
/// When the operator is reminded of a state that has not ended, in milliseconds.
const REMIND_AFTER_MILLIS: i64 = 21_600_000;

/// The topic of [`Notice::DeliveryStalled`].
pub const DELIVERY_TOPIC: &str = "delivery";
/// The topic of [`Notice::StorageFilling`].
pub const STORAGE_TOPIC: &str = "storage";

/// Something that the operator should know. A reason is a text of the relay's own, never what a stranger sent, never a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// A delivery has been due for longer than it should, for whatever reason.
    DeliveryStalled {
        /// Since when the oldest delivery is due.
        due_since: Timestamp,
    },
    /// A destination fails for everything: events wait, and one probes it from time to time.
    CircuitOpened {
        /// Its name.
        destination: String,
        /// What its last failure was.
        reason: String,
    },
    /// A destination is back: what waited is being sent.
    CircuitClosed {
        /// Its name.
        destination: String,
    },
    /// A destination was paused because it said that it is gone.
    DestinationPaused {
        /// Its name.
        destination: String,
        /// What it said.
        reason: String,
    },
    /// An event failed for good: it is sent again only when a person says so.
    EventFailed {
        /// The destination that did not take it.
        destination: String,
        /// The event's place in the log.
        seq: i64,
        /// What its last failure was.
        reason: String,
    },
    /// Events were deleted that a destination never got: they had reached the longest time that anything is kept, or the
    /// storage was full.
    EventsDropped {
        /// How many ever were, these among them.
        dropped: i64,
        /// Place of the newest of them.
        up_to_seq: i64,
        /// Why.
        reason: String,
    },
    /// The portal's storage is nearly full, or full.
    StorageFilling {
        /// What it uses.
        bytes: i64,
        /// What it may use.
        limit_bytes: i64,
    },
    /// The install of the application needs a person: its subscriptions or its OAuth tokens are lost, say.
    InstallTroubled {
        /// What is wrong.
        reason: String,
    },
}

/// How often something happened since the operator was last told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrences {
    /// How often, at least: a crash may forget some, never all.
    pub count: i64,
    /// The first time.
    pub first_at: Timestamp,
    /// The last time.
    pub last_at: Timestamp,
}

impl Notice {
    /// What it is about. Of one topic and destination there is one notice at a time, and the newest says how things stand.
    #[must_use]
    pub const fn topic(&self) -> &'static str {
        match self {
            Self::DeliveryStalled { .. } => DELIVERY_TOPIC,
            Self::CircuitOpened { .. } | Self::CircuitClosed { .. } => "circuit",
            Self::DestinationPaused { .. } => "destination",
            Self::EventFailed { .. } => "event",
            Self::EventsDropped { .. } => "events",
            Self::StorageFilling { .. } => STORAGE_TOPIC,
            Self::InstallTroubled { .. } => "install",
        }
    }

    /// The `type` without [`NOTICE_TYPE_PREFIX`].
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::DeliveryStalled { .. } => "delivery.stalled",
            Self::CircuitOpened { .. } => "circuit.opened",
            Self::CircuitClosed { .. } => "circuit.closed",
            Self::DestinationPaused { .. } => "destination.paused",
            Self::EventFailed { .. } => "event.failed",
            Self::EventsDropped { .. } => "events.dropped",
            Self::StorageFilling { .. } => "storage.filling",
            Self::InstallTroubled { .. } => "install.troubled",
        }
    }

    /// How long after it was told the same is not told again, in milliseconds.
    #[must_use]
    pub const fn quiet_millis(&self) -> i64 {
        if self.is_state() { REMIND_AFTER_MILLIS } else { TELL_EVERY_MILLIS }
    }

    /// Whether it says how things stand, rather than what happened: seen again, it is no news.
    #[must_use]
    pub const fn is_state(&self) -> bool {
        matches!(self, Self::DeliveryStalled { .. } | Self::StorageFilling { .. } | Self::InstallTroubled { .. })
    }

    /// The destination that it is about, if it is about one.
    #[must_use]
    pub fn destination(&self) -> Option<&str> {
        match self {
            Self::CircuitOpened { destination, .. }
            | Self::CircuitClosed { destination }
            | Self::DestinationPaused { destination, .. }
            | Self::EventFailed { destination, .. } => Some(destination),
            _ => None,
        }
    }

    /// The notice as a `CloudEvent` in the JSON format, as it is sent.
    #[must_use]
    pub fn to_json(&self, id: EventId, source: &str, member_id: &MemberId, occurrences: Occurrences) -> String {
        let (mut reason, mut seq, mut due_since, mut bytes, mut limit_bytes) = (None, None, None, None, None);
        match self {
            Self::DeliveryStalled { due_since: since } => due_since = Some(since.to_rfc3339_millis()),
            Self::CircuitClosed { .. } => {}
            Self::CircuitOpened { reason: why, .. }
            | Self::DestinationPaused { reason: why, .. }
            | Self::InstallTroubled { reason: why } => reason = Some(why.as_str()),
            Self::EventFailed { seq: place, reason: why, .. }
            | Self::EventsDropped { up_to_seq: place, reason: why, .. } => {
                (seq, reason) = (Some(*place), Some(why.as_str()));
            }
            Self::StorageFilling { bytes: used, limit_bytes: limit } => {
                (bytes, limit_bytes) = (Some(*used), Some(*limit));
            }
        }
        let event = Envelope {
            specversion: SPEC_VERSION,
            id,
            source,
            event_type: format!("{NOTICE_TYPE_PREFIX}{}", self.kind()),
            subject: self.destination(),
            time: occurrences.last_at.to_rfc3339_millis(),
            datacontenttype: DATA_CONTENT_TYPE,
            data: Data {
                member_id,
                destination: self.destination(),
                count: occurrences.count,
                dropped: if let Self::EventsDropped { dropped, .. } = self { Some(*dropped) } else { None },
                first_at: occurrences.first_at.to_rfc3339_millis(),
                reason,
                seq,
                due_since,
                bytes,
                limit_bytes,
            },
            b24memberid: member_id,
        };
        serde_json::json!(event).to_string()
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    specversion: &'static str,
    id: EventId,
    source: &'a str,
    #[serde(rename = "type")]
    event_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    time: String,
    datacontenttype: &'static str,
    data: Data<'a>,
    b24memberid: &'a MemberId,
}

#[derive(Serialize)]
struct Data<'a> {
    member_id: &'a MemberId,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<&'a str>,
    count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<i64>,
    first_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_bytes: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_rfc3339(text).unwrap()
    }

    #[test]
    fn a_notice_is_a_cloud_event_that_says_how_often() {
        let notice = Notice::EventFailed { destination: "crm".to_owned(), seq: 7, reason: "answered 500".to_owned() };
        let json = notice.to_json(
            EventId::try_from("01939d5e-1a2b-7c3d-8e4f-0123456789ab").unwrap(),
            "https://a.bitrix24.com",
            &MemberId::try_from("m").unwrap(),
            Occurrences { count: 10_000, first_at: at("2026-01-05T09:00:00Z"), last_at: at("2026-01-05T09:01:00Z") },
        );
        let expected = serde_json::json!({
            "specversion": "1.0", "id": "01939d5e-1a2b-7c3d-8e4f-0123456789ab", "source": "https://a.bitrix24.com",
            "type": "bitrix24_edge_relay.event.failed", "subject": "crm", "time": "2026-01-05T09:01:00.000Z",
            "datacontenttype": "application/json", "b24memberid": "m",
            "data": {
                "member_id": "m", "destination": "crm", "count": 10_000, "first_at": "2026-01-05T09:00:00.000Z",
                "reason": "answered 500", "seq": 7,
            },
        });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), expected);
    }

    #[test]
    fn a_circuit_that_closes_replaces_the_news_that_it_opened() {
        let opened = Notice::CircuitOpened { destination: "crm".to_owned(), reason: "timeout".to_owned() };
        let closed = Notice::CircuitClosed { destination: "crm".to_owned() };
        assert_eq!((opened.topic(), opened.destination()), (closed.topic(), closed.destination()));
        assert_ne!(opened.kind(), closed.kind());
    }
}
