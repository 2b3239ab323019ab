//! `GET /healthz`: whether the relay lives, whether its configuration is sound, and what time it is there.

use crate::domain::config::Config;
use crate::domain::reply::Reply;
use crate::domain::time::Timestamp;
use crate::domain::variable::ConfigError;
use serde::Serialize;

#[derive(Serialize)]
struct Health<'a> {
    status: &'static str,
    /// What it signs by.
    time: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ConfigError],
}

/// 200 where all is well, 503 with what is to be mended otherwise. Events are taken all the same.
pub fn report(config: &Config, now: Timestamp) -> Reply {
    let errors = config.errors.as_slice();
    let (status, text) = if errors.is_empty() { (200, "ok") } else { (503, "misconfigured") };
    Reply::json(status, &Health { status: text, time: now.to_rfc3339_millis(), errors })
}
