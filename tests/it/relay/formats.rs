//! Formats that outlive a release, pinned as literal text.
//!
//! What is stored is read by every later release, and by the one before where a deployment is taken back. What objects say to
//! each other is read by the other release for the minutes of a deployment. Where one of these tests fails, old data must
//! still be readable: add a member with a default or a migration, and leave what stands here as a second case.

use crate::support::destination::Answer;
use crate::support::post::{MEMBER, OTHER_TOKEN, Post, TOKEN};
use crate::support::relay::{Relay, hash};
use crate::support::storage::Storage;
use bitrix24_edge_relay::app::directory::command::{DirectoryCommand, DirectoryReply};
use bitrix24_edge_relay::app::portal::command::{PortalCommand, PortalReply};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::fmt::Debug;
/// The rows of a table, column by column.
fn rows(storage: &Storage, table: &str) -> Vec<String> {
    storage.rows(&format!("SELECT * FROM {table}"))
}

/// A relay that has something in every table: one event delivered, one that failed, and held ones.
fn relay_with_everything() -> Relay {
    let relay = Relay::new();
    relay.post(&Post::new(TOKEN, 1));
    relay.register(TOKEN);
    relay.destination().answers([Answer::Status(422)]);
    relay.accept(&Post::new(TOKEN, 2));
    // Nobody vouches for it, and another is heard: a tenth of a second.
    relay.post(&Post::new(OTHER_TOKEN, 3));
    relay.post(&Post::new(OTHER_TOKEN, 4).of("stranger"));
    relay
}

/// An object of the next release starts on these rows.
#[test]
fn the_rows_of_a_portal_keep_their_format() {
    let relay = relay_with_everything();
    let portal = relay.portal();
    let pinned = [
        ("schema_version", "version=12"),
        (
            "portal",
            "only=1|member_id=a223c6b3710f85df22e9377d6c4f7553|domain=some-domain.bitrix24.com|record_due_at=NULL|\
             report_due_at=NULL|reported_at=1767603600000|reported_head=1|reported_busy=0|dropped=0|revoked=0",
        ),
        (
            "token",
            "sha256=0813e009a92b810d4a5854f9650472c1e719ef6eded37ca4a3de755437047750|label=NULL|kind=app|status=active|\
             added_at=1767603600000|ended_at=NULL",
        ),
        (
            "destination",
            "name=default|cursor=2|target=f5a1a0fa8f1f509ea9a31c0d09f83a352f1d09f89d3cc8093d4107bba1179934|circuit=NULL|paused=NULL|\
             settings=NULL|sealed=NULL|removed_at=NULL|tally={\"totals\":{\"delivered\":1,\"retried\":1,\"failed\":0},\
             \"latency\":{\"le_seconds\":[0.1,0.25,0.5,1.0,2.5,10.0,60.0,600.0,3600.0,21600.0,86400.0],\
             \"counts\":[1,0,0,0,0,0,0,0,0,0,0,0],\"sum_seconds\":0.0}}",
        ),
        (
            "delivery",
            "destination=default|seq=2|state=retrying|attempts=1|due_at=1767603604492|error=the destination answered 422|\
             history=[{\"attempt\":1,\"at\":\"2026-01-05T09:00:00.000Z\",\"error\":\"the destination answered 422\"}]|\
             tally=NULL|outcomes=NULL",
        ),
        (
            "release",
            "sha256=0813e009a92b810d4a5854f9650472c1e719ef6eded37ca4a3de755437047750|taken_to=1810026086400000|\
             due_at=1767603660000|settled_at=1767603660000",
        ),
    ];
    for (table, row) in pinned {
        assert_eq!(rows(&portal.storage, table), [row], "{table}");
    }
    assert_eq!(
        rows(&portal.storage, "log")[0],
        concat!(
            "seq=1|id=019b8d62-7a80-7d76-b674-ec79cfea8b8e|logged_at=1767603600000|type=calendar.entry.add|subject=1|removed=0|",
            r#"bytes=425|event={"specversion":"1.0","id":"019b8d62-7a80-7d76-b674-ec79cfea8b8e","#,
            r#""source":"https://some-domain.bitrix24.com","type":"com.bitrix24.calendar.entry.add","subject":"1","#,
            r#""time":"2024-12-19T11:39:09Z","datacontenttype":"application/json","data":{"id":"1","FIELDS":{"ID":"1"},"#,
            r#""filling":""},"b24event":"ONCALENDARENTRYADD","b24memberid":"a223c6b3710f85df22e9377d6c4f7553","#,
            r#""b24handlerid":"4","b24receivedat":"2026-01-05T09:00:00.000Z"}"#
        )
    );
    assert_eq!(
        rows(&portal.storage, "held"),
        [concat!(
            "number=1810026086502400|id=019b8d62-7a80-7d7d-b7f5-5aeced52f609|member_id=a223c6b3710f85df22e9377d6c4f7553|",
            "sha256=e4b92bc991c9d71fc200e85100713bfa1c65a6a82b8ad926be7f489aa2fce39e|held_at=1767603600100|bytes=616|",
            r#"event={"id":"019b8d62-7a80-7d7d-b7f5-5aeced52f609","event_type":"calendar.entry.add","subject":"3","#,
            r#""occurred_at":1734608349000,"json":"{\"specversion\":\"1.0\",\"id\":\"019b8d62-7a80-7d7d-b7f5-5aeced52f609\","#,
            r#"\"source\":\"https://some-domain.bitrix24.com\",\"type\":\"com.bitrix24.calendar.entry.add\",\"subject\":\"3\","#,
            r#"\"time\":\"2024-12-19T11:39:09Z\",\"datacontenttype\":\"application/json\",\"data\":{\"id\":\"3\","#,
            r#"\"FIELDS\":{\"ID\":\"3\"},\"filling\":\"\"},\"b24event\":\"ONCALENDARENTRYADD\","#,
            r#"\"b24memberid\":\"a223c6b3710f85df22e9377d6c4f7553\",\"b24handlerid\":\"4\","#,
            r#"\"b24receivedat\":\"2026-01-05T09:00:00.000Z\"}"}"#
        )]
    );
}

