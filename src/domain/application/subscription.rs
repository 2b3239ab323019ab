//! What a portal sends where: the difference between what it should and what it does, and the commands that mend it.

use super::settings::Application;
use crate::domain::catalogue;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest URL of a handler: Bitrix24 keeps it in a column of 255 characters.
pub const MAX_HANDLER_BYTES: usize = 255;
/// Commands of one `batch`. <https://apidocs.bitrix24.com/api-reference/how-to-call-rest-api/batch.html>
pub const MAX_BATCH: usize = 50;

/// An event that a portal sends to a URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Binding {
    /// The event's name, in upper case.
    pub event: String,
    /// The URL.
    pub handler: String,
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Events that are to be bound to the handler.
    pub bind: Vec<Binding>,
    /// Bindings of ours that are not wanted any more.
    pub unbind: Vec<Binding>,
}

/// Compares what is bound with what should be.
///
/// Ours is what is bound under `PUBLIC_URL`, or to the handler that was bound last. Any other handler is somebody else's, and
/// stays. So does ONAPPINSTALL at the installation path: Bitrix24 binds that itself.
#[must_use]
pub fn plan(application: &Application, last_handler: Option<&str>, actual: &[Binding]) -> Plan {
    let handler = application.handler();
    let install_path = format!("{}/install", application.public_url);
    let prefix = format!("{}/", application.public_url);
    let is_bound = |event: &String| {
        actual.iter().any(|known| {
            known.event == *event
                && (known.handler == handler || (event == "ONAPPINSTALL" && known.handler == install_path))
        })
    };
    let is_stale = |known: &&Binding| {
        let is_ours = known.handler.starts_with(&prefix) || last_handler == Some(known.handler.as_str());
        let is_wanted = known.handler == handler && application.events.contains(&known.event);
        let is_path = known.handler == install_path && known.event == "ONAPPINSTALL";
        is_ours && !is_wanted && !is_path
    };
    let bind = application.events.iter().filter(|event| !is_bound(event));
    Plan {
        bind: bind.map(|event| Binding { event: event.clone(), handler: handler.clone() }).collect(),
        unbind: actual.iter().filter(is_stale).cloned().collect(),
    }
}

/// Reads the result of `event.get`. Offline events have no handler, and are not of interest.
#[must_use]
pub fn read_bindings(result: &Value) -> Vec<Binding> {
    let entries = result.as_array().map(Vec::as_slice).unwrap_or_default();
    let read = |entry: &Value| {
        let handler = entry["handler"].as_str().filter(|handler| !handler.is_empty())?;
        Some(Binding { event: entry["event"].as_str()?.to_ascii_uppercase(), handler: handler.to_owned() })
    };
    let mut bindings: Vec<Binding> = entries.iter().filter_map(read).collect();
    bindings.sort_unstable();
    bindings.dedup();
    bindings
}

impl Binding {
    /// The command of a batch that binds it.
    #[must_use]
    pub fn bind_command(&self) -> String {
        format!("event.bind?{}", self.query())
    }

    /// The command of a batch that unbinds it.
    #[must_use]
    pub fn unbind_command(&self) -> String {
        format!("event.unbind?{}", self.query())
    }

    fn query(&self) -> String {
        // Two texts always serialize.
        serde_urlencoded::to_string([("event", &self.event), ("handler", &self.handler)]).unwrap_or_default()
    }
}

/// Whether an error of `event.bind` says that the event is bound already: as good as a success. It has no code of its own.
#[must_use]
pub fn is_bound_already(error: &Value) -> bool {
    error["error_description"].as_str().is_some_and(|text| text.to_ascii_lowercase().contains("already bind"))
}

/// The scope that an application needs for an event, where the catalogue tells its area.
#[must_use]
pub fn scope_of(event: &str) -> Option<&'static str> {
    let kind = catalogue::find(event)?.kind;
    Some(match kind.split('.').next()? {
        "booking" => "booking",
        "calendar" => "calendar",
        "catalog" => "catalog",
        "crm" => "crm",
        "humanresources" => "humanresources",
        "im" => "im",
        "imbot" => "imbot",
        "imconnector" => "imconnector",
        "livefeed" => "log",
        "openline" => "imopenlines",
        "sale" => "sale",
        "sign" => "sign.b2e",
        "sonet" => "sonet_group",
        "task" => "task",
        "telephony" => "telephony",
        "user" => "user",
        _ => return None,
    })
}

