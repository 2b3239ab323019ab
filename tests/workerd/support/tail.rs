//! A client of the live tail, as a browser's `EventSource` reads it.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::time::Duration;
use ureq::{Agent, BodyReader, http};

use super::api::ADMIN_TOKEN;
use super::worker::Relay;

/// Longest that a test reads one tail.
const TIMEOUT: Duration = Duration::from_mins(3);

/// One block of a tail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Where to resume.
    pub id: Option<i64>,
    /// The row of the log; a heartbeat has none.
    pub row: Option<Value>,
}

/// An open tail.
pub struct LiveTail {
    lines: std::io::Lines<BufReader<BodyReader<'static>>>,
}

impl LiveTail {
    /// Opens a tail; an error when the relay does not answer.
    pub fn open(url: &str, last_event_id: Option<i64>) -> Result<Self, ureq::Error> {
        let client: Agent = Agent::config_builder().timeout_global(Some(TIMEOUT)).build().into();
        let mut request = http::Request::get(url)
            .header("accept", "text/event-stream")
            .header("authorization", format!("Bearer {ADMIN_TOKEN}"));
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id.to_string());
        }
        let response = client.run(request.body(()).expect("the test writes valid requests"))?;
        let kind = response.headers().get("content-type").expect("it has one").to_str().expect("it is ASCII");
        assert_eq!(kind, "text/event-stream");
        Ok(Self { lines: BufReader::new(response.into_body().into_reader()).lines() })
    }

    /// The next block; nothing when the tail has ended, well or not.
    pub fn next(&mut self) -> Option<Block> {
        let mut block = Block::default();
        loop {
            let line = self.lines.next()?.ok()?;
            if let Some(id) = line.strip_prefix("id: ") {
                block.id = Some(id.parse().expect("an id is a place"));
            } else if let Some(data) = line.strip_prefix("data: ") {
                block.row = Some(serde_json::from_str(data).expect("data is JSON"));
            } else if line.is_empty() && block != Block::default() {
                return Some(block);
            }
        }
    }

    /// The next row, past heartbeats; nothing when the tail has ended.
    pub fn row(&mut self) -> Option<Value> {
        loop {
            if let Some(row) = self.next()?.row {
                return Some(row);
            }
        }
    }
}

impl Relay {
    /// Opens the tail of a portal behind a place.
    #[track_caller]
    pub fn tail(&self, member_id: &str, after: i64) -> LiveTail {
        let url = format!("http://{}/portals/{member_id}/events?after={after}", self.address());
        LiveTail::open(&url, None).expect("the relay answers")
    }
}
