//! Takes events in: judges them by their token, logs them, or holds them.

use super::command::{Append, Appended, PortalReply};
use super::event_log::{self, PRUNE_STEP};
use super::{BACKSTOP_MILLIS, Memory, Portal};
use crate::app::held_events::NewEvent;
use crate::app::log_line::{Level, LogLine};
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::cloudevent::CloudEvent;
use crate::domain::install::{Judgement, TokenKind, judge};
use crate::domain::time::Timestamp;
use std::ops::RangeInclusive;

/// How long held events collect before the Directory is told of them, in milliseconds.
const REPORT_HELD_MILLIS: i64 = 60_000;
/// The type of ONAPPUNINSTALL.
const UNINSTALL_TYPE: &str = "app.uninstall";

impl<R: PortalRuntime> Portal<R> {
    /// Logs each event whose token is believed, and holds those that may be held. Durable, with an alarm that looks after it, before
    /// this returns and the answer leaves.
    pub(super) async fn append(&self, appends: Vec<Append>, now: Timestamp) -> Result<PortalReply, PortError> {
        let (appended, logged): (Vec<_>, _) = {
            let mut memory = self.memory.borrow_mut();
            // While an installation is under way there is no token to judge by: events wait as those of an unknown portal.
            let Some(memory) = memory.as_mut().filter(|memory| !memory.registration.tokens.is_empty()) else {
                return Ok(PortalReply::UnknownPortal);
            };
            let before = memory.head;
            let judged = appends.into_iter().map(|append| self.judge_and_log(memory, append, now));
            (judged.collect::<Result<_, PortError>>()?, before + 1..=memory.head)
        };
        // No await stands between the inserts and these calls: all are committed together.
        if !logged.is_empty() {
            self.look_after_log(&logged, now).await?;
        }
        if appended.iter().any(|appended| matches!(appended, Appended::Held { .. })) {
            self.rearm().await?;
        }
        Ok(PortalReply::Appended(appended))
    }

    fn judge_and_log(&self, memory: &mut Memory, append: Append, now: Timestamp) -> Result<Appended, PortError> {
        let believed = match judge(&memory.registration.tokens, &append.sha256, now) {
            Judgement::Unregistered if append.may_be_held => {
                return Ok(Appended::Held { displaced: self.hold(memory, &append, now)? });
            }
            Judgement::Unregistered => return Ok(Appended::Unregistered),
            Judgement::Revoked => return Ok(Appended::Revoked),
            Judgement::Accept(kind) => Some(kind),
            Judgement::AcceptRemoved => None,
        };
        Ok(Appended::Accepted { seq: self.log_once(memory, append, believed, now)? })
    }

    /// Holds an event. How many others made room for it.
    pub(super) fn hold(&self, memory: &mut Memory, hold: &Append, now: Timestamp) -> Result<usize, PortError> {
        let Memory { registration, held, .. } = memory;
        // Once a minute is enough for the list of portals, and a flood must not become a flood of reports.
        registration.report_due_at.get_or_insert(now.plus_millis(REPORT_HELD_MILLIS));
        held.hold(&self.runtime, &registration.member_id, hold.sha256, &hold.event, now)
    }

    /// Sets the alarm that a newly logged event needs: soon, where it is to be sent; now and then, where the log is the sink, so that
    /// what is old is deleted.
    pub(super) async fn look_after_log(&self, logged: &RangeInclusive<i64>, now: Timestamp) -> Result<(), PortError> {
        let due_at = self.memory.borrow().as_ref().and_then(|memory| memory.delivery_due_at(now));
        if let Some(due_at) = due_at {
            // While a destination is down, its next probe is alarm enough.
            self.arm(due_at.max(now.plus_millis(BACKSTOP_MILLIS)), now).await
        } else if logged.end() / PRUNE_STEP > (logged.start() - 1) / PRUNE_STEP {
            self.arm(now.plus_millis(BACKSTOP_MILLIS), now).await
        } else {
            Ok(())
        }
    }

    /// Logs an event, unless an earlier call did. `believed` is the kind of its token, or nothing where that was removed.
    pub(super) fn log_once(
        &self,
        memory: &mut Memory,
        append: Append,
        believed: Option<TokenKind>,
        now: Timestamp,
    ) -> Result<i64, PortError> {
        let Append { sha256, event, may_be_repeated, .. } = append;
        if may_be_repeated && let Some(seq) = event_log::find_recent(&self.runtime, event.id, memory.head)? {
            event_log::write_again(&self.runtime, seq)?;
            return Ok(seq);
        }
        let is_uninstall = believed == Some(TokenKind::App) && event.event_type == UNINSTALL_TYPE;
        if is_uninstall && Self::is_late_uninstall(memory, &sha256, &event) {
            let line = LogLine::new(Level::Info, "uninstall of an earlier installation");
            self.runtime.write(line.with("sha256", sha256.to_string()));
        } else if is_uninstall {
            let authorisation = Self::end_by_uninstall(memory, &sha256, &event, now);
            let mut registration = memory.registration.clone();
            registration.uninstall(&sha256, now);
            registration.tell_others(now);
            let seq = self.runtime.transaction(|| {
                registration.save(&self.runtime)?;
                if let Some(ended) = &authorisation {
                    ended.save(&self.runtime)?;
                }
                self.log(memory, &event, false, now)
            })?;
            memory.registration = registration;
            memory.authorisation = authorisation.or(memory.authorisation.take());
            self.runtime.write(LogLine::new(Level::Info, "application removed").with("sha256", sha256.to_string()));
            return Ok(seq);
        }
        match believed {
            Some(_) => self.log(memory, &event, false, now),
            None => self.log(memory, &marked_removed(&event)?, true, now),
        }
    }

    /// Writes an event behind the newest. Memory follows only when it is written.
    pub(super) fn log(
        &self,
        memory: &mut Memory,
        event: &NewEvent,
        removed: bool,
        now: Timestamp,
    ) -> Result<i64, PortError> {
        let seq = memory.head + 1;
        // Never falls as `seq` grows, so that a time is found by halving.
        let logged_at = now.max(memory.last_logged_at);
        event_log::append(&self.runtime, seq, event, removed, logged_at)?;
        memory.head = seq;
        memory.last_logged_at = logged_at;
        Ok(seq)
    }
}

/// The event with `b24removed: true`.
fn marked_removed(event: &NewEvent) -> Result<NewEvent, PortError> {
    let broken = |error: &dyn std::fmt::Display| PortError::new("event.mark", &error);
    let mut marked: CloudEvent = serde_json::from_str(&event.json).map_err(|error| broken(&error))?;
    marked.b24removed = Some(true);
    Ok(NewEvent { json: marked.to_json().map_err(|error| broken(&error))?, ..event.clone() })
}
