//! Brings spilled events to the objects of their portals, which judge and log them as any other.
//!
//! Every step may be repeated: KV may list what was deleted, and a run may end anywhere. The object knows what it has taken.

use super::Edge;
use super::jobs::{CRON_MILLIS, JobError};
use super::objects::call_portal_once;
use super::records::adopt;
use crate::app::directory::command::{DirectoryCommand, DirectoryReply, failure};
use crate::app::log_line::{Level, LogLine};
use crate::app::portal::command::{Append, PortalCommand, PortalReply};
use crate::app::ports::{Clock, Directory, EdgeRuntime, Kv};
use crate::app::spilled_event::{SPILL_PREFIX, key_of, open, parse_key};
use crate::domain::event_id::EventId;
use crate::domain::location::LocationHint;
use crate::domain::member_id::MemberId;
use crate::domain::request_counts::RequestCounts;
use crate::domain::vault::VaultError;
use std::collections::{BTreeMap, VecDeque};

/// Events of one run. Each is read and deleted, and costs a call where it is alone: with `MAX_LISTS` some 800 of the 1,000
/// operations that a run may make. 72,000 a day.
const MAX_EVENTS: usize = 250;
/// Pages of 1,000 keys that one run looks at.
const MAX_LISTS: usize = 50;
/// How long one run goes on, in milliseconds, so that it ends long before the next.
const MAX_RUN_MILLIS: i64 = 60_000;
/// Events in one call, and bytes of them, unless a single one is longer: the object has 128 MB.
const MAX_CALL_EVENTS: usize = 50;
const MAX_CALL_BYTES: usize = 1 << 20;

/// What waits for each portal, oldest first.
type Waiting = Vec<(MemberId, VecDeque<EventId>)>;

impl Edge {
    /// Drains what fits into one run, and tells the Directory what is left.
    pub(super) async fn drain_spilled(&self, runtime: &impl EdgeRuntime) -> Result<(), JobError> {
        let waiting = list(runtime).await?;
        let events = waiting.iter().map(|(_, ids)| ids.len()).sum::<usize>();
        if events == 0 {
            return Ok(());
        }
        let (taken, unreadable) = if self.config.vault.has_key() {
            self.drain_by_turns(runtime, waiting).await
        } else {
            let line = LogLine::new(Level::Warn, "spilled events not drained").with("events", events);
            runtime.write(line.with("error", VaultError::NoKey.to_string()));
            (0, events)
        };
        let (now, left) = (Clock::now(runtime).as_millis(), events.saturating_sub(taken + unreadable));
        let counts = RequestCounts::of_spilled(now, left, unreadable);
        let told = Directory::call(runtime, &DirectoryCommand::CountRequests(counts)).await;
        if matches!(told, Ok(DirectoryReply::Done)) { Ok(()) } else { Err(failure(&told).to_owned()) }
    }

    /// All portals come by turns, so that neither one that is down nor one with much starves the others; and each run begins with
    /// another one, in case that there is not time for all. How many events their objects have taken, and how many cannot be read.
    async fn drain_by_turns(&self, runtime: &impl EdgeRuntime, mut waiting: Waiting) -> (usize, usize) {
        let started_at = Clock::now(runtime);
        let (end, number) = (started_at.plus_millis(MAX_RUN_MILLIS), started_at.as_millis() / CRON_MILLIS);
        let first = usize::try_from(number).unwrap_or(0).checked_rem(waiting.len()).unwrap_or(0);
        waiting.rotate_left(first);
        let mut left = MAX_EVENTS;
        let (mut taken, mut unreadable) = (0, 0);
        // A portal that is down costs one event's reading in each run.
        let mut share = 1;
        while !waiting.is_empty() {
            let mut rest = Waiting::new();
            for (member_id, mut ids) in waiting {
                if left == 0 || Clock::now(runtime) >= end {
                    return (taken, unreadable);
                }
                let (before, unreadable_before) = (ids.len(), unreadable);
                let outcome = self.drain_some(runtime, &member_id, &mut ids, share.min(left), &mut unreadable).await;
                let looked_at = before - ids.len();
                left -= looked_at;
                match outcome {
                    Ok(()) => {
                        taken += looked_at - (unreadable - unreadable_before);
                        if !ids.is_empty() {
                            rest.push((member_id, ids));
                        }
                    }
                    Err(error) => {
                        let line =
                            LogLine::new(Level::Error, "spilled events wait").with("member_id", member_id.as_str());
                        runtime.write(line.with("events", before).with("error", error));
                    }
                }
            }
            waiting = rest;
            share = MAX_CALL_EVENTS;
        }
        (taken, unreadable)
    }

