//! Versioned schemas of the objects' databases.

use super::ports::{PortError, Sql};
use super::rows::integer;

/// The steps from an empty database to the schema of today. A step that was released is never changed; what must change
/// is a new step.
pub type Migrations = &'static [&'static [&'static str]];

/// The version of the database: how many steps it has taken. `None` where it is empty, and nothing was ever written.
pub fn version(sql: &impl Sql) -> Result<Option<i64>, PortError> {
    let tables = sql.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'", &[])?;
    if tables.is_empty() {
        return Ok(None);
    }
    let rows = sql.query("SELECT version FROM schema_version", &[])?;
    rows.first().map(|row| integer(row, 0)).transpose()
}

/// Brings the database to the newest version. A database from a newer release is refused: running on it could destroy what
/// that release wrote.
pub fn migrate(sql: &impl Sql, migrations: Migrations) -> Result<(), PortError> {
    let newest = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    let current = version(sql)?;
    let done = match current {
        Some(current) if current > newest => {
            return Err(PortError::new("sql.migrate", &format!("the database has version {current}, not {newest}")));
        }
        Some(current) if current == newest => return Ok(()),
        current => usize::try_from(current.unwrap_or(0)).unwrap_or(0),
    };
    sql.transaction(|| {
        if current.is_none() {
            sql.query("CREATE TABLE schema_version (version INTEGER NOT NULL)", &[])?;
            sql.query("INSERT INTO schema_version (version) VALUES (0)", &[])?;
        }
        for statement in migrations.iter().skip(done).flat_map(|step| step.iter()) {
            sql.query(statement, &[])?;
        }
        sql.query("UPDATE schema_version SET version = ?", &[newest.into()])?;
        Ok(())
    })
}
