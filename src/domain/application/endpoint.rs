//! Where an access token may go: the OAuth servers that are known, and the portal that they name.

use serde::{Deserialize, Serialize};

/// Longest address of a portal's REST API. A host has at most 253 characters (RFC 1035), but Bitrix24 keeps no URL over 255.
const MAX_ENDPOINT_BYTES: usize = 255;

/// Last labels of the zones whose portals are served by `oauth.bitrix24.tech`, as Bitrix24's own resolver lists them.
const TECH_ZONES: [&str; 8] = ["ru", "am", "az", "ge", "kz", "kg", "uz", "by"];

/// Zones in which Bitrix24 itself hosts portals: `<portal>.bitrix24.<zone>`.
const CLOUD_ZONES: [&str; 22] = [
    "com", "eu", "de", "fr", "it", "pl", "uk", "es", "ua", "ru", "by", "kz", "uz", "com.br", "com.tr", "in", "cn",
    "jp", "co", "mx", "id", "vn",
];

/// An OAuth server of Bitrix24. There are these two, and a token is shown to nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OAuthServer {
    /// `oauth.bitrix.info`
    Info,
    /// `oauth.bitrix24.tech`
    Tech,
}

impl OAuthServer {
    /// The server that a POST names in `server_endpoint`, such as `https://oauth.bitrix.info/rest/`. `None` where it is
    /// another one: then the POST is not Bitrix24's.
    #[must_use]
    pub fn of_endpoint(endpoint: &str) -> Option<Self> {
        let rest = endpoint.strip_prefix("https://")?;
        let authority = rest.split(['/', '?', '#', '\\']).next()?;
        [Self::Info, Self::Tech].into_iter().find(|server| authority.eq_ignore_ascii_case(server.host()))
    }

    /// The servers to ask where a POST names none, the likelier one first, by the portal's domain.
    #[must_use]
    pub fn likely(domain: Option<&str>) -> Vec<Self> {
        let zone = domain.and_then(|domain| domain.split(':').next()?.rsplit_once('.')).map(|(_, zone)| zone);
        let is_tech = zone.is_some_and(|zone| TECH_ZONES.iter().any(|known| zone.eq_ignore_ascii_case(known)));
        if is_tech { vec![Self::Tech, Self::Info] } else { vec![Self::Info, Self::Tech] }
    }

    /// Its host.
    #[must_use]
    pub const fn host(self) -> &'static str {
        match self {
            Self::Info => "oauth.bitrix.info",
            Self::Tech => "oauth.bitrix24.tech",
        }
    }
}

/// The address of a portal's REST API, such as `https://some-domain.bitrix24.com/rest/`, as an OAuth server told it. It is
/// never taken from a POST.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientEndpoint(String);

/// The text is no address of a REST API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the address of a REST API")]
pub struct NotAnEndpoint;

impl ClientEndpoint {
    /// The host, with its port if it has one.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }

    /// The scheme and the host: an origin, as a content security policy names it.
    #[must_use]
    pub fn origin(&self) -> &str {
        let length = self.0.find("://").map_or(0, |at| at + 3) + self.host().len();
        self.0.get(..length).unwrap_or_default()
    }

    /// The URL of a method.
    #[must_use]
    pub fn method(&self, name: &str) -> String {
        format!("{}{name}.json", self.0)
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ClientEndpoint {
    type Error = NotAnEndpoint;

    fn try_from(mut text: String) -> Result<Self, NotAnEndpoint> {
        // A box may have no certificate.
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or(NotAnEndpoint)?;
        let authority = rest.split('/').next().unwrap_or_default();
        let is_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'_');
        let is_path = |b: u8| b.is_ascii_graphic() && !matches!(b, b'?' | b'#' | b'\\' | b'"' | b'\'' | b'<' | b';');
        if authority.is_empty() || !authority.bytes().all(is_host) || !rest.bytes().all(is_path) {
            return Err(NotAnEndpoint);
        }
        if !text.ends_with('/') {
            text.push('/');
        }
        if text.len() > MAX_ENDPOINT_BYTES { Err(NotAnEndpoint) } else { Ok(Self(text)) }
    }
}

impl TryFrom<&str> for ClientEndpoint {
    type Error = NotAnEndpoint;

