//! A request, as the runtime hands it over.

use super::promise::{self, settled};
use crate::app::ports::{BodyError, IncomingRequest};
use js_sys::Array;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ReadableStreamDefaultReader, Request};

/// How much of a body that is too long is read all the same: a client that is cut off while it sends does not see the answer.
const MAX_DRAINED_BYTES: usize = 8 << 20;

const FORM: &str = "application/x-www-form-urlencoded";
/// Headers that most requests are asked for. They are read at once: each crossing between JavaScript and wasm costs.
const READ_AT_ONCE: [&str; 6] =
    ["content-type", "content-encoding", "content-length", "cf-connecting-ip", "cf-ipcountry", "cf-ray"];

#[wasm_bindgen(module = "/src/platform/glue.js")]
extern "C" {
    #[wasm_bindgen(js_name = headOf)]
    fn head_of(request: &Request, names: &Array) -> String;
}

thread_local! {
    static NAMES_READ_AT_ONCE: Array = READ_AT_ONCE.into_iter().map(JsValue::from_str).collect();
}

/// A request. The URL is cut by hand: the `url` crate would add a quarter to the size of the wasm.
pub struct Incoming {
    request: Request,
    method: String,
    path: String,
    query: String,
    /// The values of `READ_AT_ONCE`, empty where there is none.
    values: Vec<String>,
}

impl Incoming {
    pub fn new(request: Request) -> Self {
        let head = NAMES_READ_AT_ONCE.with(|names| head_of(&request, names));
        // No value has a line break in it (RFC 9110, section 5.5).
        let mut lines = head.split('\n');
        let method = lines.next().unwrap_or_default().to_owned();
        let url = lines.next().unwrap_or_default();
        // `https://host/path?query`, as the runtime has already parsed and written it: no fragment, and a path at least.
        let target = url.splitn(4, '/').nth(3).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (path, query) = (format!("/{path}"), query.to_owned());
        Self { method, path, query, values: lines.map(str::to_owned).collect(), request }
    }

    /// Reads a body. A form is ASCII (URL Standard, section 5.2), so it is read as text, which costs the runtime far less than a buffer.
    /// In what is no form for that reason, bytes that are no UTF-8 become replacement characters before it is decoded, not after.
    async fn read_all(&self) -> Result<Vec<u8>, JsValue> {
        if self.header("content-type").is_some_and(|value| value.starts_with(FORM)) {
            return Ok(promise::text(&self.request.text()?).await?.into_bytes());
        }
        let buffer = settled(&self.request.array_buffer()?).await?;
        Ok(js_sys::Uint8Array::new(&buffer).to_vec())
    }

    /// Reads a body piece by piece, and keeps no more of it than is wanted. `None` where it is longer.
    async fn read_up_to(&self, limit: usize) -> Result<Option<Vec<u8>>, JsValue> {
        let Some(stream) = self.request.body() else {
            return Ok(Some(Vec::new()));
        };
        let reader: ReadableStreamDefaultReader = stream.get_reader().dyn_into()?;
        let (mut body, mut length) = (Vec::new(), 0);
        while length <= MAX_DRAINED_BYTES {
            let read = settled(&reader.read()).await?;
            let member = |name| js_sys::Reflect::get(&read, &JsValue::from_str(name));
            if member("done")?.is_truthy() {
                return Ok((length <= limit).then_some(body));
            }
            let chunk: js_sys::Uint8Array = member("value")?.dyn_into()?;
            length += chunk.length() as usize;
            if length <= limit {
                body.extend(chunk.to_vec());
            }
        }
        drop(settled(&reader.cancel()).await);
        Ok(None)
    }
}

impl IncomingRequest for Incoming {
    fn method(&self) -> &str {
        &self.method
    }

    fn path(&self) -> &str {
        &self.path
    }

    fn query(&self) -> &str {
        &self.query
    }

    fn header(&self, name: &str) -> Option<String> {
        match READ_AT_ONCE.iter().position(|known| *known == name) {
            Some(at) => self.values.get(at).filter(|value| !value.is_empty()).cloned(),
            None => self.request.headers().get(name).unwrap_or(None),
        }
    }

    async fn body(&self, limit: usize) -> Result<Vec<u8>, BodyError> {
        let declared: Option<usize> = self.header("content-length").and_then(|text| text.parse().ok());
        let body = match declared {
            Some(bytes) if bytes <= limit => self.read_all().await.map(Some),
            _ => self.read_up_to(limit).await,
        };
        match body {
            Ok(Some(body)) if body.len() <= limit => Ok(body),
            Ok(_) => Err(BodyError::TooLarge),
            Err(_) => Err(BodyError::Interrupted),
        }
    }
}
