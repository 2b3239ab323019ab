//! The event by which an operator tries a destination. It never stands in a log.

use super::cloudevent::{CloudEvent, DATA_CONTENT_TYPE, Json, SPEC_VERSION};
use super::event_id::EventId;
use super::member_id::MemberId;
use super::normalizer::portal_source;
use super::notice::NOTICE_TYPE_PREFIX;
use super::time::Timestamp;

/// Its `b24event`: Bitrix24 has no event of this name.
const NAME: &str = "TEST";

/// An event of the type `bitrix24_edge_relay.test`, whole as any other, which a receiver answers with success and forgets. Its
/// subject is the destination.
#[must_use]
pub fn test_event(
    id: EventId,
    domain: Option<&str>,
    member_id: &MemberId,
    destination: &str,
    now: Timestamp,
) -> CloudEvent {
    CloudEvent {
        specversion: SPEC_VERSION.into(),
        id,
        source: portal_source(domain, member_id),
        event_type: format!("{NOTICE_TYPE_PREFIX}test"),
        subject: Some(destination.to_owned()),
        time: now.to_rfc3339_millis(),
        datacontenttype: DATA_CONTENT_TYPE.into(),
        data: Some(Json::new(serde_json::json!({ "destination": destination }).to_string())),
        b24event: NAME.to_owned(),
        b24memberid: member_id.clone(),
        b24handlerid: None,
        b24scope: None,
        b24status: None,
        b24userid: None,
        b24receivedat: now.to_rfc3339_millis(),
        b24removed: None,
        b24hydration: None,
    }
}
