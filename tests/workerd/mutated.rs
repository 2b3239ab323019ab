//! What nobody should send, through the real wasm: every answer is one of the documented ones, and no isolate dies of it.
//!
//! `RELAY_MUTATIONS` says how many requests are sent; without it a few, which take some seconds.

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::api::Api;
use crate::support::http::{Answer, Request};
use crate::support::places::PROJECT;
use crate::support::portal::Portal;
use crate::support::worker::{Relay, Settings};

/// Requests without `RELAY_MUTATIONS`.
const FEW: usize = 3_000;
/// Requests under way at once, each on a connection that is kept.
const IN_FLIGHT: usize = 8;
/// A genuine event after so many mutated ones.
const GENUINE_EVERY: usize = 100;

/// The codes that an answer of each status may have. None of them is `unavailable`: nothing is down here.
const DOCUMENTED: [(u16, &[&str]); 11] = [
    (400, &["malformed", "no_event", "bad_member_id", "bad_request", "credentials_in_query"]),
    (401, &["unauthorized"]),
    (403, &["forbidden"]),
    (404, &["not_found"]),
    (405, &["method_not_allowed"]),
    (409, &["conflict"]),
    (413, &["too_large"]),
    (415, &["unsupported_media_type"]),
    (422, &["weak_token", "bad_destination"]),
    (429, &["rate_limited"]),
    (503, &["not_configured"]),
];

const PATHS: [&str; 14] = [
    "/events",
    "/events",
    "/events",
    "/events",
    "/events",
    "/events?x=1",
    "/install",
    "/",
    "/healthz",
    "/portals",
    "/portals/m",
    "/portals/m/events?after=0&limit=5&type=crm.*",
    "/portals/m/tokens/00",
    "/events/",
];
const PATH_PIECES: [&str; 10] = ["/", "%2e", "..", "%00", "?", "&", "=", "token=x", "a", "~"];
const METHODS: [&str; 8] = ["POST", "POST", "POST", "POST", "POST", "GET", "HEAD", "PROPFIND"];
const CONTENT_TYPES: [&str; 7] = [
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded",
    "application/json",
    "application/json; charset=utf-8",
    "multipart/form-data; boundary=x",
    ";;",
];
const HEADERS: [&str; 10] = [
    "authorization",
    "content-encoding",
    "cookie",
    "origin",
    "accept",
    "if-none-match",
    "range",
    "cf-ipcountry",
    "x-forwarded-for",
    "last-event-id",
];
/// What is put into bodies, paths and headers.
const PIECES: [&str; 22] = [
    "&",
    "=",
    "[",
    "]",
    "%5B",
    "%00",
    "%",
    "+",
    "{",
    "}",
    "\"",
    ":",
    ",",
    "\\u0000",
    "auth[application_token]=",
    "data[]=",
    "event=",
    "..",
    "//",
    "Bearer ",
    "gzip",
    "-1",
];

#[test]
fn no_request_is_answered_in_an_undocumented_way_or_ends_an_isolate() {
    let relay = Relay::start(Settings::new().with_inspection());
    let portal = Portal::new();
    let boot = boot_id(&relay.register(&portal));
    let wanted =
        std::env::var("RELAY_MUTATIONS").map_or(FEW, |text| text.parse().expect("RELAY_MUTATIONS is a number"));
    let seeds = seeds(&portal);
    let (sent, answers, genuine) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()), AtomicUsize::new(0));

    std::thread::scope(|scope| {
        for thread in 0..IN_FLIGHT {
            let (relay, portal, seeds, boot, sent, answers, genuine) =
                (&relay, &portal, &seeds, &boot, &sent, &answers, &genuine);
            scope.spawn(move || {
                let mut chance = Chance::new(thread);
                loop {
                    let number = sent.fetch_add(1, Ordering::Relaxed);
                    if number >= wanted {
                        return;
                    }
                    let answer = if number % GENUINE_EVERY == 0 {
                        genuine.fetch_add(1, Ordering::Relaxed);
                        let event = portal.calendar_entry_update(format!("genuine {number}"));
                        send("a genuine event", || event.try_send_to(relay)).expect_status(200)
                    } else {
                        let mutated = Mutated::new(seeds, &mut chance);
                        let what = format!("{mutated:?}");
                        let answer = send(&what, || mutated.request_to(relay).try_send());
                        is_documented(&answer, mutated.method, &what);
                        answer
                    };
                    assert_eq!(boot_id(&answer), *boot, "an isolate died");
                    assert!(!answer.text().contains(&portal.token), "a token is told");
                    *answers.lock().expect("no thread panics while it counts").entry(answer.status).or_insert(0) += 1;
                }
            });
        }
    });

    let answer = portal.calendar_entry_update("after all of them").send_to(&relay).expect_status(200);
    assert_eq!(boot_id(&answer), boot);
    let subjects = relay.log(&portal).into_iter().filter_map(|row| row["event"]["subject"].as_str().map(str::to_owned));
    let logged: BTreeSet<String> = subjects.filter(|subject| subject.starts_with("genuine ")).collect();
    assert_eq!(logged.len(), genuine.load(Ordering::Relaxed), "every genuine event is in the log");
    let lines = relay.logs();
    let died = lines.iter().find(|line| line.contains("panicked") || line.contains("Critical"));
    assert_eq!(died, None);
    assert!(!lines.iter().any(|line| line.contains(&portal.token)), "a token is logged");
    let answers: BTreeMap<u16, usize> = answers.into_inner().expect("no thread panicked");
    println!("{wanted} requests, by status: {answers:?}");
    // The mutations reach further than the first check: each kind of answer to an event is among them.
    let seen: BTreeSet<u16> = answers.into_keys().collect();
    assert!(seen.is_superset(&BTreeSet::from([200, 202, 400, 401, 403, 404, 405, 415])), "{seen:?}");
}

