//! Who calls the API, and what they may do.

use super::client_token::ClientToken;
use super::member_id::MemberId;
use super::problem::{Code, Problem};
use super::route::{Reading, Route};

/// Whoever showed a valid token.
#[derive(Clone, Copy, Debug)]
pub enum Caller<'a> {
    /// With `ADMIN_TOKEN`: may do everything.
    Operator,
    /// With one of `READ_TOKENS`: may read logs and move consumers.
    Reader(&'a ClientToken),
}

impl Caller<'_> {
    /// Refuses what the caller may not do. A portal that a reader may not see looks the same whether it exists or not.
    pub fn check(&self, route: &Route, method: &str) -> Result<(), Problem> {
        let Self::Reader(token) = self else {
            return Ok(());
        };
        let detail = match route.reading(method) {
            None => "a read token reads logs and acknowledges; this needs ADMIN_TOKEN",
            Some(Reading::Portal(member_id)) if !token.covers(member_id) => "this token is limited to other portals",
            Some(Reading::Portal(_) | Reading::AllItSees) => return Ok(()),
        };
        Err(Problem::new(Code::NotAllowed, detail))
    }

    /// The portals that the caller is limited to, if it is.
    #[must_use]
    pub fn portals(&self) -> Option<&[MemberId]> {
        match self {
            Self::Operator => None,
            Self::Reader(token) => token.portals(),
        }
    }
}
