//! One destination of a portal, as its object keeps it in memory: storage follows it.

mod reading;
mod status;

use super::records::{self, DestinationRow};
use super::replay::Replay;
use super::under_way::UnderWay;
use crate::app::portal::event_log::StoredEvent;
use crate::app::ports::{PortError, Sql};
use crate::domain::config::Forwarding;
use crate::domain::delivery::circuit::Circuit;
use crate::domain::delivery::dispatcher::{Dispatcher, Pause, Settlement};
use crate::domain::delivery::outcome::Outcome;
use crate::domain::delivery::queue::{Change, Queue};
use crate::domain::delivery::tally::Tally;
use crate::domain::destination::{Destination, Endpoint, Format};
use crate::domain::destination_name::DEFAULT;
use crate::domain::destination_settings::Settings;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How far the cursor in storage may be behind: how many deliveries a crash may repeat, against a row written each time.
pub const CURSOR_STEP: i64 = 100;
/// How far behind the cursor a row of `delivery` is looked for that has later counts than the destination's own: the rows that
/// this reads when an object wakes are those of deliveries that did not go well at once.
const TALLY_REACH: i64 = 5_000;
/// How long until a broken configuration is looked at again while events wait, in milliseconds. The deployment that mends
/// it starts the object anew, but only the alarm or a request wakes it.
const BROKEN_CHECK_MILLIS: i64 = 60_000;

/// A destination at work.
#[derive(Debug)]
pub struct Lane {
    /// Its name in the API.
    pub name: String,
    /// Where it is; absent where its configuration is broken.
    pub destination: Option<Destination>,
    /// What was chosen, where the API made it.
    pub settings: Option<Settings>,
    /// What is wrong with what was chosen.
    pub trouble: Option<String>,
    /// Until when a secret that was replaced signs too.
    pub previous_secret_until: Option<Timestamp>,
    /// What goes next.
    pub dispatcher: Dispatcher,
    /// What is to be sent again.
    pub replays: Vec<Replay>,
    /// Requests under way.
    pub under_way: UnderWay,
    /// What became of its deliveries. Storage has it as of when the cursor or an attempt was last written.
    pub tally: Tally,
    /// SHA-256 of where it is, since a URL may hold a secret.
    target: String,
    /// The cursor that storage has.
    saved: i64,
    /// Obsolete events that storage does not know of yet.
    superseded: BTreeSet<i64>,
    /// Events that were read together with one that was sent before them.
    read_ahead: BTreeMap<i64, StoredEvent>,
    /// The event in whose row of `delivery` storage has `tally`, where it is later than what the destination's own row has.
    tally_in: Option<i64>,
}

impl Lane {
    /// The destination of the variables, as storage knows it; `None` where they describe none. A new one starts at `head`. One
    /// that is somewhere else now keeps its place; what failed at the old one is tried at once.
    pub fn load_default(
        sql: &impl Sql,
        forwarding: &Forwarding,
        first_probe_millis: i64,
        head: i64,
        now: Timestamp,
    ) -> Result<Option<Self>, PortError> {
        let destination = match forwarding {
            Forwarding::Off => return Ok(None),
            Forwarding::Broken => None,
            Forwarding::To(destination) => Some(destination.clone()),
        };
        let target = destination.as_ref().map(target).unwrap_or_default();
        let row = match records::load(sql, DEFAULT)? {
            Some(row) if row.target == target || destination.is_none() => row,
            known => {
                records::retry_all_now(sql, DEFAULT, now)?;
                let known = known.unwrap_or_else(|| Self::new_row(DEFAULT, head, None));
                let paused = known.paused.filter(|reason| !records::ends_by_move(reason));
                let row = DestinationRow { target, circuit: None, paused, ..known };
                records::save(sql, &row)?;
                row
            }
        };
        Self::load(sql, row, destination, first_probe_millis).map(Some)
    }

    pub(super) fn load(
        sql: &impl Sql,
        row: DestinationRow,
        destination: Option<Destination>,
        first_probe_millis: i64,
    ) -> Result<Self, PortError> {
        let mut queue = Queue::new(row.cursor);
        for open in records::open(sql, &row.name)? {
            queue.restore(open.entry, open.attempts, open.due_at);
        }
        for seq in records::done_behind(sql, &row.name, row.cursor)? {
            queue.restore_done(seq);
        }
        let tally = records::latest_tally(sql, &row.name, row.cursor - TALLY_REACH)?
            .filter(|tally| tally.totals.outcomes() > row.tally.totals.outcomes())
            .unwrap_or(row.tally);
        let circuit = Circuit::new(first_probe_millis, row.circuit);
        let has_batches = destination.as_ref().is_some_and(|to| to.format == Format::Batch);
        let coalesces = destination.as_ref().is_some_and(|to| to.coalesces);
        let pause = row.paused.map(|reason| Pause { reason });
        Ok(Self {
            replays: Replay::load_all(sql, &row.name)?,
            name: row.name,
            destination,
            settings: None,
            trouble: None,
            previous_secret_until: None,
            dispatcher: Dispatcher::new(queue, circuit, pause).with(has_batches, coalesces),
            under_way: UnderWay::default(),
            tally,
            target: row.target,
            saved: row.cursor,
            superseded: BTreeSet::new(),
            read_ahead: BTreeMap::new(),
            tally_in: None,
        })
    }

    /// Sends there from now on. What is under way is not touched; what failed elsewhere is due at once.
    pub(super) fn set_destination(&mut self, destination: Destination) {
        self.dispatcher.reform(destination.format == Format::Batch, destination.coalesces);
        self.target = target(&destination);
        self.destination = Some(destination);
    }

