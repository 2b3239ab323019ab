//! A POST by Standard Webhooks: whoever gets it can tell that it is ours. <https://www.standardwebhooks.com/>

use super::ports::HttpRequest;
use crate::domain::http_binding::Content;
use crate::domain::signature::SigningSecrets;
use crate::domain::time::Timestamp;
use std::borrow::Cow;

const USER_AGENT: &str = concat!("bitrix24-edge-relay/", env!("CARGO_PKG_VERSION"));

/// A request with this content, signed as the message `id`, sent now.
pub fn signed_request(
    url: &str,
    secrets: &SigningSecrets,
    id: &str,
    (headers, body): Content,
    now: Timestamp,
    timeout_millis: u32,
) -> HttpRequest {
    let signing = [
        ("user-agent", USER_AGENT.to_owned()),
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", now.as_unix_seconds().to_string()),
        ("webhook-signature", secrets.sign(id, now, &body)),
    ];
    let headers = headers.into_iter().chain(signing).map(|(name, value)| (Cow::Borrowed(name), value)).collect();
    HttpRequest { url: url.to_owned(), binding: None, headers, body, timeout_millis }
}
