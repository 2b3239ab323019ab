//! The platform fails: objects, their storage, KV. What was answered by success is kept, once, and all is well by itself afterwards.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::api::{Api, id};
use crate::support::http::Answer;
use crate::support::portal::Portal;
use crate::support::receiver::Receiver;
use crate::support::wait::{now, wait_until};
use crate::support::worker::{Relay, Settings};

const VAULT_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
/// Time in which what was logged is delivered.
const SOON: Duration = Duration::from_secs(30);

struct Scene {
    relay: Relay,
    receiver: Receiver,
    portal: Portal,
    /// What was answered 200 or 202: the subject, by id.
    taken: BTreeMap<String, String>,
}

impl Scene {
    /// A portal that has sent one event.
    fn start(change: impl FnOnce(Settings) -> Settings) -> Self {
        let receiver = Receiver::start();
        let settings = Settings::forwarding_to(&receiver).var("VAULT_KEY", VAULT_KEY).var("RETRY_SCHEDULE", "1,1,1");
        let (relay, portal) = (Relay::start(change(settings)), Portal::new());
        relay.register(&portal);
        let mut scene = Self { relay, receiver, portal, taken: BTreeMap::new() };
        scene.post("first", 200);
        scene
    }

    fn post(&mut self, subject: &str, status: u16) -> Answer {
        let answer = self.portal.calendar_entry_update(subject).send_to(&self.relay);
        let answer = answer.expect_status(status);
        if status < 300 {
            let id = answer.json()["id"].as_str().expect("it is told").to_owned();
            self.taken.insert(id, subject.to_owned());
        }
        answer
    }

    /// Posts an event that waits in KV, and tells how long that took.
    fn spill(&mut self, subject: &str) -> Duration {
        let before = now();
        assert_eq!(self.post(subject, 202).json()["status"], "queued");
        before.elapsed()
    }

    /// Lets the platform be well again, and the cron trigger fire.
    fn mend(&self) {
        self.relay.fail(&json!({}));
        self.relay.fire_cron();
    }

    /// All that was taken is in the log once, and nothing else, and arrives.
    fn examine(&self) {
        let log = self.relay.log(&self.portal);
        let logged: BTreeMap<String, String> =
            log.iter().map(|row| (id(row), crate::support::api::subject(row))).collect();
        assert_eq!(log.len(), logged.len(), "nothing stands twice: {log:?}");
        assert_eq!(logged, self.taken);
        assert!(log.iter().zip(1..).all(|(row, number)| row["seq"] == number), "the numbers have a gap");
        wait_until("all at the receiver", SOON, || {
            let received = self.receiver.received();
            self.taken.keys().all(|id| received.iter().any(|delivery| delivery.id() == id))
        });
        assert!(self.receiver.received().iter().all(|delivery| self.taken.contains_key(delivery.id())));
        assert_eq!(self.kv_keys(), 0, "nothing waits in KV");
    }

    fn kv_keys(&self) -> usize {
        self.relay.kv_keys("spill:").len()
    }
}

/// A fault that strikes so often.
fn fault(operation: &str, how: &str, times: u32) -> Value {
    json!({ operation: { "as": how, "times": times } })
}

#[test]
fn an_event_whose_object_is_overloaded_waits_in_kv_and_is_logged_by_the_next_run() {
    let mut scene = Scene::start(Settings::with_faults);
    // One is enough: an overloaded object is not called again.
    scene.relay.fail(&fault("portal.call", "overloaded", 1));
    scene.spill("overloaded");
    assert_eq!(scene.kv_keys(), 1);
    scene.post("meanwhile", 200);
    scene.mend();
    scene.examine();
    assert_eq!(scene.relay.logged_subjects(&scene.portal), ["first", "meanwhile", "overloaded"]);
}

#[test]
fn without_a_vault_key_the_answer_is_503_and_where_kv_is_down_as_well() {
    let mut scene = Scene::start(|settings| settings.with_faults().without("VAULT_KEY"));
    scene.relay.fail(&fault("portal.call", "overloaded", 1));
    let answer = scene.post("no key", 503);
    assert_eq!((answer.json()["code"].as_str(), answer.header("retry-after")), (Some("unavailable"), Some("5")));
    scene.relay.restart_with(|settings| settings.var("VAULT_KEY", VAULT_KEY));
    let down = json!({ "portal.call": { "as": "overloaded", "times": 1 }, "kv.put": { "as": "down", "times": 1 } });
    scene.relay.fail(&down);
    scene.post("both down", 503);
    scene.mend();
    scene.examine();
}

