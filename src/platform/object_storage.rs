//! The ports of an object: those of [`Runtime`], and its own storage.

use super::js_error;
use super::runtime::Runtime;
use crate::app::directory::command::{DirectoryCommand, DirectoryReply};
use crate::app::log_line::Level;
use crate::app::portal::command::{PortalCommand, PortalReply};
use crate::app::ports::{
    Alarm, Analytics, CallError, Clock, Directory, Followers, Http, HttpAnswer, HttpCall, HttpRequest, HttpResponse,
    KeyPage, Kv, Log, PortError, Portals, Queues, Random, SendError, Sql, SqlValue,
};
use crate::domain::location::LocationHint;
use crate::domain::member_id::MemberId;
use crate::domain::time::Timestamp;
use serde_json::Value;
use std::rc::Rc;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::{SqlStorage, State, Storage};

#[wasm_bindgen]
extern "C" {
    /// `DurableObjectStorage`, for the one method that `worker` does not bind.
    type SyncTransactions;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(this: &SyncTransactions, work: &mut dyn FnMut() -> Result<(), JsValue>) -> Result<(), JsValue>;
}

#[wasm_bindgen(module = "/src/platform/glue.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    fn query(sql: &JsValue, statement: &str, texts: &str, layout: &[f64]) -> Result<Option<String>, JsValue>;
}

/// The bindings and the storage of an object.
pub struct ObjectRuntime {
    runtime: Runtime,
    state: Rc<State>,
    storage: Storage,
    sql: SqlStorage,
}

impl ObjectRuntime {
    pub fn new(runtime: Runtime, state: Rc<State>) -> Self {
        let storage = state.storage();
        let sql = storage.sql();
        Self { runtime, state, storage, sql }
    }

    /// The sockets that are open. None where the runtime does not tell, which no event may suffer from.
    fn sockets(&self) -> impl Iterator<Item = web_sys::WebSocket> {
        let all = self.state.as_raw().get_websockets().unwrap_or_default();
        all.into_iter().filter(|socket| socket.ready_state() == web_sys::WebSocket::OPEN)
    }
}

impl Followers for ObjectRuntime {
    fn followers(&self) -> usize {
        self.sockets().count()
    }

    fn tell(&self, text: &str) {
        for socket in self.sockets() {
            socket.send_with_str(text).ok();
        }
    }
}

impl Sql for ObjectRuntime {
    fn query(&self, statement: &str, arguments: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, PortError> {
        let fail = |thrown: &JsValue| PortError::new("sql.query", &js_error::describe(thrown));
        let (texts, layout) = laid_out(arguments);
        let Some(rows) = query(self.sql.as_ref(), statement, &texts, &layout).map_err(|thrown| fail(&thrown))? else {
            return Ok(Vec::new());
        };
        let rows: Vec<Vec<Value>> = serde_json::from_str(&rows).map_err(|error| PortError::new("sql.read", &error))?;
        rows.into_iter().map(|row| row.into_iter().map(from_js).collect()).collect()
    }

    fn size(&self) -> Result<i64, PortError> {
        let fail = |thrown: &JsValue| PortError::new("sql.size", &js_error::describe(thrown));
        let sql =
            js_sys::Reflect::get(self.storage.as_raw(), &JsValue::from_str("sql")).map_err(|thrown| fail(&thrown))?;
        // The method of `worker` ends at 4 GB, since it counts in 32 bits.
        let size = js_sys::Reflect::get(&sql, &JsValue::from_str("databaseSize")).map_err(|thrown| fail(&thrown))?;
        let bytes = size.as_f64().ok_or_else(|| PortError::new("sql.size", "it is no number"))?;
        #[expect(clippy::cast_possible_truncation, reason = "a size is a whole number below 2^53")]
        Ok(bytes as i64)
    }

    fn transaction<T>(&self, work: impl FnOnce() -> Result<T, PortError>) -> Result<T, PortError> {
        let storage: &SyncTransactions = self.storage.as_raw().unchecked_ref();
        let (mut work, mut outcome) = (Some(work), None);
        let committed = storage.transaction_sync(&mut || match work.take().map(|work| work()) {
            Some(Ok(value)) => {
                outcome = Some(Ok(value));
                Ok(())
            }
            // To throw is to roll back.
            Some(Err(error)) => {
                outcome = Some(Err(error));
                Err(JsValue::from_str("rolled back"))
            }
            None => Err(JsValue::from_str("called twice")),
        });
        let lost = |thrown: &JsValue| PortError::new("sql.transaction", &js_error::describe(thrown));
        match (committed, outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Err(_), Some(Err(error))) => Err(error),
            (Err(thrown), _) => Err(lost(&thrown)),
            (Ok(()), None) => Err(lost(&JsValue::from_str("the work was not called"))),
        }
    }
}

