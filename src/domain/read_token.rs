//! Tokens of those who may read logs, and nothing else.

use super::client_token::ClientToken;
use super::member_id::MemberId;

/// Tokens in all. Each is compared with what every API call brings.
const MAX_TOKENS: usize = 50;
/// Portals that one token may be limited to. Each is looked up when the merged log is read.
const MAX_PORTALS: usize = 50;

/// Reads `READ_TOKENS`: entries with white space between them, each `name=token`, or `name=token@member_id,member_id` for
/// these portals only. An error names the entry by its number, never by its content.
pub fn parse_read_tokens(text: &str) -> Result<Vec<ClientToken>, String> {
    let mut tokens = Vec::new();
    for (entry, number) in text.split_whitespace().zip(1..) {
        let token = parse(entry).map_err(|error| format!("entry {number}: {error}"))?;
        let twin = || format!("entry {number}: an earlier one has the same name or token");
        tokens = token.added_to(tokens).ok_or_else(twin)?;
    }
    if tokens.len() > MAX_TOKENS { Err(format!("at most {MAX_TOKENS} tokens")) } else { Ok(tokens) }
}

fn parse(entry: &str) -> Result<ClientToken, String> {
    let (name, rest) = entry.split_once('=').ok_or("`name=token`, or `name=token@member_id,member_id`")?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    if !is_name {
        return Err("a name is of A-Z, a-z, 0-9, `_`, `.` and `-`".to_owned());
    }
    let (token, portals) = match rest.rsplit_once('@') {
        None => (rest, None),
        Some((token, portals)) => {
            let portals: Result<Vec<_>, _> = portals.split(',').map(MemberId::try_from).collect();
            (token, Some(portals.map_err(|error| error.to_string())?))
        }
    };
    if portals.as_ref().is_some_and(|portals| portals.len() > MAX_PORTALS) {
        return Err(format!("at most {MAX_PORTALS} portals"));
    }
    ClientToken::new(name, token, portals).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;

    const TOKENS: &str = "crm=0123456789abcdef=\n erp=fedcba9876543210@m1,m2";

    #[test]
    fn a_token_reads_all_portals_or_those_that_it_is_limited_to() {
        let tokens = parse_read_tokens(TOKENS).unwrap();
        let member = |text: &str| MemberId::try_from(text).unwrap();
        let crm = ClientToken::find(&tokens, &Secret::new("0123456789abcdef=")).unwrap();
        assert_eq!((crm.name.as_str(), crm.covers(&member("m9"))), ("crm", true));
        let erp = ClientToken::find(&tokens, &Secret::new("fedcba9876543210")).unwrap();
        assert_eq!((erp.covers(&member("m2")), erp.covers(&member("m3"))), (true, false));
        assert!(ClientToken::find(&tokens, &Secret::new("0123456789abcdef")).is_none());
    }

    #[test]
    fn a_bad_entry_is_named_by_its_number_and_not_by_its_content() {
        for text in [
            "hunter2hunter2hunter2",
            "a=hunter2",
            "a b=hunter2hunter2hunter2",
            "ä=hunter2hunter2hunter2",
            "a=hunter2hunter2hunter2@",
            "a=hunter2hunter2hunter2@x/y",
            "a=hunter2hunter2hunter2 a=another-hunter2hunter2",
            "a=hunter2hunter2hunter2 b=hunter2hunter2hunter2",
        ] {
            let error = parse_read_tokens(text).unwrap_err();
            assert!(error.starts_with("entry ") && !error.contains("hunter2"), "{text}: {error}");
        }
        let many: Vec<String> = (0..51).map(|number| format!("n{number}=token-of-16-bytes-{number}")).collect();
        assert!(parse_read_tokens(&many.join(" ")).is_err());
    }
}
