//! Tells those who follow the log what was logged: never on the way of an event that is taken, and without a row written.
//!
//! What is told is a hint, not an authority. A follower knows from the places in it whether it missed something, and then reads
//! the log. So nothing here may be lost for good, and nothing has to be kept for anybody.

use super::command::{LogQuery, LoggedEvent, PortalReply};
use super::{Memory, Portal};
use crate::app::log_line::Level;
use crate::app::ports::{PortError, PortalRuntime};
use serde::{Deserialize, Serialize};

/// Open tails and long polls of one portal. Each is told every event, so they cost time on the object that takes the events.
pub const MAX_FOLLOWERS: usize = 32;
/// Events that are told with their content; of more, followers are only told how far the log is, and read it.
const MAX_TOLD_EVENTS: i64 = 50;
/// Bytes that are told to each follower at once: 32 of them are then 8 MiB of the memory of 128 MB.
const MAX_TOLD_BYTES: usize = 256 << 10;

/// What followers are told: the part of the log behind `after`, up to `next`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct News {
    /// The place behind which `events` begin.
    pub after: i64,
    /// The newest place.
    pub next: i64,
    /// All events in between, unless `after` is `next`.
    pub events: Vec<LoggedEvent>,
}

impl News {
    /// Tells nothing but how far the log is.
    fn reaching(head: i64) -> Self {
        Self { after: head, next: head, events: Vec::new() }
    }
}

impl<R: PortalRuntime> Portal<R> {
    /// Whether one more may follow the log.
    pub(super) fn follow(&self) -> PortalReply {
        match self.memory.borrow().as_ref() {
            None => PortalReply::UnknownPortal,
            Some(_) if self.runtime.followers() >= MAX_FOLLOWERS => PortalReply::TooManyFollowers,
            Some(memory) => PortalReply::Following { head: memory.head },
        }
    }

    /// Whether followers do not know yet how far the log is. Looks at memory alone, since it is asked after every event.
    pub(super) fn has_untold(&self) -> bool {
        let is_news = |memory: &Memory| self.told_to.get() != Some(memory.head);
        self.memory.borrow().as_ref().is_some_and(is_news) && self.runtime.followers() > 0
    }

    /// Tells followers what was logged since they were last told. An object that has just started does not know what that
    /// was, and tells how far the log is.
    pub(super) fn tell_followers(&self) {
        if !self.has_untold() {
            return;
        }
        let Some(head) = self.memory.borrow().as_ref().map(|memory| memory.head) else {
            return;
        };
        let told = match self.told_to.replace(Some(head)) {
            Some(after) if (1..=MAX_TOLD_EVENTS).contains(&(head - after)) => self.news(after, head),
            _ => Ok(None),
        };
        let text = told.unwrap_or_else(|error| {
            self.runtime.write(self.line(Level::Warn, "followers not told").with("error", error.to_string()));
            None
        });
        // A hint of plain numbers always serializes.
        let reaching = || serde_json::to_string(&News::reaching(head)).ok();
        if let Some(text) = text.or_else(reaching) {
            self.runtime.tell(&text);
        }
    }

    /// The events between two places as JSON, where they are few and small enough to be told.
    fn news(&self, after: i64, head: i64) -> Result<Option<String>, PortError> {
        let limit = u32::try_from(head - after).unwrap_or(0);
        let PortalReply::Log(page) = self.read_log(&LogQuery { after, limit, ..LogQuery::default() })? else {
            return Ok(None);
        };
        if page.next != head {
            return Ok(None);
        }
        let news = News { after, next: head, events: page.events };
        let text = serde_json::to_string(&news).map_err(|error| PortError::new("followers.tell", &error))?;
        Ok((text.len() <= MAX_TOLD_BYTES).then_some(text))
    }
}
