//! What stands around the code: an entry that wraps its objects, and the instance of the wasm, which a panic ends.

use crate::support::api::Api;
use crate::support::http::Answer;
use crate::support::portal::Portal;
use crate::support::worker::{Relay, Settings};

#[test]
fn objects_that_an_entry_wraps_are_called_in_the_way_that_it_passes_on() {
    let (relay, portal) = (Relay::start(Settings::new().with_wrapped_objects()), Portal::new());
    relay.register(&portal);
    for number in 1..=3 {
        portal.calendar_entry_update(number).send_to(&relay).expect_status(200);
    }
    assert_eq!(relay.logged_subjects(&portal), ["1", "2", "3"]);
    let other = Portal::new();
    other.calendar_entry_update(1).send_to(&relay).expect_status(202);
    assert_eq!(relay.held(&other).len(), 1);
}

#[test]
fn after_a_panic_the_next_request_finds_a_new_instance_and_the_same_log() {
    let (relay, portal) = (Relay::start(Settings::new().with_inspection()), Portal::new());
    relay.register(&portal);
    portal.calendar_entry_update("before").send_to(&relay).expect_status(200);
    let instance = |answer: &Answer| answer.header("x-boot-id").expect("the entry for tests tells it").to_owned();
    let before = instance(&relay.request("GET", "/healthz").send().expect_status(200));
    // The runtime calls nothing of the instance that panicked any more.
    let after = instance(&relay.request("GET", "/after-a-panic").send().expect_status(404));
    assert_ne!(before, after);
    portal.calendar_entry_update("after").send_to(&relay).expect_status(200);
    assert_eq!(relay.log(&portal).len(), 2);
    assert_eq!(instance(&relay.request("GET", "/healthz").send()), after, "it is no new one for each request");
}
