//! An event as Bitrix24 posts it: read, and known to name an event and a portal. Nothing of it is proven yet.

use super::body::{BodyFormat, Limit, Malformed, ReadError, read_body};
use super::cloudevent::is_attribute_text;
use super::member_id::MemberId;
use super::php_array::{PhpArray, PhpValue};
use super::php_tree::PhpTree;
use super::secret::Secret;
use super::time::Timestamp;
use std::fmt;

/// Longest name of an event, in bytes. The longest documented one has 46, and a type suffix has at most 20 more.
pub const MAX_EVENT_NAME_BYTES: usize = 256;

/// A POST to the handler of a subscription. `Debug` prints neither its data nor its tokens.
pub struct InboundEvent {
    event_name: String,
    member_id: MemberId,
    post: PhpTree,
}

/// The POST is not taken as an event. The message may be shown to whoever sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InboundError {
    /// The body cannot be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The body is over a limit.
    #[error(transparent)]
    TooLarge(#[from] Limit),
    /// The body names no event.
    #[error(
        "the POST has no `event` key: only handlers of events may post here; POSTs of robots, workflow activities and SMS \
         senders carry none and are not taken"
    )]
    NoEvent,
    /// The body names no portal.
    #[error("`auth[member_id]` is absent, or not 1 to 64 characters of A-Z, a-z, 0-9, `_` and `-`")]
    BadMemberId,
}

impl From<ReadError> for InboundError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::TooLarge(limit) => Self::TooLarge(limit),
            ReadError::Malformed(malformed) => Self::Malformed(malformed),
        }
    }
}

impl InboundEvent {
    /// Reads a body; then looks for the event's name, then for the portal's `member_id`.
    pub fn from_body(format: BodyFormat, body: &[u8]) -> Result<Self, InboundError> {
        Self::from_post(read_body(format, body)?)
    }

    /// Looks for the event's name, then for the portal's `member_id`.
    pub fn from_post(post: PhpTree) -> Result<Self, InboundError> {
        let event_name = post.root().text("event").ok_or(InboundError::NoEvent)?.to_owned();
        if event_name.len() > MAX_EVENT_NAME_BYTES {
            return Err(Limit::EventName.into());
        }
        if !is_attribute_text(&event_name) {
            return Err(Malformed::EventName.into());
        }
        let member_id = auth_text(post.root(), "member_id").ok_or(InboundError::BadMemberId)?;
        let member_id = MemberId::try_from(member_id).map_err(|_| InboundError::BadMemberId)?;
        Ok(Self { event_name, member_id, post })
    }

    /// The event's name as it was sent. Not empty, at most [`MAX_EVENT_NAME_BYTES`], no control characters.
    #[must_use]
    pub fn event_name(&self) -> &str {
        &self.event_name
    }

    /// The portal that the POST claims to come from.
    #[must_use]
    pub fn member_id(&self) -> &MemberId {
        &self.member_id
    }

    /// The only proof of where the POST comes from, of any length. `None` where it is absent or empty.
    #[must_use]
    pub fn application_token(&self) -> Option<Secret> {
        auth_text(self.post(), "application_token").map(Secret::new)
    }

    /// When the portal queued the event, by its own clock (`ts`).
    #[must_use]
    pub fn occurred_at(&self) -> Option<Timestamp> {
        self.post().text("ts").and_then(Timestamp::from_unix_seconds_text)
    }

