//! The Workers runtime: the only place that names `worker`, `js_sys` or `wasm_bindgen`.

use worker::{Context, DurableObject, Env, Request, Response, Result, State, durable_object, event};

/// Entry of every HTTP request.
#[event(fetch)]
async fn fetch(_request: web_sys::Request, _env: Env, _context: Context) -> Result<Response> {
    Response::ok("bitrix24-edge-relay")
}

macro_rules! skeleton {
    ($name:ident) => {
        #[durable_object]
        pub struct $name {
            state: State,
        }
        impl DurableObject for $name {
            fn new(state: State, _env: Env) -> Self {
                Self { state }
            }
            async fn fetch(&self, _request: Request) -> Result<Response> {
                let _size = self.state.storage().sql().database_size();
                Response::ok("object")
            }
        }
    };
}
skeleton!(Portal);
skeleton!(Directory);
