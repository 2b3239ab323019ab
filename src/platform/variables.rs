//! Reads the configuration from the bindings.

use crate::domain::config::Config;
use wasm_bindgen::JsValue;
use worker::Env;

/// The configuration. A number or a boolean of `wrangler.toml` counts as its text.
pub fn read_config(env: &Env) -> Config {
    Config::read(&|name| {
        let value = js_sys::Reflect::get(env, &JsValue::from_str(name)).ok()?;
        value
            .as_string()
            .or_else(|| value.as_f64().map(|number| number.to_string()))
            .or_else(|| value.as_bool().map(|boolean| boolean.to_string()))
    })
}
