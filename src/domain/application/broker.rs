//! Who may be handed access tokens: `BROKER_TOKENS`.

use crate::domain::client_token::{ClientToken, MIN_TOKEN_LENGTH};
use crate::domain::member_id::MemberId;
use serde::Deserialize;

/// Stands for every portal.
const ANY_PORTAL: &str = "*";

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

/// Reads the services inside the company that may be handed access tokens.
pub fn parse_broker_clients(text: &str) -> Result<Vec<ClientToken>, BrokerError> {
    let entries: Vec<Entry> = serde_json::from_str(text).map_err(|_| BrokerError::Form)?;
    entries.into_iter().try_fold(Vec::new(), |clients, entry| read(entry)?.added_to(clients).ok_or(BrokerError::Same))
}

fn read(entry: Entry) -> Result<ClientToken, BrokerError> {
    if entry.name.is_empty() || entry.portals.is_empty() {
        return Err(BrokerError::Form);
    }
    let portals = if entry.portals == [ANY_PORTAL] {
        None
    } else {
        let ids = entry.portals.into_iter().map(MemberId::try_from).collect::<Result<Vec<_>, _>>();
        Some(ids.map_err(|_| BrokerError::Form)?)
    };
    ClientToken::new(entry.name, entry.token, portals).map_err(|_| BrokerError::Weak)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;

    #[test]
    fn a_client_may_use_the_portals_that_it_names() {
        let text = r#"[{"name":"billing","token":"0123456789abcdef","portals":["m1"]},{"name":"all","token":"fedcba9876543210","portals":["*"]}]"#;
        let clients = parse_broker_clients(text).unwrap();
        let (m1, m2) = (MemberId::try_from("m1").unwrap(), MemberId::try_from("m2").unwrap());
        let billing = ClientToken::find(&clients, &Secret::new("0123456789abcdef")).unwrap();
        assert!(billing.covers(&m1) && !billing.covers(&m2));
        assert!(ClientToken::find(&clients, &Secret::new("fedcba9876543210")).unwrap().covers(&m2));
        assert!(ClientToken::find(&clients, &Secret::new("")).is_none());
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
            assert_eq!(parse_broker_clients(&text).err(), Some(error), "{text}");
        }
    }
}
