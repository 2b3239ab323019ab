//! What the isolates of the Worker have counted, added up in one row.

use crate::app::ports::{PortError, Sql};
use crate::app::rows::text;
use crate::domain::request_counts::RequestCounts;

/// The table of one row.
pub const CREATE_REQUESTS: &str = "CREATE TABLE requests (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    counts TEXT NOT NULL
)";

/// All that was counted.
pub fn read(sql: &impl Sql) -> Result<RequestCounts, PortError> {
    let rows = sql.query("SELECT counts FROM requests", &[])?;
    let Some(row) = rows.first() else {
        return Ok(RequestCounts::default());
    };
    serde_json::from_str(text(row, 0)?).map_err(|error| PortError::new("requests.read", &error))
}

/// Adds what an isolate has counted. One row written.
pub fn add(sql: &impl Sql, counts: RequestCounts) -> Result<(), PortError> {
    let mut all = read(sql)?;
    all.add(counts);
    let json = serde_json::to_string(&all).map_err(|error| PortError::new("requests.write", &error))?;
    sql.query("INSERT OR REPLACE INTO requests (only, counts) VALUES (1, ?)", &[json.into()]).map(drop)
}
