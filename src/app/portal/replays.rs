//! Replays: what was done is sent again, because a person wants it.

use super::delivery::{Lane, Replay};
use super::delivery_command::{DeliveryReply, ReplayCount, ReplayQuery};
use super::{Memory, Portal, event_log};
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::destination_name::DestinationName;
use crate::domain::event_id::EventId;
use crate::domain::time::Timestamp;

/// Replays of a portal at once. Each is a row, and up to 100 events in memory.
pub const MAX_REPLAYS: usize = 20;
/// Events per second of the replay of a single event: it is one.
const RATE_OF_ONE: u32 = 1;
/// Entries of the log that are read at once.
const READ_STEP: u32 = 500;

impl<R: PortalRuntime> Portal<R> {
    /// Counts what a replay would send, among as many events as one call looks at.
    pub(super) fn count_replay(&self, memory: &Memory, query: &ReplayQuery) -> Result<DeliveryReply, PortError> {
        let Some(lane) = memory.lane(query.destination.as_str()) else {
            return Ok(DeliveryReply::UnknownDestination);
        };
        let (first, last) = self.extent(memory, query)?;
        let (mut next, mut count, mut looked_at) = (first - 1, 0, 0);
        while next < last && looked_at < event_log::MAX_ROWS_LOOKED_AT {
            let mut entries = event_log::entries_behind(&self.runtime, next, READ_STEP)?;
            entries.retain(|entry| entry.seq <= last);
            if entries.is_empty() {
                next = last;
            }
            for (entry, state) in entries.iter().zip(lane.states(&self.runtime, &entries)?) {
                next = entry.seq;
                looked_at += 1;
                count += i64::from(Replay::fits(query.state, state));
            }
        }
        Ok(DeliveryReply::Count(ReplayCount { count, next, more: next < last }))
    }

    /// Begins a replay. One row written, whatever it sends.
    pub(super) fn replay(
        &self,
        memory: &mut Memory,
        id: i64,
        query: &ReplayQuery,
        now: Timestamp,
    ) -> Result<DeliveryReply, PortError> {
        if memory.lane(query.destination.as_str()).is_none() {
            return Ok(DeliveryReply::UnknownDestination);
        }
        let (first, last) = self.extent(memory, query)?;
        let replay = Replay::new(id, first, last, query.state, query.rate, now);
        self.begin(memory, &replay, |lane| lane.name == query.destination.as_str())
    }

    /// Sends one event again, to one destination or to all that want it.
    pub(super) fn replay_event(
        &self,
        memory: &mut Memory,
        id: i64,
        event: EventId,
        destination: Option<&DestinationName>,
        now: Timestamp,
    ) -> Result<DeliveryReply, PortError> {
        if destination.is_some_and(|name| memory.lane(name.as_str()).is_none()) {
            return Ok(DeliveryReply::UnknownDestination);
        }
        let Some(seq) = event_log::find(&self.runtime, event)? else {
            return Ok(DeliveryReply::UnknownEvent);
        };
        let replay = Replay::new(id, seq, seq, None, RATE_OF_ONE, now);
        self.begin(memory, &replay, |lane| destination.is_none_or(|name| lane.name == name.as_str()))
    }

    /// The replays that are under way.
    pub(super) fn replays(memory: &Memory) -> DeliveryReply {
        let of_lane = |lane: &Lane| lane.replays.iter().map(|replay| replay.status(&lane.name)).collect::<Vec<_>>();
        DeliveryReply::Replays(memory.lanes.iter().flat_map(of_lane).collect())
    }

    /// Ends a replay.
    pub(super) fn cancel_replay(&self, memory: &mut Memory, id: i64) -> Result<DeliveryReply, PortError> {
        let mut ended = Vec::new();
        for lane in &mut memory.lanes {
            let (cancelled, others): (Vec<_>, Vec<_>) =
                std::mem::take(&mut lane.replays).into_iter().partition(|replay| replay.id == id);
            lane.replays = others;
            for replay in cancelled {
                replay.withdraw(&mut lane.dispatcher.queue, &lane.replays);
                ended.push(replay.status(&lane.name));
            }
        }
        if ended.is_empty() {
            return Ok(DeliveryReply::UnknownReplay);
        }
        Replay::delete(&self.runtime, id)?;
        Ok(DeliveryReply::Replays(ended))
    }

    fn begin(
        &self,
        memory: &mut Memory,
        replay: &Replay,
        is_chosen: impl Fn(&Lane) -> bool,
    ) -> Result<DeliveryReply, PortError> {
        let under_way = memory.lanes.iter().map(|lane| lane.replays.len()).sum::<usize>();
        let has = |lane: &Lane| lane.replays.iter().any(|known| known.id == replay.id);
        // The call may be a repeat of one whose answer was lost.
        if !memory.lanes.iter().any(has) {
            let count = memory.lanes.iter().filter(|lane| is_chosen(lane)).count();
            if under_way + count > MAX_REPLAYS {
                return Ok(DeliveryReply::TooManyReplays);
            }
            // All of them or none: a repeat begins none that is missing.
            self.runtime.transaction(|| {
                let mut chosen = memory.lanes.iter().filter(|lane| is_chosen(lane));
                chosen.try_for_each(|lane| replay.insert(&self.runtime, &lane.name))
            })?;
            let chosen = memory.lanes.iter_mut().filter(|lane| is_chosen(lane));
            chosen.for_each(|lane| lane.replays.push(replay.clone()));
        }
        let begun = memory.lanes.iter().filter(|lane| has(lane)).map(|lane| replay.status(&lane.name));
        Ok(DeliveryReply::Replays(begun.collect()))
    }

    /// The first and the last event that a replay looks at.
    fn extent(&self, memory: &Memory, query: &ReplayQuery) -> Result<(i64, i64), PortError> {
        let sql = &self.runtime;
        let before = query.from.map_or(Ok(0), |from| event_log::last_before(sql, from))?;
        let last = query.to.map_or(Ok(memory.head), |to| event_log::last_before(sql, to))?;
        Ok((before.max(query.after) + 1, last.min(memory.head)))
    }
}
