//! The variables and secrets of `wrangler.toml`, read once per isolate.
//!
//! A bad value never stops the relay from taking events. It becomes a [`ConfigError`] that names the variable, and the
//! part that needs it waits.

use super::application::broker::parse_broker_clients;
use super::application::settings::Installs;
use super::client_token::ClientToken;
use super::destination::{Destination, Endpoint, Format, Webhook};
use super::event_glob::EventGlob;
use super::log_level::Level;
use super::read_token::parse_read_tokens;
use super::retry_schedule::RetrySchedule;
use super::secret::Secret;
use super::signature::SigningSecrets;
use super::source_list::SourcePolicy;
use super::variable::{ConfigError, VariableReader};
use super::vault::Vault;

/// Default of `DELIVERY_BURST`: leaves ten of the free plan's 50 subrequests per invocation to KV and other objects.
/// <https://developers.cloudflare.com/workers/platform/limits/#subrequests>
const DEFAULT_DELIVERY_BURST: u32 = 40;
/// The paid plan's limit of subrequests per invocation.
const MAX_DELIVERY_BURST: u32 = 10_000;
const DEFAULT_RETENTION_DAYS: u32 = 30;
/// Ten years: longer is a typing error.
const MAX_RETENTION_DAYS: u32 = 3_650;
/// Longest URL that is taken for a destination; browsers and servers agree on far less.
const MAX_URL_LENGTH: usize = 2_048;
/// Default of `PORTAL_STORAGE_MB`: leaves a fifth of the free plan's 5 GB to the Directory and to other portals.
const DEFAULT_PORTAL_STORAGE_MB: u32 = 4_000;
/// An object may store 10 GB. A twentieth is left for what is written until the next look at it.
/// <https://developers.cloudflare.com/durable-objects/platform/limits/>
const MAX_PORTAL_STORAGE_MB: u32 = 9_500;
/// Shortest bearer token that is taken: 16 characters of 62 are 95 bits.
const MIN_ADMIN_TOKEN_LENGTH: usize = 16;

/// Where events go.
#[derive(Clone, Debug)]
pub enum Forwarding {
    /// Neither `FORWARD_URL` nor `FORWARD_QUEUE` is set: the log alone is the sink.
    Off,
    /// It is set, but it or a variable that it needs is bad: events wait until that is mended.
    Broken,
    /// To this destination.
    To(Destination),
}

/// Where the operator is told what needs a person.
#[derive(Clone, Debug)]
pub struct OperatorWebhook {
    /// An absolute `http` or `https` URL without credentials.
    pub url: String,
    /// What signs each request.
    pub secrets: SigningSecrets,
}

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// `FORWARD_URL` or `FORWARD_QUEUE`, and what belongs to it.
    pub forwarding: Forwarding,
    /// `RETRY_SCHEDULE`
    pub retry_schedule: RetrySchedule,
    /// `DELIVERY_BURST`: sends per run of a portal's object.
    pub delivery_burst: u32,
    /// `RETENTION_DAYS`
    pub retention_days: u32,
    /// `PORTAL_STORAGE_MB` in bytes: what the object of one portal may store.
    pub portal_storage_bytes: i64,
    /// `OPS_WEBHOOK_URL` and its secret; nothing where either is missing or bad.
    pub operator_webhook: Option<OperatorWebhook>,
    /// `LOG_LEVEL`: lines below it are not written.
    pub log_level: Level,
    /// `ADMIN_TOKEN`
    pub admin_token: Option<Secret>,
    /// `READ_TOKENS`
    pub read_tokens: Vec<ClientToken>,
    /// `VAULT_KEY`
    pub vault: Vault,
    /// `B24_SOURCE_IPS`: what the address of a POST is used for.
    pub sources: SourcePolicy,
    /// `B24_*` and `PUBLIC_URL`: whether portals can install the application.
    pub installs: Installs,
    /// `HYDRATE_EVENTS`: an event is forwarded with its object where one of these fits its type.
    pub hydrate_events: Vec<EventGlob>,
    /// `BROKER_TOKENS`: who is handed access tokens.
    pub broker_clients: Vec<ClientToken>,
    /// What is wrong, in the order of the variables.
    pub errors: Vec<ConfigError>,
}

