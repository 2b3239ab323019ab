//! What the cron trigger sets going.

use super::Edge;
use crate::app::log_line::{Level, LogLine};
use crate::app::ports::EdgeRuntime;

/// How often the cron trigger fires, in milliseconds, as `wrangler.toml` has it.
pub const CRON_MILLIS: i64 = 300_000;

/// A job could not be done this time. The text is for the log.
pub type JobError = String;

impl Edge {
    /// Does every job, one after the other. A job that fails is logged, and keeps no other from its turn; what it left undone is for
    /// the next time.
    pub async fn run_jobs(&self, runtime: &impl EdgeRuntime) {
        self.tell_configuration_once(runtime);
        conclude(runtime, "drain spilled events", self.drain_spilled(runtime).await);
        conclude(runtime, "check portals", self.check_overdue_portals(runtime).await);
        conclude(runtime, "check plan", self.check_plan(runtime).await);
        conclude(runtime, "refresh source list", self.refresh_sources(runtime).await);
    }
}

fn conclude(runtime: &impl EdgeRuntime, job: &'static str, outcome: Result<(), JobError>) {
    if let Err(error) = outcome {
        runtime.write(LogLine::new(Level::Error, "job failed").with("job", job).with("error", error));
    }
}
