//! Held events in an object's storage: the same table and rules in a portal's object and in the Directory.

use super::ports::{PortError, Sql};
use super::rows::{integer, parsed, text};
use crate::domain::cloudevent::MAX_EVENT_BYTES;
use crate::domain::event_id::EventId;
use crate::domain::held::{HeldEntry, HeldIndex};
use crate::domain::held_limit::HeldLimit;
use crate::domain::member_id::MemberId;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The table. `number` grows with time; everything else is found through the index in memory, so there is no other index
/// to pay for.
pub const CREATE_HELD: &str = "CREATE TABLE held (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    held_at INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    event TEXT NOT NULL
)";

/// Room for so many numbers in each millisecond, so that a number is never given twice, not even after the table ran empty.
const NUMBERS_PER_MILLI: i64 = 1 << 10;
/// Events that are deleted in one go when their time is over, so that one alarm stays short.
const EXPIRE_STEP: usize = 500;

/// An event with all that the log needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEvent {
    /// Its id, which is also in the event.
    pub id: EventId,
    /// Its type without the `com.bitrix24.` prefix.
    pub event_type: String,
    /// Its subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it happened, by the portal's clock.
    pub occurred_at: Timestamp,
    /// The canonical JSON of the event.
    pub json: String,
}

/// A held event, as it goes from one object to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldEvent {
    /// Its number where it is held.
    pub number: i64,
    /// The event.
    pub event: NewEvent,
}

/// The held events of an object.
#[derive(Debug)]
pub struct HeldEvents {
    index: HeldIndex<MemberId>,
}

impl HeldEvents {
    /// Reads what storage has, without the events themselves.
    pub fn load(sql: &impl Sql, group_limit: HeldLimit, total_limit: HeldLimit) -> Result<Self, PortError> {
        let rows = sql.query("SELECT number, id, member_id, sha256, held_at, bytes FROM held ORDER BY number", &[])?;
        let entries = rows.iter().map(|row| {
            let entry = HeldEntry {
                id: parsed(row, 1)?,
                group: parsed(row, 2)?,
                hash: parsed(row, 3)?,
                held_at: Timestamp::from_millis(integer(row, 4)?),
                bytes: usize::try_from(integer(row, 5)?).unwrap_or(0),
            };
            Ok((integer(row, 0)?, entry))
        });
        let entries = entries.collect::<Result<Vec<_>, PortError>>()?;
        Ok(Self { index: HeldIndex::new(group_limit, total_limit, entries) })
    }

    /// The bookkeeping, to look at.
    #[must_use]
    pub fn index(&self) -> &HeldIndex<MemberId> {
        &self.index
    }

    /// Gives no number up to this one any more.
    pub fn skip_to(&mut self, number: i64) {
        self.index.skip_to(number);
    }

    /// Holds an event, unless an earlier call did, displacing older ones where a limit is reached. How many were displaced.
    pub fn hold(
        &mut self,
        sql: &impl Sql,
        member_id: &MemberId,
        hash: TokenHash,
        event: &NewEvent,
        now: Timestamp,
    ) -> Result<usize, PortError> {
        let row = to_row(event).map_err(|error| PortError::new("held.write", &error))?;
        if self.index.has(event.id) {
            return Ok(0);
        }
        let held_at = self.index.next_time(now);
        let entry = HeldEntry { id: event.id, group: member_id.clone(), hash, bytes: row.len(), held_at };
        let Some(displaced) = self.index.make_room_for(&entry) else {
            return Err(PortError::new("held.write", "the event is larger than all that may be held"));
        };
        let number = self.index.next_number().max(now.as_millis() * NUMBERS_PER_MILLI);
        sql.transaction(|| {
            for number in &displaced {
                sql.query("DELETE FROM held WHERE number = ?", &[(*number).into()])?;
            }
            let values = [
                number.into(),
                event.id.to_string().into(),
                member_id.as_str().into(),
                hash.to_string().into(),
                held_at.as_millis().into(),
                i64::try_from(row.len()).unwrap_or(i64::MAX).into(),
                row.into(),
            ];
            sql.query(
                "INSERT INTO held (number, id, member_id, sha256, held_at, bytes, event) VALUES (?, ?, ?, ?, ?, ?, ?)",
                &values,
            )
        })?;
        self.forget(&displaced);
        self.index.insert(number, entry);
        Ok(displaced.len())
    }

