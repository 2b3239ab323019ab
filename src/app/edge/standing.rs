//! What is known of an event before its portal's object judges it. Nothing of it refuses an event but the rate limit: it says who waits.

use super::Edge;
use super::post::{self, Post};
use super::records::read_record;
use super::turns::{Task, Turn};
use crate::app::ports::{EdgeRuntime, IncomingRequest};
use crate::domain::inbound::InboundEvent;
use crate::domain::php_tree::PhpTree;
use crate::domain::problem::Problem;

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
        let (cache, now) = (self.cache.borrow(), runtime.now());
        cache.is_limited(inbound.member_id(), &post::address_of(request), now)
            && inbound.application_token().is_some_and(|token| {
                let sha256 = token.sha256();
                let is_listed = cache.is_listed(inbound.member_id(), sha256, now);
                is_listed == Some(false) && !cache.is_verified(inbound.member_id(), sha256, now)
            })
    }

    /// Who vouches for an event: the isolate, or else KV. KV may be a minute behind.
    pub(super) async fn standing(&self, runtime: &impl EdgeRuntime, post: &Post) -> Standing {
        let of_listed = |is_listed| if is_listed { Standing::VouchedFor } else { Standing::NotVouchedFor };
        {
            let cache = self.cache.borrow();
            if cache.is_verified(&post.member_id, post.sha256, post.received_at) {
                return Standing::VouchedFor;
            }
            if let Some(is_listed) = cache.is_listed(&post.member_id, post.sha256, post.received_at) {
                return of_listed(is_listed);
            }
        }
        // Where KV is down, it is asked again by whoever comes next.
        let Ok(record) = read_record(runtime, &post.member_id).await else {
            return Standing::NotVouchedFor;
        };
        let listed = record.map_or_else(Vec::new, |record| record.believed(post.received_at));
        let standing = if listed.is_empty() { Standing::Stranger } else { of_listed(listed.contains(&post.sha256)) };
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
