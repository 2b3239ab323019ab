//! Writes text as JSON: the bytes that `serde_json` would write, without its layers in between.

/// Writes a text in quotes.
pub fn push_json_text(json: &mut String, text: &str) {
    json.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| IS_ESCAPED[usize::from(byte)]) {
        json.push_str(&rest[..at]);
        push_escaped(json, rest.as_bytes()[at]);
        rest = &rest[at + 1..];
    }
    json.push_str(rest);
    json.push('"');
}

/// Which bytes are not written as they are.
const IS_ESCAPED: [bool; 256] = escaped();

const fn escaped() -> [bool; 256] {
    let mut escaped = [false; 256];
    let mut byte = 0;
    while byte < b' ' as usize {
        escaped[byte] = true;
        byte += 1;
    }
    escaped[b'"' as usize] = true;
    escaped[b'\\' as usize] = true;
    escaped
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
