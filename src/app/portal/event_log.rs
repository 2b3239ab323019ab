//! The log of a portal: append-only, numbered without gaps.

use super::command::{LogQuery, LogStatus};
use crate::app::held_events::NewEvent;
use crate::app::ports::{PortError, Sql, SqlValue};
use crate::app::rows::{Row, integer, optional_text, text};
use crate::domain::event_id::EventId;
use crate::domain::held::CLOCK_SKEW_MILLIS;
use crate::domain::time::Timestamp;
use std::collections::BTreeMap;

/// Rows that one call looks at, so that a filter that fits nothing stays cheap.
pub const MAX_ROWS_LOOKED_AT: i64 = 5_000;
/// Rows that are searched for an event by its id: one that was held for a day stands as many events behind its time as were
/// logged on that day.
const MAX_ROWS_SEARCHED: i64 = 50_000;
/// Bytes of events that one call returns, so that 500 events of 1.9 MB each do not fill the memory of 128 MB. At least one
/// event is returned.
const MAX_PAGE_BYTES: i64 = 4 << 20;
/// Rows that are deleted in one go when their time is over.
pub const PRUNE_STEP: i64 = 500;
/// Rows that one statement writes: the platform lets it have 100 values, and there are two for all and six for each.
/// <https://developers.cloudflare.com/durable-objects/platform/limits/>
const ROWS_AT_ONCE: usize = 16;

/// What a row tells without its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Place in the log.
    pub seq: i64,
    /// Type without prefix.
    pub event_type: String,
    /// Subject.
    pub subject: Option<String>,
    /// Whether it came from a removed install, and is not to be forwarded.
    pub removed: bool,
    bytes: i64,
}

impl LogEntry {
    /// Length of the event's JSON.
    #[must_use]
    pub fn bytes(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }
}

/// An event of the log.
#[derive(Debug)]
pub struct StoredEvent {
    /// Its id.
    pub id: EventId,
    /// Its canonical JSON.
    pub json: String,
    /// When it was logged.
    pub logged_at: Timestamp,
}

const ENTRY_COLUMNS: &str = "seq, type, subject, removed, bytes";

fn entry(row: &Row) -> Result<LogEntry, PortError> {
    Ok(LogEntry {
        seq: integer(row, 0)?,
        event_type: text(row, 1)?.to_owned(),
        subject: optional_text(row, 2)?.map(str::to_owned),
        removed: integer(row, 3)? != 0,
        bytes: integer(row, 4)?,
    })
}

/// The place of the newest event, and when it was logged.
pub fn newest(sql: &impl Sql) -> Result<Option<(i64, Timestamp)>, PortError> {
    place_and_time(sql, "SELECT seq, logged_at FROM log ORDER BY seq DESC LIMIT 1")
}

/// The place of the oldest event, and when it was logged.
pub fn oldest(sql: &impl Sql) -> Result<Option<(i64, Timestamp)>, PortError> {
    place_and_time(sql, "SELECT seq, logged_at FROM log ORDER BY seq LIMIT 1")
}

fn place_and_time(sql: &impl Sql, query: &str) -> Result<Option<(i64, Timestamp)>, PortError> {
    sql.query(query, &[])?
        .first()
        .map(|row| Ok((integer(row, 0)?, Timestamp::from_millis(integer(row, 1)?))))
        .transpose()
}

/// The extent of the log.
pub fn status(sql: &impl Sql) -> Result<LogStatus, PortError> {
    let place = |found: Option<(i64, Timestamp)>| found.map_or(0, |(seq, _)| seq);
    Ok(LogStatus { first_seq: place(oldest(sql)?), last_seq: place(newest(sql)?) })
}

/// Writes events at a place and those behind it, with whether each came from a removed install. One row written for each; a statement
/// for many of them costs little more than for one.
pub fn append(sql: &impl Sql, first: i64, events: &[(&NewEvent, bool)], now: Timestamp) -> Result<(), PortError> {
    let firsts = (first..).step_by(ROWS_AT_ONCE);
    for (first, events) in firsts.zip(events.chunks(ROWS_AT_ONCE)) {
        let rows: Vec<String> = (0..events.len()).map(|at| format!("(?1 + {at}, ?2, ?, ?, ?, ?, ?, ?)")).collect();
        let columns = "seq, logged_at, id, type, subject, removed, bytes, event";
        let insert = format!("INSERT INTO log ({columns}) VALUES {}", rows.join(", "));
        let mut values: Vec<SqlValue> = vec![first.into(), now.as_millis().into()];
        for (event, removed) in events {
            values.extend([
                event.id.to_string().into(),
                event.event_type.as_str().into(),
                event.subject.as_deref().into(),
                i64::from(*removed).into(),
                i64::try_from(event.json.len()).unwrap_or(i64::MAX).into(),
                event.json.as_str().into(),
            ]);
        }
        sql.query(&insert, &values)?;
    }
    Ok(())
}

