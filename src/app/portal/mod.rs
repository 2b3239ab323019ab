//! The object of one portal: the authority on its tokens, the keeper of its log, and the sender of its events.
//!
//! It writes nothing before the portal is registered. What it knows stands in its storage; memory is a copy that is thrown
//! away whenever storage fails.

pub mod activity;
mod alarm;
mod checking;
pub mod command;
mod command_text;
pub mod consumers;
mod deliveries;
pub mod delivery;
pub mod delivery_command;
mod delivery_state;
pub mod destinations;
mod drain;
mod event_log;
pub mod follow;
pub mod installs;
mod intake;
mod lease;
mod notices;
mod outbox;
mod portal_status;
mod registration;
mod release;
pub mod replays;
mod reporting;
mod retention;
mod schema;
mod status;
mod trial;
mod upkeep;

use self::command::{PortalCommand, PortalReply};
use self::delivery::Lane;
use self::installs::{Authorisation, Calls};
use self::lease::Lease;
use self::outbox::Outbox;
use self::registration::Registration;
use self::reporting::Reported;
use super::held_events::HeldEvents;
use super::log_line::{Level, LogLine};
use super::migrations;
use super::ports::{Alarm, PortError, PortalRuntime};
use crate::domain::config::Config;
use crate::domain::held_limit::REGISTERED_PORTAL;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// When the alarm looks after work that a run should have done, in milliseconds: later than the longest send, so that it
/// finds a run either finished or gone.
const BACKSTOP_MILLIS: i64 = 20_000;

/// The object of one portal.
pub struct Portal<R> {
    runtime: R,
    config: Config,
    /// Whether `memory` says what storage has.
    loaded: Cell<bool>,
    /// How often storage was read.
    started: Cell<u32>,
    memory: RefCell<Option<Memory>>,
    alarm_at: Cell<Option<Timestamp>>,
    lease: Lease,
    /// The claim of the one test event at a time.
    trial: Lease,
    /// Requests to destinations since the object started: the number of the newest.
    requests_made: Cell<u64>,
    /// How far the Directory's held events were logged since the object started, for each token that was released.
    released_to: RefCell<BTreeMap<TokenHash, i64>>,
    /// When a call last brought many events.
    crowd_at: Cell<Option<Timestamp>>,
    /// What the operator is to be told.
    outbox: Outbox,
    /// Whether the storage is nearly full, and the log says so.
    is_filling: Cell<bool>,
    /// The newest place that those who follow the log were told, where that was since the object started.
    told_to: Cell<Option<i64>>,
    /// Calls to Bitrix24.
    calls: Calls,
}

/// What storage has, of a registered portal.
#[derive(Debug)]
struct Memory {
    registration: Registration,
    held: HeldEvents,
    /// Place of the newest event.
    head: i64,
    last_logged_at: Timestamp,
    /// The destinations, the default one first.
    lanes: Vec<Lane>,
    /// What the Directory was told, if it ever was.
    reported: Option<Reported>,
    /// Whether held events are on their way from the Directory.
    has_releases: bool,
    /// What the portal lets the application do, where it installed one.
    authorisation: Option<Authorisation>,
}

impl<R: PortalRuntime> Portal<R> {
    /// The object, before it has looked at its storage.
    pub fn new(runtime: R, config: Config) -> Self {
        Self {
            runtime,
            config,
            loaded: Cell::new(false),
            started: Cell::new(0),
            memory: RefCell::new(None),
            alarm_at: Cell::new(None),
            lease: Lease::default(),
            trial: Lease::default(),
            requests_made: Cell::new(0),
            released_to: RefCell::new(BTreeMap::new()),
            crowd_at: Cell::new(None),
            outbox: Outbox::default(),
            is_filling: Cell::new(false),
            told_to: Cell::new(None),
            calls: Calls::default(),
        }
    }

    /// Carries out a command. A failure of storage is an answer too, so that the caller can tell it from a lost call.
    pub async fn handle(&self, command: PortalCommand) -> PortalReply {
        match self.try_handle(command).await {
            Ok(reply) => reply,
            Err(error) => {
                self.give_up(&error);
                PortalReply::Failed(error.to_string())
            }
        }
    }

    async fn try_handle(&self, command: PortalCommand) -> Result<PortalReply, PortError> {
        if self.wake().await? && !matches!(command, PortalCommand::Check) {
            // Another configuration may have made due what the alarm in storage does not know of.
            self.rearm().await?;
        }
        let now = self.runtime.now();
        match command {
            PortalCommand::Append(appends) => self.append(appends, now).await,
            PortalCommand::Drain(spilled) => self.drain(spilled, now).await,
            PortalCommand::Adopt { member_id, record } => self.adopt(member_id, record, now).await,
            PortalCommand::Register(register) => self.register(register, now).await,
            PortalCommand::Revoke { sha256 } => self.revoke(sha256.as_ref(), now).await,
            PortalCommand::Status => self.status(),
            PortalCommand::Check => self.check(now).await,
            PortalCommand::ReadLog(query) => self.read_log(&query),
            PortalCommand::Activity { minutes } => self.activity(minutes, now),
            PortalCommand::Follow => Ok(self.follow()),
            PortalCommand::Consumers => self.consumers(),
            PortalCommand::Acknowledge { name, seq, force } => self.acknowledge(&name, seq, force, now),
            PortalCommand::RemoveConsumer { name } => self.remove_consumer(&name),
            PortalCommand::Install(install) => self.install(install).await,
            PortalCommand::InstallProgress { retry } => self.show_progress(retry).await,
            PortalCommand::Sync => self.sync_now().await,
            PortalCommand::AccessToken => self.hand_out_token().await,
            PortalCommand::Destination(command) => self.destination_command(command, now).await,
            PortalCommand::TestDestination { name } => self.test_destination(&name, now).await,
            PortalCommand::Delivery(command) => self.delivery_command(command, now).await,
        }
    }

