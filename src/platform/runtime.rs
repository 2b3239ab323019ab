//! The ports that the Worker and its objects have in common.

use super::exchange::{self, Fetches};
use super::feed::SocketFeed;
use super::js_error;
use super::promise::{self, Timer, settled};
use crate::app::directory::command::{DirectoryCommand, DirectoryReply};
use crate::app::log_line::Level;
use crate::app::portal::command::{PortalCommand, PortalReply};
use crate::app::ports::{
    Bell, Bells, CallError, Clock, Directory, Http, HttpAnswer, HttpCall, HttpRequest, HttpResponse, Log, Portals,
    Queues, Random, RateLimiter, SendError,
};
use crate::domain::location::LocationHint;
use crate::domain::member_id::MemberId;
use crate::domain::time::Timestamp;
use serde::de::DeserializeOwned;
use std::future::Future;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, Headers, RequestInit};
use worker::Env;

const PORTALS_BINDING: &str = "PORTALS";
const DIRECTORY_BINDING: &str = "DIRECTORY";
const RATE_LIMIT_BINDING: &str = "UNVERIFIED_LIMIT";
/// The name of the one Directory.
const DIRECTORY_NAME: &str = "directory";
/// How long the Directory may take, in milliseconds: it answers within some, and portals and events wait for it.
const DIRECTORY_MILLIS: u32 = 10_000;
/// Where the answer stands that comes with a socket, which takes the place of a body.
pub const REPLY_HEADER: &str = "relay-reply";
/// An object is told apart by its binding; the URL of a call means nothing.
const OBJECT_URL: &str = "https://object/";

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues, catch)]
    fn fill_random(bytes: &mut [u8]) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = console, js_name = log)]
    fn console_log(line: &str);

    #[wasm_bindgen(js_namespace = console, js_name = warn)]
    fn console_warn(line: &str);

    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(line: &str);

    /// The producer of a queue. <https://developers.cloudflare.com/queues/configuration/javascript-apis/>
    type Producer;

    #[wasm_bindgen(method, catch, js_name = sendBatch)]
    fn send_batch(this: &Producer, messages: &js_sys::Array) -> Result<js_sys::Promise, JsValue>;
}

/// The bindings of the Worker or of an object.
#[derive(Clone)]
pub struct Runtime {
    env: Env,
    log_level: Level,
}

impl Runtime {
    pub fn new(env: Env, log_level: Level) -> Self {
        Self { env, log_level }
    }

    /// A binding. Its class differs by kind, so only its presence is checked.
    pub(super) fn binding<T: JsCast>(&self, name: &str) -> Option<T> {
        let value = js_sys::Reflect::get(&self.env, &JsValue::from_str(name)).ok()?;
        value.is_object().then(|| value.unchecked_into())
    }

    /// A fresh stub of a portal's object.
    fn portal(&self, member_id: &MemberId, hint: LocationHint) -> Result<Fetches, CallError> {
        self.stub(PORTALS_BINDING, member_id.as_str(), hint.as_str())
    }

    fn stub(&self, binding: &str, name: &str, hint: &str) -> Result<Fetches, CallError> {
        exchange::stub(&self.env, binding, name, hint).map_err(|thrown| not_retryable(js_error::describe(&thrown)))
    }
}

impl Clock for Runtime {
    fn now(&self) -> Timestamp {
        #[expect(clippy::cast_possible_truncation, reason = "a time in milliseconds is a whole number below 2^53")]
        Timestamp::from_millis(js_sys::Date::now() as i64)
    }

    async fn sleep(&self, millis: u32) {
        Timer::start(millis).await;
    }
}

impl Bells for Runtime {
    /// A promise of the request that waits. The runtime lets that request go on with it, whichever request keeps it.
    /// <https://developers.cloudflare.com/workers/configuration/compatibility-flags/#handling-cross-request-promise-resolution>
    fn bell(&self) -> (Bell, impl Future<Output = ()>) {
        let (clapper, rung) = promise::bell();
        (Box::new(move || clapper.ring()), rung)
    }
}

impl Random for Runtime {
    fn fill(&self, bytes: &mut [u8]) {
        // It throws only above 65,536 bytes (Web Cryptography API, section 10.1.1); ids and seeds take ten at most.
        fill_random(bytes).expect("getRandomValues fills up to 65,536 bytes");
    }
}

impl Log for Runtime {
    fn log_level(&self) -> Level {
        self.log_level
    }

    fn put_line(&self, level: Level, json: &str) {
        match level {
            Level::Info => console_log(json),
            Level::Warn => console_warn(json),
            Level::Error => console_error(json),
        }
    }
}

impl RateLimiter for Runtime {
    async fn allows(&self, key: &str) -> bool {
        let Ok(limiter) = self.env.rate_limiter(RATE_LIMIT_BINDING) else {
            return true;
        };
        limiter.limit(key.to_owned()).await.map_or(true, |outcome| outcome.success)
    }
}

impl Portals for Runtime {
    type Feed = SocketFeed;

    async fn follow(
        &self,
        member_id: &MemberId,
        hint: LocationHint,
    ) -> Result<(PortalReply, Option<SocketFeed>), CallError> {
        let stub = self.portal(member_id, hint)?;
        let response = exchange::upgrade(&stub, OBJECT_URL).await.map_err(|thrown| call_error(&thrown))?;
        let feed = SocketFeed::open(&response).map_err(|thrown| call_error(&thrown))?;
        // An answer with a socket has no body.
        let text = match &feed {
            Some(_) => response.headers().get(REPLY_HEADER).unwrap_or(None).unwrap_or_default(),
            None => promise::text(&response.text().map_err(|thrown| call_error(&thrown))?)
                .await
                .map_err(|thrown| call_error(&thrown))?,
        };
        Ok((serde_json::from_str(&text).map_err(not_retryable)?, feed))
    }

