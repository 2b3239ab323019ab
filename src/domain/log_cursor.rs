//! Where a reader of all logs is: a place in each.
//!
//! Portals are told apart by the numbers that the Directory gave them, which never change: 1, 2, 3, and so on. A place takes
//! three bytes up to two million events, so the cursor of 1,000 busy portals has 4 kB as text.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::BTreeMap;

/// The first byte, so that a later release can tell its own cursors from these.
const VERSION: u8 = 1;
/// Highest number of a portal that a cursor may name, so that a forged one cannot ask for much memory.
const MAX_PORTALS: u64 = 100_000;
/// Longest cursor, in characters: Cloudflare takes URLs of 16 KB.
const MAX_TEXT_LENGTH: usize = 15_000;

/// A cursor, opaque to the client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogCursor {
    /// When the Directory began to give numbers. A Directory that was lost and began anew gives other numbers.
    pub numbering: u64,
    /// The number of the portal that was looked at last; 0 at the start of a round.
    pub turn: u64,
    /// Whether something was left behind in this round.
    pub has_left: bool,
    places: BTreeMap<u64, u64>,
}

impl LogCursor {
    /// The last place that was read of a portal.
    #[must_use]
    pub fn place(&self, number: u64) -> i64 {
        self.places.get(&number).and_then(|place| i64::try_from(*place).ok()).unwrap_or(0)
    }

    /// Notes the last place that was read of a portal.
    pub fn set_place(&mut self, number: u64, place: i64) {
        if let Ok(place) = u64::try_from(place) {
            self.places.insert(number, place);
        }
    }

    /// The cursor as the client gets it. `None` where it would be too long for a URL.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        let mut bytes = vec![VERSION];
        for number in [self.numbering, self.turn, u64::from(self.has_left)] {
            write(&mut bytes, number);
        }
        let mut last = 0;
        for (number, place) in self.places.iter().filter(|(_, place)| **place > 0) {
            // The next number is the usual case, and costs no byte: a place is never 0, so a 0 tells that numbers are left out.
            if *number != last + 1 {
                write(&mut bytes, 0);
                write(&mut bytes, number - last);
            }
            write(&mut bytes, *place);
            last = *number;
        }
        let text = URL_SAFE_NO_PAD.encode(bytes);
        (text.len() <= MAX_TEXT_LENGTH).then_some(text)
    }

    /// Reads a cursor. `None` where it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT_LENGTH {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (version, mut rest) = bytes.split_first()?;
        if *version != VERSION {
            return None;
        }
        let (numbering, turn, has_left) = (read(&mut rest)?, read(&mut rest)?, read(&mut rest)?);
        let mut cursor = Self { numbering, turn, has_left: has_left == 1, places: BTreeMap::new() };
        let mut number: u64 = 0;
        while !rest.is_empty() {
            let (mut step, mut place) = (1, read(&mut rest)?);
            if place == 0 {
                (step, place) = (read(&mut rest)?, read(&mut rest)?);
            }
            number = number.checked_add(step).filter(|number| step > 0 && *number <= MAX_PORTALS)?;
            cursor.places.insert(number, place);
        }
        let is_in_bounds = cursor.places.values().chain([&cursor.turn]).all(|number| *number < 1 << 53);
        is_in_bounds.then_some(cursor)
    }
}

/// Writes a number in groups of seven bits, the lowest first (LEB128).
fn write(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let group = u8::try_from(number & 0x7F).unwrap_or(0);
        number >>= 7;
        if number == 0 {
            bytes.push(group);
            return;
        }
        bytes.push(group | 0x80);
    }
}

fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut number: u64 = 0;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cursor_of_a_thousand_busy_portals_fits_into_a_url() {
        let mut cursor = LogCursor { numbering: 1_767_603_600_000, turn: 40, ..LogCursor::default() };
        (1..=1_000).for_each(|number| cursor.set_place(number, 1_000_000));
        let text = cursor.to_text().unwrap();
        assert!(text.len() < 4_100, "{}", text.len());
        assert_eq!(LogCursor::parse(&text), Some(cursor));
    }

    #[test]
    fn one_that_would_be_too_long_is_none() {
        let mut cursor = LogCursor::default();
        (1..=5_000).for_each(|number| cursor.set_place(number, 1_000_000));
        assert_eq!(cursor.to_text(), None);
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "x", "AA", "AgAAAA", "AQAAAAAB", "AQAAAP___________w"] {
            assert_eq!(LogCursor::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_was(
            numbering in 0..1_u64 << 53, turn in 0..1_u64 << 53, has_left: bool,
            places in prop::collection::btree_map(1..2_000_u64, 1..1_i64 << 53, 0..50),
        ) {
            let mut cursor = LogCursor { numbering, turn, has_left, ..LogCursor::default() };
            for (number, place) in &places {
                cursor.set_place(*number, *place);
            }
            prop_assert_eq!(cursor.to_text().and_then(|text| LogCursor::parse(&text)), Some(cursor));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*", bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            drop(LogCursor::parse(&text));
            drop(LogCursor::parse(&URL_SAFE_NO_PAD.encode(bytes)));
        }
    }
}
