//! The relay, as a test sees it from outside.

pub use super::answer::Answer;
use super::destination::{Destination, id_in};
use super::fault::Faults;
use super::live_tail::LiveTail;
use super::object::Object;
use super::ports::Ports;
use super::post::{MEMBER, Post, Request};
use super::services::{KvStore, Limiter};
use super::world::{OPERATOR_URL, World};
use bitrix24_edge_relay::app::edge::jobs::CRON_MILLIS;
use bitrix24_edge_relay::app::edge::{self, Edge};
use bitrix24_edge_relay::domain::secret::Secret;
use bitrix24_edge_relay::domain::time::Timestamp;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub const ADMIN_TOKEN: &str = "an-operator-knows-this";
pub const FORWARD_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub const FORWARD_URL: &str = "https://internal.example.com/bitrix24";

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
/// How often the cron trigger fires.
pub const CRON: i64 = CRON_MILLIS;
/// Variables that have the operator told what needs a person.
pub const WITH_OPERATOR: [(&str, &str); 2] =
    [("OPS_WEBHOOK_URL", OPERATOR_URL), ("OPS_WEBHOOK_SECRET", FORWARD_SECRET)];

/// The relay.
pub struct Relay {
    pub world: Rc<World>,
    edge: RefCell<Rc<Edge>>,
    /// Whether every object is reset as soon as an answer has left, before any work behind it.
    pub resets_behind_answers: Cell<bool>,
}

/// An event in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    pub seq: i64,
    pub state: String,
    /// The id of what it is about.
    pub id: String,
    pub event: Value,
}

impl Relay {
    /// A relay that forwards all.
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// The same with other variables; one that is empty is unset.
    pub fn with(variables: &[(&str, &str)]) -> Self {
        let world = World::new();
        let edge = RefCell::new(Rc::new(Edge::new(world.config())));
        let relay = Self { world, edge, resets_behind_answers: Cell::new(false) };
        relay.deploy(&[("ADMIN_TOKEN", ADMIN_TOKEN), ("FORWARD_URL", FORWARD_URL), ("FORWARD_SECRET", FORWARD_SECRET)]);
        relay.deploy(variables);
        relay
    }

    /// Deploys the relay with other values of variables.
    pub fn deploy(&self, variables: &[(&str, &str)]) {
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.world.variables.borrow_mut().extend(owned);
        self.restart();
    }

    /// Drops all memory, of the Worker and of all objects. What is stored stays.
    pub fn restart(&self) {
        self.world.end_all();
        self.new_isolate();
    }

    /// Lets the Worker run in another isolate, which remembers nothing.
    pub fn new_isolate(&self) {
        self.edge.replace(Rc::new(Edge::new(self.world.config())));
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request) -> Answer {
        let edge = Rc::clone(&self.edge.borrow());
        let ports = Ports::of_worker(&self.world);
        let reply = match edge.handle(&ports, &request).await {
            edge::read::Answer::Whole(reply) => reply,
            edge::read::Answer::Tail(..) => panic!("a tail is opened by `tail`"),
        };
        edge.make_owed_calls(&ports).await;
        Answer { status: reply.status, retry_after: reply.header("retry-after").map(str::to_owned), body: reply.body }
    }

    /// Opens a live tail.
    pub fn tail(&self, query: &str, last_event_id: Option<i64>) -> LiveTail {
        let mut request = Self::admin_request("GET", &format!("/portals/{MEMBER}/events?{query}"), &Value::Null);
        request.headers.push(("accept", "text/event-stream".to_owned()));
        request.headers.extend(last_event_id.map(|id| ("last-event-id", id.to_string())));
        let edge = Rc::clone(&self.edge.borrow());
        let ports = Ports::of_worker(&self.world);
        match self.world.run(edge.handle(&ports, &request)) {
            edge::read::Answer::Tail(_, tail) => LiveTail { world: Rc::clone(&self.world), ports, tail },
            edge::read::Answer::Whole(reply) => panic!("no tail: {reply:?}"),
        }
    }

    /// Sends a request, and lets all go on that it sets going.
    pub fn send(&self, request: Request) -> Answer {
        let answer = self.world.run(self.answer(request));
        if self.resets_behind_answers.get() {
            self.world.end_all();
        }
        self.world.settle();
        answer
    }

    pub fn post(&self, post: &Post) -> Answer {
        self.send(post.request())
    }

    /// Posts an event that must be logged. Its place.
    pub fn accept(&self, post: &Post) -> i64 {
        let answer = self.post(post);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["seq"].as_i64().expect("an accepted event has a place")
    }

    /// Posts events at once, all of which must be logged.
    pub fn accept_at_once(&self, posts: impl IntoIterator<Item = Post>) {
        for answer in self.world.run_all(posts.into_iter().map(|post| self.answer(post.request()))) {
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    }

    /// Makes a request of the operator.
    pub fn admin_request(method: &'static str, target: &str, body: &Value) -> Request {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Request {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: vec![("authorization", format!("Bearer {ADMIN_TOKEN}"))],
            body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
        }
    }

    pub fn admin(&self, method: &'static str, target: &str, body: &Value) -> Answer {
        self.send(Self::admin_request(method, target, body))
    }

    pub fn get(&self, target: &str) -> Value {
        let answer = self.admin("GET", target, &Value::Null);
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        answer.json()
    }

