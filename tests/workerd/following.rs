//! Those who follow a log: at once, without a gap, and without keeping the portal's object awake.

use std::time::Duration;

use crate::support::api::{Api, subject};
use crate::support::portal::Portal;
use crate::support::wait::{now, wait_until};
use crate::support::worker::{Relay, Settings};

/// Idle for so long, workerd puts an object to sleep: it does after 10 seconds.
const ASLEEP: Duration = Duration::from_secs(15);
/// Time in which a log line comes through.
const LOGGED: Duration = Duration::from_secs(20);

#[test]
fn a_portal_sleeps_while_its_log_is_followed_and_tells_what_comes() {
    let relay = Relay::start(Settings::new().with_inspection());
    let portal = Portal::new();
    relay.register(&portal);
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    let mut tail = relay.tail(&portal.member_id, 0);
    assert_eq!(subject(&tail.row().unwrap()), "1");
    portal.calendar_entry_update(2).send_to(&relay).expect_status(200);
    assert_eq!(subject(&tail.row().unwrap()), "2");
    let path = format!("/portals/{}/events?after=2&wait=30", portal.member_id);
    let poll = relay.admin("GET", &path);
    std::thread::scope(|scope| {
        let poll = scope.spawn(|| poll.send().expect_status(200).json());
        std::thread::sleep(Duration::from_secs(1));
        let lives = relay.lives(&portal.member_id);
        std::thread::sleep(ASLEEP);

        portal.calendar_entry_update(3).send_to(&relay).expect_status(200);
        // Neither the tail nor the poll kept it awake.
        wait_until("another life", LOGGED, || relay.lives(&portal.member_id) > lives);
        assert_eq!(subject(&tail.row().unwrap()), "3");
        assert_eq!(subject(&poll.join().unwrap()["events"][0]), "3");
    });
}

#[test]
fn a_long_poll_is_answered_when_the_event_comes_and_not_before() {
    let relay = Relay::start(Settings::new());
    let portal = Portal::new();
    relay.register(&portal);
    let path = format!("/portals/{}/events?wait=20", portal.member_id);
    let poll = relay.admin("GET", &path);
    std::thread::scope(|scope| {
        let poll = scope.spawn(|| (poll.send().expect_status(200).json(), now()));
        std::thread::sleep(Duration::from_millis(1_500));
        let sent = now();
        portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
        let (page, answered) = poll.join().unwrap();
        assert_eq!((subject(&page["events"][0]).as_str(), page["next"].as_i64()), ("1", Some(1)));
        assert!(answered > sent && answered - sent < Duration::from_secs(2), "{:?}", answered - sent);
    });
    let start = now();
    let page = relay.admin("GET", &format!("/portals/{}/events?after=1&wait=1", portal.member_id)).send().json();
    assert_eq!((page["events"].as_array().map(Vec::len), page["next"].as_i64()), (Some(0), Some(1)));
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn clients_that_went_away_make_room_for_others() {
    let relay = Relay::start(Settings::new());
    let portal = Portal::new();
    relay.register(&portal);
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    for _ in 0..2 {
        let mut tails: Vec<_> = (0..32).map(|_| relay.tail(&portal.member_id, 0)).collect();
        assert!(tails.iter_mut().all(|tail| tail.row().is_some()));
        let path = format!("/portals/{}/events?after=1&wait=1", portal.member_id);
        assert_eq!(relay.admin("GET", &path).send().problem_code(429), "too_many_readers");
        drop(tails);
        wait_until("room", Duration::from_secs(40), || relay.admin("GET", &path).send().status == 200);
    }
}
