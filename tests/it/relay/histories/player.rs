//! The relay with two destinations, and what an operator does with them.

use super::{Act, POISON};
use crate::support::destination::Answer;
use crate::support::fault::Fault;
use crate::support::post::{MEMBER, Post, TOKEN};
use crate::support::relay::{Answer as Response, DAY, FORWARD_URL, HOUR, MINUTE, Relay};
use bitrix24_edge_relay::app::ports::HttpRequest;
use bitrix24_edge_relay::domain::time::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Longer than all histories together let pass, so that only what is refused is ever given up.
const RETRY_SCHEDULE: &str = "1,5,60,600,7200,7200,7200,7200,7200,7200,7200,7200,7200,7200,7200,7200,7200";
const VAULT_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const SECOND_URL: &str = "https://crm.some-company.com/hook";
/// How often an operator repeats what could not be done.
const INSISTS: u32 = 10;

/// A destination, as the test knows it.
pub struct Lane {
    pub name: &'static str,
    pub url: &'static str,
    /// The newest event when it was made; absent while it is not there.
    pub begins_behind: Option<i64>,
    /// Requests that had been received when it was made.
    pub made_at: usize,
    /// How many requests it has received while nothing may be sent there.
    silent_at: Option<usize>,
}

/// A replay that was begun.
pub struct Replay {
    pub id: i64,
    pub lane: usize,
    /// How many requests had been received when it began.
    begun_at: usize,
    /// The events that it has to send, and how many requests had been received by when each was first wanted.
    pub owed: BTreeMap<i64, usize>,
    pub cancelled_at: Option<Timestamp>,
}

pub struct Player {
    pub relay: Relay,
    pub has_batches: bool,
    /// The events that were answered 200, by their numbers.
    pub accepted: BTreeSet<i64>,
    pub lanes: [Lane; 2],
    pub replays: Vec<Replay>,
    posted: i64,
}

pub fn destination(rest: &str) -> String {
    format!("/portals/{MEMBER}/destinations{rest}")
}

pub fn redeliver(rest: &str) -> String {
    format!("/portals/{MEMBER}/redeliver{rest}")
}

impl Player {
    pub fn new(has_batches: bool) -> Self {
        let format = if has_batches { "batch" } else { "structured" };
        let relay =
            Relay::with(&[("VAULT_KEY", VAULT_KEY), ("RETRY_SCHEDULE", RETRY_SCHEDULE), ("FORWARD_FORMAT", format)]);
        relay.register(TOKEN);
        relay.destination().dislikes(POISON, Answer::Status(422));
        let lane = |name, url, begins_behind| Lane { name, url, begins_behind, made_at: 0, silent_at: Some(0) };
        let mut lanes = [lane("default", FORWARD_URL, Some(0)), lane("crm", SECOND_URL, None)];
        lanes[0].silent_at = None;
        Self { relay, has_batches, accepted: BTreeSet::new(), lanes, replays: Vec::new(), posted: 0 }
    }

    /// Does an act, and looks whether anything was sent that must not be.
    pub fn play(&mut self, act: &Act) {
        match act {
            Act::Post { things, event } => things.iter().for_each(|thing| self.post(*thing, event)),
            Act::Answer(answers) => self.relay.destination().answers(answers.iter().cloned()),
            Act::Always(answer) => self.relay.destination().always(answer.clone()),
            Act::Delay(millis) => self.relay.destination().delay_millis.set(*millis),
            Act::Pass(millis) => self.relay.advance(*millis),
            Act::StepBack(millis) => self.relay.world.step_back(*millis),
            Act::Fail { operation, after, persisted, then } => {
                let number = self.relay.faults().count(*operation) + 1 + after;
                self.relay.faults().plan(Fault { operation: *operation, number, persisted: *persisted, then: *then });
            }
            Act::Crash => self.relay.portal().end(true),
            Act::Deploy => self.relay.restart(),
            Act::Vanish => self.relay.world.abandon_work(),
            Act::Replay { lane, state, after, rate } => {
                let mut body = json!({"after": after, "rate": rate});
                if let Some(state) = state {
                    body["state"] = (*state).into();
                }
                let fits = |seq, noted: &str| seq > *after && state.is_none_or(|state| state == noted);
                self.replay(Some(*lane), &redeliver(""), body, fits);
            }
            Act::ReplayEvent { lane, event } => {
                let log = self.relay.portal().storage.rows("SELECT seq, id FROM log ORDER BY seq");
                if let Some(row) = log.get(event % log.len().max(1)) {
                    let (seq, id) = row.split_once('|').expect("a row has two columns");
                    let seq: i64 = seq["seq=".len()..].parse().expect("a place is a number");
                    let path = format!("/portals/{MEMBER}/events/{}/redeliver", &id["id=".len()..]);
                    self.replay(*lane, &path, json!({}), |other, _| other == seq);
                }
            }
            Act::Cancel(which) => self.cancel(*which),
            Act::Pause(lane) => {
                if self.set_paused(*lane, true) {
                    self.silence(*lane);
                }
            }
            Act::Resume(lane) => {
                if self.lanes[*lane].begins_behind.is_some() {
                    self.lanes[*lane].silent_at = None;
                    self.set_paused(*lane, false);
                }
            }
            Act::Remove => self.remove(),
            Act::Make => self.make(),
        }
        self.check_silence(act);
    }