    /// Brings the next few events of a portal to its object, and deletes what that has taken.
    async fn drain_some(
        &self,
        runtime: &impl EdgeRuntime,
        member_id: &MemberId,
        ids: &mut VecDeque<EventId>,
        share: usize,
        unreadable: &mut usize,
    ) -> Result<(), String> {
        let (mut keys, mut events, mut bytes) = (Vec::new(), Vec::new(), 0);
        // What cannot be read counts as well: each is an operation, and a run may make so many.
        for _ in 0..share {
            if bytes >= MAX_CALL_BYTES {
                break;
            }
            let Some(id) = ids.pop_front() else { break };
            let key = key_of(member_id, id);
            // What is listed and cannot be read was deleted a moment ago.
            if let Some(value) = Kv::get(runtime, &key).await.map_err(|error| error.to_string())? {
                match open(&self.config.vault, member_id, &value) {
                    Ok(append) => {
                        bytes += append.event.json.len();
                        events.push(append);
                        keys.push(key);
                    }
                    Err(error) => {
                        *unreadable += 1;
                        let line = LogLine::new(Level::Error, "spilled event not readable")
                            .with("member_id", member_id.as_str());
                        runtime.write(line.with("id", id.to_string()).with("error", error));
                    }
                }
            }
        }
        if events.is_empty() {
            return Ok(());
        }
        let line = bring(runtime, member_id, events).await?;
        runtime.write(line);
        for key in keys {
            if let Err(error) = Kv::delete(runtime, &key).await {
                let line = LogLine::new(Level::Warn, "spilled event not deleted").with("member_id", member_id.as_str());
                runtime.write(line.with("error", error.to_string()));
            }
        }
        Ok(())
    }
}

/// All that waits, as KV lists it.
async fn list(runtime: &impl EdgeRuntime) -> Result<Waiting, JobError> {
    let mut waiting: BTreeMap<MemberId, VecDeque<EventId>> = BTreeMap::new();
    let mut cursor = None;
    for _ in 0..MAX_LISTS {
        let page = Kv::list(runtime, SPILL_PREFIX, cursor.as_deref()).await.map_err(|error| error.to_string())?;
        for (member_id, id) in page.keys.iter().filter_map(|key| parse_key(key)) {
            waiting.entry(member_id).or_default().push_back(id);
        }
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(waiting.into_iter().collect())
}

/// Lets the object take events. One that knows nothing of its portal adopts the record of KV first; where there is none, they
/// wait on.
async fn bring(runtime: &impl EdgeRuntime, member_id: &MemberId, events: Vec<Append>) -> Result<LogLine, String> {
    let line = LogLine::new(Level::Info, "spilled events drained").with("member_id", member_id.as_str());
    let command = PortalCommand::Drain(events);
    let mut may_adopt = true;
    loop {
        return match call_portal_once(runtime, member_id, &command).await {
            Ok(PortalReply::Drained { logged, held, refused }) => {
                Ok(line.with("logged", logged).with("held", held).with("refused", refused))
            }
            Ok(PortalReply::UnknownPortal) if may_adopt => {
                may_adopt = false;
                let adopted = adopt(runtime, member_id, LocationHint::choose(None, None)).await;
                adopted.map_err(|problem| problem.code().as_str().to_owned())?.map_err(|error| error.to_string())?;
                continue;
            }
            Ok(PortalReply::UnknownPortal) => Err("its object does not know it".to_owned()),
            Ok(_) => Err("unexpected answer".to_owned()),
            Err(cause) => Err(cause),
        };
    }
}
