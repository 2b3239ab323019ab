//! The records of portals in KV, and how a portal's object takes one over.

use super::objects::{call_portal, unexpected};
use crate::app::kv_record::{KvIsDown, find_record, read_adoptable};
use crate::app::portal::command::{PortalCommand, PortalReply, RecordState};
use crate::app::ports::EdgeRuntime;
use crate::domain::install::Token;
use crate::domain::location::LocationHint;
use crate::domain::member_id::MemberId;
use crate::domain::problem::Problem;

/// Lets a portal's object take over what KV says. Whether KV says anything.
pub async fn adopt(
    runtime: &impl EdgeRuntime,
    member_id: &MemberId,
    hint: LocationHint,
) -> Result<Result<bool, KvIsDown>, Problem> {
    let record = match read_adoptable(runtime, member_id).await {
        Ok(Some(record)) => record,
        Ok(None) => return Ok(Ok(false)),
        Err(error) => return Ok(Err(error)),
    };
    let adopt = |_| PortalCommand::Adopt { member_id: member_id.clone(), record: record.clone() };
    match call_portal(runtime, member_id, hint, adopt).await? {
        PortalReply::Portal(_) => Ok(Ok(true)),
        other => Err(unexpected(runtime, &other)),
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
