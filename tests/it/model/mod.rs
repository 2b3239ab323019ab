//! The life of an event as a small model, which is searched to its end, and played against the relay.
//!
//! - [`state`]: what the model knows. [`moves`]: what can happen next.
//! - [`taking`], [`releasing`], [`sending`], [`portal`]: what each move does, and the code that it mirrors.
//! - [`promises`]: what must hold. [`search`]: goes through every state that can be reached, in each of [`scopes`].
//! - [`flaws`]: mistakes that the search must find.
//!
//! Everything that may interleave in the relay is a move of its own: what an object does between two awaits, a reply that
//! leaves, a request that arrives. Calls are lost, objects are reset and deliveries fail a bounded number of times. Left out are the
//! bounds in number, bytes and time of what is held, circuit, batches and replays: other tests are about those.

mod acts;
mod flaws;
mod moves;
mod playing;
mod portal;
mod promises;
mod releasing;
mod scopes;
mod search;
mod seen;
mod sending;
mod state;
mod taking;

use self::search::search;
use self::state::Scope;

/// Searches a scope, and prints how large it is.
fn holds(name: &str, scope: &Scope) {
    let found = search(scope);
    println!("{name}: {} states, {} moves, {} at rest", found.states, found.moves, found.quiet);
    if let Some((promise, way)) = found.broken {
        panic!("{name}: {promise}, after {way:?}");
    }
}

#[test]
fn an_event_that_meets_registrations_is_logged_once_and_not_lost() {
    holds("registration", &scopes::registration());
    holds("token", &scopes::token());
}

#[test]
fn an_event_that_nobodys_token_brought_is_never_logged() {
    holds("forgery", &scopes::forgery());
}

#[test]
fn what_is_logged_is_delivered_in_order_and_pruned_only_then() {
    holds("sending", &scopes::sending());
}

#[test]
fn what_a_record_a_registration_and_a_revocation_decide_together_loses_nothing() {
    holds("revocation", &scopes::revocation());
}

#[test]
fn what_was_spilled_is_logged_once_and_not_lost() {
    holds("spill", &scopes::spill());
}

#[test]
fn an_installation_keeps_its_tokens_in_the_vault() {
    holds("installation", &scopes::installation());
}

#[test]
#[ignore = "takes a minute and 3 GB: cargo test --release --test it -- model:: --ignored --nocapture"]
fn all_of_it_holds_in_wider_scopes() {
    for (name, scope) in scopes::wide() {
        holds(name, &scope);
    }
}
