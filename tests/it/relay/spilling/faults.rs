//! One failure, anywhere, while events are spilled and drained.

use super::{break_portal, mend_portal, relay, waiting};
use crate::support::fault::{Fault, Operation, Then};
use crate::support::post::{MEMBER, Post, TOKEN};
use crate::support::relay::{CRON, Relay, SECOND, ids};
use std::collections::BTreeSet;

/// A few events, spilled between others.
fn play(relay: &Relay) {
    let post = |number| {
        let answer = relay.post(&Post::new(TOKEN, number));
        assert!([200, 202].contains(&answer.status), "{answer:?}");
        relay.advance(SECOND);
    };
    post(1);
    break_portal(relay, MEMBER);
    (2..=4).for_each(post);
    mend_portal(relay, MEMBER);
    post(5);
    relay.advance_with_cron(4 * CRON);
}

/// Every failure of an operation of the story, one at a time. How many there were.
fn fail_each(operation: Operation, thens: &[Then]) -> usize {
    let (begun, story) = (relay(), relay());
    play(&story);
    let numbers = begun.faults().count(operation) + 1..=story.faults().count(operation);
    assert!(!numbers.is_empty(), "the story has a {operation:?}");
    let mut cases = 0;
    for number in numbers {
        for (persisted, then) in
            [false, true].into_iter().flat_map(|persisted| thens.iter().map(move |then| (persisted, *then)))
        {
            let (relay, fault) = (relay(), Fault { operation, number, persisted, then });
            relay.faults().plan(fault);
            play(&relay);
            assert_eq!(relay.faults().struck(), 1, "{fault:?} came about");
            for seen in [relay.logged(), relay.received()] {
                let seen: BTreeSet<String> = seen.into_iter().collect();
                assert_eq!(seen, ids(1..=5).into_iter().collect(), "{fault:?}");
            }
            assert_eq!((relay.logged().len(), waiting(&relay)), (5, 0), "{fault:?}");
            assert_eq!(relay.status()["delivery"]["pending"], 0, "{fault:?}");
            cases += 1;
        }
    }
    println!("{operation:?}: {cases} failures");
    cases
}

#[test]
fn any_failure_while_events_are_spilled_and_drained_neither_loses_nor_doubles_one() {
    use Operation::{AlarmSet, CallDirectory, CallPortal, Commit, KvDelete, KvGet, KvList, Transaction, Write};
    let told = [KvList, KvGet, KvDelete, Write, Transaction, AlarmSet, CallDirectory];
    let cases = told.into_iter().map(|operation| fail_each(operation, &[Then::Error])).sum::<usize>()
        + fail_each(CallPortal, &[Then::Error, Then::Hang])
        + fail_each(Commit, &[Then::Reset]);
    println!("{cases} cases");
}
