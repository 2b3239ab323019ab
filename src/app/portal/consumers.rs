//! Consumers: readers of the log that have a name, and whose place the relay keeps.

use super::Portal;
use super::command::{ConsumerStatus, PortalReply};
use crate::app::ports::{PortError, PortalRuntime, Sql};
use crate::app::rows::{Row, integer, optional_integer, parsed};
use crate::domain::consumer_name::ConsumerName;
use crate::domain::time::Timestamp;

/// Consumers of one portal: far more than systems that read it, and few enough to be listed in one answer.
pub const MAX_CONSUMERS: i64 = 100;

/// The table. A consumer is there once it has acknowledged.
pub const CREATE_CONSUMER: &str = "CREATE TABLE consumer (
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    acked_at INTEGER NOT NULL
) WITHOUT ROWID";

const COLUMNS: &str = "name, position, acked_at";

/// The place up to which a consumer has acknowledged; 0 where it never did.
pub fn position(sql: &impl Sql, name: &ConsumerName) -> Result<i64, PortError> {
    let rows = sql.query("SELECT position FROM consumer WHERE name = ?", &[name.as_str().into()])?;
    rows.first().map_or(Ok(0), |row| integer(row, 0))
}

/// How far the consumer is behind that is furthest; nothing where there is none.
pub fn greatest_lag(sql: &impl Sql, head: i64) -> Result<Option<i64>, PortError> {
    let rows = sql.query("SELECT MIN(position) FROM consumer", &[])?;
    let position = rows.first().map_or(Ok(None), |row| optional_integer(row, 0))?;
    Ok(position.map(|position| head - position))
}

fn status(row: &Row, head: i64) -> Result<ConsumerStatus, PortError> {
    let position = integer(row, 1)?;
    Ok(ConsumerStatus {
        name: parsed(row, 0)?,
        position,
        lag: head - position,
        acked_at: Timestamp::from_millis(integer(row, 2)?).to_rfc3339_millis(),
    })
}

fn find(sql: &impl Sql, name: &ConsumerName, head: i64) -> Result<Option<ConsumerStatus>, PortError> {
    let query = format!("SELECT {COLUMNS} FROM consumer WHERE name = ?");
    sql.query(&query, &[name.as_str().into()])?.first().map(|row| status(row, head)).transpose()
}

impl<R: PortalRuntime> Portal<R> {
    /// All consumers, by name.
    pub(super) fn consumers(&self) -> Result<PortalReply, PortError> {
        let Some(head) = self.head() else {
            return Ok(PortalReply::UnknownPortal);
        };
        let rows = self.runtime.query(&format!("SELECT {COLUMNS} FROM consumer ORDER BY name"), &[])?;
        let consumers = rows.iter().map(|row| status(row, head)).collect::<Result<_, _>>()?;
        Ok(PortalReply::Consumers(consumers))
    }

    /// Moves a consumer to a place, and makes it where there is none. It never moves backwards, unless it is forced to: an
    /// acknowledgement that arrives late or twice changes nothing.
    pub(super) fn acknowledge(
        &self,
        name: &ConsumerName,
        seq: i64,
        force: bool,
        now: Timestamp,
    ) -> Result<PortalReply, PortError> {
        let Some(head) = self.head() else {
            return Ok(PortalReply::UnknownPortal);
        };
        // What is not logged yet cannot have been processed: to note it would skip events.
        if seq > head {
            return Ok(PortalReply::BeyondLog { head });
        }
        let known = find(&self.runtime, name, head)?;
        if known.is_none() && self.count_consumers()? >= MAX_CONSUMERS {
            return Ok(PortalReply::TooManyConsumers);
        }
        match known {
            Some(known) if known.position == seq || (known.position > seq && !force) => {
                Ok(PortalReply::Consumer(known))
            }
            _ => {
                let values = [name.as_str().into(), seq.into(), now.as_millis().into()];
                let upsert = format!("INSERT OR REPLACE INTO consumer ({COLUMNS}) VALUES (?, ?, ?)");
                self.runtime.query(&upsert, &values)?;
                let acked_at = now.to_rfc3339_millis();
                Ok(PortalReply::Consumer(ConsumerStatus {
                    name: name.clone(),
                    position: seq,
                    lag: head - seq,
                    acked_at,
                }))
            }
        }
    }

    /// Forgets a consumer.
    pub(super) fn remove_consumer(&self, name: &ConsumerName) -> Result<PortalReply, PortError> {
        let Some(head) = self.head() else {
            return Ok(PortalReply::UnknownPortal);
        };
        let Some(known) = find(&self.runtime, name, head)? else {
            return Ok(PortalReply::UnknownConsumer);
        };
        self.runtime.query("DELETE FROM consumer WHERE name = ?", &[name.as_str().into()])?;
        Ok(PortalReply::Consumer(known))
    }

    fn count_consumers(&self) -> Result<i64, PortError> {
        let rows = self.runtime.query("SELECT COUNT(*) FROM consumer", &[])?;
        rows.first().map_or(Ok(0), |row| integer(row, 0))
    }

    /// The newest place of the log, where the portal is registered.
    fn head(&self) -> Option<i64> {
        self.memory.borrow().as_ref().map(|memory| memory.head)
    }
}
