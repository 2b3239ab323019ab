//! Who is let in.

use super::Edge;
use super::query::Query;
use crate::app::ports::IncomingRequest;
use crate::domain::caller::Caller;
use crate::domain::client_token::ClientToken;
use crate::domain::problem::{Code, Problem};
use crate::domain::secret::Secret;

impl Edge {
    /// Tells who calls, by the bearer token. Whoever has none of the relay's own is let in nowhere.
    pub(super) fn authorize(&self, request: &impl IncomingRequest) -> Result<Caller<'_>, Problem> {
        let given = bearer(request)?;
        let config = &self.config;
        if given.is_some() && given == config.admin_token {
            return Ok(Caller::Operator);
        }
        if let Some(token) = given.and_then(|given| ClientToken::find(&config.read_tokens, &given)) {
            return Ok(Caller::Reader(token));
        }
        if config.admin_token.is_none() {
            let detail = "the API is closed: the secret ADMIN_TOKEN is not set, or too short";
            return Err(Problem::new(Code::NotConfigured, detail));
        }
        let detail = "send `Authorization: Bearer` with the operator's token, or with one that reads";
        Err(Problem::new(Code::Unauthorized, detail).with_header("www-authenticate", "Bearer"))
    }
}

/// The bearer token that a call of the API brings, if it brings one. A credential in the query string is refused, whatever stands
/// beside it.
pub(super) fn bearer(request: &impl IncomingRequest) -> Result<Option<Secret>, Problem> {
    Query::parse(request.query())?;
    Ok(request.header("authorization").and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(token.trim()))
    }))
}
