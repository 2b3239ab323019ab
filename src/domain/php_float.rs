//! How PHP writes a float.

/// Most digits before the point of a float that PHP writes without an exponent.
const MAX_INTEGER_DIGITS: i32 = 17;
/// Most zeros between the point and the first digit of such a float.
const MAX_LEADING_ZEROS: i32 = 3;

/// The text of a finite float as PHP writes it with `precision = -1`: the fewest digits that tell it from its neighbours, no
/// point where there is no fraction (`1`), and an exponent where it is very large or very small (`1.0E+25`, `1.5E-7`).
pub(super) fn to_text(value: f64) -> String {
    let scientific = shortest(value.abs());
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return value.to_string();
    };
    let Ok(exponent) = exponent.parse::<i32>() else {
        return value.to_string();
    };
    let digits = mantissa.replace('.', "");
    let sign = if value.is_sign_negative() { "-" } else { "" };
    // How many digits stand before the point; negative: how many zeros stand after it.
    let integer_digits = exponent + 1;
    if !(-MAX_LEADING_ZEROS..=MAX_INTEGER_DIGITS).contains(&integer_digits) {
        let (first, rest) = digits.split_at(1);
        let rest = if rest.is_empty() { "0" } else { rest };
        return format!("{sign}{first}.{rest}E{exponent:+}");
    }
    match usize::try_from(integer_digits) {
        Err(_) | Ok(0) => {
            let zeros = "0".repeat(integer_digits.unsigned_abs() as usize);
            format!("{sign}0.{zeros}{digits}")
        }
        Ok(before) if before >= digits.len() => format!("{sign}{digits:0<before$}"),
        Ok(before) => {
            let (integer, fraction) = digits.split_at(before);
            format!("{sign}{integer}.{fraction}")
        }
    }
}

/// The shortest digits, as `1.25e-7`. Where two are equally near, std takes the larger ones and PHP the even ones, to which
/// std rounds when it is told how many digits to write.
fn shortest(value: f64) -> String {
    let larger = format!("{value:e}");
    let fraction_digits = larger.split_once('e').map_or(0, |(mantissa, _)| mantissa.len().saturating_sub(2));
    let even = format!("{value:.fraction_digits$e}");
    if even.parse() == Ok(value) { even } else { larger }
}

#[cfg(test)]
mod tests {
    use super::to_text;

    #[test]
    fn floats_have_the_text_that_php_gives_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (1.5, "1.5"),
            (-1.25, "-1.25"),
            (100.0, "100"),
            (0.1 + 0.2, "0.30000000000000004"),
            (219_148_980_753_136.0 + 0.625, "219148980753136.62"),
            (1e16, "10000000000000000"),
            (1e17, "1.0E+17"),
            (12_345_678_901_234_567.0, "12345678901234568"),
            (9_223_372_036_854_775_808.0, "9.223372036854776E+18"),
            (0.0001, "0.0001"),
            (0.000_123_456, "0.000123456"),
            (0.00001, "1.0E-5"),
            (1.5e-10, "1.5E-10"),
            (1e25, "1.0E+25"),
            (f64::MAX, "1.7976931348623157E+308"),
            (5e-324, "5.0E-324"),
        ] {
            assert_eq!(to_text(value), text);
        }
    }
}
