//! Makes a `CloudEvent` of what Bitrix24 posted.

use super::catalogue;
use super::cloudevent::{
    CloudEvent, DATA_CONTENT_TYPE, Json, MAX_ATTRIBUTE_BYTES, SPEC_VERSION, TYPE_PREFIX, is_attribute_text,
};
use super::event_id::EventId;
use super::inbound::InboundEvent;
use super::member_id::MemberId;
use super::redaction::Redaction;
use super::subject::find_subject;
use super::time::Timestamp;

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
    let name = if redaction.tells_token(name) { entry.map_or(REDACTED_NAME, |entry| entry.event) } else { name };
    let attribute = |text: &str| is_attribute(text, &redaction).then(|| text.to_owned());
    let receipt = received_at.to_rfc3339_millis();
    CloudEvent {
        specversion: SPEC_VERSION.into(),
        id,
        source: source(inbound, &redaction),
        event_type: match entry {
            Some(entry) => [TYPE_PREFIX, entry.kind].concat(),
            None => [TYPE_PREFIX, "unknown.", &name.to_lowercase()].concat(),
        },
        subject: find_subject(inbound.post(), entry).filter(|subject| {
            let is_secret = subject.split(':').any(|id| redaction.tells_token(id));
            !is_secret && is_attribute(subject, &redaction)
        }),
        time: inbound.occurred_at().map_or_else(|| receipt.clone(), Timestamp::to_rfc3339_seconds),
        datacontenttype: DATA_CONTENT_TYPE.into(),
        data: inbound.data().and_then(|data| redaction.redact(data)).map(Json::new),
        b24event: name.to_owned(),
        b24memberid: inbound.member_id().clone(),
        b24handlerid: inbound.handler_id().and_then(attribute),
        b24scope: inbound.scope().and_then(attribute),
        b24status: inbound.status().and_then(attribute),
        b24userid: inbound.user_id().and_then(attribute),
        b24receivedat: receipt,
        b24removed: None,
        b24hydration: None,
    }
}

fn is_attribute(text: &str, redaction: &Redaction<'_>) -> bool {
    text.len() <= MAX_ATTRIBUTE_BYTES && is_attribute_text(text) && !redaction.tells_token(text)
}

fn source(inbound: &InboundEvent, redaction: &Redaction<'_>) -> String {
    portal_source(inbound.domain().filter(|domain| !redaction.tells_token(domain)), inbound.member_id())
}

/// A portal as the `source` of an event: its domain, else its identity.
#[must_use]
pub fn portal_source(domain: Option<&str>, member_id: &MemberId) -> String {
    match domain {
        Some(domain) if is_host(domain) => ["https://", domain].concat(),
        _ => ["urn:bitrix24:", member_id.as_str()].concat(),
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

#[cfg(test)]
mod tests {
    use super::super::body::BodyFormat;
    use super::super::event_id::RANDOM_BYTES;
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn event(body: &str) -> CloudEvent {
        let received_at = Timestamp::from_millis(1_734_608_349_512);
        let body = format!("auth[member_id]=m&{body}");
        let inbound = InboundEvent::from_body(BodyFormat::Form, body.as_bytes()).unwrap();
        normalize(&inbound, EventId::new(received_at, [0; RANDOM_BYTES]), received_at)
    }

    #[test]
    fn an_unknown_event_keeps_its_name() {
        let event = event("event=OnSomethingNew_7&data[ID]=1");
        assert_eq!(event.event_type, "com.bitrix24.unknown.onsomethingnew_7");
        assert_eq!(event.b24event, "OnSomethingNew_7");
        assert_eq!(event.subject.as_deref(), Some("1"));
    }

    #[test]
    fn a_type_suffix_stays_in_the_name_alone() {
        let event = event("event=ONCRMDYNAMICITEMUPDATE_1220&data[FIELDS][ID]=5&data[FIELDS][ENTITY_TYPE_ID]=1220");
        assert_eq!(event.event_type, "com.bitrix24.crm.dynamic.item.update");
        assert_eq!(event.b24event, "ONCRMDYNAMICITEMUPDATE_1220");
        assert_eq!(event.subject.as_deref(), Some("1220:5"));
    }

    #[test]
    fn the_time_is_that_of_the_portal_or_else_of_the_receipt() {
        assert_eq!(event("event=E&ts=1466439714").time, "2016-06-20T16:21:54Z");
        for ts in ["", "&ts=", "&ts=0", "&ts=-1", "&ts=soon", "&ts[]=1466439714"] {
            assert_eq!(event(&format!("event=E{ts}")).time, "2024-12-19T11:39:09.512Z", "{ts}");
        }
    }

    #[test]
    fn the_source_is_the_domain_where_it_can_be_one() {
        let source = |domain: &str| event(&format!("event=E&auth[domain]={domain}")).source;
        for domain in [
            "some-domain.bitrix24.com",
            "Portal.example",
            "localhost",
            "10.0.0.1:8080",
            "a_b.example:65535",
            "xn--e1afmkfd.xn--p1ai",
        ] {
            assert_eq!(source(domain), format!("https://{domain}"));
        }
        let too_long = "a".repeat(MAX_DOMAIN_BYTES + 1);
        let no_names =
            ["", ".host", "host.", "a..b", "a b", "a/b", "a?b", "a%23b", "user@host", "[::1]", "портал.рф", &too_long];
        let no_ports = ["host:", "host:0", "host:65536", "host:%2B1", "host:1:2", "https://host"];
        for domain in no_names.into_iter().chain(no_ports) {
            assert_eq!(source(domain), "urn:bitrix24:m", "{domain}");
        }
    }

    #[test]
    fn an_attribute_that_cannot_be_one_is_left_out() {
        let too_long = "x".repeat(MAX_ATTRIBUTE_BYTES + 1);
        for bad in ["", "a%0Ab", "a%7F", "%EF%BF%BF", &too_long] {
            let event = event(&format!(
                "event=ONUSERADD&event_handler_id={bad}&data[ID]={bad}&auth[scope]={bad}&auth[status]={bad}&auth[user_id]={bad}"
            ));
            let optional = [event.subject, event.b24handlerid, event.b24scope, event.b24status, event.b24userid];
            assert_eq!(optional, [const { None }; 5], "{bad}");
        }
    }

    #[test]
    fn no_attribute_tells_a_token() {
        let event = event(&format!(
            "event=ONX{TOKEN}&event_handler_id={TOKEN}&data[ID]=0:{TOKEN}&ts={TOKEN}&auth[domain]={TOKEN}.example\
             &auth[scope]=a,{TOKEN}&auth[status]={TOKEN}&auth[user_id]={TOKEN}&auth[access_token]={TOKEN}"
        ));
        assert_eq!(event.event_type, "com.bitrix24.unknown.redacted");
        assert_eq!(event.source, "urn:bitrix24:m");
        assert!(!event.to_json().unwrap().contains(TOKEN));
    }

    #[test]
    fn a_joined_subject_tells_no_short_token_either() {
        let ids = "data[FIELDS][ENTITY_TYPE_ID]=31&data[FIELDS][ID]=192735";
        let subject = |rest: &str| event(&format!("event=ONCRMDYNAMICITEMADD&{ids}{rest}")).subject;
        assert_eq!(subject("").as_deref(), Some("31:192735"));
        assert_eq!(subject("&auth[application_token]=192735"), None);
    }
}
