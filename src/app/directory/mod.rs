//! The one object that knows which portals there are, and holds the events of those that nobody registered.
//!
//! Portals tell it when something changed, never while they accept an event, so it is not a bottleneck.

pub mod command;
mod overdue;
mod pending_installs;
pub mod places;
mod requests;

use self::command::{DirectoryCommand, DirectoryReply, PortalReport};
use self::pending_installs::CREATE_PENDING_INSTALLS;
use self::places::CREATE_PLACE;
use super::held_events::{CREATE_HELD, HeldEvents};
use super::log_line::{Level, LogLine};
use super::migrations::{self, Migrations};
use super::portal::command::{DeliveryStatus, HeldStatus, PortalState, StorageStatus};
use super::ports::{DirectoryRuntime, PortError};
use super::rows::{integer, text};
use crate::domain::held_limit::{ALL_UNKNOWN_PORTALS, UNKNOWN_PORTAL};
use crate::domain::member_id::MemberId;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use std::cell::{Cell, RefCell};

const MIGRATIONS: Migrations = &[
    FIRST,
    overdue::CHECKS,
    &[CREATE_PENDING_INSTALLS],
    CREATE_PLACE,
    &[requests::CREATE_REQUESTS],
    &[CREATE_DROPPED],
];

const FIRST: &[&str] = &[
    CREATE_HELD,
    "CREATE TABLE portal (
        member_id TEXT PRIMARY KEY,
        next_due_at INTEGER,
        report TEXT NOT NULL
    ) WITHOUT ROWID",
];
/// The table of one row: the newest number of a held event when some were last dropped. A release noted that all up to a number is
/// logged, so none may be given again, not even by an object that starts anew with a clock that stepped back.
const CREATE_DROPPED: &str = "CREATE TABLE dropped (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    newest INTEGER NOT NULL
)";
/// How long the alarm lets expired events collect, in milliseconds, so that a steady trickle costs one alarm a minute.
const EXPIRE_EVERY_MILLIS: i64 = 60_000;

/// The Directory's object.
pub struct DirectoryObject<R> {
    runtime: R,
    held: RefCell<Option<HeldEvents>>,
    alarm_at: Cell<Option<Timestamp>>,
}

impl<R: DirectoryRuntime> DirectoryObject<R> {
    /// The object, before it has looked at its storage.
    pub fn new(runtime: R) -> Self {
        Self { runtime, held: RefCell::new(None), alarm_at: Cell::new(None) }
    }

    /// Carries out a command. A failure of storage is an answer too.
    pub async fn handle(&self, command: DirectoryCommand) -> DirectoryReply {
        match self.try_handle(command).await {
            Ok(reply) => reply,
            Err(error) => {
                self.give_up(&error);
                DirectoryReply::Failed(error.to_string())
            }
        }
    }

    /// The alarm: tries pending installs again, and forgets what was held for a day.
    pub async fn alarm(&self) -> Result<(), PortError> {
        self.alarm_at.set(None);
        self.wake().await?;
        let expired = self.with_held(|held| held.expire(&self.runtime, self.runtime.now()))?;
        if expired > 0 {
            self.runtime.write(LogLine::new(Level::Warn, "held events expired").with("events", expired));
        }
        self.try_installs().await?;
        // Storage may have failed another request meanwhile.
        self.wake().await?;
        self.rearm().await
    }

    async fn try_handle(&self, command: DirectoryCommand) -> Result<DirectoryReply, PortError> {
        self.wake().await?;
        let now = self.runtime.now();
        match command {
            DirectoryCommand::Hold { member_id, sha256, event } => {
                let displaced = self.with_held(|held| held.hold(&self.runtime, &member_id, sha256, &event, now))?;
                self.rearm().await?;
                Ok(DirectoryReply::Held { displaced })
            }
            DirectoryCommand::HeldCounts { member_id } => self.with_held(|held| {
                let counts = held.index().counts(&member_id);
                Ok(DirectoryReply::HeldCounts(counts.into_iter().map(HeldStatus::from).collect()))
            }),
            DirectoryCommand::HeldEvents { member_id, sha256, after } => self.with_held(|held| {
                Ok(DirectoryReply::HeldEvents(held.of_token(&self.runtime, &member_id, &sha256, after)?))
            }),
            DirectoryCommand::DropHeld { member_id, sha256, up_to } => self.drop_held(&member_id, &sha256, up_to),
            DirectoryCommand::KeepInstall { member_id, claim } => {
                self.keep_install(&member_id, &claim, now)?;
                self.rearm().await?;
                Ok(DirectoryReply::Done)
            }
            DirectoryCommand::Report { report, next_due_at } => self.note(&report, next_due_at, now),
            DirectoryCommand::CountRequests(counts) => {
                requests::add(&self.runtime, counts).map(|()| DirectoryReply::Done)
            }
            DirectoryCommand::RequestCounts => requests::read(&self.runtime).map(DirectoryReply::RequestCounts),
            DirectoryCommand::Places { after, limit, only } => Ok(DirectoryReply::Places {
                numbering: places::numbering(&self.runtime, now)?,
                places: places::behind(&self.runtime, after, limit, only.as_deref())?,
            }),
            DirectoryCommand::TakeOverdue { limit } => {
                overdue::take(&self.runtime, limit, now).map(DirectoryReply::Overdue)
            }
            DirectoryCommand::List { unknown: false, after, limit } => self.list(after.as_ref(), limit),
            DirectoryCommand::List { unknown: true, after, limit } => self.list_unknown(after.as_ref(), limit),
        }
    }

