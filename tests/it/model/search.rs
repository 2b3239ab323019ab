//! Goes through every state that can be reached, breadth first, so that the way to a broken promise is a shortest one.

use super::moves::{Move, Moves};
use super::promises::broken;
use super::state::Scope;
use std::collections::HashMap;
use std::rc::Rc;

/// What a search found.
pub struct Found {
    pub states: usize,
    /// States in which the relay has nothing left to do.
    pub quiet: usize,
    pub moves: usize,
    /// A promise that is broken, and the moves that lead there.
    pub broken: Option<(&'static str, Vec<Move>)>,
}

pub fn search(scope: &Scope) -> Found {
    let start = Rc::new(scope.start());
    let mut numbers = HashMap::from([(Rc::clone(&start), 0)]);
    let mut states = vec![start];
    let mut came_from: Vec<Option<(usize, Move)>> = vec![None];
    let mut waits_for: Vec<usize> = vec![0];
    let mut leads_to: Vec<Vec<usize>> = Vec::new();
    let mut found = Found { states: 0, quiet: 0, moves: 0, broken: None };
    while found.states < states.len() {
        let at = found.states;
        let state = Rc::clone(&states[at]);
        let moves = Moves::of(&state, scope);
        let is_quiet = moves.iter().all(|(what, _)| !what.is_own());
        found.states += 1;
        found.quiet += usize::from(is_quiet);
        found.moves += moves.len();
        if let Some(promise) = broken(&state, scope, is_quiet) {
            found.broken = Some((promise, way_to(at, &came_from)));
            return found;
        }
        leads_to.push(Vec::with_capacity(moves.len()));
        for (what, next) in moves {
            let next = Rc::new(next);
            let number = *numbers.entry(Rc::clone(&next)).or_insert_with(|| {
                states.push(next);
                came_from.push(Some((at, what)));
                waits_for.push(0);
                states.len() - 1
            });
            leads_to[at].push(number);
            waits_for[number] += 1;
        }
    }
    assert!(ends(&leads_to, waits_for), "a history goes on for ever, so nothing says that it comes to rest");
    found
}

/// Whether no way leads back to where it was: then every history comes to rest, where its promises are looked at.
fn ends(leads_to: &[Vec<usize>], mut waits_for: Vec<usize>) -> bool {
    let mut ready = vec![0];
    let mut seen = 0;
    while let Some(at) = ready.pop() {
        seen += 1;
        for next in &leads_to[at] {
            waits_for[*next] -= 1;
            if waits_for[*next] == 0 {
                ready.push(*next);
            }
        }
    }
    seen == leads_to.len()
}

fn way_to(mut at: usize, came_from: &[Option<(usize, Move)>]) -> Vec<Move> {
    let mut way = Vec::new();
    while let Some((before, what)) = came_from[at] {
        way.push(what);
        at = before;
    }
    way.reverse();
    way
}
