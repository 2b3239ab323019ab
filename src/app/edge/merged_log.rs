//! The logs of all portals that a caller may see, merged: each portal in its order, none skipped.
//!
//! The cursor has a place in each log, so it stays right whatever portals are added or removed. Portals are asked in turn,
//! some in each call. They are all asked in each round, since only a portal itself knows for certain what it has logged.

use super::objects::{call_directory, call_portal_once, unavailable, unexpected, unreachable};
use super::query::{DEFAULT_LIMIT, LIMITS, Query, bad};
use crate::app::directory::command::{DirectoryCommand, DirectoryReply};
use crate::app::directory::places::Place;
use crate::app::portal::command::{LogPage, LogQuery, LoggedEvent, PortalCommand, PortalReply};
use crate::app::ports::EdgeRuntime;
use crate::domain::caller::Caller;
use crate::domain::log_cursor::LogCursor;
use crate::domain::member_id::MemberId;
use crate::domain::problem::{Code, Problem};
use crate::domain::reply::Reply;
use futures_util::future::join_all;
use serde::Serialize;

/// Portals that one call asks: with the Directory and a repeated call, within the 50 subrequests of the free plan.
const MAX_ASKED: u32 = 32;
/// Portals that are asked at the same time: each may answer with 4 MiB, of the memory of 128 MB.
const ASKED_AT_ONCE: usize = 4;
/// Bytes of events after which a call asks no further.
const MAX_PAGE_BYTES: usize = 4 << 20;
/// A portal's page that is shorter did not end for its size: that is at 4 MiB, and no event has 2 MB.
const SURELY_SHORT_BYTES: usize = 2 << 20;

/// A page of the merged log.
#[derive(Serialize)]
struct MergedPage {
    events: Vec<MergedEvent>,
    /// Where the next call goes on.
    next: String,
    /// Whether the next call may find something at once.
    more: bool,
}

#[derive(Serialize)]
struct MergedEvent {
    member_id: MemberId,
    #[serde(flatten)]
    logged: LoggedEvent,
}

/// The next page of the merged log.
pub async fn read(runtime: &impl EdgeRuntime, caller: Caller<'_>, query: &Query) -> Result<Reply, Problem> {
    let limit = query.number("limit", LIMITS)?.unwrap_or(DEFAULT_LIMIT) as usize;
    let given = query.parsed("cursor", LogCursor::parse)?;
    let mut cursor = given.clone().unwrap_or_default();
    let question = DirectoryCommand::Places {
        after: cursor.turn,
        limit: MAX_ASKED,
        only: caller.portals().map(<[MemberId]>::to_vec),
    };
    let (numbering, places) = match call_directory(runtime, &question).await? {
        DirectoryReply::Places { numbering, places } => (numbering, places),
        other => return Err(unexpected(runtime, &other)),
    };
    if given.is_some() && cursor.numbering != numbering {
        return Err(bad("cursor"));
    }
    cursor.numbering = numbering;
    let is_round_new = cursor.turn == 0;
    let (mut events, mut bytes, mut asked, mut answered) = (Vec::new(), 0, 0, 0);
    while asked < places.len() && events.len() < limit && bytes < MAX_PAGE_BYTES {
        let at_once = ASKED_AT_ONCE.min(places.len() - asked).min(limit - events.len());
        let share = (limit - events.len()) / at_once;
        let group = &places[asked..asked + at_once];
        let pages = join_all(group.iter().map(|place| read_place(runtime, place, &cursor, share))).await;
        for (place, page) in group.iter().zip(pages) {
            cursor.turn = place.number;
            // One that does not answer now keeps its place until the next round, and holds up no other. Nor is it a reason to
            // begin that at once: it may be down for hours.
            let Ok(page) = page else { continue };
            answered += 1;
            cursor.set_place(place.number, page.next);
            let size: usize = page.events.iter().map(|logged| logged.event.get().len()).sum();
            cursor.has_left |= page.events.len() >= share || size >= SURELY_SHORT_BYTES;
            bytes += size;
            let named = |logged| MergedEvent { member_id: place.member_id.clone(), logged };
            events.extend(page.events.into_iter().map(named));
        }
        asked += at_once;
    }
    let is_round_over = asked == places.len() && places.len() < MAX_ASKED as usize;
    // A problem brings no cursor, and the caller repeats its call. So it may tell only of a whole round: in the middle of one, the
    // same few portals would be asked again and again, and no other.
    if is_round_new && is_round_over && asked > 0 && answered == 0 {
        return Err(unavailable());
    }
    let more = !is_round_over || cursor.has_left;
    if is_round_over {
        cursor.turn = 0;
        cursor.has_left = false;
    }
    let next = cursor.to_text().ok_or_else(|| {
        let detail = "too many portals for one cursor: read them with several tokens, each limited to some of them";
        Problem::new(Code::Conflict, detail)
    })?;
    Ok(Reply::json(200, &MergedPage { events, next, more }))
}

async fn read_place(
    runtime: &impl EdgeRuntime,
    place: &Place,
    cursor: &LogCursor,
    share: usize,
) -> Result<LogPage, Problem> {
    let after = cursor.place(place.number);
    let query = LogQuery { after, limit: u32::try_from(share).unwrap_or(1), ..LogQuery::default() };
    // Not three times as others are: `MAX_ASKED` that are down would come to more than the 50 subrequests of the free plan.
    let reply = call_portal_once(runtime, &place.member_id, &PortalCommand::ReadLog(query)).await;
    match reply.map_err(|cause| unreachable(runtime, &place.member_id, cause))? {
        PortalReply::Log(page) => Ok(page),
        PortalReply::UnknownPortal => Ok(LogPage { events: Vec::new(), next: after }),
        other => Err(unexpected(runtime, &other)),
    }
}