    /// All is well from now on, nobody is paused, and time passes. Where nothing is paused, the relay has only its alarm to wake it.
    pub fn recover(&mut self) {
        self.relay.faults().forget();
        self.relay.destination().always(Answer::Status(204));
        self.relay.destination().delay_millis.set(0);
        // What is under way may still be told that a destination wants no more events, late by as much as the clock stepped back.
        self.relay.advance(HOUR);
        for row in self.relay.portal().storage.rows("SELECT name FROM destination WHERE paused IS NOT NULL") {
            let lane = self.lanes.iter().position(|lane| row == format!("name={}", lane.name));
            self.play(&Act::Resume(lane.expect("it is one of the two")));
        }
        self.relay.advance(DAY);
    }

    fn post(&mut self, thing: i32, event: &'static str) {
        self.posted += 1;
        let post = Post { filling: self.posted.to_string(), ..Post::new(TOKEN, thing) };
        let answer = self.relay.world.run(self.relay.answer(post.named(event).request()));
        if answer.status == 200 {
            self.accepted.insert(self.posted);
        }
    }

    /// Has something done, however often that takes.
    fn insist(&self, method: &'static str, path: &str, body: &Value) -> Response {
        let answers = (0..INSISTS).map(|_| self.relay.admin(method, path, body));
        answers.into_iter().find(|answer| answer.status < 500).expect("it is done at last")
    }

    /// Whether a destination that is there is paused, or goes on.
    fn set_paused(&self, lane: usize, paused: bool) -> bool {
        let path = destination(&format!("/{}", self.lanes[lane].name));
        self.lanes[lane].begins_behind.is_some()
            && self.insist("PATCH", &path, &json!({"paused": paused})).status == 200
    }

    fn remove(&mut self) {
        if self.lanes[1].begins_behind.take().is_some() {
            let answer = self.insist("DELETE", &destination("/crm"), &Value::Null);
            assert!([204, 404].contains(&answer.status), "{answer:?}");
            self.silence(1);
            self.replays.retain(|replay| replay.lane != 1);
        }
    }

    /// Makes the second destination, unless the one that was removed is still being forgotten.
    fn make(&mut self) {
        if self.lanes[1].begins_behind.is_some() {
            return;
        }
        let (head, made_at) = (self.head(), self.received().len());
        self.lanes[1].silent_at = None;
        self.insist("POST", &destination(""), &json!({"name": "crm", "url": SECOND_URL, "events": ["*"]}));
        let made = "SELECT name FROM destination WHERE name = 'crm' AND removed_at IS NULL";
        if self.relay.portal().storage.rows(made).is_empty() {
            self.silence(1);
        } else {
            (self.lanes[1].begins_behind, self.lanes[1].made_at) = (Some(head), made_at);
        }
    }

