//! Which events are meant by a pattern such as `calendar.*`.

use serde::{Deserialize, Serialize};

/// Longest pattern that is taken: three times the longest type of the catalogue.
const MAX_GLOB_LENGTH: usize = 128;

/// A pattern over event types without their `com.bitrix24.` prefix: `*` stands for any number of any characters, all
/// else for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventGlob(String);

/// The text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pattern is 1 to {MAX_GLOB_LENGTH} characters of a-z, 0-9, `_`, `-`, `.` and `*`, such as `crm.deal.*`")]
pub struct NotAGlob;

impl EventGlob {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, NotAGlob> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.*".contains(&b);
        if (1..=MAX_GLOB_LENGTH).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(NotAGlob)
        }
    }

    /// Reads a comma-separated list of at least one pattern; white space around each is ignored.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, NotAGlob> {
        text.split(',').map(|part| Self::parse(part.trim())).collect()
    }

    /// Whether the whole of `event_type` fits. Costs at most the product of the two lengths.
    #[must_use]
    pub fn matches(&self, event_type: &str) -> bool {
        let (pattern, text) = (self.0.as_bytes(), event_type.as_bytes());
        let (mut p, mut t) = (0, 0);
        // Where to go on when a mismatch follows a `*`: behind it, with one more character eaten by it.
        let mut retry: Option<(usize, usize)> = None;
        while t < text.len() {
            if pattern.get(p) == Some(&b'*') {
                p += 1;
                retry = Some((p, t));
            } else if pattern.get(p) == text.get(t) {
                p += 1;
                t += 1;
            } else if let Some((after_star, eaten)) = retry {
                p = after_star;
                t = eaten + 1;
                retry = Some((after_star, eaten + 1));
            } else {
                return false;
            }
        }
        pattern[p..].iter().all(|b| *b == b'*')
    }
}

impl TryFrom<String> for EventGlob {
    type Error = NotAGlob;

    fn try_from(text: String) -> Result<Self, NotAGlob> {
        Self::parse(&text)
    }
}

impl From<EventGlob> for String {
    fn from(glob: EventGlob) -> Self {
        glob.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, event_type: &str) -> bool {
        EventGlob::parse(glob).unwrap().matches(event_type)
    }

    #[test]
    fn a_pattern_means_what_it_looks_like() {
        assert!(matches("*", "calendar.entry.add"));
        assert!(matches("calendar.*", "calendar.entry.add"));
        assert!(matches("*.add", "calendar.entry.add"));
        assert!(matches("c*.entry.*d", "calendar.entry.add"));
        assert!(matches("crm.deal.add", "crm.deal.add"));
        assert!(matches("CRM.deal.*", "crm.deal.add"));
        assert!(!matches("crm.deal", "crm.deal.add"));
        assert!(!matches("crm.deal.*", "crm.dealcategory.add"));
        assert!(!matches("*.delete", "calendar.entry.add"));
    }

    #[test]
    fn a_list_needs_every_pattern_to_be_one() {
        assert_eq!(EventGlob::parse_list("calendar.*, crm.deal.*").unwrap().len(), 2);
        for text in ["", "a,,b", "crm deal", "crm/deal", &"a".repeat(129)] {
            assert_eq!(EventGlob::parse_list(text), Err(NotAGlob), "{text:?}");
        }
    }

    #[test]
    fn many_stars_stay_cheap() {
        let glob = EventGlob::parse(&"*a".repeat(64)).unwrap();
        assert!(!glob.matches(&"a".repeat(10_000).replace('a', "ab")));
    }
}
