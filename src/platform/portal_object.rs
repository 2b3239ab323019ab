//! The class `Portal`, one object per `member_id`.

use super::object_storage::ObjectRuntime;
use super::runtime::{REPLY_HEADER, Runtime};
use super::variables::read_config;
use super::{js_error, promise};
use crate::app::portal;
use crate::app::portal::command::{PortalCommand, PortalReply};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{
    DurableObject, Env, Error, Method, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage,
    WebSocketPair, durable_object,
};

/// The object of one portal.
#[durable_object]
pub struct Portal {
    state: Rc<State>,
    portal: Rc<portal::Portal<ObjectRuntime>>,
}

impl Portal {
    /// Lets the work that is due go on behind the answer. The alarm looks after it where it is cut off.
    fn work_behind_answer(&self) {
        if self.portal.has_work() {
            let portal = Rc::clone(&self.portal);
            self.state.wait_until(async move { portal.work().await });
        }
    }

    /// Lets calls to Bitrix24 go on behind the answer or the alarm, so that no event waits for them.
    fn keep_application_behind(&self) {
        if self.portal.has_application_work() {
            let portal = Rc::clone(&self.portal);
            self.state.wait_until(async move { portal.keep_application().await });
        }
    }

    /// Lets the operator's notices go on behind the alarm, so that nothing waits for them.
    fn send_notices_behind_alarm(&self) {
        if self.portal.has_notices() {
            let portal = Rc::clone(&self.portal);
            self.state.wait_until(async move { portal.send_notices().await });
        }
    }

    /// Opens a socket for one who follows the log. The object sleeps over it: nothing here waits for it.
    async fn open_socket(&self) -> Result<Response> {
        let reply = self.portal.handle(PortalCommand::Follow).await;
        if !matches!(reply, PortalReply::Following { .. }) {
            return Response::from_json(&reply);
        }
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        self.state.as_raw().accept_websocket(server.as_ref())?;
        let response = Response::from_websocket(client)?;
        response.headers().set(REPLY_HEADER, &serde_json::to_string(&reply)?)?;
        Ok(response)
    }
}

#[wasm_bindgen(wasm_bindgen_futures = worker::wasm_bindgen_futures)]
impl Portal {
    /// Carries out a command: text there, text back.
    pub async fn command(&self, text: String) -> std::result::Result<String, JsValue> {
        let command = PortalCommand::from_text(&text).map_err(|error| js_error::of(&error))?;
        let reply = self.portal.handle(command).await;
        self.work_behind_answer();
        self.keep_application_behind();
        serde_json::to_string(&reply).map_err(|error| js_error::of(&error))
    }
}

impl DurableObject for Portal {
    fn new(state: State, env: Env) -> Self {
        let config = read_config(&env);
        let state = Rc::new(state);
        let runtime = ObjectRuntime::new(Runtime::new(env, config.log_level), Rc::clone(&state));
        Self { state, portal: Rc::new(portal::Portal::new(runtime, config)) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        // Who follows the log sends a GET. A command that does not come by RPC is a POST.
        if request.method() == Method::Get {
            return self.open_socket().await;
        }
        let command = promise::text(&request.inner().text()?).await?;
        Response::ok(self.command(command).await?)
    }

    async fn alarm(&self) -> Result<Response> {
        let outcome = self.portal.alarm().await;
        self.send_notices_behind_alarm();
        self.keep_application_behind();
        if outcome.map_err(|error| worker::Error::RustError(error.to_string()))? {
            let portal = Rc::clone(&self.portal);
            self.state.wait_until(async move { portal.work_of_alarm().await });
        }
        Response::empty()
    }

    /// Nobody who follows the log has anything to say.
    async fn websocket_message(&self, _socket: WebSocket, _message: WebSocketIncomingMessage) -> Result<()> {
        Ok(())
    }

    async fn websocket_close(&self, _socket: WebSocket, _code: usize, _reason: String, _clean: bool) -> Result<()> {
        Ok(())
    }

    async fn websocket_error(&self, _socket: WebSocket, _error: Error) -> Result<()> {
        Ok(())
    }
}