    /// The alarm. Whether [`Self::work_of_alarm`] is to follow, for which the alarm must not wait: another one may be due while
    /// a request of this one is still under way. It fails only where storage does: the platform gives up on an alarm that
    /// fails six times.
    pub async fn alarm(&self) -> Result<bool, PortError> {
        self.alarm_at.set(None);
        self.wake().await?;
        let now = self.runtime.now();
        self.claim_notices(now)?;
        self.claim_application(now);
        if self.next_due_at(now, Memory::delivery_due_at)?.is_some_and(|due_at| due_at <= now) {
            // Armed before the work, so that a crash in it is noticed.
            self.arm(now.plus_millis(BACKSTOP_MILLIS), now).await?;
            return Ok(true);
        }
        self.look_after().await?;
        Ok(false)
    }

    /// Does what the alarm found due. The alarm that was set before looks after it where it is cut off.
    pub async fn work_of_alarm(&self) {
        self.work().await;
        if let Err(error) = self.look_after().await {
            self.give_up(&error);
        }
    }

    /// What every alarm ends with: others are told how things stand, and the next alarm is set.
    async fn look_after(&self) -> Result<(), PortError> {
        self.notify_if_stalled(self.runtime.now())?;
        self.report_if_changed().await?;
        self.rearm().await
    }

    /// Whether [`Self::work`] has something to do that need not wait for the alarm. It looks at memory alone, since it is
    /// asked after every event.
    pub fn has_work(&self) -> bool {
        let now = self.runtime.now();
        let memory = self.memory.borrow();
        let has_news = |Memory { registration, has_releases, .. }: &Memory| {
            let due = [registration.record_due_at, registration.report_due_at];
            *has_releases || due.into_iter().flatten().any(|due_at| due_at <= now)
        };
        let may_send = |memory: &Memory| memory.is_sending(now) && !self.gives_way(memory, now);
        let is_due = |memory: &Memory| may_send(memory) || has_news(memory);
        self.has_untold() || (self.lease.is_free(now) && memory.as_ref().is_some_and(is_due))
    }

    /// Does what is due: followers of the log, releases, the record in KV, the report to the Directory, pruning, and deliveries.
    /// At most one run at a time does more than deliver.
    pub async fn work(&self) {
        self.tell_followers();
        let now = self.runtime.now();
        let Some(claim) = self.lease.claim(now) else {
            return;
        };
        let upkeep = async {
            self.wake().await?;
            self.upkeep(&claim).await
        }
        .await;
        drop(claim);
        // A run logs what it releases.
        self.tell_followers();
        let outcome = match upkeep {
            Ok(()) => self.deliver_and_rearm().await,
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            self.give_up(&error);
            if let Err(error) = self.arm(now.plus_millis(BACKSTOP_MILLIS), now).await {
                self.give_up(&error);
            }
        }
    }

    async fn deliver_and_rearm(&self) -> Result<(), PortError> {
        self.deliver().await?;
        self.rearm().await
    }

    /// Reads storage, once. Whether it did.
    async fn wake(&self) -> Result<bool, PortError> {
        if self.loaded.get() {
            return Ok(false);
        }
        let alarm_at = Alarm::get(&self.runtime).await?;
        // Another request may have been here while this one waited.
        let must_load = !self.loaded.get();
        if must_load {
            self.alarm_at.set(alarm_at);
            let memory = self.load()?;
            self.memory.replace(memory);
            self.loaded.set(true);
            self.started.set(self.started.get().wrapping_add(1));
            self.store_rescued()?;
        }
        Ok(must_load)
    }

    fn load(&self) -> Result<Option<Memory>, PortError> {
        let sql = &self.runtime;
        if migrations::version(sql)?.is_none() {
            return Ok(None);
        }
        migrations::migrate(sql, schema::MIGRATIONS)?;
        let Some(registration) = Registration::load(sql)? else {
            return Ok(None);
        };
        let (head, last_logged_at) = event_log::newest(sql)?.unwrap_or((0, Timestamp::EPOCH));
        Ok(Some(Memory {
            lanes: self.load_lanes(&registration.member_id, head)?,
            registration,
            held: HeldEvents::load(sql, REGISTERED_PORTAL, REGISTERED_PORTAL)?,
            head,
            last_logged_at,
            reported: Reported::load(sql)?,
            has_releases: self.release_due_at()?.is_some(),
            authorisation: self.load_authorisation()?,
        }))
    }

    /// Throws away what memory has, since storage may have something else.
    fn give_up(&self, error: &PortError) {
        self.loaded.set(false);
        self.memory.replace(None);
        self.outbox.forget();
        self.runtime.write(LogLine::new(Level::Error, "storage failed").with("error", error.to_string()));
    }

    /// A log line about this portal.
    fn line(&self, level: Level, message: &'static str) -> LogLine {
        let memory = self.memory.borrow();
        let member_id = memory.as_ref().map(|memory| memory.registration.member_id.to_string());
        LogLine::new(level, message).with("member_id", member_id)
    }
}
