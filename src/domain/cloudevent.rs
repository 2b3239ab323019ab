//! The normalized event: `CloudEvents` 1.0 in the JSON format.

use super::event_id::EventId;
use super::member_id::MemberId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io;

/// What every `type` begins with.
pub const TYPE_PREFIX: &str = "com.bitrix24.";

/// The `specversion` of every event.
pub const SPEC_VERSION: &str = "1.0";

/// The `datacontenttype` of every event.
pub const DATA_CONTENT_TYPE: &str = "application/json";

/// Longest text of an attribute that is taken from the POST, in bytes. All of them are then under 16 KiB together, which
/// common servers take as headers, and the scopes of an application with every permission fit.
pub const MAX_ATTRIBUTE_BYTES: usize = 2048;

/// Longest JSON of an event, in bytes. The row that keeps it may have 2 MB (2,000,000) in a Durable Object; 100,000 are left
/// for the other columns. What Bitrix24 sends is shorter as an event than as a form; but 1 MiB of control characters, one byte
/// each in a form, would be 6 MiB of `\u0001`.
pub const MAX_EVENT_BYTES: usize = 1_900_000;

/// An event as it is kept and forwarded. The members stand in the order in which they are written; an optional one that is
/// not there is absent, not null.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CloudEvent {
    /// [`SPEC_VERSION`].
    pub specversion: Cow<'static, str>,
    /// Identity of the event, one per accepted POST.
    pub id: EventId,
    /// The portal: `https://` and its domain, else `urn:bitrix24:` and its `member_id`.
    pub source: String,
    /// [`TYPE_PREFIX`] and the kind of the event.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The id of what the event is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it happened, RFC 3339: whole seconds from the portal's clock, or milliseconds of the receipt.
    pub time: String,
    /// [`DATA_CONTENT_TYPE`].
    pub datacontenttype: Cow<'static, str>,
    /// What Bitrix24 sent, without tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Box<RawValue>>,
    /// The event's name as Bitrix24 sent it.
    pub b24event: String,
    /// The portal's identity.
    pub b24memberid: MemberId,
    /// The id of the subscription on the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b24handlerid: Option<String>,
    /// The scopes of the application, comma-separated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b24scope: Option<String>,
    /// The application's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b24status: Option<String>,
    /// Who caused the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b24userid: Option<String>,
    /// When the relay received it, RFC 3339 with milliseconds.
    pub b24receivedat: String,
    /// `true` where the application had been removed before the event came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b24removed: Option<bool>,
    /// Why the event is forwarded without its object, where it should have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b24hydration: Option<String>,
}

/// The event is over [`MAX_EVENT_BYTES`] as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event is over {MAX_EVENT_BYTES} bytes as JSON")]
pub struct EventTooLarge;

impl CloudEvent {
    /// The one text of this event, which is kept, signed and forwarded.
    pub fn to_json(&self) -> Result<String, EventTooLarge> {
        let mut json = BoundedText { bytes: Vec::new() };
        // All members are text or JSON already, so writing fails only where there is no room.
        serde_json::to_writer(&mut json, self).map_err(|_| EventTooLarge)?;
        String::from_utf8(json.bytes).map_err(|_| EventTooLarge)
    }
}

/// Whether an attribute may have this value: no control character and no noncharacter (`CloudEvents` 1.0, "Type System").
#[must_use]
pub fn is_attribute_text(text: &str) -> bool {
    text.chars().all(|character| {
        let code = u32::from(character);
        let is_noncharacter = (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE;
        !character.is_control() && !is_noncharacter
    })
}

/// Takes at most [`MAX_EVENT_BYTES`].
struct BoundedText {
    bytes: Vec<u8>,
}

impl io::Write for BoundedText {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > MAX_EVENT_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::to_raw_value;

    fn event(data: &str) -> CloudEvent {
        CloudEvent {
            specversion: SPEC_VERSION.into(),
            id: EventId::try_from("01939d5e-1a2b-7c3d-8e4f-0123456789ab").unwrap(),
            source: String::new(),
            event_type: String::new(),
            subject: None,
            time: String::new(),
            datacontenttype: DATA_CONTENT_TYPE.into(),
            data: Some(to_raw_value(data).unwrap()),
            b24event: String::new(),
            b24memberid: MemberId::try_from("m").unwrap(),
            b24handlerid: None,
            b24scope: None,
            b24status: None,
            b24userid: None,
            b24receivedat: String::new(),
            b24removed: None,
            b24hydration: None,
        }
    }

    #[test]
    fn the_longest_event_fits_its_row_and_one_byte_more_does_not() {
        let room = MAX_EVENT_BYTES - event("").to_json().unwrap().len();
        assert_eq!(event(&"x".repeat(room)).to_json().unwrap().len(), MAX_EVENT_BYTES);
        assert_eq!(event(&"x".repeat(room + 1)).to_json(), Err(EventTooLarge));
        // A control character has six bytes in JSON.
        assert!(event(&"\u{1}".repeat(room / 6)).to_json().is_ok());
        assert_eq!(event(&"\u{1}".repeat(room / 6 + 1)).to_json(), Err(EventTooLarge));
    }

    #[test]
    fn attributes_are_printable_text() {
        for text in ["", "a b", "Сделка", "😀", "\u{fffd}"] {
            assert!(is_attribute_text(text), "{text:?}");
        }
        for text in ["\0", "a\n", "\u{7f}", "\u{9f}", "\u{fdd0}", "\u{ffff}", "\u{1fffe}"] {
            assert!(!is_attribute_text(text), "{text:?}");
        }
    }
}
