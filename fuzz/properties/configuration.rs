//! The variables of `wrangler.toml`: a bad value is one error that names its variable and does not repeat the value.

use bitrix24_edge_relay::domain::config::Config;
use std::collections::BTreeMap;

/// Values under this length are in many an innocent message.
const TELLING_BYTES: usize = 8;
const SECRETS: [&str; 7] = [
    "FORWARD_SECRET",
    "ADMIN_TOKEN",
    "B24_CLIENT_SECRET",
    "VAULT_KEY",
    "READ_TOKENS",
    "BROKER_TOKENS",
    "OPS_WEBHOOK_SECRET",
];
/// What they call their tokens, and the portals of these, is no secret.
const WITH_NAMES: [&str; 2] = ["READ_TOKENS", "BROKER_TOKENS"];

/// Takes each line `NAME=value` as a variable.
pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let variables: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let config = Config::read(&|name| variables.get(name).map(|value| (*value).to_owned()));
    let printed = format!("{config:?}");
    for (of, secret) in SECRETS.iter().filter_map(|name| Some((name, variables.get(name)?.trim()))) {
        let may_be_told = |name: &&str| !SECRETS.contains(name) || (WITH_NAMES.contains(name) && name != of);
        let is_elsewhere = variables.iter().any(|(name, value)| may_be_told(name) && value.contains(secret));
        let is_told = secret.len() >= TELLING_BYTES && !is_elsewhere && printed.contains(secret);
        assert!(!is_told || is_of_this_program(&variables, secret), "a secret is printed");
    }
    for error in &config.errors {
        let value = variables.get(error.variable).map_or("", |value| value.trim());
        let repeats = value.len() >= TELLING_BYTES && error.message.contains(value);
        assert!(!repeats || is_of_this_program(&variables, value), "the error of {} repeats its value", error.variable);
    }
}

/// Whether the text stands in what is printed of no variables at all, or in the message of an error, or is printed where no
/// variable has it in its value: it is no secret then.
fn is_of_this_program(variables: &BTreeMap<&str, &str>, text: &str) -> bool {
    let nothing = Config::read(&|_| None);
    let all_bad = Config::read(&|name| Some(format!("\u{1}{name}")));
    let without = Config::read(&|name| {
        let value = *variables.get(name)?;
        Some(if value.contains(text) { "\u{1}" } else { value }.to_owned())
    });
    // `Debug` escapes what a message quotes.
    let is_said = |config: &Config| config.errors.iter().any(|error| error.message.contains(text));
    is_said(&all_bad) || is_said(&without) || format!("{nothing:?}{all_bad:?}{without:?}").contains(text)
}
