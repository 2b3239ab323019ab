//! What a reader of the API writes into a URL or a header: paths, ids, times, patterns, places in a log and in all logs, names of
//! consumers, tokens that read. What is taken is read back as it was written.

use bitrix24_edge_relay::app::edge::query::{LIMITS, MAX_PLACE, Query};
use bitrix24_edge_relay::app::edge::read::parse_place;
use bitrix24_edge_relay::app::portal::activity::MAX_MINUTES;
use bitrix24_edge_relay::domain::client_token::ClientToken;
use bitrix24_edge_relay::domain::consumer_name::ConsumerName;
use bitrix24_edge_relay::domain::event_glob::EventGlob;
use bitrix24_edge_relay::domain::event_id::EventId;
use bitrix24_edge_relay::domain::log_cursor::LogCursor;
use bitrix24_edge_relay::domain::member_id::{MAX_MEMBER_ID_LENGTH, MemberId};
use bitrix24_edge_relay::domain::read_token::parse_read_tokens;
use bitrix24_edge_relay::domain::route::Route;
use bitrix24_edge_relay::domain::secret::{Secret, TokenHash};
use bitrix24_edge_relay::domain::time::Timestamp;

/// Long words of the messages about `READ_TOKENS`. An entry that is part of them is no secret.
const MESSAGES: &str = "`name=token`, `name=token@member_id,member_id` characters";
/// An entry under this length is in many an innocent message.
const TELLING_BYTES: usize = 8;

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
        // Dots lead elsewhere only where they are all of a segment; a consumer may be called `a..b`.
        let leads_elsewhere = text.split('/').any(|segment| segment == "." || segment == "..");
        assert!(!leads_elsewhere && !text.contains('%') && !text.contains("//"), "{text:?} is a path");
    }
    if let Ok(name) = ConsumerName::try_from(text) {
        assert_eq!(name.as_str(), text);
        let member_id = MemberId::try_from("m").expect("it is plain text");
        let path = format!("/portals/m/consumers/{text}");
        assert_eq!(Route::find(&path), Some(Route::Consumer(member_id.clone(), name.clone())));
        assert_eq!(Route::find(&format!("{path}/ack")), Some(Route::ConsumerAck(member_id, name)));
    }
    check_place(text);
    check_merged_cursor(text);
    check_query(text);
    check_read_tokens(text);
    let (pattern, rest) = text.split_once('\n').unwrap_or((text, ""));
    if let Ok(glob) = EventGlob::parse(pattern) {
        assert_eq!(
            glob.matches(rest),
            fits(pattern.to_ascii_lowercase().as_bytes(), rest.as_bytes()),
            "{pattern:?} {rest:?}"
        );
    }
}

/// A place in a log, as `after` and `Last-Event-ID` have it: the number that was written, and one that passes through JavaScript.
fn check_place(text: &str) {
    let Some(place) = parse_place(text) else {
        return;
    };
    assert!((0..=MAX_PLACE).contains(&place), "{text:?} is place {place}");
    let digits = text.trim_start_matches('0');
    assert_eq!(if digits.is_empty() { "0" } else { digits }, place.to_string());
}

/// The cursor of `GET /log`: one that is taken is given again, no longer than it was, with the same place in each log.
fn check_merged_cursor(text: &str) {
    let Some(cursor) = LogCursor::parse(text) else {
        return;
    };
    let given = cursor.to_text().expect("it is no longer than what was read");
    assert!(given.len() <= text.len(), "{text:?} became {given:?}");
    let again = LogCursor::parse(&given).expect("the relay reads what it gives");
    assert_eq!((again.numbering, again.turn, again.has_left), (cursor.numbering, cursor.turn, cursor.has_left));
    // Numbers that a short cursor can name, and the ends of what any can.
    for number in (0..200).chain([99_999, 100_000, 100_001]) {
        assert_eq!(again.place(number), cursor.place(number), "portal {number} of {text:?}");
        assert!((0..=MAX_PLACE).contains(&cursor.place(number)));
    }
    assert_eq!(again.to_text(), Some(given), "it is given in one spelling");
}

/// Parameters of any read, those of `GET .../activity` among them: within their bounds, and no credential is among them.
fn check_query(text: &str) {
    let Ok(query) = Query::parse(text) else {
        return;
    };
    for name in ["token", "access_token", "authorization", "api_key"] {
        assert_eq!(query.text(name), None, "{text:?} holds a credential");
    }
    for (name, bounds) in [("limit", LIMITS), ("minutes", 1..=MAX_MINUTES), ("wait", 0..=30)] {
        if let Ok(Some(number)) = query.number(name, bounds.clone()) {
            assert!(bounds.contains(&number), "{name} is {number}");
        }
    }
}

/// `READ_TOKENS`: each token is found as it was written, reads the portals that were written, and is never printed.
fn check_read_tokens(text: &str) {
    let entries = || text.split_whitespace();
    let tokens = match parse_read_tokens(text) {
        Ok(tokens) => tokens,
        Err(error) => {
            let is_told =
                |entry: &str| entry.len() >= TELLING_BYTES && error.contains(entry) && !MESSAGES.contains(entry);
            assert!(!entries().any(is_told), "an entry is told: {error}");
            return;
        }
    };
    assert_eq!(tokens.len(), entries().count());
    for (entry, known) in entries().zip(&tokens) {
        let (name, rest) = entry.split_once('=').expect("an entry has a name");
        let (token, portals) = rest.rsplit_once('@').map_or((rest, None), |(token, portals)| (token, Some(portals)));
        let found = ClientToken::find(&tokens, &Secret::new(token)).expect("the token is known");
        assert_eq!((found.name.as_str(), known.name.as_str()), (name, name));
        let limited: Option<Vec<&str>> = known.portals().map(|ids| ids.iter().map(MemberId::as_str).collect());
        assert_eq!(limited.map(|ids| ids.join(",")).as_deref(), portals);
        let stranger = MemberId::try_from("a-portal-of-nobody").expect("it is plain text");
        let is_listed = portals.is_none_or(|portals| portals.split(',').any(|id| id == stranger.as_str()));
        assert_eq!(known.covers(&stranger), is_listed);
        let without_token =
            format!("ClientToken {{ name: {name:?}, token: Secret(redacted), portals: {:?} }}", known.portals());
        assert_eq!(format!("{known:?}"), without_token);
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
