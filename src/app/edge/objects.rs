//! Calls to the objects, repeated where that may help.

use crate::app::directory::command::{DirectoryCommand, DirectoryReply};
use crate::app::log_line::{Level, LogLine};
use crate::app::portal::command::{PortalCommand, PortalReply};
use crate::app::ports::{CallError, Directory, EdgeRuntime, Portals};
use crate::domain::location::LocationHint;
use crate::domain::member_id::MemberId;
use crate::domain::problem::{Code, Problem};

/// Pauses before the second and the third attempt, in milliseconds. An object that was reset is back within them; Bitrix24
/// waits, but calls slow handlers less.
const RETRY_PAUSES_MILLIS: [u32; 2] = [20, 200];
/// How long the Worker waits for the object to take an event that it can spill, in milliseconds. A commit takes some, and an object that
/// starts anew some hundred; Bitrix24 calls a handler less that answers slowly.
pub const TAKING_MILLIS: u32 = 2_500;
/// How long an object is waited for that is one of many, in milliseconds, so that one that hangs does not take the others' turn.
const LOOKING_MILLIS: u32 = 10_000;
/// How long a portal's object may take for any other command, in milliseconds. An installation waits for Bitrix24 within it, a few times.
const ANSWERING_MILLIS: u32 = 60_000;
/// When the caller should come back, in seconds.
const RETRY_AFTER_SECONDS: &str = "5";

/// Whether an answer says that the object could not do it this time.
trait Answer {
    fn failure(&self) -> Option<&str>;
}

impl Answer for PortalReply {
    fn failure(&self) -> Option<&str> {
        if let Self::Failed(cause) = self { Some(cause) } else { None }
    }
}

impl Answer for DirectoryReply {
    fn failure(&self) -> Option<&str> {
        if let Self::Failed(cause) = self { Some(cause) } else { None }
    }
}

/// Calls a portal's object. `command` makes the command anew for each attempt; it is told whether an earlier one may have
/// been carried out.
pub async fn call_portal(
    runtime: &impl EdgeRuntime,
    member_id: &MemberId,
    hint: LocationHint,
    command: impl Fn(bool) -> PortalCommand,
) -> Result<PortalReply, Problem> {
    call_portal_within(runtime, member_id, hint, Some(ANSWERING_MILLIS), command).await
}

/// The same, given up after so many milliseconds; `None` for as long as it takes.
pub async fn call_portal_within(
    runtime: &impl EdgeRuntime,
    member_id: &MemberId,
    hint: LocationHint,
    within_millis: Option<u32>,
    command: impl Fn(bool) -> PortalCommand,
) -> Result<PortalReply, Problem> {
    let call = async |is_repeated| Portals::call(runtime, member_id, hint, &command(is_repeated), within_millis).await;
    repeat(runtime, within_millis, call).await.map_err(|cause| unreachable(runtime, member_id, cause))
}

/// Calls the object of a portal that is one of many: once, since each is called again in the next round. The error is the cause, for the
/// log.
pub async fn call_portal_once(
    runtime: &impl EdgeRuntime,
    member_id: &MemberId,
    command: &PortalCommand,
) -> Result<PortalReply, String> {
    let hint = LocationHint::choose(None, None);
    match Portals::call(runtime, member_id, hint, command, Some(LOOKING_MILLIS)).await {
        Ok(PortalReply::Failed(cause)) => Err(cause),
        Ok(reply) => Ok(reply),
        Err(error) => Err(error.cause),
    }
}

/// Tells the log that a portal's object could not be called, and gives the answer for the client.
pub fn unreachable(runtime: &impl EdgeRuntime, member_id: &MemberId, cause: String) -> Problem {
    let line = LogLine::new(Level::Error, "portal unreachable").with("member_id", member_id.as_str());
    runtime.write(line.with("error", cause));
    unavailable()
}

/// Calls the Directory. Each of its commands may be carried out twice without harm.
pub async fn call_directory(runtime: &impl EdgeRuntime, command: &DirectoryCommand) -> Result<DirectoryReply, Problem> {
    let call = async |_| Directory::call(runtime, command).await;
    repeat(runtime, None, call).await.map_err(|cause| {
        runtime.write(LogLine::new(Level::Error, "directory unreachable").with("error", cause));
        unavailable()
    })
}

/// An answer that does not belong to the question: two releases that do not understand each other. Only its kind is logged,
/// since it may hold events.
pub fn unexpected(runtime: &impl EdgeRuntime, reply: &impl std::fmt::Debug) -> Problem {
    let kind: String = format!("{reply:?}").chars().take_while(char::is_ascii_alphanumeric).collect();
    runtime.write(LogLine::new(Level::Error, "unexpected answer").with("kind", kind));
    unavailable()
}

/// The answer where nothing could be done this time.
pub fn unavailable() -> Problem {
    Problem::new(Code::Unavailable, "try again").with_header("retry-after", RETRY_AFTER_SECONDS)
}

/// Repeats a call with a fresh stub each time, since a stub that failed stays broken; but not once it has taken so long.
/// <https://developers.cloudflare.com/durable-objects/best-practices/error-handling/>
async fn repeat<A: Answer>(
    runtime: &impl EdgeRuntime,
    within_millis: Option<u32>,
    call: impl AsyncFn(bool) -> Result<A, CallError>,
) -> Result<A, String> {
    let mut pauses = RETRY_PAUSES_MILLIS.iter();
    let end = within_millis.map(|millis| runtime.now().plus_millis(millis.into()));
    let mut is_repeated = false;
    loop {
        let error = match call(is_repeated).await {
            Ok(answer) => match answer.failure() {
                None => return Ok(answer),
                Some(cause) => CallError { retryable: true, cause: cause.to_owned() },
            },
            Err(error) => error,
        };
        match pauses.next().filter(|_| error.retryable && end.is_none_or(|end| runtime.now() < end)) {
            Some(pause) => runtime.sleep(*pause).await,
            None => return Err(error.cause),
        }
        is_repeated = true;
    }
}
