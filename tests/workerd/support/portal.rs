//! A Bitrix24 portal, as a handler URL sees it: one POST per event, never repeated.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::hash::{BuildHasher, RandomState};

use super::api::Api;
use super::http::{Answer, Request};
use super::php::http_build_query;

/// What Bitrix24's queue servers call themselves.
const USER_AGENT: &str = "Bitrix24 Webhook Engine";
/// The time that the documented calendar event was sent at, in Unix seconds.
pub const SENT_AT: u64 = 1_734_608_349;

/// A portal with one outgoing webhook.
#[derive(Clone, Debug)]
pub struct Portal {
    /// Its `member_id`: 32 hexadecimal digits.
    pub member_id: String,
    /// Its host.
    pub domain: String,
    /// The webhook's `application_token`: 32 characters.
    pub token: String,
}

impl Portal {
    /// A portal that no other test knows.
    pub fn new() -> Self {
        Self { member_id: random_hex(), domain: "some-domain.bitrix24.com".to_owned(), token: random_hex() }
    }

    /// The same portal with a second webhook, which has a token of its own.
    pub fn with_another_token(&self) -> Self {
        Self { token: random_hex(), ..self.clone() }
    }

    /// SHA-256 of the token in hexadecimal, as the relay names it.
    pub fn token_hash(&self) -> String {
        sha256_hex(&self.token)
    }

    /// The documented event: a calendar entry was edited.
    pub fn calendar_entry_update(&self, id: impl std::fmt::Display) -> Event {
        self.event("ONCALENDARENTRYUPDATE", &json!({ "id": id.to_string() }))
    }

    /// Any event, sent by this portal with its token.
    pub fn event(&self, name: &str, data: &Value) -> Event {
        let auth = json!({
            "domain": self.domain,
            "client_endpoint": format!("https://{}/rest/", self.domain),
            "server_endpoint": "https://oauth.bitrix.info/rest/",
            "member_id": self.member_id,
            "application_token": self.token,
        });
        Event {
            name: name.to_owned(),
            data: data.clone(),
            auth: auth.as_object().expect("it is one").clone(),
            ip: None,
        }
    }
}

/// One event on its way.
#[derive(Clone, Debug)]
pub struct Event {
    name: String,
    data: Value,
    auth: Map<String, Value>,
    ip: Option<String>,
}

impl Event {
    /// Adds a member of `auth`.
    pub fn auth(mut self, name: &str, value: &str) -> Self {
        self.auth.insert(name.to_owned(), value.into());
        self
    }

    /// Lets it come from another address.
    pub fn sent_from(mut self, ip: impl Into<String>) -> Self {
        self.ip = Some(ip.into());
        self
    }

    /// The body, in the order of keys that was captured.
    pub fn body(&self) -> String {
        let (name, handler, sent_at) = (json!(self.name), json!("4"), json!(SENT_AT));
        let auth = Value::Object(self.auth.clone());
        http_build_query([
            ("event", &name),
            ("event_handler_id", &handler),
            ("data", &self.data),
            ("ts", &sent_at),
            ("auth", &auth),
        ])
    }

    /// POSTs it, once, and gives what came back.
    #[track_caller]
    pub fn send_to(&self, relay: &impl Api) -> Answer {
        self.request_to(relay).send()
    }

    /// POSTs it, once; an error when the relay did not answer.
    pub fn try_send_to(&self, relay: &impl Api) -> Result<Answer, ureq::Error> {
        self.request_to(relay).try_send()
    }

    fn request_to(&self, relay: &impl Api) -> Request {
        let request = form(relay.events(), self.body());
        match &self.ip {
            Some(ip) => request.header("cf-connecting-ip", ip),
            None => request,
        }
    }
}

/// Makes a request one of Bitrix24's, with a body that is encoded already.
pub fn form(request: Request, body: impl Into<Vec<u8>>) -> Request {
    request.header("user-agent", USER_AGENT).header("content-type", "application/x-www-form-urlencoded").body(body)
}

/// SHA-256 in hexadecimal.
pub fn sha256_hex(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// 64 random bits: a new `RandomState` has new keys.
pub fn random() -> u64 {
    RandomState::new().hash_one(())
}

fn random_hex() -> String {
    format!("{:016x}{:016x}", random(), random())
}
