//! Bitrix24, as far as an application calls it: the OAuth servers, and the REST API of portals.

use bitrix24_edge_relay::app::ports::{HttpAnswer, HttpCall, SendError};
use bitrix24_edge_relay::domain::time::Timestamp;
use serde_json::{Map, Value, json};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub const CLIENT_ID: &str = "local.5c8bb1b0891cf2.87252039";
pub const CLIENT_SECRET: &str = "SakeVG5mbRdcQet45UUrt6q72AMTo7fkwXSO7Y5LYFYNCRsA6f";
pub const DOMAIN: &str = "some-domain.bitrix24.com";
const OAUTH_HOST: &str = "oauth.bitrix.info";
/// How long an access token lasts.
const ACCESS_MILLIS: i64 = 3_600_000;

#[derive(Default)]
pub struct Bitrix {
    sites: RefCell<BTreeMap<String, Site>>,
    access: RefCell<BTreeMap<String, Grant>>,
    refresh: RefCell<BTreeMap<String, Grant>>,
    last_token: Cell<u32>,
    calls: RefCell<Vec<String>>,
    /// Answers of the next refreshes: the code of an error, or a success where it is empty.
    refresh_script: RefCell<VecDeque<&'static str>>,
    /// Answers of the next REST calls: a status and the code of an error.
    rest_script: RefCell<VecDeque<(u16, &'static str)>>,
    /// Results of the next REST calls, whatever they ask for.
    rest_results: RefCell<VecDeque<Value>>,
    pub oauth_is_down: Cell<bool>,
    pub rest_is_down: Cell<bool>,
    pub delay_millis: Cell<u32>,
}

/// A portal.
#[derive(Clone)]
pub struct Site {
    pub member_id: String,
    pub domain: String,
    /// Where it was before it was renamed.
    pub old_domain: Option<String>,
    pub scopes: Vec<&'static str>,
    pub is_installed: bool,
    pub is_removed: bool,
    pub payment_expired: bool,
    /// Event and handler, as they were bound.
    pub handlers: BTreeSet<(String, String)>,
}

/// Whom a token was issued to.
#[derive(Clone)]
struct Grant {
    member_id: String,
    client_id: String,
    user_id: u32,
    expires_at: Timestamp,
}

/// A pair of tokens.
#[derive(Clone, Debug)]
pub struct Pair {
    pub access: String,
    pub refresh: String,
}

/// The administrator; every other user is an employee.
pub const ADMIN: u32 = 1;
pub const EMPLOYEE: u32 = 7;

impl Site {
    pub fn new(member_id: &str, domain: &str) -> Self {
        Self {
            member_id: member_id.to_owned(),
            domain: domain.to_owned(),
            old_domain: None,
            scopes: vec!["calendar", "user"],
            is_installed: true,
            is_removed: false,
            payment_expired: false,
            handlers: BTreeSet::new(),
        }
    }
}

impl Bitrix {
    pub fn add(&self, site: Site) {
        self.sites.borrow_mut().insert(site.member_id.clone(), site);
    }

    pub fn site(&self, member_id: &str) -> Site {
        self.sites.borrow()[member_id].clone()
    }

    pub fn change(&self, member_id: &str, change: impl FnOnce(&mut Site)) {
        change(self.sites.borrow_mut().get_mut(member_id).expect("the site was added"));
    }

    /// Issues a pair of tokens.
    pub fn issue(&self, member_id: &str, client_id: &str, user_id: u32, now: Timestamp) -> Pair {
        let number = self.last_token.get() + 1;
        self.last_token.set(number);
        let pair =
            Pair { access: format!("access-token-number-{number}"), refresh: format!("refresh-token-number-{number}") };
        let expires_at = now.plus_millis(ACCESS_MILLIS);
        let grant = Grant { member_id: member_id.to_owned(), client_id: client_id.to_owned(), user_id, expires_at };
        self.access.borrow_mut().insert(pair.access.clone(), grant.clone());
        self.refresh.borrow_mut().insert(pair.refresh.clone(), grant);
        pair
    }

    /// Every token that was ever issued.
    pub fn issued(&self) -> Vec<String> {
        (1..=self.last_token.get())
            .flat_map(|number| [format!("access-token-number-{number}"), format!("refresh-token-number-{number}")])
            .collect()
    }

    /// Ends every refresh token.
    pub fn forget_refresh_tokens(&self) {
        self.refresh.borrow_mut().clear();
    }

