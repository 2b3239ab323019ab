//! The relay's HTTP interface, as a portal and an operator use it, whichever way the relay was started.

use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::http::{Answer, Request};
use super::portal::Portal;

/// Bearer of the admin API in every test that sets no other.
pub const ADMIN_TOKEN: &str = "an-operator-and-nobody-else";

/// Most events that one page of the log may have.
const PAGE: usize = 500;

/// Whoever answers as a relay does.
pub trait Api {
    /// A request to the relay; `path` begins with a slash.
    fn request(&self, method: &str, path: &str) -> Request;

    /// A POST to the handler URL, without a body yet.
    fn events(&self) -> Request {
        self.request("POST", "/events")
    }

    /// A request of the operator.
    fn admin(&self, method: &str, path: &str) -> Request {
        self.request(method, path).header("authorization", &format!("Bearer {ADMIN_TOKEN}"))
    }

    /// Registers the portal's token.
    #[track_caller]
    fn register(&self, portal: &Portal) -> Answer {
        let body = json!({ "application_token": portal.token, "domain": portal.domain, "label": "calendar" });
        self.admin("PUT", &format!("/portals/{}", portal.member_id)).json(&body).send().expect_success()
    }

    /// Revokes the portal with all its tokens.
    #[track_caller]
    fn revoke(&self, portal: &Portal) -> Answer {
        self.admin("DELETE", &format!("/portals/{}", portal.member_id)).send().expect_success()
    }

    /// Revokes the one token that this portal sends with.
    #[track_caller]
    fn revoke_token(&self, portal: &Portal) -> Answer {
        let path = format!("/portals/{}/tokens/{}", portal.member_id, portal.token_hash());
        self.admin("DELETE", &path).send().expect_success()
    }

    /// What the operator sees of a portal.
    #[track_caller]
    fn overview(&self, portal: &Portal) -> Value {
        self.admin("GET", &format!("/portals/{}", portal.member_id)).send().expect_status(200).json()
    }

    /// How many events wait for each token, by its hash.
    #[track_caller]
    fn held(&self, portal: &Portal) -> BTreeMap<String, u64> {
        let overview = self.overview(portal);
        let held = overview["held"].as_array().unwrap_or_else(|| panic!("nothing about held events in {overview}"));
        let count = |entry: &Value| Some((entry["sha256"].as_str()?.to_owned(), entry["events"].as_u64()?));
        held.iter().map(|entry| count(entry).unwrap_or_else(|| panic!("no hash or no number in {entry}"))).collect()
    }

    /// One page of a portal's log; `query` is what follows the question mark.
    #[track_caller]
    fn log_page(&self, portal: &Portal, query: &str) -> Page {
        let path = format!("/portals/{}/events?{query}", portal.member_id);
        let page = self.admin("GET", &path).send().expect_status(200).json();
        Page {
            rows: page["events"].as_array().unwrap_or_else(|| panic!("no events in {page}")).clone(),
            next: page["next"].as_i64(),
        }
    }

    /// All of a portal's log behind a number, oldest first: rows of `seq`, `state` and `event`.
    #[track_caller]
    fn log_after(&self, portal: &Portal, after: i64) -> Vec<Value> {
        let (mut rows, mut after) = (Vec::new(), after);
        loop {
            let page = self.log_page(portal, &format!("after={after}&limit={PAGE}"));
            if page.rows.is_empty() {
                return rows;
            }
            rows.extend(page.rows);
            after = page.next.expect("a page with rows says how far it looked");
        }
    }

    /// All of a portal's log, oldest first.
    #[track_caller]
    fn log(&self, portal: &Portal) -> Vec<Value> {
        self.log_after(portal, 0)
    }

    /// The subjects of all events in a portal's log, oldest first.
    #[track_caller]
    fn logged_subjects(&self, portal: &Portal) -> Vec<String> {
        self.log(portal).iter().map(subject).collect()
    }
}

/// One page of a log.
pub struct Page {
    /// Rows of `seq`, `state` and `event`.
    pub rows: Vec<Value>,
    /// The last number that was looked at.
    pub next: Option<i64>,
}

/// The subject of a row's event.
#[track_caller]
pub fn subject(row: &Value) -> String {
    row["event"]["subject"].as_str().unwrap_or_else(|| panic!("no subject in {row}")).to_owned()
}

/// The id of a row's event.
#[track_caller]
pub fn id(row: &Value) -> String {
    row["event"]["id"].as_str().unwrap_or_else(|| panic!("no id in {row}")).to_owned()
}
