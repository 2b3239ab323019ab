//! `GET /metrics`: how all portals stand, from what they last reported to the Directory, so that nothing wakes an idle one; and
//! what the Worker answered, as far as its isolates have told.

use super::jobs::CRON_MILLIS;
use super::objects::{call_directory, unexpected};
use super::plan::events_today;
use crate::app::directory::command::{DirectoryCommand, DirectoryReply, PortalReport};
use crate::app::portal::command::DeliveryStatus;
use crate::app::ports::EdgeRuntime;
use crate::domain::config::Config;
use crate::domain::delivery::circuit::Cause;
use crate::domain::destination_name::DEFAULT;
use crate::domain::exposition::{Exposition, Kind, MEDIA_TYPE};
use crate::domain::latency::Latency;
use crate::domain::problem::Problem;
use crate::domain::reply::Reply;
use crate::domain::request_counts::RequestCounts;
use crate::domain::time::Timestamp;

/// Portals that are told one by one: each has some fifteen lines of 100 bytes, so 1.5 MB. More are counted only.
const MAX_PORTALS: usize = 1_000;
/// Portals that are fetched at once.
const PAGE: u32 = 500;
/// How long it is believed what the cron trigger told about KV, in milliseconds: it tells in each run while anything waits.
const MAX_SPILLED_AGE_MILLIS: i64 = 3 * CRON_MILLIS;
/// What every name begins with.
const PREFIX: &str = "bitrix24_relay_";

