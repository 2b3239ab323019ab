//! What storage knows of deliveries: how far each destination is, and the deliveries that did not go well at once.

use crate::app::ports::{PortError, Sql};
use crate::app::rows::{Row, integer, optional_integer, optional_text, text};
use crate::domain::delivery::circuit::Open;
use crate::domain::delivery::queue::{Change, Entry};
use crate::domain::delivery::tally::Tally;
use crate::domain::delivery::thing::{Thing, is_update};
use crate::domain::time::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Attempts that are kept of one delivery; the oldest goes first.
const MAX_ATTEMPTS_KEPT: i64 = 20;

/// What a destination that a person paused says.
pub const PAUSED_BY_OPERATOR: &str = "paused by the operator";

/// Whether a pause ends when the destination is somewhere else now: the old place asked for it, and no person.
#[must_use]
pub fn ends_by_move(reason: &str) -> bool {
    reason != PAUSED_BY_OPERATOR
}

/// A row of `destination`.
#[derive(Clone, Debug)]
pub struct DestinationRow {
    /// The destination.
    pub name: String,
    /// Every event up to this one was delivered, or has a row of its own.
    pub cursor: i64,
    /// SHA-256 of where it is, since a URL may hold a secret.
    pub target: String,
    /// Why it is open, if the circuit is.
    pub circuit: Option<Open>,
    /// Why it is paused, if it is.
    pub paused: Option<String>,
    /// What became of its deliveries.
    pub tally: Tally,
}

/// An undelivered event that has a row.
#[derive(Clone, Debug)]
pub struct OpenRow {
    /// The event.
    pub entry: Entry,
    /// Attempts made.
    pub attempts: u32,
    /// When the next one is due; absent where it waits for an earlier event of its thing.
    pub due_at: Option<Timestamp>,
}

/// One attempt, as it is kept.
#[derive(Serialize)]
struct Attempt<'a> {
    #[serde(rename = "attempt")]
    number: u32,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// A destination in storage, if it is there.
pub fn load(sql: &impl Sql, name: &str) -> Result<Option<DestinationRow>, PortError> {
    let query = "SELECT name, cursor, target, circuit, paused, tally FROM destination WHERE name = ?";
    sql.query(query, &[name.into()])?.first().map(read_destination).transpose()
}

fn read_destination(row: &Row) -> Result<DestinationRow, PortError> {
    let circuit = optional_text(row, 3)?.map(serde_json::from_str).transpose();
    let tally = optional_text(row, 5)?.map(Tally::from_json).transpose();
    Ok(DestinationRow {
        name: text(row, 0)?.to_owned(),
        cursor: integer(row, 1)?,
        target: text(row, 2)?.to_owned(),
        circuit: circuit.map_err(|error| PortError::new("destination.read", &error))?,
        paused: optional_text(row, 4)?.map(str::to_owned),
        tally: tally.map_err(|error| PortError::new("destination.read", &error))?.unwrap_or_default(),
    })
}

/// Writes how a destination stands. One row written.
pub fn save(sql: &impl Sql, row: &DestinationRow) -> Result<(), PortError> {
    let circuit = row.circuit.as_ref().map(serde_json::to_string).transpose();
    let tally = (!row.tally.totals.are_none()).then(|| tally_json(&row.tally)).transpose()?;
    let values = [
        row.name.as_str().into(),
        row.cursor.into(),
        row.target.as_str().into(),
        circuit.map_err(|error| PortError::new("destination.write", &error))?.into(),
        row.paused.as_deref().into(),
        tally.into(),
    ];
    let upsert = "INSERT INTO destination (name, cursor, target, circuit, paused, tally) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (name) DO UPDATE
        SET cursor = excluded.cursor, target = excluded.target, circuit = excluded.circuit, paused = excluded.paused,
            tally = excluded.tally";
    sql.query(upsert, &values).map(drop)
}

fn tally_json(tally: &Tally) -> Result<String, PortError> {
    serde_json::to_string(tally).map_err(|error| PortError::new("tally.write", &error))
}

/// The latest of the counts that ride in the rows of deliveries of events behind a place.
pub fn latest_tally(sql: &impl Sql, destination: &str, seq: i64) -> Result<Option<Tally>, PortError> {
    let query = "SELECT tally FROM delivery WHERE destination = ? AND seq > ? AND tally IS NOT NULL
        ORDER BY outcomes DESC LIMIT 1";
    let rows = sql.query(query, &[destination.into(), seq.into()])?;
    let tally = rows.first().map(|row| text(row, 0)).transpose()?.map(Tally::from_json).transpose();
    tally.map_err(|error| PortError::new("tally.read", &error))
}