#[test]
fn an_object_that_does_not_answer_is_given_up_in_time_whatever_it_did() {
    let mut scene = Scene::start(Settings::with_faults);
    for (number, how) in ["hangs", "answers late"].into_iter().enumerate() {
        scene.relay.fail(&fault("portal.command", how, 1));
        let took = scene.spill(how);
        assert!((2_400..6_000).contains(&took.as_millis()), "{how}: {took:?}");
        assert_eq!(scene.kv_keys(), number + 1);
    }
    scene.mend();
    scene.examine();
}

/// The runtime ends a request that waits for nothing that it knows of.
#[test]
fn those_that_wait_for_the_call_of_another_one_are_answered_however_long_it_takes() {
    let mut scene = Scene::start(Settings::with_faults);
    scene.relay.fail(&fault("portal.command", "hangs", 1));
    let (relay, portal) = (&scene.relay, &scene.portal);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let posts = (0..10).map(|number| {
            scope.spawn(move || portal.calendar_entry_update(format!("together {number}")).send_to(relay))
        });
        posts.collect::<Vec<_>>().into_iter().map(|post| post.join().expect("it was sent")).collect()
    });
    for (number, answer) in answers.into_iter().enumerate() {
        assert!(matches!(answer.status, 200 | 202), "{number}: {} {}", answer.status, answer.text());
        let id = answer.json()["id"].as_str().expect("it is told").to_owned();
        scene.taken.insert(id, format!("together {number}"));
    }
    scene.mend();
    scene.examine();
}

#[test]
fn an_object_that_is_reset_in_the_middle_of_an_append_logs_it_once() {
    let mut scene = Scene::start(Settings::with_faults);
    for how in ["reset before", "reset after"] {
        for times in [1, 2, 1, 2, 1, 2, 1, 2, 1, 2] {
            scene.relay.fail(&fault("portal.command", how, times));
            let subject = format!("{how} {}", scene.taken.len());
            scene.post(&subject, 200);
        }
        scene.relay.fail(&fault("portal.command", how, 3));
        scene.spill(how);
    }
    scene.mend();
    scene.examine();
}

#[test]
fn a_call_whose_answer_is_lost_logs_its_event_once() {
    let mut scene = Scene::start(Settings::with_faults);
    for number in 0..20 {
        scene.relay.fail(&fault("portal.call", "answer lost", 1 + number % 2));
        scene.post(&format!("lost {number}"), 200);
    }
    scene.relay.fail(&fault("portal.call", "answer lost", 3));
    scene.spill("lost until it is given up");
    scene.mend();
    scene.examine();
}

#[test]
fn a_full_storage_costs_no_event() {
    let mut scene = Scene::start(Settings::with_faults);
    scene.relay.fail(&fault("portal.log", "full", 2));
    scene.post("full for a moment", 200);
    scene.relay.fail(&fault("portal.log", "full", 3));
    scene.spill("full for longer");
    scene.relay.fail(&fault("portal.log", "full", 1));
    scene.relay.fire_cron();
    assert_eq!(scene.kv_keys(), 1, "it was full when it was drained, too");
    scene.mend();
    scene.examine();
}

#[test]
fn an_alarm_that_cannot_be_set_or_is_lost_costs_no_event() {
    let mut scene = Scene::start(Settings::with_faults);
    for how in ["fails", "lost"] {
        scene.relay.fail(&fault("portal.alarm", how, 1));
        scene.post(how, 200);
    }
    scene.mend();
    scene.examine();
}

#[test]
fn kv_may_be_down_while_events_come() {
    let mut scene = Scene::start(Settings::with_faults);
    let down = |operation: &str| fault(operation, "down", 1_000);
    scene.relay.fail(&down("kv.get"));
    scene.post("the isolate knows the token", 200);
    scene.relay.restart_with(|settings| settings);
    scene.relay.fail(&down("kv.get"));
    scene.post("nobody but the object knows it", 200);
    scene.relay.fail(&fault("portal.call", "overloaded", 1));
    scene.spill("waits");
    for operation in ["kv.list", "kv.get", "kv.delete"] {
        scene.relay.fail(&down(operation));
        scene.relay.fire_cron();
        assert_eq!(scene.kv_keys(), 1, "{operation}");
    }
    scene.mend();
    scene.examine();
}

