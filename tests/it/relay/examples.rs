//! The examples of `docs/openapi.json` are a story that the relay plays: each request is sent as it stands there, and each answer
//! has the members that the example has.

use crate::support::application::{BROKER_TOKEN, attribute, form, relay, token_request};
use crate::support::bitrix::ADMIN;
use crate::support::destination::Answer;
use crate::support::post::{ADDRESS, MEMBER, Post, Request, TOKEN};
use crate::support::relay::{DAY, MINUTE, Relay};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

const DOCUMENT: &str = include_str!("../../../docs/openapi.json");
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

struct Story {
    document: Value,
    relay: Relay,
    /// What stands for the parameters of paths.
    parameters: BTreeMap<&'static str, String>,
    /// The operations that were called, each with its status.
    told: BTreeSet<String>,
    /// The answers that are not as their examples.
    different: Map<String, Value>,
}

impl Story {
    fn new() -> Self {
        let parameters = [("member_id", MEMBER), ("name", "crm")];
        Self {
            document: serde_json::from_str(DOCUMENT).expect("it is JSON"),
            relay: relay(),
            parameters: parameters.into_iter().map(|(name, value)| (name, value.to_owned())).collect(),
            told: BTreeSet::new(),
            different: Map::new(),
        }
    }

    fn operation(&self, method: &str, template: &str) -> &Value {
        &self.document["paths"][template][method.to_lowercase()]
    }

    /// The example of a request.
    fn request(&self, method: &str, template: &str, media: &str) -> Value {
        self.operation(method, template)["requestBody"]["content"][media]["example"].clone()
    }

    fn path(&self, template: &str) -> String {
        let fill = |path: String, (name, value): (&&str, &String)| path.replace(&format!("{{{name}}}"), value);
        self.parameters.iter().fold(template.to_owned(), fill)
    }

    /// Sends the request of an example, as the operator.
    fn call(&mut self, method: &'static str, template: &str) -> Value {
        let body = self.request(method, template, JSON);
        self.call_with(method, template, &body)
    }

    fn call_with(&mut self, method: &'static str, template: &str, body: &Value) -> Value {
        let request = Relay::admin_request(method, &self.path(template), body);
        self.send(template, request)
    }

    /// Posts the example of a form or of JSON, as Bitrix24.
    fn post(&mut self, template: &str, media: &str) -> Value {
        let example = self.request("POST", template, media);
        let body = if media == FORM {
            let pairs = example.as_object().expect("a form has pairs").iter();
            let pairs: Vec<_> = pairs.map(|(name, value)| (name, value.as_str())).collect();
            serde_urlencoded::to_string(pairs).expect("they are text")
        } else {
            example.to_string()
        };
        let headers = vec![("content-type", media.to_owned()), ("cf-connecting-ip", ADDRESS.to_owned())];
        let request = Request {
            method: "POST",
            path: template.to_owned(),
            query: String::new(),
            headers,
            body: body.into_bytes(),
        };
        self.send(template, request)
    }

    /// Sends a request, and compares the answer with the example for its status.
    fn send(&mut self, template: &str, request: Request) -> Value {
        let method = request.method;
        let answer = self.relay.send(request);
        assert!((200..300).contains(&answer.status), "{method} {template}: {answer:?}");
        let media = &self.operation(method, template)["responses"][answer.status.to_string()]["content"][JSON];
        let actual = answer.json();
        // Where there are several examples, each has the name of the status that it tells.
        let named = &media["examples"][actual["status"].as_str().unwrap_or_default()]["value"];
        let example = media.get("example").unwrap_or(named);
        let what = format!("{method} {template} {}", answer.status);
        if shape(example) != shape(&actual) {
            self.different.insert(what.clone(), actual.clone());
        }
        self.told.insert(what);
        actual
    }
}

/// The members of a value and their types; of a list those of its first element.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("boolean"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("string"),
        Value::Array(list) => list.first().map_or_else(|| json!([]), |first| json!([shape(first)])),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
    }
}