impl Config {
    /// Reads the configuration from the values of variables by their names.
    #[must_use]
    pub fn read(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut reader = VariableReader::new(variable);
        let forwarding = read_forwarding(&mut reader);
        let retry_schedule = reader.parsed("RETRY_SCHEDULE", RetrySchedule::parse).good().unwrap_or_default();
        let delivery_burst = reader.number("DELIVERY_BURST", DEFAULT_DELIVERY_BURST, 1..=MAX_DELIVERY_BURST);
        let retention_days = reader.number("RETENTION_DAYS", DEFAULT_RETENTION_DAYS, 1..=MAX_RETENTION_DAYS);
        let portal_storage_mb =
            reader.number("PORTAL_STORAGE_MB", DEFAULT_PORTAL_STORAGE_MB, 1..=MAX_PORTAL_STORAGE_MB);
        let operator_webhook = read_operator_webhook(&mut reader);
        let log_level = reader.parsed("LOG_LEVEL", Level::parse).good().unwrap_or_default();
        let admin_token = reader.parsed("ADMIN_TOKEN", parse_admin_token).good();
        let read_tokens = reader.parsed("READ_TOKENS", parse_read_tokens).good().unwrap_or_default();
        let vault = reader.parsed("VAULT_KEY", Vault::parse);
        let vault_is_unset = vault.is_unset();
        let vault = vault.good().unwrap_or_default();
        let installs = Installs::read(&mut reader, vault.has_key(), vault_is_unset);
        let sources = reader.parsed("B24_SOURCE_IPS", SourcePolicy::parse).good().unwrap_or_default();
        let hydrate_events = reader.parsed("HYDRATE_EVENTS", EventGlob::parse_list).good().unwrap_or_default();
        let broker_clients = reader.parsed("BROKER_TOKENS", parse_broker_clients).good().unwrap_or_default();
        Self {
            forwarding,
            retry_schedule,
            delivery_burst,
            retention_days,
            portal_storage_bytes: i64::from(portal_storage_mb) * 1_000_000,
            operator_webhook,
            log_level,
            admin_token,
            read_tokens,
            vault,
            sources,
            installs,
            hydrate_events,
            broker_clients,
            errors: reader.into_errors(),
        }
    }
}

fn read_forwarding(reader: &mut VariableReader) -> Forwarding {
    let binding = reader.parsed("FORWARD_BINDING", parse_binding);
    let secrets = reader.parsed("FORWARD_SECRET", SigningSecrets::parse);
    let events = reader.parsed("FORWARD_EVENTS", EventGlob::parse_list);
    let format = reader.parsed("FORWARD_FORMAT", Format::parse);
    let coalesces = reader.parsed("FORWARD_COALESCE", parse_flag);
    let queue = reader.parsed("FORWARD_QUEUE", parse_binding);
    let url = reader.parsed("FORWARD_URL", parse_url);
    if url.is_unset() && queue.is_unset() {
        return Forwarding::Off;
    }
    let mut is_broken = binding.is_bad() || format.is_bad() || coalesces.is_bad();
    if !url.is_unset() && !queue.is_unset() {
        reader.report("FORWARD_QUEUE", "not together with FORWARD_URL: events go to the one or to the other");
        is_broken = true;
    }
    if !url.is_unset() && secrets.is_unset() {
        reader.report("FORWARD_SECRET", "needed with FORWARD_URL: one or two secrets of the form whsec_<base64>");
    }
    let webhook = url
        .good()
        .zip(secrets.good())
        .map(|(url, secrets)| Endpoint::Url(Webhook { url, binding: binding.good(), secrets, headers: Vec::new() }));
    let events = if events.is_unset() { EventGlob::parse_list("*").ok() } else { events.good() };
    match (webhook.or(queue.good().map(Endpoint::Queue)), events) {
        (Some(endpoint), Some(events)) if !is_broken => Forwarding::To(Destination {
            endpoint,
            events,
            format: format.good().unwrap_or_default(),
            coalesces: coalesces.good().unwrap_or(false),
        }),
        _ => Forwarding::Broken,
    }
}

