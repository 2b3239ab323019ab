//! What one HTTP request becomes, in the stateless Worker.

mod access;
mod account;
mod admin;
mod appends;
mod broker;
pub mod cache;
mod consumers;
mod deliveries;
mod destinations;
mod drain;
mod events;
mod health;
mod install;
mod install_page;
pub mod jobs;
mod log_reader;
mod merged_log;
mod metrics;
mod objects;
mod plan;
mod post;
pub mod query;
pub mod read;
mod records;
mod sources;
mod spill;
mod standing;
pub mod tail;
mod turns;
mod watchdog;

use self::account::Counted;
use self::appends::Appends;
use self::cache::EdgeCache;
use self::read::Answer;
use self::sources::KnownSources;
use self::turns::Turns;
use super::log_line::{Level, LogLine};
use super::ports::{EdgeRuntime, IncomingRequest};
use crate::domain::config::Config;
use crate::domain::problem::{Code, Problem};
use crate::domain::reply::Reply;
use crate::domain::route::Route;
use std::cell::{Cell, RefCell};

/// The description of the API. A test compares it with the routes.
const OPENAPI: &str = include_str!("../../../docs/openapi.json");

/// The Worker, in one isolate.
pub struct Edge {
    config: Config,
    cache: RefCell<EdgeCache>,
    appends: Appends,
    turns: Turns,
    sources: KnownSources,
    configuration_told: Cell<bool>,
    /// What was answered.
    counted: RefCell<Counted>,
}

impl Edge {
    /// The Worker with its configuration.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            cache: RefCell::new(EdgeCache::default()),
            appends: Appends::default(),
            turns: Turns::default(),
            sources: KnownSources::default(),
            configuration_told: Cell::new(false),
            counted: RefCell::default(),
        }
    }

    /// Lines below this level are not written.
    #[must_use]
    pub const fn log_level(&self) -> Level {
        self.config.log_level
    }

    /// Answers a request.
    pub async fn handle<R: EdgeRuntime>(&self, runtime: &R, request: &impl IncomingRequest) -> Answer<R::Feed> {
        self.tell_configuration_once(runtime);
        let (began_at, route) = (runtime.now(), Route::find(request.path()));
        let answer = match self.open_tail(runtime, request, route.as_ref()).await {
            Some(Ok((reply, tail))) => Answer::Tail(sealed(reply), tail),
            Some(Err(problem)) => Answer::Whole(sealed(problem.into())),
            None => Answer::Whole(self.answer(runtime, request, route.clone()).await),
        };
        self.tell_of(runtime, request, route.as_ref(), began_at, answer.reply());
        answer
    }

    async fn answer(&self, runtime: &impl EdgeRuntime, request: &impl IncomingRequest, route: Option<Route>) -> Reply {
        let mut reply = self.route(runtime, request, route).await.unwrap_or_else(Reply::from);
        if request.method() == "HEAD" {
            reply.body.clear();
        }
        sealed(reply)
    }

    async fn route(
        &self,
        runtime: &impl EdgeRuntime,
        request: &impl IncomingRequest,
        route: Option<Route>,
    ) -> Result<Reply, Problem> {
        let no_such_resource = || Problem::new(Code::NotFound, "there is no such resource");
        let route = route.ok_or_else(no_such_resource)?;
        if matches!(route, Route::PortalAccessToken(_)) {
            route.check_method(request.method())?;
            return self.hand_out_token(runtime, request, route).await;
        }
        if !route.is_open() {
            let caller = self.authorize(request)?;
            route.check_method(request.method())?;
            caller.check(&route, request.method())?;
            return self.administer(runtime, request, caller, route).await;
        }
        route.check_method(request.method())?;
        match route {
            Route::Events if request.method() == "POST" => self.accept(runtime, request).await,
            Route::Events => Ok(Reply::text(200, "This is the handler of Bitrix24 events. It takes POST.\n")),
            Route::Install => self.install(runtime, request).await,
            Route::InstallScript => Ok(install_page::script()),
            Route::InstallStyle => Ok(install_page::style()),
            Route::InstallProgress => self.install_progress(runtime, request).await,
            Route::Root => Ok(Reply::text(200, "bitrix24-edge-relay\n")),
            Route::Health => Ok(health::report(&self.config, runtime.now())),
            Route::OpenApi => Ok(Reply::text(200, OPENAPI).with_header("content-type", "application/json")),
            _ => Err(no_such_resource()),
        }
    }

    /// One line per isolate, so that a broken configuration is seen without filling the log.
    fn tell_configuration_once(&self, runtime: &impl EdgeRuntime) {
        if !self.configuration_told.replace(true) {
            for error in &self.config.errors {
                let line = LogLine::new(Level::Error, "configuration error")
                    .with("variable", error.variable)
                    .with("error", error.message.as_str());
                runtime.write(line);
            }
        }
    }
}

/// The reply for one caller, and no page.
fn sealed(reply: Reply) -> Reply {
    reply.with_header("cache-control", "no-store").with_header("x-content-type-options", "nosniff")
}