/// The row with N for the size of the storage, which changes with every table.
fn without_size(row: &str) -> String {
    let (before, after) = row.split_once("\"bytes\":").expect("a report tells the size");
    format!("{before}\"bytes\":N{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// The Directory of the next release starts on these rows.
#[test]
fn the_rows_of_the_directory_keep_their_format() {
    let relay = relay_with_everything();
    let storage = &relay.world.directory().storage;
    assert_eq!(rows(storage, "schema_version"), ["version=6"]);
    assert_eq!(rows(storage, "dropped"), ["only=1|newest=1810026086400000"]);
    let portals: Vec<String> = rows(storage, "portal").iter().map(|row| without_size(row)).collect();
    assert_eq!(
        portals,
        [concat!(
            "member_id=a223c6b3710f85df22e9377d6c4f7553|next_due_at=1767603600000|report={",
            r#""member_id":"a223c6b3710f85df22e9377d6c4f7553","domain":"some-domain.bitrix24.com","state":"active","#,
            r#""last_seq":1,"storage":{"bytes":N,"limit_bytes":4000000000,"dropped":0},"events_today":1,"#,
            r#""delivery":{"cursor":0,"pending":1,"retrying":0,"failed":0,"due_since":"2026-01-05T09:00:00.000Z"},"#,
            r#""last_event_at":"2026-01-05T09:00:00.000Z","#,
            r#""held":[],"reported_at":"2026-01-05T09:00:00.000Z"}|check_at=1767604200000"#
        )]
    );
    assert_eq!(rows(storage, "place"), ["number=1|member_id=a223c6b3710f85df22e9377d6c4f7553"]);
    let held = rows(storage, "held");
    let columns: Vec<&str> =
        held[0].splitn(7, '|').map(|column| column.split('=').next().unwrap_or_default()).collect();
    assert_eq!(columns, ["number", "id", "member_id", "sha256", "held_at", "bytes", "event"]);
}

/// Every isolate of every release reads it, and people write it.
#[test]
fn the_record_in_kv_keeps_its_format() {
    let relay = relay_with_everything();
    assert_eq!(
        relay.kv().newest(&format!("install:{MEMBER}")).as_deref(),
        Some(concat!(
            r#"{"member_id":"a223c6b3710f85df22e9377d6c4f7553","domain":"some-domain.bitrix24.com","tokens":[{"#,
            r#""sha256":"0813e009a92b810d4a5854f9650472c1e719ef6eded37ca4a3de755437047750","kind":"app","status":"active","#,
            r#""added_at":"2026-01-05T09:00:00.000Z"}],"updated_at":"2026-01-05T09:00:00.000Z"}"#
        ))
    );
}

/// Reads each text, and writes it again.
fn keeps_format<T: Serialize + DeserializeOwned + Debug>(texts: &[&str]) {
    for text in texts {
        let text = text.replace("HASH", &hash(TOKEN)).replace("EVENT", EVENT);
        let value: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(serde_json::to_string(&value).expect("it is JSON"), text, "{value:?}");
    }
}

const EVENT: &str = concat!(
    r#"{"id":"019b8d62-7a80-7d76-b674-ec79cfea8b8e","event_type":"crm.deal.add","subject":"1","#,
    r#""occurred_at":1734608349000,"json":"{}"}"#
);

/// The Worker and the object of a portal may be of different releases.
#[test]
fn commands_to_a_portal_keep_their_format() {
    keeps_format::<PortalCommand>(&[
        r#"{"Append":[{"sha256":"HASH","event":EVENT,"may_be_repeated":false}]}"#,
        r#"{"Append":[{"sha256":"HASH","event":EVENT,"may_be_repeated":false,"may_be_held":true}]}"#,
        r#"{"Drain":[{"sha256":"HASH","event":EVENT,"may_be_repeated":true}]}"#,
        r#"{"Adopt":{"member_id":"m","record":{"tokens":[{"sha256":"HASH","kind":"webhook","status":"active"}]}}}"#,
        r#"{"Register":{"member_id":"m","sha256":"HASH","kind":"app","label":"calendar","domain":"a.bitrix24.com"}}"#,
        r#"{"Revoke":{"sha256":"HASH"}}"#,
        r#"{"Revoke":{"sha256":null}}"#,
        r#""Status""#,
        r#""Follow""#,
        r#""Check""#,
        r#""Consumers""#,
        r#"{"Acknowledge":{"name":"crm","seq":5,"force":false}}"#,
        r#"{"RemoveConsumer":{"name":"crm"}}"#,
        r#"{"ReadLog":{"after":0,"limit":50,"event_type":null,"subject":null,"since":null,"consumer":"crm"}}"#,
        r#"{"ReadLog":{"after":5,"limit":50,"event_type":"crm.*","subject":"1","since":1734608349000}}"#,
        r#"{"ReadLog":{"after":0,"limit":50,"event_type":null,"subject":null,"since":null}}"#,
        r#"{"Activity":{"minutes":60}}"#,
    ]);
}

/// See above.
#[test]
fn commands_about_destinations_and_deliveries_keep_their_format() {
    let settings = concat!(
        r#"{"url":"https://a.some-company.com/","binding":"INTERNAL","events":["crm.*"],"format":"batch","coalesce":true,"#,
        r#""headers":["authorization"]}"#
    );
    let query = r#"{"destination":"crm","state":"failed","from":1734608349000,"to":1734608349001,"after":5,"rate":10}"#;
    let id = "019b8d62-7a80-7d76-b674-ec79cfea8b8e";
    keeps_format::<PortalCommand>(&[
        r#"{"Destination":"List"}"#,
        &format!(
            r#"{{"Destination":{{"Create":{{"name":"crm","settings":{settings},"sealed":"v1.x.y","paused":false}}}}}}"#
        ),
        r#"{"Destination":{"Create":{"name":"q","settings":{"queue":"Q","events":["*"],"format":"structured","coalesce":false},"sealed":null,"paused":true}}}"#,
        r#"{"Destination":{"Change":{"name":"crm","change":{"url":"https://a.some-company.com/","binding":"","events":["*"],"format":"binary","coalesce":false,"headers":[]},"sealed":"v1.x.y","paused":null}}}"#,
        r#"{"Destination":{"Change":{"name":"crm","change":{},"sealed":null,"paused":true}}}"#,
        r#"{"Destination":{"Remove":{"name":"crm"}}}"#,
        r#"{"TestDestination":{"name":"crm"}}"#,
        r#"{"Destination":{"RotateSecret":{"name":"crm","sealed":"v1.x.y","overlap_seconds":86400}}}"#,
        &format!(r#"{{"Delivery":{{"Event":{{"id":"{id}"}}}}}}"#),
        r#"{"Delivery":{"List":{"after":0,"limit":50,"state":"pending","destination":null}}}"#,
        &format!(r#"{{"Delivery":{{"CountReplay":{query}}}}}"#),
        &format!(r#"{{"Delivery":{{"Replay":{{"id":7,"query":{query}}}}}}}"#),
        &format!(r#"{{"Delivery":{{"ReplayEvent":{{"id":7,"event":"{id}","destination":"crm"}}}}}}"#),
        r#"{"Delivery":"Replays"}"#,
        r#"{"Delivery":{"CancelReplay":{"id":7}}}"#,
    ]);
    let delivery = r#"{"cursor":2,"pending":0,"retrying":0,"failed":0}"#;
    let destination = format!(
        r#"{{"name":"crm",{},"paused":false,"previous_secret_until":"2026-01-05T09:00:00.000Z","delivery":{delivery}}}"#,
        &settings[1..settings.len() - 1]
    );
    let default =
        format!(r#"{{"name":"default","paused":false,"error":"a variable is broken","delivery":{delivery}}}"#);
    keeps_format::<PortalReply>(&[
        &format!(r#"{{"Destination":{{"All":[{default},{destination}]}}}}"#),
        &format!(r#"{{"Destination":{{"One":{destination}}}}}"#),
        r#"{"Destination":"Removed"}"#,
        r#"{"Destination":{"Refused":"why"}}"#,
        r#"{"Destination":{"Locked":"why"}}"#,
        r#"{"Destination":{"Tested":{"id":"x","delivered":false,"status":401,"latency_ms":40,"error":"why"}}}"#,
        r#"{"Destination":{"Tested":{"delivered":true,"latency_ms":0}}}"#,
        r#"{"Destination":"TestUnderWay"}"#,
        concat!(
            r#"{"Delivery":{"Event":{"seq":1,"state":"failed","event":{"id":"x"},"deliveries":[{"destination":"default","#,
            r#""state":"failed","next_attempt_at":"2026-01-05T09:00:00.000Z","attempts":[{"attempt":1}]}]}}}"#
        ),
        concat!(
            r#"{"Delivery":{"List":{"deliveries":[{"seq":1,"id":"x","type":"com.bitrix24.crm.deal.add","subject":"1","#,
            r#""destination":"crm","state":"retrying","attempts":1,"next_attempt_at":"2026-01-05T09:00:00.000Z","#,
            r#""error":"the destination answered 500"}],"next":1}}}"#
        ),
        r#"{"Delivery":{"Count":{"count":3,"next":5000,"more":true}}}"#,
        concat!(
            r#"{"Delivery":{"Replays":[{"id":7,"destination":"crm","state":"failed","rate":10,"next":5,"last":9,"replayed":2,"#,
            r#""created_at":"2026-01-05T09:00:00.000Z"}]}}"#
        ),
        r#"{"Delivery":"UnknownEvent"}"#,
    ]);
}

/// Stored since a replay was asked for, and since a destination was made.
#[test]
fn the_rows_of_replays_and_destinations_keep_their_format() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.accept(&Post::new(TOKEN, 1));
    let portal = format!("/portals/{MEMBER}");
    let queue = json!({"name": "bulk", "queue": "EVENTS", "paused": true});
    assert_eq!(relay.admin("POST", &format!("{portal}/destinations"), &queue).status, 201);
    let failed = json!({"destination": "bulk", "state": "failed", "rate": 5});
    let made = relay.admin("POST", &format!("{portal}/redeliver"), &failed).json()["replays"][0].clone();
    assert_eq!(
        rows(&relay.portal().storage, "destination")[0],
        concat!(
            "name=bulk|cursor=1|target=|circuit=NULL|paused=paused by the operator|settings={",
            r#""queue":"EVENTS","events":["*"],"format":"structured","coalesce":false}|sealed=NULL|removed_at=NULL|tally=NULL"#
        )
    );
    assert_eq!(
        rows(&relay.portal().storage, "replay"),
        [format!(
            "id={}|destination=bulk|next=1|last=1|state=failed|rate=5|replayed=0|created_at=1767603600000",
            made["id"]
        )]
    );
}

/// See above.
#[test]
fn replies_of_a_portal_keep_their_format() {
    keeps_format::<PortalReply>(&[
        r#"{"Appended":[{"Accepted":{"seq":1}},{"Held":{"displaced":2}},"Unregistered","Revoked"]}"#,
        r#"{"Drained":{"logged":1,"held":2,"refused":3}}"#,
        r#""UnknownPortal""#,
        r#""UnknownToken""#,
        r#""TooManyTokens""#,
        concat!(
            r#"{"Portal":{"member_id":"m","domain":"a.bitrix24.com","state":"active","tokens":[{"sha256":"HASH","label":"x","#,
            r#""kind":"app","status":"uninstalled","added_at":"2026-01-05T09:00:00.000Z","#,
            r#""ended_at":"2026-01-06T09:00:00.000Z"}],"log":{"first_seq":1,"last_seq":2},"#,
            r#""storage":{"bytes":4096,"limit_bytes":4000000000,"dropped":0},"delivery":{"cursor":2,"pending":0,"#,
            r#""retrying":1,"failed":0,"last_error":"the destination answered 422","#,
            r#""next_attempt_at":"2026-01-05T09:00:04.492Z","totals":{"delivered":7,"retried":2,"failed":1},"#,
            r#""latency":{"le_seconds":[0.1,60.0],"counts":[5,1,1],"sum_seconds":100.25}},"held":[{"sha256":"HASH","events":3,"#,
            r#""oldest":"2026-01-05T09:00:00.000Z"}],"#,
            r#""configuration_errors":[{"variable":"FORWARD_URL","message":"a URL"}]}}"#
        ),
        r#"{"Log":{"events":[{"seq":1,"state":"delivered","event":{"id":"x","n":1.0}}],"next":1}}"#,
        r#"{"Activity":{"from":"2026-01-05T09:00:00.000Z","bucket_seconds":60,"counts":[0,12]}}"#,
        r#"{"Following":{"head":7}}"#,
        r#""TooManyFollowers""#,
        r#"{"Checked":{"repaired":true}}"#,
        r#"{"Consumers":[{"name":"crm","position":5,"lag":2,"acked_at":"2026-01-05T09:00:00.000Z"}]}"#,
        r#"{"Consumer":{"name":"crm","position":5,"lag":2,"acked_at":"2026-01-05T09:00:00.000Z"}}"#,
        r#""UnknownConsumer""#,
        r#""TooManyConsumers""#,
        r#"{"BeyondLog":{"head":7}}"#,
        r#"{"Failed":"sql.query: disk full"}"#,
    ]);
}

/// The Worker, the objects of portals and the Directory may be of different releases.
#[test]
fn commands_to_the_directory_and_its_replies_keep_their_format() {
    let report = concat!(
        r#"{"member_id":"m","state":"active","last_seq":1,"#,
        r#""storage":{"bytes":4096,"limit_bytes":4000000000,"dropped":0},"events_today":1,"#,
        r#""delivery":{"cursor":1,"pending":0,"retrying":0,"failed":0},"#,
        r#""held":[],"reported_at":"2026-01-05T09:00:00.000Z"}"#
    );
    keeps_format::<DirectoryCommand>(&[
        r#"{"Hold":{"member_id":"m","sha256":"HASH","event":EVENT}}"#,
        r#"{"HeldCounts":{"member_id":"m"}}"#,
        r#"{"HeldEvents":{"member_id":"m","sha256":"HASH","after":0}}"#,
        r#"{"DropHeld":{"member_id":"m","sha256":"HASH","up_to":1810026086400000}}"#,
        &format!(r#"{{"Report":{{"report":{report},"next_due_at":1767603600000}}}}"#),
        r#"{"TakeOverdue":{"limit":40}}"#,
        r#"{"List":{"unknown":false,"after":"m","limit":50}}"#,
        r#"{"Places":{"after":0,"limit":32,"only":["m"]}}"#,
    ]);
    keeps_format::<DirectoryReply>(&[
        r#""Done""#,
        r#"{"Held":{"displaced":0}}"#,
        r#"{"HeldCounts":[{"sha256":"HASH","events":3,"oldest":"2026-01-05T09:00:00.000Z"}]}"#,
        r#"{"HeldEvents":[{"number":1810026086400000,"event":EVENT}]}"#,
        &format!(r#"{{"Portals":[{report}]}}"#),
        r#"{"Overdue":["m"]}"#,
        r#"{"Places":{"numbering":1767603600000,"places":[{"number":1,"member_id":"m"}]}}"#,
        r#"{"Failed":"sql.query: disk full"}"#,
    ]);
}