    /// The request that registers a token of an application.
    pub fn registration(token: &str) -> Request {
        let body = json!({"application_token": token, "kind": "app", "domain": "some-domain.bitrix24.com"});
        Self::admin_request("PUT", &format!("/portals/{MEMBER}"), &body)
    }

    /// Registers a token of an application.
    pub fn register(&self, token: &str) -> Value {
        let answer = self.send(Self::registration(token));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Registers a token of an outgoing webhook.
    pub fn register_webhook(&self, token: &str) {
        let answer = self.admin("PUT", &format!("/portals/{MEMBER}"), &json!({"application_token": token}));
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Revokes a token.
    pub fn revoke(&self, token: &str) -> Answer {
        let hash = hash(token);
        self.admin("DELETE", &format!("/portals/{MEMBER}/tokens/{hash}"), &Value::Null)
    }

    /// The portal, as the operator sees it.
    pub fn status(&self) -> Value {
        self.get(&format!("/portals/{MEMBER}"))
    }

    /// The whole log of the portal.
    pub fn log(&self) -> Vec<Logged> {
        let mut logged = Vec::new();
        let mut after = 0;
        loop {
            let page = self.get(&format!("/portals/{MEMBER}/events?limit=500&after={after}"));
            let next = page["next"].as_i64().expect("a page says where the next begins");
            if next == after {
                return logged;
            }
            after = next;
            logged.extend(events_of(&page));
        }
    }

    /// The ids of the events in the log, in order.
    pub fn logged(&self) -> Vec<String> {
        self.log().into_iter().map(|logged| logged.id).collect()
    }

    /// The states of the events in the log, in order.
    pub fn states(&self) -> Vec<String> {
        self.log().into_iter().map(|logged| logged.state).collect()
    }

    /// The ids of the events that the destination received, in order.
    pub fn received(&self) -> Vec<String> {
        self.world.destination.ids()
    }

    pub fn advance(&self, millis: i64) {
        self.world.advance(millis);
    }

    /// Hands over what the Worker has counted, where that is due.
    pub fn hand_over_counts(&self) {
        let edge = Rc::clone(&self.edge.borrow());
        if edge.has_counts_due(self.now()) {
            self.world.run(edge.hand_over_counts(&Ports::of_worker(&self.world)));
        }
    }

    /// Lets the cron trigger fire once.
    pub fn run_jobs(&self) {
        let edge = Rc::clone(&self.edge.borrow());
        self.world.run(edge.run_jobs(&Ports::of_worker(&self.world)));
        self.world.settle();
    }

    /// Lets time pass, with the cron trigger as `wrangler.toml` has it.
    pub fn advance_with_cron(&self, millis: i64) {
        for _ in 0..millis / CRON {
            self.advance(CRON);
            self.run_jobs();
        }
        self.advance(millis % CRON);
    }

    /// What the operator was told, without what failed to arrive.
    pub fn notices(&self) -> Vec<Value> {
        let accepted = self.world.operator.accepted();
        accepted.iter().map(|request| serde_json::from_str(&request.body).expect("a notice is JSON")).collect()
    }

    pub fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// The object of the portal.
    pub fn portal(&self) -> Rc<Object> {
        self.world.portal(MEMBER)
    }

    pub fn destination(&self) -> &Destination {
        &self.world.destination
    }

    pub fn faults(&self) -> &Faults {
        &self.world.faults
    }

    pub fn kv(&self) -> &KvStore {
        &self.world.kv
    }

    pub fn limiter(&self) -> &Limiter {
        &self.world.limiter
    }

    /// The record of the portal in KV.
    pub fn record(&self) -> Option<Value> {
        let text = self.kv().newest(&record_key())?;
        Some(serde_json::from_str(&text).expect("the record is JSON"))
    }

    /// Writes the record of the portal, as a person does.
    pub fn write_record(&self, text: &str) {
        self.kv().write(&record_key(), text, None);
    }

    /// The lines of the log with this message.
    pub fn lines(&self, message: &str) -> Vec<Value> {
        let lines = self.world.lines.borrow();
        let lines = lines.iter().map(|line| serde_json::from_str(line).expect("a line is JSON"));
        lines.filter(|line: &Value| line["message"] == message).collect()
    }

    /// Everything that the relay stored, wrote or sent, as text.
    pub fn traces(&self) -> String {
        let storage = self.world.objects().iter().map(|object| object.storage.dump()).collect::<Vec<_>>();
        let sent = format!("{:?}{:?}", self.destination().received(), self.world.operator.received());
        let lines = self.world.lines.borrow().join("\n");
        [storage.join("\n"), self.kv().dump(), sent, lines].join("\n")
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.world.close();
    }
}

/// The events of a page of the log.
pub fn events_of(page: &Value) -> Vec<Logged> {
    let events = page["events"].as_array().expect("a page has events");
    let read = |entry: &Value| Logged {
        seq: entry["seq"].as_i64().expect("an event has a place"),
        state: entry["state"].as_str().expect("an event has a state").to_owned(),
        id: id_in(&entry["event"].to_string()),
        event: entry["event"].clone(),
    };
    events.iter().map(read).collect()
}

pub fn record_key() -> String {
    format!("install:{MEMBER}")
}

pub fn hash(token: &str) -> String {
    Secret::new(token).sha256().to_string()
}

/// The numbers as the ids of events.
pub fn ids(numbers: impl IntoIterator<Item = i32>) -> Vec<String> {
    numbers.into_iter().map(|number| number.to_string()).collect()
}
