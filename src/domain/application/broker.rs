//! Who may be handed access tokens: `BROKER_TOKENS`.

use crate::domain::member_id::MemberId;
use crate::domain::secret::Secret;
use serde::Deserialize;

/// Shortest token: 16 characters of 62 are 95 bits.
const MIN_TOKEN_LENGTH: usize = 16;
/// Stands for every portal.
const ANY_PORTAL: &str = "*";

/// One service inside the company.
#[derive(Clone, Debug)]
pub struct BrokerClient {
    /// The name under which its uses are logged.
    pub name: String,
    token: Secret,
    /// The portals whose tokens it may have; none for all.
    portals: Option<Vec<MemberId>>,
}

/// The text is no list of clients. The message never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    /// It is not JSON of this form.
    #[error(r#"JSON: [{{"name": "billing", "token": "...", "portals": ["<member_id>"]}}], ["*"] for all portals"#)]
    Form,
    /// A token can be guessed.
    #[error("each token has at least {MIN_TOKEN_LENGTH} characters")]
    Weak,
    /// A token would let in two clients.
    #[error("no two clients with the same name or token")]
    Same,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    token: String,
    portals: Vec<String>,
}

impl BrokerClient {
    /// Reads the clients.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, BrokerError> {
        let entries: Vec<Entry> = serde_json::from_str(text).map_err(|_| BrokerError::Form)?;
        let clients = entries.into_iter().map(Self::read).collect::<Result<Vec<_>, _>>()?;
        let is_twin = |(at, client): (usize, &Self)| {
            clients.iter().take(at).any(|other| other.name == client.name || other.token == client.token)
        };
        if clients.iter().enumerate().any(is_twin) { Err(BrokerError::Same) } else { Ok(clients) }
    }

    fn read(entry: Entry) -> Result<Self, BrokerError> {
        if entry.name.is_empty() || entry.portals.is_empty() {
            return Err(BrokerError::Form);
        }
        if entry.token.len() < MIN_TOKEN_LENGTH {
            return Err(BrokerError::Weak);
        }
        let portals = if entry.portals == [ANY_PORTAL] {
            None
        } else {
            let ids = entry.portals.into_iter().map(MemberId::try_from).collect::<Result<Vec<_>, _>>();
            Some(ids.map_err(|_| BrokerError::Form)?)
        };
        Ok(Self { name: entry.name, token: Secret::new(entry.token), portals })
    }

    /// The client that a bearer token names. Every one is compared, in constant time.
    #[must_use]
    pub fn find<'a>(clients: &'a [Self], token: &Secret) -> Option<&'a Self> {
        clients.iter().fold(None, |found, client| if client.token == *token { Some(client) } else { found })
    }

    /// Whether it may have the tokens of a portal.
    #[must_use]
    pub fn may_use(&self, member_id: &MemberId) -> bool {
        self.portals.as_ref().is_none_or(|portals| portals.contains(member_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_may_use_the_portals_that_it_names() {
        let text = r#"[{"name":"billing","token":"0123456789abcdef","portals":["m1"]},{"name":"all","token":"fedcba9876543210","portals":["*"]}]"#;
        let clients = BrokerClient::parse_list(text).unwrap();
        let (m1, m2) = (MemberId::try_from("m1").unwrap(), MemberId::try_from("m2").unwrap());
        let billing = BrokerClient::find(&clients, &Secret::new("0123456789abcdef")).unwrap();
        assert!(billing.may_use(&m1) && !billing.may_use(&m2));
        assert!(BrokerClient::find(&clients, &Secret::new("fedcba9876543210")).unwrap().may_use(&m2));
        assert!(BrokerClient::find(&clients, &Secret::new("")).is_none());
    }

    #[test]
    fn what_lets_in_the_wrong_one_is_refused() {
        let entry = |name: &str, token: &str| format!(r#"{{"name":"{name}","token":"{token}","portals":["*"]}}"#);
        let (long, other) = ("0123456789abcdef", "fedcba9876543210");
        for (text, error) in [
            ("billing".to_owned(), BrokerError::Form),
            ("{}".to_owned(), BrokerError::Form),
            (format!(r#"[{{"name":"a","token":"{long}","portals":[]}}]"#), BrokerError::Form),
            (format!(r#"[{{"name":"a","token":"{long}","portals":["a/b"]}}]"#), BrokerError::Form),
            (format!("[{}]", entry("a", "short")), BrokerError::Weak),
            (format!("[{},{}]", entry("a", long), entry("b", long)), BrokerError::Same),
            (format!("[{},{}]", entry("a", long), entry("a", other)), BrokerError::Same),
        ] {
            assert_eq!(BrokerClient::parse_list(&text).err(), Some(error), "{text}");
        }
    }
}
