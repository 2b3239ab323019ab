//! How far the destination is, and the deliveries that did not go well.

use super::command::{DeliveryState, DeliveryStatus};
use crate::app::ports::{PortError, Sql};
use crate::app::rows::{Row, integer, optional_integer, text};
use crate::domain::time::Timestamp;

/// The destination of the variables.
const DEFAULT_DESTINATION: &str = "default";

/// How far a destination is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Every event up to this one was delivered, or has a row of its own.
    pub position: i64,
    /// What storage has; at most [`super::forward::CURSOR_STEP`] behind.
    pub saved: i64,
    /// SHA-256 of the URL, since a URL may hold a secret.
    pub target: String,
}

/// A delivery that failed and is to be tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDelivery {
    /// The event.
    pub seq: i64,
    /// Attempts made.
    pub attempts: u32,
}

/// The cursor in storage, if there is a destination.
pub fn load_cursor(sql: &impl Sql) -> Result<Option<Cursor>, PortError> {
    let rows = sql.query("SELECT cursor, target FROM destination WHERE name = ?", &[DEFAULT_DESTINATION.into()])?;
    rows.first()
        .map(|row| {
            let position = integer(row, 0)?;
            Ok(Cursor { position, saved: position, target: text(row, 1)?.to_owned() })
        })
        .transpose()
}

/// Writes the cursor. One row written.
pub fn save_cursor(sql: &impl Sql, position: i64, target: &str) -> Result<(), PortError> {
    let values = [DEFAULT_DESTINATION.into(), position.into(), target.into()];
    sql.query("INSERT OR REPLACE INTO destination (name, cursor, target) VALUES (?, ?, ?)", &values).map(drop)
}

/// Notes that a delivery failed and when it is due again; never, where `due_at` is absent.
pub fn save_failure(
    sql: &impl Sql,
    seq: i64,
    attempts: u32,
    due_at: Option<Timestamp>,
    error: &str,
) -> Result<(), PortError> {
    let values = [
        DEFAULT_DESTINATION.into(),
        seq.into(),
        if due_at.is_some() { "retrying" } else { "failed" }.into(),
        i64::from(attempts).into(),
        due_at.map(Timestamp::as_millis).into(),
        error.into(),
    ];
    let upsert =
        "INSERT OR REPLACE INTO delivery (destination, seq, state, attempts, due_at, error) VALUES (?, ?, ?, ?, ?, ?)";
    sql.query(upsert, &values).map(drop)
}

/// Notes that a delivery that had failed went well.
pub fn delete_failure(sql: &impl Sql, seq: i64) -> Result<(), PortError> {
    let arguments = [DEFAULT_DESTINATION.into(), seq.into()];
    sql.query("DELETE FROM delivery WHERE destination = ? AND seq = ?", &arguments).map(drop)
}

/// Forgets all failures from a place on: what failed for good too, which would not have without the outage.
pub fn delete_failures_from(sql: &impl Sql, seq: i64) -> Result<(), PortError> {
    sql.query("DELETE FROM delivery WHERE seq >= ?", &[seq.into()]).map(drop)
}

/// Forgets what failed for good up to a place, whose events are gone.
pub fn delete_failures_up_to(sql: &impl Sql, seq: i64) -> Result<(), PortError> {
    sql.query("DELETE FROM delivery WHERE seq <= ?", &[seq.into()]).map(drop)
}

/// Makes all that waits for another attempt due now: the destination was changed.
pub fn retry_all_now(sql: &impl Sql, now: Timestamp) -> Result<(), PortError> {
    sql.query("UPDATE delivery SET due_at = ? WHERE state = 'retrying'", &[now.as_millis().into()]).map(drop)
}

/// The oldest event whose time has come.
pub fn next_due(sql: &impl Sql, now: Timestamp) -> Result<Option<DueDelivery>, PortError> {
    let query = "SELECT seq, attempts FROM delivery WHERE state = 'retrying' AND due_at <= ? ORDER BY seq LIMIT 1";
    let read = |row: &Row| {
        let attempts = u32::try_from(integer(row, 1)?).unwrap_or(u32::MAX);
        Ok(DueDelivery { seq: integer(row, 0)?, attempts })
    };
    sql.query(query, &[now.as_millis().into()])?.first().map(read).transpose()
}

/// When the next attempt is due.
pub fn next_due_at(sql: &impl Sql) -> Result<Option<Timestamp>, PortError> {
    let rows = sql.query("SELECT MIN(due_at) FROM delivery WHERE state = 'retrying'", &[])?;
    rows.first().map_or(Ok(None), |row| Ok(optional_integer(row, 0)?.map(Timestamp::from_millis)))
}

/// The oldest event that waits for another attempt: nothing from it on may be pruned.
pub fn oldest_retrying(sql: &impl Sql) -> Result<Option<i64>, PortError> {
    let rows = sql.query("SELECT MIN(seq) FROM delivery WHERE state = 'retrying'", &[])?;
    rows.first().map_or(Ok(None), |row| optional_integer(row, 0))
}

/// The state of an event that has a row.
pub fn state_of(sql: &impl Sql, seq: i64) -> Result<Option<DeliveryState>, PortError> {
    let arguments = [DEFAULT_DESTINATION.into(), seq.into()];
    let rows = sql.query("SELECT state FROM delivery WHERE destination = ? AND seq = ?", &arguments)?;
    rows.first()
        .map(|row| match text(row, 0)? {
            "retrying" => Ok(DeliveryState::Retrying),
            "failed" => Ok(DeliveryState::Failed),
            other => Err(PortError::new("delivery.read", &format!("unknown state {other}"))),
        })
        .transpose()
}

/// How many deliveries failed, and what the newest failure was.
pub fn status(sql: &impl Sql) -> Result<DeliveryStatus, PortError> {
    let counts = sql.query("SELECT state, COUNT(*) FROM delivery GROUP BY state", &[])?;
    let count = |state: &str| -> Result<i64, PortError> {
        counts.iter().find(|row| text(row, 0) == Ok(state)).map_or(Ok(0), |row| integer(row, 1))
    };
    let last = sql.query("SELECT error FROM delivery ORDER BY seq DESC LIMIT 1", &[])?;
    Ok(DeliveryStatus {
        retrying: count("retrying")?,
        failed: count("failed")?,
        last_error: last.first().map(|row| text(row, 0).map(str::to_owned)).transpose()?,
        next_attempt_at: next_due_at(sql)?.map(Timestamp::to_rfc3339_millis),
        ..DeliveryStatus::default()
    })
}
