//! A number for each registered portal, given once and never again. The merged log tells portals apart by them.

use crate::app::ports::{PortError, Sql, SqlValue};
use crate::app::rows::{integer, parsed};
use crate::domain::member_id::MemberId;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The tables. No row of `place` is ever deleted, so the highest number only grows.
pub const CREATE_PLACE: &[&str] = &[
    "CREATE TABLE place (number INTEGER PRIMARY KEY, member_id TEXT NOT NULL UNIQUE)",
    "INSERT INTO place (member_id) SELECT member_id FROM portal ORDER BY member_id",
    "CREATE TABLE numbering (only INTEGER PRIMARY KEY CHECK (only = 1), began_at INTEGER NOT NULL)",
];

/// A portal with its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// From 1 on.
    pub number: u64,
    /// The portal.
    pub member_id: MemberId,
}

/// Gives a portal its number, unless it has one.
pub fn give(sql: &impl Sql, member_id: &MemberId) -> Result<(), PortError> {
    sql.query("INSERT OR IGNORE INTO place (member_id) VALUES (?)", &[member_id.as_str().into()]).map(drop)
}

/// When numbers were first given: a mark by which a Directory that was lost and began anew is noticed.
pub fn numbering(sql: &impl Sql, now: Timestamp) -> Result<u64, PortError> {
    let query = "SELECT began_at FROM numbering";
    let mut rows = sql.query(query, &[])?;
    if rows.is_empty() {
        sql.query("INSERT INTO numbering (only, began_at) VALUES (1, ?)", &[now.as_millis().into()])?;
        rows = sql.query(query, &[])?;
    }
    let began_at = rows.first().map_or(Ok(0), |row| integer(row, 0))?;
    Ok(u64::try_from(began_at).unwrap_or(0))
}

/// The portals behind a number, in the order of their numbers, all or some.
pub fn behind(sql: &impl Sql, after: u64, limit: u32, only: Option<&[MemberId]>) -> Result<Vec<Place>, PortError> {
    let after = SqlValue::Integer(i64::try_from(after).unwrap_or(i64::MAX));
    let read = |statement: &str, arguments: &[SqlValue]| -> Result<Vec<Place>, PortError> {
        let rows = sql.query(statement, arguments)?;
        let place =
            |row| Ok(Place { number: u64::try_from(integer(row, 0)?).unwrap_or(0), member_id: parsed(row, 1)? });
        rows.iter().map(place).collect()
    };
    let Some(only) = only else {
        let query = "SELECT number, member_id FROM place WHERE number > ? ORDER BY number LIMIT ?";
        return read(query, &[after, i64::from(limit).into()]);
    };
    let mut places = Vec::new();
    for member_id in only {
        let query = "SELECT number, member_id FROM place WHERE member_id = ? AND number > ?";
        places.extend(read(query, &[member_id.as_str().into(), after.clone()])?);
    }
    places.sort_by_key(|place| place.number);
    places.dedup();
    places.truncate(limit as usize);
    Ok(places)
}
