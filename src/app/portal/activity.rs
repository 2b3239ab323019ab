//! Tells how many events were logged of late.

use super::command::PortalReply;
use super::{Portal, event_log};
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How far back it looks where nothing else is said, and at most, in minutes.
pub const DEFAULT_MINUTES: u32 = 60;
/// A day.
pub const MAX_MINUTES: u32 = 24 * 60;
/// Counts in one answer. Each costs one search by halving, of 25 rows in a log of 30 million events: so 3,000 rows are read at
/// most, the first bound included.
const MAX_COUNTS: u32 = 120;
const MINUTE_MILLIS: i64 = 60_000;

/// How many events were logged, from one moment to the next, as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// When the first count begins, RFC 3339.
    pub from: String,
    /// For how long each counts.
    pub bucket_seconds: u32,
    /// The counts, oldest first. The last one is not over yet.
    pub counts: Vec<i64>,
}

impl<R: PortalRuntime> Portal<R> {
    /// Counts the events of the last minutes that are kept.
    pub(super) fn activity(&self, minutes: u32, now: Timestamp) -> Result<PortalReply, PortError> {
        let Some(newest) = self.memory.borrow().as_ref().map(|memory| memory.head) else {
            return Ok(PortalReply::UnknownPortal);
        };
        let sql = &self.runtime;
        let minutes = minutes.clamp(1, MAX_MINUTES);
        let minutes_each = minutes.div_ceil(MAX_COUNTS);
        let (millis_each, wanted) = (i64::from(minutes_each) * MINUTE_MILLIS, minutes.div_ceil(minutes_each));
        // From whole minutes on, so that what is over is counted alike by every call.
        let last = now.as_millis().div_euclid(millis_each) * millis_each;
        let from = Timestamp::from_millis(last - i64::from(wanted - 1) * millis_each);
        let mut place = event_log::last_before(sql, from)?;
        let mut counts = Vec::new();
        for number in 1..=i64::from(wanted) {
            let until = from.plus_millis(number * millis_each);
            let next = event_log::last_before_within(sql, until, place, newest)?;
            counts.push(next - place);
            place = next;
        }
        let from = from.to_rfc3339_millis();
        Ok(PortalReply::Activity(Activity { from, bucket_seconds: minutes_each * 60, counts }))
    }
}
