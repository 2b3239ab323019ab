//! One HTTP exchange, over the internet, with a binding, or with an object: all have the same `fetch`.

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, ReadableStreamDefaultReader, RequestInit, RequestRedirect, Response};

#[wasm_bindgen]
extern "C" {
    /// The global scope, a service binding, or the stub of an object.
    pub type Fetches;

    #[wasm_bindgen(method, catch, js_name = fetch)]
    fn fetch(this: &Fetches, url: &str, init: &RequestInit) -> Result<js_sys::Promise, JsValue>;
}

/// The open internet.
pub fn internet() -> Fetches {
    js_sys::global().unchecked_into()
}

/// Sends a POST; a redirect is returned, not followed.
pub async fn post(to: &Fetches, url: &str, body: &str, init: RequestInit) -> Result<Response, JsValue> {
    init.set_method("POST");
    init.set_body(&JsValue::from_str(body));
    send(to, url, init).await
}

/// Sends a request, a GET unless `init` says otherwise; a redirect is returned, not followed.
pub async fn send(to: &Fetches, url: &str, init: RequestInit) -> Result<Response, JsValue> {
    init.set_redirect(RequestRedirect::Manual);
    JsFuture::from(to.fetch(url, &init)?).await?.dyn_into()
}

/// Asks for a socket. An answer that brings none is an answer all the same.
pub async fn upgrade(to: &Fetches, url: &str) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.set("upgrade", "websocket")?;
    let init = RequestInit::new();
    init.set_headers(headers.as_ref());
    JsFuture::from(to.fetch(url, &init)?).await?.dyn_into()
}

/// The first bytes of the body, as many as are wanted. The rest is refused.
pub async fn first_bytes(response: &Response, limit: usize) -> Result<Vec<u8>, JsValue> {
    let mut bytes = Vec::new();
    let Some(stream) = response.body() else {
        return Ok(bytes);
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().dyn_into()?;
    while bytes.len() < limit {
        let read = JsFuture::from(reader.read()).await?;
        let member = |name| js_sys::Reflect::get(&read, &JsValue::from_str(name));
        if member("done")?.is_truthy() {
            return Ok(bytes);
        }
        let chunk: js_sys::Uint8Array = member("value")?.dyn_into()?;
        bytes.extend(chunk.to_vec());
    }
    bytes.truncate(limit);
    // Whether the rest could be refused politely does not matter.
    drop(JsFuture::from(reader.cancel()).await);
    Ok(bytes)
}

/// The body as text.
pub async fn text(response: &Response) -> Result<String, JsValue> {
    let text = JsFuture::from(response.text()?).await?;
    text.as_string().ok_or_else(|| JsValue::from_str("the body is no text"))
}
