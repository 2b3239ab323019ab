//! What `docs/openapi.json` and `docs/API.md` say is what the code does.

use crate::support::relay::Relay;
use bitrix24_edge_relay::domain::route::Route;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const DOCUMENT: &str = include_str!("../../../docs/openapi.json");
const GUIDE: &str = include_str!("../../../docs/API.md");
const ROUTES: &str = include_str!("../../../src/domain/route.rs");
const PROBLEMS: &str = include_str!("../../../src/domain/problem.rs");
const PORTAL_STATES: &str = include_str!("../../../src/app/portal/portal_status.rs");
const AUTHORISATION_STATES: &str = include_str!("../../../src/domain/application/authorisation.rs");

fn document() -> Value {
    serde_json::from_str(DOCUMENT).expect("it is JSON")
}

/// The paths of the document, each with its operations by method.
fn paths() -> BTreeMap<String, BTreeMap<String, Value>> {
    let methods = ["get", "put", "post", "delete", "patch"];
    let document = document();
    let paths = document["paths"].as_object().expect("there are paths");
    let operations = |item: &Value| {
        let item = item.as_object().expect("a path has operations");
        let operations = item.iter().filter(|(name, _)| methods.contains(&name.as_str()));
        operations.map(|(name, operation)| (name.to_uppercase(), operation.clone())).collect()
    };
    paths.iter().map(|(path, item)| (path.clone(), operations(item))).collect()
}

/// A path with its parameters left blank.
fn blank(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// A path with values in place of its parameters.
fn filled(path: &str) -> String {
    path.replace("{sha256}", &"0".repeat(64))
        .replace("{id}", "01939d5e-1a2b-7c3d-8e4f-0123456789ab")
        .replace("{number}", "1")
        .replace(['{', '}'], "")
}

#[test]
fn every_route_is_described_and_no_other() {
    // Each arm of `Route::find`: quoted segments stand as they are, others are parameters.
    let arms = ROUTES.lines().filter_map(|line| line.trim().strip_prefix('[')?.split_once("] => ")).map(|(arm, _)| arm);
    let segment = |text: &str| text.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"')).map(str::to_owned);
    let path = |arm: &str| {
        let segments = arm.split(',').map(|text| segment(text).unwrap_or_else(|| "{}".to_owned()));
        format!("/{}", segments.collect::<Vec<_>>().join("/"))
    };
    let routed: BTreeSet<String> = arms.map(path).collect();
    let described: BTreeSet<String> = paths().keys().map(|path| blank(path)).collect();
    assert!(routed.len() > 10, "{routed:?}");
    assert_eq!(described, routed);
}

#[test]
fn every_method_is_described_and_no_other() {
    for (path, operations) in paths() {
        let route = Route::find(&filled(&path)).unwrap_or_else(|| panic!("{path} is no route"));
        let allowed: BTreeSet<&str> = route.allow().split(", ").filter(|method| *method != "HEAD").collect();
        assert_eq!(operations.keys().map(String::as_str).collect::<BTreeSet<_>>(), allowed, "{path}");
        for (method, operation) in operations {
            let is_open = operation["security"].as_array().is_some_and(Vec::is_empty);
            assert_eq!(is_open, route.is_open(), "{method} {path}");
            let is_for_readers = operation["tags"] == serde_json::json!(["Reading"]);
            assert_eq!(is_for_readers, route.reading(&method).is_some(), "{method} {path}");
        }
    }
}

#[test]
fn the_guide_lists_every_problem_with_its_status() {
    // Each arm of `Code::parts`.
    let arms = PROBLEMS.lines().filter_map(|line| line.trim().strip_prefix("Self::")?.split_once(" => (\""));
    let problems: BTreeSet<(String, String)> = arms
        .filter_map(|(_, parts)| {
            let (code, rest) = parts.split_once("\", ")?;
            Some((code.to_owned(), rest.split(',').next()?.to_owned()))
        })
        .collect();
    let rows = GUIDE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let listed: BTreeSet<(String, String)> = rows
        .filter_map(|(code, rest)| Some((code.to_owned(), rest.split(' ').next()?.to_owned())))
        .filter(|(_, status)| status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit()))
        .collect();
    assert!(problems.len() > 15, "{problems:?}");
    assert_eq!(listed, problems);
}

/// The states of an enum, by the arms of its `as_str`.
fn states(source: &str) -> BTreeSet<&str> {
    let arms = source.lines().filter_map(|line| line.trim().strip_prefix("Self::")?.split_once(" => \""));
    arms.filter_map(|(_, text)| text.strip_suffix("\",")).collect()
}

#[test]
fn every_state_of_a_portal_and_of_its_application_is_described_and_no_other() {
    let schemas = &document()["components"]["schemas"];
    let listed = |schema: &Value| schema["enum"].as_array().expect("it lists its values").clone();
    for (source, described) in [
        (PORTAL_STATES, listed(&schemas["PortalState"])),
        (AUTHORISATION_STATES, listed(&schemas["Application"]["properties"]["state"])),
    ] {
        assert!(!described.is_empty());
        assert_eq!(described.iter().filter_map(Value::as_str).collect::<BTreeSet<_>>(), states(source));
    }
}

#[test]
fn the_relay_hands_out_its_description() {
    let relay = Relay::new();
    let mut request = Relay::admin_request("GET", "/openapi.json", &Value::Null);
    request.headers.clear();
    let answer = relay.send(request);
    assert_eq!((answer.status, answer.json()), (200, document()));
}
