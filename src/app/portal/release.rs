//! Registers tokens, and releases what was held under them.

use super::command::{PortalReply, Register};
use super::lease::Claim;
use super::registration::Registration;
use super::{Memory, Portal, event_log, schema};
use crate::app::directory::command::{DirectoryCommand, DirectoryReply, failure};
use crate::app::held_events::{HeldEvent, HeldEvents};
use crate::app::kv_record::{KvIsDown, read_adoptable};
use crate::app::log_line::{Level, LogLine};
use crate::app::migrations;
use crate::app::ports::{CallError, Directory, PortError, PortalRuntime};
use crate::app::rows::{integer, optional_integer, parsed};
use crate::domain::event_id::EventId;
use crate::domain::held_limit::REGISTERED_PORTAL;
use crate::domain::install::{InstallRecord, TokenStatus};
use crate::domain::member_id::MemberId;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use std::collections::BTreeMap;

/// How long after a registration the Directory may still receive events that were under way, in milliseconds: far longer than
/// the Worker takes from asking this object to asking the Directory, repetitions included.
const SETTLE_MILLIS: i64 = 60_000;
/// When a release that could not reach the Directory is tried again, in milliseconds.
const RELEASE_RETRY_MILLIS: i64 = 10_000;

/// What the Directory has for a token. `None` where it could not be asked.
type Waiting = Option<Vec<HeldEvent>>;

impl<R: PortalRuntime> Portal<R> {
    /// Registers a token for good, and releases what is held under it, here and in the Directory, in the order in which it
    /// was received.
    pub(super) async fn register(&self, register: Register, now: Timestamp) -> Result<PortalReply, PortError> {
        if let Err(error) = self.adopt_from_kv(&register.member_id).await? {
            return Ok(PortalReply::Failed(error.to_string()));
        }
        let hash = register.sha256;
        let mut has_room = true;
        let change = |known: Option<Registration>| {
            let mut registration = known.unwrap_or_else(|| Registration::new(register.member_id.clone()));
            has_room = registration.register(&register, now);
            Some(registration)
        };
        self.take_over(&register.member_id, vec![hash], change, |_| Ok(()), now).await?;
        if has_room { self.status() } else { Ok(PortalReply::TooManyTokens) }
    }

