//! Which portals the watchdog is to check: those that should have had something to do, and those that were not heard of for a day.

use crate::app::ports::{PortError, Sql};
use crate::app::rows::parsed;
use crate::domain::member_id::MemberId;
use crate::domain::time::Timestamp;

/// How long after its time something counts as overdue, in milliseconds: an object that is only busy is done with it by then, and a
/// portal whose destination is down is checked every second or third time, not every time.
const OVERDUE_AFTER_MILLIS: i64 = 600_000;
/// After how long a portal is checked in any case, in milliseconds: an object that lost its alarm while all was quiet is found within
/// a day, and so old are the counters of a quiet portal at most.
const CHECK_EVERY_MILLIS: i64 = 86_400_000;
/// When a portal that was taken is due again, in milliseconds, should its object not report: by the next run, every five minutes.
const TAKE_AGAIN_MILLIS: i64 = 240_000;

/// When each portal is to be checked. The index finds those that are due without looking at the others.
pub const CHECKS: &[&str] = &[
    "ALTER TABLE portal ADD COLUMN check_at INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX portal_by_check_at ON portal (check_at)",
];

/// When a portal that reports now is to be checked.
pub fn check_at(next_due_at: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let in_any_case = now.plus_millis(CHECK_EVERY_MILLIS);
    next_due_at.map_or(in_any_case, |due_at| due_at.max(now).plus_millis(OVERDUE_AFTER_MILLIS).min(in_any_case))
}

/// Takes portals that are due. Those that were not taken yet go first, so that some that cannot be reached keep nobody waiting.
pub fn take(sql: &impl Sql, limit: u32, now: Timestamp) -> Result<Vec<MemberId>, PortError> {
    let arguments = [now.as_millis().into(), i64::from(limit).into()];
    let rows = sql.query("SELECT member_id FROM portal WHERE check_at <= ? ORDER BY check_at LIMIT ?", &arguments)?;
    let taken = rows.iter().map(|row| parsed(row, 0)).collect::<Result<Vec<MemberId>, _>>()?;
    let again_at = now.plus_millis(TAKE_AGAIN_MILLIS).as_millis();
    sql.transaction(|| {
        for member_id in &taken {
            let arguments = [again_at.into(), member_id.as_str().into()];
            sql.query("UPDATE portal SET check_at = ? WHERE member_id = ?", &arguments)?;
        }
        Ok(taken)
    })
}
