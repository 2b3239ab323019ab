//! Exceptions of JavaScript.

use wasm_bindgen::{JsCast, JsValue};

/// The name and the message of an exception; a value that is no `Error` is told by its type alone, since it may be anything.
pub fn describe(thrown: &JsValue) -> String {
    match thrown.dyn_ref::<js_sys::Error>() {
        Some(error) => format!("{}: {}", error.name(), error.message()),
        None => thrown.as_string().unwrap_or_else(|| "an exception that is no Error".to_owned()),
    }
}

/// An exception that tells of an error.
pub fn of(error: &impl std::fmt::Display) -> JsValue {
    js_sys::Error::new(&error.to_string()).into()
}

/// Whether an exception has this `name`.
pub fn is_named(thrown: &JsValue, name: &str) -> bool {
    property(thrown, "name").as_string().is_some_and(|known| known == name)
}

/// Whether an exception has a property that is `true`.
pub fn has_flag(thrown: &JsValue, name: &str) -> bool {
    property(thrown, name).as_bool() == Some(true)
}

fn property(thrown: &JsValue, name: &str) -> JsValue {
    js_sys::Reflect::get(thrown, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}