    /// The events of a token with numbers above `after`, oldest first. Bounded by the limit of one portal.
    pub fn of_token(
        &self,
        sql: &impl Sql,
        member_id: &MemberId,
        hash: &TokenHash,
        after: i64,
    ) -> Result<Vec<HeldEvent>, PortError> {
        let numbers = self.index.of_token(member_id, hash).filter(|number| *number > after);
        let mut events = Vec::new();
        for number in numbers {
            let rows = sql.query("SELECT event FROM held WHERE number = ?", &[number.into()])?;
            let row = rows.first().ok_or_else(|| PortError::new("held.read", "a held event is not in storage"))?;
            let event = from_row(text(row, 0)?).map_err(|error| PortError::new("held.read", &error))?;
            events.push(HeldEvent { number, event });
        }
        Ok(events)
    }

    /// Deletes events from storage. The bookkeeping follows by [`Self::forget`], once the deletion is certain.
    pub fn delete(sql: &impl Sql, numbers: &[i64]) -> Result<(), PortError> {
        sql.transaction(|| {
            for number in numbers {
                sql.query("DELETE FROM held WHERE number = ?", &[(*number).into()])?;
            }
            Ok(())
        })
    }

    /// Notes that events were deleted from storage.
    pub fn forget(&mut self, numbers: &[i64]) {
        for number in numbers {
            self.index.remove(*number);
        }
    }

    /// Deletes a bounded number of those whose time is over. How many.
    pub fn expire(&mut self, sql: &impl Sql, now: Timestamp) -> Result<usize, PortError> {
        let numbers: Vec<i64> = self.index.expired(now).take(EXPIRE_STEP).collect();
        Self::delete(sql, &numbers)?;
        self.forget(&numbers);
        Ok(numbers.len())
    }
}

/// An event as its row has it: JSON. There the canonical JSON is a text and escaped, and could be twice as long as a row may be. Then it
/// stands as it is, behind the rest and a line break.
fn to_row(event: &NewEvent) -> Result<String, serde_json::Error> {
    let row = serde_json::to_string(event)?;
    if row.len() <= MAX_EVENT_BYTES {
        return Ok(row);
    }
    let NewEvent { id, event_type, subject, occurred_at, json } = event;
    let (event_type, subject) = (event_type.clone(), subject.clone());
    let head = NewEvent { id: *id, event_type, subject, occurred_at: *occurred_at, json: String::new() };
    Ok(format!("{}\n{json}", serde_json::to_string(&head)?))
}

fn from_row(row: &str) -> Result<NewEvent, serde_json::Error> {
    // In JSON a line break is escaped.
    match row.split_once('\n') {
        Some((head, json)) => Ok(NewEvent { json: json.to_owned(), ..serde_json::from_str(head)? }),
        None => serde_json::from_str(row),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event_id::RANDOM_BYTES;

    #[test]
    fn a_row_is_no_longer_than_it_may_be_and_is_read_as_it_was_written() {
        for quotes in [0, 10, 700_000] {
            let event = NewEvent {
                id: EventId::new(Timestamp::EPOCH, [7; RANDOM_BYTES]),
                event_type: "app.install".to_owned(),
                subject: Some("a\nb".to_owned()),
                occurred_at: Timestamp::EPOCH,
                json: format!("{{\n\"data\":\"{}\"}}", "\\\"".repeat(quotes)),
            };
            let row = to_row(&event).unwrap();
            assert!(row.len() <= MAX_EVENT_BYTES, "{quotes} quotes");
            assert_eq!(from_row(&row).unwrap(), event, "{quotes} quotes");
        }
    }
}
