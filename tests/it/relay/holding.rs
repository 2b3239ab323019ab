//! How much is held for portals that nobody registered: one fills its own share and no more, and all together fill theirs.

use crate::support::post::{OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{MINUTE, Relay, ids};

/// Bytes of a large event, and how many of them are held for one portal, in 4 MiB, and for all, in 64 MiB beside a small one.
const LARGE: usize = 1_000_000;
const LARGE_OF_ONE: i32 = 4;
const LARGE_OF_ALL: usize = 68;
/// Usual events that are held for one portal, and for all.
const USUAL_OF_ONE: i32 = 1_000;
const USUAL_OF_ALL: usize = 20_000;
/// Unverified requests that one address may send for one portal in a minute.
const PER_MINUTE: i32 = 100;
/// Events that come once all is full.
const MORE: i32 = 3;

/// How many events the Directory holds, and how many bytes.
fn held(relay: &Relay) -> (usize, usize) {
    let rows = relay.world.directory().storage.rows("SELECT COUNT(*) AS n, SUM(bytes) AS b FROM held");
    let (events, bytes) = rows[0].split_once('|').expect("two columns");
    let number = |text: &str| text.split_once('=').and_then(|(_, number)| number.parse().ok()).expect("a number");
    (number(events), number(bytes))
}

/// Posts an event that must be held.
fn hold(relay: &Relay, post: &Post) {
    let answer = relay.post(post);
    assert_eq!(answer.status, 202, "{answer:?}");
}

/// Holds copies of what is held for `stranger`, for twenty other portals, since as many posts would take long.
fn copy_held(relay: &Relay, copies: usize) {
    relay.world.directory().storage.run(&format!(
        "WITH RECURSIVE copies(at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM copies WHERE at < {copies})
         INSERT INTO held (number, id, member_id, sha256, held_at, bytes, event)
         SELECT number + at, printf('01939d5e-1a2b-7000-8000-%012x', at), 'stranger' || (at % 20), sha256, held_at, bytes, event
         FROM held, copies WHERE member_id = 'stranger'"
    ));
    relay.restart();
}

#[test]
fn a_portal_that_nobody_registered_has_its_newest_events_held_up_to_its_share() {
    for (bytes, share, limit) in [(0, USUAL_OF_ONE, usize::MAX), (LARGE, LARGE_OF_ONE, 4 << 20)] {
        let relay = Relay::new();
        for number in 1..=share + MORE {
            hold(&relay, &Post::new(TOKEN, number).filled(bytes));
            if number % PER_MINUTE == 0 {
                relay.advance(MINUTE);
            }
        }
        let (events, used) = held(&relay);
        assert_eq!(i32::try_from(events), Ok(share), "events of {bytes} bytes more");
        assert!(used <= limit, "{used} bytes");
        relay.register(TOKEN);
        assert_eq!(relay.logged(), ids(MORE + 1..=share + MORE));
    }
}

#[test]
fn a_flood_of_many_made_up_portals_fills_the_share_of_all_and_displaces_itself() {
    for (bytes, share, limit) in [(0, USUAL_OF_ALL, usize::MAX), (LARGE, LARGE_OF_ALL, 64 << 20)] {
        let relay = Relay::new();
        hold(&relay, &Post::new(OTHER_TOKEN, 1));
        hold(&relay, &Post::new(TOKEN, 2).filled(bytes).of("stranger"));
        copy_held(&relay, share - 3);
        assert_eq!(held(&relay).0, share - 1);
        for number in 1..=MORE {
            hold(&relay, &Post::new(TOKEN, number).filled(bytes).of(format!("late{number}")));
        }
        let (events, used) = held(&relay);
        assert_eq!(events, share, "events of {bytes} bytes more");
        assert!(used <= limit, "{used} bytes");
        relay.register(OTHER_TOKEN);
        assert_eq!(relay.logged(), ids([1]), "one that is no part of the flood");
    }
}
