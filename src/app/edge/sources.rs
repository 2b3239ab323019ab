//! Where a POST comes from, beside what its token says.
//!
//! KV keeps the last list that was good, and the cron trigger refreshes it. A list that is missing or old refuses nobody: a
//! genuine event must not be lost because a list could not be fetched.

use super::Edge;
use super::jobs::JobError;
use super::post::{Post, forbidden};
use crate::app::log_line::{Level, LogLine};
use crate::app::ports::{EdgeRuntime, Http, HttpCall, Kv, PortError};
use crate::domain::problem::Problem;
use crate::domain::source_list::{MAX_LIST_BYTES, SOURCE_LIST_URL, Source, SourceList, SourcePolicy};
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::net::IpAddr;

/// The list in KV, beside the installs.
const LIST_KEY: &str = "sources:bitrix24";
/// How long an isolate goes by what it read, in milliseconds: a new server is listed five minutes ahead.
const READ_MILLIS: i64 = 60_000;
/// How old a list may be and still speak against an address, in milliseconds: a day. The trigger fetches it every five minutes.
const MAX_AGE_MILLIS: i64 = 86_400_000;
/// How often a list that has not changed is written again, in milliseconds, so that it does not count as old.
const REWRITE_MILLIS: i64 = 3_600_000;
/// How long the list may take to come, in milliseconds.
const FETCH_TIMEOUT_MILLIS: u32 = 10_000;

/// What an isolate knows of the list.
#[derive(Default)]
pub struct KnownSources {
    stored: RefCell<Option<StoredList>>,
    read_again_at: Cell<Option<Timestamp>>,
}

/// The list as it is kept. Isolates of other releases read it, too.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct StoredList {
    nodes: SourceList,
    fetched_at: Timestamp,
}

impl Edge {
    /// Refuses a POST from an address that is not listed, where the operator wants that. The answer is that of any refusal.
    pub(super) async fn check_source(&self, runtime: &impl EdgeRuntime, post: &Post) -> Result<(), Problem> {
        if self.config.sources != SourcePolicy::Require {
            return Ok(());
        }
        match self.source_of(runtime, post).await {
            Source::Unlisted => {
                self.tell_source(runtime, post, "address refused");
                Err(forbidden())
            }
            Source::Unknown => {
                self.tell_source(runtime, post, "address not judged");
                Ok(())
            }
            Source::Listed => Ok(()),
        }
    }

    /// Tells the operator where token and address disagree: a right token from a strange address may have leaked, and an unknown
    /// one from Bitrix24's own address is most likely a webhook that nobody registered yet.
    pub(super) async fn compare_source(&self, runtime: &impl EdgeRuntime, post: &Post, is_accepted: bool) {
        if self.config.sources == SourcePolicy::Off {
            return;
        }
        match (self.source_of(runtime, post).await, is_accepted) {
            (Source::Unlisted, true) => {
                self.tell_source(runtime, post, "genuine token from an address that is not listed");
            }
            (Source::Listed, false) => {
                self.tell_source(runtime, post, "unknown token from a listed address");
            }
            _ => {}
        }
    }

    /// Fetches the list and keeps it. One that cannot be judged by is not kept: the last good one stays.
    pub(super) async fn refresh_sources(&self, runtime: &impl EdgeRuntime) -> Result<(), JobError> {
        if self.config.sources == SourcePolicy::Off {
            return Ok(());
        }
        let text = fetch_list(runtime).await?;
        let fetched = StoredList {
            nodes: SourceList::parse(&text).map_err(|error| error.to_string())?,
            fetched_at: runtime.now(),
        };
        // What is kept only spares a write, so it does not matter why it could not be read.
        let kept = read_stored(runtime).await.ok().flatten();
        let is_kept = kept.is_some_and(|kept| {
            kept.nodes == fetched.nodes && fetched.fetched_at.millis_since(kept.fetched_at) < REWRITE_MILLIS
        });
        if is_kept {
            return Ok(());
        }
        let json = serde_json::to_string(&fetched).map_err(|error| error.to_string())?;
        Kv::put(runtime, LIST_KEY, &json, None).await.map_err(|error| error.to_string())
    }

    async fn source_of(&self, runtime: &impl EdgeRuntime, post: &Post) -> Source {
        self.read_sources(runtime, post.received_at).await;
        let (stored, address) = (self.sources.stored.borrow(), post.address.parse::<IpAddr>());
        match (&*stored, address) {
            (Some(list), Ok(address)) if post.received_at.millis_since(list.fetched_at) < MAX_AGE_MILLIS => {
                if list.nodes.contains(address) { Source::Listed } else { Source::Unlisted }
            }
            _ => Source::Unknown,
        }
    }

    /// Reads the list once a minute; whoever comes while it is read goes by the one before. What cannot be read leaves that
    /// one as it is.
    async fn read_sources(&self, runtime: &impl EdgeRuntime, now: Timestamp) {
        if self.sources.read_again_at.get().is_some_and(|at| now < at) {
            return;
        }
        self.sources.read_again_at.set(Some(now.plus_millis(READ_MILLIS)));
        match read_stored(runtime).await {
            Ok(None) => {}
            Ok(stored) => *self.sources.stored.borrow_mut() = stored,
            Err(error) => {
                runtime.write(LogLine::new(Level::Warn, "source list not readable").with("error", error.to_string()));
            }
        }
    }

    /// One line a minute for each portal.
    fn tell_source(&self, runtime: &impl EdgeRuntime, post: &Post, message: &'static str) {
        if self.cache.borrow_mut().may_tell_source(&post.member_id, message, post.received_at) {
            let line = LogLine::new(Level::Warn, message).with("member_id", post.member_id.as_str());
            runtime.write(line.with("address", post.address.as_str()).with("sha256", post.sha256.to_string()));
        }
    }
}

async fn fetch_list(runtime: &impl EdgeRuntime) -> Result<String, JobError> {
    let call = HttpCall {
        url: SOURCE_LIST_URL.to_owned(),
        body: None,
        // A longer one is cut off, and is no list then.
        max_answer_bytes: MAX_LIST_BYTES,
        timeout_millis: FETCH_TIMEOUT_MILLIS,
    };
    match Http::call(runtime, call).await {
        Ok(answer) if answer.status == 200 => Ok(answer.body),
        Ok(answer) => Err(format!("the answer is {}", answer.status)),
        Err(error) => Err(error.to_string()),
    }
}

async fn read_stored(runtime: &impl EdgeRuntime) -> Result<Option<StoredList>, PortError> {
    let Some(text) = Kv::get(runtime, LIST_KEY).await? else {
        return Ok(None);
    };
    serde_json::from_str(&text).map(Some).map_err(|error| PortError::new("kv.get", &error))
}
