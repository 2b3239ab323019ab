//! The normalized event: `CloudEvents` 1.0 in the JSON format.

use super::event_id::EventId;
use super::json_text::push_json_text;
use super::member_id::MemberId;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;

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

/// What the members but `data` take at most in most events, so that the text is seldom moved as it grows.
const USUAL_ATTRIBUTES_BYTES: usize = 640;

/// An event as it is kept and forwarded. The members stand in the order in which they are written; an optional one that is
/// not there is absent, not null.
#[derive(Clone, Debug, Deserialize)]
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
    #[serde(default)]
    pub subject: Option<String>,
    /// When it happened, RFC 3339: whole seconds from the portal's clock, or milliseconds of the receipt.
    pub time: String,
    /// [`DATA_CONTENT_TYPE`].
    pub datacontenttype: Cow<'static, str>,
    /// What Bitrix24 sent, without tokens.
    #[serde(default)]
    pub data: Option<Json>,
    /// The event's name as Bitrix24 sent it.
    pub b24event: String,
    /// The portal's identity.
    pub b24memberid: MemberId,
    /// The id of the subscription on the portal.
    #[serde(default)]
    pub b24handlerid: Option<String>,
    /// The scopes of the application, comma-separated.
    #[serde(default)]
    pub b24scope: Option<String>,
    /// The application's status.
    #[serde(default)]
    pub b24status: Option<String>,
    /// Who caused the event.
    #[serde(default)]
    pub b24userid: Option<String>,
    /// When the relay received it, RFC 3339 with milliseconds.
    pub b24receivedat: String,
    /// `true` where the application had been removed before the event came.
    #[serde(default)]
    pub b24removed: Option<bool>,
    /// Why the event is forwarded without its object, where it should have one.
    #[serde(default)]
    pub b24hydration: Option<String>,
}

/// A value that stands in the event as it is: JSON, to the letter.
#[derive(Clone, Debug)]
pub struct Json(String);

/// The event is over [`MAX_EVENT_BYTES`] as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event is over {MAX_EVENT_BYTES} bytes as JSON")]
pub struct EventTooLarge;

impl CloudEvent {
    /// The one text of this event, which is kept, signed and forwarded.
    pub fn to_json(&self) -> Result<String, EventTooLarge> {
        let data_bytes = self.data.as_ref().map_or(0, |data| data.0.len());
        if data_bytes > MAX_EVENT_BYTES {
            return Err(EventTooLarge);
        }
        let mut json = String::with_capacity(USUAL_ATTRIBUTES_BYTES + data_bytes);
        json.push('{');
        let id = self.id.to_string();
        for (name, text) in [
            ("specversion", Some(&*self.specversion)),
            ("id", Some(&*id)),
            ("source", Some(&*self.source)),
            ("type", Some(&*self.event_type)),
            ("subject", self.subject.as_deref()),
            ("time", Some(&*self.time)),
            ("datacontenttype", Some(&*self.datacontenttype)),
        ] {
            push_text(&mut json, name, text);
        }
        if let Some(Json(data)) = &self.data {
            push_json(&mut json, "data", data);
        }
        for (name, text) in [
            ("b24event", Some(&*self.b24event)),
            ("b24memberid", Some(self.b24memberid.as_str())),
            ("b24handlerid", self.b24handlerid.as_deref()),
            ("b24scope", self.b24scope.as_deref()),
            ("b24status", self.b24status.as_deref()),
            ("b24userid", self.b24userid.as_deref()),
            ("b24receivedat", Some(&*self.b24receivedat)),
        ] {
            push_text(&mut json, name, text);
        }
        if let Some(removed) = self.b24removed {
            push_json(&mut json, "b24removed", if removed { "true" } else { "false" });
        }
        push_text(&mut json, "b24hydration", self.b24hydration.as_deref());
        json.push('}');
        if json.len() > MAX_EVENT_BYTES { Err(EventTooLarge) } else { Ok(json) }
    }
}

fn push_text(json: &mut String, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        push_json(json, name, "");
        push_json_text(json, text);
    }
}

/// Writes a member of the event, whose name needs no escaping.
fn push_json(json: &mut String, name: &str, value: &str) {
    json.push_str(if json.len() == 1 { "\"" } else { ",\"" });
    json.push_str(name);
    json.push_str("\":");
    json.push_str(value);
}

impl Json {
    /// Takes what is JSON already.
    #[must_use]
    pub const fn new(json: String) -> Self {
        Self(json)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self(Box::<str>::from(raw).into()))
    }
}

/// Whether an attribute may have this value: no control character and no noncharacter (`CloudEvents` 1.0, "Type System").
#[must_use]
pub fn is_attribute_text(text: &str) -> bool {
    // Most are plain ASCII.
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        || text.chars().all(|character| {
            let code = u32::from(character);
            let is_noncharacter = (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE;
            !character.is_control() && !is_noncharacter
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(data: &str) -> CloudEvent {
        CloudEvent {
            specversion: SPEC_VERSION.into(),
            id: EventId::try_from("01939d5e-1a2b-7c3d-8e4f-0123456789ab").unwrap(),
            source: String::new(),
            event_type: String::new(),
            subject: None,
            time: String::new(),
            datacontenttype: DATA_CONTENT_TYPE.into(),
            data: Some(Json::new(serde_json::to_string(data).unwrap())),
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
