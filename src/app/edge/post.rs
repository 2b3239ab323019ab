//! Reads what Bitrix24 posts, and normalizes it.

use crate::app::held_events::NewEvent;
use crate::app::ports::{BodyError, EdgeRuntime, IncomingRequest};
use crate::domain::application::claim::{ClaimError, InstallClaim};
use crate::domain::body::{BodyFormat, MAX_BODY_BYTES, read_body};
use crate::domain::cloudevent::TYPE_PREFIX;
use crate::domain::event_id::EventId;
use crate::domain::inbound::{InboundError, InboundEvent};
use crate::domain::location::LocationHint;
use crate::domain::member_id::MemberId;
use crate::domain::normalizer::normalize;
use crate::domain::php_tree::PhpTree;
use crate::domain::problem::{Code, Problem};
use crate::domain::reply::{About, Reply};
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::time::Timestamp;
use std::cell::Cell;
use std::rc::Rc;

/// From here on a body or an event is long, in bytes: six times the longest body that Bitrix24 documents.
pub const LONG_BYTES: usize = 32 << 10;

/// A POST that was read, and who sent it.
pub struct Post {
    /// The portal that it names.
    pub member_id: MemberId,
    /// Its token.
    pub sha256: TokenHash,
    /// The event, normalized.
    pub event: Rc<NewEvent>,
    /// Where the portal's object is created, if it is new.
    pub hint: LocationHint,
    /// Address of the caller.
    pub address: String,
    /// When it was received.
    pub received_at: Timestamp,
    /// What it claims, where it says that the application was installed.
    pub claim: Option<Result<InstallClaim, ClaimError>>,
    /// Whether its object may have it already: a call with it was given up, and may have been carried out.
    pub may_be_known: Cell<bool>,
}

impl Post {
    /// Length of the event.
    pub fn bytes(&self) -> usize {
        self.event.json.len()
    }

    /// What the log says of it. `seq`: its place, where it was logged.
    pub fn about(&self, seq: Option<i64>) -> About {
        let NewEvent { id, event_type, .. } = &*self.event;
        About { member_id: self.member_id.clone(), id: *id, event_type: event_type.clone(), seq }
    }

    /// Its answer, which tells the log that it is about this event.
    pub fn account(&self, answer: Result<Reply, Problem>) -> Result<Reply, Problem> {
        match answer {
            Ok(mut reply) => {
                reply.about.get_or_insert_with(|| Box::new(self.about(None)));
                Ok(reply)
            }
            Err(problem) => Err(problem.about(self.about(None))),
        }
    }
}

/// The body of a POST.
pub struct Body {
    format: BodyFormat,
    bytes: Vec<u8>,
}

/// Takes the body of a POST, within the limits.
pub async fn take_body(request: &impl IncomingRequest) -> Result<Body, Problem> {
    let format = body_format(request)?;
    let bytes = request.body(MAX_BODY_BYTES).await.map_err(|error| match error {
        BodyError::TooLarge => too_large(),
        BodyError::Interrupted => Problem::new(Code::Malformed, error.to_string()),
    })?;
    Ok(Body { format, bytes })
}

impl Body {
    /// Its length.
    pub const fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The portal and the token that it seems to bring, found without reading it. Both stand behind the data, so that the last of each
    /// name is most likely the right one.
    pub fn seeming_sender(&self) -> Option<(MemberId, TokenHash)> {
        let text = str::from_utf8(&self.bytes).ok()?;
        let member_id = MemberId::try_from(last_value(text, "member_id")?).ok()?;
        Some((member_id, Secret::new(last_value(text, "application_token")?).sha256()))
    }

    /// Reads it.
    pub fn tree(&self) -> Result<PhpTree, Problem> {
        read_body(self.format, &self.bytes).map_err(|error| not_taken(&error.into()))
    }
}

/// Reads an event out of a POST.
pub fn read_event(post: PhpTree) -> Result<InboundEvent, Problem> {
    InboundEvent::from_post(post).map_err(|error| not_taken(&error))
}