#[test]
fn what_hangs_beside_the_object_is_given_up_in_time() {
    let mut scene = Scene::start(Settings::with_faults);
    // No isolate knows the token any more, so KV is asked.
    scene.relay.restart_with(|settings| settings);
    scene.relay.fail(&fault("kv.get", "hangs", 1));
    let before = now();
    scene.post("the object knows the token", 200);
    assert_takes(5_000, before.elapsed());
    scene.relay.fail(&json!({
        "portal.call": { "as": "overloaded", "times": 1 },
        "kv.put": { "as": "hangs", "times": 1 },
    }));
    let before = now();
    scene.post("it could not be spilled", 503);
    assert_takes(5_000, before.elapsed());
    scene.relay.fail(&fault("directory.command", "hangs", 1));
    let before = now();
    Portal::new().calendar_entry_update("it could not be held").send_to(&scene.relay).expect_status(503);
    assert_takes(10_000, before.elapsed());
    scene.mend();
    scene.examine();
}

/// Somewhat longer than the limit is not held against a busy machine.
#[track_caller]
fn assert_takes(millis: u128, took: Duration) {
    assert!((millis - 100..millis + 5_000).contains(&took.as_millis()), "{took:?}");
}

/// `fsync` answers EIO, as a disk does that is going.
#[cfg(target_os = "linux")]
#[test]
fn what_could_not_be_made_durable_is_not_answered_by_success() {
    let mut scene = Scene::start(Settings::with_own_disk);
    for (failures, status) in [(1, 200), (1_000, 202), (0, 200)] {
        scene.relay.disk().fail(failures);
        let before = scene.relay.disk().failures_left();
        scene.post(&format!("{failures} failures"), status);
        assert!(failures == 0 || scene.relay.disk().failures_left() < before, "the disk failed");
        scene.relay.disk().fail(0);
    }
    scene.relay.kill();
    scene.relay.start_again();
    scene.relay.fire_cron();
    scene.examine();
}

/// Portals that send while another version is deployed.
const WRITERS: usize = 4;
/// Events that were taken before another version is deployed.
const BURST: usize = 50;
/// How often another version is deployed.
const DEPLOYMENTS: usize = 6;

#[test]
fn a_deployment_in_the_middle_of_a_burst_loses_nothing_that_was_taken() {
    let mut scene = Scene::start(|settings| settings);
    let mut unanswered = 0;
    for deployment in 0..DEPLOYMENTS {
        let (relay, portal, count) = (&scene.relay, &scene.portal, AtomicUsize::new(0));
        let sent: Vec<(BTreeMap<String, String>, usize)> = std::thread::scope(|scope| {
            let send = |writer| {
                let (name, count) = (format!("{deployment}-{writer}"), &count);
                scope.spawn(move || send_until_it_ends(relay, portal, &name, count))
            };
            let senders: Vec<_> = (0..WRITERS).map(send).collect();
            wait_until("events before the deployment", SOON, || count.load(Ordering::SeqCst) >= BURST);
            relay.crash();
            senders.into_iter().map(|sender| sender.join().expect("no sender panics")).collect()
        });
        for (taken, lost) in sent {
            scene.taken.extend(taken);
            unanswered += lost;
        }
        // Another version: other variables, and another entry before another instance of the code.
        scene.relay.restart_with(|settings| {
            let settings = settings.var("RETRY_SCHEDULE", ["1", "1,2", "1,2,3"][deployment % 3]);
            if deployment % 2 == 0 { settings.with_inspection() } else { settings.without_counters() }
        });
    }
    let log = scene.relay.log(&scene.portal);
    let logged: BTreeMap<String, String> = log.iter().map(|row| (id(row), crate::support::api::subject(row))).collect();
    let missing = scene.taken.iter().filter(|(id, subject)| logged.get(*id) != Some(*subject)).count();
    assert_eq!((missing, logged.len()), (0, log.len()));
    assert!(log.len() <= scene.taken.len() + unanswered, "a POST without an answer may be logged, and no other");
    println!(
        "{DEPLOYMENTS} deployments: {} taken, 0 lost, {} logged without an answer",
        scene.taken.len(),
        log.len() - scene.taken.len()
    );
    wait_until("all at the receiver", SOON, || {
        let received: std::collections::BTreeSet<String> =
            scene.receiver.received().iter().map(|delivery| delivery.id().to_owned()).collect();
        logged.keys().all(|id| received.contains(id))
    });
}

/// Sends one event after the other until there is no answer. What was taken, and how many had no answer.
fn send_until_it_ends(
    relay: &Relay,
    portal: &Portal,
    name: &str,
    count: &AtomicUsize,
) -> (BTreeMap<String, String>, usize) {
    let mut taken = BTreeMap::new();
    for number in 0.. {
        let subject = format!("{name}-{number}");
        let Ok(answer) = portal.calendar_entry_update(&subject).try_send_to(relay) else { break };
        let id = answer.expect_status(200).json()["id"].as_str().expect("it is told").to_owned();
        taken.insert(id, subject);
        count.fetch_add(1, Ordering::SeqCst);
    }
    (taken, 1)
}
