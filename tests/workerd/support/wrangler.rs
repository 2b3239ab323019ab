//! The relay under plain `wrangler dev`, with the `wrangler.toml` that is deployed.

use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use ureq::Agent;

use super::api::Api;
use super::http::{Request, client};
use super::places::{NODE, PROJECT, SCRATCH, WRANGLER, path_with_node};
use super::process::{ProcessGroup, run};
use super::wait::wait_until;

/// Time that the start may take: 1.5 s alone on a machine, so this is for a very busy one.
const START: Duration = Duration::from_secs(90);
/// Time that a command of wrangler may take.
const COMMAND: Duration = Duration::from_mins(1);

/// A running `wrangler dev` with a state of its own.
pub struct WranglerDev {
    /// Declared before the directory that it works in, so that it ends before that goes.
    _process: ProcessGroup,
    url: String,
    client: Agent,
    _home: TempDir,
}

/// What is stored before `wrangler dev` starts.
pub struct WranglerState {
    home: TempDir,
}

impl WranglerState {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { home: TempDir::new_in(*SCRATCH).expect("the scratch directory is there") }
    }

    /// `wrangler kv key put --local`: what an operator would type, and nothing else.
    pub fn kv_key_put(&self, key: &str, value: &str) {
        run(&NODE, &PROJECT, COMMAND, |command| {
            command.arg(&*WRANGLER).args(["kv", "key", "put", "--local", "--binding", "INSTALLS", "--persist-to"]);
            command.arg(self.directory()).args([key, value]).envs(self.environment());
        });
    }

    /// Starts `wrangler dev` on it, and waits until the relay answers.
    pub fn start(self, vars: &[(&str, &str)]) -> WranglerDev {
        let errors = self.home.path().join("standard-error");
        let process = ProcessGroup::start(&NODE, &PROJECT, &errors, |command| {
            command.arg(&*WRANGLER).args([
                "dev",
                "--local",
                "--ip",
                "127.0.0.1",
                "--port",
                "0",
                "--inspector-port",
                "0",
            ]);
            command.args(["--show-interactive-dev-session=false", "--persist-to"]).arg(self.directory());
            for (name, value) in vars {
                command.arg("--var").arg(format!("{name}:{value}"));
            }
            command.envs(self.environment());
        });
        let url = process.wait_for_line("wrangler dev is ready", START, |line| {
            line.split_once("Ready on ").map(|(_, url)| url.trim().to_owned())
        });
        let relay = WranglerDev { _process: process, url, client: client(), _home: self.home };
        wait_until("the relay to answer", START, || relay.request("GET", "/healthz").try_send().is_ok());
        relay
    }

    fn directory(&self) -> PathBuf {
        self.home.path().join("state")
    }

    /// Nothing that would reach out, ask, or write into the home directory.
    fn environment(&self) -> Vec<(&'static str, std::ffi::OsString)> {
        vec![
            ("PATH", path_with_node()),
            ("CI", "1".into()),
            ("WRANGLER_SEND_METRICS", "false".into()),
            ("WRANGLER_LOG_PATH", self.home.path().join("logs").into()),
            ("WRANGLER_REGISTRY_PATH", self.home.path().join("registry").into()),
            ("X_LOCAL_OBSERVABILITY", "false".into()),
            ("X_LOCAL_EXPLORER", "false".into()),
            ("CLOUDFLARE_CF_FETCH_ENABLED", "false".into()),
        ]
    }
}

impl Api for WranglerDev {
    fn request(&self, method: &str, path: &str) -> Request {
        Request::new(&self.client, method, &format!("{}{path}", self.url))
    }
}
