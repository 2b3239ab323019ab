//! `docs/alerts.yaml` speaks of metrics that there are. `promtool` checks the rest (`scripts/checks/alerts.mjs`).

use std::collections::BTreeSet;

const ALERTS: &str = include_str!("../../../docs/alerts.yaml");
const TESTS: &str = include_str!("../../../docs/alerts.test.yaml");
const GUIDE: &str = include_str!("../../../docs/OPERATIONS.md");
const SOURCE: &str = include_str!("../../../src/app/edge/metrics.rs");
const PREFIX: &str = "bitrix24_relay_";

/// The values of a member of the rules, in order.
fn values(text: &'static str, name: &str) -> Vec<&'static str> {
    text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix(name)).collect()
}

/// The names of metrics in a text, without what a histogram adds to them.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let names = text.split(PREFIX).skip(1).map(|rest| {
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name).to_owned()
    });
    names.collect()
}

/// The names of all metrics that the code tells.
fn told() -> BTreeSet<String> {
    let code = SOURCE.split_whitespace().collect::<Vec<_>>().join(" ");
    let begun = ["begin( \"", "begin(\"", "of_each(\"", "of_each( \""].iter().flat_map(|call| code.split(call).skip(1));
    let table =
        code.split("const TOLD").nth(1).and_then(|rest| rest.split("fn tell_deliveries").next()).expect("it is there");
    let listed =
        table.split("Kind::").filter_map(|before| before.rsplit_once('"')?.0.rsplit_once('"').map(|(_, name)| name));
    let name = |rest: &str| rest.split('"').next().unwrap_or_default().to_owned();
    let names: BTreeSet<String> = begun.map(name).chain(listed.map(str::to_owned)).collect();
    let is_name = |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    names.into_iter().filter(is_name).collect()
}

#[test]
fn every_metric_of_an_alert_is_told_and_every_metric_is_in_the_guide() {
    let told = told();
    assert!(told.len() > 20, "{told:?}");
    let alerted = metrics_in(&values(ALERTS, "expr: ").join(" "));
    assert!(alerted.len() > 12, "{alerted:?}");
    assert!(alerted.is_subset(&told), "nothing tells {:?}", alerted.difference(&told));
    let missing: Vec<_> = told.iter().filter(|name| !GUIDE.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/OPERATIONS.md does not have {missing:?}");
}

#[test]
fn every_alert_says_what_to_do_and_is_tested_both_ways() {
    let alerts = values(ALERTS, "alert: ");
    assert!(alerts.len() > 10, "{alerts:?}");
    for member in ["expr: ", "for: ", "labels: ", "summary: ", "action: "] {
        assert_eq!(values(ALERTS, member).len(), alerts.len(), "{member}");
    }
    let tests: BTreeSet<&str> = values(TESTS, "name: ").into_iter().collect();
    for alert in alerts {
        for test in ["is quiet", "fires"] {
            assert!(tests.contains(format!("{alert} {test}").as_str()), "there is no test in which {alert} {test}");
        }
    }
}
