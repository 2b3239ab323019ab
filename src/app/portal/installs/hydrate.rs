//! Reads what an event is about from the portal, so that it is forwarded with its object. A failed read delays nothing and loses
//! nothing: the event goes without.

use super::refresh::NotAuthorised;
use super::rest_client::read_once;
use crate::app::portal::Portal;
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::application::hydration::{Reading, with_object, without_object};
use crate::domain::application::rest::RestError;
use crate::domain::cloudevent::{CloudEvent, TYPE_PREFIX};
use crate::domain::event_id::EventId;
use crate::domain::time::Timestamp;
use std::rc::Rc;

/// How long a read may wait for the portal's budget, in milliseconds; a burst that uses it up goes on without.
const MAX_WAIT_MILLIS: u32 = 1_000;
/// How long nothing is read after Bitrix24 could not be reached, in milliseconds, so that its outage delays a few events only.
const PAUSE_MILLIS: i64 = 30_000;

impl<R: PortalRuntime> Portal<R> {
    /// Whether an event is to be forwarded with its object. It looks at no memory of the portal, so it may be asked in the midst of
    /// a change.
    pub(in crate::app::portal) fn hydrates(&self, json: &str) -> bool {
        !self.config.hydrate_events.is_empty()
            && serde_json::from_str(json).is_ok_and(|event| self.reading_for(&event).is_some())
    }

    /// The call that reads the object of an event, where it is to be forwarded with it.
    fn reading_for(&self, event: &CloudEvent) -> Option<Reading> {
        self.config.installs.application()?;
        let kind = event.event_type.strip_prefix(TYPE_PREFIX)?;
        let is_wanted = self.config.hydrate_events.iter().any(|glob| glob.matches(kind));
        is_wanted.then(|| Reading::of(event)).flatten()
    }

    /// The event with its object, or with the reason why it has none.
    pub(in crate::app::portal) async fn hydrated(&self, id: EventId, json: String) -> String {
        let Ok(event) = serde_json::from_str::<CloudEvent>(&json) else {
            return json;
        };
        // A portal that was registered by hand let the application read nothing.
        let is_authorised = self.with_authorisation(|known| known.is_some());
        let Some(reading) = self.reading_for(&event).filter(|_| is_authorised) else {
            return json;
        };
        let written = match self.read_object(&reading, id.received_at()).await {
            Ok(object) => with_object(event, &object),
            Err(reason) => without_object(event, &reason),
        };
        // Where not even a reason fits into it, it goes as it is.
        written.unwrap_or(json)
    }

    /// Reads an object as it is after `since`: what another event of a burst read after that is as good.
    async fn read_object(&self, reading: &Reading, since: Timestamp) -> Result<Rc<str>, String> {
        let key = reading.key();
        if let Some(object) = self.calls.objects.borrow().get(&key, since) {
            return Ok(object);
        }
        let now = self.runtime.now();
        if self.calls.hydration_paused_until.get().is_some_and(|until| now < until) {
            return Err("portal_unreachable".to_owned());
        }
        let Some(wait) = self.calls.budget.borrow_mut().take_within(now, MAX_WAIT_MILLIS) else {
            return Err("rate_limit".to_owned());
        };
        if wait > 0 {
            self.runtime.sleep(wait).await;
        }
        let read_at = self.runtime.now();
        let result = match self.read_authorised(reading).await {
            Ok(result) => result,
            // Storage is looked after by whoever uses it next.
            Err(error) => Err(RestError::Unreachable(error.to_string())),
        };
        match result {
            Ok(found) => {
                let object: Rc<str> = found.ok_or("not_found")?.into();
                self.calls.objects.borrow_mut().put(key, read_at, Rc::clone(&object));
                Ok(object)
            }
            Err(RestError::Refused(code)) => Err(code),
            Err(RestError::Ended(state)) => Err(state.as_str().to_owned()),
            Err(RestError::Expired) => Err("expired_token".to_owned()),
            Err(RestError::Busy(_)) => {
                self.calls.budget.borrow_mut().exhaust(self.runtime.now());
                Err("rate_limit".to_owned())
            }
            Err(RestError::Moved(_) | RestError::Unreachable(_)) => {
                self.calls.hydration_paused_until.set(Some(self.runtime.now().plus_millis(PAUSE_MILLIS)));
                Err("portal_unreachable".to_owned())
            }
        }
    }

    /// Makes the call, once more with a fresh token where it has expired. `None`: the object is not in the answer.
    async fn read_authorised(&self, reading: &Reading) -> Result<Result<Option<String>, RestError>, PortError> {
        for is_last in [false, true] {
            let (endpoint, pair) = match self.open_pair() {
                Ok(opened) => opened,
                Err(error) => return Ok(Err(error.into())),
            };
            let is_old = pair.expires_at <= self.runtime.now();
            let outcome = if is_old && !is_last {
                Err(RestError::Expired)
            } else {
                read_once(&self.runtime, &endpoint, &pair.access, reading.method, reading.parameters.clone()).await
            };
            match outcome {
                Err(RestError::Expired) if !is_last => {
                    if let Err(error) = self.refresh(&pair.access).await? {
                        return Ok(Err(RestError::from(error)));
                    }
                }
                outcome => return Ok(outcome.map(|result| reading.object(&result, &pair))),
            }
        }
        Ok(Err(NotAuthorised::Unreachable("the token has expired".to_owned()).into()))
    }
}
