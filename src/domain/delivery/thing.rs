//! What events are about, as far as their order matters.

use std::rc::Rc;

/// The last segment of the type of a change that a later one of the same kind makes obsolete.
const UPDATE: &str = "update";

/// What an event is about: its type without the last segment, and its subject. Events of one thing are sent one at a time,
/// in the order of the log, so that a delete never overtakes an update.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thing(Rc<str>);

impl Thing {
    /// The thing of an event by its type, without prefix. An event without a subject has none: it is in no order.
    #[must_use]
    pub fn of(event_type: &str, subject: Option<&str>) -> Option<Self> {
        let kind = event_type.rsplit_once('.').map_or(event_type, |(kind, _)| kind);
        // A subject may hold any character, a type no line feed.
        subject.map(|subject| Self(format!("{kind}\n{subject}").into()))
    }
}

/// Whether an event of this type only tells that its thing has changed, so that the newest of several tells all.
#[must_use]
pub fn is_update(event_type: &str) -> bool {
    event_type.rsplit_once('.').is_some_and(|(_, action)| action == UPDATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_to_one_deal_is_about_one_thing() {
        let thing = |event_type| Thing::of(event_type, Some("7"));
        assert_eq!(thing("crm.deal.update"), thing("crm.deal.delete"));
        assert_ne!(thing("crm.deal.update"), thing("crm.lead.update"));
        assert_ne!(thing("crm.deal.update"), Thing::of("crm.deal.update", Some("8")));
        assert_eq!(Thing::of("app.test", None), None);
    }

    #[test]
    fn only_an_update_is_made_obsolete() {
        assert!(is_update("calendar.entry.update"));
        for other in
            ["calendar.entry.add", "calendar.entry.delete", "update", "crm.item.set_update", "unknown.onupdate"]
        {
            assert!(!is_update(other), "{other}");
        }
    }
}
