//! `POST /events`: the one call that Bitrix24 makes for an event.

use super::Edge;
use super::appends::{Batch, LINGER_MILLIS, OVERDUE_MILLIS, Place, Refusal, Turn, Verdict};
use super::objects::{call_directory, call_portal_within, unavailable, unexpected};
use super::post::{self, Post, forbidden};
use super::records::adopt;
use super::standing::Standing;
use crate::app::directory::command::{DirectoryCommand, DirectoryReply};
use crate::app::held_events::NewEvent;
use crate::app::log_line::{Level, LogLine};
use crate::app::portal::command::{Append, Appended, PortalCommand, PortalReply};
use crate::app::ports::{EdgeRuntime, IncomingRequest};
use crate::domain::application::claim::InstallClaim;
use crate::domain::event_id::EventId;
use crate::domain::location::LocationHint;
use crate::domain::member_id::MemberId;
use crate::domain::problem::{Code, Problem};
use crate::domain::reply::Reply;
use futures_util::future::{Either, select};
use serde::Serialize;
use std::pin::pin;
use std::rc::Rc;

/// Calls that others made for an event and that were lost, before it calls for itself: 3 s each.
const MAX_LOST_CALLS: u32 = 2;
/// The limiter's period: after it a caller that was refused is heard again.
const LIMIT_PERIOD_SECONDS: &str = "60";

#[derive(Serialize)]
struct Accepted {
    status: &'static str,
    id: EventId,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
}

impl Edge {
    /// Takes an event.
    ///
    /// 1. Read it, within the limits.
    /// 2. Normalize it. From here on no token is left in it. Where the operator wants it, the address is looked at as well.
    /// 3. What neither the isolate nor KV vouches for waits for its turn, where it is long, its portal is unknown, or others are heard
    ///    who are vouched for.
    /// 4. Let the portal's object judge it, and log it, or hold it where it may be genuine. A caller that the rate limiter refused
    ///    does not get that far, unless the isolate or KV knows its token.
    /// 5. What the object refuses counts against the rate limit. Where the object cannot be reached, an event whose token the
    ///    isolate or KV knows is spilled.
    /// 6. An event that claims an installation has its claim proven, once it is safe itself.
    pub(super) async fn accept(
        &self,
        runtime: &impl EdgeRuntime,
        request: &impl IncomingRequest,
    ) -> Result<Reply, Problem> {
        let post = self.read(runtime, request).await?;
        let taken = self.take(runtime, &post).await;
        if post.claim.is_some() {
            // To prove it may take seconds.
            self.make_owed_calls(runtime).await;
        }
        post.account(self.follow_claim(runtime, &post, taken).await)
    }

    /// Reads and normalizes an event. The tree that is read can be 40 times as large as the body: it is gone before anything else is
    /// waited for.
    async fn read(&self, runtime: &impl EdgeRuntime, request: &impl IncomingRequest) -> Result<Post, Problem> {
        let inbound = post::read_event(self.read_tree(runtime, request).await?)?;
        if !InstallClaim::is_made_by(&inbound) && self.is_flooding(runtime, request, &inbound) {
            return Err(rate_limited().again());
        }
        post::normalized(runtime, request, &inbound)
    }