    /// Host, and port if any, at which the portal was called when the event was raised. Not its identity, and unchecked.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        auth_text(self.post(), "domain")
    }

    /// The id of the subscription on the portal.
    #[must_use]
    pub fn handler_id(&self) -> Option<&str> {
        self.post().text("event_handler_id")
    }

    /// The scopes of the application, comma-separated.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        auth_text(self.post(), "scope")
    }

    /// The application's status: `L` local, `F` free, `D` demo, `T` trial, `P` paid, `S` subscription.
    #[must_use]
    pub fn status(&self) -> Option<&str> {
        auth_text(self.post(), "status")
    }

    /// Who caused the event; absent where no user did.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        auth_text(self.post(), "user_id")
    }

    /// What happened, tokens included. Not always an array: a deleted line is sent as `data=107`.
    #[must_use]
    pub fn data(&self) -> Option<PhpValue<'_>> {
        self.post.get("data")
    }

    /// The whole POST, tokens included.
    #[must_use]
    pub fn post(&self) -> PhpArray<'_> {
        self.post.root()
    }
}

impl fmt::Debug for InboundEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundEvent")
            .field("event_name", &self.event_name)
            .field("member_id", &self.member_id)
            .finish_non_exhaustive()
    }
}

fn auth_text<'a>(post: PhpArray<'a>, key: &str) -> Option<&'a str> {
    post.get("auth")?.as_array()?.text(key)
}

#[cfg(test)]
mod tests {
    use super::super::body::MAX_BODY_BYTES;
    use super::*;

    fn read(body: &str) -> Result<InboundEvent, InboundError> {
        InboundEvent::from_body(BodyFormat::Form, body.as_bytes())
    }

    #[test]
    fn a_post_without_an_event_is_not_taken_and_the_answer_says_whose_posts_have_none() {
        for body in [
            "",
            "event=&auth[member_id]=m",
            "event[x]=E&auth[member_id]=m",
            "workflow_id=1&event_token=t&auth[member_id]=m",
        ] {
            assert_eq!(read(body).unwrap_err(), InboundError::NoEvent, "{body}");
        }
        let message = InboundError::NoEvent.to_string();
        for sender in ["robots", "workflow activities", "SMS"] {
            assert!(message.contains(sender), "{message}");
        }
    }

    #[test]
    fn a_post_that_names_no_portal_is_not_taken() {
        for auth in ["", "&auth=m", "&auth[member_id]=", "&auth[member_id]=a/b", "&auth[MEMBER_ID]=m", "&member_id=m"] {
            assert_eq!(read(&format!("event=E{auth}")).unwrap_err(), InboundError::BadMemberId, "{auth}");
        }
    }

    #[test]
    fn the_name_of_an_event_is_short_and_plain() {
        let named =
            |name: &str| read(&format!("auth[member_id]=m&event={name}")).map(|event| event.event_name().to_owned());
        let longest = "E".repeat(MAX_EVENT_NAME_BYTES);
        assert_eq!(named(&longest), Ok(longest.clone()));
        assert_eq!(named(&(longest + "E")), Err(Limit::EventName.into()));
        assert_eq!(named("ON%0AX"), Err(Malformed::EventName.into()));
        assert_eq!(named("Событие 1"), Ok("Событие 1".to_owned()));
    }

    #[test]
    fn what_is_wrong_with_the_body_is_said_before_all_else() {
        let list = InboundEvent::from_body(BodyFormat::Json, b"[]");
        assert_eq!(list.unwrap_err(), Malformed::NotAnObject.into());
        assert_eq!(read(&"a".repeat(MAX_BODY_BYTES + 1)).unwrap_err(), Limit::Body.into());
    }

    #[test]
    fn a_token_is_a_scalar_of_any_length() {
        let token = |rest: &str| read(&format!("event=E&auth[member_id]=m{rest}")).unwrap().application_token();
        assert_eq!(token("&auth[application_token]=7"), Some(Secret::new("7")));
        for none in ["", "&auth[application_token]=", "&auth[application_token][]=7", "&application_token=7"] {
            assert_eq!(token(none), None, "{none}");
        }
    }

    #[test]
    fn neither_data_nor_tokens_are_printed() {
        let event = read("event=E&data[x]=private&auth[member_id]=m&auth[application_token]=192735").unwrap();
        assert_eq!(format!("{event:?}"), r#"InboundEvent { event_name: "E", member_id: MemberId("m"), .. }"#);
    }
}
