//! The state machine of deliveries: whatever the order of outcomes, crashes, steps of the clock, pauses and replays, each event ends
//! delivered, failed where everyone can see it, or waiting with a time at which it is due; what is about one thing stays in
//! order; a paused destination is sent nothing, and a replay sends all that was done when it began.
//!
//! `relay/histories.rs` plays the same with the whole relay.

mod world;

use self::world::{DAY_MILLIS, How, Step, World};
use crate::support::histories;
use bitrix24_edge_relay::domain::delivery::outcome::Class;
use proptest::prelude::*;

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        4 => Just(How::Arrives),
        1 => Just(How::ArrivesUnnoticed),
        4 => Just(How::Fails(Class::Transient, None)),
        1 => Just(How::Fails(Class::Refused { is_about_event: true }, None)),
        1 => Just(How::Fails(Class::Refused { is_about_event: false }, None)),
        1 => (0_i64..3_600_000).prop_map(|wait| How::Fails(Class::Throttled, Some(wait))),
        1 => prop_oneof![Just(Class::Gone), Just(Class::Unsendable), Just(Class::Unreadable)]
            .prop_map(|class| How::Fails(class, None)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (prop::option::weighted(0.9, 0_u8..4), prop::sample::select(vec!["add", "update", "update", "delete"]))
            .prop_map(|(thing, action)| Step::Log { thing, action }),
        5 => Just(Step::Send),
        8 => (any::<usize>(), how()).prop_map(|(which, how)| Step::End { which, how }),
        1 => (1_u8..15).prop_map(|events| Step::Outage { events }),
        1 => any::<bool>().prop_map(|arrived| Step::Crash { arrived }),
        3 => prop_oneof![0_i64..10_000, 0_i64..DAY_MILLIS, -60_000_i64..0].prop_map(|millis| Step::Pass { millis }),
        1 => Just(Step::SaveCursor),
        1 => Just(Step::Pause),
        2 => Just(Step::Resume),
        2 => (0_u8..100, 0_u8..=100).prop_map(|(from, to)| Step::Replay { from, to }),
        1 => any::<usize>().prop_map(|which| Step::Cancel { which }),
    ]
}

/// Histories that are played; `RELAY_HISTORIES` says how many for a longer run.
const HISTORIES: u32 = 500;

proptest! {
    #![proptest_config(histories::usually(HISTORIES))]

    #[test]
    fn every_event_is_delivered_or_failed_in_sight_or_waits_for_its_time(
        steps in prop::collection::vec(step(), 1..120),
        has_batches: bool,
        coalesces: bool,
    ) {
        let mut world = World::new(has_batches, coalesces);
        for step in &steps {
            world.play(step);
        }
        world.recover();
    }

    #[test]
    fn a_destination_that_refuses_nothing_gets_everything_once_and_no_event_is_noted(
        things in prop::collection::vec(prop::option::of(0_u8..5), 1..60),
        has_batches: bool,
    ) {
        let mut world = World::new(has_batches, false);
        for thing in things {
            world.play(&Step::Log { thing, action: "update" });
        }
        world.recover();
        prop_assert!(world.notes.is_empty());
        prop_assert_eq!(world.arrived.len(), world.log.len());
    }
}

/// The log is taken up from before a thing's event, while a later one of it is under way and fails: that one waits until the
/// earlier one has gone again.
#[test]
fn what_was_under_way_when_the_log_was_taken_up_from_before_it_waits_for_its_turn() {
    let log = |thing| Step::Log { thing, action: "add" };
    let end = |which, how| Step::End { which, how };
    let steps = [
        Step::Outage { events: 11 },
        log(None),
        end(0, How::Arrives),
        end(0, How::Arrives),
        Step::Resume,
        end(0, How::Arrives),
        Step::Outage { events: 1 },
        end(0, How::ArrivesUnnoticed),
        end(8_284_745_358_138_579_311, How::Arrives),
        log(Some(0)),
        Step::Outage { events: 8 },
        end(0, How::ArrivesUnnoticed),
    ];
    let mut world = World::new(false, false);
    for step in &steps {
        world.play(step);
    }
    world.recover();
}