/// Whether the portal says that the installation is complete and paid for: the result of `app.info`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AppStanding {
    /// Whether the installation is complete. Until it is, the portal sends nothing.
    pub installed: Option<bool>,
    /// Whether what the application costs is not paid. Then the portal sends nothing either.
    pub payment_expired: Option<bool>,
}

impl AppStanding {
    /// Reads the result of the portal's `app.info`.
    #[must_use]
    pub fn read(result: &Value) -> Self {
        let flag = |name: &str| match &result[name] {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => Some(text.eq_ignore_ascii_case("Y") || text == "1"),
            Value::Number(number) => Some(number.as_i64() != Some(0)),
            _ => None,
        };
        Self { installed: flag("INSTALLED"), payment_expired: flag("PAYMENT_EXPIRED") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn application() -> Application {
        Application::example(&["ONAPPINSTALL", "ONCRMDEALADD"])
    }

    fn bound(event: &str, handler: &str) -> Binding {
        Binding { event: event.to_owned(), handler: handler.to_owned() }
    }

    const OURS: &str = "https://relay.example.com/events";

    #[test]
    fn only_the_difference_is_mended() {
        let nothing = plan(&application(), None, &[]);
        assert_eq!(nothing.bind, [bound("ONAPPINSTALL", OURS), bound("ONCRMDEALADD", OURS)]);
        assert_eq!(plan(&application(), None, &nothing.bind), Plan::default());
    }

    #[test]
    fn stale_handlers_of_ours_go_and_those_of_others_stay() {
        let actual = [
            bound("ONCRMDEALADD", OURS),
            bound("ONCRMLEADADD", OURS),
            bound("ONCRMDEALADD", "https://relay.example.com/old"),
            bound("ONCRMDEALADD", "https://old.example.com/events"),
            bound("ONCRMDEALADD", "https://other.example.com/events"),
            bound("ONCRMDEALADD", "https://relay.example.com.evil.example/events"),
            bound("ONAPPINSTALL", "https://relay.example.com/install"),
        ];
        let plan = plan(&application(), Some("https://old.example.com/events"), &actual);
        assert_eq!(plan.bind, []);
        assert_eq!(plan.unbind, actual[1..4]);
    }

    #[test]
    fn names_are_compared_in_any_case_and_handlers_are_quoted() {
        let result = json!([
            {"event": "OnCrmDealAdd", "handler": OURS, "auth_type": "0", "offline": 0},
            {"event": "ONCRMDEALADD", "handler": OURS, "auth_type": "1", "offline": 0},
            {"event": "ONCRMDEALADD", "connector_id": "", "offline": 1},
        ]);
        assert_eq!(read_bindings(&result), [bound("ONCRMDEALADD", OURS)]);
        let command = bound("E", "https://a/b?c=d&e").bind_command();
        assert_eq!(command, "event.bind?event=E&handler=https%3A%2F%2Fa%2Fb%3Fc%3Dd%26e");
    }

    #[test]
    fn an_event_names_the_scope_that_it_needs() {
        assert_eq!(scope_of("ONCALENDARENTRYADD"), Some("calendar"));
        assert_eq!(scope_of("OnCrmDealAdd"), Some("crm"));
        assert_eq!(scope_of("ONAPPINSTALL"), None);
        let description =
            json!({"error": "ERROR_CORE", "error_description": "Unable to set event handler: Handler already binded"});
        assert!(is_bound_already(&description));
    }

    #[test]
    fn the_portal_says_whether_the_installation_is_complete() {
        let standing = AppStanding::read(&json!({"INSTALLED": false, "PAYMENT_EXPIRED": "Y"}));
        assert_eq!(standing, AppStanding { installed: Some(false), payment_expired: Some(true) });
        assert_eq!(AppStanding::read(&json!([])), AppStanding::default());
    }
}
