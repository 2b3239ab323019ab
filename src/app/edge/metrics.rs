//! `GET /metrics`: how all portals stand, from what they last reported to the Directory, so that nothing wakes an idle one.

use super::objects::{call_directory, unexpected};
use super::plan::events_today;
use crate::app::directory::command::{DirectoryCommand, DirectoryReply, PortalReport};
use crate::app::ports::EdgeRuntime;
use crate::domain::config::Config;
use crate::domain::delivery::circuit::Cause;
use crate::domain::exposition::{Exposition, Kind, MEDIA_TYPE};
use crate::domain::problem::Problem;
use crate::domain::reply::Reply;
use crate::domain::time::Timestamp;

/// Portals that are told one by one: each has some ten lines of 100 bytes, so 1 MB. More are counted only.
const MAX_PORTALS: usize = 1_000;
/// Portals that are fetched at once.
const PAGE: u32 = 500;
/// What every name begins with.
const PREFIX: &str = "bitrix24_relay_";

/// All metrics.
pub async fn report(runtime: &impl EdgeRuntime, config: &Config) -> Result<Reply, Problem> {
    let (portals, is_cut) = fetch(runtime).await?;
    let mut metrics = Exposition::new(PREFIX);
    let errors = i64::try_from(config.errors.len()).unwrap_or(i64::MAX);
    metrics.add("configuration_errors", Kind::Gauge, "Variables that cannot be used.", [([], errors)]);
    let help = "Whether there are more portals than are told here.";
    metrics.add("portals_cut", Kind::Gauge, help, [([], i64::from(is_cut))]);
    let help = "Events that were logged since midnight UTC, as far as portals have reported.";
    let today = events_today(&portals, runtime.now());
    metrics.add("events_logged_today", Kind::Gauge, help, [([], today)]);
    tell_portals(&mut metrics, &portals);
    tell_deliveries(&mut metrics, &portals, runtime.now());
    Ok(Reply::text(200, metrics.into_text()).with_header("content-type", MEDIA_TYPE))
}

pub(super) async fn fetch(runtime: &impl EdgeRuntime) -> Result<(Vec<PortalReport>, bool), Problem> {
    let mut portals: Vec<PortalReport> = Vec::new();
    loop {
        let after = portals.last().map(|last| last.member_id.clone());
        let list = DirectoryCommand::List { unknown: false, after, limit: PAGE };
        let page = match call_directory(runtime, &list).await? {
            DirectoryReply::Portals(page) => page,
            other => return Err(unexpected(runtime, &other)),
        };
        let is_last = page.len() < PAGE as usize;
        portals.extend(page);
        if is_last || portals.len() > MAX_PORTALS {
            let is_cut = portals.len() > MAX_PORTALS;
            portals.truncate(MAX_PORTALS);
            return Ok((portals, is_cut));
        }
    }
}

fn tell_portals(metrics: &mut Exposition, portals: &[PortalReport]) {
    let of_each = |value: fn(&PortalReport) -> i64| {
        portals.iter().map(move |portal| ([("portal", portal.member_id.as_str())], value(portal)))
    };
    let states =
        portals.iter().map(|portal| ([("portal", portal.member_id.as_str()), ("state", portal.state.as_str())], 1));
    metrics.add("portal_state", Kind::Gauge, "1 for the state of the portal.", states);
    let reported_at = |portal: &PortalReport| seconds(&portal.reported_at).unwrap_or(0);
    let help = "When the portal last told how it stands, in seconds since 1970: all else about it is as old.";
    metrics.add("reported_timestamp_seconds", Kind::Gauge, help, of_each(reported_at));
    let help = "Events that were logged.";
    metrics.add("events_logged_total", Kind::Counter, help, of_each(|portal| portal.last_seq));
    let count_held =
        |portal: &PortalReport| portal.held.iter().map(|held| i64::try_from(held.events).unwrap_or(i64::MAX)).sum();
    let help = "Events that are held, since their token is not registered.";
    metrics.add("events_held", Kind::Gauge, help, of_each(count_held));
}

fn tell_deliveries(metrics: &mut Exposition, portals: &[PortalReport], now: Timestamp) {
    let help = "Deliveries that are not done, by state.";
    let states = portals.iter().flat_map(|portal| {
        let delivery = &portal.delivery;
        [("pending", delivery.pending), ("retrying", delivery.retrying), ("failed", delivery.failed)]
            .map(|(state, count)| ([("portal", portal.member_id.as_str()), ("state", state)], count))
    });
    metrics.add("deliveries", Kind::Gauge, help, states);
    let help = "1 while the destination is left alone, by the reason.";
    let open = portals.iter().filter_map(|portal| {
        let cause = cause(portal.delivery.circuit?);
        Some(([("portal", portal.member_id.as_str()), ("cause", cause)], 1))
    });
    metrics.add("destination_circuit_open", Kind::Gauge, help, open);
    let paused = portals.iter().filter(|portal| portal.delivery.paused.is_some());
    let paused = paused.map(|portal| ([("portal", portal.member_id.as_str())], 1));
    metrics.add("destination_paused", Kind::Gauge, "1 while the destination is paused.", paused);
    let help = "For how long the oldest delivery has been due.";
    let overdue = portals.iter().filter_map(|portal| {
        let since = seconds(portal.delivery.due_since.as_deref()?)?;
        Some(([("portal", portal.member_id.as_str())], (now.as_unix_seconds() - since).max(0)))
    });
    metrics.add("delivery_oldest_due_age_seconds", Kind::Gauge, help, overdue);
}

const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Outage => "outage",
        Cause::Throttled => "throttled",
        Cause::Unsendable => "unsendable",
    }
}

fn seconds(time: &str) -> Option<i64> {
    Timestamp::from_rfc3339(time).map(Timestamp::as_unix_seconds)
}
