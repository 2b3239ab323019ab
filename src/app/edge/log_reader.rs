//! Reads on in a portal's log, and waits for what is logged next. Long poll and live tail are made of it.
//!
//! Nobody waits in the portal's object, which would be billed for it: the Worker waits, and holds a socket over which the
//! object sleeps. What comes through the socket spares a read where it follows on what was read last, and otherwise causes
//! one. So the log alone decides what is given: no event is left out, none comes twice.

use super::admin::{call_known, unknown_portal};
use super::objects::{unavailable, unexpected};
use crate::app::log_line::{Level, LogLine};
use crate::app::portal::command::{LogPage, LogQuery, LoggedEvent, PortalCommand, PortalReply};
use crate::app::portal::follow::{MAX_FOLLOWERS, News};
use crate::app::ports::{EdgeRuntime, Feed, Heard, Portals};
use crate::domain::cloudevent::TYPE_PREFIX;
use crate::domain::location::LocationHint;
use crate::domain::member_id::MemberId;
use crate::domain::problem::{Code, Problem};
use crate::domain::time::Timestamp;
use serde::Deserialize;

/// When a reader comes back that found no room, in seconds.
const RETRY_AFTER_SECONDS: &str = "10";
/// Reads without an event after which a reader tells its place first: 50,000 rows, 5,000 in each. With the first page and its
/// follower a long poll so calls the object 12 times, or 34 where each read is repeated twice: within the 50 subrequests of the free
/// plan.
const MAX_EMPTY_READS: u32 = 10;

/// A reader of one portal's log, at a place of it.
pub struct LogReader<F> {
    member_id: MemberId,
    query: LogQuery,
    feed: Option<F>,
    /// Whether all that the log had was read.
    is_at_end: bool,
}

/// What can be told of an event from its text.
#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(rename = "type", borrow)]
    event_type: std::borrow::Cow<'a, str>,
    #[serde(default, borrow)]
    subject: Option<std::borrow::Cow<'a, str>>,
}

impl<F: Feed> LogReader<F> {
    /// A reader at the place, with the filter and with the page size of `query`.
    pub fn new(member_id: MemberId, query: LogQuery) -> Self {
        Self { member_id, query, feed: None, is_at_end: false }
    }

    /// The last place that was looked at.
    pub fn position(&self) -> i64 {
        self.query.after
    }

    /// The next part of the log as it stands; without events where a filter left none, or the log ends here.
    pub async fn read(&mut self, runtime: &impl EdgeRuntime<Feed = F>) -> Result<LogPage, Problem> {
        let command = PortalCommand::ReadLog(self.query.clone());
        let page = match call_known(runtime, &self.member_id, &command).await? {
            PortalReply::Log(page) => page,
            PortalReply::UnknownPortal => return Err(unknown_portal()),
            other => return Err(unexpected(runtime, &other)),
        };
        let is_where_it_was = self.query.consumer.is_none() && page.next == self.query.after;
        self.is_at_end = page.events.is_empty() && is_where_it_was;
        self.query.after = page.next;
        // From here on the reader knows its place.
        self.query.consumer = None;
        Ok(page)
    }

    /// Has the object tell what it logs, unless it does already.
    pub async fn follow(&mut self, runtime: &impl EdgeRuntime<Feed = F>) -> Result<(), Problem> {
        if self.feed.is_some() {
            return Ok(());
        }
        let hint = LocationHint::choose(None, None);
        let (reply, feed) = Portals::follow(runtime, &self.member_id, hint).await.map_err(|error| {
            let line = LogLine::new(Level::Error, "portal unreachable").with("member_id", self.member_id.as_str());
            runtime.write(line.with("error", error.cause));
            unavailable()
        })?;
        match reply {
            PortalReply::Following { head } => {
                self.feed = feed;
                self.is_at_end &= head <= self.query.after;
                Ok(())
            }
            PortalReply::TooManyFollowers => {
                let detail = format!("at most {MAX_FOLLOWERS} tails and long polls wait for one portal");
                Err(Problem::new(Code::TooManyReaders, detail).with_header("retry-after", RETRY_AFTER_SECONDS))
            }
            PortalReply::UnknownPortal => Err(unknown_portal()),
            other => Err(unexpected(runtime, &other)),
        }
    }

    /// The next events, as soon as there are any; none where there were none in time, or in [`MAX_EMPTY_READS`]. Whoever gets none
    /// is told the position, so that a filter that fits little is not begun anew for ever.
    pub async fn next(
        &mut self,
        runtime: &impl EdgeRuntime<Feed = F>,
        until: Timestamp,
    ) -> Result<Vec<LoggedEvent>, Problem> {
        let mut empty_reads = 0;
        loop {
            while !self.is_at_end {
                if empty_reads >= MAX_EMPTY_READS || runtime.now() >= until {
                    return Ok(Vec::new());
                }
                let page = self.read(runtime).await?;
                if !page.events.is_empty() {
                    return Ok(page.events);
                }
                empty_reads += 1;
            }
            self.follow(runtime).await?;
            let Some(feed) = self.feed.as_mut().filter(|_| self.is_at_end) else {
                continue;
            };
            let remaining = until.millis_since(runtime.now()).max(0);
            match feed.hear(u32::try_from(remaining).unwrap_or(u32::MAX)).await {
                Heard::Nothing => return Ok(Vec::new()),
                // An object that was replaced by a new release, say.
                Heard::Closed => return Err(unavailable()),
                Heard::Text(text) => {
                    let events = self.take(runtime, &text);
                    if !events.is_empty() {
                        return Ok(events);
                    }
                }
            }
        }
    }

    /// Takes from the news what follows on what was read last, or notes that the log is to be read.
    fn take(&mut self, runtime: &impl EdgeRuntime<Feed = F>, text: &str) -> Vec<LoggedEvent> {
        let news = match serde_json::from_str::<News>(text) {
            Ok(news) if news.next <= self.query.after => return Vec::new(),
            // What was logged before a time that has not come yet is not wanted; the log knows when each was logged.
            Ok(news)
                if news.after <= self.query.after && self.query.since.is_none_or(|since| since <= runtime.now()) =>
            {
                news
            }
            _ => {
                self.is_at_end = false;
                return Vec::new();
            }
        };
        let mut events = Vec::new();
        for logged in news.events {
            if logged.seq <= self.query.after {
                continue;
            }
            if events.len() >= self.query.limit as usize {
                self.is_at_end = false;
                return events;
            }
            self.query.after = logged.seq;
            if self.fits(&logged) {
                events.push(logged);
            }
        }
        self.query.after = news.next;
        events
    }

    /// Whether an event is asked for, by the same rules as in the object.
    fn fits(&self, logged: &LoggedEvent) -> bool {
        let LogQuery { event_type, subject, .. } = &self.query;
        if event_type.is_none() && subject.is_none() {
            return true;
        }
        let Ok(attributes) = serde_json::from_str::<Attributes>(logged.event.get()) else {
            return false;
        };
        let given = attributes.event_type.strip_prefix(TYPE_PREFIX).unwrap_or(&attributes.event_type);
        event_type.as_ref().is_none_or(|glob| glob.matches(given))
            && subject.as_ref().is_none_or(|wanted| attributes.subject.as_deref() == Some(wanted))
    }
}
