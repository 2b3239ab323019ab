//! The class `Portal`, one object per `member_id`.

use super::object_storage::ObjectRuntime;
use super::runtime::Runtime;
use super::variables::read_config;
use crate::app::portal;
use std::rc::Rc;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// The object of one portal.
#[durable_object]
pub struct Portal {
    state: State,
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

    /// Lets the operator's notices go on behind the alarm, so that nothing waits for them.
    fn send_notices_behind_alarm(&self) {
        if self.portal.has_notices() {
            let portal = Rc::clone(&self.portal);
            self.state.wait_until(async move { portal.send_notices().await });
        }
    }
}

impl DurableObject for Portal {
    fn new(state: State, env: Env) -> Self {
        let config = read_config(&env);
        let runtime = ObjectRuntime::new(Runtime::new(env), state.storage());
        Self { state, portal: Rc::new(portal::Portal::new(runtime, config)) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let command = serde_json::from_str(&request.text().await?)?;
        let reply = self.portal.handle(command).await;
        self.work_behind_answer();
        Response::from_json(&reply)
    }

    async fn alarm(&self) -> Result<Response> {
        let outcome = self.portal.alarm().await;
        self.send_notices_behind_alarm();
        outcome.map_err(|error| worker::Error::RustError(error.to_string()))?;
        Response::empty()
    }
}
