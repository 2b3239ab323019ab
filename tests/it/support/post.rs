//! POSTs as Bitrix24 sends them, and requests in general.

use bitrix24_edge_relay::app::ports::{BodyError, IncomingRequest};

/// The portal of most tests.
pub const MEMBER: &str = "a223c6b3710f85df22e9377d6c4f7553";
/// The token of its application.
pub const TOKEN: &str = "51856fefc120afa4b628cc82d3935cce";
/// The token of its outgoing webhook.
pub const OTHER_TOKEN: &str = "ztq4bks6bnh8m2k9gb3q9n0p4x7v1c5d";
/// A live OAuth token, which rides in every POST of an application.
pub const ACCESS_TOKEN: &str = "s6p6eclrvim6da22ft9ch94ekreb52lv";
/// An address of Bitrix24's queue servers.
pub const ADDRESS: &str = "192.0.2.1";

/// An event that Bitrix24 sends.
#[derive(Clone, Debug)]
pub struct Post {
    pub member_id: String,
    pub token: String,
    pub event: &'static str,
    /// The id of what it is about, by which tests tell events apart.
    pub id: String,
    pub address: &'static str,
    /// Further text in `data`.
    pub filling: String,
}

impl Post {
    /// A calendar entry was added.
    pub fn new(token: &str, id: i32) -> Self {
        Self {
            member_id: MEMBER.to_owned(),
            token: token.to_owned(),
            event: "ONCALENDARENTRYADD",
            id: id.to_string(),
            address: ADDRESS,
            filling: String::new(),
        }
    }

    pub fn of(self, member_id: impl Into<String>) -> Self {
        Self { member_id: member_id.into(), ..self }
    }

    pub fn named(self, event: &'static str) -> Self {
        Self { event, ..self }
    }

    pub fn from(self, address: &'static str) -> Self {
        Self { address, ..self }
    }

    /// The same with so many more bytes.
    pub fn filled(self, bytes: usize) -> Self {
        self.filled_with(&"x".repeat(bytes))
    }

    /// The same with a text in its data.
    pub fn filled_with(self, text: &str) -> Self {
        Self { filling: text.to_owned(), ..self }
    }

    fn body(&self) -> String {
        let Self { member_id, token, event, id, filling, .. } = self;
        format!(
            "event={event}&event_handler_id=4&data[id]={id}&data[FIELDS][ID]={id}&data[filling]={filling}&data[copy]={ACCESS_TOKEN}\
             &ts=1734608349&auth[access_token]={ACCESS_TOKEN}&auth[domain]=some-domain.bitrix24.com&auth[member_id]={member_id}\
             &auth[application_token]={token}"
        )
    }

    pub fn request(&self) -> Request {
        Request {
            method: "POST",
            path: "/events".to_owned(),
            query: String::new(),
            headers: vec![
                ("content-type", "application/x-www-form-urlencoded".to_owned()),
                ("cf-connecting-ip", self.address.to_owned()),
            ],
            body: self.body().into_bytes(),
        }
    }
}

/// A request to the relay.
#[derive(Clone)]
pub struct Request {
    pub method: &'static str,
    pub path: String,
    pub query: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl IncomingRequest for Request {
    fn method(&self) -> &str {
        self.method
    }

    fn path(&self) -> &str {
        &self.path
    }

    fn query(&self) -> &str {
        &self.query
    }

    fn header(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone())
    }

    async fn body(&self, limit: usize) -> Result<Vec<u8>, BodyError> {
        if self.body.len() > limit {
            return Err(BodyError::TooLarge);
        }
        Ok(self.body.clone())
    }
}
