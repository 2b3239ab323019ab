//! Calls to an OAuth server.

use crate::app::ports::{Http, HttpAnswer, HttpCall, SendError};
use crate::domain::application::endpoint::OAuthServer;
use crate::domain::application::oauth::{OAuthError, Proof, Renewal, read_proof, read_renewal};
use crate::domain::application::settings::Application;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;

/// How long an OAuth server has to answer. Bitrix24 waits for the answer to ONAPPINSTALL meanwhile.
const TIMEOUT_MILLIS: u32 = 8_000;
/// Bytes of an answer. The documented ones have under 2,000; a list of scopes may be long.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// Asks whose an access token is.
pub async fn app_info(http: &impl Http, server: OAuthServer, access_token: &Secret) -> Result<Proof, OAuthError> {
    let query = serde_urlencoded::to_string([("auth", access_token.expose())]).unwrap_or_default();
    let url = format!("https://{}/rest/app.info?{query}", server.host());
    let answer = exchange(http, url, None).await?;
    read_proof(answer.status, &answer.body)
}

/// Exchanges a refresh token for a new pair. The old one is used up by it.
pub async fn renew(
    http: &impl Http,
    server: OAuthServer,
    application: &Application,
    refresh_token: &Secret,
    now: Timestamp,
) -> Result<Renewal, OAuthError> {
    let form = serde_urlencoded::to_string([
        ("grant_type", "refresh_token"),
        ("client_id", &application.client_id),
        ("client_secret", application.client_secret.expose()),
        ("refresh_token", refresh_token.expose()),
    ]);
    // Posted, not in the query, so that no server logs the secret.
    let url = format!("https://{}/oauth/token/", server.host());
    let body = Some(("application/x-www-form-urlencoded", form.unwrap_or_default()));
    let answer = exchange(http, url, body).await?;
    read_renewal(answer.status, &answer.body, now)
}

async fn exchange(
    http: &impl Http,
    url: String,
    body: Option<(&'static str, String)>,
) -> Result<HttpAnswer, OAuthError> {
    let call = HttpCall { url, body, max_answer_bytes: MAX_ANSWER_BYTES, timeout_millis: TIMEOUT_MILLIS };
    http.call(call).await.map_err(|error: SendError| OAuthError::Unreachable(error.to_string()))
}
