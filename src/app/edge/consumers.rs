//! The API of consumers.

use super::admin::{call_known, unknown_portal};
use super::objects::unexpected;
use super::query::{MAX_PLACE, bad, read_json};
use crate::app::portal::command::{ConsumerStatus, PortalCommand, PortalReply};
use crate::app::portal::consumers::MAX_CONSUMERS;
use crate::app::ports::{EdgeRuntime, IncomingRequest};
use crate::domain::consumer_name::ConsumerName;
use crate::domain::member_id::MemberId;
use crate::domain::problem::{Code, Problem};
use crate::domain::reply::Reply;
use serde::{Deserialize, Serialize};

/// The body of an acknowledgement.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AckBody {
    seq: i64,
    #[serde(default)]
    force: bool,
}

#[derive(Serialize)]
struct ConsumerList {
    consumers: Vec<ConsumerStatus>,
}

/// All consumers of a portal.
pub async fn list(runtime: &impl EdgeRuntime, member_id: &MemberId) -> Result<Reply, Problem> {
    let consumers = all(runtime, member_id).await?;
    Ok(Reply::json(200, &ConsumerList { consumers }))
}

/// One consumer, or its removal.
pub async fn show(runtime: &impl EdgeRuntime, member_id: &MemberId, name: &ConsumerName) -> Result<Reply, Problem> {
    let consumers = all(runtime, member_id).await?;
    let consumer = consumers.into_iter().find(|consumer| consumer.name == *name).ok_or_else(unknown_consumer)?;
    Ok(Reply::json(200, &consumer))
}

/// Forgets a consumer, and shows it for the last time.
pub async fn remove(runtime: &impl EdgeRuntime, member_id: &MemberId, name: ConsumerName) -> Result<Reply, Problem> {
    answer(runtime, member_id, PortalCommand::RemoveConsumer { name }).await
}

/// Moves a consumer.
pub async fn acknowledge(
    runtime: &impl EdgeRuntime,
    request: &impl IncomingRequest,
    member_id: &MemberId,
    name: ConsumerName,
) -> Result<Reply, Problem> {
    let AckBody { seq, force } = read_json(request, r#"{"seq": 5, "force": false}, the first is needed"#).await?;
    if !(0..=MAX_PLACE).contains(&seq) {
        return Err(bad("seq"));
    }
    answer(runtime, member_id, PortalCommand::Acknowledge { name, seq, force }).await
}

async fn all(runtime: &impl EdgeRuntime, member_id: &MemberId) -> Result<Vec<ConsumerStatus>, Problem> {
    match call_known(runtime, member_id, &PortalCommand::Consumers).await? {
        PortalReply::Consumers(consumers) => Ok(consumers),
        PortalReply::UnknownPortal => Err(unknown_portal()),
        other => Err(unexpected(runtime, &other)),
    }
}

async fn answer(runtime: &impl EdgeRuntime, member_id: &MemberId, command: PortalCommand) -> Result<Reply, Problem> {
    match call_known(runtime, member_id, &command).await? {
        PortalReply::Consumer(consumer) => Ok(Reply::json(200, &consumer)),
        PortalReply::UnknownPortal => Err(unknown_portal()),
        PortalReply::UnknownConsumer => Err(unknown_consumer()),
        PortalReply::TooManyConsumers => {
            Err(Problem::new(Code::Conflict, format!("a portal has at most {MAX_CONSUMERS} consumers")))
        }
        PortalReply::BeyondLog { head } => Err(Problem::new(
            Code::Conflict,
            format!("the log ends at {head}: what is behind it cannot be acknowledged"),
        )),
        other => Err(unexpected(runtime, &other)),
    }
}

fn unknown_consumer() -> Problem {
    Problem::new(Code::NotFound, "there is no such consumer")
}
