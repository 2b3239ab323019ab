//! What is sent next, and what becomes of it: `domain/delivery/`, `app/portal/delivery/`, `app/portal/retention.rs`. Circuit, batches
//! and replays are left out; `delivering.rs` plays those.

use super::flaws::Flaw;
use super::moves::{Move, Moves};
use super::state::{Course, Note, Portal, Scope, Sending, State};

/// Attempts of one delivery; as few as show what the last one means.
const ATTEMPTS: u8 = 2;

pub fn moves(state: &State, scope: &Scope, moves: &mut Moves) {
    let portal = &state.portal;
    for at in portal.pruned..portal.rows.len() {
        match portal.sending[at] {
            Sending::No => {
                if portal.may_go(scope, at) {
                    moves.add(Move::Claim(at), |next| next.portal.sending[at] = Sending::Away);
                }
                if portal.notes[at] == Note::Nothing && portal.is_open(at) && portal.stands_behind_a_note(scope, at) {
                    moves.add(Move::NoteWaiting(at), |next| next.portal.notes[at] = Note::Waiting);
                }
                continue;
            }
            // No request leaves before all that was written is durable.
            Sending::Away if portal.is_saved() || scope.has(Flaw::SendsBeforeItIsDurable) => {
                moves.add(Move::Arrive(at), |next| next.arrive(scope, at));
            }
            Sending::Away => {}
            Sending::There => moves.add(Move::End(at), |next| next.portal.end(at)),
        }
        if state.left.failures > 0 {
            moves.add(Move::Fail(at), |next| {
                next.left.failures -= 1;
                next.portal.fail(scope, at);
            });
        }
    }
    let is_idle = portal.sending.iter().all(|sending| *sending == Sending::No);
    if is_idle && portal.position() != portal.cursor {
        moves.add(Move::SaveCursor, |next| {
            next.portal.cursor = next.portal.position();
            next.portal.commit();
        });
    }
    // It takes days, which no call lasts.
    let is_under_way = state.courses.iter().any(|course| !matches!(course, Course::Unsent | Course::Answered(_)));
    if state.left.prunings > 0 && !is_under_way && portal.may_prune(scope) {
        moves.add(Move::Prune, |next| {
            next.left.prunings -= 1;
            next.prune();
        });
    }
}

impl Portal {
    /// Whether an event of the log is still to be delivered, as far as the object knows.
    fn is_open(&self, at: usize) -> bool {
        let is_noted = matches!(self.notes[at], Note::Retrying(_) | Note::Waiting);
        let is_behind = at >= self.cursor && self.notes[at] == Note::Nothing;
        !self.done[at] && (is_noted || is_behind)
    }

    /// Whether an event may be sent: the first of its thing that is not done, and nothing of it under way.
    pub fn may_go(&self, scope: &Scope, at: usize) -> bool {
        let is_alike = |other: &usize| scope.are_alike(self.rows[*other].event, self.rows[at].event);
        let mut alike = (self.pruned..self.rows.len()).filter(is_alike);
        let is_first = alike.clone().take_while(|other| *other < at).all(|other| !self.is_open(other));
        let is_free = alike.all(|other| self.sending[other] == Sending::No);
        self.is_open(at) && is_free && (is_first || scope.has(Flaw::LetsLaterOnesOvertake))
    }

    fn stands_behind_a_note(&self, scope: &Scope, at: usize) -> bool {
        let is_noted = |other: &usize| matches!(self.notes[*other], Note::Retrying(_) | Note::Waiting);
        let is_alike = |other: &usize| scope.are_alike(self.rows[*other].event, self.rows[at].event);
        (self.pruned..at).filter(is_alike).any(|other| is_noted(&other) && self.is_open(other))
    }

    /// Up to here every event is done, or noted in storage.
    pub fn position(&self) -> usize {
        let is_passed = |at: &usize| self.done[*at] || self.notes[*at] != Note::Nothing;
        self.cursor + (self.cursor..self.rows.len()).take_while(is_passed).count()
    }

    /// The destination has answered that it has it.
    fn end(&mut self, at: usize) {
        self.sending[at] = Sending::No;
        self.done[at] = true;
        if self.notes[at] != Note::Nothing {
            self.notes[at] = Note::Delivered;
            self.commit();
        }
    }

    /// The destination did not answer so.
    fn fail(&mut self, scope: &Scope, at: usize) {
        self.sending[at] = Sending::No;
        if scope.has(Flaw::MovesTheCursorPastFailures) {
            self.done[at] = true;
            return;
        }
        let attempts = if let Note::Retrying(attempts) = self.notes[at] { attempts + 1 } else { 1 };
        self.notes[at] = if attempts < ATTEMPTS { Note::Retrying(attempts) } else { Note::Failed };
        self.done[at] = attempts >= ATTEMPTS;
        self.commit();
    }

    /// Whether the oldest event may be deleted: it was delivered, storage knows it, and it is not the newest.
    fn may_prune(&self, scope: &Scope) -> bool {
        let oldest = self.pruned;
        if oldest >= self.rows_saved {
            return false;
        }
        let is_newest = oldest + 1 == self.rows.len();
        let is_needed = oldest >= self.cursor || self.is_open(oldest);
        (!is_newest || scope.has(Flaw::PrunesTheNewest)) && (!is_needed || scope.has(Flaw::PrunesWhatWaits))
    }
}

impl State {
    /// The destination receives an event.
    fn arrive(&mut self, scope: &Scope, at: usize) {
        let item = self.portal.rows[at];
        let has_arrived = |event: u8| self.arrived.iter().any(|arrived| arrived.event == event);
        let is_waited_for = |other: usize| {
            let other = self.portal.rows[other];
            scope.are_alike(other.event, item.event) && !has_arrived(other.event)
        };
        let given_up = |other: usize| self.portal.notes[other] == Note::Failed;
        if !has_arrived(item.event) {
            if (self.portal.pruned..at).any(|other| is_waited_for(other) && !given_up(other)) {
                self.broken = Some("an event overtakes an earlier one of its thing");
            }
            if at >= self.portal.rows_saved {
                self.broken = Some("an event is delivered before it is durable");
            }
            self.arrived.push(item);
        }
        self.portal.sending[at] = Sending::There;
    }

    fn prune(&mut self) {
        let at = self.portal.pruned;
        let event = self.portal.rows[at].event;
        let is_done =
            self.portal.notes[at] == Note::Failed || self.arrived.iter().any(|arrived| arrived.event == event);
        if !is_done {
            self.broken = Some("an event is pruned that was not delivered");
        }
        self.portal.notes[at] = Note::Nothing;
        self.portal.pruned += 1;
        self.portal.cursor = self.portal.cursor.max(self.portal.pruned);
    }
}
