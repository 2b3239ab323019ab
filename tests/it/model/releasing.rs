//! How a token comes to be believed, and what was held under it is released: `app/portal/release.rs`, `app/portal/installs/`.

use super::flaws::Flaw;
use super::moves::{Move, Moves};
use super::state::{Course, Finisher, Form, Held, Registrar, Release, Reply, Scope, Standing, State, Step};

pub fn moves(state: &State, scope: &Scope, moves: &mut Moves) {
    if state.left.records > 0 {
        moves.add(Move::WriteRecord, |next| {
            next.left.records -= 1;
            next.record = true;
        });
    }
    if state.left.revocations > 0 && state.portal.standing == Standing::Active {
        moves.add(Move::Revoke, |next| {
            next.left.revocations -= 1;
            next.portal.standing = Standing::Revoked;
            next.portal.commit();
        });
    }
    begin(state, moves);
    for at in 0..state.registrars.len() {
        go_on(state, scope, at, moves);
    }
    finish(state, scope, moves);
}

/// Somebody who is idle begins.
fn begin(state: &State, moves: &mut Moves) {
    let Some(at) = state.registrars.iter().position(|registrar| *registrar == Registrar::Idle) else {
        return;
    };
    if state.left.registrations > 0 {
        moves.add(Move::Register(at), |next| {
            next.left.registrations -= 1;
            next.registrars[at] = Registrar::Asking(None);
        });
    }
    if state.left.installs > 0 {
        moves.add(Move::Install(at), |next| {
            next.left.installs -= 1;
            next.registrars[at] = Registrar::Claiming(Form::Clear);
        });
    }
}

fn go_on(state: &State, scope: &Scope, at: usize, moves: &mut Moves) {
    match &state.registrars[at] {
        Registrar::Idle => {
            if let (0, Some(claim)) = (at, state.claim) {
                moves.add(Move::RetryClaim(at), |next| {
                    next.claim = None;
                    next.registrars[at] = Registrar::Proving(claim);
                });
            }
        }
        Registrar::Claiming(form) => moves.add(Move::Seal(at), |next| {
            let form = if scope.has(Flaw::KeepsAClaimAsItCame) { *form } else { Form::Sealed };
            next.registrars[at] = Registrar::Proving(form);
        }),
        Registrar::Proving(form) => {
            moves.add(Move::Prove(at), |next| next.registrars[at] = Registrar::Asking(Some(*form)));
            if state.left.losses > 0 {
                moves.add(Move::ProveInVain(at), |next| {
                    next.left.losses -= 1;
                    next.claim = Some(*form);
                    next.registrars[at] = Registrar::Idle;
                });
            }
        }
        Registrar::Asking(claim) => {
            let waiting = state.held_in_directory(scope, 0);
            moves.add(Move::Ask(at), |next| next.registrars[at] = Registrar::Asked(Some(waiting), *claim));
            if state.left.losses > 0 {
                moves.add(Move::AskInVain(at), |next| {
                    next.left.losses -= 1;
                    next.registrars[at] = Registrar::Asked(None, *claim);
                });
            }
        }
        Registrar::Asked(waiting, claim) => moves.add(Move::Establish(at), |next| {
            establish(next, scope, waiting.as_deref(), false);
            next.portal.vault = claim.or(next.portal.vault);
            next.registrars[at] = Registrar::Idle;
        }),
    }
}

/// The token is registered, and what is held under it is logged, in one transaction. The record of KV counts only where nobody
/// decided meanwhile.
pub fn establish(next: &mut State, scope: &Scope, waiting: Option<&[Held]>, is_record: bool) {
    if !is_record || next.portal.standing == Standing::Nobody {
        next.portal.standing = Standing::Active;
    }
    if next.portal.standing == Standing::Active {
        next.log_held(scope, waiting, false);
    }
}

/// A run finishes the release.
fn finish(state: &State, scope: &Scope, moves: &mut Moves) {
    let portal = &state.portal;
    let Some(release) = portal.release else {
        return;
    };
    if !(release.is_settled && release.is_due) && (scope.has(Flaw::SettlesAtOnce) || !is_under_way_to_directory(state))
    {
        moves.add(Move::Settle, |next| {
            next.portal.release = Some(Release { is_settled: true, is_due: true, ..release });
        });
    }
    match &portal.finisher {
        Finisher::Idle if release.is_due => moves.add(Move::BeginRelease, |next| {
            next.portal.finisher = Finisher::Begun(release.taken_to, release.is_settled);
        }),
        Finisher::Idle => {}
        Finisher::Begun(taken_to, was_settled) => moves.add(Move::DropReleased, |next| {
            next.directory.retain(|held| held.number > *taken_to || scope.is_forged(held.item.event));
            next.portal.finisher = Finisher::Dropped(*taken_to, *was_settled);
        }),
        Finisher::Dropped(taken_to, was_settled) => {
            let late = state.held_in_directory(scope, *taken_to);
            moves.add(Move::FetchLate, |next| next.portal.finisher = Finisher::Fetched(late, *was_settled));
        }
        Finisher::Fetched(late, was_settled) => moves.add(Move::Conclude, |next| {
            next.portal.finisher = Finisher::Idle;
            if !late.is_empty() {
                next.log_held(scope, Some(late), true);
            } else if *was_settled {
                // Whoever asked before the Directory dropped them still has these events.
                if !scope.has(Flaw::ForgetsASettledRelease) {
                    next.portal.released_to = next.portal.released_to.max(release.taken_to);
                }
                next.portal.release = None;
            } else {
                next.portal.release = Some(Release { is_due: release.is_settled, ..release });
            }
        }),
    }
}

/// Whether an event may still come to the Directory, since its portal was unknown when the Worker asked.
pub fn is_under_way_to_directory(state: &State) -> bool {
    state.courses.iter().any(|course| match course {
        Course::Calling(call) => call.step == Step::HoldInDirectory,
        Course::Replied(call, reply) => call.step == Step::HoldInDirectory || *reply == Reply::UnknownPortal,
        _ => false,
    })
}
