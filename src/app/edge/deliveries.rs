//! The API of deliveries: how they go, and replays.

use super::admin::{call_known, unknown_portal};
use super::destinations::unknown_destination;
use super::objects::unexpected;
use super::query::{DEFAULT_LIMIT, LIMITS, MAX_PLACE, Query, bad, read_optional_json};
use super::read::parse_place;
use crate::app::portal::command::{DeliveryState, PortalCommand, PortalReply};
use crate::app::portal::delivery_command::{DeliveryCommand, DeliveryQuery, DeliveryReply, ReplayQuery, ReplayStatus};
use crate::app::portal::replays::MAX_REPLAYS;
use crate::app::ports::{EdgeRuntime, IncomingRequest, Random};
use crate::domain::destination_name::{DEFAULT, DestinationName};
use crate::domain::event_id::EventId;
use crate::domain::member_id::MemberId;
use crate::domain::problem::{Code, Problem};
use crate::domain::reply::Reply;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Events per second of a replay where nothing else is said, and at most.
const DEFAULT_RATE: u32 = 10;
const MAX_RATE: u32 = 100;
/// Random bytes of a replay's number: with 48 bits it passes through JavaScript unharmed.
const NUMBER_BYTES: usize = 6;

/// The body of a replay of one event.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RedeliverBody {
    destination: Option<String>,
}

/// The body of a replay of many.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ReplayBody {
    destination: Option<String>,
    state: Option<String>,
    from: Option<String>,
    to: Option<String>,
    after: Option<i64>,
    dry_run: bool,
    rate: Option<u32>,
}

#[derive(Serialize)]
struct ReplayList {
    replays: Vec<ReplayStatus>,
}

const FORM: &str = r#"{"destination", "state", "from", "to", "after", "dry_run", "rate"}, none of them is needed"#;

/// An event with its deliveries.
pub async fn show(runtime: &impl EdgeRuntime, member_id: &MemberId, id: EventId) -> Result<Reply, Problem> {
    match ask(runtime, member_id, DeliveryCommand::Event { id }).await? {
        DeliveryReply::Event(event) => Ok(Reply::json(200, &event)),
        other => Err(problem(runtime, &other)),
    }
}

/// Deliveries, in the order of the log.
pub async fn list(runtime: &impl EdgeRuntime, member_id: &MemberId, query: &Query) -> Result<Reply, Problem> {
    let query = DeliveryQuery {
        after: query.parsed("after", parse_place)?.unwrap_or(0),
        limit: query.number("limit", LIMITS)?.unwrap_or(DEFAULT_LIMIT),
        state: query.parsed("state", DeliveryState::parse)?,
        destination: query.parsed("destination", |text| DestinationName::try_from(text).ok())?,
    };
    match ask(runtime, member_id, DeliveryCommand::List(query)).await? {
        DeliveryReply::List(page) => Ok(Reply::json(200, &page)),
        other => Err(problem(runtime, &other)),
    }
}

