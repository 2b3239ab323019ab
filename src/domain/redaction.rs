//! Keeps tokens out of what is stored and forwarded.
//!
//! A POST carries live OAuth tokens in `auth`, and those of chat bots in `data`, too. Two rules, both over `data`:
//! - a key that holds tokens is removed with all that is under it, at any depth and in any case: [`TOKEN_KEYS`] and
//!   [`AUTH_KEY`];
//! - so is every leaf, and every entry whose key, tells a token that stands anywhere in the POST: it equals one, or it
//!   contains one of at least [`MIN_CONTAINED_BYTES`], as a URL with `?auth=<token>` does.
//!
//! A token in another spelling (percent-encoded, in another case, cut in half) is not found; Bitrix24's are letters and
//! digits, which no encoding of a form changes.
//!
//! Removing does not change what the rest is: a list stays a list and closes up, a map stays a map, even with nothing in it.

use super::json_text::push_json_text;
use super::php_array::{PhpArray, PhpValue};
use std::ops::RangeInclusive;

/// Keys under which tokens stand: of `auth`, of the installer's form (`AUTH_ID`, `REFRESH_ID`), of workflow activities.
pub const TOKEN_KEYS: [&str; 6] =
    ["access_token", "refresh_token", "application_token", "AUTH_ID", "REFRESH_ID", "event_token"];

/// How long they are: most keys are shorter.
const TOKEN_KEY_BYTES: RangeInclusive<usize> = "AUTH_ID".len()..="application_token".len();

/// The key of the array in which tokens stand beside other things, which are no tokens, but go with them.
pub const AUTH_KEY: &str = "auth";

/// The event that asks the application to confirm the call of a method, and its key that holds the token of the call.
pub const METHOD_CONFIRM: (&str, &str) = ("ONAPPMETHODCONFIRM", "TOKEN");

/// Shortest token that is looked for inside of other text. Generated tokens have 32 characters or more. A chat bot's token
/// is whatever its maker chose: `192735` or `bot` would be found in text that has nothing to do with it.
pub const MIN_CONTAINED_BYTES: usize = 16;

/// Most `data` is an id or two, so that its JSON is not moved as it grows.
const USUAL_DATA_BYTES: usize = 64;

/// A longer token is looked for by so many bytes of its beginning. It bounds the work: a body of 1 MiB has as many places
/// at which a token can begin, and takes up to 14 comparisons (10,000 tokens, halved each time) of 64 bytes at each.
pub const MAX_CONTAINED_BYTES: usize = 64;

/// What must not be told of a POST.
pub struct Redaction<'a> {
    /// Every token, to be found as a whole: sorted.
    tokens: Vec<&'a str>,
    /// Beginnings of the longer tokens, to be found inside of other text: sorted, and none begins with another.
    contained: Vec<&'a [u8]>,
    /// The bytes with which a token begins: most texts are told from all tokens by them.
    begins: [bool; 256],
    is_method_confirm: bool,
}

impl<'a> Redaction<'a> {
    /// Collects the tokens of a POST.
    #[must_use]
    pub fn of(post: PhpArray<'a>, event_name: &str) -> Self {
        let mut redaction = Self::of_none(event_name.eq_ignore_ascii_case(METHOD_CONFIRM.0));
        for (key, value) in post.iter() {
            let in_data = key == "data";
            redaction.collect(key, value, in_data, false);
        }
        redaction.index();
        redaction
    }

    /// Looks for these tokens.
    #[must_use]
    pub fn of_tokens(tokens: impl IntoIterator<Item = &'a str>) -> Self {
        let mut redaction = Self::of_none(false);
        redaction.tokens.extend(tokens.into_iter().filter(|token| !token.is_empty()));
        redaction.index();
        redaction
    }

    const fn of_none(is_method_confirm: bool) -> Self {
        Self { tokens: Vec::new(), contained: Vec::new(), begins: [false; 256], is_method_confirm }
    }

    /// Makes the tokens that were collected ready to be found.
    fn index(&mut self) {
        self.tokens.sort_unstable();
        for token in &self.tokens {
            let token = token.as_bytes();
            if let Some(first) = token.first() {
                self.begins[usize::from(*first)] = true;
            }
            let beginning = &token[..token.len().min(MAX_CONTAINED_BYTES)];
            // What begins with a shorter token is found by that one. Sorted as they are, it is the last one kept.
            let is_found = self.contained.last().is_some_and(|kept| beginning.starts_with(kept));
            if beginning.len() >= MIN_CONTAINED_BYTES && !is_found {
                self.contained.push(beginning);
            }
        }
    }

