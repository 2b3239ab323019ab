//! The Workers runtime: the only place that names `worker`, `js_sys`, `web_sys` or `wasm_bindgen`.
//!
//! Thin on purpose. It gives the use cases their ports, and nothing here decides anything.

mod analytics;
mod directory_object;
mod edge_entry;
mod exchange;
mod feed;
mod incoming_request;
mod js_error;
mod kv;
mod object_storage;
mod portal_object;
mod promise;
mod runtime;
mod variables;
