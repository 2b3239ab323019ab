//! The relay as an application, and what portals and administrators send to it.

use super::bitrix::{ADMIN, Bitrix, CLIENT_ID, CLIENT_SECRET, DOMAIN, Pair, Site};
use super::post::{ADDRESS, MEMBER, Request};
use super::relay::{ADMIN_TOKEN, Answer, Relay};
use serde_json::Value;

pub const PUBLIC_URL: &str = "https://relay.example.com";
pub const HANDLER: &str = "https://relay.example.com/events";
/// Base64 of 32 bytes.
pub const VAULT_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
pub const NEW_VAULT_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
pub const BROKER_TOKEN: &str = "a-service-of-the-company";
const BROKER_TOKENS: &str =
    r#"[{"name":"billing","token":"a-service-of-the-company","portals":["a223c6b3710f85df22e9377d6c4f7553"]}]"#;

/// A relay that portals can install, and one portal.
pub fn relay() -> Relay {
    let relay = Relay::with(&[
        ("B24_CLIENT_ID", CLIENT_ID),
        ("B24_CLIENT_SECRET", CLIENT_SECRET),
        ("VAULT_KEY", VAULT_KEY),
        ("PUBLIC_URL", PUBLIC_URL),
        ("BROKER_TOKENS", BROKER_TOKENS),
    ]);
    relay.bitrix().add(Site::new(MEMBER, DOMAIN));
    relay
}

/// A relay that the portal has installed, with a token.
pub fn installed(token: &str) -> Relay {
    let relay = relay();
    let pair = relay.issue(ADMIN);
    assert_eq!(relay.send(callback(&pair, token)).status, 200);
    relay
}

/// ONAPPINSTALL, as Bitrix24 posts it.
pub struct Callback {
    pub path: &'static str,
    pub event: &'static str,
    pub member_id: String,
    pub access_token: String,
    pub refresh_token: String,
    pub token: String,
    pub server_endpoint: String,
    pub client_endpoint: String,
    pub ts: i64,
    pub data: &'static str,
}

impl Callback {
    pub fn new(pair: &Pair, token: &str) -> Self {
        Self {
            path: "/install",
            event: "ONAPPINSTALL",
            member_id: MEMBER.to_owned(),
            access_token: pair.access.clone(),
            refresh_token: pair.refresh.clone(),
            token: token.to_owned(),
            server_endpoint: "https://oauth.bitrix.info/rest/".to_owned(),
            client_endpoint: format!("https://{DOMAIN}/rest/"),
            ts: 1_767_600_000,
            data: "data[VERSION]=1&data[ACTIVE]=Y&data[INSTALLED]=Y&data[LANGUAGE_ID]=en",
        }
    }

    pub fn request(&self) -> Request {
        let Self {
            event,
            member_id,
            access_token,
            refresh_token,
            token,
            server_endpoint,
            client_endpoint,
            ts,
            data,
            ..
        } = self;
        post(
            self.path,
            "",
            format!(
                "event={event}&data[id]=install&{data}&ts={ts}&auth[access_token]={access_token}&auth[expires_in]=3600&auth[scope]=calendar\
                 &auth[domain]={DOMAIN}&auth[server_endpoint]={server_endpoint}&auth[status]=L&auth[client_endpoint]={client_endpoint}\
                 &auth[member_id]={member_id}&auth[user_id]=1&auth[refresh_token]={refresh_token}&auth[application_token]={token}"
            ),
        )
    }
}

pub fn callback(pair: &Pair, token: &str) -> Request {
    Callback::new(pair, token).request()
}

/// The installer form, as the administrator's browser posts it.
pub fn form(pair: &Pair, token: Option<&str>, language: &str) -> Request {
    let token = token.map_or_else(String::new, |token| format!("&APPLICATION_TOKEN={token}"));
    let Pair { access, refresh } = pair;
    post(
        "/install",
        &format!("DOMAIN={DOMAIN}&PROTOCOL=1&LANG={language}&APP_SID=0123456789abcdef0123456789abcdef"),
        format!(
            "AUTH_ID={access}&AUTH_EXPIRES=3600&REFRESH_ID={refresh}&SERVER_ENDPOINT=https%3A%2F%2Foauth.bitrix.info%2Frest%2F\
             &member_id={MEMBER}&status=L&PLACEMENT=DEFAULT&PLACEMENT_OPTIONS=%7B%22any%22%3A%22x%22%7D{token}"
        ),
    )
}

pub fn post(path: &str, query: &str, body: String) -> Request {
    Request {
        method: "POST",
        path: path.to_owned(),
        query: query.to_owned(),
        headers: vec![
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("cf-connecting-ip", ADDRESS.to_owned()),
        ],
        body: body.into_bytes(),
    }
}

/// Asks for an access token, as a service of the company does.
pub fn token_request(bearer: &str) -> Request {
    Request {
        method: "POST",
        path: format!("/portals/{MEMBER}/token"),
        query: String::new(),
        headers: vec![("authorization", format!("Bearer {bearer}"))],
        body: Vec::new(),
    }
}

/// An attribute of the installer page.
pub fn attribute(page: &str, name: &str) -> String {
    let start = page.split_once(&format!(r#" data-{name}=""#)).unwrap_or_else(|| panic!("no {name} in {page}"));
    start.1.split('"').next().unwrap_or_default().to_owned()
}

impl Relay {
    pub fn bitrix(&self) -> &Bitrix {
        &self.world.bitrix
    }

    /// Issues tokens of this portal to a user.
    pub fn issue(&self, user_id: u32) -> Pair {
        self.bitrix().issue(MEMBER, CLIENT_ID, user_id, self.now())
    }

    /// How the application stands.
    pub fn application(&self) -> Value {
        self.status()["application"].clone()
    }

    /// The handlers that are bound on the portal to the relay, by event.
    pub fn bound(&self) -> Vec<String> {
        let site = self.bitrix().site(MEMBER);
        site.handlers.iter().filter(|(_, handler)| handler == HANDLER).map(|(event, _)| event.clone()).collect()
    }

    /// What the installer page asks.
    pub fn progress(&self, page: &Answer, retry: bool) -> Answer {
        let body = serde_json::json!({
            "member_id": attribute(&page.body, "member"), "ticket": attribute(&page.body, "ticket"), "retry": retry,
        });
        let mut request = Self::admin_request("POST", "/install/progress", &body);
        request.headers.retain(|(_, value)| !value.contains(ADMIN_TOKEN));
        self.send(request)
    }
}