    async fn call(
        &self,
        member_id: &MemberId,
        hint: LocationHint,
        command: &PortalCommand,
        within_millis: Option<u32>,
    ) -> Result<PortalReply, CallError> {
        let command = command.to_text().map_err(not_retryable)?;
        call_object(&self.portal(member_id, hint)?, &command, within_millis).await
    }
}

impl Directory for Runtime {
    async fn call(&self, command: &DirectoryCommand) -> Result<DirectoryReply, CallError> {
        let stub = self.stub(DIRECTORY_BINDING, DIRECTORY_NAME, "")?;
        let command = serde_json::to_string(command).map_err(not_retryable)?;
        call_object(&stub, &command, Some(DIRECTORY_MILLIS)).await
    }
}

impl Http for Runtime {
    async fn post(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let to = match &request.binding {
            None => exchange::internet(),
            Some(name) => {
                self.binding(name).ok_or_else(|| SendError::Unsendable(format!("there is no binding {name}")))?
            }
        };
        let headers =
            serde_json::to_string(&request.headers).map_err(|error| SendError::Unsendable(error.to_string()))?;
        let HttpRequest { url, body, timeout_millis, .. } = &request;
        let sent = exchange::post(&to, url, &headers, body, *timeout_millis);
        let answer = settled(&sent).await.map_err(|thrown| failed(&thrown))?.as_string().unwrap_or_default();
        let (status, retry_after) = answer.split_once('\n').unwrap_or((&answer, ""));
        let status = status.parse().map_err(|_| SendError::Network("the answer has no status".to_owned()))?;
        Ok(HttpResponse { status, retry_after: (!retry_after.is_empty()).then(|| retry_after.to_owned()) })
    }

    async fn call(&self, call: HttpCall) -> Result<HttpAnswer, SendError> {
        let init = RequestInit::new();
        init.set_signal(Some(&AbortSignal::timeout_with_u32(call.timeout_millis)));
        let exchange = async {
            let response = match &call.body {
                None => exchange::send(&exchange::internet(), &call.url, init).await?,
                Some((content_type, body)) => {
                    let headers = Headers::new()?;
                    headers.set("content-type", content_type)?;
                    init.set_headers(headers.as_ref());
                    init.set_method("POST");
                    init.set_body(&JsValue::from_str(body));
                    exchange::send(&exchange::internet(), &call.url, init).await?
                }
            };
            let body = exchange::first_bytes(&response, call.max_answer_bytes).await?;
            let header = |name| response.headers().get(name).unwrap_or(None);
            Ok(HttpAnswer {
                status: response.status(),
                location: header("location"),
                retry_after: header("retry-after"),
                body: String::from_utf8_lossy(&body).into_owned(),
            })
        };
        exchange.await.map_err(|thrown: JsValue| failed(&thrown))
    }
}

/// Why an exchange came to nothing.
fn failed(thrown: &JsValue) -> SendError {
    if js_error::is_named(thrown, "TimeoutError") {
        SendError::Timeout
    } else if js_error::is_named(thrown, "TypeError") {
        // The message quotes what is refused, which may hold a secret.
        SendError::Unsendable("the runtime refuses the URL or a header".to_owned())
    } else {
        SendError::Network(js_error::describe(thrown))
    }
}

impl Queues for Runtime {
    async fn enqueue(&self, binding: &str, messages: &[String]) -> Result<(), SendError> {
        let value =
            js_sys::Reflect::get(&self.env, &JsValue::from_str(binding)).map_err(|thrown| unsendable(&thrown))?;
        if !value.is_object() {
            return Err(SendError::Unsendable(format!("there is no binding {binding}")));
        }
        let batch = js_sys::Array::new();
        for message in messages {
            let body = js_sys::JSON::parse(message).map_err(|thrown| unsendable(&thrown))?;
            let entry = js_sys::Object::new();
            for (name, value) in [("body", body), ("contentType", JsValue::from_str("json"))] {
                js_sys::Reflect::set(&entry, &JsValue::from_str(name), &value).map_err(|thrown| unsendable(&thrown))?;
            }
            batch.push(&entry);
        }
        let sent = async { settled(&value.unchecked_into::<Producer>().send_batch(&batch)?).await };
        // What is too long for a queue will be so the next time.
        sent.await.map(drop).map_err(|thrown| {
            if js_error::is_named(&thrown, "TypeError") {
                SendError::Refused(js_error::describe(&thrown))
            } else {
                SendError::Network(js_error::describe(&thrown))
            }
        })
    }
}

/// Calls an object, for so many milliseconds at most. The answer is JSON.
async fn call_object<A: DeserializeOwned>(
    stub: &Fetches,
    command: &str,
    within_millis: Option<u32>,
) -> Result<A, CallError> {
    let text = exchange::call_object(stub, command, within_millis).await.map_err(|thrown| call_error(&thrown))?;
    serde_json::from_str(&text).map_err(not_retryable)
}

fn call_error(thrown: &JsValue) -> CallError {
    CallError {
        // <https://developers.cloudflare.com/durable-objects/best-practices/error-handling/>: calling an overloaded object
        // again makes it worse, and so it is with one that does not answer in time. Anything else may be tried: commands may be
        // carried out twice.
        retryable: !js_error::has_flag(thrown, "overloaded") && !js_error::is_named(thrown, "TimeoutError"),
        cause: js_error::describe(thrown),
    }
}

fn not_retryable(cause: impl std::fmt::Display) -> CallError {
    CallError { retryable: false, cause: cause.to_string() }
}

fn unsendable(thrown: &JsValue) -> SendError {
    SendError::Unsendable(js_error::describe(thrown))
}