fn read_operator_webhook(reader: &mut VariableReader) -> Option<OperatorWebhook> {
    let secrets = reader.parsed("OPS_WEBHOOK_SECRET", SigningSecrets::parse);
    let url = reader.parsed("OPS_WEBHOOK_URL", parse_url);
    if secrets.is_unset() && !url.is_unset() {
        reader
            .report("OPS_WEBHOOK_SECRET", "needed with OPS_WEBHOOK_URL: one or two secrets of the form whsec_<base64>");
    }
    Some(OperatorWebhook { url: url.good()?, secrets: secrets.good()? })
}

/// What the runtime's `fetch` would refuse anyway, or what would put a credential into a log.
/// Reads a URL that can be called: absolute, `http` or `https`, without credentials.
pub fn parse_url(text: &str) -> Result<String, &'static str> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .ok_or("an absolute URL that begins with https:// or http://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "443"));
    if text.len() > MAX_URL_LENGTH {
        return Err("a URL of at most 2048 characters");
    }
    if !text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
        return Err("a URL without white space and in ASCII");
    }
    if authority.contains('@') {
        return Err("a URL without a user name and a password");
    }
    if host.is_empty() || port.parse::<u16>().map_or(true, |port| port == 0) {
        return Err("a URL with a host and, where it has one, a port from 1 to 65535");
    }
    Ok(text.to_owned())
}

/// Reads the name of a binding.
pub fn parse_binding(text: &str) -> Result<String, &'static str> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if text.bytes().all(allowed) { Ok(text.to_owned()) } else { Err("the name of a binding: letters, digits and `_`") }
}

fn parse_flag(text: &str) -> Result<bool, &'static str> {
    text.parse().map_err(|_| "`true` or `false`")
}

