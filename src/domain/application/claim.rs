//! A claim that the application was installed on a portal. Anybody can make one, so nothing of it counts before it is
//! proven.

use super::authorisation::TokenPair;
use super::endpoint::OAuthServer;
use crate::domain::inbound::InboundEvent;
use crate::domain::member_id::MemberId;
use crate::domain::php_array::{PhpArray, PhpValue};
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Longest token that is taken, in bytes. Bitrix24's have 70.
const MAX_TOKEN_BYTES: usize = 512;

/// The events that say that the application was installed, or updated, and bring what proves it.
const INSTALL_EVENTS: [&str; 2] = ["ONAPPINSTALL", "ONAPPUPDATE"];

/// What is claimed. `Debug` prints no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallClaim {
    /// The portal.
    pub member_id: MemberId,
    /// The OAuth servers that may know the access token, the likeliest first. Never empty.
    pub servers: Vec<OAuthServer>,
    /// What proves the claim.
    pub access_token: Secret,
    /// What renews it.
    pub refresh_token: Option<Secret>,
    /// What the portal's events will come with, where it was told.
    pub application_token: Option<Secret>,
    /// When it was installed, by the portal's clock; a form does not say.
    pub occurred_at: Option<Timestamp>,
}

/// It is no claim that could ever be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// It names no portal.
    #[error("`member_id` is absent, or not 1 to 64 characters of A-Z, a-z, 0-9, `_` and `-`")]
    BadMemberId,
    /// It brings no access token, or one that is too long.
    #[error("there is no access token")]
    NoAccessToken,
    /// It names an OAuth server that is not Bitrix24's.
    #[error("the OAuth server is not one of Bitrix24's")]
    ForeignServer,
}

/// The claim as it is written before it is sealed.
#[derive(Serialize, Deserialize)]
struct Plain {
    member_id: MemberId,
    servers: Vec<OAuthServer>,
    access_token: String,
    refresh_token: Option<String>,
    application_token: Option<String>,
    occurred_at: Option<Timestamp>,
}

impl InstallClaim {
    /// Whether an event makes a claim.
    #[must_use]
    pub fn is_made_by(event: &InboundEvent) -> bool {
        INSTALL_EVENTS.iter().any(|name| event.event_name().eq_ignore_ascii_case(name))
    }

    /// Reads the claim of an event.
    pub fn from_event(event: &InboundEvent) -> Result<Self, ClaimError> {
        let auth = event.post().get("auth").and_then(PhpValue::as_array);
        let text = |key: &str| auth.and_then(|auth| auth.text(key));
        Ok(Self {
            member_id: event.member_id().clone(),
            servers: servers(text("server_endpoint"), event.domain())?,
            access_token: token(text("access_token")).ok_or(ClaimError::NoAccessToken)?,
            refresh_token: token(text("refresh_token")),
            application_token: event.application_token(),
            occurred_at: event.occurred_at(),
        })
    }

    /// Reads the claim of the installer form. `domain` is what its query string says. `APP_SID` is not a token.
    pub fn from_form(form: PhpArray<'_>, domain: Option<&str>) -> Result<Self, ClaimError> {
        let member_id = form.text("member_id").and_then(|text| MemberId::try_from(text).ok());
        Ok(Self {
            member_id: member_id.ok_or(ClaimError::BadMemberId)?,
            servers: servers(form.text("SERVER_ENDPOINT"), domain)?,
            access_token: token(form.text("AUTH_ID")).ok_or(ClaimError::NoAccessToken)?,
            refresh_token: token(form.text("REFRESH_ID")),
            application_token: token(form.text("APPLICATION_TOKEN")),
            occurred_at: None,
        })
    }

    /// The same with another pair of tokens. Where there is no new refresh token, the old one stays.
    #[must_use]
    pub fn with_pair(self, pair: TokenPair) -> Self {
        Self { access_token: pair.access, refresh_token: pair.refresh.or(self.refresh_token), ..self }
    }

