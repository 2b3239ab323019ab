//! How a command to a portal's object is written: JSON, but for appends. One is sent for every event, and JSON in JSON is escaped and
//! read once more on the other side. So an append is a line of plain words, and the event's texts as they are.

use super::command::{Append, PortalCommand};
use crate::app::held_events::NewEvent;
use crate::domain::event_id::EventId;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use std::fmt::Write;
use std::rc::Rc;

/// What appends begin with; no JSON begins like this.
const APPENDS: &str = "Append\n";
/// The lengths of an event without a subject.
const NO_SUBJECT: &str = "-";
/// Room for the line of one append.
const LINE_BYTES: usize = 160;

/// The text is no command.
#[derive(Debug, thiserror::Error)]
pub enum NotACommand {
    /// It is no JSON of one.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// It begins like appends, and goes on in another way.
    #[error("an append is cut off, or has a word that is none")]
    Append,
}

impl PortalCommand {
    /// The command as text.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Append(appends) => Ok(written(appends)),
            other => serde_json::to_string(other),
        }
    }

    /// Reads a command. Appends are taken as JSON, too.
    pub fn from_text(text: &str) -> Result<Self, NotACommand> {
        let Some(mut rest) = text.strip_prefix(APPENDS) else {
            return Ok(serde_json::from_str(text)?);
        };
        let mut appends = Vec::new();
        while !rest.is_empty() {
            appends.push(read(&mut rest).ok_or(NotACommand::Append)?);
        }
        Ok(Self::Append(appends))
    }
}

/// Each append: `<sha256> <id> <occurred_at> <may_be_repeated> <may_be_held> <bytes of type> <of subject> <of json>`, and these.
fn written(appends: &[Append]) -> String {
    let bytes: usize = appends.iter().map(|append| LINE_BYTES + append.event.json.len()).sum();
    let mut text = String::with_capacity(APPENDS.len() + bytes);
    text.push_str(APPENDS);
    for Append { sha256, event, may_be_repeated, may_be_held } in appends {
        let NewEvent { id, event_type, subject, occurred_at, json } = &**event;
        let (repeated, held) = (u8::from(*may_be_repeated), u8::from(*may_be_held));
        let occurred_at = occurred_at.as_millis();
        // Writing to a string cannot fail.
        write!(text, "{sha256} {id} {occurred_at} {repeated} {held} {} ", event_type.len()).unwrap_or_default();
        match subject {
            Some(subject) => write!(text, "{} {} ", subject.len(), json.len()).unwrap_or_default(),
            None => write!(text, "{NO_SUBJECT} {} ", json.len()).unwrap_or_default(),
        }
        for part in [event_type.as_str(), subject.as_deref().unwrap_or_default(), json] {
            text.push_str(part);
        }
    }
    text
}

fn read(rest: &mut &str) -> Option<Append> {
    let sha256 = TokenHash::try_from(word(rest)?).ok()?;
    let id = EventId::try_from(word(rest)?).ok()?;
    let occurred_at = Timestamp::from_millis(word(rest)?.parse().ok()?);
    let (may_be_repeated, may_be_held) = (flag(rest)?, flag(rest)?);
    let event_type_bytes = word(rest)?.parse().ok()?;
    let subject_bytes = match word(rest)? {
        NO_SUBJECT => None,
        bytes => Some(bytes.parse().ok()?),
    };
    let json_bytes = word(rest)?.parse().ok()?;
    let event_type = part(rest, event_type_bytes)?;
    let subject = match subject_bytes {
        Some(bytes) => Some(part(rest, bytes)?),
        None => None,
    };
    let event = NewEvent { id, event_type, subject, occurred_at, json: part(rest, json_bytes)? };
    Some(Append { sha256, event: Rc::new(event), may_be_repeated, may_be_held })
}

fn word<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let (word, behind) = rest.split_once(' ')?;
    *rest = behind;
    Some(word)
}

fn flag(rest: &mut &str) -> Option<bool> {
    match word(rest)? {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

fn part(rest: &mut &str, bytes: usize) -> Option<String> {
    let (part, behind) = rest.split_at_checked(bytes)?;
    *rest = behind;
    Some(part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event_id::RANDOM_BYTES;
    use crate::domain::secret::Secret;
    use proptest::prelude::*;

    fn append(event_type: &str, subject: Option<&str>, json: &str, flags: (bool, bool)) -> Append {
        let event = NewEvent {
            id: EventId::new(Timestamp::from_millis(1_767_603_600_000), [7; RANDOM_BYTES]),
            event_type: event_type.to_owned(),
            subject: subject.map(str::to_owned),
            occurred_at: Timestamp::from_millis(-1),
            json: json.to_owned(),
        };
        let sha256 = Secret::new("a token").sha256();
        Append { sha256, event: Rc::new(event), may_be_repeated: flags.0, may_be_held: flags.1 }
    }

    fn told(command: &PortalCommand) -> String {
        format!("{command:?}")
    }

    proptest! {
        #[test]
        fn appends_are_read_as_they_were_written(
            events in prop::collection::vec((".*", prop::option::of(".*"), ".*", any::<(bool, bool)>()), 0..5)
        ) {
            let append = |(event_type, subject, json, flags): &(String, Option<String>, String, (bool, bool))| {
                append(event_type, subject.as_deref(), json, *flags)
            };
            let command = PortalCommand::Append(events.iter().map(append).collect());
            let text = command.to_text().unwrap();
            prop_assert_eq!(told(&PortalCommand::from_text(&text).unwrap()), told(&command));
        }

        #[test]
        fn what_is_cut_off_is_no_command(at in 0_usize..200) {
            let command = PortalCommand::Append(vec![append("crm.deal.add", Some("é"), r#"{"id":"x"}"#, (false, true))]);
            let text = command.to_text().unwrap();
            let cut = text.char_indices().map(|(at, _)| at).nth(at).filter(|at| *at != APPENDS.len());
            if let Some(cut) = cut {
                prop_assert!(PortalCommand::from_text(&text[..cut]).is_err(), "{}", &text[..cut]);
            }
        }
    }

    #[test]
    fn appends_are_taken_as_json_too() {
        let command = PortalCommand::Append(vec![append("crm.deal.add", None, "{}", (true, false))]);
        let json = serde_json::to_string(&command).unwrap();
        assert_eq!(told(&PortalCommand::from_text(&json).unwrap()), told(&command));
    }
}
