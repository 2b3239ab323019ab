//! Where every HTTP request comes in.

use super::incoming_request::Incoming;
use super::runtime::Runtime;
use super::variables::read_config;
use crate::app::edge::Edge;
use crate::domain::reply::Reply;
use std::cell::OnceCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::{Headers, Request, Response, ResponseInit};
use worker::{Context, Env, Result, event};

thread_local! {
    /// One per isolate: the configuration is read once, and the cache lives as long as the isolate.
    static EDGE: OnceCell<Rc<Edge>> = const { OnceCell::new() };
}

/// Makes a panic readable in the log. None is reachable from a request, and one that was would end all objects of the
/// isolate.
#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    let edge = EDGE.with(|edge| Rc::clone(edge.get_or_init(|| Rc::new(Edge::new(read_config(&env))))));
    let reply = edge.handle(&Runtime::new(env), &Incoming::new(request)).await;
    respond(&reply).map_err(worker::Error::from)
}

fn respond(reply: &Reply) -> std::result::Result<Response, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in reply.headers() {
        headers.set(name, value)?;
    }
    let init = ResponseInit::new();
    init.set_status(reply.status);
    init.set_headers(headers.as_ref());
    Response::new_with_opt_str_and_init(Some(&reply.body), &init)
}