    /// The claim as a secret text, tokens and all: to be sealed, and nothing else.
    #[must_use]
    pub fn to_secret(&self) -> Secret {
        let exposed = |token: &Option<Secret>| token.as_ref().map(|token| token.expose().to_owned());
        let plain = Plain {
            member_id: self.member_id.clone(),
            servers: self.servers.clone(),
            access_token: self.access_token.expose().to_owned(),
            refresh_token: exposed(&self.refresh_token),
            application_token: exposed(&self.application_token),
            occurred_at: self.occurred_at,
        };
        // Texts and numbers always serialize; an empty text would be read as no claim.
        Secret::new(serde_json::to_string(&plain).unwrap_or_default())
    }

    /// Reads what [`Self::to_secret`] wrote.
    #[must_use]
    pub fn from_secret(secret: &Secret) -> Option<Self> {
        let plain: Plain = serde_json::from_str(secret.expose()).ok()?;
        Some(Self {
            member_id: plain.member_id,
            servers: plain.servers,
            access_token: Secret::new(plain.access_token),
            refresh_token: plain.refresh_token.map(Secret::new),
            application_token: plain.application_token.map(Secret::new),
            occurred_at: plain.occurred_at,
        })
    }
}

fn servers(endpoint: Option<&str>, domain: Option<&str>) -> Result<Vec<OAuthServer>, ClaimError> {
    match endpoint {
        Some(endpoint) => {
            OAuthServer::of_endpoint(endpoint).map(|server| vec![server]).ok_or(ClaimError::ForeignServer)
        }
        // Older portals do not say.
        None => Ok(OAuthServer::likely(domain)),
    }
}

fn token(text: Option<&str>) -> Option<Secret> {
    text.filter(|text| text.len() <= MAX_TOKEN_BYTES).map(Secret::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::body::BodyFormat;
    use crate::domain::form::read_form;

    fn event(auth: &str) -> InboundEvent {
        let body = format!("event=ONAPPINSTALL&ts=1734608349&auth[member_id]=m1{auth}");
        InboundEvent::from_body(BodyFormat::Form, body.as_bytes()).unwrap()
    }

    #[test]
    fn an_event_claims_with_what_its_auth_says() {
        let event = event(
            "&auth[access_token]=a&auth[refresh_token]=r&auth[application_token]=t&auth[server_endpoint]=https://oauth.bitrix24.tech/rest/",
        );
        assert!(InstallClaim::is_made_by(&event));
        let claim = InstallClaim::from_event(&event).unwrap();
        assert_eq!(claim.servers, [OAuthServer::Tech]);
        assert_eq!(claim.access_token, Secret::new("a"));
        assert_eq!(claim.application_token, Some(Secret::new("t")));
        assert_eq!(claim.occurred_at, Timestamp::from_unix_seconds_text("1734608349"));
        assert_eq!(InstallClaim::from_secret(&claim.to_secret()), Some(claim));
    }

    #[test]
    fn a_claim_that_names_a_foreign_server_is_none() {
        let foreign = event("&auth[access_token]=a&auth[server_endpoint]=https://evil.example/rest/");
        assert_eq!(InstallClaim::from_event(&foreign), Err(ClaimError::ForeignServer));
        assert_eq!(InstallClaim::from_event(&event("")), Err(ClaimError::NoAccessToken));
    }

    #[test]
    fn a_form_claims_without_the_session_that_it_came_with() {
        let form = read_form(b"AUTH_ID=a&REFRESH_ID=r&member_id=m1&APP_SID=s&PLACEMENT=DEFAULT").unwrap();
        let claim = InstallClaim::from_form(form.root(), Some("a.bitrix24.ru")).unwrap();
        assert_eq!(claim.servers, [OAuthServer::Tech, OAuthServer::Info]);
        assert_eq!(claim.application_token, None);
        let nobody = read_form(b"AUTH_ID=a&member_id=a/b").unwrap();
        assert_eq!(InstallClaim::from_form(nobody.root(), None), Err(ClaimError::BadMemberId));
    }

    #[test]
    fn no_token_is_printed() {
        let claim = InstallClaim::from_event(&event("&auth[access_token]=s6p6eclrvim6")).unwrap();
        assert!(!format!("{claim:?}").contains("s6p6eclrvim6"));
    }
}
