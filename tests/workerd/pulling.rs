//! Clients pull the same log while it grows and the relay crashes: each ends with exactly the log, in order.

use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;
use ureq::Agent;

use crate::support::api::{ADMIN_TOKEN, Api, id};
use crate::support::http::{Answer, Request, client};
use crate::support::portal::{Portal, form, random};
use crate::support::tail::LiveTail;
use crate::support::wait::{now, wait_until};
use crate::support::worker::{Relay, Settings};

/// How many events are accepted, where `RELAY_PULLED` says nothing else.
const EVENTS: usize = 1_000;
/// How often the relay crashes meanwhile.
const CRASHES: usize = 10;
/// How many connections send at once.
const WRITERS: usize = 8;
/// Time in which that many are accepted, on a machine that does much else.
const ACCEPTED: Duration = Duration::from_mins(8);
/// Time in which clients have read what there is, once nothing more comes.
const DRAINED: Duration = Duration::from_mins(2);
/// Time between two attempts while the relay is down.
const PAUSE: Duration = Duration::from_millis(20);

/// What the threads share.
struct Scene {
    portal: Portal,
    /// Where the relay listens: another address after each crash.
    url: Mutex<String>,
    /// How many events are to be accepted.
    wanted: usize,
    accepted: AtomicUsize,
    is_over: AtomicBool,
    /// The end of the log, once nothing more comes.
    end: AtomicI64,
}

impl Scene {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url.lock().expect("no thread panics while it holds the lock"))
    }

    fn move_to(&self, relay: &Relay) {
        *self.url.lock().expect("no thread panics while it holds the lock") = format!("http://{}", relay.address());
    }

    fn get(&self, client: &Agent, path: &str) -> Option<Value> {
        let request = Request::new(client, "GET", &self.url(path));
        let answer = request.header("authorization", &format!("Bearer {ADMIN_TOKEN}")).try_send();
        // While it starts or goes down it answers anything, or nothing.
        let answer: Option<Answer> = answer.ok().filter(|answer| answer.status == 200);
        answer.map(|answer| answer.json())
    }

    /// Sends events until enough were accepted.
    fn send(&self) {
        let client = client();
        while self.accepted.load(Ordering::SeqCst) < self.wanted {
            let event = self.portal.calendar_entry_update(random());
            let request = Request::new(&client, "POST", &self.url("/events"));
            match form(request, event.body()).try_send() {
                Ok(answer) if answer.status == 200 => {
                    self.accepted.fetch_add(1, Ordering::SeqCst);
                }
                _ => std::thread::sleep(PAUSE),
            }
        }
    }

    /// Whether a client that is at this place has all.
    fn has_all(&self, seq: i64) -> bool {
        self.is_over.load(Ordering::SeqCst) && seq >= self.end.load(Ordering::SeqCst)
    }

    /// Reads page by page, by long poll.
    fn read_by_place(&self) -> Vec<(i64, String)> {
        let client = client();
        let (mut seen, mut after) = (Vec::new(), 0);
        while !self.has_all(after) {
            let path = format!("/portals/{}/events?after={after}&limit=300&wait=5", self.portal.member_id);
            let Some(page) = self.get(&client, &path) else {
                std::thread::sleep(PAUSE);
                continue;
            };
            seen.extend(page["events"].as_array().expect("a page has events").iter().map(place_and_id));
            after = page["next"].as_i64().expect("a page says where to go on");
        }
        seen
    }

    /// Reads as a consumer with a name: the relay keeps its place. What it did not acknowledge before a crash comes again.
    fn read_as_consumer(&self) -> (Vec<(i64, String)>, usize) {
        let client = client();
        let (mut seen, mut repeated): (Vec<(i64, String)>, _) = (Vec::new(), 0);
        let last = |seen: &[(i64, String)]| seen.last().map_or(0, |(seq, _)| *seq);
        let portal = format!("/portals/{}", self.portal.member_id);
        while !self.has_all(last(&seen)) {
            let Some(page) = self.get(&client, &format!("{portal}/events?consumer=crm&limit=250&wait=5")) else {
                std::thread::sleep(PAUSE);
                continue;
            };
            let rows: Vec<_> = page["events"].as_array().expect("a page has events").iter().map(place_and_id).collect();
            let known = rows.iter().take_while(|(seq, _)| *seq <= last(&seen)).count();
            assert!(seen.ends_with(&rows[..known]), "what comes again is what came before");
            repeated += known;
            seen.extend(rows.into_iter().skip(known));
            let request = Request::new(&client, "POST", &self.url(&format!("{portal}/consumers/crm/ack")));
            let request = request.header("authorization", &format!("Bearer {ADMIN_TOKEN}"));
            // Whether it arrived, the next page tells.
            if request.json(&json!({ "seq": page["next"] })).try_send().is_err() {
                std::thread::sleep(PAUSE);
            }
        }
        (seen, repeated)
    }

    /// Reads the merged log.
    fn read_by_cursor(&self) -> Vec<(i64, String)> {
        let client = client();
        let (mut seen, mut path) = (Vec::new(), "/log?limit=200".to_owned());
        while !self.has_all(seen.last().map_or(0, |(seq, _)| *seq)) {
            let page = self.get(&client, &path);
            if page.as_ref().is_none_or(|page| page["more"] == false) {
                std::thread::sleep(PAUSE);
            }
            if let Some(page) = page {
                seen.extend(page["events"].as_array().expect("a page has events").iter().map(place_and_id));
                path = format!("/log?limit=200&cursor={}", page["next"].as_str().expect("a page says where to go on"));
            }
        }
        seen
    }

    /// Follows by live tail, which ends with each crash.
    fn follow(&self) -> (Vec<(i64, String)>, usize) {
        let (mut seen, mut tails): (Vec<(i64, String)>, _) = (Vec::new(), 0);
        let last = |seen: &[(i64, String)]| seen.last().map_or(0, |(seq, _)| *seq);
        while !self.has_all(last(&seen)) {
            let path = format!("/portals/{}/events", self.portal.member_id);
            let Ok(mut tail) = LiveTail::open(&self.url(&path), Some(last(&seen))) else {
                std::thread::sleep(PAUSE);
                continue;
            };
            tails += 1;
            while let Some(block) = tail.next() {
                seen.extend(block.row.as_ref().map(place_and_id));
                if self.has_all(last(&seen)) {
                    break;
                }
            }
        }
        (seen, tails)
    }
}

