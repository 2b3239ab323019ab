//! The records of portals in KV, and how a portal's object takes one over.

use super::objects::{call_portal, unexpected};
use crate::app::log_line::{Level, LogLine};
use crate::app::portal::RECORD_KEY_PREFIX;
use crate::app::portal::command::{PortalCommand, PortalReply, RecordState};
use crate::app::ports::{EdgeRuntime, Kv};
use crate::domain::install::{InstallRecord, Token};
use crate::domain::location::LocationHint;
use crate::domain::member_id::MemberId;
use crate::domain::problem::Problem;

/// Lets a portal's object take over what KV says. Whether KV says anything.
pub async fn adopt(runtime: &impl EdgeRuntime, member_id: &MemberId, hint: LocationHint) -> Result<bool, Problem> {
    let record = read_record(runtime, member_id).await.ok().flatten();
    let Some(record) = record.filter(|record| !record.tokens.is_empty()) else {
        return Ok(false);
    };
    let adopt = |_| PortalCommand::Adopt { member_id: member_id.clone(), record: record.clone() };
    match call_portal(runtime, member_id, hint, adopt).await? {
        PortalReply::Portal(_) => Ok(true),
        other => Err(unexpected(runtime, &other)),
    }
}

/// KV did not answer. The log tells why.
pub struct KvIsDown;

/// The record of a portal in KV. One that is no record is as good as none: the event is held, and the log tells why.
pub async fn read_record(runtime: &impl EdgeRuntime, member_id: &MemberId) -> Result<Option<InstallRecord>, KvIsDown> {
    match find_record(runtime, member_id).await {
        Ok(record) => Ok(record),
        Err(Unreadable::Record) => Ok(None),
        Err(Unreadable::Kv) => Err(KvIsDown),
    }
}

/// Whether the record of a portal in KV has the tokens that its object has.
pub async fn compare_record(runtime: &impl EdgeRuntime, member_id: &MemberId, tokens: &[Token]) -> RecordState {
    let has = |known: &[Token], token: &Token| {
        known.iter().any(|one| (one.sha256, one.kind, one.status) == (token.sha256, token.kind, token.status))
    };
    match find_record(runtime, member_id).await {
        Err(_) => RecordState::Unreadable,
        Ok(None) => RecordState::Missing,
        Ok(Some(record))
            if record.tokens.len() == tokens.len() && record.tokens.iter().all(|token| has(tokens, token)) =>
        {
            RecordState::Same
        }
        Ok(Some(_)) => RecordState::Different,
    }
}

/// What cannot be read. The log tells why.
enum Unreadable {
    /// KV did not answer.
    Kv,
    /// What it has is no record.
    Record,
}

async fn find_record(runtime: &impl EdgeRuntime, member_id: &MemberId) -> Result<Option<InstallRecord>, Unreadable> {
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
