//! `POST /portals/{member_id}/token`: hands a service inside the company an access token, so that nobody else has to do OAuth.

use super::Edge;
use super::access::bearer;
use super::admin::{call_known, not_authorised};
use crate::app::log_line::{Level, LogLine};
use crate::app::portal::command::{PortalCommand, PortalReply};
use crate::app::portal::installs::open_access_token;
use crate::app::ports::{EdgeRuntime, IncomingRequest};
use crate::domain::client_token::ClientToken;
use crate::domain::problem::{Code, Problem};
use crate::domain::reply::Reply;
use crate::domain::route::Route;
use serde::Serialize;

/// What a service needs to call a portal. The one answer of the relay that holds a token.
#[derive(Serialize)]
struct Grant<'a> {
    access_token: &'a str,
    expires_at: String,
    client_endpoint: &'a str,
}

impl Edge {
    /// Hands out an access token. `ADMIN_TOKEN` does not open this: an operator has no use for it.
    pub(super) async fn hand_out_token(
        &self,
        runtime: &impl EdgeRuntime,
        request: &impl IncomingRequest,
        route: Route,
    ) -> Result<Reply, Problem> {
        let Route::PortalAccessToken(member_id) = route else {
            return Err(Problem::new(Code::NotFound, "there is no such resource"));
        };
        let given = bearer(request)?;
        if self.config.broker_clients.is_empty() {
            return Err(Problem::new(
                Code::NotConfigured,
                "nobody is handed tokens: the secret BROKER_TOKENS is not set",
            ));
        }
        let Some(client) = given.and_then(|given| ClientToken::find(&self.config.broker_clients, &given)) else {
            let detail = "send `Authorization: Bearer` with a token of BROKER_TOKENS";
            return Err(Problem::new(Code::Unauthorized, detail).with_header("www-authenticate", "Bearer"));
        };
        let line = |level, message: &'static str| {
            LogLine::new(level, message).with("client", client.name.as_str()).with("member_id", member_id.as_str())
        };
        if !client.covers(&member_id) {
            runtime.write(line(Level::Warn, "access token refused"));
            return Err(Problem::new(Code::NotAllowed, "this client may not use this portal"));
        }
        let (sealed, expires_at, endpoint) = match call_known(runtime, &member_id, &PortalCommand::AccessToken).await? {
            PortalReply::AccessToken { access_token, expires_at, client_endpoint } => {
                (access_token, expires_at, client_endpoint)
            }
            other => return Err(not_authorised(runtime, other)),
        };
        let Ok(access_token) = open_access_token(&self.config.vault, &member_id, &sealed) else {
            return Err(Problem::new(Code::NotAuthorised, "the token does not open: VAULT_KEY is another one"));
        };
        runtime.write(line(Level::Info, "access token handed out"));
        let grant = Grant {
            access_token: access_token.expose(),
            expires_at: expires_at.to_rfc3339_seconds(),
            client_endpoint: endpoint.as_str(),
        };
        Ok(Reply::json(200, &grant))
    }
}
