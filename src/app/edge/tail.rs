//! The live tail: server-sent events, one for each event of the log.
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use super::log_reader::LogReader;
use crate::app::portal::command::{LogQuery, LoggedEvent};
use crate::app::ports::{EdgeRuntime, Feed};
use crate::domain::member_id::MemberId;
use crate::domain::problem::Problem;
use crate::domain::time::Timestamp;
use std::fmt::Write;

/// Longest silence, in milliseconds. Proxies cut connections that are silent for a minute; half of the shortest usual limit.
const HEARTBEAT_MILLIS: i64 = 15_000;
/// How long a tail is held, in milliseconds: an hour, after which the client comes back and shows its token again. A token
/// that was taken away therefore reads on for an hour at most.
const MAX_TAIL_MILLIS: i64 = 3_600_000;
/// When a client whose tail ended comes back, in milliseconds.
const RECONNECT_MILLIS: i64 = 1_000;
/// Events that are read from the log at once. Few, since each is kept until the client took it.
const PAGE: u32 = 100;

/// A tail on its way to a client.
pub struct Tail<F> {
    reader: LogReader<F>,
    /// What is to be sent before anything else.
    first: Option<String>,
    ends_at: Timestamp,
}

impl<F: Feed> Tail<F> {
    /// Opens a tail. Whatever can be wrong with the question is known before the first byte is sent.
    pub async fn open(
        runtime: &impl EdgeRuntime<Feed = F>,
        member_id: MemberId,
        query: LogQuery,
    ) -> Result<Self, Problem> {
        let mut reader = LogReader::new(member_id, LogQuery { limit: PAGE, ..query });
        let page = reader.read(runtime).await?;
        reader.follow(runtime).await?;
        let first = format!("retry: {RECONNECT_MILLIS}\n\n{}", to_text(&page.events));
        Ok(Self { reader, first: Some(first), ends_at: runtime.now().plus_millis(MAX_TAIL_MILLIS) })
    }

    /// The next text to send, as soon as there is one; nothing at the end. The client then resumes behind the last `id` that
    /// it saw.
    pub async fn next(&mut self, runtime: &impl EdgeRuntime<Feed = F>) -> Option<String> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let now = runtime.now();
        if now >= self.ends_at {
            return None;
        }
        // What went wrong is in the log, and the client can only come back.
        let events = self.reader.next(runtime, now.plus_millis(HEARTBEAT_MILLIS)).await.ok()?;
        if events.is_empty() {
            // An `id` without data moves the place to resume from past what the filter left out, however much that is.
            return Some(format!(":\nid: {}\n\n", self.reader.position()));
        }
        Some(to_text(&events))
    }
}

/// The events in the format of server-sent events. An event is one line: it was written by `serde_json`.
fn to_text(events: &[LoggedEvent]) -> String {
    let mut text = String::new();
    for logged in events {
        // An event of the log is JSON already, so it always serializes; and writing to a string cannot fail.
        if let Ok(json) = serde_json::to_string(logged) {
            write!(text, "id: {}\ndata: {json}\n\n", logged.seq).unwrap_or_default();
        }
    }
    text
}
