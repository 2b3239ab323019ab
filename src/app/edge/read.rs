//! Reading a portal's log: in pages, by long poll, and as a live tail.

use super::Edge;
use super::admin::{call_known, unknown_portal};
use super::log_reader::LogReader;
use super::objects::unexpected;
use super::query::{DEFAULT_LIMIT, LIMITS, MAX_PLACE, Query, bad};
use super::tail::Tail;
use crate::app::portal::activity::{DEFAULT_MINUTES, MAX_MINUTES};
use crate::app::portal::command::{LogPage, LogQuery, PortalCommand, PortalReply};
use crate::app::ports::{EdgeRuntime, IncomingRequest};
use crate::domain::consumer_name::ConsumerName;
use crate::domain::event_glob::EventGlob;
use crate::domain::member_id::MemberId;
use crate::domain::problem::Problem;
use crate::domain::reply::Reply;
use crate::domain::route::Route;
use crate::domain::time::Timestamp;

/// Longest long poll, in seconds: under the minute after which proxies give up.
const MAX_WAIT_SECONDS: u32 = 30;

/// What a request is answered.
pub enum Answer<F> {
    /// All of it is known.
    Whole(Reply),
    /// It begins with this, and goes on for long. The reply has no body.
    Tail(Reply, Box<Tail<F>>),
}

impl<F> Answer<F> {
    /// The reply, or what begins it.
    #[must_use]
    pub const fn reply(&self) -> &Reply {
        match self {
            Self::Whole(reply) | Self::Tail(reply, _) => reply,
        }
    }
}

impl Edge {
    /// Opens a live tail, where the request asks for one.
    pub(super) async fn open_tail<R: EdgeRuntime>(
        &self,
        runtime: &R,
        request: &impl IncomingRequest,
        route: Option<&Route>,
    ) -> Option<Result<(Reply, Box<Tail<R::Feed>>), Problem>> {
        let Some(route @ Route::PortalEvents(member_id)) = route else {
            return None;
        };
        let accepts = request.header("accept").is_some_and(|accept| accept.contains("text/event-stream"));
        if request.method() != "GET" || !accepts {
            return None;
        }
        let open = async {
            self.authorize(request)?.check(route, request.method())?;
            let mut query = log_query(&Query::parse(request.query())?)?;
            if let Some(last_event_id) = request.header("last-event-id").filter(|text| !text.is_empty()) {
                query.after = parse_place(&last_event_id).ok_or_else(|| bad("Last-Event-ID"))?;
                query.consumer = None;
            }
            let tail = Tail::open(runtime, member_id.clone(), query).await?;
            Ok((Reply::text(200, "").with_header("content-type", "text/event-stream").called("tail"), Box::new(tail)))
        };
        Some(open.await)
    }
}

/// One page of a log; where it would be empty, after as long a wait as was asked for, or as many rows as one request may read.
pub async fn read_log<R: EdgeRuntime>(runtime: &R, member_id: &MemberId, query: &Query) -> Result<Reply, Problem> {
    let wait = query.number("wait", 0..=MAX_WAIT_SECONDS)?.unwrap_or(0);
    let mut reader = LogReader::new(member_id.clone(), log_query(query)?);
    let until = runtime.now().plus_millis(i64::from(wait) * 1_000);
    let mut page = reader.read(runtime).await?;
    if page.events.is_empty() && wait > 0 {
        let events = reader.next(runtime, until).await?;
        page = LogPage { events, next: reader.position() };
    }
    Ok(Reply::json(200, &page))
}

/// How many events were logged of late, from one moment to the next.
pub async fn tell_activity(runtime: &impl EdgeRuntime, member_id: &MemberId, query: &Query) -> Result<Reply, Problem> {
    let minutes = query.number("minutes", 1..=MAX_MINUTES)?.unwrap_or(DEFAULT_MINUTES);
    match call_known(runtime, member_id, &PortalCommand::Activity { minutes }).await? {
        PortalReply::Activity(activity) => Ok(Reply::json(200, &activity)),
        PortalReply::UnknownPortal => Err(unknown_portal()),
        other => Err(unexpected(runtime, &other)),
    }
}

fn log_query(query: &Query) -> Result<LogQuery, Problem> {
    let after = query.parsed("after", parse_place)?;
    let consumer = query.parsed("consumer", |text| ConsumerName::try_from(text).ok())?;
    Ok(LogQuery {
        after: after.unwrap_or(0),
        limit: query.number("limit", LIMITS)?.unwrap_or(DEFAULT_LIMIT),
        event_type: query.parsed("type", |text| EventGlob::parse(text).ok())?,
        subject: query.text("subject").map(str::to_owned),
        since: query.parsed("since", Timestamp::from_rfc3339)?,
        // A consumer that tells a place of its own reads ahead of what it has acknowledged, or back.
        consumer: consumer.filter(|_| after.is_none()),
    })
}

/// A place in a log, in digits alone.
#[must_use]
pub fn parse_place(text: &str) -> Option<i64> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|place| is_digits && (0..=MAX_PLACE).contains(place))
}
