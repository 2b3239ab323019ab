//! The identity of an accepted event.

use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How many random bytes an id takes: the 74 bits that `UUIDv7` leaves free, rounded up.
pub const RANDOM_BYTES: usize = 10;

/// A `UUIDv7` (RFC 9562, section 5.7), one per accepted POST.
///
/// It begins with the time of receipt in milliseconds, so an event is found in the log by its id without an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventId(uuid::Uuid);

/// The text is no `UUIDv7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event id is a version 7 UUID")]
pub struct NotAnEventId;

impl EventId {
    /// The id of an event received at `received_at`.
    #[must_use]
    pub fn new(received_at: Timestamp, random: [u8; RANDOM_BYTES]) -> Self {
        let millis = received_at.as_millis().unsigned_abs();
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// The time of receipt that the id was made from.
    #[must_use]
    pub fn received_at(self) -> Timestamp {
        // The first 48 bits of 128.
        let (first_half, _) = self.0.as_u64_pair();
        Timestamp::from_millis((first_half >> 16).cast_signed())
    }
}

impl TryFrom<&str> for EventId {
    type Error = NotAnEventId;

    fn try_from(text: &str) -> Result<Self, NotAnEventId> {
        let uuid = uuid::Uuid::try_parse(text).map_err(|_| NotAnEventId)?;
        // One spelling only: an id in a URL must be the id in the log, to the letter.
        if uuid.get_version_num() == 7 && uuid.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()) == text {
            Ok(Self(uuid))
        } else {
            Err(NotAnEventId)
        }
    }
}

impl TryFrom<String> for EventId {
    type Error = NotAnEventId;

    fn try_from(text: String) -> Result<Self, NotAnEventId> {
        Self::try_from(text.as_str())
    }
}

impl From<EventId> for String {
    fn from(id: EventId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_of_version_7_that_tells_its_time() {
        let time = Timestamp::from_millis(0x0193_9d5e_1a2b);
        let id = EventId::new(time, [0xFF; RANDOM_BYTES]);
        assert_eq!(id.to_string(), "01939d5e-1a2b-7fff-bfff-ffffffffffff");
        assert_eq!(id.received_at(), time);
        assert_eq!(EventId::try_from(id.to_string().as_str()), Ok(id));
    }

    #[test]
    fn other_uuids_and_other_spellings_are_refused() {
        for text in [
            "",
            "01939d5e1a2b7fffbfffffffffffffff",
            "01939D5E-1A2B-7FFF-BFFF-FFFFFFFFFFFF",
            "01939d5e-1a2b-4fff-bfff-ffffffffffff",
            "{01939d5e-1a2b-7fff-bfff-ffffffffffff}",
        ] {
            assert_eq!(EventId::try_from(text), Err(NotAnEventId), "{text:?}");
        }
    }
}
