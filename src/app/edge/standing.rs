//! What is known of an event before its portal's object judges it. Nothing of it refuses an event but the rate limit: it says who waits.

use super::Edge;
use super::post::{self, Post};
use super::turns::{Task, Turn};
use crate::app::kv_record::read_record;
use crate::app::ports::{EdgeRuntime, IncomingRequest};
use crate::domain::inbound::InboundEvent;
use crate::domain::member_id::MemberId;
use crate::domain::php_tree::PhpTree;
use crate::domain::problem::Problem;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;

/// Who vouches for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The isolate or KV knows its token.
    VouchedFor,
    /// Neither does.
    NotVouchedFor,
    /// KV was just asked, and knows nothing of its portal: an object has to be started for it.
    Stranger,
}

impl Standing {
    /// That of a token which KV lists, or does not.
    const fn of(is_listed: bool) -> Self {
        if is_listed { Self::VouchedFor } else { Self::NotVouchedFor }
    }
}

impl Edge {
    /// Reads the body of a POST. A long one takes its turn, unless the isolate knows the token that it seems to bring.
    pub(super) async fn read_tree(
        &self,
        runtime: &impl EdgeRuntime,
        request: &impl IncomingRequest,
    ) -> Result<PhpTree, Problem> {
        let body = post::take_body(request).await?;
        let is_known = || {
            let (sender, cache) = (body.seeming_sender(), self.cache.borrow());
            sender.is_some_and(|(member_id, sha256)| cache.is_verified(&member_id, sha256, runtime.now()))
        };
        let task = Task { bytes: body.bytes(), starts_object: false };
        let _turn = if task.is_dear() && !is_known() { self.turns.take(runtime, task).await } else { None };
        body.tree()
    }

    /// Whether the isolate knows that the caller is over the limit and that its token is not registered. So a flood costs no more
    /// than to be read.
    pub(super) fn is_flooding(
        &self,
        runtime: &impl EdgeRuntime,
        request: &impl IncomingRequest,
        inbound: &InboundEvent,
    ) -> bool {
        let now = runtime.now();
        self.cache.borrow().is_limited(inbound.member_id(), &post::address_of(request), now)
            && inbound.application_token().is_some_and(|token| {
                self.remembered(inbound.member_id(), token.sha256(), now) == Some(Standing::NotVouchedFor)
            })
    }

    /// What the isolate knows of a token.
    fn remembered(&self, member_id: &MemberId, sha256: TokenHash, now: Timestamp) -> Option<Standing> {
        let cache = self.cache.borrow();
        if cache.is_verified(member_id, sha256, now) {
            return Some(Standing::VouchedFor);
        }
        cache.is_listed(member_id, sha256, now).map(Standing::of)
    }

    /// Who vouches for an event: the isolate, or else KV. KV may be a minute behind.
    pub(super) async fn standing(&self, runtime: &impl EdgeRuntime, post: &Post) -> Standing {
        if let Some(standing) = self.remembered(&post.member_id, post.sha256, post.received_at) {
            return standing;
        }
        // Where KV is down, it is asked again by whoever comes next.
        let Ok(record) = read_record(runtime, &post.member_id).await else {
            return Standing::NotVouchedFor;
        };
        let listed = record.map_or_else(Vec::new, |record| record.believed(post.received_at));
        let standing = if listed.is_empty() { Standing::Stranger } else { Standing::of(listed.contains(&post.sha256)) };
        self.cache.borrow_mut().set_read(&post.member_id, listed, post.received_at);
        standing
    }

    /// Lets an event go on: at once, or when its turn comes.
    pub(super) async fn wait_for_turn(
        &self,
        runtime: &impl EdgeRuntime,
        post: &Post,
        standing: Standing,
    ) -> Option<Turn<'_>> {
        if standing == Standing::VouchedFor {
            self.turns.go_past(post.received_at);
            return None;
        }
        let task = Task { bytes: post.bytes(), starts_object: standing == Standing::Stranger };
        if task.is_dear() || self.turns.are_others_heard(post.received_at) {
            self.turns.take(runtime, task).await
        } else {
            None
        }
    }
}
