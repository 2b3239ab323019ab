//! What the relay says of itself: lines of the log and data points. Every line of every test is compared with `docs/LOGGING.md`.

use super::ports::Ports;
use bitrix24_edge_relay::app::log_line::Level;
use bitrix24_edge_relay::app::ports::{Analytics, Log};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

const GUIDE: &str = include_str!("../../../docs/LOGGING.md");
/// What Workers Analytics Engine takes. <https://developers.cloudflare.com/analytics/analytics-engine/limits/>
const MAX_INDEX_BYTES: usize = 96;
const MAX_BLOB_BYTES: usize = 16 << 10;

/// What the guide says of a message.
#[derive(Debug)]
pub struct Documented {
    pub levels: BTreeSet<String>,
    pub fields: BTreeSet<String>,
}

/// Every message of the guide.
pub static DOCUMENTED: LazyLock<BTreeMap<String, Documented>> = LazyLock::new(|| {
    let rows = GUIDE.lines().filter_map(|line| line.strip_prefix("| ")).filter_map(|row| {
        let cells: Vec<&str> = row.splitn(4, " | ").collect();
        let [levels, message, fields, _] = cells.as_slice() else {
            return None;
        };
        let split = |text: &str| text.split(", ").map(|name| name.trim_matches('`').to_owned()).collect();
        let levels: BTreeSet<String> = split(levels);
        let is_row = levels.iter().all(|level| ["info", "warn", "error"].contains(&level.as_str()));
        is_row.then(|| (message.trim_matches('`').to_owned(), Documented { levels, fields: split(fields) }))
    });
    let rows: Vec<_> = rows.collect();
    let messages: BTreeMap<_, _> = rows.into_iter().collect();
    assert!(messages.len() > 40, "{messages:?}");
    messages
});

impl Log for Ports {
    fn log_level(&self) -> Level {
        let variables = self.world.variables.borrow();
        variables.get("LOG_LEVEL").and_then(|text| Level::parse(text).ok()).unwrap_or_default()
    }

    fn put_line(&self, level: Level, json: &str) {
        compare_with_guide(level, json);
        self.world.lines.borrow_mut().push(json.to_owned());
    }
}

impl Analytics for Ports {
    fn record(&self, index: &str, blobs: &[&str], doubles: &[i64]) {
        assert!(index.len() <= MAX_INDEX_BYTES && blobs.iter().map(|blob| blob.len()).sum::<usize>() <= MAX_BLOB_BYTES);
        self.world.points.borrow_mut().push(format!("{index} {} {doubles:?}", blobs.join("|")));
    }
}

fn compare_with_guide(level: Level, json: &str) {
    let line: Map<String, Value> = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(line["level"], level.as_str(), "{json}");
    let message = line["message"].as_str().expect("a line has a message");
    let documented = DOCUMENTED.get(message).unwrap_or_else(|| panic!("docs/LOGGING.md does not have {json}"));
    assert!(documented.levels.contains(level.as_str()), "docs/LOGGING.md has another level for {json}");
    let known = |name: &&String| ["level", "message"].contains(&name.as_str()) || documented.fields.contains(*name);
    let unknown: Vec<_> = line.keys().filter(|name| !known(name)).collect();
    assert!(unknown.is_empty(), "docs/LOGGING.md does not have the fields {unknown:?} of {json}");
}
