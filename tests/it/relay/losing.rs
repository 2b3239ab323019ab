//! What is beside the portal's object may be lost: the object knows all that counts.

use crate::support::post::{MEMBER, OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{MINUTE, Relay, ids, record_key};
use serde_json::Value;

fn portals(relay: &Relay) -> Vec<Value> {
    relay.get("/portals")["portals"].as_array().expect("they are a list").clone()
}

/// Takes away all that the Directory stored, as if it had never been there.
fn lose_directory(relay: &Relay) {
    let directory = relay.world.directory();
    let tables = directory.storage.rows("SELECT name FROM sqlite_master WHERE type = 'table'");
    for table in tables.iter().filter_map(|row| row.strip_prefix("name=")) {
        directory.storage.run(&format!("DROP TABLE {table}"));
    }
    relay.restart();
}

#[test]
fn a_portal_goes_on_without_what_the_directory_knew_and_is_listed_again_when_it_is_registered_again() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    relay.post(&Post::new(OTHER_TOKEN, 2).of("stranger"));
    relay.advance(5 * MINUTE);
    lose_directory(&relay);
    relay.accept(&Post::new(TOKEN, 3));
    assert_eq!((relay.logged(), relay.received()), (ids([1, 3]), ids([1, 3])));
    assert_eq!(portals(&relay), [Value::Null; 0], "nobody has reported yet");
    relay.register(TOKEN);
    relay.advance(MINUTE);
    let listed = portals(&relay);
    assert_eq!((listed.len(), listed[0]["member_id"].as_str()), (1, Some(MEMBER)));
}

#[test]
fn a_portal_goes_on_without_its_record_in_kv_which_a_registration_brings_back() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.register_webhook(OTHER_TOKEN);
    relay.advance(MINUTE);
    let before = relay.record().expect("KV has the record");
    relay.kv().delete(&record_key());
    relay.new_isolate();
    relay.accept(&Post::new(TOKEN, 1));
    relay.accept(&Post::new(OTHER_TOKEN, 2));
    assert_eq!(relay.received(), ids([1, 2]));
    relay.register(TOKEN);
    relay.advance(MINUTE);
    assert_eq!(relay.record().expect("it is written again")["tokens"], before["tokens"]);
}
