//! Where events go, and in which form.

use super::event_glob::EventGlob;
use super::secret::Secret;
use super::signature::SigningSecrets;
use serde::{Deserialize, Serialize};

/// A destination of a portal's events.
#[derive(Clone, Debug)]
pub struct Destination {
    /// Where it is.
    pub endpoint: Endpoint,
    /// An event is sent where one of these fits its type.
    pub events: Vec<EventGlob>,
    /// In which form events are sent.
    pub format: Format,
    /// Whether of several undelivered updates of one thing only the newest is sent.
    pub coalesces: bool,
}

/// What takes the events.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// A server that is sent signed POSTs.
    Url(Webhook),
    /// A Cloudflare Queue: the name of the binding of its producer.
    Queue(String),
}

/// A server that is sent signed POSTs.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// An absolute `http` or `https` URL without credentials.
    pub url: String,
    /// Name of the binding to send through, instead of the open internet.
    pub binding: Option<String>,
    /// What signs each request.
    pub secrets: SigningSecrets,
    /// More headers, with names in lower case.
    pub headers: Vec<(String, Secret)>,
}

/// How events are put into a request: the content modes of the `CloudEvents` HTTP protocol binding.
/// <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// The body is the event.
    #[default]
    Structured,
    /// The body is the event's `data`; all else stands in headers.
    Binary,
    /// The body is a list of events.
    Batch,
}

/// The text names no format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`structured`, `binary` or `batch`")]
pub struct NotAFormat;

impl Format {
    /// Reads the name of a format.
    pub fn parse(text: &str) -> Result<Self, NotAFormat> {
        match text {
            "structured" => Ok(Self::Structured),
            "binary" => Ok(Self::Binary),
            "batch" => Ok(Self::Batch),
            _ => Err(NotAFormat),
        }
    }

    /// The name of the format.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Structured => "structured",
            Self::Binary => "binary",
            Self::Batch => "batch",
        }
    }
}

impl Destination {
    /// Whether an event of this type is sent there.
    #[must_use]
    pub fn wants(&self, event_type: &str) -> bool {
        self.events.iter().any(|glob| glob.matches(event_type))
    }
}
