//! The facts about Bitrix24 that the tests stand on: `tests/fixtures/bitrix`.

use bitrix24_edge_relay::domain::body::{BodyFormat, ReadError, read_body};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::path::PathBuf;

/// An event of the catalogue.
#[derive(Deserialize)]
pub struct CatalogueEntry {
    pub event: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub verb: String,
    pub id_paths: Vec<String>,
}

/// A documented POST as PHP encodes it, and PHP's reading of that.
#[derive(Deserialize)]
pub struct WirePayload {
    pub event: String,
    pub body: String,
    pub parsed: Value,
}

/// A documented POST as the documentation shows it.
#[derive(Deserialize)]
pub struct DocumentedEvent {
    pub event: String,
    pub payload: Box<RawValue>,
}

/// A body off the beaten track, and PHP's reading of it.
#[derive(Deserialize)]
pub struct EdgeCase {
    pub case: String,
    /// What was encoded, where the case is about encoding.
    pub value: Option<Box<RawValue>>,
    pub body: String,
    pub parsed: Value,
}

/// A real POST that was seen.
#[derive(Deserialize)]
pub struct Capture {
    pub kind: String,
    pub body: String,
}

pub fn catalogue() -> Vec<CatalogueEntry> {
    read("event-catalogue.json")
}

pub fn wire_payloads() -> Vec<WirePayload> {
    read("wire-payloads.json")
}

pub fn documented_events() -> Vec<DocumentedEvent> {
    read("documented-events.json")
}

pub fn edge_cases() -> Vec<EdgeCase> {
    read("wire-edge-cases.json")
}

pub fn captures() -> Vec<Capture> {
    #[derive(Deserialize)]
    struct Captures {
        captures: Vec<Capture>,
    }
    read::<Captures>("wire-captures.json").captures
}

/// The relay's reading of a body.
pub fn reading(format: BodyFormat, body: &[u8]) -> Result<Value, ReadError> {
    read_body(format, body).map(|tree| serde_json::to_value(tree).expect("every tree is JSON"))
}

/// A file under `tests/fixtures`.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn read<T: for<'de> Deserialize<'de>>(name: &str) -> T {
    let text = std::fs::read_to_string(path("bitrix").join(name)).expect("the fixture is there");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}
