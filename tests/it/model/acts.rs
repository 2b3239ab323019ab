//! What can be done to the relay from outside, step by step, and the moves of the model that this stands for.
//!
//! The relay runs by itself until it calls an object, asks the Directory or sends: there it waits for an act. So the model does by
//! itself what the relay does between two acts.

use super::moves::{Move, Moves};
use super::releasing::is_under_way_to_directory;
use super::state::{Course, Finisher, Note, Registrar, Scope, Sending, Standing, State, Step};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Post(u8),
    /// A call of the Worker reaches its object, and the answer comes back.
    Call(u8),
    /// It does not reach it.
    LoseCall(u8),
    /// Its answer does not come back.
    LoseReply(u8),
    /// The object is reset while it writes the event, before or after that is durable.
    ResetInCall(u8, bool),
    Register(usize),
    Ask(usize),
    AskInVain(usize),
    Revoke,
    DropReleased,
    FetchLate,
    /// A minute passes.
    Settle,
    Deliver(usize),
    /// The request fails, before or after the destination has it.
    Fail(usize, bool),
    /// So much time passes that what failed is due again.
    Wait,
    /// The object is reset; its alarm notices.
    Crash,
}

/// The model, and what it leaves open: the relay is not as free.
#[derive(Clone)]
pub struct Played {
    pub state: State,
    /// Which failed deliveries are due again.
    due: Vec<usize>,
    /// So many events of the log were seen by a run.
    offered: usize,
    /// Whether the object was reset, and nobody has called it since.
    is_asleep: bool,
}

impl Played {
    pub fn new(scope: &Scope) -> Self {
        Self { state: scope.start(), due: Vec::new(), offered: 0, is_asleep: false }
    }
}

/// The acts that make sense now.
pub fn acts(state: &State, scope: &Scope) -> Vec<Act> {
    let mut acts = Vec::new();
    let mut left = state.left;
    // Whoever registers goes by the time at which it began, and no call for an event lasts for long. The model knows no times, so none
    // passes meanwhile.
    let is_registering = state.registrars.iter().any(|registrar| *registrar != Registrar::Idle);
    let is_calling = state.courses.iter().any(|course| matches!(course, Course::Calling(_)));
    let may_pass_time = !is_registering && !is_calling;
    if is_registering {
        (left.losses, left.crashes) = (0, 0);
    }
    for event in 0..scope.events {
        match &state.courses[usize::from(event)] {
            Course::Unsent => acts.push(Act::Post(event)),
            Course::Calling(call) => {
                acts.push(Act::Call(event));
                let is_new = call.step == Step::Append && !state.portal.has_logged(event);
                let is_logged = is_new && state.portal.standing == Standing::Active && !scope.is_forged(event);
                if left.crashes > 0 && is_logged {
                    acts.extend([Act::ResetInCall(event, false), Act::ResetInCall(event, true)]);
                }
                if left.losses > 0 {
                    acts.extend([Act::LoseCall(event), Act::LoseReply(event)]);
                }
            }
            _ => {}
        }
    }
    for (at, registrar) in state.registrars.iter().enumerate() {
        if matches!(registrar, Registrar::Asking(_)) {
            acts.push(Act::Ask(at));
            acts.extend((state.left.losses > 0).then_some(Act::AskInVain(at)));
        }
    }
    let idle = state.registrars.iter().position(|registrar| *registrar == Registrar::Idle);
    acts.extend(idle.filter(|_| left.registrations > 0).map(Act::Register));
    acts.extend((left.revocations > 0 && state.portal.standing == Standing::Active).then_some(Act::Revoke));
    acts.extend((left.crashes > 0 && may_pass_time).then_some(Act::Crash));
    acts.extend(of_a_run(state).filter(|act| may_pass_time || !matches!(act, Act::Wait | Act::Settle)));
    for (at, sending) in state.portal.sending.iter().enumerate() {
        if *sending == Sending::Away {
            acts.push(Act::Deliver(at));
            acts.extend(if left.failures > 0 { vec![Act::Fail(at, false), Act::Fail(at, true)] } else { Vec::new() });
        }
    }
    acts
}

/// What a run waits for, or time.
fn of_a_run(state: &State) -> Option<Act> {
    let portal = &state.portal;
    // Or will be, as soon as the object wakes.
    let is_to_send = |at: usize| !portal.done[at] && portal.notes[at] == Note::Nothing;
    let is_sending = (0..portal.rows.len()).any(|at| portal.sending[at] != Sending::No || is_to_send(at));
    match (&portal.finisher, portal.release) {
        (Finisher::Dropped(..), _) => Some(Act::FetchLate),
        (Finisher::Begun(..), _) => Some(Act::DropReleased),
        // What is under way then would count as vanished.
        _ if is_sending => None,
        _ if portal.notes.iter().any(|note| matches!(note, Note::Retrying(_))) => Some(Act::Wait),
        (Finisher::Idle, Some(_)) if !is_under_way_to_directory(state) => Some(Act::Settle),
        _ => None,
    }
}

