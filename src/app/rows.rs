//! Reads columns of a row by their place.

use super::ports::{PortError, SqlValue};

/// One row of a result.
pub type Row = Vec<SqlValue>;

fn mismatch(column: usize, wanted: &str) -> PortError {
    PortError::new("sql.read", &format!("column {column} is not {wanted}"))
}

/// The integer in a column.
pub fn integer(row: &Row, column: usize) -> Result<i64, PortError> {
    match row.get(column) {
        Some(SqlValue::Integer(number)) => Ok(*number),
        _ => Err(mismatch(column, "an integer")),
    }
}

/// The integer in a column that may be NULL.
pub fn optional_integer(row: &Row, column: usize) -> Result<Option<i64>, PortError> {
    match row.get(column) {
        Some(SqlValue::Null) => Ok(None),
        _ => integer(row, column).map(Some),
    }
}

/// The text in a column.
pub fn text(row: &Row, column: usize) -> Result<&str, PortError> {
    match row.get(column) {
        Some(SqlValue::Text(text)) => Ok(text),
        _ => Err(mismatch(column, "text")),
    }
}

/// The text in a column that may be NULL.
pub fn optional_text(row: &Row, column: usize) -> Result<Option<&str>, PortError> {
    match row.get(column) {
        Some(SqlValue::Null) => Ok(None),
        _ => text(row, column).map(Some),
    }
}

/// The text in a column, read as what the relay wrote there.
pub fn parsed<'a, T: TryFrom<&'a str>>(row: &'a Row, column: usize) -> Result<T, PortError> {
    T::try_from(text(row, column)?).map_err(|_| mismatch(column, "what was written there"))
}

impl From<i64> for SqlValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<&str> for SqlValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for SqlValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<SqlValue>> From<Option<T>> for SqlValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
