//! What the relay does for its users, over a platform that can fail: the use cases of `app`, whole.

mod activity;
mod adopting;
mod alerting;
mod bursting;
mod clocks;
mod consuming;
mod costs;
mod counting;
mod deliveries;
mod describing;
mod destinations;
mod examples;
mod faults;
mod following;
mod formats;
mod forwarding;
mod histories;
mod holding;
mod limiting;
mod logging;
mod lookups;
mod losing;
mod measuring;
mod merging;
mod migrating;
mod notifying;
mod planning;
mod pruning;
mod racing;
mod reading;
mod registering;
mod removing;
mod replaying;
mod retrying;
mod sending;
mod sources;
mod spilling;
mod taking;
mod turns;
mod variables;
mod watching;

use crate::support::destination::Answer;
use crate::support::post::{Post, TOKEN};
use crate::support::relay::{HOUR, Relay};

/// A relay whose destination has been down for an hour, while ten events wait for it.
fn relay_with_an_outage() -> Relay {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().always(Answer::Refuse);
    for number in 1..=10 {
        relay.accept(&Post::new(TOKEN, number));
    }
    relay.advance(HOUR);
    relay
}

/// Fills the log with copies of its first event, since as many posts would take long.
fn copy_first_event(relay: &Relay, places: i32) {
    relay.portal().storage.run(&format!(
        "WITH RECURSIVE places(seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM places WHERE seq < {places})
         INSERT INTO log SELECT places.seq, id, logged_at, type, subject, removed, bytes, event
         FROM log, places WHERE log.seq = 1"
    ));
    relay.restart();
}
