//! Workers KV. <https://developers.cloudflare.com/kv/api/>

use super::js_error;
use super::promise::{Timer, settled};
use super::runtime::Runtime;
use crate::app::ports::{KeyPage, Kv, PortError};
use futures_util::future::{Either, select};
use js_sys::{Array, Object, Promise, Reflect};
use std::pin::pin;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

const INSTALLS_BINDING: &str = "INSTALLS";
/// How long an operation may take, in milliseconds. A read that no cache has takes some hundred, a write a second; what waits is an event,
/// or an alarm that has deliveries to make.
const KV_MILLIS: u32 = 5_000;

#[wasm_bindgen]
extern "C" {
    /// A namespace of KV.
    type Namespace;

    #[wasm_bindgen(method, catch)]
    fn get(this: &Namespace, key: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn put(this: &Namespace, key: &str, value: &str, options: &Object) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn list(this: &Namespace, options: &Object) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch, js_name = delete)]
    fn remove(this: &Namespace, key: &str) -> Result<Promise, JsValue>;
}

impl Runtime {
    /// Makes a call of the namespace, and waits for what it promises. A call that is given up may take effect all the same.
    async fn kv(
        &self,
        operation: &'static str,
        call: impl FnOnce(&Namespace) -> Result<Promise, JsValue>,
    ) -> Result<JsValue, PortError> {
        let thrown = |thrown: JsValue| PortError::new(operation, &js_error::describe(&thrown));
        let namespace: Option<Namespace> = self.binding(INSTALLS_BINDING);
        let namespace = namespace.ok_or_else(|| PortError::new(operation, "there is no binding INSTALLS"))?;
        let promise = call(&namespace).map_err(thrown)?;
        match select(pin!(settled(&promise)), Timer::start(KV_MILLIS)).await {
            Either::Left((outcome, _)) => outcome.map_err(thrown),
            Either::Right(_) => Err(PortError::new(operation, "it did not answer in time")),
        }
    }
}

impl Kv for Runtime {
    async fn get(&self, key: &str) -> Result<Option<String>, PortError> {
        Ok(self.kv("kv.get", |namespace| namespace.get(key)).await?.as_string())
    }

    async fn put(&self, key: &str, value: &str, seconds: Option<u32>) -> Result<(), PortError> {
        let put = |namespace: &Namespace| {
            let options = options(&[("expirationTtl", seconds.map(JsValue::from))])?;
            namespace.put(key, value, &options)
        };
        self.kv("kv.put", put).await.map(drop)
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, PortError> {
        let list = |namespace: &Namespace| {
            let options = options(&[("prefix", Some(prefix.into())), ("cursor", cursor.map(JsValue::from))])?;
            namespace.list(&options)
        };
        let listed = self.kv("kv.list", list).await?;
        let member = |of: &JsValue, name| Reflect::get(of, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED);
        let keys = Array::from(&member(&listed, "keys"));
        Ok(KeyPage {
            keys: keys.iter().filter_map(|key| member(&key, "name").as_string()).collect(),
            // The last page has none.
            cursor: member(&listed, "cursor").as_string().filter(|cursor| !cursor.is_empty()),
        })
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        self.kv("kv.delete", |namespace| namespace.remove(key)).await.map(drop)
    }
}

/// An object of those members that have a value.
fn options(members: &[(&str, Option<JsValue>)]) -> Result<Object, JsValue> {
    let options = Object::new();
    for (name, value) in members {
        if let Some(value) = value {
            Reflect::set(&options, &JsValue::from_str(name), value)?;
        }
    }
    Ok(options)
}
