//! The examples of `docs/API.md` do what they show.

use std::process::Command;

use crate::support::api::ADMIN_TOKEN;
use crate::support::places::PROJECT;
use crate::support::portal::Portal;
use crate::support::receiver::Receiver;
use crate::support::worker::{Relay, Settings};

const READ_TOKEN: &str = "a-system-that-reads-and-no-more";

#[test]
fn every_example_of_the_guide_succeeds_as_it_stands() {
    let receiver = Receiver::start();
    let settings = Settings::forwarding_to(&receiver).var("READ_TOKENS", format!("crm={READ_TOKEN}"));
    let relay = Relay::start(settings);
    let portal = Portal { token: "51856fefc120afa4b628cc82d3935cce".to_owned(), ..Portal::new() };
    let guide = std::fs::read_to_string(PROJECT.join("docs/API.md")).expect("it is in the repository");
    let examples: Vec<&str> =
        guide.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect();
    assert!(examples.len() >= 9, "{examples:?}");
    for (example, number) in examples.into_iter().zip(0..) {
        // A `curl` that also fails where the relay says no.
        let script = format!("set -e; curl() {{ command curl --fail-with-body \"$@\"; }}\n{example}");
        let output = Command::new("bash")
            .args(["-c", &script])
            .envs([("RELAY", format!("http://{}", relay.address())), ("MEMBER", portal.member_id.clone())])
            .envs([("ADMIN_TOKEN", ADMIN_TOKEN), ("READ_TOKEN", READ_TOKEN)])
            .output()
            .expect("bash is there");
        let (answer, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{example}: {answer}{errors}");
        assert!(!answer.is_empty(), "{example} printed nothing");
        if number == 0 {
            // From here on there is something to read.
            portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
        }
    }
}
