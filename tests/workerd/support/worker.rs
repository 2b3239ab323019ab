//! The built relay in workerd, under Miniflare: started, killed, started again on what it had stored.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use tempfile::TempDir;
use ureq::Agent;

use super::api::{ADMIN_TOKEN, Api};
use super::clock::Clock;
use super::configuration::WORKER_OPTIONS;
use super::disk::Disk;
use super::http::{Request, client};
use super::places::{BUILD, NODE, PROJECT, SCRATCH, SCRIPTS};
use super::process::ProcessGroup;
use super::receiver::Receiver;
use super::signature::SECRET;
use super::simulator::Simulator;

/// Time that the start of Miniflare may take: 0.6 s alone on a machine, so this is for a very busy one.
const START: Duration = Duration::from_mins(1);

/// What a relay is started with.
#[derive(Clone)]
pub struct Settings {
    vars: BTreeMap<String, String>,
    internal_endpoint: Option<String>,
    queue_consumer: Option<String>,
    simulator: Option<String>,
    /// Kind and name.
    missing_bindings: Vec<(&'static str, &'static str)>,
    own_clock: bool,
    own_disk: bool,
    entry: Entry,
}

/// What stands between the runtime and the objects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// Nothing: the build as it is shipped.
    Own,
    /// A class that the test can look into.
    Inspectable,
    /// A class that counts what the platform bills.
    Counting,
    /// A platform that fails on order.
    Faulty,
    /// A stand-in for Workers Analytics Engine.
    Analytics,
    /// Objects in classes that know the platform's handlers only.
    Wrapped,
}

impl Entry {
    /// The module that stands before the build's own.
    fn module(self) -> Option<&'static str> {
        match self {
            Self::Own => None,
            Self::Inspectable => Some("inspectable.mjs"),
            Self::Counting => Some("counting.mjs"),
            Self::Faulty => Some("faulty.mjs"),
            Self::Analytics => Some("analytics.mjs"),
            Self::Wrapped => Some("wrapped.mjs"),
        }
    }
}

impl Settings {
    /// An admin token and nothing else: the log is the only sink.
    pub fn new() -> Self {
        Self {
            vars: BTreeMap::from([("ADMIN_TOKEN".to_owned(), ADMIN_TOKEN.to_owned())]),
            internal_endpoint: None,
            queue_consumer: None,
            simulator: None,
            missing_bindings: Vec::new(),
            own_clock: false,
            own_disk: false,
            entry: Entry::Own,
        }
    }

    /// Forwards to the receiver, signed with [`SECRET`].
    pub fn forwarding_to(receiver: &Receiver) -> Self {
        Self::new().var("FORWARD_URL", receiver.url()).var("FORWARD_SECRET", SECRET)
    }

    /// Sets a variable or a secret.
    pub fn var(mut self, name: &str, value: impl Into<String>) -> Self {
        self.vars.insert(name.to_owned(), value.into());
        self
    }

    /// Unsets a variable or a secret.
    pub fn without(mut self, name: &str) -> Self {
        self.vars.remove(name);
        self
    }

    /// Binds the service `INTERNAL`, which passes everything on to the receiver.
    pub fn with_internal_endpoint(mut self, receiver: &Receiver) -> Self {
        self.internal_endpoint = Some(receiver.url());
        self
    }

    /// Binds the producer `EVENTS_QUEUE` of a queue whose consumer passes every message on to the receiver.
    pub fn with_queue_consumed_by(mut self, receiver: &Receiver) -> Self {
        self.queue_consumer = Some(receiver.url());
        self
    }

    /// Takes away a binding that `wrangler.toml` has; `kind` is what Miniflare calls it, such as `kvNamespaces`.
    pub fn without_binding(mut self, kind: &'static str, name: &'static str) -> Self {
        self.missing_bindings.push((kind, name));
        self
    }

    /// Sends everything to the simulator that the relay sends to other machines, whatever the host.
    pub fn with_simulator(mut self, simulator: &Simulator) -> Self {
        self.simulator = Some(simulator.url().to_owned());
        self
    }

    /// Lets the test look into objects while they run, and evict them.
    pub fn with_inspection(mut self) -> Self {
        self.entry = Entry::Inspectable;
        self
    }

    /// Counts what the objects use of what the platform bills, instead of what [`Self::with_inspection`] does.
    pub fn with_counters(mut self) -> Self {
        self.entry = Entry::Counting;
        self
    }

    /// Binds a stand-in for Workers Analytics Engine, which logs each data point.
    pub fn with_analytics(mut self) -> Self {
        self.entry = Entry::Analytics;
        self
    }

    /// Wraps the objects in classes that know the platform's handlers only.
    pub fn with_wrapped_objects(mut self) -> Self {
        self.entry = Entry::Wrapped;
        self
    }

    /// Leaves the objects alone again.
    pub fn without_counters(mut self) -> Self {
        self.entry = Entry::Own;
        self
    }

    /// Lets the platform fail on order, see [`Relay::fail`].
    pub fn with_faults(mut self) -> Self {
        self.entry = Entry::Faulty;
        self
    }

    /// Gives it a disk that fails on order, see [`Relay::disk`]. Not together with a clock of its own.
    pub fn with_own_disk(mut self) -> Self {
        self.own_disk = true;
        self
    }

    /// Gives it a clock that the test can set forward.
    pub fn with_own_clock(mut self) -> Self {
        self.own_clock = true;
        self
    }
}