/// All metrics.
pub async fn report(runtime: &impl EdgeRuntime, config: &Config) -> Result<Reply, Problem> {
    let (portals, is_cut) = fetch(runtime).await?;
    let counts = match call_directory(runtime, &DirectoryCommand::RequestCounts).await? {
        DirectoryReply::RequestCounts(counts) => counts,
        other => return Err(unexpected(runtime, &other)),
    };
    let mut metrics = Exposition::new(PREFIX);
    let errors = i64::try_from(config.errors.len()).unwrap_or(i64::MAX);
    metrics.begin("configuration_errors", Kind::Gauge, "Variables that cannot be used.");
    metrics.add(&[], errors);
    metrics.begin("portals_cut", Kind::Gauge, "Whether there are more portals than are told here.");
    metrics.add(&[], i64::from(is_cut));
    let help = "Events that were logged since midnight UTC, as far as portals have reported.";
    metrics.begin("events_logged_today", Kind::Gauge, help);
    metrics.add(&[], events_today(&portals, runtime.now()));
    tell_requests(&mut metrics, &counts);
    tell_spilled(&mut metrics, &counts, runtime.now());
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

/// What the Worker answered. An isolate tells what it counted after ten seconds at the earliest, and may end before.
fn tell_requests(metrics: &mut Exposition, counts: &RequestCounts) {
    let of_events = |group: &str| matches!(group, "events" | "install");
    let sum = |wanted: &str| -> i64 {
        let fits = counts.answers().filter(|(group, _, code, _)| of_events(group) && *code == wanted);
        fits.map(|(_, _, _, count)| count).sum()
    };
    let help = "Events that were answered 200, approximately: isolates tell in steps, and may end before.";
    metrics.begin("events_accepted_total", Kind::Counter, help);
    metrics.add(&[], sum("accepted"));
    let help = "Events of portals that nobody registered, held and answered 202, approximately.";
    metrics.begin("events_held_total", Kind::Counter, help);
    metrics.add(&[], sum("held"));
    let help = "Events that wait in KV for their portal's object, answered 202, approximately.";
    metrics.begin("events_queued_total", Kind::Counter, help);
    metrics.add(&[], sum("queued"));
    metrics.begin("events_refused_total", Kind::Counter, "Posts to /events that were refused, by code, approximately.");
    // Always there, so that an alert sees its first increase.
    let mut is_told = false;
    for (group, status, code, count) in counts.answers() {
        if group == "events" && status >= "400" {
            metrics.add(&[("code", code)], count);
            is_told |= code == "unavailable";
        }
    }
    if !is_told {
        metrics.add(&[("code", "unavailable")], 0);
    }
    metrics.begin("requests_total", Kind::Counter, "Requests by group of routes and answer, approximately.");
    for (group, status, code, count) in counts.answers() {
        metrics.add(&[("route", group), ("status", status), ("code", code)], count);
    }
    let help = "From an event's arrival at the Worker to its answer, as the Worker's clock has it, which stands still \
                while it computes; approximate.";
    metrics.begin("accept_duration_seconds", Kind::Histogram, help);
    metrics.add_histogram(&counts.accepting);
}

/// What waits in KV. Always there, so that an alert sees its end.
fn tell_spilled(metrics: &mut Exposition, counts: &RequestCounts, now: Timestamp) {
    let is_recent = |at: i64| now.as_millis() - at < MAX_SPILLED_AGE_MILLIS;
    let (_, waiting, unreadable) = counts.spilled.filter(|(at, ..)| is_recent(*at)).unwrap_or_default();
    let help = "Events in KV after the last run of the cron trigger: waiting for their portal's object, or sealed by a key \
                that VAULT_KEY does not have.";
    metrics.begin("events_queued", Kind::Gauge, help);
    for (state, events) in [("waiting", waiting), ("unreadable", unreadable)] {
        metrics.add(&[("state", state)], i64::try_from(events).unwrap_or(i64::MAX));
    }
}

fn tell_portals(metrics: &mut Exposition, portals: &[PortalReport]) {
    metrics.begin("portal_state", Kind::Gauge, "1 for the state of the portal.");
    for portal in portals {
        metrics.add(&[("portal", portal.member_id.as_str()), ("state", portal.state.as_str())], 1);
    }
    let mut of_each = |name, kind, help, value: fn(&PortalReport) -> Option<i64>| {
        metrics.begin(name, kind, help);
        for portal in portals {
            if let Some(value) = value(portal) {
                metrics.add(&[("portal", portal.member_id.as_str())], value);
            }
        }
    };
    let help = "When the portal last told how it stands, in seconds since 1970: all else about it is as old.";
    of_each("reported_timestamp_seconds", Kind::Gauge, help, |portal| seconds(&portal.reported_at));
    of_each("events_logged_total", Kind::Counter, "Events that were logged.", |portal| Some(portal.last_seq));
    let help = "When the newest event was logged, in seconds since 1970.";
    of_each("last_event_timestamp_seconds", Kind::Gauge, help, |portal| seconds(portal.last_event_at.as_deref()?));
    let help = "Events that are held, since their token is not registered.";
    of_each("events_held", Kind::Gauge, help, |portal| {
        Some(portal.held.iter().map(|held| i64::try_from(held.events).unwrap_or(i64::MAX)).sum())
    });
    let help = "Events that the consumer has not acknowledged that is furthest behind.";
    of_each("consumer_lag_events", Kind::Gauge, help, |portal| portal.consumer_lag);
    let help = "Events that were deleted though a destination still needed them.";
    of_each("events_dropped_total", Kind::Counter, help, |portal| Some(portal.storage.dropped));
    of_each("storage_bytes", Kind::Gauge, "What the portal stores.", |portal| Some(portal.storage.bytes));
    let help = "What the portal may store; 0 where it has not told yet.";
    of_each("storage_limit_bytes", Kind::Gauge, help, |portal| Some(portal.storage.limit_bytes));
}

/// A metric of deliveries: its name, its kind, its help, and its values by a label.
type Told = (&'static str, Kind, &'static str, fn(&DeliveryStatus, &mut dyn FnMut(Option<(&str, &str)>, i64)));

const TOLD: [Told; 6] = [
    ("deliveries", Kind::Gauge, "Deliveries that are not done, by state.", |delivery, add| {
        add(Some(("state", "pending")), delivery.pending);
        add(Some(("state", "retrying")), delivery.retrying);
        add(Some(("state", "failed")), delivery.failed);
    }),
    ("deliveries_delivered_total", Kind::Counter, "Events that arrived.", |delivery, add| {
        add(None, delivery.totals.delivered);
    }),
    ("deliveries_retried_total", Kind::Counter, "Attempts to deliver that failed.", |delivery, add| {
        add(None, delivery.totals.retried);
    }),
    ("deliveries_failed_total", Kind::Counter, "Events that were given up.", |delivery, add| {
        add(None, delivery.totals.failed);
    }),
    (
        "destination_circuit_open",
        Kind::Gauge,
        "1 while the destination is left alone, by the reason.",
        |delivery, add| {
            if let Some(cause) = delivery.circuit {
                add(Some(("cause", cause_name(cause))), 1);
            }
        },
    ),
    ("destination_paused", Kind::Gauge, "1 while the destination is paused.", |delivery, add| {
        if delivery.paused.is_some() {
            add(None, 1);
        }
    }),
];

fn tell_deliveries(metrics: &mut Exposition, portals: &[PortalReport], now: Timestamp) {
    let each = || portals.iter().flat_map(deliveries);
    for (name, kind, help, values) in TOLD {
        metrics.begin(name, kind, help);
        for (portal, destination, delivery) in each() {
            let place = [("portal", portal), ("destination", destination)];
            values(delivery, &mut |label, value| match label {
                Some(label) => metrics.add(&[place[0], place[1], label], value),
                None => metrics.add(&place, value),
            });
        }
    }
    let help = "For how long the oldest delivery has been due.";
    metrics.begin("delivery_oldest_due_age_seconds", Kind::Gauge, help);
    let mut latency = Latency::default();
    for (portal, destination, delivery) in each() {
        latency.add(&delivery.latency);
        if let Some(since) = delivery.due_since.as_deref().and_then(seconds) {
            metrics.add(&[("portal", portal), ("destination", destination)], (now.as_unix_seconds() - since).max(0));
        }
    }
    let help = "From the log to the destination, over all portals, without what was sent again by hand.";
    metrics.begin("delivery_duration_seconds", Kind::Histogram, help);
    metrics.add_histogram(&latency);
}

/// The portal, the destination, and how far it is.
fn deliveries(portal: &PortalReport) -> impl Iterator<Item = (&str, &str, &DeliveryStatus)> {
    let configured = portal.destinations.iter().map(|(name, delivery)| (name.as_str(), delivery));
    let all = [(DEFAULT, &portal.delivery)].into_iter().chain(configured);
    all.map(|(name, delivery)| (portal.member_id.as_str(), name, delivery))
}

const fn cause_name(cause: Cause) -> &'static str {
    match cause {
        Cause::Outage => "outage",
        Cause::Throttled => "throttled",
        Cause::Unsendable => "unsendable",
    }
}

fn seconds(time: &str) -> Option<i64> {
    Timestamp::from_rfc3339(time).map(Timestamp::as_unix_seconds)
}
