//! One exchange: by `fetch` over the internet or with a binding, or a command to an object. An object that is followed is fetched, too.

use super::promise::{self, settled};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Headers, ReadableStreamDefaultReader, RequestInit, RequestRedirect, Response};

#[wasm_bindgen]
extern "C" {
    /// The global scope, a service binding, or the stub of an object.
    pub type Fetches;

    #[wasm_bindgen(method, catch, js_name = fetch)]
    fn fetch(this: &Fetches, url: &str, init: &RequestInit) -> Result<js_sys::Promise, JsValue>;
}

#[wasm_bindgen(module = "/src/platform/glue.js")]
extern "C" {
    #[wasm_bindgen(js_name = stubOf, catch)]
    pub fn stub(env: &JsValue, binding: &str, name: &str, hint: &str) -> Result<Fetches, JsValue>;

    #[wasm_bindgen(js_name = callObject)]
    fn call(stub: &Fetches, body: &str, within_millis: u32) -> js_sys::Promise;

    /// Sends a POST with headers, a JSON list of pairs. Promises the status and `retry-after`, a line each; a redirect is an answer
    /// like any other.
    pub fn post(to: &Fetches, url: &str, headers: &str, body: &str, within_millis: u32) -> js_sys::Promise;
}

/// The open internet.
pub fn internet() -> Fetches {
    js_sys::global().unchecked_into()
}

/// Calls an object, for so many milliseconds at most: text there, text back.
pub async fn call_object(stub: &Fetches, body: &str, within_millis: Option<u32>) -> Result<String, JsValue> {
    promise::text(&call(stub, body, within_millis.unwrap_or_default())).await
}

/// Sends a request, a GET unless `init` says otherwise; a redirect is returned, not followed.
pub async fn send(to: &Fetches, url: &str, init: RequestInit) -> Result<Response, JsValue> {
    init.set_redirect(RequestRedirect::Manual);
    settled(&to.fetch(url, &init)?).await?.dyn_into()
}

/// Asks for a socket. An answer that brings none is an answer all the same.
pub async fn upgrade(to: &Fetches, url: &str) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.set("upgrade", "websocket")?;
    let init = RequestInit::new();
    init.set_headers(headers.as_ref());
    settled(&to.fetch(url, &init)?).await?.dyn_into()
}

/// The first bytes of the body, as many as are wanted. The rest is refused.
pub async fn first_bytes(response: &Response, limit: usize) -> Result<Vec<u8>, JsValue> {
    let mut bytes = Vec::new();
    let Some(stream) = response.body() else {
        return Ok(bytes);
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().dyn_into()?;
    while bytes.len() < limit {
        let read = settled(&reader.read()).await?;
        let member = |name| js_sys::Reflect::get(&read, &JsValue::from_str(name));
        if member("done")?.is_truthy() {
            return Ok(bytes);
        }
        let chunk: js_sys::Uint8Array = member("value")?.dyn_into()?;
        bytes.extend(chunk.to_vec());
    }
    bytes.truncate(limit);
    // Whether the rest could be refused politely does not matter.
    drop(settled(&reader.cancel()).await);
    Ok(bytes)
}