fn parse_admin_token(text: &str) -> Result<Secret, String> {
    if text.len() >= MIN_ADMIN_TOKEN_LENGTH {
        Ok(Secret::new(text))
    } else {
        Err(format!("at least {MIN_ADMIN_TOKEN_LENGTH} characters"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn read(variables: &[(&str, &str)]) -> Config {
        Config::read(&|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    fn broken_variables(variables: &[(&str, &str)]) -> Vec<&'static str> {
        read(variables).errors.iter().map(|error| error.variable).collect()
    }

    #[test]
    fn nothing_set_is_a_relay_that_only_logs() {
        let config = read(&[]);
        assert!(matches!(config.forwarding, Forwarding::Off));
        assert_eq!((config.delivery_burst, config.retention_days), (40, 30));
        assert!(config.admin_token.is_none() && matches!(config.installs, Installs::Off) && config.errors.is_empty());
    }

    #[test]
    fn a_destination_needs_a_url_and_a_secret() {
        let config = read(&[("FORWARD_URL", "https://a.example/hook"), ("FORWARD_SECRET", SECRET)]);
        let Forwarding::To(Destination { endpoint: Endpoint::Url(webhook), format, coalesces, .. }) = config.forwarding
        else {
            panic!("{:?}", config.forwarding);
        };
        assert_eq!((webhook.url.as_str(), format, coalesces), ("https://a.example/hook", Format::Structured, false));
        let config = read(&[("FORWARD_URL", "https://a.example/hook")]);
        assert!(matches!(config.forwarding, Forwarding::Broken));
        assert_eq!(config.errors[0].variable, "FORWARD_SECRET");
    }

    #[test]
    fn the_operator_is_told_where_a_url_and_a_secret_are_set() {
        let good = [("OPS_WEBHOOK_URL", "https://ops.example/hook"), ("OPS_WEBHOOK_SECRET", SECRET)];
        assert!(read(&good).operator_webhook.is_some_and(|webhook| webhook.url == "https://ops.example/hook"));
        for (broken, variable) in [
            (vec![good[0]], "OPS_WEBHOOK_SECRET"),
            (vec![good[0], ("OPS_WEBHOOK_SECRET", "whsec_short")], "OPS_WEBHOOK_SECRET"),
            (vec![good[1], ("OPS_WEBHOOK_URL", "ops.example")], "OPS_WEBHOOK_URL"),
        ] {
            assert_eq!(broken_variables(&broken), [variable]);
            assert!(read(&broken).operator_webhook.is_none());
        }
    }

    #[test]
    fn one_bad_part_of_a_destination_makes_events_wait() {
        for (variable, value) in [
            ("FORWARD_URL", "ftp://a.example"),
            ("FORWARD_URL", "https://"),
            ("FORWARD_URL", "https://user:pass@a.example/"),
            ("FORWARD_URL", "https://a.example/a b"),
            ("FORWARD_URL", "https://a.example:0/"),
            ("FORWARD_URL", "not a url"),
            ("FORWARD_SECRET", "whsec_short"),
            ("FORWARD_EVENTS", "calendar.*,,"),
            ("FORWARD_FORMAT", "xml"),
            ("FORWARD_BINDING", "a-b"),
            ("FORWARD_COALESCE", "yes"),
            ("FORWARD_QUEUE", "EVENTS"),
        ] {
            let good = [("FORWARD_URL", "https://a.example/"), ("FORWARD_SECRET", SECRET)];
            let all: Vec<_> = [(variable, value)].into_iter().chain(good).collect();
            assert!(matches!(read(&all).forwarding, Forwarding::Broken), "{variable}={value}");
            assert_eq!(broken_variables(&all), [variable], "{value}");
        }
    }

    #[test]
    fn a_queue_needs_no_url_and_no_secret() {
        let config = read(&[("FORWARD_QUEUE", "EVENTS"), ("FORWARD_FORMAT", "batch"), ("FORWARD_COALESCE", "true")]);
        let Forwarding::To(destination) = config.forwarding else {
            panic!("{:?}", config.errors);
        };
        assert!(matches!(destination.endpoint, Endpoint::Queue(binding) if binding == "EVENTS"));
        assert_eq!((destination.format, destination.coalesces), (Format::Batch, true));
    }

    #[test]
    fn a_bad_number_is_named_and_its_default_is_used() {
        let config = read(&[("DELIVERY_BURST", "0"), ("RETENTION_DAYS", "soon"), ("RETRY_SCHEDULE", "5,x")]);
        assert_eq!((config.delivery_burst, config.retention_days), (40, 30));
        assert_eq!(config.retry_schedule, RetrySchedule::default());
        let names: Vec<_> = config.errors.iter().map(|error| error.variable).collect();
        assert_eq!(names, ["RETRY_SCHEDULE", "DELIVERY_BURST", "RETENTION_DAYS"]);
    }

    #[test]
    fn an_application_names_what_it_still_needs() {
        assert_eq!(broken_variables(&[("B24_CLIENT_ID", "local.1")]), ["B24_CLIENT_SECRET", "VAULT_KEY", "PUBLIC_URL"]);
        assert_eq!(broken_variables(&[("VAULT_KEY", "c2hvcnQ=")]), ["VAULT_KEY"]);
    }

    #[test]
    fn addresses_are_observed_unless_something_else_is_wanted() {
        for (text, policy) in [
            ("", SourcePolicy::Observe),
            ("off", SourcePolicy::Off),
            ("observe", SourcePolicy::Observe),
            ("require", SourcePolicy::Require),
        ] {
            let config = read(&[("B24_SOURCE_IPS", text)]);
            assert_eq!((config.sources, config.errors.len()), (policy, 0), "{text}");
        }
        assert_eq!(read(&[("B24_SOURCE_IPS", "yes")]).sources, SourcePolicy::Observe, "a mistake refuses nobody");
        assert_eq!(broken_variables(&[("B24_SOURCE_IPS", "yes")]), ["B24_SOURCE_IPS"]);
    }

    #[test]
    fn an_error_never_repeats_a_value() {
        let config = read(&[
            ("ADMIN_TOKEN", "hunter2"),
            ("FORWARD_SECRET", "hunter2"),
            ("VAULT_KEY", "hunter2"),
            ("READ_TOKENS", "hunter2"),
        ]);
        assert_eq!(config.errors.len(), 4);
        assert!(config.errors.iter().all(|error| !error.message.contains("hunter2")));
        assert!(config.admin_token.is_none());
    }
}