/// An application is installed, a webhook registered, a destination made, tried, and sent again what it had failed to take.
fn play(story: &mut Story) {
    const PORTAL: &str = "/portals/{member_id}";
    let of = |rest: &str| format!("{PORTAL}{rest}");
    let none = &Value::Null;

    story.call("GET", "/healthz");
    let pair = story.relay.issue(ADMIN);
    story.post("/install", FORM);
    let page = story.relay.send(form(&pair, None, "en"));
    let asked = json!({
        "member_id": attribute(&page.body, "member"), "ticket": attribute(&page.body, "ticket"), "retry": false,
    });
    assert_eq!(shape(&asked), shape(&story.request("POST", "/install/progress", JSON)));
    let request = Relay::admin_request("POST", "/install/progress", &asked);
    story.send("/install/progress", request);
    story.relay.advance(MINUTE);

    story.call("PUT", PORTAL);
    story.call("POST", &of("/destinations"));
    story.post("/events", FORM);
    story.post("/events", JSON);
    let stranger = Post::new(TOKEN, 9).of("nobody-registered-this").request();
    story.send("/events", stranger);
    story.call("GET", "/portals");
    story.call("POST", &of("/sync"));
    story.send(&of("/token"), token_request(BROKER_TOKEN));

    story.call("POST", &of("/consumers/{name}/ack"));
    story.call("GET", &of("/consumers"));
    story.call("GET", &of("/consumers/{name}"));
    let page = story.call("GET", &of("/events"));
    story.parameters.insert("id", page["events"][1]["event"]["id"].as_str().expect("it is text").to_owned());
    story.call("GET", &of("/activity"));
    story.call("GET", "/log");
    story.call("DELETE", &of("/consumers/{name}"));

    story.call("GET", &of("/destinations/{name}"));
    story.call("POST", &of("/destinations/{name}/rotate-secret"));
    story.call("POST", &of("/destinations/{name}/test"));
    story.call("PATCH", &of("/destinations/{name}"));
    story.relay.destination().always(Answer::Status(422));
    story.relay.accept(&Post::new(TOKEN, 7));
    story.relay.advance(DAY);
    story.relay.destination().always(Answer::Status(204));
    story.call("GET", PORTAL);
    story.call("GET", &of("/destinations"));
    let request = Relay::admin_request("GET", &format!("{}?state=failed", story.path(&of("/deliveries"))), none);
    let failed = story.send(&of("/deliveries"), request);
    story.parameters.insert("id", failed["deliveries"][0]["id"].as_str().expect("it is text").to_owned());
    story.call("GET", &of("/events/{id}"));
    let counted = story.request("POST", &of("/redeliver"), JSON);
    story.call("POST", &of("/redeliver"));
    let mut body = counted;
    body["dry_run"] = false.into();
    // One that is paused keeps its replays, so that they can be shown.
    let pause = Relay::admin_request("PATCH", &story.path(&of("/destinations/default")), &json!({"paused": true}));
    assert_eq!(story.relay.send(pause).status, 200);
    let begun = story.call_with("POST", &of("/redeliver"), &body);
    story.call("GET", &of("/redeliver"));
    story.call("POST", &of("/events/{id}/redeliver"));
    story.parameters.insert("number", begun["replays"][0]["id"].to_string());
    story.call("DELETE", &of("/redeliver/{number}"));

    let tokens = story.relay.status()["tokens"].clone();
    story.parameters.insert("sha256", tokens[0]["sha256"].as_str().expect("it is text").to_owned());
    story.call("DELETE", &of("/tokens/{sha256}"));
    story.call("DELETE", PORTAL);
}

#[test]
fn every_example_of_the_description_is_what_the_relay_answers() {
    let mut story = Story::new();
    play(&mut story);
    let different = serde_json::to_string_pretty(&story.different).expect("it is JSON");
    assert!(story.different.is_empty(), "these answers have other members than their examples:\n{different}");
    for (path, item) in story.document["paths"].as_object().expect("there are paths") {
        for (method, operation) in item.as_object().expect("a path has operations") {
            let has_json = |(status, answer): (&String, &Value)| {
                status.starts_with('2') && answer["content"].get(JSON).is_some() && path != "/openapi.json"
            };
            let answers = operation["responses"].as_object();
            if !answers.is_some_and(|answers| answers.iter().any(has_json)) {
                continue;
            }
            let prefix = format!("{} {path} ", method.to_uppercase());
            assert!(story.told.iter().any(|told| told.starts_with(&prefix)), "no example of {prefix}is played");
        }
    }
}