/// The undelivered events that have a row. Left to itself, `SQLite` looks through all rows of the destination, and most are of what is
/// done.
pub fn open(sql: &impl Sql, destination: &str) -> Result<Vec<OpenRow>, PortError> {
    let query = "SELECT delivery.seq, attempts, due_at, type, subject, bytes
        FROM delivery INDEXED BY delivery_by_state LEFT JOIN log ON log.seq = delivery.seq
        WHERE state IN ('retrying', 'waiting') AND destination = ? ORDER BY delivery.seq";
    let read = |row: &Row| {
        let event_type = optional_text(row, 3)?.unwrap_or_default();
        Ok(OpenRow {
            entry: Entry {
                seq: integer(row, 0)?,
                thing: Thing::of(event_type, optional_text(row, 4)?),
                is_update: is_update(event_type),
                bytes: usize::try_from(optional_integer(row, 5)?.unwrap_or(0)).unwrap_or(usize::MAX),
            },
            attempts: u32::try_from(integer(row, 1)?).unwrap_or(u32::MAX),
            due_at: optional_integer(row, 2)?.map(Timestamp::from_millis),
        })
    };
    sql.query(query, &[destination.into()])?.iter().map(read).collect()
}

/// The events behind a place that have a row that says that they are done.
pub fn done_behind(sql: &impl Sql, destination: &str, seq: i64) -> Result<Vec<i64>, PortError> {
    let query = "SELECT seq FROM delivery
        WHERE destination = ? AND seq > ? AND state NOT IN ('retrying', 'waiting') ORDER BY seq";
    sql.query(query, &[destination.into(), seq.into()])?.iter().map(|row| integer(row, 0)).collect()
}

/// Writes a change down, and in its row the counts, where they are given.
pub fn apply(
    sql: &impl Sql,
    destination: &str,
    change: &Change,
    tally: Option<&Tally>,
    now: Timestamp,
) -> Result<(), PortError> {
    let place = |seq: &i64| [destination.into(), (*seq).into()];
    match change {
        Change::Waiting { seq } => {
            let insert = "INSERT OR REPLACE INTO delivery (destination, seq, state, attempts, error)
                VALUES (?, ?, 'waiting', 0, '')";
            sql.query(insert, &place(seq)).map(drop)
        }
        Change::Retrying { seq, attempts, due_at, error } => {
            note(sql, destination, *seq, "retrying", *attempts, Some(*due_at), Some(error), tally, now)
        }
        Change::Failed { seq, attempts, error } => {
            note(sql, destination, *seq, "failed", *attempts, None, Some(error), tally, now)
        }
        Change::Delivered { seq, attempts } => {
            note(sql, destination, *seq, "delivered", *attempts, None, None, tally, now)
        }
        Change::Superseded { seq, has_note: true } => {
            let update = "UPDATE delivery SET state = 'superseded', due_at = NULL WHERE destination = ? AND seq = ?";
            sql.query(update, &place(seq)).map(drop)
        }
        // It is written with the position that passes it.
        Change::Superseded { has_note: false, .. } => Ok(()),
        Change::Rewound { seq } => {
            sql.query("DELETE FROM delivery WHERE destination = ? AND seq >= ?", &place(seq))?;
            unsupersede_from(sql, destination, *seq)
        }
    }
}

/// Notes an attempt and what came of it.
#[expect(clippy::too_many_arguments, reason = "each is a column")]
fn note(
    sql: &impl Sql,
    destination: &str,
    seq: i64,
    state: &str,
    attempts: u32,
    due_at: Option<Timestamp>,
    error: Option<&str>,
    tally: Option<&Tally>,
    now: Timestamp,
) -> Result<(), PortError> {
    let attempt = Attempt { number: attempts, at: now.to_rfc3339_millis(), error };
    let attempt = serde_json::to_string(&attempt).map_err(|error| PortError::new("delivery.write", &error))?;
    let values = [
        destination.into(),
        seq.into(),
        state.into(),
        i64::from(attempts).into(),
        due_at.map(Timestamp::as_millis).into(),
        error.unwrap_or_default().into(),
        attempt.into(),
        MAX_ATTEMPTS_KEPT.into(),
        tally.map(tally_json).transpose()?.into(),
        tally.map(|tally| tally.totals.outcomes()).into(),
    ];
    let upsert = "INSERT INTO delivery (destination, seq, state, attempts, due_at, error, history, tally, outcomes)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, json_array(json(?7)), ?9, ?10)
        ON CONFLICT (destination, seq) DO UPDATE
        SET state = ?3, attempts = ?4, due_at = ?5, error = ?6, tally = ?9, outcomes = ?10, history = json_insert(
            CASE WHEN json_array_length(history) < ?8 THEN history ELSE json_remove(history, '$[0]') END,
            '$[#]', json(?7))";
    sql.query(upsert, &values).map(drop)
}

/// Writes down which events were made obsolete, in one row.
pub fn save_superseded(sql: &impl Sql, destination: &str, seqs: &BTreeSet<i64>) -> Result<(), PortError> {
    let (Some(first), Some(last)) = (seqs.first(), seqs.last()) else {
        return Ok(());
    };
    let json = serde_json::to_string(seqs).map_err(|error| PortError::new("superseded.write", &error))?;
    let values = [destination.into(), (*first).into(), (*last).into(), json.into()];
    let insert = "INSERT OR REPLACE INTO superseded (destination, first, last, seqs) VALUES (?, ?, ?, ?)";
    sql.query(insert, &values).map(drop)
}

