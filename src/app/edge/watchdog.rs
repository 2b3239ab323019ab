//! Finds portals that should have done something and did not, and has their objects look after themselves.

use super::Edge;
use super::jobs::JobError;
use super::objects::call_portal_once;
use crate::app::directory::command::{DirectoryCommand, DirectoryReply, failure};
use crate::app::log_line::{Level, LogLine};
use crate::app::portal::command::{PortalCommand, PortalReply};
use crate::app::ports::{Directory, EdgeRuntime};

/// Portals that one run checks at most: one after the other at some 50 ms, it ends well before the next run, five minutes later.
const MAX_CHECKS: u32 = 1_000;

impl Edge {
    /// Checks the portals that the Directory finds overdue, as many as the plan's limit of requests per run allows (`DELIVERY_BURST`).
    /// The rest is for the next run; so is what could not be reached, behind all others.
    pub(super) async fn check_overdue_portals(&self, runtime: &impl EdgeRuntime) -> Result<(), JobError> {
        let limit = self.config.delivery_burst.min(MAX_CHECKS);
        let taken = Directory::call(runtime, &DirectoryCommand::TakeOverdue { limit }).await;
        let Ok(DirectoryReply::Overdue(overdue)) = taken else {
            return Err(failure(&taken).to_owned());
        };
        for member_id in overdue {
            let problem = match call_portal_once(runtime, &member_id, &PortalCommand::Check).await {
                Ok(PortalReply::Checked { .. }) => continue,
                Ok(PortalReply::UnknownPortal) => "its object does not know it".to_owned(),
                Ok(_) => "unexpected answer".to_owned(),
                Err(cause) => cause,
            };
            let line = LogLine::new(Level::Error, "portal not checked").with("member_id", member_id.as_str());
            runtime.write(line.with("error", problem));
        }
        Ok(())
    }
}