/// Writes a row that is there once more, so that the answer waits until it is durable: a commit that failed may have left it in
/// the file, but not for good. `SQLite` writes nothing where nothing changes, so it is changed there and back.
pub fn write_again(sql: &impl Sql, seq: i64) -> Result<(), PortError> {
    sql.query("UPDATE log SET bytes = bytes + 1 WHERE seq = ?", &[seq.into()])?;
    sql.query("UPDATE log SET bytes = bytes - 1 WHERE seq = ?", &[seq.into()]).map(drop)
}

/// The place of an event that was appended within the last moments, if it was.
pub fn find_recent(sql: &impl Sql, id: EventId, head: i64) -> Result<Option<i64>, PortError> {
    Ok(find_all_recent(sql, &[id], head)?.remove(&id))
}

/// The places of those of some events that were appended within the last moments. One look for all of them, from the newest backwards
/// until all are found, or the rows are older than the first of them can be.
pub fn find_all_recent(sql: &impl Sql, ids: &[EventId], head: i64) -> Result<BTreeMap<EventId, i64>, PortError> {
    let mut found = BTreeMap::new();
    let Some(received_at) = ids.iter().map(|id| id.received_at()).min() else {
        return Ok(found);
    };
    let oldest = received_at.plus_millis(-CLOCK_SKEW_MILLIS).as_millis();
    let mut wanted: BTreeMap<String, EventId> = ids.iter().map(|id| (id.to_string(), *id)).collect();
    let mut before = head + 1;
    loop {
        let arguments = [before.into(), PRUNE_STEP.into()];
        let query = "SELECT seq, id, logged_at FROM log WHERE seq < ? ORDER BY seq DESC LIMIT ?";
        let rows = sql.query(query, &arguments)?;
        for row in &rows {
            before = integer(row, 0)?;
            if let Some(id) = wanted.remove(text(row, 1)?) {
                found.insert(id, before);
            }
            if wanted.is_empty() || integer(row, 2)? < oldest {
                return Ok(found);
            }
        }
        if rows.is_empty() {
            return Ok(found);
        }
    }
}

/// The place of an event that was appended within so many milliseconds after it was received, if it was.
pub fn find_soon(sql: &impl Sql, id: EventId, within_millis: i64) -> Result<Option<i64>, PortError> {
    let received_at = id.received_at();
    let first = last_before(sql, received_at.plus_millis(-CLOCK_SKEW_MILLIS))?;
    // Where the clock stepped back, what came then bears the time of what stood before it.
    let last =
        last_before(sql, received_at.plus_millis(within_millis))?.clamp(first + PRUNE_STEP, first + MAX_ROWS_SEARCHED);
    let arguments = [first.into(), last.into(), id.to_string().into()];
    let rows = sql.query("SELECT seq FROM log WHERE seq > ? AND seq <= ? AND id = ? LIMIT 1", &arguments)?;
    rows.first().map(|row| integer(row, 0)).transpose()
}

/// The next entries behind a place.
pub fn entries_behind(sql: &impl Sql, after: i64, limit: u32) -> Result<Vec<LogEntry>, PortError> {
    let query = format!("SELECT {ENTRY_COLUMNS} FROM log WHERE seq > ? ORDER BY seq LIMIT ?");
    sql.query(&query, &[after.into(), i64::from(limit).into()])?.iter().map(entry).collect()
}

/// The events from one place to another, by their places. One is missing where its row is not there, or is not what was written.
pub fn events(sql: &impl Sql, first: i64, last: i64) -> Result<BTreeMap<i64, StoredEvent>, PortError> {
    let query = "SELECT seq, id, event, logged_at FROM log WHERE seq BETWEEN ? AND ?";
    let read = |row: &Row| {
        let id = EventId::try_from(text(row, 1).ok()?).ok()?;
        let logged_at = Timestamp::from_millis(integer(row, 3).ok()?);
        Some((integer(row, 0).ok()?, StoredEvent { id, json: text(row, 2).ok()?.to_owned(), logged_at }))
    };
    Ok(sql.query(query, &[first.into(), last.into()])?.iter().filter_map(read).collect())
}

/// One of them.
pub fn event(sql: &impl Sql, seq: i64) -> Result<Option<StoredEvent>, PortError> {
    Ok(events(sql, seq, seq)?.remove(&seq))
}

/// The entries that a query asks for, and the last place that was looked at.
pub fn select(sql: &impl Sql, query: &LogQuery) -> Result<(Vec<LogEntry>, i64), PortError> {
    let mut next = match query.since {
        Some(since) => query.after.max(last_before(sql, since)?),
        None => query.after,
    };
    let mut entries = Vec::new();
    let (mut looked_at, mut bytes) = (0, 0);
    while looked_at < MAX_ROWS_LOOKED_AT {
        let statement = format!("SELECT {ENTRY_COLUMNS} FROM log WHERE seq > ? ORDER BY seq LIMIT ?");
        let step = if query.event_type.is_none() && query.subject.is_none() { query.limit.into() } else { PRUNE_STEP };
        let rows = sql.query(&statement, &[next.into(), step.into()])?;
        for row in &rows {
            let entry = entry(row)?;
            let fits = query.event_type.as_ref().is_none_or(|glob| glob.matches(&entry.event_type))
                && query.subject.as_ref().is_none_or(|subject| entry.subject.as_ref() == Some(subject));
            if fits && !entries.is_empty() && bytes + entry.bytes > MAX_PAGE_BYTES {
                return Ok((entries, next));
            }
            next = entry.seq;
            looked_at += 1;
            if fits {
                bytes += entry.bytes;
                entries.push(entry);
            }
            if entries.len() >= query.limit as usize || looked_at >= MAX_ROWS_LOOKED_AT {
                return Ok((entries, next));
            }
        }
        if i64::try_from(rows.len()).unwrap_or(i64::MAX) < step {
            break;
        }
    }
    Ok((entries, next))
}