/// Which events of a range were made obsolete, apart from those that have a row of their own.
pub fn superseded(sql: &impl Sql, destination: &str, from: i64, to: i64) -> Result<BTreeSet<i64>, PortError> {
    // No two rows overlap, so what begins before the newest one that begins up to here ends before it too.
    let query = "SELECT seqs FROM superseded WHERE destination = ?1 AND first <= ?3 AND last >= ?2 AND first >= (
            SELECT IFNULL(MAX(first), ?2) FROM superseded WHERE destination = ?1 AND first <= ?2
        )";
    let rows = sql.query(query, &[destination.into(), from.into(), to.into()])?;
    let mut found = BTreeSet::new();
    for row in &rows {
        let seqs: Vec<i64> =
            serde_json::from_str(text(row, 0)?).map_err(|error| PortError::new("superseded.read", &error))?;
        found.extend(seqs.into_iter().filter(|seq| (from..=to).contains(seq)));
    }
    Ok(found)
}

/// Forgets which events from a place on were made obsolete.
fn unsupersede_from(sql: &impl Sql, destination: &str, seq: i64) -> Result<(), PortError> {
    let query = "SELECT IFNULL(MAX(first), ?2) FROM superseded WHERE destination = ?1 AND first < ?2";
    let cut = sql.query(query, &[destination.into(), seq.into()])?;
    let first = cut.first().map_or(Ok(seq), |row| integer(row, 0))?;
    let earlier = superseded(sql, destination, first, seq - 1)?;
    sql.query("DELETE FROM superseded WHERE destination = ? AND first >= ?", &[destination.into(), first.into()])?;
    save_superseded(sql, destination, &earlier)
}

/// The states of the events of a range that have a row.
pub fn states(sql: &impl Sql, destination: &str, from: i64, to: i64) -> Result<BTreeMap<i64, String>, PortError> {
    let query = "SELECT seq, state FROM delivery WHERE destination = ? AND seq BETWEEN ? AND ?";
    let rows = sql.query(query, &[destination.into(), from.into(), to.into()])?;
    rows.iter().map(|row| Ok((integer(row, 0)?, text(row, 1)?.to_owned()))).collect()
}

/// What is on record of one delivery.
#[derive(Clone, Debug)]
pub struct Noted {
    /// Attempts made.
    pub attempts: u32,
    /// When the next one is due.
    pub due_at: Option<Timestamp>,
    /// What the last failure was; empty where the last attempt went well.
    pub error: String,
    /// JSON list of the last attempts.
    pub history: String,
}

/// What is on record of a delivery, if anything is.
pub fn noted(sql: &impl Sql, destination: &str, seq: i64) -> Result<Option<Noted>, PortError> {
    let query = "SELECT attempts, due_at, error, history FROM delivery WHERE destination = ? AND seq = ?";
    let read = |row: &Row| {
        Ok(Noted {
            attempts: u32::try_from(integer(row, 0)?).unwrap_or(u32::MAX),
            due_at: optional_integer(row, 1)?.map(Timestamp::from_millis),
            error: text(row, 2)?.to_owned(),
            history: text(row, 3)?.to_owned(),
        })
    };
    sql.query(query, &[destination.into(), seq.into()])?.first().map(read).transpose()
}

/// How many deliveries are in a state.
pub fn count(sql: &impl Sql, destination: &str, state: &str) -> Result<i64, PortError> {
    let query = "SELECT COUNT(*) FROM delivery WHERE state = ? AND destination = ?";
    sql.query(query, &[state.into(), destination.into()])?.first().map_or(Ok(0), |row| integer(row, 0))
}

/// What went wrong with the newest event that failed, or waits for another attempt.
pub fn last_error(sql: &impl Sql, destination: &str) -> Result<Option<String>, PortError> {
    let query = "SELECT error FROM delivery WHERE destination = ?1 AND seq = MAX(
            IFNULL((SELECT MAX(seq) FROM delivery WHERE state = 'failed' AND destination = ?1), 0),
            IFNULL((SELECT MAX(seq) FROM delivery WHERE state = 'retrying' AND destination = ?1), 0)
        )";
    sql.query(query, &[destination.into()])?.first().map(|row| text(row, 0).map(str::to_owned)).transpose()
}

/// Forgets the deliveries of events up to a place, which are gone. Their keys begin with the destination.
pub fn delete_up_to(sql: &impl Sql, seq: i64) -> Result<(), PortError> {
    let of_all = "destination IN (SELECT name FROM destination)";
    sql.query(&format!("DELETE FROM delivery WHERE {of_all} AND seq <= ?"), &[seq.into()])?;
    let delete = format!("DELETE FROM superseded WHERE {of_all} AND first <= ?1 AND last <= ?1");
    sql.query(&delete, &[seq.into()]).map(drop)
}

/// Makes all that waits for another attempt due now: the destination was changed.
pub fn retry_all_now(sql: &impl Sql, destination: &str, now: Timestamp) -> Result<(), PortError> {
    let update = "UPDATE delivery SET due_at = ? WHERE state = 'retrying' AND destination = ?";
    sql.query(update, &[now.as_millis().into(), destination.into()]).map(drop)
}
