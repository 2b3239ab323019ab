//! Warns before the free plan's day is used up: over it, Cloudflare refuses, and events are lost.

use super::Edge;
use super::jobs::{CRON_MILLIS, JobError};
use super::metrics::fetch;
use crate::app::directory::command::PortalReport;
use crate::app::log_line::{Level, LogLine};
use crate::app::ports::EdgeRuntime;
use crate::domain::free_plan::{DAILY_LIMIT, MAX_REQUESTS_PER_RUN, day_of, near_the_end};
use crate::domain::time::Timestamp;

const MILLIS_PER_HOUR: i64 = 3_600_000;

/// How many events the portals logged today, as far as they have reported.
pub fn events_today(portals: &[PortalReport], now: Timestamp) -> i64 {
    let is_of_today = |portal: &&PortalReport| {
        Timestamp::from_rfc3339(&portal.reported_at).is_some_and(|reported_at| reported_at >= day_of(now))
    };
    portals.iter().filter(is_of_today).map(|portal| portal.events_today).sum()
}

impl Edge {
    /// Writes a line where today's events may have cost four fifths of what the free plan allows.
    pub(super) async fn check_plan(&self, runtime: &impl EdgeRuntime) -> Result<(), JobError> {
        // Portals report by the hour, so the first run of each is enough.
        let is_first_of_hour = runtime.now().as_millis().rem_euclid(MILLIS_PER_HOUR) < CRON_MILLIS;
        if self.config.delivery_burst > MAX_REQUESTS_PER_RUN || !is_first_of_hour {
            return Ok(());
        }
        let (portals, _) = fetch(runtime).await.map_err(|_| "the Directory could not be asked".to_owned())?;
        let events = events_today(&portals, runtime.now());
        if let Some(rows) = near_the_end(events) {
            let line = LogLine::new(Level::Warn, "free plan nearly used up").with("events", events);
            runtime.write(line.with("rows_at_most", rows).with("limit", DAILY_LIMIT));
        }
        Ok(())
    }
}
