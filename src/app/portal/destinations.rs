//! Destinations by the API: made, changed, paused and removed.

use super::command::PortalReply;
use super::delivery::configured::{self, Configured};
use super::delivery::{Lane, PAUSED_BY_OPERATOR, ends_by_move, retry_all_now};
use super::delivery_command::{DestinationCommand, DestinationReply, DestinationStatus};
use super::{Memory, Portal};
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::delivery::dispatcher::Pause;
use crate::domain::destination_name::DestinationName;
use crate::domain::destination_secrets::DestinationSecrets;
use crate::domain::destination_settings::{Settings, SettingsChange};
use crate::domain::member_id::MemberId;
use crate::domain::time::Timestamp;
use crate::domain::vault::{Sealed, VaultError};

/// Destinations of a portal that the API made. Each looks at every event, and takes a share of the four requests at a time.
pub const MAX_DESTINATIONS: usize = 10;

impl<R: PortalRuntime> Portal<R> {
    /// Carries out a command about destinations.
    pub(super) async fn destination_command(
        &self,
        command: DestinationCommand,
        now: Timestamp,
    ) -> Result<PortalReply, PortError> {
        let is_question = matches!(command, DestinationCommand::List);
        let reply = self.change_destinations(command, now)?;
        if !is_question {
            self.rearm().await?;
        }
        Ok(reply)
    }

    fn change_destinations(&self, command: DestinationCommand, now: Timestamp) -> Result<PortalReply, PortError> {
        let mut memory = self.memory.borrow_mut();
        let Some(memory) = memory.as_mut() else {
            return Ok(PortalReply::UnknownPortal);
        };
        let reply = match command {
            DestinationCommand::List => self.all_destinations(memory)?,
            DestinationCommand::Create { name, settings, sealed, paused } => {
                self.create_destination(memory, &name, settings, sealed, paused)?
            }
            DestinationCommand::Change { name, change, sealed, paused } => {
                self.change_destination(memory, &name, change, sealed.as_ref(), paused, now)?
            }
            DestinationCommand::Remove { name } => self.remove_destination(memory, &name, now)?,
            DestinationCommand::RotateSecret { name, sealed, overlap_seconds } => {
                self.rotate_secret(memory, &name, &sealed, now.plus_millis(i64::from(overlap_seconds) * 1_000))?
            }
        };
        Ok(PortalReply::Destination(reply))
    }

    /// How the destinations of the API stand.
    pub(super) fn configured_destinations(&self, memory: &Memory) -> Result<Vec<DestinationStatus>, PortError> {
        let configured = memory.lanes.iter().filter(|lane| lane.settings.is_some());
        configured.map(|lane| self.destination_status(lane, memory.head)).collect()
    }

    fn all_destinations(&self, memory: &Memory) -> Result<DestinationReply, PortError> {
        let all = memory.lanes.iter().map(|lane| self.destination_status(lane, memory.head));
        Ok(DestinationReply::All(all.collect::<Result<_, _>>()?))
    }

    fn destination_status(&self, lane: &Lane, head: i64) -> Result<DestinationStatus, PortError> {
        let now = self.runtime.now();
        let error = lane.destination.is_none().then(|| trouble_of(lane));
        Ok(DestinationStatus {
            name: lane.name.clone(),
            settings: lane.settings.clone(),
            paused: lane.dispatcher.pause().is_some(),
            previous_secret_until: lane
                .previous_secret_until
                .filter(|until| *until > now)
                .map(Timestamp::to_rfc3339_millis),
            error,
            delivery: lane.status(&self.runtime, head, now)?,
        })
    }

    fn shown(&self, lane: &Lane, head: i64) -> Result<DestinationReply, PortError> {
        Ok(DestinationReply::One(Box::new(self.destination_status(lane, head)?)))
    }

