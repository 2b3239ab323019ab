//! The variables of the application: `B24_*` and `PUBLIC_URL`.

use super::subscription::MAX_HANDLER_BYTES;
use crate::domain::secret::Secret;
use crate::domain::variable::VariableReader;

/// Default of `B24_EVENTS`: entries and sections of calendars.
const DEFAULT_EVENTS: &str = "ONCALENDARENTRYADD,ONCALENDARENTRYUPDATE,ONCALENDARENTRYDELETE,ONCALENDARSECTIONADD,ONCALENDARSECTIONUPDATE,ONCALENDARSECTIONDELETE";
/// What every install subscribes to, so that the relay learns of its end, its updates and its tokens.
pub const LIFECYCLE_EVENTS: [&str; 3] = ["ONAPPINSTALL", "ONAPPUNINSTALL", "ONAPPUPDATE"];
/// Most events of `B24_EVENTS`: Bitrix24 documents 263.
const MAX_EVENTS: usize = 400;
/// The path of the handler.
const HANDLER_PATH: &str = "/events";

/// Whether portals can install the application.
#[derive(Clone, Debug)]
pub enum Installs {
    /// `B24_CLIENT_ID` is not set: the operator registers portals.
    Off,
    /// It is set, but a variable that it needs is not, or is bad.
    Broken,
    /// They can.
    On(Box<Application>),
}

/// The application.
#[derive(Clone, Debug)]
pub struct Application {
    /// `B24_CLIENT_ID`
    pub client_id: String,
    /// `B24_CLIENT_SECRET`
    pub client_secret: Secret,
    /// `PUBLIC_URL`, without a slash at its end.
    pub public_url: String,
    /// `B24_EVENTS` and [`LIFECYCLE_EVENTS`], in upper case, each once.
    pub events: Vec<String>,
}

#[cfg(test)]
impl Application {
    /// An application for tests.
    #[must_use]
    pub fn example(events: &[&str]) -> Self {
        Self {
            client_id: "local.1".to_owned(),
            client_secret: Secret::new("s"),
            public_url: "https://relay.example.com".to_owned(),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
        }
    }
}

impl Installs {
    /// Reads the variables. They are needed all together or not at all.
    pub fn read(reader: &mut VariableReader, vault_is_good: bool, vault_is_unset: bool) -> Self {
        let client_id = reader.text("B24_CLIENT_ID");
        let client_secret = reader.text("B24_CLIENT_SECRET").map(Secret::new);
        let events = reader.parsed("B24_EVENTS", parse_events);
        let public_url = reader.parsed("PUBLIC_URL", parse_public_url);
        let Some(client_id) = client_id else {
            return Self::Off;
        };
        let missing = [
            ("B24_CLIENT_SECRET", client_secret.is_none()),
            ("VAULT_KEY", vault_is_unset),
            ("PUBLIC_URL", public_url.is_unset()),
        ];
        for (name, _) in missing.into_iter().filter(|(_, is_missing)| *is_missing) {
            reader.report(name, "needed with B24_CLIENT_ID");
        }
        let events = if events.is_unset() { parse_events(DEFAULT_EVENTS).ok() } else { events.good() };
        match (client_secret, public_url.good(), events, vault_is_good) {
            (Some(client_secret), Some(public_url), Some(events), true) => {
                Self::On(Box::new(Application { client_id, client_secret, public_url, events }))
            }
            _ => Self::Broken,
        }
    }

    /// The application, where portals can install it.
    #[must_use]
    pub fn application(&self) -> Option<&Application> {
        if let Self::On(application) = self { Some(application) } else { None }
    }
}

impl Application {
    /// The URL to which every event is bound.
    #[must_use]
    pub fn handler(&self) -> String {
        format!("{}{HANDLER_PATH}", self.public_url)
    }
}

fn parse_events(text: &str) -> Result<Vec<String>, &'static str> {
    const WANTED: &str = "a comma list of at most 400 names of events, such as ONCRMDEALADD";
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() <= 64
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.')
    };
    let mut events: Vec<String> = text.split(',').map(|name| name.trim().to_ascii_uppercase()).collect();
    if !events.iter().all(|name| is_name(name)) {
        return Err(WANTED);
    }
    events.extend(LIFECYCLE_EVENTS.map(str::to_owned));
    events.sort_unstable();
    events.dedup();
    if events.len() > MAX_EVENTS { Err(WANTED) } else { Ok(events) }
}

fn parse_public_url(text: &str) -> Result<String, &'static str> {
    let url = crate::domain::config::parse_url(text)?;
    let url = url.trim_end_matches('/').to_owned();
    if url.contains(['?', '#', '"', '\'', '<', '>', ';', ',']) {
        return Err("a URL without a query, a fragment and quotation marks");
    }
    if url.len() + HANDLER_PATH.len() > MAX_HANDLER_BYTES {
        return Err("a shorter URL: Bitrix24 takes handlers of at most 255 characters");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> (Installs, Vec<&'static str>) {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let mut reader = VariableReader::new(&variable);
        let installs = Installs::read(&mut reader, true, false);
        (installs, reader.into_errors().iter().map(|error| error.variable).collect())
    }

    const GOOD: [(&str, &str); 3] =
        [("B24_CLIENT_ID", "local.1"), ("B24_CLIENT_SECRET", "s"), ("PUBLIC_URL", "https://relay.example.com/")];

    #[test]
    fn an_application_subscribes_to_what_is_listed_and_to_its_own_life() {
        let all: Vec<_> = GOOD.into_iter().chain([("B24_EVENTS", "OnCrmDealAdd, ONAPPINSTALL")]).collect();
        let (installs, errors) = read(&all);
        let application = installs.application().unwrap();
        assert_eq!(application.events, ["ONAPPINSTALL", "ONAPPUNINSTALL", "ONAPPUPDATE", "ONCRMDEALADD"]);
        assert_eq!(application.handler(), "https://relay.example.com/events");
        assert!(errors.is_empty());
        assert_eq!(read(&GOOD).0.application().unwrap().events.len(), 9);
    }

    #[test]
    fn one_bad_variable_names_itself_and_stops_installs() {
        let long = format!("https://{}.example.com", "x".repeat(240));
        for (variable, value) in [
            ("B24_EVENTS", "ONCRMDEALADD,,"),
            ("PUBLIC_URL", "relay"),
            ("PUBLIC_URL", &long),
            ("PUBLIC_URL", "https://a/?b"),
        ] {
            let all: Vec<_> = [(variable, value)].into_iter().chain(GOOD).collect();
            let (installs, errors) = read(&all);
            assert!(matches!(installs, Installs::Broken) && errors == [variable], "{variable}={value}: {errors:?}");
        }
        assert!(matches!(read(&[]).0, Installs::Off));
    }
}
