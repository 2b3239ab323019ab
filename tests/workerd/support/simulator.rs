//! The simulated Bitrix24 of `npm run portal`, in a process of its own: an OAuth server, portals with their REST, and the
//! queue servers. `docs/SIMULATOR.md` tells what it does.

use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use ureq::Agent;

use super::http::{Answer, Request, client};
use super::places::{NODE, PROJECT, SCRATCH};
use super::process::ProcessGroup;
use super::worker::Relay;

/// Time that its start may take: a fifth of a second alone on a machine, so this is for a very busy one.
const START: Duration = Duration::from_secs(30);

/// Where Bitrix24 finds the relay; the simulator knows where that really is, see [`Simulator::reaches`].
pub const RELAY_ORIGIN: &str = "https://relay.example.com";

/// A simulated Bitrix24 without portals. It ends when this is dropped, and when the test dies.
pub struct Simulator {
    /// Declared before the directory that it writes to, so that it ends before.
    _process: ProcessGroup,
    _home: TempDir,
    url: String,
    control: String,
    client: Agent,
}

impl Simulator {
    /// Starts one, and waits until it is ready. Its hosts have their real names, so the relay has to be started with
    /// [`Settings::with_simulator`](super::worker::Settings::with_simulator).
    pub fn start() -> Self {
        let home = TempDir::new_in(*SCRATCH).expect("the scratch directory is there");
        let errors = home.path().join("standard-error");
        let process = ProcessGroup::start(&NODE, &PROJECT, &errors, |command| {
            let options = ["--port", "0", "--addresses", "real", "--empty", "--json"];
            command.arg(PROJECT.join("tests/portal/main.mjs")).args(options);
        });
        let ready = process.wait_for_line("the simulator", START, |line| serde_json::from_str::<Value>(line).ok());
        let address = |name: &str| ready[name].as_str().expect("it tells both").to_owned();
        Self { url: address("url"), control: address("control"), _process: process, _home: home, client: client() }
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Has it do something: an operation of its control API.
    ///
    /// # Panics
    /// When it refuses.
    #[track_caller]
    pub fn control(&self, operation: &str, parameters: &Value) -> Value {
        self.try_control(operation, parameters).expect_status(200).json()
    }

    /// Asks it to do something that it may refuse.
    pub fn try_control(&self, operation: &str, parameters: &Value) -> Answer {
        Request::new(&self.client, "POST", &format!("{}/{operation}", self.control)).json(parameters).send()
    }

    /// A request to a host of the simulated world, such as `https://oauth.bitrix.info/rest/app.info`.
    pub fn request(&self, method: &str, url: &str) -> Request {
        Request::new(&self.client, method, &self.url).header("x-original-url", url)
    }

    /// Tells it where the relay is that Bitrix24 knows as [`RELAY_ORIGIN`]: again after each start of the relay.
    pub fn reaches(&self, relay: &Relay) {
        let at = format!("http://{}", relay.address());
        self.control("origin", &json!({ "origin": RELAY_ORIGIN, "at": at }));
    }

    /// What came to a REST method of any host, or to `oauth/token`, oldest first.
    pub fn calls_of(&self, method: &str) -> Vec<Value> {
        let calls = self.control("calls", &json!({ "method": method }));
        calls["calls"].as_array().expect("it lists them").clone()
    }

    /// Every token and secret that it has ever issued, for a test that looks for leaks.
    pub fn issued_tokens(&self) -> Vec<String> {
        let answer = self.control("tokens", &json!({}));
        let tokens = answer["tokens"].as_array().expect("it lists them");
        tokens.iter().map(|token| token["value"].as_str().expect("each has a value").to_owned()).collect()
    }
}