/// Sends a request, on another connection where the first one had been closed: a server that answered without reading a body
/// may close behind its answer, at the very moment at which the next request is sent.
fn send(what: &str, attempt: impl Fn() -> Result<Answer, ureq::Error>) -> Answer {
    let answer = (0..IN_FLIGHT).find_map(|_| match attempt() {
        Err(ureq::Error::Io(_)) => None,
        answer => Some(answer),
    });
    let answer = answer.unwrap_or_else(|| panic!("every connection breaks at {what}"));
    answer.unwrap_or_else(|error| panic!("{error} to {what}"))
}

/// Every seed of the fuzzer that is a body, some of them with this portal's identity: mutations of genuine events.
fn seeds(portal: &Portal) -> Vec<Vec<u8>> {
    let kinds = ["event", "form", "json"].map(|kind| PROJECT.join("fuzz/corpus").join(kind));
    let files = kinds.iter().flat_map(|directory| std::fs::read_dir(directory).expect("the seeds are there"));
    let mut seeds: Vec<Vec<u8>> =
        files.map(|file| std::fs::read(file.expect("it can be listed").path()).expect("it can be read")).collect();
    let genuine = portal.calendar_entry_update(1414).body();
    for _ in 0..seeds.len() / 2 {
        seeds.push(genuine.clone().into_bytes());
    }
    seeds
}

/// A request that nobody should send. The bodies are no secrets, so all of it may be printed.
#[derive(Debug)]
struct Mutated {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
    chunked: bool,
}

impl Mutated {
    fn new(seeds: &[Vec<u8>], chance: &mut Chance) -> Self {
        let (method, mut path) = (chance.one_of(&METHODS), chance.one_of(&PATHS).to_owned());
        if chance.is_one_in(8) {
            // Only what may stand in a request line: anything else is no HTTP, and workerd's to answer.
            path.extend((0..chance.below(4)).map(|_| chance.one_of(&PATH_PIECES)));
        }
        // Few requests from one address, so that most get past the rate limiter.
        let address = format!("198.51.{}.{}", chance.below(256), chance.below(256));
        let kind = chance.one_of(&CONTENT_TYPES).to_owned();
        let mut headers = vec![("cf-connecting-ip", address), ("content-type", kind)];
        if chance.is_one_in(4) {
            let value: String = (0..chance.below(200)).map(|_| chance.one_of(&PIECES)).collect();
            headers.push((chance.one_of(&HEADERS), value.trim().to_owned()));
        }
        let body = (method == "POST").then(|| mutated(seeds, chance));
        Self { method, path, headers, body, chunked: chance.is_one_in(4) }
    }

    fn request_to(&self, relay: &Relay) -> Request {
        let request = relay.request(self.method, &self.path);
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        match &self.body {
            Some(body) if self.chunked => request.body(body.as_slice()).in_chunks(),
            Some(body) => request.body(body.as_slice()),
            None => request,
        }
    }
}

fn mutated(seeds: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut body = seeds[chance.below(seeds.len())].clone();
    for _ in 0..chance.below(4) {
        let at = chance.below(body.len() + 1);
        let end = (at + chance.below(32)).min(body.len());
        match chance.below(4) {
            0 => drop(body.drain(at..end)),
            1 => drop(body.splice(at..at, chance.one_of(&PIECES).bytes())),
            2 => drop(body.splice(at.., seeds[chance.below(seeds.len())].iter().copied())),
            _ => body[at..end].iter_mut().for_each(|byte| *byte = byte.wrapping_add(1)),
        }
    }
    body
}

#[track_caller]
fn is_documented(answer: &Answer, method: &str, what: &str) {
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    assert_eq!(answer.header("access-control-allow-origin"), None, "{what}");
    if matches!(answer.status, 200 | 202) {
        return;
    }
    let codes = DOCUMENTED.iter().find(|(status, _)| *status == answer.status);
    let (_, codes) = codes.unwrap_or_else(|| panic!("{} {} to {what}", answer.status, answer.text()));
    // A HEAD is answered without a body.
    if method != "HEAD" {
        let code = answer.problem_code(answer.status);
        assert!(codes.contains(&code.as_str()), "{} {code} to {what}", answer.status);
    }
}

fn boot_id(answer: &Answer) -> String {
    answer.header("x-boot-id").expect("the entry for tests tells it").to_owned()
}

/// Randomness that is the same in every run.
struct Chance(TestRng);

impl Chance {
    fn new(thread: usize) -> Self {
        let mut seed = [0; 32];
        seed[0] = u8::try_from(thread).expect("there are few threads");
        Self(TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.0.next_u32()).map_or(0, |number| number % bound.max(1))
    }

    fn is_one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn one_of(&mut self, choices: &[&'static str]) -> &'static str {
        choices[self.below(choices.len())]
    }
}
