//! Takes in events that waited in KV while this object could not be reached. However often and however late one comes, it is taken
//! once.

use super::command::{Append, PortalReply};
use super::intake::Unwritten;
use super::{Memory, Portal, event_log};
use crate::app::log_line::{Level, LogLine};
use crate::app::ports::{PortError, PortalRuntime};
use crate::app::rows::optional_integer;
use crate::domain::event_id::{EventId, RANDOM_BYTES};
use crate::domain::install::{Judgement, judge};
use crate::domain::time::Timestamp;

/// What was taken in so: where it was logged, or nothing where it is held. A row for each, since such an event may come again
/// at any time, and be logged by then at any place.
pub const CREATE_DRAINED: &str = "CREATE TABLE drained (id TEXT PRIMARY KEY, seq INTEGER) WITHOUT ROWID";

/// How long after its receipt an event may still be logged by a call that the Worker gave up, in milliseconds: far longer than
/// the platform keeps a call whose caller is gone.
const STRAY_MILLIS: i64 = 120_000;
/// How long it is remembered what was taken in, in milliseconds: a day longer than KV keeps it.
const REMEMBERED_MILLIS: i64 = 8 * 86_400_000;
/// Rows that one call forgets at most.
const FORGET_STEP: i64 = 500;

#[derive(Default)]
struct Counts {
    logged: usize,
    held: usize,
    refused: usize,
}

impl<R: PortalRuntime> Portal<R> {
    /// Logs each event whose token was believed when it was received, and holds what was not registered; both at the end, in the
    /// order in which they are given.
    pub(super) async fn drain(&self, spilled: Vec<Append>, now: Timestamp) -> Result<PortalReply, PortError> {
        let (counts, logged) = {
            let mut memory = self.memory.borrow_mut();
            let Some(memory) = memory.as_mut().filter(|memory| !memory.registration.tokens.is_empty()) else {
                return Ok(PortalReply::UnknownPortal);
            };
            // Where this fails, the caller throws memory away, which is out of date by then.
            let before = memory.head;
            let counts = self.runtime.transaction(|| self.drain_all(memory, spilled, now))?;
            (counts, before + 1..=memory.head)
        };
        if !logged.is_empty() {
            // No await stands between the inserts and this call: all are committed together.
            self.look_after_log(&logged, now).await?;
        }
        if counts.held > 0 {
            self.rearm().await?;
        }
        Ok(PortalReply::Drained { logged: counts.logged, held: counts.held, refused: counts.refused })
    }

    fn drain_all(&self, memory: &mut Memory, spilled: Vec<Append>, now: Timestamp) -> Result<Counts, PortError> {
        let (mut counts, mut unwritten) = (Counts::default(), Unwritten::new());
        for append in spilled {
            let id = append.event.id;
            if self.has_taken(id)? {
                continue;
            }
            let seq = match judge(&memory.registration.tokens, &append.sha256, id.received_at()) {
                Judgement::Revoked => {
                    let line = LogLine::new(Level::Warn, "spilled event refused");
                    let line =
                        line.with("member_id", memory.registration.member_id.as_str()).with("id", id.to_string());
                    self.runtime.write(line.with("sha256", append.sha256.to_string()));
                    counts.refused += 1;
                    continue;
                }
                Judgement::Unregistered => {
                    self.hold(memory, &append, now)?;
                    counts.held += 1;
                    None
                }
                Judgement::Accept(kind) => Some(self.log_believed(memory, &mut unwritten, append, Some(kind), now)?),
                Judgement::AcceptRemoved => Some(self.log_believed(memory, &mut unwritten, append, None, now)?),
            };
            counts.logged += usize::from(seq.is_some());
            self.note(id, seq)?;
        }
        self.write(memory, &mut unwritten, now)?;
        self.forget_drained(now)?;
        Ok(counts)
    }

    /// Whether an event was taken in before, or logged by the call that the Worker gave up. It is noted once more then.
    fn has_taken(&self, id: EventId) -> Result<bool, PortError> {
        let rows = self.runtime.query("SELECT seq FROM drained WHERE id = ?", &[id.to_string().into()])?;
        let seq = match rows.first() {
            Some(row) => optional_integer(row, 0)?,
            None => match event_log::find_soon(&self.runtime, id, STRAY_MILLIS)? {
                None => return Ok(false),
                seq => seq,
            },
        };
        self.note(id, seq)?;
        Ok(true)
    }

    /// Notes that an event was taken in, anew where that is known: the answer, upon which it is deleted from KV, waits until this is
    /// durable.
    fn note(&self, id: EventId, seq: Option<i64>) -> Result<(), PortError> {
        self.runtime.query("DELETE FROM drained WHERE id = ?", &[id.to_string().into()])?;
        let values = [id.to_string().into(), seq.into()];
        self.runtime.query("INSERT INTO drained (id, seq) VALUES (?, ?)", &values).map(drop)
    }

    /// An id begins with its time, so the oldest stand first.
    fn forget_drained(&self, now: Timestamp) -> Result<(), PortError> {
        let oldest = EventId::new(now.plus_millis(-REMEMBERED_MILLIS), [0; RANDOM_BYTES]);
        let delete = "DELETE FROM drained WHERE id IN (SELECT id FROM drained WHERE id < ? ORDER BY id LIMIT ?)";
        self.runtime.query(delete, &[oldest.to_string().into(), FORGET_STEP.into()]).map(drop)
    }
}
