//! Calls to a portal's REST API, as every caller needs them: within the rate, with a good token, at the right host.

use super::oauth_client;
use super::refresh::NotAuthorised;
use crate::app::portal::Portal;
use crate::app::ports::{Http, HttpAnswer, HttpCall, PortError, PortalRuntime};
use crate::domain::application::authorisation::AuthorisationState;
use crate::domain::application::endpoint::ClientEndpoint;
use crate::domain::application::oauth::OAuthError;
use crate::domain::application::rest::{RestError, read_result, read_result_text};
use crate::domain::secret::Secret;
use serde_json::{Map, Value};

/// How long a portal has to answer, in milliseconds. It may take 60 s for a request; what the relay asks takes it less than one.
const TIMEOUT_MILLIS: u32 = 10_000;
/// Bytes of an answer: 400 handlers of 255 bytes and what surrounds them are 200,000.
const MAX_ANSWER_BYTES: usize = 1 << 20;
/// How long an event waits for its object, in milliseconds, and how long that may be. With a refresh of 8 s before it, and a wait
/// of one for the budget, it is within the 20 s in which a run must give a sign of life.
const READ_TIMEOUT_MILLIS: u32 = 3_000;
const MAX_OBJECT_BYTES: usize = 512 << 10;
/// Attempts at one call: once as it is, once with a fresh token, once at a new host, and twice after a pause.
const MAX_ATTEMPTS: u32 = 5;

/// What a REST call came to. Outside of it stands storage, which may fail.
pub type RestOutcome = Result<Result<Value, RestError>, PortError>;

impl<R: PortalRuntime> Portal<R> {
    /// Calls a method with the stored authorisation.
    pub(super) async fn call_rest(&self, method: &str, parameters: Map<String, Value>) -> RestOutcome {
        let mut last = RestError::Unreachable("it was not tried".to_owned());
        for _ in 0..MAX_ATTEMPTS {
            let (endpoint, pair) = match self.open_pair() {
                Ok(opened) => opened,
                Err(error) => return Ok(Err(error.into())),
            };
            let pause = self.calls.budget.borrow_mut().take(self.runtime.now());
            if pause > 0 {
                self.runtime.sleep(pause).await;
            }
            let outcome = call_once(&self.runtime, &endpoint, &pair.access, method, Some(parameters.clone())).await;
            let error = match outcome {
                Ok(result) => return Ok(Ok(result)),
                Err(error) => error,
            };
            match &error {
                RestError::Expired => {
                    if let Err(error) = self.refresh(&pair.access).await? {
                        return Ok(Err(error.into()));
                    }
                }
                RestError::Busy(millis) => {
                    self.calls.budget.borrow_mut().exhaust(self.runtime.now());
                    self.runtime.sleep(*millis).await;
                }
                RestError::Moved(location) => {
                    let location = location.clone();
                    if let Err(error) = self.follow_rename(&location, &pair.access).await? {
                        return Ok(Err(error));
                    }
                }
                RestError::Ended(state) => {
                    self.set_authorisation_state(*state)?;
                    return Ok(Err(error));
                }
                RestError::Refused(_) | RestError::Unreachable(_) => return Ok(Err(error)),
            }
            last = error;
        }
        if last == RestError::Expired {
            // A token that is fresh, and still not taken.
            self.set_authorisation_state(AuthorisationState::Reauthorise)?;
            last = RestError::Ended(AuthorisationState::Reauthorise);
        }
        Ok(Err(last))
    }

    /// Follows a portal that was renamed. Where it says that it went counts only where the OAuth server says so too.
    async fn follow_rename(&self, location: &str, access_token: &Secret) -> Result<Result<(), RestError>, PortError> {
        let server = self.with_authorisation(|authorisation| authorisation.map(|known| known.server));
        let Some(server) = server else {
            return Ok(Err(RestError::Ended(AuthorisationState::Reauthorise)));
        };
        let endpoint = match oauth_client::app_info(&self.runtime, server, access_token).await {
            Ok(proof) => proof.endpoint,
            // The renewal tells the endpoint as well.
            Err(OAuthError::Expired) => {
                return Ok(self.refresh(access_token).await?.map_err(RestError::from));
            }
            Err(OAuthError::Refused(code)) => return Ok(Err(RestError::Refused(code))),
            Err(OAuthError::Unreachable(cause)) => return Ok(Err(RestError::Unreachable(cause))),
        };
        let target = ClientEndpoint::try_from(location.split(['?', '#']).next().unwrap_or_default());
        if !target.is_ok_and(|target| target.origin() == endpoint.origin()) {
            return Ok(Err(RestError::Refused("moved_to_a_host_that_is_not_proven".to_owned())));
        }
        let domain = endpoint.host().to_owned();
        self.change_authorisation(|authorisation| authorisation.endpoint = endpoint)?;
        self.rename(&domain)?;
        Ok(Ok(()))
    }
}

impl From<NotAuthorised> for RestError {
    fn from(error: NotAuthorised) -> Self {
        match error {
            NotAuthorised::Ended(state) => Self::Ended(state),
            NotAuthorised::Unreachable(cause) => Self::Unreachable(cause),
        }
    }
}

/// Reads an object for an event that waits for it: the result as text.
pub async fn read_once(
    http: &impl Http,
    endpoint: &ClientEndpoint,
    access_token: &Secret,
    method: &str,
    parameters: Map<String, Value>,
) -> Result<String, RestError> {
    let limits = (READ_TIMEOUT_MILLIS, MAX_OBJECT_BYTES);
    let HttpAnswer { status, body, location, retry_after } =
        exchange(http, endpoint, access_token, method, parameters, limits).await?;
    match read_result_text(status, &body, location.as_deref(), retry_after.as_deref()) {
        // It was cut off, so it says nothing. The portal is well, and other objects are not as large.
        Err(RestError::Unreachable(_)) if status == 200 && body.len() >= MAX_OBJECT_BYTES => {
            Err(RestError::Refused("too_large".to_owned()))
        }
        outcome => outcome.map(str::to_owned),
    }
}

/// Makes one attempt at one call.
pub async fn call_once(
    http: &impl Http,
    endpoint: &ClientEndpoint,
    access_token: &Secret,
    method: &str,
    parameters: Option<Map<String, Value>>,
) -> Result<Value, RestError> {
    let (parameters, limits) = (parameters.unwrap_or_default(), (TIMEOUT_MILLIS, MAX_ANSWER_BYTES));
    let HttpAnswer { status, body, location, retry_after } =
        exchange(http, endpoint, access_token, method, parameters, limits).await?;
    read_result(status, &body, location.as_deref(), retry_after.as_deref())
}

async fn exchange(
    http: &impl Http,
    endpoint: &ClientEndpoint,
    access_token: &Secret,
    method: &str,
    mut body: Map<String, Value>,
    (timeout_millis, max_answer_bytes): (u32, usize),
) -> Result<HttpAnswer, RestError> {
    body.insert("auth".to_owned(), Value::from(access_token.expose()));
    let call = HttpCall {
        url: endpoint.method(method),
        body: Some(("application/json", Value::Object(body).to_string())),
        max_answer_bytes,
        timeout_millis,
    };
    http.call(call).await.map_err(|error| RestError::Unreachable(error.to_string()))
}
