//! Events as they go out: signed requests, or messages of a queue.

use crate::app::ports::{Http, HttpRequest, HttpResponse, Queues, SendError};
use crate::app::signed_request::signed_request;
use crate::domain::destination::{Destination, Endpoint, Format, Webhook};
use crate::domain::event_id::EventId;
use crate::domain::http_binding::{BATCH, Content, STRUCTURED, batch, batch_id, binary};
use crate::domain::time::Timestamp;
use std::borrow::Cow;

/// How long a destination has to answer, the lower bound of the 15 to 30 s that Standard Webhooks recommends.
const SEND_TIMEOUT_MILLIS: u32 = 15_000;

/// What is handed to the platform.
#[derive(Debug)]
pub enum Message {
    /// To a server.
    Post(HttpRequest),
    /// To a Cloudflare Queue.
    Enqueue {
        /// The binding of its producer.
        binding: String,
        /// The events, as JSON.
        events: Vec<String>,
    },
}

/// Events by their ids, as JSON.
pub type Events = Vec<(EventId, String)>;

impl Message {
    /// Puts events into a message for a destination: one event, but for a batch.
    ///
    /// # Errors
    /// An event cannot be read.
    pub fn new(destination: &Destination, events: Events, now: Timestamp) -> Result<Self, serde_json::Error> {
        Ok(match &destination.endpoint {
            Endpoint::Queue(binding) => {
                let events = events.into_iter().map(|(_, json)| json).collect();
                Self::Enqueue { binding: binding.clone(), events }
            }
            Endpoint::Url(webhook) => {
                let (id, content) = content(destination.format, events)?;
                Self::Post(request(webhook, &id, content, now))
            }
        })
    }

    /// Hands it to the platform. What a server answers; a queue answers nothing.
    ///
    /// # Errors
    /// It did not arrive, as far as is known.
    pub async fn send(self, runtime: &(impl Http + Queues)) -> Result<Option<HttpResponse>, SendError> {
        match self {
            Self::Post(request) => runtime.post(request).await.map(Some),
            Self::Enqueue { binding, events } => runtime.enqueue(&binding, &events).await.map(|()| None),
        }
    }
}

/// The content of a request, and its `webhook-id`.
fn content(format: Format, events: Events) -> Result<(String, Content), serde_json::Error> {
    let typed = |media_type: &str, body| (vec![("content-type", media_type.to_owned())], body);
    let ids: Vec<EventId> = events.iter().map(|(id, _)| *id).collect();
    let mut bodies = events.into_iter().map(|(_, json)| json);
    let single = ids.first().map(EventId::to_string).unwrap_or_default();
    Ok(match format {
        Format::Structured => (single, typed(STRUCTURED, bodies.next().unwrap_or_default())),
        Format::Binary => (single, binary(&bodies.next().unwrap_or_default())?),
        Format::Batch => {
            let bodies: Vec<String> = bodies.collect();
            (batch_id(&ids), typed(BATCH, batch(bodies.iter().map(String::as_str))))
        }
    })
}

fn request(webhook: &Webhook, id: &str, content: Content, now: Timestamp) -> HttpRequest {
    let mut request = signed_request(&webhook.url, &webhook.secrets, id, content, now, SEND_TIMEOUT_MILLIS);
    request.binding.clone_from(&webhook.binding);
    let more = webhook.headers.iter().map(|(name, value)| (Cow::Owned(name.clone()), value.expose().to_owned()));
    request.headers.extend(more);
    request
}
