//! What the use cases need from the world, as small traits.
//!
//! Futures need not be `Send`: a Worker has one thread.

use super::directory::command::{DirectoryCommand, DirectoryReply};
use super::log_line::{Level, LogLine};
use super::portal::command::{PortalCommand, PortalReply};
use crate::domain::location::LocationHint;
use crate::domain::member_id::MemberId;
use crate::domain::time::Timestamp;
use std::borrow::Cow;
use std::fmt::{self, Display};
use std::future::Future;

/// Time.
pub trait Clock {
    /// The time now. Read once per request or alarm, and again after a send.
    fn now(&self) -> Timestamp;
    /// Ends after so many milliseconds.
    fn sleep(&self, millis: u32) -> impl Future<Output = ()>;
}

/// What wakes somebody.
pub type Bell = Box<dyn FnOnce()>;

/// Lets one request of the isolate wait for another.
pub trait Bells {
    /// A bell, and what waits for it to ring. It may be rung by another request.
    fn bell(&self) -> (Bell, impl Future<Output = ()>);
}

/// Randomness that nobody can predict.
pub trait Random {
    /// Fills the whole slice.
    fn fill(&self, bytes: &mut [u8]);

    /// So many fresh bytes.
    fn fresh<const BYTES: usize>(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        self.fill(&mut bytes);
        bytes
    }
}

/// Where log lines go.
pub trait Log {
    /// Lines below this level are not written.
    fn log_level(&self) -> Level;
    /// Puts one line there.
    fn put_line(&self, level: Level, json: &str);

    /// Writes one line, if it is urgent enough.
    fn write(&self, line: LogLine) {
        let level = line.level();
        if level >= self.log_level() {
            self.put_line(level, &line.into_json());
        }
    }
}

/// Where data points go: Workers Analytics Engine, where it is bound.
pub trait Analytics {
    /// Writes one data point. Nothing waits for it, and one that is lost does not matter.
    fn record(&self, index: &str, blobs: &[&str], doubles: &[i64]);
}

/// Something outside failed. The text is for the log, never for a client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {cause}")]
pub struct PortError {
    /// What was tried, such as `kv.get`.
    pub operation: &'static str,
    /// What the platform said.
    pub cause: String,
}

impl PortError {
    /// An error of an operation.
    pub fn new(operation: &'static str, cause: &(impl Display + ?Sized)) -> Self {
        Self { operation, cause: cause.to_string() }
    }
}

/// Some of the keys of KV that begin alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPage {
    /// The keys, in the order of their bytes.
    pub keys: Vec<String>,
    /// Where the next page begins, if there is one.
    pub cursor: Option<String>,
}

/// Workers KV: read everywhere, up to a minute old or more.
pub trait Kv {
    /// The value of a key.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<String>, PortError>>;
    /// Sets the value of a key; for so many seconds only, where that is said.
    fn put(&self, key: &str, value: &str, seconds: Option<u32>) -> impl Future<Output = Result<(), PortError>>;
    /// The keys that begin so, up to 1,000 of them.
    fn list(&self, prefix: &str, cursor: Option<&str>) -> impl Future<Output = Result<KeyPage, PortError>>;
    /// Forgets a key, if there is one.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), PortError>>;
}

/// A value of `SQLite`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqlValue {
    /// NULL
    Null,
    /// INTEGER; within 2^53, since the platform hands numbers over as JavaScript does.
    Integer(i64),
    /// TEXT
    Text(String),
}

/// `SQLite` of a Durable Object. Synchronous, as there.
///
/// Writes without an `await` between them are committed together, and no answer leaves before they are durable (the output
/// gate). <https://developers.cloudflare.com/durable-objects/reference/in-memory-state/>
pub trait Sql {
    /// Runs one statement and returns all its rows.
    fn query(&self, statement: &str, arguments: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, PortError>;
    /// Bytes that the database uses, without what is free in it.
    fn size(&self) -> Result<i64, PortError>;
    /// Runs `work` so that either all its writes are kept or, where it fails, none.
    fn transaction<T>(&self, work: impl FnOnce() -> Result<T, PortError>) -> Result<T, PortError>;
}

/// The one alarm of a Durable Object.
pub trait Alarm {
    /// When it is due.
    fn get(&self) -> impl Future<Output = Result<Option<Timestamp>, PortError>>;
    /// Sets it, in place of one that was set.
    fn set(&self, at: Timestamp) -> impl Future<Output = Result<(), PortError>>;
}

/// The sockets of those who follow the log of this object.
pub trait Followers {
    /// How many there are.
    fn followers(&self) -> usize;
    /// Sends a text to each. It waits for none, and one that is gone does not matter.
    fn tell(&self, text: &str);
}

/// A request to a destination.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// Absolute URL.
    pub url: String,
    /// The binding to send through, instead of the open internet.
    pub binding: Option<String>,
    /// Names in lower case.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// UTF-8 text.
    pub body: String,
    /// How long the whole exchange may take.
    pub timeout_millis: u32,
}

/// What a destination answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// HTTP status. A redirect is an answer like any other; it is not followed.
    pub status: u16,
    /// The header `retry-after`.
    pub retry_after: Option<String>,
}

/// A request that got no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It took too long.
    #[error("no answer in time")]
    Timeout,
    /// The connection could not be made, or broke.
    #[error("the connection failed: {0}")]
    Network(String),
    /// It could not be sent as it is: a binding is missing, say.
    #[error("the request could not be made: {0}")]
    Unsendable(String),
    /// What takes it refuses what it was given.
    #[error("refused: {0}")]
    Refused(String),
}

