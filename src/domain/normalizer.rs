//! Makes a `CloudEvent` of what Bitrix24 posted.

use super::catalogue;
use super::cloudevent::{
    CloudEvent, DATA_CONTENT_TYPE, MAX_ATTRIBUTE_BYTES, SPEC_VERSION, TYPE_PREFIX, is_attribute_text,
};
use super::event_id::EventId;
use super::inbound::InboundEvent;
use super::redaction::{Redacted, Redaction};
use super::subject::find_subject;
use super::time::Timestamp;
use serde_json::value::{RawValue, to_raw_value};

/// What stands in place of an unknown event's name that tells a token of its own POST.
const REDACTED_NAME: &str = "redacted";

/// Longest host with a port: 253 characters of a domain name, a colon and five digits.
const MAX_DOMAIN_BYTES: usize = 253 + 6;

/// The event as it is kept and forwarded. Nothing of it but `b24memberid` tells a token: an attribute that would is left
/// out.
#[must_use]
pub fn normalize(inbound: &InboundEvent, id: EventId, received_at: Timestamp) -> CloudEvent {
    let name = inbound.event_name();
    let redaction = Redaction::of(inbound.post(), name);
    let entry = catalogue::find(name);
    let name = if redaction.tells_token(name) {
        entry.map_or(REDACTED_NAME, |entry| entry.event)
    } else {
        name
    };
    let attribute = |text: &str| is_attribute(text, &redaction).then(|| text.to_owned());
    let receipt = received_at.to_rfc3339_millis();
    CloudEvent {
        specversion: SPEC_VERSION.into(),
        id,
        source: source(inbound, &redaction),
        event_type: match entry {
            Some(entry) => format!("{TYPE_PREFIX}{}", entry.kind),
            None => format!("{TYPE_PREFIX}unknown.{}", name.to_lowercase()),
        },
        subject: find_subject(inbound.post(), entry).filter(|subject| {
            let is_secret = subject.split(':').any(|id| redaction.tells_token(id));
            !is_secret && is_attribute(subject, &redaction)
        }),
        time: inbound
            .occurred_at()
            .map_or_else(|| receipt.clone(), Timestamp::to_rfc3339_seconds),
        datacontenttype: DATA_CONTENT_TYPE.into(),
        data: inbound.data().and_then(|data| redaction.redact(data)).map(to_json),
        b24event: name.to_owned(),
        b24memberid: inbound.member_id().clone(),
        b24handlerid: inbound.handler_id().and_then(attribute),
        b24scope: inbound.scope().and_then(attribute),
        b24status: inbound.status().and_then(attribute),
        b24userid: inbound.user_id().and_then(attribute),
        b24receivedat: receipt,
        b24removed: None,
    }
}

fn is_attribute(text: &str, redaction: &Redaction<'_>) -> bool {
    text.len() <= MAX_ATTRIBUTE_BYTES && is_attribute_text(text) && !redaction.tells_token(text)
}

fn to_json(data: Redacted<'_>) -> Box<RawValue> {
    to_raw_value(&data).expect("text, lists, and maps whose keys are text or integers always have a JSON form")
}

fn source(inbound: &InboundEvent, redaction: &Redaction<'_>) -> String {
    match inbound.domain() {
        Some(domain) if is_host(domain) && !redaction.tells_token(domain) => format!("https://{domain}"),
        _ => format!("urn:bitrix24:{}", inbound.member_id()),
    }
}

/// Whether the text is a domain name or an IPv4 address in plain characters, with or without a port.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(is_plain);
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    text.len() <= MAX_DOMAIN_BYTES && host.split('.').all(is_label) && port.is_none_or(is_port)
}