/// What stands behind a name where it stands last, in a form or in JSON.
fn last_value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, mut value) = text.rsplit_once(name)?;
    for sign in ["%5D", "]", "\"", "=", ":", " ", "\""] {
        value = value.strip_prefix(sign).unwrap_or(value);
    }
    value.split(['&', '"']).next()
}

fn not_taken(error: &InboundError) -> Problem {
    let code = match error {
        InboundError::Malformed(_) => Code::Malformed,
        InboundError::TooLarge(_) => Code::TooLarge,
        InboundError::NoEvent => Code::NoEvent,
        InboundError::BadMemberId => Code::BadMemberId,
    };
    Problem::new(code, error.to_string())
}

/// Normalizes an event.
pub fn normalized(
    runtime: &impl EdgeRuntime,
    request: &impl IncomingRequest,
    inbound: &InboundEvent,
) -> Result<Post, Problem> {
    // Without a token nothing can ever prove it, so there is nothing to hold it for.
    let sha256 = inbound.application_token().ok_or_else(forbidden)?.sha256();
    let received_at = runtime.now();
    let id = EventId::new(received_at, runtime.fresh());
    let event = normalize(inbound, id, received_at);
    let json = event.to_json().map_err(|error| Problem::new(Code::TooLarge, error.to_string()))?;
    let event_type = event.event_type.strip_prefix(TYPE_PREFIX).unwrap_or(&event.event_type).to_owned();
    let occurred_at = inbound.occurred_at().unwrap_or(received_at);
    Ok(Post {
        member_id: inbound.member_id().clone(),
        sha256,
        event: Rc::new(NewEvent { id, event_type, subject: event.subject, occurred_at, json }),
        hint: LocationHint::choose(inbound.domain(), request.header("cf-ipcountry").as_deref()),
        address: address_of(request),
        received_at,
        claim: InstallClaim::is_made_by(inbound).then(|| InstallClaim::from_event(inbound)),
        may_be_known: Cell::new(false),
    })
}

/// The address of the caller, as Cloudflare tells it; empty where it does not.
pub fn address_of(request: &impl IncomingRequest) -> String {
    request.header("cf-connecting-ip").unwrap_or_default()
}

fn body_format(request: &impl IncomingRequest) -> Result<BodyFormat, Problem> {
    let content_type = request.header("content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        _ if request.header("content-encoding").is_some() => {
            Err(Problem::new(Code::UnsupportedMediaType, "a body is taken without Content-Encoding only"))
        }
        "application/x-www-form-urlencoded" => Ok(BodyFormat::Form),
        "application/json" => Ok(BodyFormat::Json),
        _ => {
            let detail = "application/x-www-form-urlencoded and application/json are taken";
            Err(Problem::new(Code::UnsupportedMediaType, detail))
        }
    }
}

/// The answer to every event that is not believed: the same bytes, whatever the reason.
pub fn forbidden() -> Problem {
    Problem::new(Code::Forbidden, "the event was not taken")
}

fn too_large() -> Problem {
    Problem::new(Code::TooLarge, format!("a body has at most {MAX_BODY_BYTES} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sender_is_found_without_reading() {
        let sender = Some((MemberId::try_from("m1").unwrap(), Secret::new("t1").sha256()));
        for (body, expected) in [
            ("event=E&auth[member_id]=m1&auth[application_token]=t1", &sender),
            ("auth%5Bapplication_token%5D=t1&auth%5Bmember_id%5D=m1&ts=1", &sender),
            ("data[application_token]=x&auth[member_id]=m1&auth[application_token]=t1", &sender),
            (r#"{"auth":{"member_id":"m1","application_token":"t1"}}"#, &sender),
            (r#"{"auth": {"application_token": "t1", "member_id": "m1"}}"#, &sender),
            ("auth[member_id]=m1", &None),
            ("auth[member_id]=&auth[application_token]=t1", &None),
        ] {
            let body = Body { format: BodyFormat::Form, bytes: body.as_bytes().to_vec() };
            assert_eq!(&body.seeming_sender(), expected, "{:?}", str::from_utf8(&body.bytes));
        }
    }
}
