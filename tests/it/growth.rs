//! A body that is four times as long costs about four times as much, whatever is in it: nothing of the way from bytes to the
//! event grows with the square of the length.
//!
//! `cargo test --release --test it growth -- --nocapture` prints what the largest of each kind costs per byte.

use bitrix24_edge_relay::domain::body::{BodyFormat, MAX_BODY_BYTES, MAX_DEPTH, MAX_PAIRS};
use bitrix24_edge_relay::domain::event_id::{EventId, RANDOM_BYTES};
use bitrix24_edge_relay::domain::held::{HeldEntry, HeldIndex};
use bitrix24_edge_relay::domain::held_limit::HeldLimit;
use bitrix24_edge_relay::domain::inbound::InboundEvent;
use bitrix24_edge_relay::domain::normalizer::normalize;
use bitrix24_edge_relay::domain::secret::Secret;
use bitrix24_edge_relay::domain::time::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// What grows with the length would be 4 here, what grows with its square 16.
const MOST_GROWTH: f64 = 8.0;
const SHARES: [usize; 2] = [4, 1];
const HEAD: &str = "event=E&auth[member_id]=m";

/// A kind of body: the name, the format, and how one that fills a share of all limits is made.
type Kind = (&'static str, BodyFormat, fn(usize) -> String);

const KINDS: [Kind; 12] = [
    ("one leaf", BodyFormat::Form, |share| format!("{HEAD}&data={}", "x".repeat(bytes(share)))),
    ("one leaf, all escaped", BodyFormat::Form, |share| format!("{HEAD}&data={}", "%41".repeat(bytes(share) / 3))),
    ("keys of one array", BodyFormat::Form, |share| form(share, |at| format!("data[{at:090}]=x"))),
    ("falling integer keys", BodyFormat::Form, |share| form(share, |at| format!("data[{}]=x", MAX_PAIRS - at))),
    ("the same key again", BodyFormat::Form, |share| form(share, |_| format!("data[k]={}", "x".repeat(90)))),
    ("arrays of one entry", BodyFormat::Form, |share| form(share, |_| format!("data{}=x", "[]".repeat(MAX_DEPTH)))),
    ("one deep path", BodyFormat::Form, |share| {
        form(share, |at| format!("data{}[{at}]=x", "[k]".repeat(MAX_DEPTH - 2)))
    }),
    ("a leaf made an array and back", BodyFormat::Form, |share| {
        form(share, |at| format!("data[a]{}=x", if at % 2 == 0 { "" } else { "[b]" }))
    }),
    ("tokens and leaves that nearly tell one", BodyFormat::Form, |share| {
        form(share, |at| {
            let root = if at % 2 == 0 { "auth[access_token]" } else { "data" };
            format!("{root}[{at}]={}{at:05}{}", "a".repeat(59), "b".repeat(at % 2))
        })
    }),
    ("tokens beside one leaf that nearly tells each", BodyFormat::Form, |share| {
        let token =
            |at| if at % 2 == 0 { format!("access_token[]={}{at:05}", "a".repeat(59)) } else { "x=x".to_owned() };
        let tokens = form(share, token);
        let rest = bytes(share) - tokens.len();
        format!("{tokens}&data={}", "a".repeat(rest))
    }),
    ("JSON, members", BodyFormat::Json, |share| json(share, "{", |at| format!("\"{at:080}\":\"x\""), "}")),
    ("JSON, lists in lists", BodyFormat::Json, |share| {
        json(share, "[", |_| format!("{}\"x\"{}", "[".repeat(MAX_DEPTH - 1), "]".repeat(MAX_DEPTH - 1)), "]")
    }),
];

#[test]
fn the_cost_of_a_body_grows_with_its_length_and_not_with_the_square() {
    for (kind, format, body) in KINDS {
        let [small, large] = SHARES.map(|share| body(share).into_bytes());
        assert!(large.len() <= MAX_BODY_BYTES, "{kind}: {} bytes", large.len());
        let length = |body: &[u8]| f64::from(u32::try_from(body.len()).expect("it is under 1 MiB"));
        let [few, many] = [&small, &large].map(|body| cost(format, body).as_secs_f64());
        let (growth, longer) = (many / few, length(&large) / length(&small));
        println!("{:>6.1} ns per byte, {:>5.1} ms  {kind}", many / length(&large) * 1e9, many * 1e3);
        assert!(growth < MOST_GROWTH, "{kind}: {longer:.1} times as long costs {growth:.1} times as much");
    }
}

/// A flood of forgeries fills what may be held, each with a token of its own; from then on each displaces another.
#[test]
fn the_cost_of_holding_one_more_event_does_not_grow_with_how_many_are_held() {
    let [few, many] = [2_000, 20_000].map(|held| (0..3).map(|_| cost_of_holding(held)).min().expect("three runs"));
    println!("{few:?} for 500 more beside 2,000, {many:?} beside 20,000");
    assert!(many < few * 4, "ten times as many cost {few:?} and {many:?}");
}

fn cost_of_holding(held: usize) -> Duration {
    let at = Timestamp::from_millis(1_734_608_349_512);
    let id = |number: usize| {
        let mut random = [0; RANDOM_BYTES];
        random[RANDOM_BYTES - size_of::<usize>()..].copy_from_slice(&number.to_be_bytes());
        random
    };
    let entry = |number: usize| HeldEntry {
        id: EventId::new(at, id(number)),
        group: number,
        hash: Secret::new(number.to_string()).sha256(),
        bytes: 700,
        held_at: at,
    };
    let limit = HeldLimit { events: held, bytes: 1 << 30 };
    let mut index = HeldIndex::new(limit, limit, (1..).zip((0..held).map(entry)));
    let more: Vec<_> = (held..held + 500).map(entry).collect();
    let start = now();
    for entry in more {
        assert!(!index.has(entry.id));
        for displaced in index.make_room_for(&entry).expect("it is small enough") {
            index.remove(displaced);
        }
        index.insert(index.next_number(), entry);
    }
    now().saturating_sub(start)
}

fn now() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("it has run for some time")
}

