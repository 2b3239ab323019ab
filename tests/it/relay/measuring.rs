//! Metrics tell what waits and why, without waking anything.

use crate::support::destination::Answer;
use crate::support::post::{MEMBER, Post, TOKEN};
use crate::support::relay::{HOUR, Relay};
use serde_json::Value;

fn metrics(relay: &Relay) -> String {
    let answer = relay.admin("GET", "/metrics", &Value::Null);
    assert_eq!(answer.status, 200);
    answer.body
}

#[test]
fn metrics_tell_of_an_outage_and_of_its_end() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.destination().always(Answer::Refuse);
    for number in 1..=10 {
        relay.accept(&Post::new(TOKEN, number));
    }
    relay.advance(HOUR);
    let down = metrics(&relay);
    for line in [
        format!(r#"bitrix24_relay_portal_state{{portal="{MEMBER}",state="active"}} 1"#),
        format!(r#"bitrix24_relay_events_logged_total{{portal="{MEMBER}"}} 10"#),
        format!(r#"bitrix24_relay_deliveries{{portal="{MEMBER}",state="pending"}} 10"#),
        format!(r#"bitrix24_relay_destination_circuit_open{{portal="{MEMBER}",cause="outage"}} 1"#),
        "bitrix24_relay_configuration_errors 0".to_owned(),
        "bitrix24_relay_portals_cut 0".to_owned(),
    ] {
        assert!(down.lines().any(|known| known == line), "{line} is missing:\n{down}");
    }
    relay.destination().always(Answer::Status(200));
    relay.advance(HOUR);
    let up = metrics(&relay);
    assert!(!up.contains("circuit_open"), "{up}");
    assert!(up.contains(&format!(r#"bitrix24_relay_deliveries{{portal="{MEMBER}",state="pending"}} 0"#)), "{up}");
}

#[test]
fn metrics_are_for_the_operator_and_wake_no_portal() {
    let relay = Relay::new();
    relay.register(TOKEN);
    relay.advance(HOUR);
    let before = relay.portal().storage.dump();
    assert!(metrics(&relay).starts_with("# HELP "));
    assert_eq!(relay.portal().storage.dump(), before);
    let mut request = Relay::admin_request("GET", "/metrics", &Value::Null);
    request.headers.retain(|(name, _)| *name != "authorization");
    assert_eq!(relay.send(request).status, 401);
}
