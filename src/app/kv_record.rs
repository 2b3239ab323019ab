//! The record of a portal in KV, as the Worker and the portal's object read it.

use super::log_line::{Level, LogLine};
use super::ports::{Kv, Log};
use crate::domain::install::InstallRecord;
use crate::domain::member_id::MemberId;

/// How a portal's record is found in KV.
pub const RECORD_KEY_PREFIX: &str = "install:";

/// KV did not answer. The log tells why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record in KV cannot be read")]
pub struct KvIsDown;

/// What cannot be read. The log tells why.
pub enum Unreadable {
    /// KV did not answer.
    Kv,
    /// What it has is no record.
    Record,
}

/// The record of a portal in KV. One that is no record is as good as none: the event is held, and the log tells why.
pub async fn read_record(runtime: &(impl Kv + Log), member_id: &MemberId) -> Result<Option<InstallRecord>, KvIsDown> {
    match find_record(runtime, member_id).await {
        Ok(record) => Ok(record),
        Err(Unreadable::Record) => Ok(None),
        Err(Unreadable::Kv) => Err(KvIsDown),
    }
}

/// The same, where it matters why there is none.
pub async fn find_record(runtime: &(impl Kv + Log), member_id: &MemberId) -> Result<Option<InstallRecord>, Unreadable> {
    let complain = |error: String| {
        let line = LogLine::new(Level::Warn, "record not readable").with("member_id", member_id.as_str());
        runtime.write(line.with("error", error));
    };
    let text = Kv::get(runtime, &format!("{RECORD_KEY_PREFIX}{member_id}")).await.map_err(|error| {
        complain(error.to_string());
        Unreadable::Kv
    })?;
    let read = |text: String| {
        serde_json::from_str(&text).map_err(|error: serde_json::Error| {
            // The message is not told: it quotes the record, in which somebody may have written a token in place of its hash.
            let (line, column) = (error.line(), error.column());
            complain(format!("{:?} error at line {line}, column {column}", error.classify()));
            Unreadable::Record
        })
    };
    text.map(read).transpose()
}

/// The record that an object which knows nothing of its portal takes over: one with tokens, if there is such a one.
pub async fn read_adoptable(
    runtime: &(impl Kv + Log),
    member_id: &MemberId,
) -> Result<Option<InstallRecord>, KvIsDown> {
    Ok(read_record(runtime, member_id).await?.filter(|record| !record.tokens.is_empty()))
}
