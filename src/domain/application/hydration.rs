//! Which object an event is about, and how it is read from the portal: Bitrix24 sends an id alone.

use super::authorisation::TokenPair;
use crate::domain::cloudevent::{CloudEvent, EventTooLarge, Json, TYPE_PREFIX};
use crate::domain::json_member::{find_element, member, members};
use crate::domain::redacted_json::redact_json;
use crate::domain::secret::Secret;
use serde_json::{Map, Value, json};

/// The member of `data` in which the object is forwarded.
const MEMBER: &str = "object";

/// One row: kinds of events, the method that reads what they are about, and the parameter that takes its id.
const METHODS: [(&[&str], &str, &str); 10] = [
    (&["calendar.entry.add", "calendar.entry.update"], "calendar.event.getbyid", "id"),
    (&["calendar.section.add", "calendar.section.update"], "calendar.section.get", ""),
    (&["crm.activity.add", "crm.activity.update"], "crm.activity.get", "id"),
    (&["crm.company.add", "crm.company.update"], "crm.company.get", "id"),
    (&["crm.contact.add", "crm.contact.update"], "crm.contact.get", "id"),
    (&["crm.deal.add", "crm.deal.update"], "crm.deal.get", "id"),
    (&["crm.dynamic.item.add", "crm.dynamic.item.update"], "crm.item.get", "id"),
    (&["crm.lead.add", "crm.lead.update"], "crm.lead.get", "id"),
    (&["crm.quote.add", "crm.quote.update"], "crm.quote.get", "id"),
    (&["task.add", "task.update"], "tasks.task.get", "taskId"),
];

/// A call that reads an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The REST method.
    pub method: &'static str,
    /// Its parameters.
    pub parameters: Map<String, Value>,
    id: String,
}

impl Reading {
    /// The call that reads what an event is about. `None` where there is none: it is gone, or no method reads it by its id.
    #[must_use]
    pub fn of(event: &CloudEvent) -> Option<Self> {
        let kind = event.event_type.strip_prefix(TYPE_PREFIX)?;
        let (_, method, parameter) = METHODS.iter().find(|(kinds, ..)| kinds.contains(&kind))?;
        let subject = event.subject.as_deref()?;
        let (parameters, id) = match *method {
            "calendar.section.get" => {
                // It lists the sections of an owner: whoever caused the event is the likeliest.
                let owner = event.b24userid.as_deref()?;
                (json!({ "type": "user", "ownerId": owner }), subject)
            }
            "crm.item.get" => {
                let (entity_type, id) = subject.split_once(':')?;
                (json!({ "entityTypeId": entity_type, "id": id }), id)
            }
            _ => (json!({ *parameter: subject }), subject),
        };
        let parameters = parameters.as_object()?.clone();
        Some(Self { method, parameters, id: id.to_owned() })
    }

    /// What tells one object from another.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{} {}", self.method, Value::Object(self.parameters.clone()))
    }

    /// The object in what the method answered, without what tells a token of the pair with which it was called.
    #[must_use]
    pub fn object(&self, result: &str, pair: &TokenPair) -> Option<String> {
        let object = match self.method {
            "crm.item.get" => member(result, "item")?,
            "tasks.task.get" => member(result, "task")?,
            "calendar.section.get" => {
                let id_is = |id: &str| match serde_json::from_str::<String>(id) {
                    Ok(text) => text == self.id,
                    Err(_) => id.parse::<i64>().is_ok_and(|id| self.id.parse() == Ok(id)),
                };
                find_element(result, |section| member(section, "ID").is_some_and(id_is))?
            }
            _ => result,
        };
        let tokens = [Some(&pair.access), pair.refresh.as_ref()];
        let left = redact_json(object, tokens.into_iter().flatten().map(Secret::expose))?;
        left.starts_with('{').then_some(left)
    }
}

/// The event with its object in `data.object`, behind what was sent, or saying why there is no place for it.
pub fn with_object(mut event: CloudEvent, object: &str) -> Result<String, EventTooLarge> {
    let sent = event.data.as_ref().map_or("{}", Json::as_str).trim();
    let others = match members(sent, [MEMBER]) {
        Some([None]) => sent.strip_suffix('}').unwrap_or(sent),
        Some([Some(_)]) => return without_object(event, "data_has_object"),
        None => return without_object(event, "data_is_no_object"),
    };
    let comma = if others.trim_end() == "{" { "" } else { "," };
    let data = [others, comma, "\"", MEMBER, "\":", object, "}"].concat();
    let sent = event.data.replace(Json::new(data));
    event.to_json().or_else(|EventTooLarge| {
        event.data = sent;
        without_object(event, "too_large")
    })
}

