//! What must hold: always, and where nothing is left to do.

use super::state::{Answer, Course, Form, Note, Scope, Standing, State};

/// The first promise that is broken, if any is.
pub fn broken(state: &State, scope: &Scope, is_quiet: bool) -> Option<&'static str> {
    let kept = [always(state, scope), secrets(state)];
    let broken = kept.into_iter().flatten().next().or(state.broken);
    broken.or_else(|| if is_quiet { (0..scope.events).find_map(|event| quiet(state, scope, event)) } else { None })
}

fn always(state: &State, scope: &Scope) -> Option<&'static str> {
    let portal = &state.portal;
    for event in 0..scope.events {
        let logged = portal.rows.iter().filter(|row| row.event == event).count();
        if logged > 1 {
            return Some("an event is logged twice");
        }
        if logged > 0 && scope.is_forged(event) {
            return Some("an event is logged that nobody's token brought");
        }
        let is_durable = portal.rows[..portal.rows_saved].iter().any(|row| row.event == event);
        if !is_durable && state.courses[usize::from(event)] == Course::Answered(Answer::Accepted) {
            return Some("an event was answered 200 and is not durable");
        }
        let has_arrived = state.arrived.iter().any(|item| item.event == event);
        if has_arrived && logged == 0 {
            return Some("an event is delivered that was never accepted");
        }
    }
    None
}

/// No secret is outside the vault.
fn secrets(state: &State) -> Option<&'static str> {
    let held = state.directory.iter().chain(&state.portal.held).map(|held| held.item);
    let events = held.chain(state.portal.rows.iter().copied()).chain(state.arrived.iter().copied());
    let are_clean = events.into_iter().all(|item| item.form == Form::Clean);
    let sealed = state.spilled.iter().map(|item| item.form).chain(state.claim).chain(state.portal.vault);
    let are_sealed = sealed.into_iter().all(|form| form == Form::Sealed);
    (!are_clean || !are_sealed).then_some("a token is outside the vault")
}

/// What must have become of an event where nothing is left to do.
fn quiet(state: &State, scope: &Scope, event: u8) -> Option<&'static str> {
    let portal = &state.portal;
    let is_held_in = |held: &[super::state::Held]| held.iter().any(|held| held.item.event == event);
    let is_held = is_held_in(&state.directory) || is_held_in(&portal.held);
    let place = portal.rows.iter().position(|row| row.event == event);
    let has_arrived = state.arrived.iter().any(|item| item.event == event);
    // One that was pruned was done by then, or pruning it would have been the broken promise.
    let is_done = has_arrived || place.is_some_and(|at| at < portal.pruned || portal.notes[at] == Note::Failed);
    if place.is_some() && !is_done {
        return Some("an event of the log was never delivered");
    }
    if is_held && !scope.is_forged(event) && matches!(portal.standing, Standing::Active | Standing::Revoked) {
        return Some("an event is held though its token was registered");
    }
    let is_kept = match state.courses[usize::from(event)] {
        Course::Answered(Answer::Accepted) => is_done,
        // Where the object refuses what was queued, since the token was revoked, the model says so in its answer.
        Course::Answered(Answer::Held | Answer::Forbidden | Answer::Queued) => is_done || is_held,
        Course::Answered(Answer::Refused | Answer::Unavailable) | Course::Unsent => true,
        _ => return Some("an event was never answered"),
    };
    (!is_kept).then_some("an accepted event is lost")
}
