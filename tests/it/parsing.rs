//! What Bitrix24 sends is read as PHP reads it.

use crate::fixtures::{self, reading};
use bitrix24_edge_relay::domain::body::BodyFormat::{Form, Json};
use bitrix24_edge_relay::domain::catalogue::{self, Verb};

#[test]
fn every_documented_post_is_read_as_php_reads_it() {
    let payloads = fixtures::wire_payloads();
    assert_eq!(payloads.len(), 106);
    for payload in payloads {
        assert_eq!(reading(Form, payload.body.as_bytes()), Ok(payload.parsed), "{}", payload.event);
    }
}

#[test]
fn a_documented_post_sent_as_json_is_read_like_the_form() {
    let (documented, sent) = (fixtures::documented_events(), fixtures::wire_payloads());
    assert_eq!(documented.len(), sent.len());
    for (documented, sent) in documented.into_iter().zip(sent) {
        assert_eq!(documented.event, sent.event);
        let json = documented.payload.get().as_bytes();
        assert_eq!(reading(Json, json), Ok(sent.parsed), "{}", sent.event);
    }
}

#[test]
fn every_edge_case_is_read_as_php_reads_it() {
    for case in fixtures::edge_cases() {
        assert_eq!(reading(Form, case.body.as_bytes()).as_ref(), Ok(&case.parsed), "{}", case.case);
        if let Some(value) = case.value {
            assert_eq!(reading(Json, value.get().as_bytes()), Ok(case.parsed), "{}", case.case);
        }
    }
}

#[test]
fn the_catalogue_is_the_one_of_the_facts() {
    let facts = fixtures::catalogue();
    assert_eq!(facts.len(), 214);
    assert_eq!(catalogue::all().count(), facts.len(), "the table holds nothing else");
    for fact in facts {
        let entry = catalogue::find(&fact.event).unwrap_or_else(|| panic!("{} is not in the table", fact.event));
        let verb = match entry.verb {
            Verb::Add => "add",
            Verb::Update => "update",
            Verb::Delete => "delete",
            Verb::Other => "other",
        };
        assert_eq!((entry.event, entry.kind, verb), (&*fact.event, &*fact.kind, &*fact.verb));
        assert_eq!(entry.subject, fact.id_paths, "{}", fact.event);
    }
}