/// The time of the processor that reading, normalizing and writing take, whatever else the machine does: the best of three.
fn cost(format: BodyFormat, body: &[u8]) -> Duration {
    let run = |_| {
        let start = now();
        let inbound = InboundEvent::from_body(format, body).expect("it is within all limits");
        let received_at = Timestamp::from_millis(1_734_608_349_512);
        let event = normalize(&inbound, EventId::new(received_at, [0; RANDOM_BYTES]), received_at);
        let json = event.to_json().expect("it is small enough to keep");
        let end = now();
        assert!(!json.is_empty());
        end.saturating_sub(start)
    };
    (0..3).map(run).min().expect("three runs have a least")
}

const fn bytes(share: usize) -> usize {
    (MAX_BODY_BYTES - 1_000) / share
}

/// As many pairs as fit.
fn form(share: usize, pair: impl Fn(usize) -> String) -> String {
    let mut body = HEAD.to_owned();
    fill(&mut body, bytes(share), (MAX_PAIRS - 4) / share, "&", pair);
    body
}

fn json(share: usize, open: &str, element: impl Fn(usize) -> String, close: &str) -> String {
    let mut body = format!(r#"{{"event":"E","auth":{{"member_id":"m"}},"data":{open}{}"#, element(0));
    fill(&mut body, bytes(share), (MAX_PAIRS - 4) / share, ",", |at| element(at + 1));
    body + close + "}"
}

fn fill(body: &mut String, bytes: usize, count: usize, separator: &str, element: impl Fn(usize) -> String) {
    for at in 0..count {
        let element = element(at);
        if body.len() + separator.len() + element.len() > bytes {
            return;
        }
        body.push_str(separator);
        body.push_str(&element);
    }
}