/// Sends one event again.
pub async fn redeliver(
    runtime: &impl EdgeRuntime,
    request: &impl IncomingRequest,
    member_id: &MemberId,
    event: EventId,
) -> Result<Reply, Problem> {
    let body: RedeliverBody = read_optional_json(request, r#"{"destination": "default"}, or nothing"#).await?;
    let destination = body.destination.map(destination_name).transpose()?;
    let command = DeliveryCommand::ReplayEvent { id: new_number(runtime), event, destination };
    begin(runtime, member_id, command).await
}

/// Sends many events again, or counts them.
pub async fn replay(
    runtime: &impl EdgeRuntime,
    request: &impl IncomingRequest,
    member_id: &MemberId,
) -> Result<Reply, Problem> {
    let body: ReplayBody = read_optional_json(request, FORM).await?;
    let time = |name: &str, text: Option<String>| {
        text.map(|text| Timestamp::from_rfc3339(&text).ok_or_else(|| bad(name))).transpose()
    };
    let state = body.state.map(|text| DeliveryState::parse(&text).ok_or_else(|| bad("state"))).transpose()?;
    let may_be_replayed =
        |state| matches!(state, DeliveryState::Delivered | DeliveryState::Failed | DeliveryState::Superseded);
    if state.is_some_and(|state| !may_be_replayed(state)) {
        let detail = "state is `delivered`, `failed` or `superseded`: what is pending or retrying is sent anyway";
        return Err(Problem::new(Code::BadRequest, detail));
    }
    let query = ReplayQuery {
        destination: destination_name(body.destination.unwrap_or_else(|| DEFAULT.to_owned()))?,
        state,
        from: time("from", body.from)?,
        to: time("to", body.to)?,
        after: body.after.unwrap_or(0),
        rate: body.rate.unwrap_or(DEFAULT_RATE),
    };
    if !(1..=MAX_RATE).contains(&query.rate) {
        return Err(bad("rate"));
    }
    if !(0..=MAX_PLACE).contains(&query.after) {
        return Err(bad("after"));
    }
    if !body.dry_run {
        return begin(runtime, member_id, DeliveryCommand::Replay { id: new_number(runtime), query }).await;
    }
    match ask(runtime, member_id, DeliveryCommand::CountReplay(query)).await? {
        DeliveryReply::Count(count) => Ok(Reply::json(200, &count)),
        other => Err(problem(runtime, &other)),
    }
}

/// The replays that are under way.
pub async fn replays(runtime: &impl EdgeRuntime, member_id: &MemberId) -> Result<Reply, Problem> {
    replay_list(runtime, 200, ask(runtime, member_id, DeliveryCommand::Replays).await?)
}

/// Ends a replay.
pub async fn cancel(runtime: &impl EdgeRuntime, member_id: &MemberId, id: i64) -> Result<Reply, Problem> {
    replay_list(runtime, 200, ask(runtime, member_id, DeliveryCommand::CancelReplay { id }).await?)
}

async fn begin(runtime: &impl EdgeRuntime, member_id: &MemberId, command: DeliveryCommand) -> Result<Reply, Problem> {
    replay_list(runtime, 202, ask(runtime, member_id, command).await?)
}

fn replay_list(runtime: &impl EdgeRuntime, status: u16, reply: DeliveryReply) -> Result<Reply, Problem> {
    match reply {
        DeliveryReply::Replays(replays) => Ok(Reply::json(status, &ReplayList { replays })),
        other => Err(problem(runtime, &other)),
    }
}

async fn ask(
    runtime: &impl EdgeRuntime,
    member_id: &MemberId,
    command: DeliveryCommand,
) -> Result<DeliveryReply, Problem> {
    match call_known(runtime, member_id, &PortalCommand::Delivery(command)).await? {
        PortalReply::Delivery(reply) => Ok(reply),
        PortalReply::UnknownPortal => Err(unknown_portal()),
        other => Err(unexpected(runtime, &other)),
    }
}

fn problem(runtime: &impl EdgeRuntime, reply: &DeliveryReply) -> Problem {
    match reply {
        DeliveryReply::UnknownEvent => Problem::new(Code::NotFound, "there is no such event, or it is kept no more"),
        DeliveryReply::UnknownDestination => unknown_destination(),
        DeliveryReply::UnknownReplay => Problem::new(Code::NotFound, "there is no such replay, or it has ended"),
        DeliveryReply::TooManyReplays => {
            let detail = format!("at most {MAX_REPLAYS} replays are under way at once: wait, or cancel one");
            Problem::new(Code::Conflict, detail)
        }
        other => unexpected(runtime, other),
    }
}

fn destination_name(text: String) -> Result<DestinationName, Problem> {
    DestinationName::try_from(text).map_err(|_| bad("destination"))
}

fn new_number(random: &impl Random) -> i64 {
    random.fresh::<NUMBER_BYTES>().iter().fold(0, |number, byte| number << 8 | i64::from(*byte))
}