/// What a value of a statement is, as `query` of glue.js has it.
const NULL: f64 = 0.0;
const INTEGER: f64 = 1.0;
const TEXT: f64 = 2.0;

/// The texts among the values of a statement, in one; and for each value what it is, with the integer or the length of the text in
/// UTF-16, as JavaScript counts it.
#[expect(clippy::cast_precision_loss, reason = "numbers in storage are below 2^53: places, times, and sizes")]
fn laid_out(values: &[SqlValue]) -> (String, Vec<f64>) {
    let (mut texts, mut layout) = (String::new(), Vec::with_capacity(2 * values.len()));
    for value in values {
        layout.extend(match value {
            SqlValue::Null => [NULL, 0.0],
            SqlValue::Integer(number) => [INTEGER, *number as f64],
            SqlValue::Text(text) => {
                texts.push_str(text);
                [TEXT, if text.is_ascii() { text.len() } else { text.encode_utf16().count() } as f64]
            }
        });
    }
    (texts, layout)
}

fn from_js(value: Value) -> Result<SqlValue, PortError> {
    let unknown = || PortError::new("sql.read", "a value of a type that is never written");
    match value {
        Value::Null => Ok(SqlValue::Null),
        Value::Number(number) => number.as_i64().map(SqlValue::Integer).ok_or_else(unknown),
        Value::String(text) => Ok(SqlValue::Text(text)),
        _ => Err(unknown()),
    }
}

impl Alarm for ObjectRuntime {
    async fn get(&self) -> Result<Option<Timestamp>, PortError> {
        let at = self.storage.get_alarm().await.map_err(|error| PortError::new("alarm.get", &error))?;
        Ok(at.map(Timestamp::from_millis))
    }

    async fn set(&self, at: Timestamp) -> Result<(), PortError> {
        #[expect(clippy::cast_precision_loss, reason = "a time in milliseconds is below 2^53")]
        let date = js_sys::Date::new(&JsValue::from_f64(at.as_millis() as f64));
        self.storage
            .set_alarm(worker::ScheduledTime::new(date))
            .await
            .map_err(|error| PortError::new("alarm.set", &error))
    }
}

impl Clock for ObjectRuntime {
    fn now(&self) -> Timestamp {
        self.runtime.now()
    }

    async fn sleep(&self, millis: u32) {
        self.runtime.sleep(millis).await;
    }
}

impl Random for ObjectRuntime {
    fn fill(&self, bytes: &mut [u8]) {
        self.runtime.fill(bytes);
    }
}

impl Log for ObjectRuntime {
    fn log_level(&self) -> Level {
        self.runtime.log_level()
    }

    fn put_line(&self, level: Level, json: &str) {
        self.runtime.put_line(level, json);
    }
}

impl Analytics for ObjectRuntime {
    fn record(&self, index: &str, blobs: &[&str], doubles: &[i64]) {
        self.runtime.record(index, blobs, doubles);
    }
}

impl Kv for ObjectRuntime {
    async fn get(&self, key: &str) -> Result<Option<String>, PortError> {
        Kv::get(&self.runtime, key).await
    }

    async fn put(&self, key: &str, value: &str, seconds: Option<u32>) -> Result<(), PortError> {
        self.runtime.put(key, value, seconds).await
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, PortError> {
        self.runtime.list(prefix, cursor).await
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        self.runtime.delete(key).await
    }
}

impl Http for ObjectRuntime {
    async fn post(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        self.runtime.post(request).await
    }

    async fn call(&self, call: HttpCall) -> Result<HttpAnswer, SendError> {
        Http::call(&self.runtime, call).await
    }
}

impl Portals for ObjectRuntime {
    type Feed = <Runtime as Portals>::Feed;

    async fn follow(
        &self,
        member_id: &MemberId,
        hint: LocationHint,
    ) -> Result<(PortalReply, Option<Self::Feed>), CallError> {
        Portals::follow(&self.runtime, member_id, hint).await
    }

    async fn call(
        &self,
        member_id: &MemberId,
        hint: LocationHint,
        command: &PortalCommand,
        within_millis: Option<u32>,
    ) -> Result<PortalReply, CallError> {
        Portals::call(&self.runtime, member_id, hint, command, within_millis).await
    }
}

impl Queues for ObjectRuntime {
    async fn enqueue(&self, binding: &str, messages: &[String]) -> Result<(), SendError> {
        self.runtime.enqueue(binding, messages).await
    }
}

impl Directory for ObjectRuntime {
    async fn call(&self, command: &DirectoryCommand) -> Result<DirectoryReply, CallError> {
        Directory::call(&self.runtime, command).await
    }
}
