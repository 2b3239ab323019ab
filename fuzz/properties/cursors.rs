//! What a reader of the API writes into a URL: paths, ids, times and patterns. What is taken is read back as it was written.

use bitrix24_edge_relay::domain::event_glob::EventGlob;
use bitrix24_edge_relay::domain::event_id::EventId;
use bitrix24_edge_relay::domain::member_id::{MAX_MEMBER_ID_LENGTH, MemberId};
use bitrix24_edge_relay::domain::route::Route;
use bitrix24_edge_relay::domain::secret::TokenHash;
use bitrix24_edge_relay::domain::time::Timestamp;

/// Takes the input as each of them.
pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    if let Ok(id) = EventId::try_from(text) {
        assert_eq!(id.to_string(), text);
        assert_eq!(EventId::try_from(id.to_string()), Ok(id));
        assert!(id.received_at().to_rfc3339_millis().len() == "2024-12-19T11:39:09.512Z".len());
    }
    if let Ok(member_id) = MemberId::try_from(text) {
        assert_eq!(member_id.as_str(), text);
        assert!(text.len() <= MAX_MEMBER_ID_LENGTH);
        assert_eq!(Route::find(&format!("/portals/{text}")), Some(Route::Portal(member_id)));
    }
    if let Ok(hash) = TokenHash::try_from(text) {
        assert_eq!(hash.to_string(), text.to_ascii_lowercase());
    }
    if let Some(time) = Timestamp::from_rfc3339(text) {
        assert_eq!(Timestamp::from_rfc3339(&time.to_rfc3339_millis()), Some(time));
    }
    if let Some(route) = Route::find(text) {
        assert!(!route.allow().is_empty());
        assert!(!text.contains("..") && !text.contains('%') && !text.contains("//"), "{text:?} is a path");
    }
    let (pattern, rest) = text.split_once('\n').unwrap_or((text, ""));
    if let Ok(glob) = EventGlob::parse(pattern) {
        assert_eq!(
            glob.matches(rest),
            fits(pattern.to_ascii_lowercase().as_bytes(), rest.as_bytes()),
            "{pattern:?} {rest:?}"
        );
    }
}

/// Whether the text fits the pattern, row by row: `fitting[n]` says whether the pattern so far fits the first `n` bytes.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let mut fitting: Vec<bool> = (0..=text.len()).map(|length| length == 0).collect();
    for byte in pattern {
        let before = std::mem::take(&mut fitting);
        let mut any = false;
        for (length, fitted) in before.iter().enumerate() {
            any |= fitted;
            let one_more = length.checked_sub(1).is_some_and(|last| before[last] && text[last] == *byte);
            fitting.push(if *byte == b'*' { any } else { one_more });
        }
    }
    fitting.last() == Some(&true)
}
