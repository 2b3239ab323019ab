//! Calls of objects: of a portal's, and of the Directory.

use super::{Course, Ports};
use crate::support::fault::Operation;
use crate::support::object::Object;
use crate::support::open_socket::OpenSocket;
use bitrix24_edge_relay::app::directory::command::{DirectoryCommand, DirectoryReply};
use bitrix24_edge_relay::app::portal::command::{PortalCommand, PortalReply};
use bitrix24_edge_relay::app::ports::{CallError, Directory, Portals};
use bitrix24_edge_relay::domain::location::LocationHint;
use bitrix24_edge_relay::domain::member_id::MemberId;
use futures_util::future::{Either, select};
use serde::de::DeserializeOwned;
use std::pin::pin;
use std::rc::Rc;

impl Ports {
    async fn call<A: DeserializeOwned>(
        &self,
        operation: Operation,
        object: Rc<Object>,
        command: String,
    ) -> Result<A, CallError> {
        let lost = || CallError { retryable: true, cause: "failed on order".to_owned() };
        let course = self.course_of(operation, &command).await;
        if matches!(course, Course::FailsBefore) {
            return Err(lost());
        }
        let reply = self.world.call(object, command).await;
        let reply = self.outcome(course, reply, lost()).await?;
        Ok(serde_json::from_str(&reply).unwrap_or_else(|error| panic!("{error}: {reply}")))
    }
}

impl Portals for Ports {
    type Feed = OpenSocket;

    async fn follow(
        &self,
        member_id: &MemberId,
        _hint: LocationHint,
    ) -> Result<(PortalReply, Option<OpenSocket>), CallError> {
        let lost = || CallError { retryable: true, cause: "failed on order".to_owned() };
        let course = self.course(Operation::CallPortal).await;
        if matches!(course, Course::FailsBefore) {
            return Err(lost());
        }
        let command = serde_json::to_string(&PortalCommand::Follow).expect("a command is JSON");
        let (reply, socket) = self.world.follow(self.world.portal(member_id.as_str()), command).await;
        let socket = socket.map(|socket| OpenSocket { world: Rc::clone(&self.world), socket });
        let reply = self.outcome(course, reply, lost()).await?;
        Ok((serde_json::from_str(&reply).unwrap_or_else(|error| panic!("{error}: {reply}")), socket))
    }

    async fn call(
        &self,
        member_id: &MemberId,
        _hint: LocationHint,
        command: &PortalCommand,
        within_millis: Option<u32>,
    ) -> Result<PortalReply, CallError> {
        let portal = self.world.portal(member_id.as_str());
        let call = self.call(Operation::CallPortal, portal, command.to_text().expect("a command is text"));
        let Some(within_millis) = within_millis else {
            return call.await;
        };
        match select(pin!(call), pin!(self.world.sleep(within_millis))).await {
            Either::Left((reply, _)) => reply,
            Either::Right(_) => Err(CallError { retryable: false, cause: "no answer in time".to_owned() }),
        }
    }
}

impl Directory for Ports {
    async fn call(&self, command: &DirectoryCommand) -> Result<DirectoryReply, CallError> {
        let command = serde_json::to_string(command).expect("a command is JSON");
        self.call(Operation::CallDirectory, self.world.directory(), command).await
    }
}
