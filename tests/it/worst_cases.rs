//! Bodies of the largest size, made to be slow: none may cost more than its length.
//!
//! `cargo test --release --test it worst_cases -- --nocapture --test-threads 1` prints what each costs.

use bitrix24_edge_relay::domain::body::{BodyFormat, Limit, MAX_BODY_BYTES, MAX_DEPTH, MAX_KEY_BYTES, MAX_PAIRS};
use bitrix24_edge_relay::domain::cloudevent::EventTooLarge;
use bitrix24_edge_relay::domain::event_id::{EventId, RANDOM_BYTES};
use bitrix24_edge_relay::domain::inbound::{InboundError, InboundEvent};
use bitrix24_edge_relay::domain::normalizer::normalize;
use bitrix24_edge_relay::domain::time::Timestamp;
use std::time::{Duration, Instant};

/// What a body may take without optimization on a very busy machine. One that costs the square of its length takes minutes.
const PATIENCE: Duration = Duration::from_secs(20);

const HEAD: &str = "event=E&auth[member_id]=m";

/// Reads, normalizes and writes the body, and says how long the JSON is.
#[expect(clippy::disallowed_methods, reason = "a test runs natively, and this one is about time")]
fn run(case: &str, format: BodyFormat, body: &[u8]) -> Result<Result<usize, EventTooLarge>, InboundError> {
    assert!(body.len() <= MAX_BODY_BYTES, "{case}: {} bytes", body.len());
    let start = Instant::now();
    let outcome = InboundEvent::from_body(format, body).map(|inbound| {
        let received_at = Timestamp::from_millis(1_734_608_349_512);
        let event = normalize(&inbound, EventId::new(received_at, [0; RANDOM_BYTES]), received_at);
        event.to_json().map(|json| json.len())
    });
    let taken = start.elapsed();
    println!("{:>8.1} ms  {case}: {} bytes, {outcome:?}", taken.as_secs_f64() * 1000.0, body.len());
    assert!(taken < PATIENCE, "{case} took {taken:?}");
    outcome
}

/// A form of as many pairs as fit. The last ones make it no event where `pair` gives less than the head needs.
fn form(pair: impl Fn(usize) -> String) -> Vec<u8> {
    let mut body = HEAD.to_owned();
    for at in 0..MAX_PAIRS - 2 {
        let pair = pair(at);
        if body.len() + 1 + pair.len() > MAX_BODY_BYTES {
            break;
        }
        body.push('&');
        body.push_str(&pair);
    }
    body.into_bytes()
}

fn form_is_taken(case: &str, pair: impl Fn(usize) -> String) {
    let outcome = run(case, BodyFormat::Form, &form(pair));
    assert!(matches!(outcome, Ok(Ok(_))), "{outcome:?}");
}

#[test]
fn ten_thousand_different_keys() {
    form_is_taken("keys in one array", |at| format!("data[{at:090}]=x"));
    form_is_taken("keys with one beginning", |at| format!("data[{}{at}]=x", "k".repeat(85)));
    form_is_taken("integer keys", |at| format!("data[{}]={}", at << 40, "x".repeat(70)));
    form_is_taken("integer keys, falling", |at| format!("data[{}]={}", MAX_PAIRS - at, "x".repeat(70)));
}

#[test]
fn the_deepest_and_the_longest_names() {
    form_is_taken("arrays of one entry", |_| format!("data{}={}", "[]".repeat(MAX_DEPTH), "x".repeat(30)));
    form_is_taken("one deep path, different ends", |at| format!("data{}[{at}]=x", "[k]".repeat(MAX_DEPTH - 2)));
    form_is_taken("long names", |at| format!("data[{at:0width$}]=x", width = MAX_KEY_BYTES - "data[]".len()));
    form_is_taken("names of brackets", |at| format!("data[{}{at}]=x", "[".repeat(95)));
}