/// The event as it is, saying why it has no object.
pub fn without_object(mut event: CloudEvent, reason: &str) -> Result<String, EventTooLarge> {
    event.b24hydration = Some(reason.to_owned());
    event.to_json()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cloudevent::MAX_EVENT_BYTES;
    use crate::domain::time::Timestamp;

    fn event(kind: &str, subject: &str) -> CloudEvent {
        let text = json!({
            "specversion": "1.0", "id": "01939d5e-1a2b-7c3d-8e4f-0123456789ab", "source": "https://a.bitrix24.com",
            "type": format!("com.bitrix24.{kind}"), "subject": subject, "time": "2024-12-19T11:39:09Z",
            "datacontenttype": "application/json", "data": {"id": subject}, "b24event": "E", "b24memberid": "m1",
            "b24userid": "7", "b24receivedat": "2024-12-19T11:39:09.512Z",
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn an_event_tells_the_call_that_reads_its_object() {
        let call = |kind, subject| Reading::of(&event(kind, subject)).map(|reading| reading.key());
        assert_eq!(call("calendar.entry.update", "5").as_deref(), Some(r#"calendar.event.getbyid {"id":"5"}"#));
        assert_eq!(
            call("crm.dynamic.item.add", "1220:5").as_deref(),
            Some(r#"crm.item.get {"entityTypeId":"1220","id":"5"}"#)
        );
        assert_eq!(call("task.add", "5").as_deref(), Some(r#"tasks.task.get {"taskId":"5"}"#));
        assert_eq!(call("calendar.entry.delete", "5"), None);
        assert_eq!(call("app.install", "5"), None);
    }

    fn pair() -> TokenPair {
        let (access, refresh) = (Secret::new("a".repeat(70)), Some(Secret::new("r".repeat(70))));
        TokenPair { access, refresh, expires_at: Timestamp::EPOCH }
    }

    #[test]
    fn the_object_is_found_in_the_answer() {
        let found = |kind, subject, answer: &str| Reading::of(&event(kind, subject)).unwrap().object(answer, &pair());
        let sections = r#"[{"ID": "1"}, 5, [], {"NAME": "b", "ID": 2}, {"ID": "2"}]"#;
        assert_eq!(found("calendar.section.add", "2", sections).as_deref(), Some(r#"{"NAME":"b","ID":2}"#));
        assert_eq!(found("calendar.section.add", "1", sections).as_deref(), Some(r#"{"ID":"1"}"#));
        assert_eq!(found("task.add", "5", r#"{"task": {"id": "5"}}"#).as_deref(), Some(r#"{"id":"5"}"#));
        assert_eq!(found("crm.dynamic.item.add", "9:5", r#"{"item": {}}"#).as_deref(), Some("{}"));
        assert_eq!(found("crm.deal.add", "5", r#"{"ID": "5"}"#).as_deref(), Some(r#"{"ID":"5"}"#));
    }

    #[test]
    fn an_answer_without_the_object_has_none() {
        let kinds =
            [("calendar.section.add", "2"), ("task.add", "2"), ("crm.dynamic.item.add", "9:2"), ("crm.deal.add", "2")];
        for (kind, subject) in kinds {
            let reading = Reading::of(&event(kind, subject)).unwrap();
            for answer in ["[]", "true", "null", r#""x""#, "7", "[[]]", r#"[{"ID":3}]"#, "{", ""] {
                assert_eq!(reading.object(answer, &pair()), None, "{kind} {answer}");
            }
        }
    }

    #[test]
    fn an_object_is_forwarded_without_the_tokens_with_which_it_was_read() {
        let (access, refresh) = ("a".repeat(70), "r".repeat(70));
        let answer =
            format!(r#"{{"ID":"5","F":[{{"id":9,"downloadUrl":"/f.php?auth={access}&id=9"}}],"R":"{refresh}","T":1}}"#);
        let object = Reading::of(&event("crm.deal.add", "5")).unwrap().object(&answer, &pair());
        assert_eq!(object.as_deref(), Some(r#"{"ID":"5","F":[{"id":9}],"T":1}"#));
    }

    #[test]
    fn an_event_carries_its_object_or_says_why_not() {
        let with = |data: Option<&str>, object: &str| {
            let mut event = event("crm.deal.add", "5");
            event.data = data.map(|data| Json::new(data.to_owned()));
            with_object(event, object).unwrap()
        };
        for (data, joined) in [
            (None, r#""data":{"object":{"ID":"5"}},"#),
            (Some("{}"), r#""data":{"object":{"ID":"5"}},"#),
            (Some(r#"{"id":"5","a":{}}"#), r#""data":{"id":"5","a":{},"object":{"ID":"5"}},"#),
            (Some(r#"{"a":"{"}"#), r#""data":{"a":"{","object":{"ID":"5"}},"#),
        ] {
            let hydrated = with(data, r#"{"ID":"5"}"#);
            assert!(hydrated.contains(joined) && !hydrated.contains("b24hydration"), "{hydrated}");
        }
        let large = format!(r#"{{"x":"{}"}}"#, "x".repeat(MAX_EVENT_BYTES));
        for (data, object, reason) in [
            (r#""107""#, "{}", "data_is_no_object"),
            ("[]", "{}", "data_is_no_object"),
            (r#"{"object":"sent"}"#, "{}", "data_has_object"),
            (r#"{"id":"5"}"#, &large, "too_large"),
        ] {
            let bare = with(Some(data), object);
            let says = [format!(r#""data":{data},"#), format!(r#""b24hydration":"{reason}""#)];
            assert!(says.iter().all(|text| bare.contains(text)), "{bare}");
        }
    }
}