    fn try_from(text: &str) -> Result<Self, NotAnEndpoint> {
        Self::try_from(text.to_owned())
    }
}

impl From<ClientEndpoint> for String {
    fn from(endpoint: ClientEndpoint) -> Self {
        endpoint.0
    }
}

/// Whether a host is a portal in Bitrix24's own cloud: one label before `.bitrix24.` and a known zone.
#[must_use]
pub fn is_cloud_host(host: &str) -> bool {
    let Some((portal, zone)) = host.split_once(".bitrix24.") else {
        return false;
    };
    let is_label = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !portal.is_empty() && portal.bytes().all(is_label) && CLOUD_ZONES.contains(&zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oauth_server_is_one_of_two_hosts_exactly() {
        assert_eq!(OAuthServer::of_endpoint("https://oauth.bitrix.info/rest/"), Some(OAuthServer::Info));
        assert_eq!(OAuthServer::of_endpoint("https://OAUTH.bitrix24.tech"), Some(OAuthServer::Tech));
        for endpoint in [
            "",
            "oauth.bitrix.info",
            "http://oauth.bitrix.info/rest/",
            "https://oauth.bitrix.info.evil.example/rest/",
            "https://oauth.bitrix.info@evil.example/rest/",
            "https://evil.example/oauth.bitrix.info/",
            "https://evil.example\\@oauth.bitrix.info/",
            "https://oauth.bitrix.info:8443/rest/",
            "https://xoauth.bitrix.info/rest/",
            " https://oauth.bitrix.info/rest/",
        ] {
            assert_eq!(OAuthServer::of_endpoint(endpoint), None, "{endpoint}");
        }
    }

    #[test]
    fn where_none_is_named_the_zone_tells_which_server_is_likelier() {
        assert_eq!(OAuthServer::likely(Some("a.bitrix24.ru"))[0], OAuthServer::Tech);
        assert_eq!(OAuthServer::likely(Some("a.bitrix24.de:443"))[0], OAuthServer::Info);
        assert_eq!(OAuthServer::likely(None), [OAuthServer::Info, OAuthServer::Tech]);
    }

    #[test]
    fn an_endpoint_is_a_plain_url_that_methods_are_appended_to() {
        let endpoint = ClientEndpoint::try_from("https://some-domain.bitrix24.com/rest").unwrap();
        assert_eq!(endpoint.method("profile"), "https://some-domain.bitrix24.com/rest/profile.json");
        assert_eq!(
            (endpoint.host(), endpoint.origin()),
            ("some-domain.bitrix24.com", "https://some-domain.bitrix24.com")
        );
        let boxed = ClientEndpoint::try_from("http://portal.example:8080/rest/").unwrap();
        assert_eq!(boxed.origin(), "http://portal.example:8080");
        for text in
            ["", "ftp://a/", "https://", "https:///rest/", "https://u:p@a/rest/", "https://a/rest/?x=", "https://a b/"]
        {
            assert_eq!(ClientEndpoint::try_from(text), Err(NotAnEndpoint), "{text}");
        }
    }

    #[test]
    fn a_cloud_host_is_a_portal_of_a_known_zone() {
        for host in ["some-domain.bitrix24.com", "b24-1.bitrix24.com.br"] {
            assert!(is_cloud_host(host), "{host}");
        }
        for host in [
            "bitrix24.com",
            ".bitrix24.com",
            "a.bitrix24.evil",
            "a.bitrix24.com.evil.example",
            "a.b.bitrix24.com",
            "a;.bitrix24.com",
            "a.bitrix24.com:1",
        ] {
            assert!(!is_cloud_host(host), "{host}");
        }
    }
}
