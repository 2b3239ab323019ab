//! Keys of PHP's arrays that are integers.

/// The number that PHP takes a key for: an `i64` in the one way in which PHP itself writes it.
pub(super) fn canonical_int(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = match digits.as_bytes() {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_canonical_number_is_an_integer_key() {
        for (key, number) in [
            ("0", Some(0)),
            ("7", Some(7)),
            ("-7", Some(-7)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("-9223372036854775809", None),
            ("", None),
            ("-", None),
            ("-0", None),
            ("00", None),
            ("07", None),
            ("+7", None),
            ("7 ", None),
            ("7.0", None),
            ("\u{663}", None),
        ] {
            assert_eq!(canonical_int(key), number, "{key:?}");
        }
    }
}