    /// Makes a destination. It begins at the head of the log.
    fn create_destination(
        &self,
        memory: &mut Memory,
        name: &DestinationName,
        settings: Settings,
        sealed: Option<Sealed>,
        paused: bool,
    ) -> Result<DestinationReply, PortError> {
        let (sql, member_id, head) = (&self.runtime, &memory.registration.member_id, memory.head);
        if name.is_default() {
            return Ok(DestinationReply::OfVariables);
        }
        let made = Configured { settings, sealed };
        if configured::is_taken(sql, name.as_str())? {
            // The call may be a repeat of one whose answer was lost. What was sealed is the same then, to the letter.
            let known = configured::load(sql, name.as_str())?;
            let is_repeat = known.is_some_and(|known| known.settings == made.settings && known.sealed == made.sealed);
            let lane = memory.lane(name.as_str()).filter(|_| is_repeat);
            return lane.map_or(Ok(DestinationReply::NameTaken), |lane| self.shown(lane, head));
        }
        if memory.lanes.iter().filter(|lane| lane.settings.is_some()).count() >= MAX_DESTINATIONS {
            return Ok(DestinationReply::TooMany);
        }
        if let Err(error) = made.settings.check() {
            return Ok(DestinationReply::Refused(error.to_string()));
        }
        if let Err(trouble) = made.open(&self.config, member_id, name.as_str()) {
            return Ok(DestinationReply::Locked(trouble));
        }
        let row = Lane::new_row(name.as_str(), head, paused.then(|| PAUSED_BY_OPERATOR.to_owned()));
        configured::save(sql, &row, &made)?;
        let lane = Lane::load_one(sql, &self.config, member_id, name.as_str())?;
        let shown = self.shown(&lane, head)?;
        // In the order of their names, behind the default one.
        let is_before = |known: &Lane| known.settings.is_none() || known.name < lane.name;
        let at = memory.lanes.partition_point(is_before);
        memory.lanes.insert(at, lane);
        Ok(shown)
    }

    fn change_destination(
        &self,
        memory: &mut Memory,
        name: &DestinationName,
        change: SettingsChange,
        sealed: Option<&Sealed>,
        paused: Option<bool>,
        now: Timestamp,
    ) -> Result<DestinationReply, PortError> {
        let (sql, head) = (&self.runtime, memory.head);
        let member_id = memory.registration.member_id.clone();
        let Some(lane) = memory.lane_mut(name.as_str()) else {
            return Ok(DestinationReply::Unknown);
        };
        if change != SettingsChange::default() || sealed.is_some() {
            let Some(known) = configured::load(sql, name.as_str())? else {
                return Ok(DestinationReply::OfVariables);
            };
            let settings = match known.settings.changed(change) {
                Ok(settings) => settings,
                Err(error) => return Ok(DestinationReply::Refused(error.to_string())),
            };
            let has_moved = settings.url != known.settings.url
                || settings.queue != known.settings.queue
                || settings.binding != known.settings.binding;
            let mut changed = Configured { settings, sealed: known.sealed };
            let secrets = match sealed {
                None => changed.open(&self.config, &member_id, name.as_str()),
                Some(headers) => {
                    let replace =
                        |secrets: &mut DestinationSecrets, new: DestinationSecrets| secrets.headers = new.headers;
                    match self.reseal_destination(&member_id, name, &changed, headers, replace) {
                        Ok((secrets, sealed)) => {
                            changed.sealed = Some(sealed);
                            Ok(secrets)
                        }
                        Err(error) => return Ok(DestinationReply::Locked(error)),
                    }
                }
            };
            lane.configure(&changed, secrets);
            if has_moved {
                lane.dispatcher.renew(now);
                if lane.dispatcher.pause().is_some_and(|pause| ends_by_move(&pause.reason)) {
                    lane.dispatcher.set_pause(None);
                }
                retry_all_now(sql, name.as_str(), now)?;
            }
            configured::save(sql, &lane.row(), &changed)?;
        }
        if let Some(paused) = paused {
            let reason = || Pause { reason: PAUSED_BY_OPERATOR.to_owned() };
            lane.dispatcher.set_pause(paused.then(reason));
            lane.note(sql, &[], true, now)?;
        }
        self.shown(lane, head)
    }