/// A relay with its stored state. All of it ends when this is dropped.
pub struct Relay {
    settings: Settings,
    /// Declared before the directories that it works in, so that it ends before they do.
    running: Option<Running>,
    clock: Option<Clock>,
    disk: Option<Disk>,
    home: TempDir,
}

struct Running {
    process: ProcessGroup,
    url: String,
    control: String,
    /// Another one after every move of the clock: workerd closes connections that were idle for some seconds, and a request
    /// on one of them meets a reset.
    client: Mutex<Agent>,
}

impl Running {
    fn client(&self) -> Agent {
        self.client.lock().expect("no thread panics while it holds the lock").clone()
    }
}

impl Relay {
    /// Starts a relay that has stored nothing yet, and waits until it is ready.
    pub fn start(settings: Settings) -> Self {
        let home = TempDir::new_in(*SCRATCH).expect("the scratch directory is there");
        let clock = settings.own_clock.then(|| Clock::new(home.path()));
        let disk = settings.own_disk.then(|| Disk::new(home.path()));
        let mut relay = Self { settings, running: None, clock, disk, home };
        relay.start_again();
        relay
    }

    /// Crashes it: SIGKILL to workerd and all that belongs to it, at once.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Crashes it while other threads wait for answers. [`Self::kill`] has to follow.
    pub fn crash(&self) {
        self.running().process.crash();
    }

    /// Starts it on what it had stored, after [`Self::kill`].
    pub fn start_again(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        self.running = Some(self.run());
    }

    /// Crashes it and starts it with other settings on what it had stored.
    pub fn restart_with(&mut self, change: impl FnOnce(Settings) -> Settings) {
        self.kill();
        self.settings = change(self.settings.clone());
        self.start_again();
    }

    fn run(&self) -> Running {
        let clock = self.clock.iter().flat_map(Clock::environment);
        let environment: BTreeMap<_, _> = clock.chain(self.disk.iter().flat_map(Disk::environment)).collect();
        let mut options = WORKER_OPTIONS.clone();
        for (kind, name) in &self.settings.missing_bindings {
            let bindings = options[kind].as_object_mut().expect("wrangler.toml has bindings of this kind");
            bindings.remove(*name).expect("wrangler.toml has this binding");
        }
        let setup = json!({
            "options": options,
            "build": *BUILD,
            "state": self.state(),
            "vars": self.settings.vars,
            "environment": environment,
            "inspection": self.settings.entry == Entry::Inspectable,
            "entry": self.settings.entry.module(),
            "forwardTo": self.settings.internal_endpoint,
            "queueTo": self.settings.queue_consumer,
            "simulator": self.settings.simulator,
        });
        let errors = self.home.path().join("standard-error");
        let process = ProcessGroup::start(&NODE, &PROJECT, &errors, |command| {
            command.arg(SCRIPTS.join("harness.mjs")).arg(setup.to_string());
        });
        let ready = process.wait_for_line("Miniflare is ready", START, |line| serde_json::from_str::<Value>(line).ok());
        let address = |name: &str| ready[name].as_str().expect("the harness tells both").to_owned();
        Running { url: address("url"), control: address("control"), process, client: Mutex::new(client()) }
    }

    /// Has the harness do something, see [`super::control`].
    #[track_caller]
    pub(super) fn control(&self, operation: &str, parameters: &Value) -> Value {
        let running = self.running();
        let url = format!("{}/{operation}", running.control);
        Request::new(&running.client(), "POST", &url).json(parameters).send().expect_status(200).json()
    }

    /// The directory of KV and the objects' `SQLite`.
    pub fn state(&self) -> std::path::PathBuf {
        self.home.path().join("state")
    }

    /// Lets time pass in workerd, and wakes it so that it looks at its clock.
    ///
    /// # Panics
    /// When it was started without [`Settings::with_own_clock`].
    pub fn advance_clock(&self, by: Duration) {
        self.advance_clock_under_load(by);
        *self.running().client.lock().expect("no thread panics while it holds the lock") = client();
        self.request("GET", "/events").send();
    }

    /// Lets time pass in a workerd that other requests keep awake, be it that it crashes meanwhile.
    ///
    /// # Panics
    /// When it was started without [`Settings::with_own_clock`].
    pub fn advance_clock_under_load(&self, by: Duration) {
        self.clock.as_ref().expect("the test gave it a clock").advance(by);
    }

    /// The clock that the test gave it.
    pub fn clock(&self) -> Option<&Clock> {
        self.clock.as_ref()
    }

    /// The disk of its portals' objects.
    ///
    /// # Panics
    /// When it was started without [`Settings::with_own_disk`].
    pub fn disk(&self) -> &Disk {
        self.disk.as_ref().expect("the test gave it a disk")
    }

    /// Says what of the platform fails from now on, and how often, as `faulty.mjs` has it; what is not named goes well. Needs
    /// [`Settings::with_faults`].
    #[track_caller]
    pub fn fail(&self, faults: &Value) {
        self.request("POST", "/faults").json(faults).send().expect_status(200);
    }

    /// Host and port that it listens on.
    pub fn address(&self) -> String {
        self.running().url.replace("http://", "")
    }

    /// Does to the harness what the death of the test would do.
    pub fn cut_leash(&mut self) {
        self.running.as_mut().expect("it runs").process.cut_leash();
    }

    /// Whether the harness has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.running.as_mut().expect("it runs").process.has_ended()
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it was killed and not started again")
    }
}

impl Api for Relay {
    fn request(&self, method: &str, path: &str) -> Request {
        let running = self.running();
        Request::new(&running.client(), method, &format!("{}{path}", running.url))
    }
}
