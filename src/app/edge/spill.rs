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
use crate::domain::event_id::EventId;
use crate::domain::member_id::MemberId;
use crate::domain::problem::Problem;
use crate::domain::reply::Reply;
use crate::domain::secret::Secret;
use crate::domain::vault::{NONCE_BYTES, Sealed, SealedFor, Vault};

/// How the key of a spilled event begins: `spill:<member_id>:<id>`. No `member_id` has a colon, and an id begins with its time, so
/// the keys of a portal stand in the order in which its events were received.
pub const SPILL_PREFIX: &str = "spill:";
/// What a spilled event is sealed as.
const SPILL_PURPOSE: &str = "spill.event";
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
        let append = Append { sha256: post.sha256, event: post.event.clone(), may_be_repeated: true };
        let json = serde_json::to_string(&append).map_err(|error| error.to_string())?;
        let mut nonce = [0; NONCE_BYTES];
        runtime.fill(&mut nonce);
        let sealed = self.config.vault.seal(&Secret::new(json), sealed_for(&post.member_id), nonce);
        let sealed = sealed.map_err(|error| error.to_string())?;
        let key = key_of(&post.member_id, post.event.id);
        Kv::put(runtime, &key, sealed.as_str(), Some(SPILL_SECONDS)).await.map_err(|error| error.to_string())
    }
}

/// Opens a spilled event.
pub fn open(vault: &Vault, member_id: &MemberId, value: &str) -> Result<Append, String> {
    let opened = vault.open(&Sealed::from_stored(value), sealed_for(member_id)).map_err(|error| error.to_string())?;
    // The message would quote the event.
    serde_json::from_str(opened.expose()).map_err(|_| "it is no event".to_owned())
}

/// The key of an event.
pub fn key_of(member_id: &MemberId, id: EventId) -> String {
    format!("{SPILL_PREFIX}{member_id}:{id}")
}

/// Whose event a key is, and which.
pub fn parse_key(key: &str) -> Option<(MemberId, EventId)> {
    let (member_id, id) = key.strip_prefix(SPILL_PREFIX)?.split_once(':')?;
    Some((MemberId::try_from(member_id).ok()?, EventId::try_from(id).ok()?))
}

const fn sealed_for(member_id: &MemberId) -> SealedFor<'_> {
    SealedFor { member_id, purpose: SPILL_PURPOSE }
}
