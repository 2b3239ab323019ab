//! Writes text as JSON: the bytes that `serde_json` would write, without its layers in between.

/// Writes a text in quotes.
pub fn push_json_text(json: &mut String, text: &str) {
    json.push('"');
    let (mut at, mut written) = (0, 0);
    loop {
        at += plain_bytes(&text.as_bytes()[at..]);
        let Some(byte) = text.as_bytes().get(at) else {
            break;
        };
        json.push_str(&text[written..at]);
        push_escaped(json, *byte);
        at += 1;
        written = at;
    }
    json.push_str(&text[written..]);
    json.push('"');
}

/// How many bytes are written as they are, before one that is not.
fn plain_bytes(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(eight) = bytes[at..].first_chunk()
        && are_plain(u64::from_le_bytes(*eight))
    {
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| *byte >= b' ' && *byte != b'"' && *byte != b'\\') {
        at += 1;
    }
    at
}

/// Looks at eight bytes at once. Taking `n` from a byte borrows from its highest bit where the byte is less than `n` and has that bit
/// clear; so does the byte behind one that borrows, but then the answer is certain already.
const fn are_plain(eight: u64) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let (quotes, backslashes) = (eight ^ (ONES * b'"' as u64), eight ^ (ONES * b'\\' as u64));
    let controls = eight.wrapping_sub(ONES * b' ' as u64) & !eight;
    let quotes = quotes.wrapping_sub(ONES) & !quotes;
    let backslashes = backslashes.wrapping_sub(ONES) & !backslashes;
    (controls | quotes | backslashes) & (ONES << 7) == 0
}

fn push_escaped(json: &mut String, byte: u8) {
    let escaped = match byte {
        b'"' => "\\\"",
        b'\\' => "\\\\",
        b'\n' => "\\n",
        b'\r' => "\\r",
        b'\t' => "\\t",
        0x8 => "\\b",
        0xC => "\\f",
        _ => {
            json.push_str(if byte < 16 { "\\u000" } else { "\\u001" });
            json.push(char::from(b"0123456789abcdef"[usize::from(byte % 16)]));
            return;
        }
    };
    json.push_str(escaped);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_written_as_serde_json_writes_it() {
        let ascii: String = (0..128).map(char::from).collect();
        let mut texts = vec![String::new(), "Сделка 😀\u{7f}\u{2028}".to_owned(), format!("{ascii}{ascii}")];
        texts.extend(ascii.chars().map(|character| format!("a{character}é{character}")));
        for text in texts {
            let mut json = String::new();
            push_json_text(&mut json, &text);
            assert_eq!(json, serde_json::to_string(&text).unwrap());
        }
    }
}