    fn drop_held(&self, member_id: &MemberId, sha256: &TokenHash, up_to: i64) -> Result<DirectoryReply, PortError> {
        self.with_held(|held| {
            let numbers: Vec<i64> =
                held.index().of_token(member_id, sha256).take_while(|number| *number <= up_to).collect();
            if numbers.is_empty() {
                return Ok(DirectoryReply::Done);
            }
            let newest = held.index().next_number() - 1;
            self.runtime.transaction(|| {
                HeldEvents::delete(&self.runtime, &numbers)?;
                let note = "INSERT OR REPLACE INTO dropped (only, newest) VALUES (1, ?)";
                self.runtime.query(note, &[newest.into()])
            })?;
            held.forget(&numbers);
            Ok(DirectoryReply::Done)
        })
    }

    fn note(
        &self,
        report: &PortalReport,
        next_due_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<DirectoryReply, PortError> {
        let json = serde_json::to_string(report).map_err(|error| PortError::new("report.write", &error))?;
        let values = [
            report.member_id.as_str().into(),
            next_due_at.map(Timestamp::as_millis).into(),
            json.into(),
            overdue::check_at(next_due_at, now).as_millis().into(),
        ];
        let upsert = "INSERT OR REPLACE INTO portal (member_id, next_due_at, report, check_at) VALUES (?, ?, ?, ?)";
        self.runtime.query(upsert, &values)?;
        places::give(&self.runtime, &report.member_id)?;
        Ok(DirectoryReply::Done)
    }

    fn list(&self, after: Option<&MemberId>, limit: u32) -> Result<DirectoryReply, PortError> {
        let arguments = [after.map_or("", MemberId::as_str).into(), i64::from(limit).into()];
        let query = "SELECT report FROM portal WHERE member_id > ? ORDER BY member_id LIMIT ?";
        let rows = self.runtime.query(query, &arguments)?;
        let reports = rows
            .iter()
            .map(|row| serde_json::from_str(text(row, 0)?).map_err(|error| PortError::new("report.read", &error)));
        Ok(DirectoryReply::Portals(reports.collect::<Result<_, _>>()?))
    }

    fn list_unknown(&self, after: Option<&MemberId>, limit: u32) -> Result<DirectoryReply, PortError> {
        let now = self.runtime.now();
        self.with_held(|held| {
            let groups = held.index().groups().filter(|member_id| after.is_none_or(|after| *member_id > after));
            let reports = groups.take(limit as usize).map(|member_id| PortalReport {
                member_id: member_id.clone(),
                domain: None,
                state: PortalState::Unknown,
                last_seq: 0,
                events_today: 0,
                storage: StorageStatus::default(),
                delivery: DeliveryStatus::default(),
                destinations: Vec::new(),
                consumer_lag: None,
                last_event_at: None,
                held: held.index().counts(member_id).into_iter().map(HeldStatus::from).collect(),
                reported_at: now.to_rfc3339_millis(),
            });
            Ok(DirectoryReply::Portals(reports.collect()))
        })
    }

    async fn wake(&self) -> Result<(), PortError> {
        if self.held.borrow().is_some() {
            return Ok(());
        }
        let alarm_at = self.runtime.get().await?;
        // Another request may have been here while this one waited.
        if self.held.borrow().is_none() {
            migrations::migrate(&self.runtime, MIGRATIONS)?;
            let mut held = HeldEvents::load(&self.runtime, UNKNOWN_PORTAL, ALL_UNKNOWN_PORTALS)?;
            if let Some(row) = self.runtime.query("SELECT newest FROM dropped", &[])?.first() {
                held.skip_to(integer(row, 0)?);
            }
            self.alarm_at.set(alarm_at);
            self.held.replace(Some(held));
        }
        Ok(())
    }

    fn with_held<T>(&self, work: impl FnOnce(&mut HeldEvents) -> Result<T, PortError>) -> Result<T, PortError> {
        let mut held = self.held.borrow_mut();
        work(held.as_mut().ok_or_else(|| PortError::new("held.read", "storage was not read"))?)
    }

    /// Throws away what memory has, since storage may have something else.
    fn give_up(&self, error: &PortError) {
        self.held.replace(None);
        self.runtime.write(LogLine::new(Level::Error, "storage failed").with("error", error.to_string()));
    }

    async fn rearm(&self) -> Result<(), PortError> {
        let expire_at = self.with_held(|held| Ok(held.index().next_expiry()))?;
        let expire_at = expire_at.map(|expiry| expiry.plus_millis(EXPIRE_EVERY_MILLIS));
        let Some(at) = expire_at.into_iter().chain(self.install_due_at()?).min() else {
            return Ok(());
        };
        if self.alarm_at.get().is_none_or(|standing| standing > at) {
            self.runtime.set(at).await?;
            self.alarm_at.set(Some(at));
        }
        Ok(())
    }
}
