//! Which object an event is about, and how it is read from the portal: Bitrix24 sends an id alone.

use crate::domain::cloudevent::{CloudEvent, EventTooLarge, Json, TYPE_PREFIX};
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

    /// The object in what the method answered.
    #[must_use]
    pub fn object(&self, mut result: Value) -> Option<Value> {
        let object = match self.method {
            "crm.item.get" => result.get_mut("item").map_or(Value::Null, Value::take),
            "tasks.task.get" => result.get_mut("task").map_or(Value::Null, Value::take),
            "calendar.section.get" => {
                let is_it = |section: &&Value| match &section["ID"] {
                    Value::String(id) => *id == self.id,
                    id => id.as_i64().is_some_and(|id| self.id.parse() == Ok(id)),
                };
                result.as_array().and_then(|list| list.iter().find(is_it)).cloned().unwrap_or_default()
            }
            _ => result,
        };
        object.is_object().then_some(object)
    }
}

/// The event with its object in `data.object`.
pub fn with_object(mut event: CloudEvent, object: &Value) -> Result<String, EventTooLarge> {
    let mut data: Value =
        event.data.as_ref().and_then(|data| serde_json::from_str(data.as_str()).ok()).unwrap_or_else(|| json!({}));
    match &mut data {
        Value::Object(members) => {
            members.insert(MEMBER.to_owned(), object.clone());
        }
        _ => return without_object(event, "data_is_no_object"),
    }
    event.data = Some(Json::new(data.to_string()));
    event.to_json()
}

/// The event as it is, saying why it has no object.
pub fn without_object(mut event: CloudEvent, reason: &str) -> Result<String, EventTooLarge> {
    event.b24hydration = Some(reason.to_owned());
    event.to_json()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn the_object_is_found_in_the_answer() {
        let section = Reading::of(&event("calendar.section.add", "2")).unwrap();
        assert_eq!(section.object(json!([{"ID": "1"}, {"ID": 2, "NAME": "b"}])), Some(json!({"ID": 2, "NAME": "b"})));
        assert_eq!(section.object(json!([])), None);
        let task = Reading::of(&event("task.add", "5")).unwrap();
        assert_eq!(
            (task.object(json!({"task": {"id": "5"}})), task.object(json!([]))),
            (Some(json!({"id": "5"})), None)
        );
    }

    #[test]
    fn an_event_carries_its_object_or_says_why_not() {
        let hydrated = with_object(event("crm.deal.add", "5"), &json!({"ID": "5"})).unwrap();
        assert!(hydrated.contains(r#""data":{"id":"5","object":{"ID":"5"}}"#), "{hydrated}");
        let bare = without_object(event("crm.deal.add", "5"), "ACCESS_DENIED").unwrap();
        assert!(bare.contains(r#""data":{"id":"5"}"#) && bare.contains(r#""b24hydration":"ACCESS_DENIED""#), "{bare}");
    }
}
