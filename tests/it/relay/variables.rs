//! `wrangler.toml` and the code name the same variables, and mean the same cron trigger.

use crate::support::relay::{CRON, MINUTE};
use bitrix24_edge_relay::domain::config::{Config, Forwarding};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

fn wrangler_toml() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/wrangler.toml");
    std::fs::read_to_string(path).expect("wrangler.toml is there")
}

/// A line such as `NAME = "value"`.
fn assignment(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(" = ")?;
    let is_name = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let value = value.strip_prefix('"')?.split('"').next()?;
    is_name.then(|| (name.to_owned(), value.to_owned()))
}

/// What follows `[vars]`: the variables that are set, those that stand there as a comment, and the secrets.
fn variables() -> (BTreeMap<String, String>, BTreeMap<String, String>, BTreeSet<String>) {
    let text = wrangler_toml();
    let (_, vars) = text.split_once("\n[vars]\n").expect("there is a table of variables");
    let set = vars.lines().filter_map(assignment).collect();
    let comments = || vars.lines().filter_map(|line| line.strip_prefix("# ").or_else(|| line.strip_prefix("#   ")));
    let unset = comments().filter_map(assignment).collect();
    let secrets = comments().filter_map(|line| line.trim().strip_prefix("npx wrangler secret put "));
    (set, unset, secrets.map(str::to_owned).collect())
}

/// All names that the code asks for.
fn names_read() -> BTreeSet<String> {
    let names = RefCell::new(BTreeSet::new());
    drop(Config::read(&|name| {
        names.borrow_mut().insert(name.to_owned());
        // Some are looked at only beside it.
        (name == "B24_CLIENT_ID").then(|| "local.1".to_owned())
    }));
    names.into_inner()
}

#[test]
fn every_variable_of_wrangler_toml_is_read_and_every_one_that_is_read_stands_there() {
    let (set, unset, secrets) = variables();
    let named: BTreeSet<String> = set.keys().chain(unset.keys()).chain(&secrets).cloned().collect();
    let read = names_read();
    let missing: Vec<_> = read.difference(&named).collect();
    assert!(missing.is_empty(), "wrangler.toml does not name {missing:?}");
    let unread: Vec<_> = named.difference(&read).collect();
    assert!(unread.is_empty(), "nothing reads {unread:?}");
    assert!(secrets.is_disjoint(&set.keys().chain(unset.keys()).cloned().collect()), "a secret has no value here");
    assert_eq!(secrets.len(), 7);
}

/// Without it every event that was answered `queued` would be lost, and no lost alarm set again.
#[test]
fn the_cron_trigger_of_wrangler_toml_fires_as_often_as_the_code_counts_on() {
    let text = wrangler_toml();
    let (_, triggers) = text.split_once("\n[triggers]\n").expect("there is a table of triggers");
    assert_eq!(triggers.lines().next(), Some(format!("crons = [\"*/{} * * * *\"]", CRON / MINUTE).as_str()));
}

#[test]
fn the_readme_lists_every_variable_and_no_other() {
    let text = include_str!("../../../README.md");
    let (_, table) = text.split_once("\n## Configuration\n").expect("README.md has the section");
    let table = table.split("\n## ").next().unwrap_or_default();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" | ")).map(|(names, _)| names);
    let is_name = |text: &&str| text.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase());
    let listed: BTreeSet<String> = rows.flat_map(|names| names.split('`').filter(is_name)).map(str::to_owned).collect();
    assert_eq!(listed, names_read());
}

#[test]
fn what_wrangler_toml_sets_is_sound_and_is_the_default() {
    let (set, _, _) = variables();
    let config = Config::read(&|name| set.get(name).cloned());
    assert_eq!(config.errors, []);
    let default = Config::read(&|_| None);
    assert!(matches!(config.forwarding, Forwarding::Off));
    assert_eq!(config.retry_schedule, default.retry_schedule);
    assert_eq!(config.delivery_burst, default.delivery_burst);
    assert_eq!(config.retention_days, default.retention_days);
}

#[test]
fn the_examples_in_the_comments_are_sound_together_with_their_secrets() {
    let (set, unset, _) = variables();
    let secrets = BTreeMap::from([
        ("FORWARD_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("OPS_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("ADMIN_TOKEN", "an-operator-knows-this"),
        ("B24_CLIENT_SECRET", "a secret of an application"),
        ("VAULT_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("BROKER_TOKENS", r#"[{"name": "billing", "token": "0123456789abcdef", "portals": ["*"]}]"#),
    ]);
    let config = Config::read(&|name| {
        let secret = secrets.get(name).map(|value| (*value).to_owned());
        // Events go to a URL or to a queue, not to both.
        let example = unset.get(name).filter(|_| name != "FORWARD_QUEUE").cloned();
        secret.or(example).or_else(|| set.get(name).cloned())
    });
    assert_eq!(config.errors, []);
    assert!(matches!(config.forwarding, Forwarding::To(_)) && config.installs.application().is_some());
}
