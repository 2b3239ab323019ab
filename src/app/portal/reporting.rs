//! Keeps the Directory's picture of the portal up to date: what the list of portals shows, and when the watchdog is to look.

use super::command::HeldStatus;
use super::upkeep::TELL_RETRY_MILLIS;
use super::{BACKSTOP_MILLIS, Memory, Portal, consumers, event_log};
use crate::app::directory::command::{DirectoryCommand, DirectoryReply, PortalReport, failure};
use crate::app::log_line::{Level, LogLine};
use crate::app::ports::{Directory, PortError, PortalRuntime, Sql};
use crate::app::rows::{integer, optional_integer};
use crate::domain::free_plan::day_of;
use crate::domain::time::Timestamp;

/// How long new events alone are not worth a report, in milliseconds.
const REPORT_EVERY_MILLIS: i64 = 3_600_000;
/// How many new events are, after that time: a report is a request, which is then a twentieth of one for each event.
const REPORT_EVERY_EVENTS: i64 = 20;

/// What the Directory was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    at: Timestamp,
    /// Place of the newest event then.
    head: i64,
    /// Whether events waited for longer than a run.
    is_busy: bool,
}

impl Reported {
    /// What storage says, if the Directory was ever told.
    pub fn load(sql: &impl Sql) -> Result<Option<Self>, PortError> {
        let rows = sql.query("SELECT reported_at, reported_head, reported_busy FROM portal", &[])?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let Some(at) = optional_integer(row, 0)? else {
            return Ok(None);
        };
        Ok(Some(Self { at: Timestamp::from_millis(at), head: integer(row, 1)?, is_busy: integer(row, 2)? != 0 }))
    }

    /// Notes what the Directory was told, and when it is to be told (again). One row written.
    fn save(reported: Option<Self>, due_at: Option<Timestamp>, sql: &impl Sql) -> Result<(), PortError> {
        let values = [
            due_at.map(Timestamp::as_millis).into(),
            reported.map(|reported| reported.at.as_millis()).into(),
            reported.map(|reported| reported.head).into(),
            reported.map(|reported| i64::from(reported.is_busy)).into(),
        ];
        let update = "UPDATE portal SET report_due_at = ?, reported_at = ?, reported_head = ?, reported_busy = ?";
        sql.query(update, &values).map(drop)
    }
}

impl<R: PortalRuntime> Portal<R> {
    /// Tells the Directory where events wait for longer than a run or no longer do, or where many are new. Called by the alarm,
    /// so never while an event is accepted. What a run delivers at once is no news: a lone event costs no report.
    pub(super) async fn report_if_changed(&self) -> Result<(), PortError> {
        let now = self.runtime.now();
        let Some(is_busy) = self.is_busy(now)? else {
            return Ok(());
        };
        {
            let mut memory = self.memory.borrow_mut();
            let is_news = |memory: &&mut Memory| {
                memory.reported.is_none_or(|reported| {
                    let is_old = now.millis_since(reported.at) >= REPORT_EVERY_MILLIS;
                    reported.is_busy != is_busy || (is_old && memory.head - reported.head >= REPORT_EVERY_EVENTS)
                })
            };
            let Some(memory) = memory.as_mut().filter(is_news) else {
                return Ok(());
            };
            memory.registration.report_due_at = Some(now);
        }
        self.report().await
    }

    /// Tells the Directory how things stand, where it is out of date.
    pub(super) async fn report(&self) -> Result<(), PortError> {
        let now = self.runtime.now();
        // Asked after every run, so nothing is looked up before it is certain that there is something to tell.
        let is_due = |memory: &Memory| memory.registration.report_due_at.is_some_and(|due_at| due_at <= now);
        if !self.memory.borrow().as_ref().is_some_and(is_due) {
            return Ok(());
        }
        let is_busy = self.is_busy(now)?;
        let (report, next_due_at, due_at, head, is_busy) = {
            let memory = self.memory.borrow();
            let Some(memory) = memory.as_ref() else {
                return Ok(());
            };
            let is_busy = is_busy.unwrap_or(memory.reported.is_some_and(|reported| reported.is_busy));
            let registration = &memory.registration;
            let held = memory.held.index().counts(&registration.member_id);
            let report = PortalReport {
                member_id: registration.member_id.clone(),
                domain: registration.domain.clone(),
                state: registration.state(),
                last_seq: memory.head,
                events_today: memory.head - event_log::last_before(&self.runtime, day_of(now))?,
                storage: self.storage_status()?,
                delivery: self.delivery_status(memory)?,
                destinations: self.configured_deliveries(memory, now)?,
                consumer_lag: consumers::greatest_lag(&self.runtime, memory.head)?,
                last_event_at: (memory.head > 0).then(|| memory.last_logged_at.to_rfc3339_millis()),
                held: held.into_iter().map(HeldStatus::from).collect(),
                reported_at: now.to_rfc3339_millis(),
            };
            (
                report,
                self.work_due_at(memory, now, memory.delivery_due_at(now))?,
                registration.report_due_at,
                memory.head,
                is_busy,
            )
        };
        let told =
            Directory::call(&self.runtime, &DirectoryCommand::Report { report: Box::new(report), next_due_at }).await;
        let is_told = matches!(told, Ok(DirectoryReply::Done));
        if !is_told {
            self.runtime.write(LogLine::new(Level::Warn, "directory not told").with("error", failure(&told)));
        }
        let mut memory = self.memory.borrow_mut();
        // What changed meanwhile is still to be told.
        if let Some(memory) = memory.as_mut().filter(|memory| memory.registration.report_due_at == due_at) {
            let again_at = self.runtime.now().plus_millis(TELL_RETRY_MILLIS);
            let next_report_at = (!is_told).then_some(again_at);
            let reported = if is_told { Some(Reported { at: now, head, is_busy }) } else { memory.reported };
            Reported::save(reported, next_report_at, &self.runtime)?;
            memory.registration.report_due_at = next_report_at;
            memory.reported = reported;
        }
        Ok(())
    }

    /// Whether events wait for longer than a run takes: the next attempt is further away, or the last should have been made long
    /// ago. Nothing where some wait that a run is about to send, so that it cannot be told yet.
    fn is_busy(&self, now: Timestamp) -> Result<Option<bool>, PortError> {
        let memory = self.memory.borrow();
        let Some(memory) = memory.as_ref() else {
            return Ok(None);
        };
        let Some(due_at) = memory.delivery_due_at(now) else {
            return Ok(Some(false));
        };
        let is_overdue = |since: Timestamp| now.millis_since(since) > BACKSTOP_MILLIS;
        let is_late =
            due_at.millis_since(now) > BACKSTOP_MILLIS || self.due_since(memory, now)?.is_some_and(is_overdue);
        Ok(is_late.then_some(true))
    }
}