    fn remove_destination(
        &self,
        memory: &mut Memory,
        name: &DestinationName,
        now: Timestamp,
    ) -> Result<DestinationReply, PortError> {
        if name.is_default() {
            return Ok(DestinationReply::OfVariables);
        }
        let Some(at) = memory.lanes.iter().position(|lane| lane.name == name.as_str()) else {
            // A repeat of a call whose answer was lost finds none, or one that is being forgotten.
            let is_being_forgotten = configured::is_taken(&self.runtime, name.as_str())?;
            return Ok(if is_being_forgotten { DestinationReply::Removed } else { DestinationReply::Unknown });
        };
        configured::remove(&self.runtime, name.as_str(), now)?;
        memory.lanes.remove(at);
        Ok(DestinationReply::Removed)
    }

    fn rotate_secret(
        &self,
        memory: &mut Memory,
        name: &DestinationName,
        sealed: &Sealed,
        until: Timestamp,
    ) -> Result<DestinationReply, PortError> {
        if name.is_default() {
            return Ok(DestinationReply::OfVariables);
        }
        let member_id = memory.registration.member_id.clone();
        let (sql, head) = (&self.runtime, memory.head);
        let Some(known) = configured::load(sql, name.as_str())? else {
            return Ok(DestinationReply::Unknown);
        };
        let Some(lane) = memory.lane_mut(name.as_str()) else {
            return Ok(DestinationReply::Unknown);
        };
        if !known.settings.has_secrets() {
            return Ok(DestinationReply::Unsigned);
        }
        let rotate = |secrets: &mut DestinationSecrets, new: DestinationSecrets| {
            // The call may be a repeat of one whose answer was lost.
            if let Some(signing) = new.signing.filter(|signing| secrets.signing.as_ref() != Some(signing)) {
                secrets.rotate(signing, until);
            }
        };
        match self.reseal_destination(&member_id, name, &known, sealed, rotate) {
            Ok((secrets, sealed)) => {
                let rotated = Configured { sealed: Some(sealed), ..known };
                configured::save(sql, &lane.row(), &rotated)?;
                lane.configure(&rotated, Ok(secrets));
                self.shown(lane, head)
            }
            Err(error) => Ok(DestinationReply::Locked(error)),
        }
    }

    /// Opens what a destination is called with and what is new, puts them together, and seals the whole.
    fn reseal_destination(
        &self,
        member_id: &MemberId,
        name: &DestinationName,
        known: &Configured,
        new: &Sealed,
        change: impl FnOnce(&mut DestinationSecrets, DestinationSecrets),
    ) -> Result<(DestinationSecrets, Sealed), String> {
        let text = |error: VaultError| format!("its secrets cannot be used: {error}");
        let mut secrets = known.open(&self.config, member_id, name.as_str())?;
        let new = DestinationSecrets::open(new, &self.config.vault, member_id, name.as_str()).map_err(text)?;
        change(&mut secrets, new);
        let nonce = self.runtime.fresh();
        let sealed = secrets.seal(&self.config.vault, member_id, name.as_str(), nonce).map_err(text)?;
        Ok((secrets, sealed))
    }

    /// Forgets the deliveries of removed destinations, a bounded number at a time.
    pub(super) fn forget_destinations(&self) -> Result<(), PortError> {
        if let Some(name) = configured::removed(&self.runtime)? {
            configured::forget_removed(&self.runtime, &name)?;
        }
        Ok(())
    }

    /// When there is more of them to forget.
    pub(super) fn forgetting_due_at(&self) -> Result<Option<Timestamp>, PortError> {
        Ok(configured::removed(&self.runtime)?.map(|_| self.runtime.now()))
    }
}

/// Why a destination cannot be sent anything.
pub(super) fn trouble_of(lane: &Lane) -> String {
    let of_variables = || "a variable is broken: see configuration_errors of the portal".to_owned();
    lane.trouble.clone().unwrap_or_else(of_variables)
}
