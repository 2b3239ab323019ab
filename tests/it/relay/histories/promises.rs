//! What must hold at the end of a history, whatever happened in it.

use super::POISON;
use super::player::{Lane, Player, place, redeliver};
use crate::support::post::MEMBER;
use crate::support::relay::DAY;
use bitrix24_edge_relay::app::ports::HttpRequest;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Attempts that are made of an event that is refused.
const ATTEMPTS_OF_REFUSED: i64 = 3;

/// An event of the log.
struct Logged {
    thing: String,
    number: i64,
    id: String,
}

impl Logged {
    fn is_poison(&self) -> bool {
        self.thing == POISON.to_string()
    }
}

/// The events of a request.
fn events_in(request: &HttpRequest) -> Vec<Value> {
    match serde_json::from_str(&request.body).expect("a body is JSON") {
        Value::Array(events) => events,
        event => vec![event],
    }
}

impl Player {
    pub fn examine(&self) {
        let logged = self.examine_log();
        self.examine_received(&logged);
        for lane in &self.lanes {
            if let Some(begins_behind) = lane.begins_behind {
                self.examine_deliveries(&logged, lane, begins_behind);
                self.examine_order(&logged, lane, begins_behind);
            }
        }
        self.examine_replays(&logged);
        self.examine_rest();
    }

    /// Every accepted event is logged, and none twice. The log by its places.
    fn examine_log(&self) -> BTreeMap<i64, Logged> {
        let text = |value: &Value| value.as_str().expect("it is text").to_owned();
        let read = |event: &Value| Logged {
            thing: text(&event["subject"]),
            number: text(&event["data"]["filling"]).parse().expect("it is a number"),
            id: text(&event["id"]),
        };
        let log: BTreeMap<i64, Logged> =
            self.relay.log().iter().map(|logged| (logged.seq, read(&logged.event))).collect();
        let numbers: BTreeSet<i64> = log.values().map(|logged| logged.number).collect();
        assert_eq!(numbers.len(), log.len(), "none is logged twice");
        assert!(self.accepted.is_subset(&numbers), "what was accepted is logged");
        log
    }

    /// Nothing is sent that was not logged, and an event has its own id each time.
    fn examine_received(&self, log: &BTreeMap<i64, Logged>) {
        let ids: BTreeSet<&str> = log.values().map(|logged| logged.id.as_str()).collect();
        for request in self.received() {
            let events = events_in(&request);
            for event in &events {
                assert!(event["id"].as_str().is_some_and(|id| ids.contains(id)), "it is not in the log: {event}");
            }
            if self.lanes[1].url == request.url || !self.has_batches {
                let webhook_id = request.headers.iter().find(|(name, _)| name == "webhook-id");
                let webhook_id = webhook_id.map(|(_, id)| id.as_str());
                assert_eq!((events.len(), webhook_id), (1, events[0]["id"].as_str()));
            }
        }
    }

    /// The places of the events that a destination was sent since so many requests, in the order in which they came; without those
    /// that it did not take, if `taken`.
    fn sent(&self, log: &BTreeMap<i64, Logged>, lane: &Lane, since: usize, taken: bool) -> Vec<i64> {
        let places: BTreeMap<&str, i64> = log.iter().map(|(seq, logged)| (logged.id.as_str(), *seq)).collect();
        let received = self.relay.destination().received_and_taken();
        let requests = received.iter().skip(since);
        let mine = requests.filter(|(request, is_taken)| request.url == lane.url && (*is_taken || !taken));
        mine.flat_map(|(request, _)| events_in(request))
            .filter_map(|event| places.get(event["id"].as_str()?).copied())
            .collect()
    }

    /// Every event is delivered, or was refused as often as that takes.
    fn examine_deliveries(&self, log: &BTreeMap<i64, Logged>, lane: &Lane, begins_behind: i64) {
        let taken: BTreeSet<i64> = self.sent(log, lane, lane.made_at, true).into_iter().collect();
        for delivery in self.deliveries(lane.name) {
            let (seq, state) = (place(&delivery), delivery["state"].as_str().expect("it has a state"));
            if seq <= begins_behind {
                continue;
            }
            if log[&seq].is_poison() {
                assert_eq!(state, "failed", "{delivery}");
                assert!(delivery["attempts"].as_i64() >= Some(ATTEMPTS_OF_REFUSED), "{delivery}");
            } else {
                assert_eq!((state, taken.contains(&seq)), ("delivered", true), "{delivery}");
            }
        }
    }

    /// What is about one thing arrives first in the order of the log.
    fn examine_order(&self, log: &BTreeMap<i64, Logged>, lane: &Lane, begins_behind: i64) {
        let mut newest = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for seq in self.sent(log, lane, lane.made_at, true) {
            if seq > begins_behind && seen.insert(seq) {
                let before = newest.insert(&log[&seq].thing, seq).unwrap_or(0);
                assert!(before < seq, "{}: {seq} arrives after {before}, which is about the same", lane.name);
            }
        }
    }

    /// Each replay that was not cancelled has sent what it owed, and has ended.
    fn examine_replays(&self, log: &BTreeMap<i64, Logged>) {
        for replay in self.replays.iter().filter(|replay| replay.cancelled_at.is_none()) {
            for (seq, since) in &replay.owed {
                let is_poison = log[seq].is_poison();
                let sent = self.sent(log, &self.lanes[replay.lane], *since, !is_poison);
                assert!(sent.contains(seq), "replay {} to lane {} has not sent {seq}", replay.id, replay.lane);
            }
        }
        assert_eq!(self.relay.get(&redeliver(""))["replays"], json!([]), "no replay is left");
        assert_eq!(self.relay.portal().storage.rows("SELECT * FROM replay"), [""; 0], "no replay is stored");
    }

    /// Nothing waits, and nothing wakes the object any more.
    fn examine_rest(&self) {
        for lane in self.lanes.iter().filter(|lane| lane.begins_behind.is_some()) {
            let shown = self.relay.get(&format!("/portals/{MEMBER}/destinations/{}", lane.name));
            let waits = ["pending", "retrying"].map(|state| shown["delivery"][state].as_i64());
            assert_eq!(waits, [Some(0), Some(0)], "{shown}");
        }
        let alarms = self.relay.portal().alarms();
        self.relay.advance(DAY);
        assert_eq!(self.relay.portal().alarms(), alarms, "all is quiet");
    }
}
