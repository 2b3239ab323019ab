//! Events that wait in KV: any key and any value are read, what was written is read again, the same, and nothing but the seal tells
//! a token.

use super::redacting::{tells, tokens_of};
use bitrix24_edge_relay::app::held_events::NewEvent;
use bitrix24_edge_relay::app::portal::command::Append;
use bitrix24_edge_relay::app::spilled_event::{SPILL_PURPOSE, key_of, open, parse_key, seal};
use bitrix24_edge_relay::domain::body::{BodyFormat, read_body};
use bitrix24_edge_relay::domain::event_id::{EventId, RANDOM_BYTES};
use bitrix24_edge_relay::domain::inbound::InboundEvent;
use bitrix24_edge_relay::domain::member_id::MemberId;
use bitrix24_edge_relay::domain::normalizer::normalize;
use bitrix24_edge_relay::domain::secret::Secret;
use bitrix24_edge_relay::domain::time::Timestamp;
use bitrix24_edge_relay::domain::vault::{NONCE_BYTES, SealedFor, Vault};

/// Base64 of 32 bytes, all 1, and all 0.
const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const OTHER_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// Why a value does not open. None of these quotes it.
const REASONS: [&str; 4] = [
    "VAULT_KEY is not set",
    "it was sealed under a key that VAULT_KEY does not have",
    "it does not open",
    "it is no event",
];
/// What sealing adds, in bytes: the nonce, and the tag of GCM.
const SEAL_BYTES: usize = NONCE_BYTES + 16;

/// Takes the input as a key, as a value, as what stands under the seal of another release, and as a POST that is spilled.
pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    check_key(&text);
    let (vault, member_id) = (vault(KEY), member("m"));
    read(&vault, &member_id, &text);
    read(&Vault::default(), &member_id, &text);
    let sealed_for = SealedFor { member_id: &member_id, purpose: SPILL_PURPOSE };
    let sealed = vault.seal(&Secret::new(text), sealed_for, nonce(input)).expect("there is a key");
    read(&vault, &member_id, sealed.as_str());

    for format in [BodyFormat::Form, BodyFormat::Json] {
        check_post(format, input, input);
    }
    let rest = b"&event=ONCRMDEALUPDATE&auth[member_id]=m&auth[application_token]=51856fefc120afa4b628cc82d3935cce";
    check_post(BodyFormat::Form, &[input, rest].concat(), input);
}

/// A key that is taken is the key of what was read from it.
fn check_key(text: &str) {
    if let Some((member_id, id)) = parse_key(text) {
        assert_eq!(key_of(&member_id, id), text);
    }
}

/// Opens a value. What is read is written and read again, the same; what is not read is refused without being quoted.
fn read(vault: &Vault, member_id: &MemberId, value: &str) {
    match open(vault, member_id, value) {
        Ok(append) => {
            let sealed = seal(vault, member_id, &append, [7; NONCE_BYTES]).expect("it opened, so there is a key");
            let again = open(vault, member_id, sealed.as_str()).expect("it was sealed a moment ago");
            assert_eq!(to_json(&again), to_json(&append));
        }
        Err(reason) => assert!(REASONS.contains(&reason.as_str()), "{reason}"),
    }
}

/// Spills the event of a body, if it is one. `chance` decides what else is left to chance.
fn check_post(format: BodyFormat, body: &[u8], chance: &[u8]) {
    let received_at = Timestamp::from_millis(1_734_608_349_512);
    let Ok(inbound) = InboundEvent::from_body(format, body) else {
        return;
    };
    let (Some(token), member_id) = (inbound.application_token(), inbound.member_id()) else {
        return;
    };
    let id = EventId::new(received_at, [nonce(chance)[0]; RANDOM_BYTES]);
    let event = normalize(&inbound, id, received_at);
    let Ok(json) = event.to_json() else {
        return;
    };
    let event = NewEvent { id, event_type: event.event_type, subject: event.subject, occurred_at: received_at, json };
    let append =
        Append { sha256: token.sha256(), event: std::rc::Rc::new(event), may_be_repeated: true, may_be_held: false };
    let (vault, other) = (vault(KEY), member("another-portal"));
    let sealed = seal(&vault, member_id, &append, nonce(chance)).expect("there is a key");
    let (key, value) = (key_of(member_id, id), sealed.as_str());

    assert_eq!(parse_key(&key), Some((member_id.clone(), id)));
    let opened = open(&vault, member_id, value).expect("it was sealed a moment ago");
    assert_eq!(to_json(&opened), to_json(&append), "it is not read as it was written");
    let opens_elsewhere = *member_id != other && open(&vault, &other, value).is_ok();
    assert!(!opens_elsewhere && open(&self::vault(OTHER_KEY), member_id, value).is_err(), "it opens for others");
    assert!(open(&vault, member_id, &changed(value, chance)).is_err(), "it opens though it was changed");

    // Outside the seal stand whose event it is and which, in the key, and what sealed it: the id of a key of the relay's.
    let (beginning, hidden) = value.rsplit_once('.').expect("it names its key");
    assert_eq!(beginning, own_beginning(), "something else is told of what is sealed");
    assert_eq!(hidden.len(), (4 * (to_json(&append).len() + SEAL_BYTES)).div_ceil(3), "all else is under the seal");
    let post =
        serde_json::to_value(read_body(format, body).expect("it has just been read")).expect("every tree is JSON");
    let mut tokens = tokens_of(&post, inbound.event_name());
    tokens.push(token.sha256().to_string());
    assert!(!tells(hidden, &tokens), "a token can be read in {value}");
}

/// How all that is sealed under the key begins.
fn own_beginning() -> String {
    let sealed_for = SealedFor { member_id: &member("m"), purpose: "nothing" };
    let nothing = vault(KEY).seal(&Secret::new(""), sealed_for, [0; NONCE_BYTES]).expect("there is a key");
    nothing.as_str().rsplit_once('.').expect("it names its key").0.to_owned()
}

/// The value with one character changed.
fn changed(value: &str, chance: &[u8]) -> String {
    let mut bytes = value.as_bytes().to_vec();
    let at =
        chance.iter().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte))) % bytes.len();
    bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
    String::from_utf8(bytes).expect("it is ASCII")
}

/// A nonce of its own for each input, as randomness would give.
fn nonce(input: &[u8]) -> [u8; NONCE_BYTES] {
    let hash = Secret::new(String::from_utf8_lossy(input)).sha256().to_string();
    hash.as_bytes().first_chunk().copied().expect("a hash is longer")
}

fn to_json(append: &Append) -> String {
    serde_json::to_string(append).expect("every event is JSON")
}

fn vault(key: &str) -> Vault {
    Vault::parse(key).expect("it is 32 bytes in base64")
}

fn member(text: &str) -> MemberId {
    MemberId::try_from(text).expect("it is plain text")
}