    /// Reads the record of KV and takes it over, where nothing is known yet: a first registration would otherwise write over the
    /// tokens that a person wrote there.
    pub(super) async fn adopt_from_kv(&self, member_id: &MemberId) -> Result<Result<(), KvIsDown>, PortError> {
        if self.memory.borrow().is_some() {
            return Ok(Ok(()));
        }
        match read_adoptable(&self.runtime, member_id).await {
            Ok(Some(record)) => self.adopt(member_id.clone(), record, self.runtime.now()).await.map(|_| Ok(())),
            Ok(None) => Ok(Ok(())),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Takes the record of KV over, where nothing is known yet. From then on this object alone decides.
    pub(super) async fn adopt(
        &self,
        member_id: MemberId,
        record: InstallRecord,
        now: Timestamp,
    ) -> Result<PortalReply, PortError> {
        if self.memory.borrow().is_none() {
            let adopted = Registration::from_record(member_id.clone(), record, now);
            let active = adopted.tokens.iter().filter(|token| token.status == TokenStatus::Active);
            let hashes = active.map(|token| token.sha256).collect();
            // Whoever came first while this waited for the Directory has decided.
            self.take_over(&member_id, hashes, |known| Some(known.unwrap_or(adopted)), |_| Ok(()), now).await?;
        }
        self.status()
    }

    /// Notes that the portal was renamed.
    pub(super) fn rename(&self, domain: &str) -> Result<(), PortError> {
        let now = self.runtime.now();
        let mut memory = self.memory.borrow_mut();
        if let Some(memory) = memory.as_mut().filter(|memory| memory.registration.domain.as_deref() != Some(domain)) {
            let mut registration = memory.registration.clone();
            registration.domain = Some(domain.to_owned());
            registration.tell_others(now);
            self.runtime.transaction(|| registration.save(&self.runtime))?;
            memory.registration = registration;
        }
        Ok(())
    }

    /// Ends one token, or all.
    pub(super) async fn revoke(&self, sha256: Option<&TokenHash>, now: Timestamp) -> Result<PortalReply, PortError> {
        let found = {
            let mut memory = self.memory.borrow_mut();
            let Some(memory) = memory.as_mut() else {
                return Ok(PortalReply::UnknownPortal);
            };
            let mut registration = memory.registration.clone();
            let found = registration.revoke(sha256, now);
            if found {
                registration.tell_others(now);
                self.runtime.transaction(|| registration.save(&self.runtime))?;
                memory.registration = registration;
            }
            found
        };
        if !found {
            return Ok(PortalReply::UnknownToken);
        }
        self.rearm().await?;
        self.status()
    }

    /// Changes the registration, logs what is held under the given tokens, and does what `also` does, all in one transaction,
    /// so that no event that is received later comes to stand before one that was held.
    pub(super) async fn take_over(
        &self,
        member_id: &MemberId,
        hashes: Vec<TokenHash>,
        change: impl FnOnce(Option<Registration>) -> Option<Registration>,
        also: impl FnOnce(&mut Memory) -> Result<(), PortError>,
        now: Timestamp,
    ) -> Result<bool, PortError> {
        let mut waiting: Vec<(TokenHash, Waiting)> = Vec::new();
        for hash in hashes {
            waiting.push((hash, self.ask_directory(member_id, hash, 0).await));
        }
        // Storage may have failed another request meanwhile, and memory been thrown away.
        self.wake().await?;
        let is_taken = self.establish(waiting, change, also, now)?;
        self.rearm().await?;
        Ok(is_taken)
    }

    fn establish(
        &self,
        waiting: Vec<(TokenHash, Waiting)>,
        change: impl FnOnce(Option<Registration>) -> Option<Registration>,
        also: impl FnOnce(&mut Memory) -> Result<(), PortError>,
        now: Timestamp,
    ) -> Result<bool, PortError> {
        migrations::migrate(&self.runtime, schema::MIGRATIONS)?;
        let mut slot = self.memory.borrow_mut();
        let Some(mut registration) = change(slot.as_ref().map(|memory| memory.registration.clone())) else {
            return Ok(false);
        };
        registration.tell_others(now);
        let is_new = slot.is_none();
        let mut memory = match slot.take() {
            Some(memory) => Memory { registration, ..memory },
            None => Memory {
                registration,
                held: HeldEvents::load(&self.runtime, REGISTERED_PORTAL, REGISTERED_PORTAL)?,
                head: 0,
                last_logged_at: Timestamp::EPOCH,
                lanes: Vec::new(),
                reported: None,
                has_releases: false,
                authorisation: None,
            },
        };
        // Where this fails, the caller throws memory away, which is out of date by then.
        let released = self.runtime.transaction(|| {
            memory.registration.save(&self.runtime)?;
            if is_new {
                memory.lanes = self.load_lanes(&memory.registration.member_id, memory.head)?;
            }
            let log_held =
                |(hash, from_directory)| Ok((hash, self.log_held(&mut memory, hash, from_directory, false, now)?));
            let released = waiting.into_iter().map(log_held).collect::<Result<Vec<_>, PortError>>()?;
            also(&mut memory)?;
            Ok(released)
        })?;
        self.released_to.borrow_mut().extend(released);
        slot.replace(memory);
        Ok(true)
    }

    /// Logs what the Directory and this object hold under a token, and tells how far the Directory's events are logged now.
    /// What the Directory has is older: the portal was unknown then. `is_late`: it was asked before.
    fn log_held(
        &self,
        memory: &mut Memory,
        hash: TokenHash,
        waiting: Waiting,
        is_late: bool,
        now: Timestamp,
    ) -> Result<i64, PortError> {
        // Two calls may have been given the same events; what one has logged, the other skips.
        let taken_to = self.taken_to(&hash)?;
        // Without an answer there may be something; with an empty one there is nothing but what may still be under way.
        let unfinished = waiting.as_ref().is_none_or(|events| !events.is_empty());
        let from_directory = waiting.unwrap_or_default();
        let member_id = memory.registration.member_id.clone();
        let own = memory.held.of_token(&self.runtime, &member_id, &hash, 0)?;
        // What this object held after its caller had given it up, the Directory was given as well.
        let is_held_twice = |held: &&HeldEvent| from_directory.iter().any(|other| other.event.id == held.event.id);
        let new = from_directory.iter().filter(|held| held.number > taken_to);
        let new: Vec<&HeldEvent> = new.chain(own.iter().filter(|held| !is_held_twice(held))).collect();
        // The Worker, whose first call's answer was lost, may have had an event held once more that was released meanwhile.
        let known = if is_late || taken_to > 0 {
            let ids: Vec<EventId> = new.iter().map(|held| held.event.id).collect();
            event_log::find_all_recent(&self.runtime, &ids, memory.head)?
        } else {
            BTreeMap::new()
        };
        let unknown = new.into_iter().filter(|held| !known.contains_key(&held.event.id));
        let events: Vec<_> = unknown.map(|held| (&held.event, false)).collect();
        self.log(memory, &events, now)?;
        let numbers: Vec<i64> = own.iter().map(|held| held.number).collect();
        HeldEvents::delete(&self.runtime, &numbers)?;
        memory.held.forget(&numbers);
        let taken_to = from_directory.last().map_or(taken_to, |held| held.number.max(taken_to));
        let settled_at = now.plus_millis(SETTLE_MILLIS);
        let due_at = if unfinished { now } else { settled_at };
        self.save_release(hash, taken_to, due_at, settled_at)?;
        memory.has_releases |= unfinished;
        Ok(taken_to)
    }

    /// How far the Directory's events of a token are logged.
    fn taken_to(&self, hash: &TokenHash) -> Result<i64, PortError> {
        let rows = self.runtime.query("SELECT taken_to FROM release WHERE sha256 = ?", &[hash.to_string().into()])?;
        let saved = rows.first().map_or(Ok(0), |row| integer(row, 0))?;
        Ok(saved.max(self.released_to.borrow().get(hash).copied().unwrap_or(0)))
    }

    /// Notes how far a release is. When it is settled stays as it was noted first.
    fn save_release(
        &self,
        hash: TokenHash,
        taken_to: i64,
        due_at: Timestamp,
        settled_at: Timestamp,
    ) -> Result<(), PortError> {
        let values =
            [hash.to_string().into(), taken_to.into(), due_at.as_millis().into(), settled_at.as_millis().into()];
        let upsert = "INSERT INTO release (sha256, taken_to, due_at, settled_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (sha256) DO UPDATE SET taken_to = excluded.taken_to, due_at = excluded.due_at";
        self.runtime.query(upsert, &values).map(drop)
    }

    fn postpone_release(&self, hash: TokenHash, due_at: Timestamp) -> Result<(), PortError> {
        let arguments = [due_at.as_millis().into(), hash.to_string().into()];
        self.runtime.query("UPDATE release SET due_at = ? WHERE sha256 = ?", &arguments).map(drop)
    }

    /// When a release is due.
    pub(super) fn release_due_at(&self) -> Result<Option<Timestamp>, PortError> {
        let rows = self.runtime.query("SELECT MIN(due_at) FROM release", &[])?;
        rows.first().map_or(Ok(None), |row| Ok(optional_integer(row, 0)?.map(Timestamp::from_millis)))
    }

    /// Finishes the releases that are due: lets the Directory drop what is logged, and fetches what it received meanwhile.
    pub(super) async fn finish_releases(&self, claim: &Claim<'_>) -> Result<(), PortError> {
        let now = self.runtime.now();
        let query = "SELECT sha256, taken_to, settled_at FROM release WHERE due_at <= ?";
        let rows = self.runtime.query(query, &[now.as_millis().into()])?;
        for row in &rows {
            let (hash, mut taken_to): (TokenHash, i64) = (parsed(row, 0)?, integer(row, 1)?);
            let settled_at = Timestamp::from_millis(integer(row, 2)?);
            while claim.is_held() {
                match self.drop_and_fetch(hash, taken_to).await {
                    Some(events) if events.is_empty() && now < settled_at => {
                        self.postpone_release(hash, settled_at)?;
                        break;
                    }
                    Some(events) if events.is_empty() => {
                        self.runtime.query("DELETE FROM release WHERE sha256 = ?", &[hash.to_string().into()])?;
                        // Another registration may have asked before the Directory dropped what is logged.
                        let mut released_to = self.released_to.borrow_mut();
                        let known = released_to.entry(hash).or_default();
                        *known = taken_to.max(*known);
                        break;
                    }
                    Some(events) => {
                        taken_to = events.last().map_or(taken_to, |held| held.number);
                        let mut memory = self.memory.borrow_mut();
                        let Some(memory) = memory.as_mut() else {
                            return Ok(());
                        };
                        let released =
                            self.runtime.transaction(|| self.log_held(memory, hash, Some(events), true, now))?;
                        self.released_to.borrow_mut().insert(hash, released);
                    }
                    None => {
                        self.postpone_release(hash, now.plus_millis(RELEASE_RETRY_MILLIS))?;
                        break;
                    }
                }
                claim.extend(self.runtime.now());
            }
        }
        // What could not be finished is the alarm's.
        if let Some(memory) = self.memory.borrow_mut().as_mut() {
            memory.has_releases = false;
        }
        Ok(())
    }

    async fn drop_and_fetch(&self, hash: TokenHash, taken_to: i64) -> Waiting {
        let member_id = self.memory.borrow().as_ref()?.registration.member_id.clone();
        let drop_held = DirectoryCommand::DropHeld { member_id: member_id.clone(), sha256: hash, up_to: taken_to };
        match Directory::call(&self.runtime, &drop_held).await {
            Ok(DirectoryReply::Done) => self.ask_directory(&member_id, hash, taken_to).await,
            other => self.report_unreachable(&other),
        }
    }

    async fn ask_directory(&self, member_id: &MemberId, sha256: TokenHash, after: i64) -> Waiting {
        let command = DirectoryCommand::HeldEvents { member_id: member_id.clone(), sha256, after };
        match Directory::call(&self.runtime, &command).await {
            Ok(DirectoryReply::HeldEvents(events)) => Some(events),
            other => self.report_unreachable(&other),
        }
    }

    fn report_unreachable(&self, reply: &Result<DirectoryReply, CallError>) -> Waiting {
        self.runtime.write(LogLine::new(Level::Warn, "directory unreachable").with("error", failure(reply)));
        None
    }
}