    pub fn refuse_refreshes(&self, codes: impl IntoIterator<Item = &'static str>) {
        self.refresh_script.borrow_mut().extend(codes);
    }

    pub fn refuse_rest(&self, answers: impl IntoIterator<Item = (u16, &'static str)>) {
        self.rest_script.borrow_mut().extend(answers);
    }

    pub fn answer_rest(&self, results: impl IntoIterator<Item = Value>) {
        self.rest_results.borrow_mut().extend(results);
    }

    /// Host and method of every call, in order.
    pub fn calls(&self) -> Vec<String> {
        self.calls.borrow().clone()
    }

    /// How many calls of this name there were.
    pub fn count(&self, name: &str) -> usize {
        self.calls.borrow().iter().filter(|call| call.ends_with(name)).count()
    }

    pub fn answer(&self, call: &HttpCall, now: Timestamp) -> Result<HttpAnswer, SendError> {
        let (_, rest) = call.url.split_once("://").expect("a URL is absolute");
        let (host, target) = rest.split_once('/').expect("a URL has a path");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let method = path.trim_start_matches("rest/").trim_end_matches(".json").trim_end_matches('/');
        self.calls.borrow_mut().push(format!("{host} {method}"));
        let body = call.body.as_ref().map_or("", |(_, body)| body.as_str());
        if host == OAUTH_HOST || host == "oauth.bitrix24.tech" {
            if self.oauth_is_down.get() {
                return Err(SendError::Network("connection refused".to_owned()));
            }
            let parameters: BTreeMap<String, String> =
                serde_urlencoded::from_str(if query.is_empty() { body } else { query }).expect("it is a form");
            let (status, answer) = match method {
                "app.info" => self.app_info(&parameters["auth"], now),
                "oauth/token" => self.renew(&parameters, now),
                other => panic!("an OAuth server has no {other}"),
            };
            return Ok(plain(status, &answer));
        }
        if self.rest_is_down.get() {
            return Err(SendError::Timeout);
        }
        let sites = self.sites.borrow().clone();
        if let Some(renamed) = sites.values().find(|site| site.old_domain.as_deref() == Some(host)) {
            let location = format!("https://{}/{target}", renamed.domain);
            return Ok(HttpAnswer { location: Some(location), ..plain(302, &json!({})) });
        }
        let site = sites.values().find(|site| site.domain == host);
        let site = site.unwrap_or_else(|| panic!("a call left for {host}, where no portal is"));
        if let Some((status, code)) = self.rest_script.borrow_mut().pop_front() {
            return Ok(plain(status, &json!({"error": code, "error_description": "on order"})));
        }
        if let Some(result) = self.rest_results.borrow_mut().pop_front() {
            return Ok(plain(200, &json!({"result": result, "time": {}})));
        }
        let parameters: Value = serde_json::from_str(body).expect("a call is JSON");
        let (status, answer) = self.rest(site, method, &parameters, now);
        Ok(plain(status, &answer))
    }

    fn app_info(&self, token: &str, now: Timestamp) -> (u16, Value) {
        let access = self.access.borrow();
        let Some(grant) = access.get(token) else {
            return error(401, "NO_AUTH_FOUND");
        };
        if grant.expires_at <= now {
            return error(401, "expired_token");
        }
        let site = self.site(&grant.member_id);
        if site.is_removed {
            return error(401, "NOT_INSTALLED");
        }
        let install = json!({
            "installed": site.is_installed, "version": 1, "status": "L", "scope": site.scopes.join(","), "uri": "",
            "domain": site.domain, "client_endpoint": format!("https://{}/rest/", site.domain),
            "member_id": site.member_id, "member_type": "REST",
        });
        let expires = grant.expires_at.to_rfc3339_seconds();
        let result = json!({
            "client_id": grant.client_id, "scope": site.scopes.join(","), "expires": expires, "user_id": grant.user_id,
            "install": install,
        });
        (200, json!({"result": result, "time": {}}))
    }

    fn renew(&self, parameters: &BTreeMap<String, String>, now: Timestamp) -> (u16, Value) {
        if parameters["client_id"] != CLIENT_ID || parameters["client_secret"] != CLIENT_SECRET {
            return error(401, "invalid_client");
        }
        if let Some(code) = self.refresh_script.borrow_mut().pop_front().filter(|code| !code.is_empty()) {
            return error(if code == "wrong_client" { 200 } else { 400 }, code);
        }
        // Used once, it is gone.
        let Some(grant) = self.refresh.borrow_mut().remove(&parameters["refresh_token"]) else {
            return error(400, "invalid_grant");
        };
        let site = self.site(&grant.member_id);
        if site.is_removed {
            return error(401, "NOT_INSTALLED");
        }
        let pair = self.issue(&grant.member_id, &grant.client_id, grant.user_id, now);
        let answer = json!({
            "access_token": pair.access, "refresh_token": pair.refresh, "expires_in": 3600,
            "expires": now.plus_millis(ACCESS_MILLIS).as_unix_seconds(), "scope": "app", "domain": OAUTH_HOST,
            "server_endpoint": format!("https://{OAUTH_HOST}/rest/"), "status": "L", "member_id": site.member_id,
            "client_endpoint": format!("https://{}/rest/", site.domain), "user_id": grant.user_id,
        });
        (200, answer)
    }

    fn rest(&self, site: &Site, method: &str, parameters: &Value, now: Timestamp) -> (u16, Value) {
        let token = parameters["auth"].as_str().expect("a call has a token");
        let grant = self.access.borrow().get(token).cloned();
        let Some(grant) = grant.filter(|grant| grant.member_id == site.member_id) else {
            return error(401, "NO_AUTH_FOUND");
        };
        if grant.expires_at <= now {
            return error(401, "expired_token");
        }
        if method != "batch" {
            let arguments = parameters.as_object().into_iter().flatten();
            let arguments =
                arguments.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
            return match self.method(&grant, method, &arguments) {
                Ok(result) => (200, json!({"result": result, "time": {}})),
                Err(error) => (400, error),
            };
        }
        let (mut results, mut errors) = (Map::new(), Map::new());
        for (name, command) in parameters["cmd"].as_object().expect("a batch has commands") {
            let command = command.as_str().expect("a command is text");
            let (method, query) = command.split_once('?').unwrap_or((command, ""));
            self.calls.borrow_mut().push(format!("batch {method}"));
            let arguments = serde_urlencoded::from_str(query).expect("it is a query");
            match self.method(&grant, method, &arguments) {
                Ok(result) => results.insert(name.clone(), result),
                Err(error) => errors.insert(name.clone(), error),
            };
        }
        // PHP writes an empty map as a list.
        let map = |map: Map<String, Value>| if map.is_empty() { json!([]) } else { Value::Object(map) };
        (200, json!({"result": {"result": map(results), "result_error": map(errors)}, "time": {}}))
    }

    fn method(&self, grant: &Grant, method: &str, arguments: &BTreeMap<String, String>) -> Result<Value, Value> {
        let refuse = |code: &str, text: &str| Err(json!({"error": code, "error_description": text}));
        let mut sites = self.sites.borrow_mut();
        let site = sites.get_mut(&grant.member_id).expect("the site was added");
        let binding = || (arguments["event"].to_ascii_uppercase(), arguments["handler"].clone());
        match method {
            "profile" => Ok(json!({"ID": grant.user_id.to_string(), "ADMIN": grant.user_id == ADMIN, "NAME": "Ann"})),
            "app.info" => Ok(json!({
                "ID": 1, "CODE": CLIENT_ID, "VERSION": 1, "STATUS": "L", "INSTALLED": site.is_installed,
                "PAYMENT_EXPIRED": if site.payment_expired { "Y" } else { "N" }, "DAYS": null, "LANGUAGE_ID": "en",
            })),
            "scope" => Ok(json!(site.scopes)),
            "event.get" => {
                let entry = |(event, handler): &(String, String)| json!({"event": event, "handler": handler, "auth_type": "0", "offline": 0});
                Ok(site.handlers.iter().map(entry).collect())
            }
            "event.bind" if binding().0.starts_with("ONCRM") && !site.scopes.contains(&"crm") => {
                refuse("ERROR_EVENT_NOT_FOUND", "Event not found")
            }
            "event.bind" if !site.handlers.insert(binding()) => {
                refuse("ERROR_CORE", "Unable to set event handler: Handler already binded")
            }
            "event.bind" => Ok(json!(true)),
            "event.unbind" => Ok(json!({"count": i32::from(site.handlers.remove(&binding()))})),
            "calendar.event.getbyid" => Ok(json!({"ID": arguments.get("id"), "NAME": "Lunch"})),
            other => panic!("a portal has no {other}"),
        }
    }
}

fn error(status: u16, code: &str) -> (u16, Value) {
    (status, json!({"error": code, "error_description": "refused"}))
}

fn plain(status: u16, body: &Value) -> HttpAnswer {
    HttpAnswer { status, location: None, retry_after: None, body: body.to_string() }
}