/// A call whose answer matters: to an OAuth server, or to a portal. `Debug` prints neither its URL nor its body, which hold
/// tokens.
#[derive(Clone)]
pub struct HttpCall {
    /// Absolute URL.
    pub url: String,
    /// What is posted, with its content type; without it the call is a GET.
    pub body: Option<(&'static str, String)>,
    /// Bytes of the answer that are read; what comes after them is cut off.
    pub max_answer_bytes: usize,
    /// How long the whole exchange may take.
    pub timeout_millis: u32,
}

impl fmt::Debug for HttpCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpCall(redacted)")
    }
}

/// What a call was answered. `Debug` does not print the body, which may hold tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// HTTP status. A redirect is an answer like any other; it is not followed.
    pub status: u16,
    /// The header `location`.
    pub location: Option<String>,
    /// The header `retry-after`.
    pub retry_after: Option<String>,
    /// The body, as far as it was wanted. Bad UTF-8 becomes U+FFFD.
    pub body: String,
}

impl fmt::Debug for HttpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpAnswer({}, redacted)", self.status)
    }
}

/// HTTP to the outside.
pub trait Http {
    /// Sends a POST to a destination; what it answers beyond its status means nothing.
    fn post(&self, request: HttpRequest) -> impl Future<Output = Result<HttpResponse, SendError>>;
    /// Makes a call over the open internet, and reads its answer.
    fn call(&self, call: HttpCall) -> impl Future<Output = Result<HttpAnswer, SendError>>;
}

/// Producers of Cloudflare Queues.
pub trait Queues {
    /// Puts messages, each a JSON text, into the queue of a binding: all, or none as far as is known.
    fn enqueue(&self, binding: &str, messages: &[String]) -> impl Future<Output = Result<(), SendError>>;
}

/// A call to another object that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct CallError {
    /// Whether the same call may succeed when it is made again at once.
    pub retryable: bool,
    /// What the platform, or the object, said.
    pub cause: String,
}

/// What a socket brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A text of the portal's object.
    Text(String),
    /// Nothing in this time.
    Nothing,
    /// It is closed, and nothing comes any more.
    Closed,
}

/// A socket through which a portal's object tells what it logs. Dropped, it is closed.
///
/// It keeps a bounded number of bytes that nobody has asked for yet. Over it, the older ones are dropped: they are hints.
pub trait Feed {
    /// Waits for the next text, for so many milliseconds at most.
    fn hear(&mut self, within_millis: u32) -> impl Future<Output = Heard>;
}

/// The objects of all portals.
pub trait Portals {
    /// What tells of a portal's log.
    type Feed: Feed;

    /// Asks the object of a portal by [`PortalCommand::Follow`] for a socket. There is one where the answer is
    /// [`PortalReply::Following`].
    fn follow(
        &self,
        member_id: &MemberId,
        hint: LocationHint,
    ) -> impl Future<Output = Result<(PortalReply, Option<Self::Feed>), CallError>>;

    /// Calls the object of a portal through a fresh stub, and waits for so many milliseconds; for as long as it takes where
    /// nothing is said.
    fn call(
        &self,
        member_id: &MemberId,
        hint: LocationHint,
        command: &PortalCommand,
        within_millis: Option<u32>,
    ) -> impl Future<Output = Result<PortalReply, CallError>>;
}

/// The one object that knows which portals there are.
pub trait Directory {
    /// Calls it through a fresh stub.
    fn call(&self, command: &DirectoryCommand) -> impl Future<Output = Result<DirectoryReply, CallError>>;
}

/// The rate limiter of unverified callers.
pub trait RateLimiter {
    /// Counts one request under the key. Whether it is still within the limit; yes where the limiter cannot be asked.
    fn allows(&self, key: &str) -> impl Future<Output = bool>;
}

/// A request's body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is longer than allowed.
    #[error("the body is too large")]
    TooLarge,
    /// The connection broke.
    #[error("the body ended early")]
    Interrupted,
}

/// A request as it came in.
pub trait IncomingRequest {
    /// HTTP method.
    fn method(&self) -> &str;
    /// Path of the URL, not decoded.
    fn path(&self) -> &str;
    /// Query string of the URL without `?`, not decoded.
    fn query(&self) -> &str;
    /// A header by its name in lower case.
    fn header(&self, name: &str) -> Option<String>;
    /// The body, read once, of at most `limit` bytes.
    fn body(&self, limit: usize) -> impl Future<Output = Result<Vec<u8>, BodyError>>;
}

/// All that the edge needs.
pub trait EdgeRuntime:
    Clock + Bells + Random + Log + Analytics + Kv + Portals + Directory + RateLimiter + Http
{
}
impl<R: Clock + Bells + Random + Log + Analytics + Kv + Portals + Directory + RateLimiter + Http> EdgeRuntime for R {}

/// All that a portal's object needs.
pub trait PortalRuntime:
    Clock + Random + Log + Analytics + Kv + Sql + Alarm + Http + Queues + Directory + Followers
{
}
impl<R: Clock + Random + Log + Analytics + Kv + Sql + Alarm + Http + Queues + Directory + Followers> PortalRuntime
    for R
{
}

/// All that the Directory's object needs.
pub trait DirectoryRuntime: Clock + Log + Sql + Alarm + Portals {}
impl<R: Clock + Log + Sql + Alarm + Portals> DirectoryRuntime for R {}
