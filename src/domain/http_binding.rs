//! Events as HTTP messages: the content modes of the `CloudEvents` HTTP protocol binding.
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md>

use super::cloudevent::CloudEvent;
use super::event_id::EventId;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The media type of one event, the whole of it in the body.
pub const STRUCTURED: &str = "application/cloudevents+json; charset=utf-8";
/// The media type of a list of events.
pub const BATCH: &str = "application/cloudevents-batch+json; charset=utf-8";

/// A part of a request: headers and body.
pub type Content = (Vec<(&'static str, String)>, String);

/// An event in binary mode: its attributes as headers, its `data` as body. An event without `data` has an empty body and no
/// content type (section 3.1.1).
///
/// # Errors
/// The event cannot be read.
pub fn binary(json: &str) -> Result<Content, serde_json::Error> {
    let event: CloudEvent = serde_json::from_str(json)?;
    let mut headers = Vec::new();
    let mut put = |name: &'static str, value: Option<&str>| {
        headers.extend(value.map(|value| (name, header_value(value))));
    };
    put("ce-specversion", Some(&event.specversion));
    put("ce-id", Some(&event.id.to_string()));
    put("ce-source", Some(&event.source));
    put("ce-type", Some(&event.event_type));
    put("ce-subject", event.subject.as_deref());
    put("ce-time", Some(&event.time));
    put("ce-b24event", Some(&event.b24event));
    put("ce-b24memberid", Some(event.b24memberid.as_str()));
    put("ce-b24handlerid", event.b24handlerid.as_deref());
    put("ce-b24scope", event.b24scope.as_deref());
    put("ce-b24status", event.b24status.as_deref());
    put("ce-b24userid", event.b24userid.as_deref());
    put("ce-b24receivedat", Some(&event.b24receivedat));
    put("ce-b24removed", event.b24removed.map(|removed| if removed { "true" } else { "false" }));
    put("ce-b24hydration", event.b24hydration.as_deref());
    let body = event.data.as_ref().map_or_else(String::new, |data| data.as_str().to_owned());
    if !body.is_empty() {
        headers.push(("content-type", event.datacontenttype.into_owned()));
    }
    Ok((headers, body))
}

/// Events as one list.
#[must_use]
pub fn batch<'a>(events: impl IntoIterator<Item = &'a str>) -> String {
    let mut body = String::from("[");
    for json in events {
        if body.len() > 1 {
            body.push(',');
        }
        body.push_str(json);
    }
    body.push(']');
    body
}

/// The identity of a batch: the same for the same events in the same order, so that a repeat is known by it, and another for
/// any other list, since part of a batch may have been taken.
#[must_use]
pub fn batch_id(ids: &[EventId]) -> String {
    let mut hash = Sha256::new();
    for id in ids {
        hash.update(id.to_string());
    }
    let digest: [u8; 32] = hash.finalize().into();
    let half = digest.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    format!("batch_{half:032x}")
}

/// The value of an attribute as a header (section 3.1.3.2): printable ASCII but space, `"` and `%` stands for itself, and the
/// UTF-8 bytes of all else are percent-encoded.
fn header_value(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && byte != b'"' && byte != b'%' {
            value.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            write!(value, "%{byte:02X}").unwrap_or_default();
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_become_headers_and_data_the_body() {
        let json = r#"{"specversion":"1.0","id":"01939d5e-1a2b-7c3d-8e4f-0123456789ab","source":"https://a.bitrix24.ru",
            "type":"com.bitrix24.crm.deal.update","subject":"7 \"%é","time":"2024-12-19T11:39:09Z",
            "datacontenttype":"application/json","data":{"id":"7"},"b24event":"ONCRMDEALUPDATE","b24memberid":"m",
            "b24receivedat":"2024-12-19T11:39:09.512Z"}"#;
        let (headers, body) = binary(json).unwrap();
        let value = |name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        assert_eq!(body, r#"{"id":"7"}"#);
        assert_eq!(value("ce-type"), Some("com.bitrix24.crm.deal.update"));
        assert_eq!(value("ce-subject"), Some("7%20%22%25%C3%A9"));
        assert_eq!((value("content-type"), value("ce-b24scope")), (Some("application/json"), None));
    }

    #[test]
    fn a_batch_is_a_list_and_known_by_what_is_in_it() {
        assert_eq!(batch([r#"{"a":1}"#, r#"{"b":2}"#]), r#"[{"a":1},{"b":2}]"#);
        let id = |text| EventId::try_from(text).unwrap();
        let one = id("01939d5e-1a2b-7c3d-8e4f-0123456789ab");
        let two = id("01939d5e-1a2b-7c3d-8e4f-0123456789ac");
        assert_eq!(batch_id(&[one, two]), batch_id(&[one, two]));
        // As `printf '%s%s' <one> <two> | sha256sum` begins.
        assert_eq!(batch_id(&[one, two]), "batch_7824bca2a0a6b868ab265fc0d46b3f77");
        assert_ne!(batch_id(&[one, two]), batch_id(&[one]));
    }
}