#[test]
fn thousands_of_tokens_and_of_leaves() {
    let beginning = "a".repeat(59);
    form_is_taken("5,000 tokens with one beginning, 5,000 leaves that nearly tell one", |at| {
        let key = if at % 2 == 0 { "auth[access_token]" } else { "data" };
        format!("{key}[{at}]={beginning}{at:05}{}", "b".repeat(at % 2))
    });
    form_is_taken("5,000 different tokens, 5,000 leaves", |at| {
        let key = if at % 2 == 0 { "auth[access_token]" } else { "data" };
        format!("{key}[{at}]={:064x}", (at as u128).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835))
    });
    form_is_taken("thousands of short tokens", |at| {
        format!("{}[]={at}{}", if at % 2 == 0 { "data[auth_id]" } else { "data" }, "x".repeat(10))
    });
    let mut tokens_beside_one_leaf =
        form(|at| if at < 6000 { format!("access_token[]={beginning}{at:05}") } else { String::new() });
    tokens_beside_one_leaf.extend_from_slice(b"&data=");
    tokens_beside_one_leaf.resize(MAX_BODY_BYTES, b'a');
    let outcome =
        run("6,000 tokens with one beginning, one long leaf of it", BodyFormat::Form, &tokens_beside_one_leaf);
    assert!(matches!(outcome, Ok(Ok(500_000..))), "{outcome:?}");
}

#[test]
fn bodies_that_grow() {
    for (case, byte) in [("control characters", 1), ("bad UTF-8", 0xFF)] {
        let mut body = format!("{HEAD}&data=").into_bytes();
        body.resize(MAX_BODY_BYTES, byte);
        assert_eq!(run(case, BodyFormat::Form, &body), Ok(Err(EventTooLarge)));
    }
}

#[test]
fn bodies_over_a_limit_stop_the_reader() {
    let full = |piece: &str, head: &str| -> Vec<u8> {
        head.bytes().chain(piece.bytes().cycle()).take(MAX_BODY_BYTES).collect()
    };
    for (case, format, body, limit) in [
        ("pairs without end", BodyFormat::Form, full("a&", ""), Limit::Pairs),
        ("one name", BodyFormat::Form, full("a", ""), Limit::Key),
        ("one name of brackets", BodyFormat::Form, full("[]", "a"), Limit::Key),
        (
            "brackets without end",
            BodyFormat::Form,
            full("&", &format!("a{}", "[]".repeat(MAX_DEPTH + 1))),
            Limit::Depth,
        ),
        ("empty lists", BodyFormat::Json, full("[],", r#"{"a":["#), Limit::Pairs),
        ("nulls under one key", BodyFormat::Json, full(r#""a":null,"#, "{"), Limit::Pairs),
        ("lists in lists", BodyFormat::Json, full("[", r#"{"a":"#), Limit::Depth),
        ("objects in objects", BodyFormat::Json, full(r#"{"":"#, ""), Limit::Depth),
    ] {
        assert_eq!(run(case, format, &body), Err(InboundError::TooLarge(limit)));
    }
}

#[test]
fn deep_and_wide_json() {
    let element = format!("{}\"x\"{}", "[".repeat(MAX_DEPTH - 1), "]".repeat(MAX_DEPTH - 1));
    let lists = vec![element; MAX_PAIRS - 2].join(",");
    let member = |at: usize| format!("\"{at:080}\":\"x\"");
    let members = (0..MAX_PAIRS - 2).map(member).collect::<Vec<_>>().join(",");
    for (case, data) in [("lists of one element", format!("[{lists}]")), ("members", format!("{{{members}}}"))] {
        let body = format!(r#"{{"event":"E","auth":{{"member_id":"m"}},"data":{data}}}"#);
        let outcome = run(case, BodyFormat::Json, body.as_bytes());
        assert!(matches!(outcome, Ok(Ok(_))), "{outcome:?}");
    }
}
