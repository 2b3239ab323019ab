//! Where every HTTP request comes in, and the cron trigger.

use super::feed::SocketFeed;
use super::incoming_request::Incoming;
use super::runtime::Runtime;
use super::variables::read_config;
use crate::app::edge::Edge;
use crate::app::edge::read::Answer;
use crate::app::edge::tail::Tail;
use crate::app::ports::Clock;
use crate::domain::reply::Reply;
use futures_util::stream::unfold;
use js_sys::Uint8Array;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Request, Response, ResponseInit};
use worker::{Context, Env, ScheduleContext, ScheduledEvent, event};

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

#[wasm_bindgen(module = "/src/platform/glue.js")]
extern "C" {
    #[wasm_bindgen(js_name = responseInit, catch)]
    fn response_init(status: u16, lines: &str) -> Result<ResponseInit, JsValue>;
}

/// Kinds of responses that are remembered.
const MAX_KNOWN_INITS: usize = 100;

thread_local! {
    /// What responses begin with, by status and headers: most have one of a few.
    static KNOWN_INITS: RefCell<BTreeMap<(u16, String), ResponseInit>> = const { RefCell::new(BTreeMap::new()) };
}

/// A request goes on behind its answer, where it calls for others, or hands over what was counted.
#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> worker::Result<Response> {
    let edge = edge(&env);
    let runtime = Runtime::new(env, edge.log_level());
    let answer = match edge.handle(&runtime, &Incoming::new(request)).await {
        Answer::Whole(reply) => {
            init(&reply).and_then(|init| Response::new_with_opt_str_and_init(Some(&reply.body), &init))
        }
        Answer::Tail(reply, tail) => stream(&reply, tail, runtime.clone()),
    };
    if edge.owes_calls() || edge.has_counts_due(runtime.now()) {
        context.wait_until(async move {
            edge.make_owed_calls(&runtime).await;
            if edge.has_counts_due(runtime.now()) {
                edge.hand_over_counts(&runtime).await;
            }
        });
    }
    answer.map_err(worker::Error::from)
}

#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    let edge = edge(&env);
    let log_level = edge.log_level();
    edge.run_jobs(&Runtime::new(env, log_level)).await;
}

fn edge(env: &Env) -> Rc<Edge> {
    EDGE.with(|edge| Rc::clone(edge.get_or_init(|| Rc::new(Edge::new(read_config(env))))))
}

/// The status and the headers of a reply.
fn init(reply: &Reply) -> Result<ResponseInit, JsValue> {
    let mut lines = String::with_capacity(128);
    for (name, value) in reply.headers() {
        for part in [name, " ", value, "\n"] {
            lines.push_str(part);
        }
    }
    let kind = (reply.status, lines);
    KNOWN_INITS.with_borrow_mut(|known| {
        if let Some(init) = known.get(&kind) {
            return Ok(init.clone());
        }
        let init = response_init(kind.0, &kind.1)?;
        if known.len() < MAX_KNOWN_INITS {
            known.insert(kind, init.clone());
        }
        Ok(init)
    })
}

/// The tail as a body. It goes on when the client has taken what came before, and ends when the client goes.
fn stream(reply: &Reply, tail: Box<Tail<SocketFeed>>, runtime: Runtime) -> Result<Response, JsValue> {
    let texts = unfold((tail, runtime), async |(mut tail, runtime)| {
        let text = tail.next(&runtime).await?;
        Some((Ok(Uint8Array::from(text.as_bytes()).into()), (tail, runtime)))
    });
    let body = wasm_streams::ReadableStream::from_stream(texts).into_raw();
    Response::new_with_opt_readable_stream_and_init(Some(body.unchecked_ref()), &init(reply)?)
}