    /// Begins a replay to one destination or to both.
    fn replay(&mut self, lane: Option<usize>, path: &str, mut body: Value, fits: impl Fn(i64, &str) -> bool) {
        let is_meant = |at: &usize| lane.is_none_or(|lane| lane == *at) && self.lanes[*at].begins_behind.is_some();
        let meant: Vec<usize> = (0..self.lanes.len()).filter(is_meant).collect();
        if let Some(lane) = lane {
            body["destination"] = self.lanes[lane].name.into();
        }
        let begun_at = self.received().len();
        let owed: Vec<_> = meant.iter().map(|lane| self.owed(*lane, &fits)).collect();
        let answer = self.insist("POST", path, &body);
        assert!([202, 404, 409].contains(&answer.status), "{answer:?}");
        if answer.status == 202 {
            let id = answer.json()["replays"][0]["id"].as_i64().expect("a replay has a number");
            let begun = meant.into_iter().zip(owed);
            let replay = |(lane, owed)| Replay { id, lane, begun_at, owed, cancelled_at: None };
            self.replays.extend(begun.map(replay));
        }
    }

    /// What a replay that begins now owes: what is done, and fits.
    fn owed(&self, lane: usize, fits: impl Fn(i64, &str) -> bool) -> BTreeMap<i64, usize> {
        let (now, received, begun) = (self.relay.now(), self.received().len(), self.begun());
        let mut owed = BTreeMap::new();
        for delivery in self.deliveries(self.lanes[lane].name) {
            let (seq, state) = (place(&delivery), delivery["state"].as_str().expect("it has a state"));
            if ["delivered", "failed"].contains(&state) && fits(seq, state) {
                // What another one sends may be under way for it, and is not sent twice.
                let is_recent = |at: Timestamp| now.millis_since(at) < MINUTE;
                let others = self.replays.iter().filter(|other| {
                    other.lane == lane && (begun.contains(&other.id) || other.cancelled_at.is_some_and(is_recent))
                });
                let since = others.map(|other| other.owed.get(&seq).copied().unwrap_or(other.begun_at)).min();
                owed.insert(seq, since.unwrap_or(received));
            }
        }
        owed
    }

    /// The numbers of the replays that are under way.
    fn begun(&self) -> BTreeSet<i64> {
        let answer = self.insist("GET", &redeliver(""), &Value::Null).json();
        let replays = answer["replays"].as_array().expect("they are listed");
        replays.iter().filter_map(|replay| replay["id"].as_i64()).collect()
    }

    fn cancel(&mut self, which: usize) {
        if self.replays.is_empty() {
            return;
        }
        let id = self.replays[which % self.replays.len()].id;
        // One that has ended owes what it owed.
        if self.begun().contains(&id) {
            let answer = self.insist("DELETE", &redeliver(&format!("/{id}")), &Value::Null);
            assert!([200, 404].contains(&answer.status), "{answer:?}");
            let now = self.relay.now();
            let same = self.replays.iter_mut().filter(|replay| replay.id == id);
            same.for_each(|replay| replay.cancelled_at = Some(now));
        }
    }

    /// How the deliveries to a destination stand.
    pub fn deliveries(&self, name: &str) -> Vec<Value> {
        let path = format!("/portals/{MEMBER}/deliveries?destination={name}&limit=500");
        let page = self.insist("GET", &path, &Value::Null).json();
        page["deliveries"].as_array().expect("they are listed").clone()
    }

    pub fn received(&self) -> Vec<HttpRequest> {
        self.relay.destination().received()
    }

    fn received_at(&self, lane: &Lane) -> usize {
        self.received().iter().filter(|request| request.url == lane.url).count()
    }

    fn head(&self) -> i64 {
        let rows = self.relay.portal().storage.rows("SELECT COALESCE(MAX(seq), 0) AS seq FROM log");
        rows[0]["seq=".len()..].parse().expect("a place is a number")
    }

    /// From now on nothing may be sent to a destination.
    fn silence(&mut self, lane: usize) {
        self.lanes[lane].silent_at = Some(self.received_at(&self.lanes[lane]));
    }

    fn check_silence(&self, act: &Act) {
        for lane in &self.lanes {
            if let Some(silent_at) = lane.silent_at {
                assert_eq!(self.received_at(lane), silent_at, "{} was sent something in {act:?}", lane.name);
            }
        }
    }
}

/// The place of a delivery in the log.
pub fn place(delivery: &Value) -> i64 {
    delivery["seq"].as_i64().expect("it has a place")
}
