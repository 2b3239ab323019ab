//! Databases of other releases.

use crate::support::post::{MEMBER, Post, TOKEN};
use crate::support::relay::{MINUTE, Relay, ids};
use serde_json::Value;

#[test]
fn the_schema_is_made_once_and_survives_restarts() {
    let relay = Relay::new();
    relay.post(&Post::new(TOKEN, 1));
    relay.register(TOKEN);
    let objects = [relay.portal(), relay.world.directory()];
    let versions = || objects.each_ref().map(|object| object.storage.rows("SELECT version FROM schema_version"));
    let made = versions();
    for number in 2..=4 {
        relay.restart();
        relay.accept(&Post::new(TOKEN, number));
    }
    assert_eq!(versions(), made);
    assert_eq!(relay.logged(), ids([1, 2, 3, 4]));
}

#[test]
fn a_database_of_a_newer_release_is_refused_and_nothing_in_it_is_touched() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.advance(5 * MINUTE);
    let portal = relay.portal();
    portal.storage.run("UPDATE schema_version SET version = version + 1");
    let before = portal.storage.dump();
    relay.restart();
    for _ in 0..3 {
        let answer = relay.post(&Post::new(TOKEN, 2));
        assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"));
        assert_eq!(answer.retry_after.as_deref(), Some("5"));
        assert_eq!(relay.admin("GET", &format!("/portals/{MEMBER}"), &Value::Null).status, 503);
        assert_eq!(relay.send(Relay::registration(TOKEN)).status, 503);
    }
    assert_eq!(portal.storage.dump(), before);
    portal.storage.run("UPDATE schema_version SET version = version - 1");
    assert_eq!(relay.accept(&Post::new(TOKEN, 3)), 2);
}

#[test]
fn a_newer_directory_holds_nothing_but_stops_no_registered_portal() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.post(&Post::new(TOKEN, 1).of("stranger"));
    relay.world.directory().storage.run("UPDATE schema_version SET version = version + 1");
    relay.restart();
    assert_eq!(relay.post(&Post::new(TOKEN, 2).of("stranger")).status, 503);
    relay.accept(&Post::new(TOKEN, 3));
    assert_eq!(relay.received(), ids([3]));
}
