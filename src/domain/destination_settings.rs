//! What the API says about a destination, apart from its secrets.

use super::destination::{Destination, Endpoint, Format, Webhook};
use super::destination_secrets::DestinationSecrets;
use super::event_glob::EventGlob;
use super::signature::SecretsError;
use serde::{Deserialize, Serialize};

/// Patterns of one destination: more than there are groups of events in Bitrix24's catalogue.
pub const MAX_EVENT_GLOBS: usize = 50;

/// What was chosen. Exactly one of `url` and `queue` is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Where it is, if it is a server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The binding to send through, instead of the open internet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<String>,
    /// The binding of the producer, if it is a Cloudflare Queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// An event is sent where one of these fits its type.
    pub events: Vec<EventGlob>,
    /// In which form events are sent.
    pub format: Format,
    /// Whether of several undelivered updates of one thing only the newest is sent.
    pub coalesce: bool,
    /// The names of its headers; their values are sealed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
}

/// What is to be changed: what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsChange {
    /// Another place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Another binding; empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<String>,
    /// Another queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Other patterns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<EventGlob>>,
    /// Another form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Whether of several updates only the newest is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coalesce: Option<bool>,
    /// The names of its headers, where these are replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<Vec<String>>,
}

/// What was chosen does not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Neither a server nor a queue, or both.
    #[error("either `url` or `queue`, and it stays what it is")]
    Kind,
    /// A queue has no headers and no other binding.
    #[error("`binding` and `headers` go with `url` only")]
    Queue,
    /// There is no pattern, or there are too many.
    #[error("`events` has 1 to {MAX_EVENT_GLOBS} patterns")]
    Events,
}

impl Settings {
    /// Checks what no part of it can tell alone.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.url.is_some() == self.queue.is_some() {
            return Err(SettingsError::Kind);
        }
        if self.queue.is_some() && (self.binding.is_some() || !self.headers.is_empty()) {
            return Err(SettingsError::Queue);
        }
        if (1..=MAX_EVENT_GLOBS).contains(&self.events.len()) { Ok(()) } else { Err(SettingsError::Events) }
    }

    /// The same after a change.
    pub fn changed(&self, change: SettingsChange) -> Result<Self, SettingsError> {
        let changed = Self {
            url: change.url.or_else(|| self.url.clone()),
            binding: change.binding.or_else(|| self.binding.clone()).filter(|binding| !binding.is_empty()),
            queue: change.queue.or_else(|| self.queue.clone()),
            events: change.events.unwrap_or_else(|| self.events.clone()),
            format: change.format.unwrap_or(self.format),
            coalesce: change.coalesce.unwrap_or(self.coalesce),
            headers: change.headers.unwrap_or_else(|| self.headers.clone()),
        };
        changed.check().map(|()| changed)
    }

    /// Whether it has something to be sealed: a server is sent signed requests.
    #[must_use]
    pub const fn has_secrets(&self) -> bool {
        self.url.is_some()
    }

    /// The destination, with its secrets.
    pub fn destination(&self, secrets: &DestinationSecrets) -> Result<Destination, SecretsError> {
        let endpoint = match (&self.url, &self.queue) {
            (_, Some(queue)) => Endpoint::Queue(queue.clone()),
            (url, None) => Endpoint::Url(Webhook {
                url: url.clone().unwrap_or_default(),
                binding: self.binding.clone(),
                secrets: secrets.signing()?,
                headers: secrets.headers.clone(),
            }),
        };
        let Self { events, format, coalesce, .. } = self;
        Ok(Destination { endpoint, events: events.clone(), format: *format, coalesces: *coalesce })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            url: Some("https://a.some-company.com/".to_owned()),
            binding: Some("INTERNAL".to_owned()),
            queue: None,
            events: EventGlob::parse_list("*").unwrap(),
            format: Format::Structured,
            coalesce: false,
            headers: Vec::new(),
        }
    }

    #[test]
    fn a_destination_is_a_server_or_a_queue() {
        assert_eq!(settings().check(), Ok(()));
        let both = Settings { queue: Some("EVENTS".to_owned()), ..settings() };
        assert_eq!(both.check(), Err(SettingsError::Kind));
        let neither = Settings { url: None, ..settings() };
        assert_eq!(neither.check(), Err(SettingsError::Kind));
        let queue = Settings { queue: Some("EVENTS".to_owned()), url: None, ..settings() };
        assert_eq!(queue.check(), Err(SettingsError::Queue));
        assert_eq!(Settings { binding: None, ..queue }.check(), Ok(()));
        assert_eq!(Settings { events: Vec::new(), ..settings() }.check(), Err(SettingsError::Events));
    }

    #[test]
    fn a_change_leaves_the_rest_as_it_is() {
        let change = SettingsChange { coalesce: Some(true), binding: Some(String::new()), ..SettingsChange::default() };
        let changed = settings().changed(change).unwrap();
        assert_eq!(changed, Settings { coalesce: true, binding: None, ..settings() });
        let to_a_queue = SettingsChange { queue: Some("EVENTS".to_owned()), ..SettingsChange::default() };
        assert_eq!(settings().changed(to_a_queue), Err(SettingsError::Kind));
    }
}
