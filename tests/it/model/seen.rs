//! What can be seen of the life of events: in the model, and in the relay's own storage.

use super::state::{Answer, Course, Note, Scope, Standing, State};
use crate::support::post::TOKEN;
use crate::support::relay::{self, Relay, hash};

/// What stands in storage, and what was answered and received.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Of each event, once it has one.
    pub answers: Vec<Option<u16>>,
    /// `place:event`.
    pub log: Vec<String>,
    /// `place:state` of deliveries that did not go well at once.
    pub notes: Vec<String>,
    pub cursor: usize,
    pub held_in_portal: Vec<String>,
    pub held_in_directory: Vec<String>,
    pub token: Option<&'static str>,
    pub is_releasing: bool,
    pub arrived: Vec<String>,
}

/// By this text an event is known wherever it is.
pub fn marker(event: u8) -> String {
    format!("this-is-event-{event}")
}

pub fn in_model(state: &State, scope: &Scope) -> Seen {
    let portal = &state.portal;
    let note = |at: usize| match portal.notes[at] {
        Note::Nothing => None,
        Note::Retrying(_) => Some(format!("{}:retrying", at + 1)),
        Note::Waiting => Some(format!("{}:waiting", at + 1)),
        Note::Delivered => Some(format!("{}:delivered", at + 1)),
        Note::Failed => Some(format!("{}:failed", at + 1)),
    };
    let places = portal.pruned..portal.rows.len();
    let mut arrived: Vec<String> = state.arrived.iter().map(|item| item.event.to_string()).collect();
    arrived.sort();
    Seen {
        answers: (0..scope.events).map(|event| status(&state.courses[usize::from(event)])).collect(),
        log: places.clone().map(|at| format!("{}:{}", at + 1, portal.rows[at].event)).collect(),
        notes: places.filter_map(note).collect(),
        cursor: portal.cursor,
        held_in_portal: portal.held.iter().map(|held| held.item.event.to_string()).collect(),
        held_in_directory: state.directory.iter().map(|held| held.item.event.to_string()).collect(),
        token: match portal.standing {
            Standing::Nobody | Standing::Unregistered => None,
            Standing::Active => Some("active"),
            Standing::Revoked => Some("revoked"),
        },
        is_releasing: portal.release.is_some(),
        arrived,
    }
}

const fn status(course: &Course) -> Option<u16> {
    match course {
        Course::Answered(Answer::Accepted) => Some(200),
        Course::Answered(Answer::Held | Answer::Queued) => Some(202),
        Course::Answered(Answer::Forbidden | Answer::Refused) => Some(403),
        Course::Answered(Answer::Unavailable) => Some(503),
        _ => None,
    }
}

pub fn in_relay(relay: &Relay, scope: &Scope, answers: Vec<Option<u16>>) -> Seen {
    let events = |rows: Vec<String>| -> Vec<String> { rows.iter().map(|row| event_in(row, scope)).collect() };
    let mut arrived: Vec<String> =
        relay.destination().received().iter().map(|request| event_in(&request.body, scope)).collect();
    arrived.sort();
    arrived.dedup();
    let directory = &relay.world.directory().storage;
    let held_in_directory = if directory.is_empty() {
        Vec::new()
    } else {
        events(directory.rows("SELECT event FROM held ORDER BY number"))
    };
    let seen = Seen { answers, held_in_directory, arrived, ..Seen::default() };
    let portal = &relay.portal().storage;
    if portal.is_empty() {
        return seen;
    }
    let numbered = |row: &String| {
        let place = row.strip_prefix("seq=").and_then(|row| row.split_once('|')).map_or("", |(place, _)| place);
        format!("{place}:{}", event_in(row, scope))
    };
    let cursor = portal.rows("SELECT cursor FROM destination WHERE name = 'default'");
    let token = portal.rows(&format!("SELECT status FROM token WHERE sha256 = '{}'", hash(TOKEN)));
    let release = portal.rows(&format!("SELECT sha256 FROM release WHERE sha256 = '{}'", hash(TOKEN)));
    Seen {
        log: portal.rows("SELECT seq, event FROM log ORDER BY seq").iter().map(numbered).collect(),
        notes: portal
            .rows("SELECT seq || ':' || state AS note FROM delivery ORDER BY seq")
            .iter()
            .filter_map(|row| row.strip_prefix("note=").map(str::to_owned))
            .collect(),
        cursor: cursor.first().and_then(|row| row.strip_prefix("cursor=")?.parse().ok()).unwrap_or(0),
        held_in_portal: events(portal.rows("SELECT event FROM held ORDER BY number")),
        token: token.first().map(|row| if row == "status=active" { "active" } else { "revoked" }),
        is_releasing: !release.is_empty(),
        ..seen
    }
}

fn event_in(text: &str, scope: &Scope) -> String {
    let found = (0..scope.events).find(|event| text.contains(&marker(*event)));
    found.map_or_else(|| format!("unknown: {text}"), |event| event.to_string())
}

/// No token of the POSTs is in anything that was stored, logged or sent.
pub fn tokens_in(relay: &Relay) -> bool {
    let traces = relay.traces();
    [TOKEN, relay::ADMIN_TOKEN, crate::support::post::ACCESS_TOKEN].iter().any(|token| traces.contains(token))
}