    /// Whether the text is a token of this POST, or contains one.
    #[must_use]
    pub fn tells_token(&self, text: &str) -> bool {
        self.is_token(text) || self.contains_token(text.as_bytes())
    }

    /// What is left of `data`, as JSON. `None` where nothing is: it was a token itself.
    #[must_use]
    pub fn redact(&self, data: PhpValue<'_>) -> Option<String> {
        let mut json = String::with_capacity(USUAL_DATA_BYTES);
        self.keeps(data).then(|| {
            self.write(data, &mut json);
            json
        })
    }

    fn collect(&mut self, key: &str, value: PhpValue<'a>, in_data: bool, in_token_key: bool) {
        let holds_tokens = in_token_key || self.is_token_key(key, in_data);
        match value {
            PhpValue::Text(text) => {
                if holds_tokens && !text.is_empty() {
                    self.tokens.push(text);
                }
            }
            PhpValue::Array(array) => {
                for (key, value) in array.iter() {
                    self.collect(key, value, in_data, holds_tokens);
                }
            }
        }
    }

    fn is_token_key(&self, key: &str, in_data: bool) -> bool {
        (TOKEN_KEY_BYTES.contains(&key.len()) && TOKEN_KEYS.iter().any(|name| key.eq_ignore_ascii_case(name)))
            || (in_data && self.is_method_confirm && key.eq_ignore_ascii_case(METHOD_CONFIRM.1))
    }

    fn begins_token(&self, byte: u8) -> bool {
        self.begins[usize::from(byte)]
    }

    fn is_token(&self, text: &str) -> bool {
        let may_be = text.bytes().next().is_some_and(|byte| self.begins_token(byte));
        may_be && self.tokens.binary_search(&text).is_ok()
    }

    fn contains_token(&self, text: &[u8]) -> bool {
        if self.contained.is_empty() || text.len() < MIN_CONTAINED_BYTES {
            return false;
        }
        for start in 0..=text.len() - MIN_CONTAINED_BYTES {
            if !self.begins_token(text[start]) {
                continue;
            }
            let rest = &text[start..];
            // Of tokens of which none begins with another, only the last that is not after `rest` can be its beginning.
            let after = self.contained.partition_point(|token| *token <= rest);
            if after.checked_sub(1).is_some_and(|last| rest.starts_with(self.contained[last])) {
                return true;
            }
        }
        false
    }

    fn keeps(&self, value: PhpValue<'_>) -> bool {
        value.as_text().is_none_or(|text| !self.tells_token(text))
    }

    /// Whether an entry under this key is kept, as far as the key tells.
    pub(super) fn keeps_key(&self, key: &str) -> bool {
        !key.eq_ignore_ascii_case(AUTH_KEY) && !self.is_token_key(key, true) && !self.tells_token(key)
    }

    /// Writes a value that is kept.
    fn write(&self, value: PhpValue<'_>, json: &mut String) {
        let array = match value {
            PhpValue::Text(text) => return push_json_text(json, text),
            PhpValue::Array(array) => array,
        };
        let is_list = array.is_list();
        json.push(if is_list { '[' } else { '{' });
        let start = json.len();
        for (key, value) in array.iter() {
            if !(is_list || self.keeps_key(key)) || !self.keeps(value) {
                continue;
            }
            if json.len() > start {
                json.push(',');
            }
            if !is_list {
                push_json_text(json, key);
                json.push(':');
            }
            self.write(value, json);
        }
        json.push(if is_list { ']' } else { '}' });
    }
}

#[cfg(test)]
mod tests {
    use super::super::form::read_form;
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    /// What is left of `data`, in JSON.
    fn redacted(event: &str, body: &str) -> Option<String> {
        let post = read_form(body.as_bytes()).unwrap();
        Redaction::of(post.root(), event).redact(post.get("data")?)
    }

    fn left(body: &str) -> String {
        redacted("ONIMBOTMESSAGEADD", body).unwrap()
    }

