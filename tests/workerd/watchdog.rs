//! The cron trigger finds what nothing else would.

use std::time::Duration;

use crate::support::api::Api;
use crate::support::portal::Portal;
use crate::support::receiver::{Behaviour, Receiver};
use crate::support::storage::delete_alarms;
use crate::support::wait::{stays_true, wait_until};
use crate::support::worker::{Relay, Settings};

const SOON: Duration = Duration::from_secs(30);

#[test]
fn a_retry_is_made_although_its_alarm_was_deleted() {
    let receiver = Receiver::start();
    let refused = || Behaviour::Answer { status: 500, headers: Vec::new(), after: Duration::ZERO };
    receiver.next([refused(), refused()]);
    let settings = Settings::forwarding_to(&receiver).var("RETRY_SCHEDULE", "1,600").with_own_clock();
    let (mut relay, portal) = (Relay::start(settings), Portal::new());
    relay.register(&portal);
    portal.calendar_entry_update(1).send_to(&relay).expect_status(200);
    wait_until("the second attempt", SOON, || {
        relay.advance_clock(Duration::from_secs(1));
        receiver.count() == 2
    });
    let retrying = |relay: &Relay| {
        let portals = relay.admin("GET", "/portals").send().expect_status(200).json();
        portals["portals"][0]["delivery"]["retrying"] == 1
    };
    wait_until("the Directory to know of it", SOON, || retrying(&relay));

    relay.kill();
    assert_eq!(delete_alarms(&relay.state(), "Portal"), 1);
    relay.start_again();

    relay.advance_clock(Duration::from_hours(1));
    stays_true("two attempts", Duration::from_secs(1), || receiver.count() == 2);
    relay.fire_cron();
    receiver.wait_for_requests(3, SOON);
    let line = |lines: Vec<String>| lines.iter().any(|line| line.contains("alarm repaired"));
    wait_until("a line about it", SOON, || line(relay.logs()));
    wait_until("the Directory to know that nothing waits", SOON, || {
        relay.advance_clock(Duration::from_secs(1));
        !retrying(&relay)
    });
}
