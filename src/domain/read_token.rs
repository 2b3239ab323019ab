//! Tokens of those who may read logs, and nothing else.

use super::member_id::MemberId;
use super::secret::Secret;

/// Shortest token, in characters: 16 of 62 are 95 bits.
const MIN_LENGTH: usize = 16;
/// Tokens in all. Each is compared with what every API call brings.
const MAX_TOKENS: usize = 50;
/// Portals that one token may be limited to. Each is looked up when the merged log is read.
const MAX_PORTALS: usize = 50;

/// A token with its name, and the portals that it may read.
#[derive(Clone, Debug)]
pub struct ReadToken {
    /// The operator's name for it.
    pub name: String,
    token: Secret,
    /// All portals, where it is absent.
    portals: Option<Vec<MemberId>>,
}

impl ReadToken {
    /// Reads `READ_TOKENS`: entries with white space between them, each `name=token`, or `name=token@member_id,member_id` for
    /// these portals only. An error names the entry by its number, never by its content.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        let mut tokens: Vec<Self> = Vec::new();
        for (entry, number) in text.split_whitespace().zip(1..) {
            let token = Self::parse(entry).map_err(|error| format!("entry {number}: {error}"))?;
            if tokens.iter().any(|known| known.name == token.name || known.token == token.token) {
                return Err(format!("entry {number}: an earlier one has the same name or token"));
            }
            tokens.push(token);
        }
        if tokens.len() > MAX_TOKENS { Err(format!("at most {MAX_TOKENS} tokens")) } else { Ok(tokens) }
    }

    fn parse(entry: &str) -> Result<Self, String> {
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
        if token.len() < MIN_LENGTH {
            return Err(format!("a token has at least {MIN_LENGTH} characters"));
        }
        if portals.as_ref().is_some_and(|portals| portals.len() > MAX_PORTALS) {
            return Err(format!("at most {MAX_PORTALS} portals"));
        }
        Ok(Self { name: name.to_owned(), token: Secret::new(token), portals })
    }

    /// Finds the token that was given. All are compared, so that the time does not tell which it was.
    #[must_use]
    pub fn find<'a>(tokens: &'a [Self], given: &Secret) -> Option<&'a Self> {
        tokens.iter().fold(None, |found, known| if known.token == *given { Some(known) } else { found })
    }

    /// The portals that it is limited to, if it is.
    #[must_use]
    pub fn portals(&self) -> Option<&[MemberId]> {
        self.portals.as_deref()
    }

    /// Whether it may read this portal.
    #[must_use]
    pub fn sees(&self, member_id: &MemberId) -> bool {
        self.portals.as_ref().is_none_or(|portals| portals.contains(member_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: &str = "crm=0123456789abcdef=\n erp=fedcba9876543210@m1,m2";

    #[test]
    fn a_token_reads_all_portals_or_those_that_it_is_limited_to() {
        let tokens = ReadToken::parse_list(TOKENS).unwrap();
        let member = |text: &str| MemberId::try_from(text).unwrap();
        let crm = ReadToken::find(&tokens, &Secret::new("0123456789abcdef=")).unwrap();
        assert_eq!((crm.name.as_str(), crm.sees(&member("m9"))), ("crm", true));
        let erp = ReadToken::find(&tokens, &Secret::new("fedcba9876543210")).unwrap();
        assert_eq!((erp.sees(&member("m2")), erp.sees(&member("m3"))), (true, false));
        assert!(ReadToken::find(&tokens, &Secret::new("0123456789abcdef")).is_none());
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
            let error = ReadToken::parse_list(text).unwrap_err();
            assert!(error.starts_with("entry ") && !error.contains("hunter2"), "{text}: {error}");
        }
        let many: Vec<String> = (0..51).map(|number| format!("n{number}=token-of-16-bytes-{number}")).collect();
        assert!(ReadToken::parse_list(&many.join(" ")).is_err());
    }
}