    /// Takes an event that was read.
    pub(super) async fn take(&self, runtime: &impl EdgeRuntime, post: &Post) -> Result<Reply, Problem> {
        self.check_source(runtime, post).await?;
        let standing = self.standing(runtime, post).await;
        let is_vouched_for = standing == Standing::VouchedFor;
        self.check_limited(runtime, post, standing)?;
        let _turn = self.wait_for_turn(runtime, post, standing).await;
        // One of the same caller that had its turn before may have been one too many.
        self.check_limited(runtime, post, standing)?;
        let refusal = match self.append(runtime, post, true).await {
            Ok(Ok(seq)) => {
                self.cache.borrow_mut().set_verified(&post.member_id, post.sha256, post.received_at);
                self.compare_source(runtime, post, true).await;
                return Ok(accepted(post, Some(seq)));
            }
            Ok(Err(refusal)) => refusal,
            // KV is asked once more, if it did not answer.
            Err(problem) if is_vouched_for || self.standing(runtime, post).await == Standing::VouchedFor => {
                return self.spill(runtime, post, problem).await;
            }
            Err(problem) => return Err(problem),
        };
        self.cache.borrow_mut().set_refused(&post.member_id, post.sha256);
        if let Refusal::Held { displaced } = refusal {
            tell_displaced(runtime, post, displaced);
        }
        if !runtime.allows(&format!("{} {}", post.member_id, post.address)).await {
            self.cache.borrow_mut().set_limited(&post.member_id, &post.address, post.received_at);
            return Err(rate_limited());
        }
        self.compare_source(runtime, post, false).await;
        match refusal {
            Refusal::UnknownPortal => hold_in_directory(runtime, post).await,
            // The answer is that of any refusal: a forger learns nothing.
            Refusal::Held { .. } | Refusal::Unregistered | Refusal::Revoked => Err(forbidden()),
        }
    }

    /// Refuses what nobody vouches for, where the limiter refused its caller a moment ago.
    fn check_limited(&self, runtime: &impl EdgeRuntime, post: &Post, standing: Standing) -> Result<(), Problem> {
        let is_limited = standing != Standing::VouchedFor
            && self.cache.borrow().is_limited(&post.member_id, &post.address, runtime.now());
        if is_limited { Err(rate_limited().again()) } else { Ok(()) }
    }

    /// Lets the portal's object judge and log the event, together with others of this isolate where a call is under way.
    pub(super) async fn append(
        &self,
        runtime: &impl EdgeRuntime,
        post: &Post,
        may_be_held: bool,
    ) -> Result<Verdict, Problem> {
        let outcome = self.append_by_turns(runtime, post, may_be_held).await;
        post.may_be_known.set(post.may_be_known.get() || outcome.is_err());
        outcome
    }

    async fn append_by_turns(
        &self,
        runtime: &impl EdgeRuntime,
        post: &Post,
        may_be_held: bool,
    ) -> Result<Verdict, Problem> {
        let Post { member_id, hint, sha256, event, .. } = post;
        let append =
            |may_be_repeated| Append { sha256: *sha256, event: Rc::clone(event), may_be_repeated, may_be_held };
        for lost in 0..MAX_LOST_CALLS {
            match self.next_turn(runtime, post, append(lost > 0 || post.may_be_known.get())).await {
                Turn::Judged(outcome) => return outcome,
                Turn::Calls(batch) => return self.make_call(runtime, &batch).await,
                Turn::Again => {}
            }
        }
        self.append_all(runtime, (member_id, *hint), &[append(true)]).await?.pop().ok_or_else(unavailable)
    }

    async fn next_turn(&self, runtime: &impl EdgeRuntime, post: &Post, append: Append) -> Turn {
        let (ticket, called_up) = match self.appends.queue(runtime, (&post.member_id, post.hint), append) {
            Place::First(batch) => return Turn::Calls(batch),
            Place::InLine(ticket, called_up) => (ticket, called_up),
        };
        let mut called_up = pin!(called_up);
        while let Either::Right(_) = select(called_up.as_mut(), pin!(runtime.sleep(OVERDUE_MILLIS))).await {
            self.appends.look_at_call(&post.member_id, &ticket);
        }
        ticket.turn().unwrap_or(Turn::Again)
    }

    /// Whether calls are owed to others.
    pub fn owes_calls(&self) -> bool {
        self.appends.owes_calls()
    }

    /// Makes the calls that are owed to those who came while a call was under way. It goes on behind an answer.
    pub async fn make_owed_calls(&self, runtime: &impl EdgeRuntime) {
        while let Some(owed) = self.appends.take_owed() {
            if let Some(company) = self.appends.company(runtime, &owed) {
                select(pin!(company), pin!(runtime.sleep(LINGER_MILLIS))).await;
            }
            if let Some(batch) = self.appends.collect(owed, runtime.now()) {
                // There is no own event: all are told by this.
                drop(self.make_call(runtime, &batch).await);
            }
        }
    }

