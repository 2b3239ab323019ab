//! The storage of one object: `SQLite` in memory, and its alarm.
//!
//! As on the platform, what an object writes without waiting in between is committed together, its alarm included.

use bitrix24_edge_relay::app::ports::{PortError, SqlValue};
use bitrix24_edge_relay::domain::time::Timestamp;
use rusqlite::limits::Limit;
use rusqlite::types::Value;
use rusqlite::{Connection, StatementStatus};
use std::cell::Cell;

/// Numbers beyond it do not pass through JavaScript unharmed.
const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// The longest row of a Durable Object, in bytes. <https://developers.cloudflare.com/durable-objects/platform/limits/>
const MAX_ROW_BYTES: i32 = 2_000_000;

/// More than the relay has.
const STATEMENTS: usize = 200;

pub struct Storage {
    connection: Connection,
    alarm: Cell<Option<Timestamp>>,
    durable_alarm: Cell<Option<Timestamp>>,
    depth: Cell<u32>,
    rows_written: Cell<usize>,
    rows_answered: Cell<usize>,
    queries: Cell<usize>,
    steps: Cell<usize>,
    alarms_set: Cell<usize>,
}

impl Storage {
    pub fn new() -> Self {
        let connection = Connection::open_in_memory().expect("SQLite opens in memory");
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_ROW_BYTES).expect("the limit is known");
        Self {
            connection,
            alarm: Cell::new(None),
            durable_alarm: Cell::new(None),
            depth: Cell::new(0),
            rows_written: Cell::new(0),
            rows_answered: Cell::new(0),
            queries: Cell::new(0),
            steps: Cell::new(0),
            alarms_set: Cell::new(0),
        }
    }

    /// Whether a statement writes.
    pub fn writes(statement: &str) -> bool {
        !statement.starts_with("SELECT")
    }

    pub fn query(&self, statement: &str, arguments: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, PortError> {
        let mut prepared = self.connection.prepare_cached(statement).map_err(|error| failed(&error))?;
        assert_eq!(Self::writes(statement), !prepared.readonly(), "{statement}");
        if !prepared.readonly() && self.connection.is_autocommit() {
            self.run("BEGIN");
        }
        let changed_before = self.connection.total_changes();
        let columns = prepared.column_count();
        let mut rows = prepared
            .query(rusqlite::params_from_iter(arguments.iter().map(to_sqlite)))
            .map_err(|error| failed(&error))?;
        let mut read = Vec::new();
        while let Some(row) = rows.next().map_err(|error| failed(&error))? {
            let values = (0..columns).map(|column| from_sqlite(row.get_unwrap(column)));
            read.push(values.collect::<Result<_, _>>()?);
        }
        drop(rows);
        let steps = usize::try_from(prepared.reset_status(StatementStatus::VmStep)).expect("it counts up");
        self.steps.set(self.steps.get() + steps);
        let changed = self.connection.total_changes() - changed_before;
        let changed = usize::try_from(changed).expect("few rows are changed at once");
        self.rows_written.set(self.rows_written.get() + changed);
        self.rows_answered.set(self.rows_answered.get() + read.len());
        self.queries.set(self.queries.get() + 1);
        Ok(read)
    }

    /// Begins an explicit transaction, within the one of the turn.
    pub fn begin(&self) {
        if self.connection.is_autocommit() {
            self.run("BEGIN");
        }
        self.depth.set(self.depth.get() + 1);
        self.run(&format!("SAVEPOINT level_{}", self.depth.get()));
    }

    /// Ends an explicit transaction.
    pub fn end(&self, keep: bool) {
        let depth = self.depth.get();
        // After a reset in the middle of it there is nothing left to end.
        if depth == 0 {
            return;
        }
        if !keep {
            self.run(&format!("ROLLBACK TO level_{depth}"));
        }
        self.run(&format!("RELEASE level_{depth}"));
        self.depth.set(depth - 1);
    }

    /// Whether something was written since the last commit.
    pub fn is_dirty(&self) -> bool {
        !self.connection.is_autocommit() || self.alarm.get() != self.durable_alarm.get()
    }

    /// Makes all that was written durable.
    pub fn commit(&self) {
        assert_eq!(self.depth.get(), 0, "an explicit transaction does not outlive its turn");
        if !self.connection.is_autocommit() {
            self.run("COMMIT");
        }
        self.durable_alarm.set(self.alarm.get());
    }

    /// Goes back to what is durable.
    pub fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            self.run("ROLLBACK");
        }
        self.depth.set(0);
        self.alarm.set(self.durable_alarm.get());
    }

    /// Whether an explicit transaction is open.
    pub fn is_in_transaction(&self) -> bool {
        self.depth.get() > 0
    }

    pub fn alarm(&self) -> Option<Timestamp> {
        self.alarm.get()
    }

    pub fn set_alarm(&self, at: Timestamp) {
        self.alarm.set(Some(at));
        self.alarms_set.set(self.alarms_set.get() + 1);
    }

    /// Takes the alarm away, since it rings.
    pub fn take_alarm(&self) {
        self.alarm.set(None);
        self.durable_alarm.set(None);
    }

    /// Sets the alarm from outside the object.
    pub fn restore_alarm(&self, at: Timestamp) {
        self.alarm.set(Some(at));
        self.durable_alarm.set(Some(at));
    }

    /// When the alarm rings.
    pub fn durable_alarm(&self) -> Option<Timestamp> {
        self.durable_alarm.get()
    }

    /// Rows written so far, alarms among them: what the platform bills.
    pub fn rows_written(&self) -> usize {
        self.rows_written.get() + self.alarms_set.get()
    }

    /// Rows that queries were answered with so far.
    pub fn rows_answered(&self) -> usize {
        self.rows_answered.get()
    }

    /// Statements so far.
    pub fn queries(&self) -> usize {
        self.queries.get()
    }

    /// Steps of `SQLite`'s machine so far: a few for each row that a query looks at, be it answered with it or not.
    pub fn steps(&self) -> usize {
        self.steps.get()
    }

    /// Bytes of all pages that are not free.
    pub fn size(&self) -> i64 {
        let pragma = |name: &str| -> i64 {
            self.connection.pragma_query_value(None, name, |row| row.get(0)).expect("SQLite has it")
        };
        (pragma("page_count") - pragma("freelist_count")) * pragma("page_size")
    }

    /// Whether there is any table.
    pub fn is_empty(&self) -> bool {
        self.rows("SELECT name FROM sqlite_master").is_empty()
    }

    /// The rows of a query, each as one line of `column=value`, for a test that looks into storage.
    pub fn rows(&self, query: &str) -> Vec<String> {
        let mut prepared = self.connection.prepare(query).expect("the query is right");
        let names: Vec<String> = prepared.column_names().map(str::to_owned).collect();
        let mut rows = prepared.query([]).expect("the query runs");
        let mut lines = Vec::new();
        while let Some(row) = rows.next().expect("the row is there") {
            let values = names.iter().enumerate().map(|(column, name)| {
                let value = match row.get_unwrap(column) {
                    Value::Null => "NULL".to_owned(),
                    Value::Integer(number) => number.to_string(),
                    Value::Text(text) => text,
                    other => format!("{other:?}"),
                };
                format!("{name}={value}")
            });
            lines.push(values.collect::<Vec<_>>().join("|"));
        }
        lines
    }

    /// All that is stored, as text.
    pub fn dump(&self) -> String {
        let tables = self.rows("SELECT name FROM sqlite_master WHERE type = 'table'");
        let names = tables.iter().filter_map(|line| line.strip_prefix("name="));
        let all = names.flat_map(|name| self.rows(&format!("SELECT * FROM {name}")));
        all.collect::<Vec<_>>().join("\n")
    }

    /// Runs a statement behind the object's back.
    pub fn run(&self, statement: &str) {
        self.connection.execute_batch(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

fn failed(error: &rusqlite::Error) -> PortError {
    PortError::new("sql.query", error)
}

fn to_sqlite(value: &SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(number) => {
            assert!(number.abs() <= MAX_SAFE_INTEGER, "{number} is beyond JavaScript");
            Value::Integer(*number)
        }
        SqlValue::Text(text) => Value::Text(text.clone()),
    }
}

fn from_sqlite(value: Value) -> Result<SqlValue, PortError> {
    match value {
        Value::Null => Ok(SqlValue::Null),
        Value::Integer(number) => Ok(SqlValue::Integer(number)),
        Value::Text(text) => Ok(SqlValue::Text(text)),
        other => Err(PortError::new("sql.read", &format!("{other:?}"))),
    }
}
