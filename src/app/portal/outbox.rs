//! The operator's notices in storage: one row for each topic and destination, so 10,000 failed events are one notice with a
//! count.

use crate::app::ports::{PortError, Sql};
use crate::app::rows::{Row, integer, optional_integer, parsed, text};
use crate::domain::event_id::EventId;
use crate::domain::notice::{Notice, Occurrences};
use crate::domain::time::Timestamp;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// How long a notice collects before it is sent, in milliseconds, so that a burst is told once.
const GATHER_MILLIS: i64 = 30_000;
/// When a notice whose sending vanished is sent again, in milliseconds: later than a whole run, 5 sends of 10 s.
const CLAIM_MILLIS: i64 = 60_000;
/// Pauses between attempts, in milliseconds: the first, each twice the one before, and the longest.
const FIRST_PAUSE_MILLIS: i64 = 30_000;
const LONGEST_PAUSE_MILLIS: i64 = 3_600_000;
/// Attempts before a notice is given up: eight within the first two hours, then hourly for a day.
const MAX_ATTEMPTS: u32 = 32;
/// Rows at most. There are seven topics, so more than ten destinations have to be in trouble at once to reach it.
const MAX_ROWS: usize = 100;

/// The notices of a portal: a copy of their table, read when it is first needed.
#[derive(Debug, Default)]
pub struct Outbox {
    notices: RefCell<Option<Notices>>,
}

type Notices = BTreeMap<Key, Waiting>;

/// What tells one notice from another: topic, and destination or nothing.
type Key = (String, String);

/// A notice that waits to be told, or was told.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Identity of what is sent.
    pub id: EventId,
    /// The newest of what happened.
    pub notice: Notice,
    /// How often.
    pub occurrences: Occurrences,
    attempts: u32,
    /// When it is to be sent. Nothing: it was.
    due_at: Option<Timestamp>,
    told_at: Option<Timestamp>,
    /// Whether it is about to be sent.
    is_claimed: bool,
}

/// What became of an attempt to send a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The operator has it.
    Yes,
    /// It is tried again.
    NotYet,
    /// It is not tried any more.
    GivenUp,
}

impl Outbox {
    /// Throws away what memory has, since storage may have something else.
    pub fn forget(&self) {
        self.notices.replace(None);
    }

    /// Adds what happened. `id` is new. One row written, or none for more of what waits already. Whether there was room.
    pub fn add(&self, sql: &impl Sql, notice: Notice, id: EventId, now: Timestamp) -> Result<bool, PortError> {
        self.with(sql, |notices| {
            let key = (notice.topic().to_owned(), notice.destination().unwrap_or_default().to_owned());
            if let Some(waiting) = notices.get_mut(&key) {
                if waiting.says(&notice, now) {
                    return Ok(true);
                }
                let is_news = waiting.due_at.is_none() || waiting.notice.kind() != notice.kind();
                waiting.happen_again(notice, id, now);
                return if is_news { save(sql, &key, waiting) } else { Ok(()) }.map(|()| true);
            }
            delete_old(sql, notices, now)?;
            if notices.len() >= MAX_ROWS {
                return Ok(false);
            }
            let waiting = Waiting::new(notice, id, now);
            save(sql, &key, &waiting)?;
            notices.insert(key, waiting);
            Ok(true)
        })
    }

    /// Forgets that a state was told, since it has ended: when it comes back, that is news.
    pub fn end(&self, sql: &impl Sql, topic: &str) -> Result<(), PortError> {
        self.with(sql, |notices| {
            let key = (topic.to_owned(), String::new());
            if notices.get(&key).is_some_and(|waiting| waiting.due_at.is_none()) {
                delete(sql, &key)?;
                notices.remove(&key);
            }
            Ok(())
        })
    }

    /// When the first is due.
    pub fn next_due_at(&self, sql: &impl Sql) -> Result<Option<Timestamp>, PortError> {
        self.with(sql, |notices| Ok(notices.values().filter_map(|waiting| waiting.due_at).min()))
    }

    /// Claims up to `limit` of those that are due. One whose sending vanishes is due again soon.
    pub fn claim_due(&self, sql: &impl Sql, limit: usize, now: Timestamp) -> Result<(), PortError> {
        self.with(sql, |notices| {
            let is_due = |waiting: &&mut Waiting| waiting.due_at.is_some_and(|due_at| due_at <= now);
            for waiting in notices.values_mut().filter(is_due).take(limit) {
                waiting.is_claimed = true;
                waiting.due_at = Some(now.plus_millis(CLAIM_MILLIS));
            }
            Ok(())
        })
    }

    /// Whether any is claimed.
    pub fn has_claimed(&self) -> bool {
        let notices = self.notices.borrow();
        notices.as_ref().is_some_and(|notices| notices.values().any(|waiting| waiting.is_claimed))
    }

    /// Takes one that is claimed.
    pub fn take_claimed(&self) -> Option<Waiting> {
        let mut notices = self.notices.borrow_mut();
        let waiting = notices.as_mut()?.values_mut().find(|waiting| waiting.is_claimed)?;
        waiting.is_claimed = false;
        Some(waiting.clone())
    }

    /// Notes how the sending of `sent` ended. What happened meanwhile waits for the next notice, under `next_id`.
    pub fn settle(
        &self,
        sql: &impl Sql,
        sent: &Waiting,
        is_told: bool,
        next_id: EventId,
        now: Timestamp,
    ) -> Result<Told, PortError> {
        let told = match is_told {
            true => Told::Yes,
            false if sent.attempts + 1 < MAX_ATTEMPTS => Told::NotYet,
            false => Told::GivenUp,
        };
        self.with(sql, |notices| {
            let key = (sent.notice.topic().to_owned(), sent.notice.destination().unwrap_or_default().to_owned());
            if let Some(waiting) = notices.get_mut(&key) {
                waiting.settle(sent, told, next_id, now);
                save(sql, &key, waiting)?;
            }
            Ok(told)
        })
    }