    /// Makes a call, and tells all for whom it is made. Returns the verdict on the caller's own event.
    async fn make_call(&self, runtime: &impl EdgeRuntime, batch: &Batch) -> Result<Verdict, Problem> {
        let outcome = self.append_all(runtime, (&batch.member_id, batch.hint), &batch.appends).await;
        self.appends.settle(batch, &outcome, runtime.now())
    }

    /// Lets a portal's object judge and log events. One that knows nothing yet adopts the record of KV first.
    async fn append_all(
        &self,
        runtime: &impl EdgeRuntime,
        (member_id, hint): (&MemberId, LocationHint),
        appends: &[Append],
    ) -> Result<Vec<Verdict>, Problem> {
        let mut may_adopt = true;
        loop {
            let command = |is_repeated| {
                let repeated = |append: &Append| Append {
                    may_be_repeated: append.may_be_repeated || is_repeated,
                    ..append.clone()
                };
                PortalCommand::Append(appends.iter().map(repeated).collect())
            };
            return match call_portal_within(runtime, member_id, hint, self.patience(), command).await? {
                PortalReply::Appended(judged) => Ok(judged.into_iter().map(verdict).collect()),
                PortalReply::UnknownPortal if may_adopt => {
                    may_adopt = false;
                    // Where KV is down the events wait, as those of an unknown portal.
                    if adopt(runtime, member_id, hint).await? == Ok(true) {
                        continue;
                    }
                    Ok(vec![Err(Refusal::UnknownPortal); appends.len()])
                }
                PortalReply::UnknownPortal => Ok(vec![Err(Refusal::UnknownPortal); appends.len()]),
                other => Err(unexpected(runtime, &other)),
            };
        }
    }
}

const fn verdict(appended: Appended) -> Verdict {
    match appended {
        Appended::Accepted { seq } => Ok(seq),
        Appended::Held { displaced } => Err(Refusal::Held { displaced }),
        Appended::Unregistered => Err(Refusal::Unregistered),
        Appended::Revoked => Err(Refusal::Revoked),
    }
}

pub(super) fn accepted(post: &Post, seq: Option<i64>) -> Reply {
    let body = Accepted { status: "accepted", id: post.event.id, seq };
    let mut reply = Reply::json(200, &body).called("accepted");
    reply.about = Some(Box::new(post.about(seq)));
    reply
}

/// The answer where the event waits for the portal's object in KV.
pub(super) fn queued(post: &Post) -> Reply {
    Reply::json(202, &Accepted { status: "queued", id: post.event.id, seq: None }).called("queued")
}

pub(super) async fn hold_in_directory(runtime: &impl EdgeRuntime, post: &Post) -> Result<Reply, Problem> {
    let Post { member_id, sha256, event, .. } = post;
    let hold = DirectoryCommand::Hold { member_id: member_id.clone(), sha256: *sha256, event: NewEvent::clone(event) };
    match call_directory(runtime, &hold).await? {
        DirectoryReply::Held { displaced } => {
            tell_displaced(runtime, post, displaced);
            Ok(Reply::json(202, &Accepted { status: "held", id: event.id, seq: None }).called("held"))
        }
        other => Err(unexpected(runtime, &other)),
    }
}

fn tell_displaced(runtime: &impl EdgeRuntime, post: &Post, displaced: usize) {
    if displaced > 0 {
        let line = LogLine::new(Level::Warn, "held events displaced").with("member_id", post.member_id.as_str());
        runtime.write(line.with("events", displaced));
    }
}

pub(super) fn rate_limited() -> Problem {
    Problem::new(Code::RateLimited, "too many unverified requests").with_header("retry-after", LIMIT_PERIOD_SECONDS)
}