/// The state after an act, and after all that the relay then does by itself.
pub fn after(before: &Played, scope: &Scope, act: Act) -> Played {
    let moves = match act {
        Act::Post(event) => vec![Move::Post(event)],
        Act::Call(event) => vec![Move::CarryOut(event)],
        Act::LoseCall(event) => vec![Move::LoseCall(event)],
        Act::LoseReply(event) => vec![Move::CarryOut(event), Move::Commit, Move::LoseReply(event)],
        Act::ResetInCall(event, false) => vec![Move::CarryOut(event), Move::Crash],
        Act::ResetInCall(event, true) => vec![Move::CarryOut(event), Move::Commit, Move::Crash],
        Act::Register(at) => vec![Move::Register(at)],
        Act::Ask(at) => vec![Move::Ask(at)],
        Act::AskInVain(at) => vec![Move::AskInVain(at)],
        Act::Revoke => vec![Move::Revoke],
        Act::DropReleased => vec![Move::DropReleased],
        Act::FetchLate => vec![Move::FetchLate],
        Act::Settle => vec![Move::Settle],
        Act::Deliver(at) => vec![Move::Arrive(at), Move::End(at)],
        Act::Fail(at, false) => vec![Move::Fail(at)],
        Act::Fail(at, true) => vec![Move::Arrive(at), Move::Fail(at)],
        Act::Wait => Vec::new(),
        Act::Crash => vec![Move::Crash],
    };
    let Played { mut state, mut due, mut offered, mut is_asleep } = before.clone();
    for what in moves {
        state = match Moves::of(&state, scope).into_iter().find(|(found, _)| *found == what) {
            Some((_, next)) => next,
            // Nothing was written that would have to become durable.
            None if what == Move::Commit => state,
            None => panic!("{what:?} cannot happen in {state:?}"),
        };
    }
    let wakes = match act {
        Act::Call(event) | Act::LoseReply(event) => {
            matches!(&before.state.courses[usize::from(event)], Course::Calling(call) if call.step.is_for_portal())
        }
        Act::Register(_) | Act::Revoke | Act::Wait | Act::Settle | Act::Crash => true,
        _ => false,
    };
    is_asleep = matches!(act, Act::ResetInCall(..)) || (is_asleep && !wakes);
    let takes_time = matches!(act, Act::Wait | Act::Settle | Act::Crash);
    match act {
        Act::Fail(at, _) => due.retain(|place| *place != at),
        _ if takes_time => due = (0..state.portal.notes.len()).collect(),
        _ => {}
    }
    let ends_a_request = matches!(act, Act::Deliver(_) | Act::Fail(..));
    let run = Run { due: &due, offered: if ends_a_request { offered } else { 0 }, is_asleep };
    while let Some(next) = by_itself(&state, scope, &run) {
        state = next;
    }
    if !is_releasing(&state) && !is_asleep {
        offered = state.portal.rows.len();
    }
    Played { state, due, offered, is_asleep }
}

/// A run that releases does not send meanwhile.
fn is_releasing(state: &State) -> bool {
    state.portal.finisher != Finisher::Idle || state.portal.release.is_some_and(|release| release.is_due)
}

/// What the relay goes by, beside the state.
struct Run<'a> {
    due: &'a [usize],
    offered: usize,
    is_asleep: bool,
}

/// What the relay does next without being let, if anything. Beside a run that releases, a request that ends notes what it finds among
/// the events that were offered before.
fn by_itself(state: &State, scope: &Scope, run: &Run<'_>) -> Option<State> {
    let (portal, Run { due, offered, is_asleep }) = (&state.portal, run);
    let may_send = !is_releasing(state) && !is_asleep;
    let is_due = |at: usize| due.contains(&at) || !matches!(portal.notes[at], Note::Retrying(_));
    let has_more = (portal.pruned..portal.rows.len()).any(|at| portal.may_go(scope, at) && is_due(at));
    let happens = |what: &Move| match what {
        Move::Normalize(_) | Move::Commit | Move::Hear(_) | Move::Establish(_) | Move::Conclude => true,
        Move::BeginRelease => !is_asleep,
        Move::NoteWaiting(at) => may_send || at < offered,
        Move::Claim(at) => may_send && is_due(*at),
        Move::SaveCursor => (may_send || *offered == portal.rows.len()) && !has_more,
        _ => false,
    };
    Moves::of(state, scope).into_iter().find(|(what, _)| happens(what)).map(|(_, next)| next)
}
