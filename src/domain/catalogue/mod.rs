//! Every event that Bitrix24 documents, and what it is called here.
//!
//! One file per area, one row per event, in the order of the events' names:
//!
//! ```text
//! "ONCALENDARENTRYADD" => "calendar.entry.add", Add, ["data.id"];
//! ```
//!
//! the event's name in upper case; its `type` without [`super::cloudevent::TYPE_PREFIX`]; what it does to its subject; and the
//! paths at which the subject's id may stand, the first that is present counts ([`super::subject`] has their grammar). To
//! add an event, add its row in its place; a test tells where the order is broken.

mod app;
mod booking;
mod calendar;
mod catalog;
mod chat_bots;
mod crm;
mod live_feed;
mod open_lines;
mod sale;
mod sign;
mod tasks;
mod telephony;
mod workgroups;

/// An event that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name that Bitrix24 gives it, in upper case and without a type suffix.
    pub event: &'static str,
    /// The `type` of its `CloudEvent`, without the prefix.
    pub kind: &'static str,
    /// What the event does to its subject.
    pub verb: Verb,
    /// Where the subject's id may stand.
    pub subject: &'static [&'static str],
}

/// What an event does to its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// The subject is new.
    Add,
    /// The subject has changed.
    Update,
    /// The subject is gone.
    Delete,
    /// Something happened that is none of these.
    Other,
}

/// Writes the table of an area, one row a line. (A macro, since rustfmt would break such rows.)
macro_rules! events {
    ($($event:literal => $kind:literal, $verb:ident, [$($path:literal),*];)+) => {
        /// The events of this area, in the order of their names.
        pub(super) const EVENTS: &[Entry] = &[
            $(Entry { event: $event, kind: $kind, verb: Verb::$verb, subject: &[$($path),*] },)+
        ];
    };
}
use events;

const AREAS: [&[Entry]; 13] = [
    app::EVENTS,
    booking::EVENTS,
    calendar::EVENTS,
    catalog::EVENTS,
    chat_bots::EVENTS,
    crm::EVENTS,
    live_feed::EVENTS,
    open_lines::EVENTS,
    sale::EVENTS,
    sign::EVENTS,
    tasks::EVENTS,
    telephony::EVENTS,
    workgroups::EVENTS,
];

/// The entry of an event, in whatever case its name is. A name that is not known is looked up without its type suffix:
/// `ONCRMDYNAMICITEMADD_1220` is `ONCRMDYNAMICITEMADD` of the entity type 1220.
#[must_use]
pub fn find(event_name: &str) -> Option<&'static Entry> {
    let name = event_name.to_ascii_uppercase();
    find_exactly(&name).or_else(|| {
        let (base, suffix) = name.rsplit_once('_')?;
        let is_number = !suffix.is_empty() && suffix.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { find_exactly(base) } else { None }
    })
}

/// Every entry, area by area.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    AREAS.into_iter().flatten()
}

fn find_exactly(upper_case: &str) -> Option<&'static Entry> {
    // A search in each area takes at most 13 * 7 comparisons, each of which ends at the first byte that differs.
    AREAS.into_iter().find_map(|area| {
        let at = area.binary_search_by(|entry| entry.event.cmp(upper_case));
        at.ok().and_then(|at| area.get(at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_found_in_any_case_and_with_a_type_suffix() {
        let entry = find("ONCRMDYNAMICITEMADD").unwrap();
        assert_eq!(entry.kind, "crm.dynamic.item.add");
        for name in ["OnCrmDynamicItemAdd", "oncrmdynamicitemadd_1220", "ONCRMDYNAMICITEMADD_31"] {
            assert_eq!(find(name), Some(entry), "{name}");
        }
        for name in ["", "_", "_1", "ONCRMDYNAMICITEMADD_", "ONCRMDYNAMICITEMADD_1_2", "ONCRMDYNAMICITEMADD_x", "ÄÖ_1"]
        {
            assert_eq!(find(name), None, "{name}");
        }
    }

    #[test]
    fn each_area_is_in_the_order_of_names_in_upper_case() {
        for area in AREAS {
            assert!(area.is_sorted_by(|a, b| a.event < b.event), "{}", area[0].event);
        }
        for entry in all() {
            assert_eq!(entry.event, entry.event.to_ascii_uppercase());
            assert_eq!(find(entry.event), Some(entry), "{} stands in one area only", entry.event);
        }
    }
}
