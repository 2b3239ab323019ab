//! Points in time, as the relay stores and prints them.

use serde::{Deserialize, Serialize};

const MILLIS_PER_DAY: i64 = 86_400_000;
const DAYS_PER_ERA: i64 = 146_097;
/// Days from 0000-03-01, where the calendar below begins its eras, to 1970-01-01.
const DAYS_TO_EPOCH: i64 = 719_468;
/// 9999-12-31T23:59:59.999Z: RFC 3339 has four digits for the year.
const LAST_MILLIS: i64 = 253_402_300_799_999;

/// Milliseconds since 1970-01-01T00:00:00Z, always within the years 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest time that can be told.
    pub const EPOCH: Self = Self(0);

    /// Clamps to the years that RFC 3339 can write.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(0, LAST_MILLIS))
    }

    /// Reads decimal Unix seconds, as Bitrix24 sends them in `ts`. `None` where the text is no such number, is zero, or is
    /// out of range.
    #[must_use]
    pub fn from_unix_seconds_text(text: &str) -> Option<Self> {
        let seconds: i64 = text.parse().ok()?;
        let millis = seconds.checked_mul(1000)?;
        (millis > 0 && millis <= LAST_MILLIS && !text.starts_with('+')).then_some(Self(millis))
    }

    /// Reads an RFC 3339 time with `Z` or a numeric offset; digits past milliseconds are cut.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = bytes.get(from..to)?;
            digits.iter().all(u8::is_ascii_digit).then(|| digits.iter().fold(0, |n, d| n * 10 + i64::from(d - b'0')))
        };
        let separator = |at: usize, allowed: &[u8]| bytes.get(at).is_some_and(|b| allowed.contains(b)).then_some(());
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        separator(4, b"-")?;
        separator(7, b"-")?;
        separator(10, b"Tt ")?;
        separator(13, b":")?;
        separator(16, b":")?;
        let mut at = 19;
        let mut millis = 0;
        if bytes.get(at) == Some(&b'.') {
            let digits = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
            if digits == 0 {
                return None;
            }
            millis = number(at + 1, at + 1 + digits.min(3))? * [100, 10, 1][digits.min(3) - 1];
            at += 1 + digits;
        }
        let offset_minutes = match bytes.get(at)? {
            b'Z' | b'z' if bytes.len() == at + 1 => 0,
            sign @ (b'+' | b'-') if bytes.len() == at + 6 => {
                separator(at + 3, b":")?;
                let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                (hours * 60 + minutes) * if *sign == b'-' { -1 } else { 1 }
            }
            _ => return None,
        };
        // A leap second is written 60 and counts as the next minute's first.
        if !(1..=12).contains(&month)
            || day < 1
            || day > days_in_month(year, month)
            || hour > 23
            || minute > 59
            || second > 60
        {
            return None;
        }
        let minutes = (days_from_civil(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
        let total = (minutes * 60 + second) * 1000 + millis;
        (0..=LAST_MILLIS).contains(&total).then_some(Self(total))
    }

    /// Reads an HTTP date in its preferred form (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
    #[must_use]
    pub fn from_http_date(text: &str) -> Option<Self> {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (_weekday, rest) = text.split_once(", ")?;
        let parts: Vec<&str> = rest.split(' ').collect();
        let [day, month, year, clock, "GMT"] = parts.as_slice() else {
            return None;
        };
        let month = MONTHS.iter().position(|name| name == month)? + 1;
        Self::from_rfc3339(&format!("{year}-{month:02}-{day}T{clock}Z"))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub const fn as_unix_seconds(self) -> i64 {
        self.0 / 1000
    }

    /// This time and `millis` more, within the range of the type.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this time; negative where it is later.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// RFC 3339 in UTC, whole seconds: `2024-12-19T11:39:09Z`.
    #[must_use]
    pub fn to_rfc3339_seconds(self) -> String {
        let mut text = self.seconds();
        text.push('Z');
        text
    }

    /// RFC 3339 in UTC with milliseconds: `2024-12-19T11:39:09.512Z`.
    #[must_use]
    pub fn to_rfc3339_millis(self) -> String {
        let mut text = self.seconds();
        let millis = self.0 % 1000;
        text.push('.');
        push_digit(&mut text, millis / 100);
        push_pair(&mut text, millis % 100);
        text.push('Z');
        text
    }

    /// RFC 3339 without what comes behind the seconds.
    fn seconds(self) -> String {
        let (year, month, day) = civil_from_days(self.0 / MILLIS_PER_DAY);
        let seconds = self.0 % MILLIS_PER_DAY / 1000;
        let mut text = String::with_capacity("9999-12-31T23:59:59.999Z".len());
        push_pair(&mut text, year / 100);
        push_pair(&mut text, year % 100);
        for (before, number) in
            [('-', month), ('-', day), ('T', seconds / 3600), (':', seconds / 60 % 60), (':', seconds % 60)]
        {
            text.push(before);
            push_pair(&mut text, number);
        }
        text
    }
}

/// Writes a number under 100 in two digits. Every event has two times, and `format!` takes longer than all else about them.
fn push_pair(text: &mut String, number: i64) {
    push_digit(text, number / 10);
    push_digit(text, number % 10);
}

fn push_digit(text: &mut String, digit: i64) {
    text.push(char::from(b'0' + u8::try_from(digit).unwrap_or_default()));
}

/// The proleptic Gregorian calendar in eras of 400 years that begin on 1 March, so that the leap day is a year's last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - DAYS_TO_EPOCH
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_EPOCH;
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_calendar_event_has_its_documented_time() {
        let time = Timestamp::from_unix_seconds_text("1734608349").unwrap();
        assert_eq!(time.to_rfc3339_seconds(), "2024-12-19T11:39:09Z");
        assert_eq!(time.plus_millis(512).to_rfc3339_millis(), "2024-12-19T11:39:09.512Z");
    }

    #[test]
    fn what_is_no_unix_time_is_not_read_as_one() {
        for text in ["", "0", "-1", "+1", "1e9", " 1", "99999999999999999999", "253402300800"] {
            assert_eq!(Timestamp::from_unix_seconds_text(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_day_of_the_range_is_written_and_read_back() {
        for day in (0..=LAST_MILLIS / MILLIS_PER_DAY).step_by(17) {
            let time = Timestamp::from_millis(day * MILLIS_PER_DAY + day % MILLIS_PER_DAY);
            assert_eq!(Timestamp::from_rfc3339(&time.to_rfc3339_millis()), Some(time));
        }
        assert_eq!(Timestamp::from_millis(i64::MAX).to_rfc3339_millis(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn offsets_and_fractions_are_understood() {
        let noon = Timestamp::from_rfc3339("2024-02-29T12:00:00Z").unwrap();
        assert_eq!(Timestamp::from_rfc3339("2024-02-29T15:00:00+03:00"), Some(noon));
        assert_eq!(Timestamp::from_rfc3339("2024-02-29t04:30:00.123456-07:30"), Some(noon.plus_millis(123)));
    }

    #[test]
    fn an_http_date_is_understood() {
        let time = Timestamp::from_rfc3339("1994-11-06T08:49:37Z");
        assert_eq!(Timestamp::from_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), time);
        for text in ["", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC"]
        {
            assert_eq!(Timestamp::from_http_date(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_rfc_3339_time_is_refused() {
        for text in [
            "",
            "2024",
            "2024-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00Zx",
            "2024-01-01T00:00:00+3:00",
            "2024-01-01T00:00:00+24:00",
            "-024-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "é024-01-01T00:00:00Z",
        ] {
            assert_eq!(Timestamp::from_rfc3339(text), None, "{text:?}");
        }
    }
}
