//! The class `Directory`, one object in all.

use super::object_storage::ObjectRuntime;
use super::runtime::Runtime;
use super::variables::read_config;
use super::{js_error, promise};
use crate::app::directory::DirectoryObject;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// The one object that knows which portals there are.
#[durable_object]
pub struct Directory {
    directory: DirectoryObject<ObjectRuntime>,
}

#[wasm_bindgen(wasm_bindgen_futures = worker::wasm_bindgen_futures)]
impl Directory {
    /// Carries out a command: JSON there, JSON back.
    pub async fn command(&self, text: String) -> std::result::Result<String, JsValue> {
        let command = serde_json::from_str(&text).map_err(|error| js_error::of(&error))?;
        let reply = self.directory.handle(command).await;
        serde_json::to_string(&reply).map_err(|error| js_error::of(&error))
    }
}

impl DurableObject for Directory {
    fn new(state: State, env: Env) -> Self {
        let log_level = read_config(&env).log_level;
        let runtime = ObjectRuntime::new(Runtime::new(env, log_level), Rc::new(state));
        Self { directory: DirectoryObject::new(runtime) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let command = promise::text(&request.inner().text()?).await?;
        Response::ok(self.command(command).await?)
    }

    async fn alarm(&self) -> Result<Response> {
        self.directory.alarm().await.map_err(|error| worker::Error::RustError(error.to_string()))?;
        Response::empty()
    }
}