/// The place of an event that is kept. It was logged when it was received, or later where it was held: so it is looked for from
/// the time of its id on, among so many events. Of one that waited in KV it is known.
pub fn find(sql: &impl Sql, id: EventId) -> Result<Option<i64>, PortError> {
    let drained =
        "SELECT log.seq FROM drained JOIN log ON log.seq = drained.seq WHERE drained.id = ? AND log.id = drained.id";
    if let Some(row) = sql.query(drained, &[id.to_string().into()])?.first() {
        return integer(row, 0).map(Some);
    }
    let mut after = last_before(sql, id.received_at().plus_millis(-CLOCK_SKEW_MILLIS))?;
    let id = id.to_string();
    for _ in 0..MAX_ROWS_SEARCHED / PRUNE_STEP {
        let query = "SELECT seq, id FROM log WHERE seq > ? ORDER BY seq LIMIT ?";
        let rows = sql.query(query, &[after.into(), PRUNE_STEP.into()])?;
        for row in &rows {
            after = integer(row, 0)?;
            if text(row, 1)? == id {
                return Ok(Some(after));
            }
        }
        if rows.is_empty() {
            break;
        }
    }
    Ok(None)
}

/// The id of an event that is kept.
pub fn id(sql: &impl Sql, seq: i64) -> Result<Option<String>, PortError> {
    let rows = sql.query("SELECT id FROM log WHERE seq = ?", &[seq.into()])?;
    rows.first().map(|row| text(row, 0).map(str::to_owned)).transpose()
}

/// The last place that was logged before a time, found by halving: `logged_at` never falls as `seq` grows.
pub fn last_before(sql: &impl Sql, time: Timestamp) -> Result<i64, PortError> {
    let extent = status(sql)?;
    last_before_within(sql, time, extent.first_seq - 1, extent.last_seq)
}

/// The same, where it is known to be one of these places.
pub fn last_before_within(sql: &impl Sql, time: Timestamp, mut low: i64, mut high: i64) -> Result<i64, PortError> {
    while low < high {
        let middle = low + (high - low + 1) / 2;
        let rows = sql.query("SELECT logged_at FROM log WHERE seq = ?", &[middle.into()])?;
        let logged_at = rows.first().map_or(Ok(0), |row| integer(row, 0))?;
        if logged_at < time.as_millis() {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Ok(low)
}

/// When the first event behind a place was logged.
pub fn logged_behind(sql: &impl Sql, seq: i64) -> Result<Option<Timestamp>, PortError> {
    let rows = sql.query("SELECT logged_at FROM log WHERE seq > ? ORDER BY seq LIMIT 1", &[seq.into()])?;
    rows.first().map(|row| integer(row, 0).map(Timestamp::from_millis)).transpose()
}

/// The first and the last of the oldest events that were logged before a time, up to a place at most: a bounded number, and no more
/// than it takes to free so many bytes.
pub fn prunable(sql: &impl Sql, before: Timestamp, up_to: i64, bytes: i64) -> Result<Option<(i64, i64)>, PortError> {
    let arguments = [up_to.into(), PRUNE_STEP.into()];
    let rows = sql.query("SELECT seq, logged_at, bytes FROM log WHERE seq <= ? ORDER BY seq LIMIT ?", &arguments)?;
    let (mut range, mut freed) = (None, 0);
    for row in &rows {
        let (seq, logged_at) = (integer(row, 0)?, integer(row, 1)?);
        if freed >= bytes || logged_at >= before.as_millis() {
            break;
        }
        range = Some((range.map_or(seq, |(first, _)| first), seq));
        freed += integer(row, 2)?;
    }
    Ok(range)
}

/// Deletes the events up to a place.
pub fn delete_up_to(sql: &impl Sql, seq: i64) -> Result<(), PortError> {
    sql.query("DELETE FROM log WHERE seq <= ?", &[seq.into()]).map(drop)
}

/// Erases what an event says; its place stays taken, and it is forwarded to nobody: a destination that the variables name again may
/// not have got it yet.
pub fn empty(sql: &impl Sql, seq: i64) -> Result<(), PortError> {
    let update = "UPDATE log SET event = '{}', subject = NULL, removed = 1, bytes = 2 WHERE seq = ?";
    sql.query(update, &[seq.into()]).map(drop)
}
