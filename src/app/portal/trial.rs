//! A test event: what a destination answers, without an event at stake.
//!
//! It is signed and sent as events are, but stands in no log, and its outcome changes neither circuit, pause nor cursor.

use super::Portal;
use super::command::PortalReply;
use super::delivery::message::Message;
use super::delivery_command::{DestinationReply, TestReport};
use super::destinations::trouble_of;
use crate::app::log_line::Level;
use crate::app::ports::{HttpResponse, PortError, PortalRuntime};
use crate::domain::destination_name::DestinationName;
use crate::domain::test_event::test_event;
use crate::domain::time::Timestamp;

impl<R: PortalRuntime> Portal<R> {
    /// Sends a destination a test event, be it paused or not, and waits for the answer: for as long as for that to an event.
    pub(super) async fn test_destination(
        &self,
        name: &DestinationName,
        now: Timestamp,
    ) -> Result<PortalReply, PortError> {
        let id = self.new_event_id(now);
        let message = {
            let memory = self.memory.borrow();
            let Some(memory) = memory.as_ref() else {
                return Ok(PortalReply::UnknownPortal);
            };
            let Some(lane) = memory.lane(name.as_str()) else {
                return Ok(PortalReply::Destination(DestinationReply::Unknown));
            };
            let registration = &memory.registration;
            let event = test_event(id, registration.domain.as_deref(), &registration.member_id, name.as_str(), now);
            let Some(destination) = &lane.destination else {
                let error = Some(trouble_of(lane));
                let report = TestReport { id: None, delivered: false, status: None, latency_ms: 0, error };
                return Ok(PortalReply::Destination(DestinationReply::Tested(report)));
            };
            let json = event.to_json().map_err(|error| PortError::new("test.write", &error))?;
            Message::new(destination, vec![(id, json)], now).map_err(|error| PortError::new("test.write", &error))?
        };
        // One at a time, so that tests leave the connections to events.
        let Some(claim) = self.trial.claim(now) else {
            return Ok(PortalReply::Destination(DestinationReply::TestUnderWay));
        };
        let (status, error) = match message.send(&self.runtime).await {
            Ok(Some(HttpResponse { status: status @ 200..=299, .. })) => (Some(status), None),
            Ok(Some(HttpResponse { status, .. })) => (Some(status), Some(format!("the destination answered {status}"))),
            Ok(None) => (None, None),
            Err(error) => (None, Some(error.to_string())),
        };
        drop(claim);
        let line = self.line(Level::Info, "destination tested").with("destination", name.as_str());
        self.runtime.write(line.with("error", error.as_deref()));
        let latency_ms = self.runtime.now().millis_since(now);
        let report = TestReport { id: Some(id.to_string()), delivered: error.is_none(), status, latency_ms, error };
        Ok(PortalReply::Destination(DestinationReply::Tested(report)))
    }
}
