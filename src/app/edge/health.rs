//! `GET /healthz`: whether the relay lives, and whether its configuration is sound.

use crate::domain::config::Config;
use crate::domain::reply::Reply;
use crate::domain::variable::ConfigError;
use serde::Serialize;

#[derive(Serialize)]
struct Health<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ConfigError],
}

/// 200 where all is well, 503 with what is to be mended otherwise. Events are taken all the same.
pub fn report(config: &Config) -> Reply {
    let errors = config.errors.as_slice();
    let (status, text) = if errors.is_empty() { (200, "ok") } else { (503, "misconfigured") };
    Reply::json(status, &Health { status: text, errors })
}
