//! Floor B: the least that a worker in Rust can do. It reads the body and answers 200.

use worker::{Context, Env, Request, Response, Result, event};

#[event(fetch)]
async fn fetch(mut request: Request, _env: Env, _context: Context) -> Result<Response> {
    let body = request.bytes().await?;
    Response::ok(body.len().to_string())
}
