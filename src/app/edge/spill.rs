//! Where an event goes whose portal's object cannot be reached: into KV, sealed, until the cron trigger brings it to the object.
//!
//! Only what the isolate or KV knows to be the portal's is spilled: a stranger must not be able to fill KV. It is not believed
//! for that: the object judges it by its token like any other.

use super::Edge;
use super::events::queued;
use super::objects::TAKING_MILLIS;
use super::post::Post;
use crate::app::log_line::{Level, LogLine};
use crate::app::portal::command::Append;
use crate::app::ports::{EdgeRuntime, Kv};
use crate::app::spilled_event::{key_of, seal};
use crate::domain::problem::Problem;
use crate::domain::reply::Reply;
use std::rc::Rc;

/// How long a spilled event waits, in seconds: a week.
const SPILL_SECONDS: u32 = 7 * 86_400;

impl Edge {
    /// How long an object is waited for that is to take an event, in milliseconds: what cannot be spilled has nowhere else to go.
    pub(super) fn patience(&self) -> Option<u32> {
        self.config.vault.has_key().then_some(TAKING_MILLIS)
    }

    /// Spills an event that could not be given to the object. `problem` is the answer where that fails as well.
    pub(super) async fn spill(
        &self,
        runtime: &impl EdgeRuntime,
        post: &Post,
        problem: Problem,
    ) -> Result<Reply, Problem> {
        if !self.config.vault.has_key() {
            return Err(problem);
        }
        let outcome = self.keep(runtime, post).await;
        let (level, message) = match outcome {
            Ok(()) => (Level::Warn, "event spilled"),
            Err(_) => (Level::Error, "event not spilled"),
        };
        let line = LogLine::new(level, message).with("member_id", post.member_id.as_str());
        runtime.write(line.with("id", post.event.id.to_string()).with("error", outcome.clone().err()));
        outcome.map(|()| queued(post)).map_err(|_| problem)
    }

    async fn keep(&self, runtime: &impl EdgeRuntime, post: &Post) -> Result<(), String> {
        let append =
            Append { sha256: post.sha256, event: Rc::clone(&post.event), may_be_repeated: true, may_be_held: false };
        let sealed = seal(&self.config.vault, &post.member_id, &append, runtime.fresh())?;
        let key = key_of(&post.member_id, post.event.id);
        Kv::put(runtime, &key, sealed.as_str(), Some(SPILL_SECONDS)).await.map_err(|error| error.to_string())
    }
}