    /// The row of a new destination, which has its place yet to be told.
    #[must_use]
    pub fn new_row(name: &str, head: i64, paused: Option<String>) -> DestinationRow {
        DestinationRow {
            name: name.to_owned(),
            cursor: head,
            target: String::new(),
            circuit: None,
            paused,
            tally: Tally::default(),
        }
    }

    /// How it stands, as a row.
    #[must_use]
    pub fn row(&self) -> DestinationRow {
        DestinationRow {
            name: self.name.clone(),
            cursor: self.dispatcher.queue.position(),
            target: self.target.clone(),
            circuit: self.dispatcher.circuit().cloned(),
            paused: self.dispatcher.pause().map(|pause| pause.reason.clone()),
            tally: self.tally.clone(),
        }
    }

    /// Counts how an attempt ended, before [`Self::note`] writes it down.
    pub fn count(
        &mut self,
        outcome: &Outcome,
        events: usize,
        logged_at: &[Timestamp],
        settlement: &Settlement,
        now: Timestamp,
    ) {
        match outcome {
            Outcome::Delivered => self.tally.delivered(events, logged_at, now),
            Outcome::Failed(_) => {
                let is_end = |change: &&Change| matches!(change, Change::Failed { .. });
                self.tally.failed(settlement.changes.iter().filter(is_end).count());
            }
        }
    }

    /// Writes down what has changed, and the cursor where it is too far behind. `has_news`: circuit or pause has changed.
    pub fn note(
        &mut self,
        sql: &impl Sql,
        changes: &[Change],
        has_news: bool,
        now: Timestamp,
    ) -> Result<(), PortError> {
        let position = self.dispatcher.queue.position();
        let is_behind = position - self.saved >= CURSOR_STEP || position < self.saved;
        let must_save = has_news || is_behind;
        for change in changes {
            match change {
                Change::Superseded { seq, has_note: false } => drop(self.superseded.insert(*seq)),
                Change::Rewound { seq } => drop(self.superseded.split_off(seq)),
                _ => {}
            }
        }
        if changes.is_empty() && !must_save {
            return Ok(());
        }
        // Where the cursor has moved, the end of the run writes it, and the counts with it.
        let is_still = !must_save && position == self.saved;
        let tally_in = changes.iter().rev().find_map(Change::attempted).filter(|_| is_still);
        sql.transaction(|| {
            for change in changes {
                let tally = Some(&self.tally).filter(|_| tally_in.is_some() && tally_in == change.attempted());
                records::apply(sql, &self.name, change, tally, now)?;
            }
            if must_save { self.write(sql, position) } else { Ok(()) }
        })?;
        if must_save {
            self.wrote(position);
        }
        self.tally_in = tally_in.or(self.tally_in);
        Ok(())
    }

    /// Writes the cursor where storage has an older one, and the counts where they would not be found again.
    pub fn save_cursor(&mut self, sql: &impl Sql) -> Result<(), PortError> {
        let position = self.dispatcher.queue.position();
        let is_out_of_reach = self.tally_in.is_some_and(|seq| seq <= position - TALLY_REACH);
        if position != self.saved || is_out_of_reach {
            if self.superseded.is_empty() {
                self.write(sql, position)?;
            } else {
                sql.transaction(|| self.write(sql, position))?;
            }
            self.wrote(position);
        }
        if self.has_replays_to_save() {
            self.save_replays(sql)?;
        }
        Ok(())
    }

    fn write(&self, sql: &impl Sql, position: i64) -> Result<(), PortError> {
        let passed = self.superseded.range(..=position).copied().collect();
        records::save_superseded(sql, &self.name, &passed)?;
        records::save(sql, &DestinationRow { cursor: position, ..self.row() })
    }

    fn wrote(&mut self, position: i64) {
        self.saved = position;
        self.tally_in = None;
        self.superseded = self.superseded.split_off(&(position + 1));
    }

    /// When there is something to do.
    #[must_use]
    pub fn due_at(&self, head: i64, now: Timestamp) -> Option<Timestamp> {
        if self.destination.is_some() {
            [self.dispatcher.next_due_at(head, now), self.replays_due_at(now)].into_iter().flatten().min()
        } else {
            let Dispatcher { queue, .. } = &self.dispatcher;
            let waits = queue.position() < head || queue.next_due_at().is_some() || !self.replays.is_empty();
            waits.then(|| now.plus_millis(BROKEN_CHECK_MILLIS))
        }
    }

    /// Whether an event is still to be delivered, as far as is known without looking at it.
    #[must_use]
    pub fn needs(&self, seq: i64) -> bool {
        let queue = &self.dispatcher.queue;
        queue.is_to_come(seq) || queue.is_open(seq)
    }

    /// Whether there is something to do now.
    #[must_use]
    pub fn is_due(&self, head: i64, now: Timestamp) -> bool {
        self.due_at(head, now).is_some_and(|due_at| due_at <= now)
    }

    /// The oldest event that is not known to storage as done: nothing from it on may be pruned.
    #[must_use]
    pub fn undelivered_from(&self) -> i64 {
        let open = self.dispatcher.queue.oldest_open().unwrap_or(i64::MAX);
        open.min(self.saved + 1)
    }
}

/// What tells one destination from another.
fn target(destination: &Destination) -> String {
    let place = match &destination.endpoint {
        Endpoint::Url(webhook) => webhook.url.clone(),
        Endpoint::Queue(binding) => format!("queue:{binding}"),
    };
    Secret::new(place).sha256().to_string()
}
