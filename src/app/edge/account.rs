//! What is told of each request: a line of the log, a data point, and a count that the Directory adds up. Of a flood that the isolate
//! refuses by itself, the count alone: lines would cost more than to refuse it.

use super::Edge;
use crate::app::directory::command::{DirectoryCommand, DirectoryReply, failure};
use crate::app::log_line::{Level, LogLine};
use crate::app::ports::{Directory, EdgeRuntime, IncomingRequest};
use crate::domain::member_id::MemberId;
use crate::domain::problem::Code;
use crate::domain::reply::Reply;
use crate::domain::request_counts::RequestCounts;
use crate::domain::route::Route;
use crate::domain::time::Timestamp;

/// How often an isolate hands its counts over at most, in milliseconds: a request to the Directory and a row each time.
const HAND_OVER_EVERY_MILLIS: i64 = 10_000;
/// How many good answers are worth it. Fewer wait, so that a lone event costs nothing for it. What was refused or slow is worth it at
/// once.
const WORTH_HANDING_OVER: u32 = 200;
/// How many are where the isolate has not handed over for an hour, or never: such a one may end before it has more.
const WORTH_ONCE_AN_HOUR: u32 = 20;
const AN_HOUR_MILLIS: i64 = 3_600_000;
/// From here on an event was accepted slowly, in milliseconds.
const SLOW_MILLIS: i64 = 1_000;
/// The methods that are told by their name; a caller may send any other.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// What an isolate has counted and not handed over.
#[derive(Debug, Default)]
pub struct Counted {
    counts: RequestCounts,
    /// Requests in it that were more than a look at a page.
    requests: u32,
    /// Whether something in it was refused, held, or slow.
    has_news: bool,
    /// When some were last handed over.
    handed_over_at: Option<Timestamp>,
}

impl Edge {
    /// Tells of a request, which is answered like this. Everything happens in memory: no answer waits for it.
    pub(super) fn tell_of(
        &self,
        runtime: &impl EdgeRuntime,
        request: &impl IncomingRequest,
        route: Option<&Route>,
        began_at: Timestamp,
        reply: &Reply,
    ) {
        let millis = runtime.now().millis_since(began_at).max(0);
        let is_post = request.method() == "POST";
        self.count(route, is_post, reply, millis);
        if reply.is_repetition {
            return;
        }
        let method = METHODS.into_iter().find(|known| *known == request.method()).unwrap_or("other");
        let pattern = route.map_or("none", Route::pattern);
        let about = reply.about.as_deref();
        let member_id = about.map(|about| &about.member_id).or_else(|| route.and_then(Route::member_id));
        let member_id = member_id.map(MemberId::as_str);
        let event_type = about.map(|about| about.event_type.as_str());
        // `cf-ray: 230b030023ae2822-SJC`, set by the edge. <https://developers.cloudflare.com/fundamentals/reference/http-headers/>
        let ray = request.header("cf-ray");
        let colo = ray.as_deref().and_then(|ray| ray.rsplit_once('-')).map(|(_, colo)| colo);
        runtime.record(
            member_id.unwrap_or("none"),
            &["request", pattern, method, reply.code, event_type.unwrap_or_default(), colo.unwrap_or_default()],
            &[millis, i64::from(reply.status)],
        );
        let level = if reply.code == Code::Unavailable.as_str() { Level::Warn } else { Level::Info };
        if level < runtime.log_level() {
            return;
        }
        let line = LogLine::new(level, "request")
            .with("method", method)
            .with("route", pattern)
            .with("status", reply.status)
            .with("code", reply.code)
            .with("member_id", member_id)
            .with("id", about.map(|about| about.id.to_string()))
            .with("seq", about.and_then(|about| about.seq))
            .with("type", event_type)
            .with("duration_ms", millis)
            .with("colo", colo);
        runtime.write(line);
    }

    fn count(&self, route: Option<&Route>, is_post: bool, reply: &Reply, millis: i64) {
        let mut counted = self.counted.borrow_mut();
        let group = route.map_or("none", Route::group);
        counted.counts.count(group, reply.status, reply.code);
        // What monitoring asks every minute costs nothing else, and is not worth it.
        counted.requests += u32::from(is_post || route.is_some_and(|route| !route.is_open()));
        let is_event = is_post && matches!(route, Some(Route::Events));
        counted.has_news |= reply.status >= 400 || (is_event && (reply.status != 200 || millis >= SLOW_MILLIS));
        if is_event && reply.status < 300 {
            counted.counts.accepting.observe(millis);
        }
    }

    /// Whether what was counted is to be handed over now, behind the answer.
    #[must_use]
    pub fn has_counts_due(&self, now: Timestamp) -> bool {
        let counted = self.counted.borrow();
        // A clock that stepped back must not put it off for ever.
        let is_over = |millis| counted.handed_over_at.is_none_or(|at| !(0..millis).contains(&now.millis_since(at)));
        let is_worth_it = counted.has_news
            || counted.requests >= WORTH_HANDING_OVER
            || (counted.requests >= WORTH_ONCE_AN_HOUR && is_over(AN_HOUR_MILLIS));
        is_worth_it && is_over(HAND_OVER_EVERY_MILLIS)
    }

    /// Hands over to the Directory what was counted. One call, since a repeated one might count twice; what it does not take is
    /// handed over the next time.
    pub async fn hand_over_counts(&self, runtime: &impl EdgeRuntime) {
        let counted = {
            let handed_over_at = Some(runtime.now());
            self.counted.replace(Counted { handed_over_at, ..Counted::default() })
        };
        let told = Directory::call(runtime, &DirectoryCommand::CountRequests(counted.counts.clone())).await;
        if !matches!(told, Ok(DirectoryReply::Done)) {
            let line = LogLine::new(Level::Warn, "counts not told").with("requests", counted.requests);
            runtime.write(line.with("error", failure(&told)));
            let mut now = self.counted.borrow_mut();
            now.counts.add(counted.counts);
            now.requests += counted.requests;
            now.has_news |= counted.has_news;
        }
    }
}
