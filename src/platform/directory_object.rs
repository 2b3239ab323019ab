//! The class `Directory`, one object in all.

use super::object_storage::ObjectRuntime;
use super::runtime::Runtime;
use super::variables::read_config;
use super::{exchange, promise};
use crate::app::directory::DirectoryObject;
use std::rc::Rc;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// The one object that knows which portals there are.
#[durable_object]
pub struct Directory {
    directory: DirectoryObject<ObjectRuntime>,
}

impl DurableObject for Directory {
    fn new(state: State, env: Env) -> Self {
        let log_level = read_config(&env).log_level;
        let runtime = ObjectRuntime::new(Runtime::new(env, log_level), Rc::new(state));
        Self { directory: DirectoryObject::new(runtime) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let command = serde_json::from_str(&promise::text(&request.inner().text()?).await?)?;
        exchange::answer(&self.directory.handle(command).await)
    }

    async fn alarm(&self) -> Result<Response> {
        self.directory.alarm().await.map_err(|error| worker::Error::RustError(error.to_string()))?;
        Response::empty()
    }
}