    fn with<T>(&self, sql: &impl Sql, work: impl FnOnce(&mut Notices) -> Result<T, PortError>) -> Result<T, PortError> {
        let mut notices = self.notices.borrow_mut();
        if notices.is_none() {
            *notices = Some(load(sql)?);
        }
        work(notices.get_or_insert_default())
    }
}

impl Waiting {
    fn new(notice: Notice, id: EventId, now: Timestamp) -> Self {
        Self {
            id,
            notice,
            occurrences: Occurrences { count: 1, first_at: now, last_at: now },
            attempts: 0,
            due_at: Some(now.plus_millis(GATHER_MILLIS)),
            told_at: None,
            is_claimed: false,
        }
    }

    /// Whether it tells of the same state already, and need not tell of it again yet.
    fn says(&self, notice: &Notice, now: Timestamp) -> bool {
        let is_fresh = self.due_at.is_some() || !self.is_old(now);
        notice.is_state() && notice.kind() == self.notice.kind() && is_fresh
    }

    /// Whether it was told so long ago that it keeps nothing waiting any more.
    fn is_old(&self, now: Timestamp) -> bool {
        let is_recent = |told_at: Timestamp| now.millis_since(told_at) < self.notice.quiet_millis();
        self.due_at.is_none() && !self.told_at.is_some_and(is_recent)
    }

    /// It happened again, or things stand differently now.
    fn happen_again(&mut self, notice: Notice, id: EventId, now: Timestamp) {
        if self.due_at.is_none() {
            let told_at = self.told_at;
            *self = Self { told_at, ..Self::new(notice, id, now) };
            self.due_at = self.due_at.max(told_at.map(|told_at| told_at.plus_millis(self.notice.quiet_millis())));
            return;
        }
        // What was tried may have arrived: with other contents it is another notice.
        if self.attempts > 0 {
            self.id = id;
        }
        self.notice = notice;
        self.occurrences.count += 1;
        self.occurrences.last_at = now;
    }

    fn settle(&mut self, sent: &Self, told: Told, next_id: EventId, now: Timestamp) {
        let more = (self.occurrences.count - sent.occurrences.count).max(0);
        if more > 0 {
            self.id = next_id;
        }
        if told == Told::NotYet {
            let pause = FIRST_PAUSE_MILLIS << sent.attempts.min(7);
            self.attempts = sent.attempts + 1;
            self.due_at = Some(now.plus_millis(pause.min(LONGEST_PAUSE_MILLIS)));
            return;
        }
        self.attempts = 0;
        self.told_at = Some(now);
        self.due_at = (more > 0).then(|| now.plus_millis(self.notice.quiet_millis()));
        if more > 0 {
            self.occurrences = Occurrences { count: more, first_at: sent.occurrences.last_at, ..self.occurrences };
        }
    }
}

/// Deletes what was told so long ago that it keeps nothing waiting any more.
fn delete_old(sql: &impl Sql, notices: &mut Notices, now: Timestamp) -> Result<(), PortError> {
    let old: Vec<Key> = notices.iter().filter(|(_, waiting)| waiting.is_old(now)).map(|(key, _)| key.clone()).collect();
    for key in old {
        delete(sql, &key)?;
        notices.remove(&key);
    }
    Ok(())
}

fn delete(sql: &impl Sql, (topic, destination): &Key) -> Result<(), PortError> {
    let arguments = [topic.as_str().into(), destination.as_str().into()];
    sql.query("DELETE FROM notice WHERE topic = ? AND destination = ?", &arguments).map(drop)
}

fn load(sql: &impl Sql) -> Result<Notices, PortError> {
    let query =
        "SELECT topic, destination, id, notice, count, first_at, last_at, attempts, due_at, told_at FROM notice";
    sql.query(query, &[])?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<(Key, Waiting), PortError> {
    let time = |column| Ok(optional_integer(row, column)?.map(Timestamp::from_millis));
    let waiting = Waiting {
        id: parsed(row, 2)?,
        notice: serde_json::from_str(text(row, 3)?).map_err(|error| PortError::new("notice.read", &error))?,
        occurrences: Occurrences {
            count: integer(row, 4)?,
            first_at: Timestamp::from_millis(integer(row, 5)?),
            last_at: Timestamp::from_millis(integer(row, 6)?),
        },
        attempts: u32::try_from(integer(row, 7)?).unwrap_or(u32::MAX),
        due_at: time(8)?,
        told_at: time(9)?,
        is_claimed: false,
    };
    Ok(((text(row, 0)?.to_owned(), text(row, 1)?.to_owned()), waiting))
}

/// Writes one. One row written.
fn save(sql: &impl Sql, (topic, destination): &Key, waiting: &Waiting) -> Result<(), PortError> {
    let notice = serde_json::to_string(&waiting.notice).map_err(|error| PortError::new("notice.write", &error))?;
    let values = [
        topic.as_str().into(),
        destination.as_str().into(),
        waiting.id.to_string().into(),
        notice.into(),
        waiting.occurrences.count.into(),
        waiting.occurrences.first_at.as_millis().into(),
        waiting.occurrences.last_at.as_millis().into(),
        i64::from(waiting.attempts).into(),
        waiting.due_at.map(Timestamp::as_millis).into(),
        waiting.told_at.map(Timestamp::as_millis).into(),
    ];
    let upsert = "INSERT OR REPLACE INTO notice
        (topic, destination, id, notice, count, first_at, last_at, attempts, due_at, told_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    sql.query(upsert, &values).map(drop)
}