    #[test]
    fn token_keys_go_with_all_that_is_under_them_at_any_depth_and_in_any_case() {
        assert!(TOKEN_KEYS.iter().all(|key| TOKEN_KEY_BYTES.contains(&key.len())));
        for key in TOKEN_KEYS.into_iter().chain([AUTH_KEY]) {
            for key in [key.to_lowercase(), key.to_uppercase()] {
                let body = format!("data[{key}]=x&data[a][0][{key}][b][c]=y&data[d]=e");
                assert_eq!(left(&body), r#"{"a":[{}],"d":"e"}"#, "{key}");
            }
        }
    }

    #[test]
    fn a_token_is_removed_wherever_else_it_stands() {
        for place in [
            "auth[access_token]",
            "AUTH_ID",
            "data[BOT][567][AUTH][refresh_token]",
            "data[a][Event_Token][x][]",
            "other[application_token]",
        ] {
            let body = format!(
                "{place}={TOKEN}&data[t]={TOKEN}&data[u]=https://x/?auth={TOKEN}%26a=b&data[{TOKEN}]=c&data[k-{TOKEN}][d]=e\
                 &data[z]=f"
            );
            assert!(!left(&body).contains(TOKEN), "{place}");
            assert!(left(&body).ends_with(r#""z":"f"}"#), "{place}");
        }
        assert_eq!(redacted("E", &format!("auth[access_token]={TOKEN}&data={TOKEN}")), None);
    }

    #[test]
    fn a_short_token_is_found_only_as_a_whole() {
        let body =
            "auth[application_token]=192735&data[a]=192735&data[b]=1927350&data[c]=t192735&data[192735]=x&data[d]=y";
        assert_eq!(left(body), r#"{"b":"1927350","c":"t192735","d":"y"}"#);
        let empty_token = "auth[access_token]=&data[a]=&data[b]=x";
        assert_eq!(left(empty_token), r#"{"a":"","b":"x"}"#);
    }

    #[test]
    fn of_tokens_that_begin_alike_each_is_found() {
        let tokens =
            ["aaaaaaaaaaaaaaaab", "aaaaaaaaaaaaaaaac", "aaaaaaaaaaaaaaaabc", "aaaaaaaaaaaaaaaadd", "bbbbbbbbbbbbbbbb"];
        let sent = tokens.map(|token| format!("AUTH_ID[]={token}")).join("&");
        for token in tokens {
            let innocent = &token[1..];
            let body = format!("data[]=({token}~&data[]=aaa{token}&data[]=({innocent})&data[]={token}&{sent}");
            assert_eq!(left(&body), format!(r#"["({innocent})"]"#), "{token}");
        }
    }

    #[test]
    fn a_very_long_token_is_found_by_its_beginning() {
        let (beginning, shorter) = ("x".repeat(MAX_CONTAINED_BYTES), "x".repeat(MAX_CONTAINED_BYTES - 1));
        let body = format!("AUTH_ID={beginning}etc&data[]=({beginning}etc)&data[]={beginning}&data[]={shorter}");
        assert_eq!(left(&body), format!(r#"["{shorter}"]"#));
    }

    #[test]
    fn the_token_of_a_call_to_confirm_is_one() {
        let body = format!("data[TOKEN]={TOKEN}&data[a][token]=short&data[b]=short&data[METHOD]={TOKEN}!&data[c]=d");
        assert_eq!(redacted("OnAppMethodConfirm", &body).as_deref(), Some(r#"{"a":{},"c":"d"}"#));
        assert!(left(&body).contains(TOKEN), "elsewhere `TOKEN` is a key like any other");
    }

    #[test]
    fn what_is_left_keeps_its_shape() {
        let auth = format!("auth[access_token]={TOKEN}");
        assert_eq!(left(&format!("{auth}&data[]=a&data[]={TOKEN}&data[]=b")), r#"["a","b"]"#);
        let emptied = format!("{auth}&data[l][]={TOKEN}&data[m][x]={TOKEN}&data[n][auth]=x");
        assert_eq!(left(&emptied), r#"{"l":[],"m":{},"n":{}}"#);
        assert_eq!(left("data[auth]=x&data[0]=a&data[1]=b"), r#"{"0":"a","1":"b"}"#);
    }
}
