//! Takes events in: judges them by their token, logs them, or holds them.

use super::command::{Append, Appended, PortalReply};
use super::event_log::{self, PRUNE_STEP};
use super::{BACKSTOP_MILLIS, Memory, Portal};
use crate::app::held_events::NewEvent;
use crate::app::log_line::{Level, LogLine};
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::cloudevent::CloudEvent;
use crate::domain::event_id::EventId;
use crate::domain::install::{Judgement, TokenKind, judge};
use crate::domain::time::Timestamp;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::rc::Rc;

/// How long held events collect before the Directory is told of them, in milliseconds.
const REPORT_HELD_MILLIS: i64 = 60_000;
/// The type of ONAPPUNINSTALL.
const UNINSTALL_TYPE: &str = "app.uninstall";

/// Events that have got their places in the log, behind its newest, and are to be written together; with whether each came from a
/// removed install.
pub(super) type Unwritten = Vec<(Rc<NewEvent>, bool)>;

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
            let known = self.logged_before(memory, &appends, now)?;
            let (before, mut unwritten) = (memory.head, Unwritten::new());
            let judged =
                appends.into_iter().map(|append| self.judge_and_log(memory, &known, &mut unwritten, append, now));
            let judged = judged.collect::<Result<_, PortError>>()?;
            self.write(memory, &mut unwritten, now)?;
            (judged, before + 1..=memory.head)
        };
        // No await stands between the inserts and these calls: all are committed together.
        if !logged.is_empty() {
            self.note_crowd(appended.len(), now);
            self.look_after_log(&logged, now).await?;
        }
        if appended.iter().any(|appended| matches!(appended, Appended::Held { .. })) {
            self.rearm().await?;
        }
        Ok(PortalReply::Appended(appended))
    }

    /// The places of the events that an earlier call logged. One look for all: a full call that is repeated would otherwise look
    /// through the last minute's events for each of its own.
    fn logged_before(
        &self,
        memory: &Memory,
        appends: &[Append],
        now: Timestamp,
    ) -> Result<BTreeMap<EventId, i64>, PortError> {
        let may_be_logged = |append: &&Append| {
            let judgement = || judge(&memory.registration.tokens, &append.sha256, now);
            append.may_be_repeated && matches!(judgement(), Judgement::Accept(_) | Judgement::AcceptRemoved)
        };
        let ids: Vec<EventId> = appends.iter().filter(may_be_logged).map(|append| append.event.id).collect();
        event_log::find_all_recent(&self.runtime, &ids, memory.head)
    }

    fn judge_and_log(
        &self,
        memory: &mut Memory,
        known: &BTreeMap<EventId, i64>,
        unwritten: &mut Unwritten,
        append: Append,
        now: Timestamp,
    ) -> Result<Appended, PortError> {
        let believed = match judge(&memory.registration.tokens, &append.sha256, now) {
            Judgement::Unregistered if append.may_be_held => {
                return Ok(Appended::Held { displaced: self.hold(memory, &append, now)? });
            }
            Judgement::Unregistered => return Ok(Appended::Unregistered),
            Judgement::Revoked => return Ok(Appended::Revoked),
            Judgement::Accept(kind) => Some(kind),
            Judgement::AcceptRemoved => None,
        };
        let seq = match known.get(&append.event.id) {
            Some(seq) => {
                event_log::write_again(&self.runtime, *seq)?;
                *seq
            }
            None => self.log_believed(memory, unwritten, append, believed, now)?,
        };
        Ok(Appended::Accepted { seq })
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

    /// Logs an event that no earlier call did. `believed` is the kind of its token, or nothing where that was removed. It has its
    /// place; it stands there once [`Self::write`] was called.
    pub(super) fn log_believed(
        &self,
        memory: &mut Memory,
        unwritten: &mut Unwritten,
        append: Append,
        believed: Option<TokenKind>,
        now: Timestamp,
    ) -> Result<i64, PortError> {
        let Append { sha256, event, .. } = append;
        let is_uninstall = believed == Some(TokenKind::App) && event.event_type == UNINSTALL_TYPE;
        if is_uninstall && Self::is_late_uninstall(memory, &sha256, &event) {
            let line = LogLine::new(Level::Info, "uninstall of an earlier installation");
            self.runtime.write(line.with("sha256", sha256.to_string()));
        } else if is_uninstall {
            self.write(memory, unwritten, now)?;
            let authorisation = Self::end_by_uninstall(memory, &sha256, &event, now);
            let mut registration = memory.registration.clone();
            registration.uninstall(&sha256, now);
            registration.tell_others(now);
            let seq = self.runtime.transaction(|| {
                registration.save(&self.runtime)?;
                if let Some(ended) = &authorisation {
                    ended.save(&self.runtime)?;
                }
                self.log(memory, &[(&event, false)], now)
            })?;
            memory.registration = registration;
            memory.authorisation = authorisation.or(memory.authorisation.take());
            self.runtime.write(LogLine::new(Level::Info, "application removed").with("sha256", sha256.to_string()));
            return Ok(seq);
        }
        unwritten.push(match believed {
            Some(_) => (event, false),
            None => (Rc::new(marked_removed(&event)?), true),
        });
        Ok(memory.head + i64::try_from(unwritten.len()).unwrap_or(i64::MAX))
    }

    /// Writes what has its place in the log.
    pub(super) fn write(
        &self,
        memory: &mut Memory,
        unwritten: &mut Unwritten,
        now: Timestamp,
    ) -> Result<(), PortError> {
        let events: Vec<_> = unwritten.iter().map(|(event, removed)| (&**event, *removed)).collect();
        self.log(memory, &events, now)?;
        unwritten.clear();
        Ok(())
    }

    /// Writes events behind the newest, with whether each came from a removed install. The place of the last. Memory follows only when
    /// they are written.
    pub(super) fn log(
        &self,
        memory: &mut Memory,
        events: &[(&NewEvent, bool)],
        now: Timestamp,
    ) -> Result<i64, PortError> {
        if events.is_empty() {
            return Ok(memory.head);
        }
        // Never falls as `seq` grows, so that a time is found by halving.
        let logged_at = now.max(memory.last_logged_at);
        event_log::append(&self.runtime, memory.head + 1, events, logged_at)?;
        memory.head += i64::try_from(events.len()).unwrap_or(i64::MAX);
        memory.last_logged_at = logged_at;
        Ok(memory.head)
    }
}

/// The event with `b24removed: true`.
fn marked_removed(event: &NewEvent) -> Result<NewEvent, PortError> {
    let broken = |error: &dyn std::fmt::Display| PortError::new("event.mark", &error);
    let mut marked: CloudEvent = serde_json::from_str(&event.json).map_err(|error| broken(&error))?;
    marked.b24removed = Some(true);
    Ok(NewEvent { json: marked.to_json().map_err(|error| broken(&error))?, ..event.clone() })
}
