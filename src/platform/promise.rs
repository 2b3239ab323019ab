//! Promises that one request makes, and another one may keep.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Promise, js_name = withResolvers)]
    fn with_resolvers() -> Resolvers;

    /// A promise, and what keeps it (ECMAScript 2024, section 27.2.4.8).
    type Resolvers;

    #[wasm_bindgen(method, getter)]
    fn promise(this: &Resolvers) -> js_sys::Promise;

    #[wasm_bindgen(method, getter)]
    fn resolve(this: &Resolvers) -> js_sys::Function;
}

/// A promise that is kept here.
pub struct Deferred {
    resolve: js_sys::Function,
    /// The promise.
    pub promise: js_sys::Promise,
}

impl Deferred {
    /// A new one, of the request that runs now.
    pub fn new() -> Self {
        let resolvers = with_resolvers();
        Self { resolve: resolvers.resolve(), promise: resolvers.promise() }
    }

    /// Keeps it.
    pub fn keep(self) {
        // It fails where the request that made it is over, and then nobody waits for it.
        self.resolve.call0(&JsValue::UNDEFINED).ok();
    }
}
