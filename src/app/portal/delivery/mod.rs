//! Delivers the log to its destinations.

pub mod configured;
mod lane;
pub mod message;
mod records;
mod replay;
mod run;
mod under_way;

pub use self::lane::{CURSOR_STEP, Lane};
pub use self::records::{Noted, PAUSED_BY_OPERATOR, delete_up_to, ends_by_move, noted, retry_all_now};
pub use self::replay::Replay;

use self::under_way::{MAX_REQUESTS, MAX_REQUESTS_IN_CROWD, MAX_REQUESTS_SHARED};
use super::command::{DeliveryState, DeliveryStatus};
use super::event_log::LogEntry;
use super::{Memory, Portal};
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::destination_name::DEFAULT;
use crate::domain::member_id::MemberId;
use crate::domain::time::Timestamp;

/// For how long after an event the next one is likely to come, in milliseconds: it spares an alarm, which costs a request, two rows and
/// three commits.
const LULL_MILLIS: i64 = 100;
/// So many events in one call are a crowd: each came while the call before was under way, which takes some milliseconds.
const CROWD_EVENTS: usize = 8;

impl Memory {
    /// Whether something can be sent now.
    pub(super) fn is_sending(&self, now: Timestamp) -> bool {
        self.delivery_due_at(now).is_some_and(|due_at| due_at <= now)
    }

    /// When a destination is to be sent something, or a request that is under way counts as vanished.
    pub(super) fn delivery_due_at(&self, now: Timestamp) -> Option<Timestamp> {
        let due = self.open_lanes(now).into_iter().filter_map(|at| self.lanes[at].due_at(self.head, now));
        due.chain(self.lanes.iter().filter_map(|lane| lane.under_way.first_vanishes_at())).min()
    }

    /// When the alarm is to start a run for that. What is due now is left, for a while, to a request that is under way or to the next
    /// event: either lets it go.
    pub(super) fn run_due_at(&self, now: Timestamp) -> Option<Timestamp> {
        let due_at = self.delivery_due_at(now)?;
        let goes_on_until = self.lanes.iter().filter_map(|lane| lane.under_way.goes_on_until(now)).max();
        // A clock that stepped back says nothing of when the last event came.
        let lull_at = Some(self.last_logged_at).filter(|at| *at <= now).map(|at| at.plus_millis(LULL_MILLIS));
        [Some(due_at), goes_on_until, lull_at].into_iter().flatten().max()
    }

    /// A destination by its name.
    pub(super) fn lane(&self, name: &str) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.name == name)
    }

    /// The same, to be changed.
    pub(super) fn lane_mut(&mut self, name: &str) -> Option<&mut Lane> {
        self.lanes.iter_mut().find(|lane| lane.name == name)
    }

    /// The destinations that may have another request, the one first that has the fewest.
    fn open_lanes(&self, now: Timestamp) -> Vec<usize> {
        if self.lanes.iter().map(|lane| lane.under_way.len()).sum::<usize>() >= MAX_REQUESTS {
            return Vec::new();
        }
        let is_busy = |lane: &&Lane| !lane.under_way.is_empty() || lane.is_due(self.head, now);
        let limit = if self.lanes.iter().filter(is_busy).count() > 1 { MAX_REQUESTS_SHARED } else { MAX_REQUESTS };
        let mut open: Vec<usize> = (0..self.lanes.len()).filter(|at| self.lanes[*at].under_way.len() < limit).collect();
        open.sort_by_key(|at| (self.lanes[*at].under_way.len(), self.lanes[*at].under_way.newest()));
        open
    }

    /// The oldest event that a destination still needs; behind the newest where there is none.
    pub(super) fn undelivered_from(&self) -> i64 {
        self.lanes.iter().map(Lane::undelivered_from).min().unwrap_or(self.head + 1)
    }
}

impl<R: PortalRuntime> Portal<R> {
    /// Notes how many events came in one call.
    pub(super) fn note_crowd(&self, events: usize, now: Timestamp) {
        if events >= CROWD_EVENTS {
            self.crowd_at.set(Some(now));
        }
    }

    /// Whether what may be sent waits all the same, since events come in a crowd. The end of a request lets it go, or the alarm.
    pub(super) fn gives_way(&self, memory: &Memory, now: Timestamp) -> bool {
        let lively = || memory.lanes.iter().map(|lane| lane.under_way.count_lively(now)).sum::<usize>();
        let is_crowd = self.crowd_at.get().is_some_and(|at| (0..LULL_MILLIS).contains(&now.millis_since(at)));
        is_crowd && lively() >= MAX_REQUESTS_IN_CROWD
    }

    /// The destinations of the portal.
    pub(super) fn load_lanes(&self, member_id: &MemberId, head: i64) -> Result<Vec<Lane>, PortError> {
        let first_probe_millis = self.config.retry_schedule.first_probe_millis();
        let (forwarding, now) = (&self.config.forwarding, self.runtime.now());
        let default = Lane::load_default(&self.runtime, forwarding, first_probe_millis, head, now)?;
        let configured = Lane::load_configured(&self.runtime, &self.config, member_id)?;
        Ok(default.into_iter().chain(configured).collect())
    }

    /// How far the default destination is. Where there is none, all is as good as delivered.
    pub(super) fn delivery_status(&self, memory: &Memory) -> Result<DeliveryStatus, PortError> {
        match memory.lane(DEFAULT) {
            Some(lane) => lane.status(&self.runtime, memory.head, self.runtime.now()),
            None => Ok(DeliveryStatus { cursor: memory.head, ..DeliveryStatus::default() }),
        }
    }

    /// How far the destinations of the API are, by name.
    pub(super) fn configured_deliveries(
        &self,
        memory: &Memory,
        now: Timestamp,
    ) -> Result<Vec<(String, DeliveryStatus)>, PortError> {
        let lanes = memory.lanes.iter().filter(|lane| lane.name != DEFAULT);
        lanes.map(|lane| Ok((lane.name.clone(), lane.status(&self.runtime, memory.head, now)?))).collect()
    }

    /// How far the deliveries of entries are: of each, the state that most wants attention among its destinations.
    pub(super) fn delivery_states(
        &self,
        memory: &Memory,
        entries: &[LogEntry],
    ) -> Result<Vec<DeliveryState>, PortError> {
        let nowhere = |entry: &LogEntry| if entry.removed { DeliveryState::Filtered } else { DeliveryState::Delivered };
        let mut states: Option<Vec<DeliveryState>> = None;
        for lane in &memory.lanes {
            let of_lane = lane.states(&self.runtime, entries)?;
            states = Some(match states {
                None => of_lane,
                Some(states) => states.into_iter().zip(of_lane).map(|(one, other)| one.max(other)).collect(),
            });
        }
        Ok(states.unwrap_or_else(|| entries.iter().map(nowhere).collect()))
    }
}