/// Lets all threads end when the test fails, so that it fails instead of hanging.
struct EndsAll<'a>(&'a Scene);

impl Drop for EndsAll<'_> {
    fn drop(&mut self) {
        self.0.accepted.store(usize::MAX / 2, Ordering::SeqCst);
        self.0.end.store(0, Ordering::SeqCst);
        self.0.is_over.store(true, Ordering::SeqCst);
    }
}

fn place_and_id(row: &Value) -> (i64, String) {
    (row["seq"].as_i64().expect("a row has a place"), id(row))
}

#[test]
fn whoever_pulls_a_log_that_grows_through_crashes_ends_with_exactly_the_log() {
    let wanted =
        std::env::var("RELAY_PULLED").map_or(EVENTS, |number| number.parse().expect("RELAY_PULLED is a number"));
    let mut relay = Relay::start(Settings::new());
    let portal = Portal::new();
    relay.register(&portal);
    let started = now();
    let scene = Scene {
        portal: portal.clone(),
        url: Mutex::default(),
        wanted,
        accepted: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
        end: AtomicI64::new(0),
    };
    scene.move_to(&relay);
    let scene = &scene;
    std::thread::scope(|scope| {
        let _ends_all = EndsAll(scene);
        let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(|| scene.send())).collect();
        let by_place = scope.spawn(|| scene.read_by_place());
        let as_consumer = scope.spawn(|| scene.read_as_consumer());
        let by_cursor = scope.spawn(|| scene.read_by_cursor());
        let by_tail = scope.spawn(|| scene.follow());
        for crash in 1..=CRASHES {
            let due = wanted * crash / (CRASHES + 1);
            wait_until("events to be accepted", ACCEPTED, || scene.accepted.load(Ordering::SeqCst) >= due);
            relay.crash();
            relay.kill();
            relay.start_again();
            scene.move_to(&relay);
        }
        for writer in writers {
            writer.join().expect("a writer only stops when enough were accepted");
        }
        let log: Vec<(i64, String)> = relay.log(&portal).iter().map(place_and_id).collect();
        scene.end.store(log.last().expect("there are events").0, Ordering::SeqCst);
        scene.is_over.store(true, Ordering::SeqCst);
        wait_until("the readers to finish", DRAINED, || {
            by_place.is_finished() && as_consumer.is_finished() && by_cursor.is_finished() && by_tail.is_finished()
        });
        let (followed, tails) = by_tail.join().expect("it ends");
        let (consumed, repeated) = as_consumer.join().expect("it ends");
        assert!(log.len() >= wanted && log.iter().zip(1..).all(|((seq, _), number)| *seq == number));
        assert!(by_place.join().expect("it ends") == log, "read page by page");
        assert!(consumed == log, "read as a consumer");
        assert!(by_cursor.join().expect("it ends") == log, "read by the merged log");
        assert!(followed == log, "followed by live tail");
        let seconds = (now() - started).as_secs();
        eprintln!(
            "{CRASHES} crashes: {} logged of {wanted} answered, read four ways in {seconds} s; {tails} tails, {repeated} events \
             given to the consumer again",
            log.len()
        );
    });
}
