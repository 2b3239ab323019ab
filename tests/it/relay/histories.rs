//! Histories that chance chooses, played against the whole relay: events, outages, failures, crashes and steps of the clock, with
//! replays, pauses, and a destination that is removed and made anew.
//!
//! `delivering.rs` plays the state machine alone, and far more of them. What a replay reads, keeps in its row and is woken for is
//! seen only here.

mod player;
mod promises;

use self::player::Player;
use crate::support::destination::Answer;
use crate::support::fault::{Operation, Then};
use crate::support::histories;
use crate::support::relay::{MINUTE, SECOND};
use proptest::prelude::*;

/// The thing whose events the destinations never take.
const POISON: i32 = 9;

/// What happens.
#[derive(Clone, Debug)]
enum Act {
    /// An event comes in about each of these things, one after the other.
    Post { things: Vec<i32>, event: &'static str },
    /// The next requests are answered like this.
    Answer(Vec<Answer>),
    /// All requests are, from now on.
    Always(Answer),
    /// An answer takes so many milliseconds from now on.
    Delay(u32),
    /// Time passes.
    Pass(i64),
    /// The clock steps back.
    StepBack(i64),
    /// One operation that is to come fails: so many of its kind before it go well.
    Fail { operation: Operation, after: usize, persisted: bool, then: Then },
    /// The portal's object is reset.
    Crash,
    /// Everything is.
    Deploy,
    /// What goes on behind answers vanishes.
    Vanish,
    /// Many events are to be sent again.
    Replay { lane: usize, state: Option<&'static str>, after: i64, rate: u32 },
    /// One event is, to one destination or to both.
    ReplayEvent { lane: Option<usize>, event: usize },
    /// A replay is ended by the operator.
    Cancel(usize),
    /// The operator pauses a destination.
    Pause(usize),
    /// The operator lets a destination go on.
    Resume(usize),
    /// The second destination is removed.
    Remove,
    /// The second destination is made.
    Make,
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        4 => Just(Answer::Status(204)),
        4 => Just(Answer::Status(500)),
        2 => Just(Answer::Refuse),
        1 => Just(Answer::Hang),
        1 => Just(Answer::Busy("30")),
        1 => Just(Answer::Status(410)),
    ]
}

fn failure() -> impl Strategy<Value = Act> {
    let kinds = vec![
        (Operation::Write, Then::Error),
        (Operation::Write, Then::Reset),
        (Operation::Transaction, Then::Error),
        (Operation::Transaction, Then::Reset),
        (Operation::Commit, Then::Reset),
        (Operation::AlarmSet, Then::Error),
        (Operation::CallPortal, Then::Error),
        (Operation::CallDirectory, Then::Error),
        (Operation::Send, Then::Error),
        (Operation::Send, Then::Reset),
    ];
    (prop::sample::select(kinds), 0_usize..6, any::<bool>())
        .prop_map(|((operation, then), after, persisted)| Act::Fail { operation, after, persisted, then })
}

fn replay() -> impl Strategy<Value = Act> {
    let state = prop::sample::select(vec![None, None, None, Some("failed"), Some("delivered")]);
    (0_usize..2, state, prop_oneof![3 => Just(0_i64), 1 => 0_i64..30], 1_u32..8)
        .prop_map(|(lane, state, after, rate)| Act::Replay { lane, state, after, rate })
}

fn act() -> impl Strategy<Value = Act> {
    let thing = prop::sample::select(vec![1, 1, 2, 3, 4, POISON]);
    let event = prop::sample::select(vec!["ONCRMDEALADD", "ONCRMDEALUPDATE", "ONCRMDEALDELETE"]);
    prop_oneof![
        8 => (prop::collection::vec(thing, 1..6), event).prop_map(|(things, event)| Act::Post { things, event }),
        3 => prop::collection::vec(answer(), 1..6).prop_map(Act::Answer),
        2 => answer().prop_map(Act::Always),
        2 => Just(Act::Always(Answer::Status(204))),
        2 => prop::sample::select(vec![0_u32, 50, 3_000, 12_000]).prop_map(Act::Delay),
        8 => prop_oneof![4 => 0..2 * SECOND, 2 => 0..30 * SECOND, 1 => 0..10 * MINUTE].prop_map(Act::Pass),
        1 => (0..MINUTE).prop_map(Act::StepBack),
        3 => failure(),
        1 => Just(Act::Crash),
        1 => Just(Act::Deploy),
        1 => Just(Act::Vanish),
        4 => replay(),
        2 => (prop::option::of(0_usize..2), any::<usize>()).prop_map(|(lane, event)| Act::ReplayEvent { lane, event }),
        1 => any::<usize>().prop_map(Act::Cancel),
        2 => (0_usize..2).prop_map(Act::Pause),
        2 => (0_usize..2).prop_map(Act::Resume),
        1 => Just(Act::Remove),
        2 => Just(Act::Make),
    ]
}

/// Histories that are played; `RELAY_HISTORIES` says how many for a longer run.
const HISTORIES: u32 = 60;

proptest! {
    #![proptest_config(histories::usually(HISTORIES))]

    #[test]
    fn replays_and_pauses_change_nothing_of_what_becomes_of_events(
        acts in prop::collection::vec(act(), 1..50),
        has_batches: bool,
    ) {
        let mut player = Player::new(has_batches);
        for act in &acts {
            player.play(act);
        }
        player.recover();
        player.examine();
    }
}
