//! What the portal's object writes, and what is left of it after a crash.

use super::flaws::Flaw;
use super::state::{Course, Finisher, Held, Item, Note, Portal, Registrar, Release, Scope, Sending, State};

impl Portal {
    /// Whether all that was written is durable.
    pub fn is_saved(&self) -> bool {
        self.rows_saved == self.rows.len() && self.held_saved == self.held.len()
    }

    pub fn commit(&mut self) {
        self.rows_saved = self.rows.len();
        self.held_saved = self.held.len();
    }

    /// Whether an event is in the log and was not pruned.
    pub fn has_logged(&self, event: u8) -> bool {
        self.rows.iter().skip(self.pruned).any(|row| row.event == event)
    }

    /// Holds an event, unless it is held already.
    pub fn hold(&mut self, item: Item) {
        if self.held.iter().all(|held| held.item.event != item.event) {
            self.held.push(Held { number: 0, item });
        }
    }
}

impl State {
    /// Writes an event behind the newest.
    pub fn log(&mut self, item: Item) {
        let portal = &mut self.portal;
        if portal.head < portal.rows.len() {
            self.broken = Some("a place of the log is given twice");
            return;
        }
        portal.rows.push(item);
        portal.notes.push(Note::Nothing);
        portal.done.push(false);
        portal.sending.push(Sending::No);
        portal.head = portal.rows.len();
    }

    /// The object of the portal is reset: memory is gone, and what was not durable, and every call is cut off.
    pub fn crash(&mut self, scope: &Scope) {
        let portal = &mut self.portal;
        portal.rows.truncate(portal.rows_saved);
        portal.held.truncate(portal.held_saved);
        let rows = portal.rows.len();
        portal.notes.truncate(rows);
        portal.done = vec![false; rows];
        portal.sending = vec![Sending::No; rows];
        portal.head = if portal.pruned < rows { rows } else { 0 };
        portal.released_to = 0;
        portal.finisher = Finisher::Idle;
        for event in 0..scope.events {
            match self.courses[usize::from(event)] {
                Course::Replied(call, _) | Course::Adopting(call, _) if call.step.is_for_portal() => {
                    self.lose(scope, event, call);
                }
                _ => {}
            }
        }
        for registrar in &mut self.registrars {
            // Whoever registers calls again.
            if let Registrar::Asked(_, claim) = registrar {
                *registrar = Registrar::Asking(*claim);
            }
        }
    }

    /// The Directory's held events of the genuine token, beyond a number.
    pub fn held_in_directory(&self, scope: &Scope, after: u8) -> Vec<Held> {
        let belongs = |held: &&Held| held.number > after && !scope.is_forged(held.item.event);
        self.directory.iter().filter(belongs).copied().collect()
    }

    /// Logs what is released, in the order in which it was received: the Directory's first. `is_late`: there was a release before.
    pub fn log_held(&mut self, scope: &Scope, waiting: Option<&[Held]>, is_late: bool) {
        let portal = &self.portal;
        let saved = portal.release.map_or(0, |release| release.taken_to);
        let known = if scope.has(Flaw::ForgetsWhatWasReleased) { 0 } else { saved.max(portal.released_to) };
        let unfinished = waiting.is_none_or(|waiting| !waiting.is_empty());
        let mut taken_to = known;
        for held in waiting.unwrap_or_default() {
            let is_known = (is_late || known > 0) && self.portal.has_logged(held.item.event);
            if held.number > known && (!is_known || scope.has(Flaw::ReleasesWithoutALook)) {
                self.log(held.item);
            }
            taken_to = taken_to.max(held.number);
        }
        let (forged, own) = std::mem::take(&mut self.portal.held)
            .into_iter()
            .partition::<Vec<Held>, _>(|held| scope.is_forged(held.item.event));
        self.portal.held = forged;
        for held in own {
            self.log(held.item);
        }
        let is_settled = self.portal.release.is_some_and(|release| release.is_settled);
        let release = Release { taken_to, is_due: unfinished, is_settled };
        self.portal.release = (!scope.has(Flaw::NeverAsksTheDirectoryAgain)).then_some(release);
        self.portal.released_to = taken_to;
        self.portal.commit();
    }
}
