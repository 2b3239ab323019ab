//! The ports of `app`, over the world. Whatever reaches outside an object first lets its writes become durable, as the output
//! gate does.

mod calls;

use super::destination::Answer;
use super::fault::{Fault, LATE_MILLIS, Operation, Then};
use super::object::Object;
use super::storage::Storage;
use super::world::World;
use bitrix24_edge_relay::app::ports::{
    Alarm, Bell, Bells, Clock, Followers, Http, HttpAnswer, HttpCall, HttpRequest, HttpResponse, KeyPage, Kv,
    PortError, Queues, Random, RateLimiter, SendError, Sql, SqlValue,
};
use bitrix24_edge_relay::domain::time::Timestamp;
use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

/// What the Worker, or one object, reaches.
pub struct Ports {
    pub(super) world: Rc<World>,
    object: Option<(Rc<Object>, Rc<Cell<bool>>)>,
}

/// What is to become of an operation.
enum Course {
    /// It goes well.
    Well,
    /// It fails, and nothing of it happens.
    FailsBefore,
    /// It happens, and fails all the same.
    FailsAfter(Then),
}

impl Ports {
    pub fn of_worker(world: &Rc<World>) -> Self {
        Self { world: Rc::clone(world), object: None }
    }

    pub fn of_object(world: &Rc<World>, object: &Rc<Object>, is_over: Rc<Cell<bool>>) -> Self {
        Self { world: Rc::clone(world), object: Some((Rc::clone(object), is_over)) }
    }

    fn object(&self) -> &Object {
        let (object, _) = self.object.as_ref().expect("only an object has storage");
        object
    }

    fn is_over(&self) -> bool {
        self.object.as_ref().is_some_and(|(_, is_over)| is_over.get())
    }

    /// What is to become of an operation that reaches outside.
    async fn course(&self, operation: Operation) -> Course {
        self.course_of(operation, "").await
    }

    /// The same for one that a test may let wait: `what` tells it which it is.
    async fn course_of(&self, operation: Operation, what: &str) -> Course {
        self.world.pause().await;
        let ordered = self.world.gates.pass(operation, what).await;
        match ordered.or_else(|| self.world.faults.strike(operation)) {
            None => Course::Well,
            Some(Fault { persisted: false, then: Then::Hang, .. }) => std::future::pending().await,
            Some(Fault { persisted: true, then, .. }) => Course::FailsAfter(then),
            Some(Fault { then: Then::Reset, .. }) if self.object.is_some() => self.vanish().await,
            Some(_) => Course::FailsBefore,
        }
    }

    /// What the caller of an operation that took effect sees of it.
    async fn outcome<T, E>(&self, course: Course, result: Result<T, E>, error: E) -> Result<T, E> {
        match course {
            Course::Well => result,
            Course::FailsAfter(Then::Hang) => std::future::pending().await,
            Course::FailsAfter(Then::Late) => {
                self.world.sleep(LATE_MILLIS).await;
                result
            }
            Course::FailsAfter(Then::Reset) if self.object.is_some() => self.vanish().await,
            Course::FailsBefore | Course::FailsAfter(_) => Err(error),
        }
    }

    /// Ends the life of the object, whose code does not go on.
    async fn vanish<T>(&self) -> T {
        self.object().end(true);
        std::future::pending().await
    }

    fn error(operation: &'static str) -> PortError {
        PortError::new(operation, "failed on order")
    }
}

impl Clock for Ports {
    fn now(&self) -> Timestamp {
        self.world.now()
    }

    async fn sleep(&self, millis: u32) {
        self.world.sleep(millis).await;
    }
}

impl Bells for Ports {
    fn bell(&self) -> (Bell, impl Future<Output = ()>) {
        self.world.bell()
    }
}

impl Random for Ports {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.world.random().to_le_bytes()[0];
        }
    }
}

impl Kv for Ports {
    async fn get(&self, key: &str) -> Result<Option<String>, PortError> {
        let course = self.course(Operation::KvGet).await;
        self.outcome(course, Ok(self.world.kv.read(key, self.world.now())), Self::error("kv.get")).await
    }

    async fn put(&self, key: &str, value: &str, seconds: Option<u32>) -> Result<(), PortError> {
        let course = self.course(Operation::KvPut).await;
        if matches!(course, Course::FailsBefore) {
            return Err(Self::error("kv.put"));
        }
        let until = seconds.map(|seconds| self.world.now().plus_millis(i64::from(seconds) * 1_000));
        self.world.kv.write(key, value, until);
        self.world.pause().await;
        self.outcome(course, Ok(()), Self::error("kv.put")).await
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, PortError> {
        let course = self.course(Operation::KvList).await;
        let (keys, cursor) = self.world.kv.list(prefix, cursor, self.world.now());
        self.outcome(course, Ok(KeyPage { keys, cursor }), Self::error("kv.list")).await
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        let course = self.course(Operation::KvDelete).await;
        if matches!(course, Course::FailsBefore) {
            return Err(Self::error("kv.delete"));
        }
        self.world.kv.delete(key);
        self.outcome(course, Ok(()), Self::error("kv.delete")).await
    }
}

impl Sql for Ports {
    fn query(&self, statement: &str, arguments: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, PortError> {
        let object = self.object();
        if self.is_over() {
            return Err(Self::error("sql.query"));
        }
        let fault = if Storage::writes(statement) { self.world.faults.strike(Operation::Write) } else { None };
        let Some(fault) = fault else {
            return object.storage.query(statement, arguments);
        };
        if fault.persisted {
            object.storage.query(statement, arguments)?;
        }
        if fault.then == Then::Reset {
            object.end(fault.persisted);
        }
        Err(Self::error("sql.query"))
    }

    fn size(&self) -> Result<i64, PortError> {
        if self.is_over() { Err(Self::error("sql.size")) } else { Ok(self.object().storage.size()) }
    }

    fn transaction<T>(&self, work: impl FnOnce() -> Result<T, PortError>) -> Result<T, PortError> {
        let object = self.object();
        if self.is_over() {
            return Err(Self::error("sql.transaction"));
        }
        object.storage.begin();
        let value = match work() {
            Ok(value) if !self.is_over() => value,
            Ok(_) => return Err(Self::error("sql.transaction")),
            Err(error) => {
                object.storage.end(false);
                return Err(error);
            }
        };
        let Some(fault) = self.world.faults.strike(Operation::Transaction) else {
            object.storage.end(true);
            return Ok(value);
        };
        object.storage.end(fault.persisted);
        if fault.then == Then::Reset {
            object.end(fault.persisted);
        }
        Err(Self::error("sql.transaction"))
    }
}

impl Alarm for Ports {
    async fn get(&self) -> Result<Option<Timestamp>, PortError> {
        let course = self.course(Operation::AlarmGet).await;
        let alarm = self.object().storage.alarm();
        self.outcome(course, Ok(alarm), Self::error("alarm.get")).await
    }

    /// Together with what was written just before, and only then waits.
    async fn set(&self, at: Timestamp) -> Result<(), PortError> {
        if self.is_over() {
            return std::future::pending().await;
        }
        let object = self.object();
        let fault = self.world.faults.strike(Operation::AlarmSet);
        if fault.is_none_or(|fault| fault.persisted) {
            object.storage.set_alarm(at);
        }
        match fault {
            None => {
                self.world.pause().await;
                Ok(())
            }
            Some(fault) if fault.then == Then::Reset => {
                object.end(fault.persisted);
                std::future::pending().await
            }
            Some(_) => {
                self.world.pause().await;
                Err(Self::error("alarm.set"))
            }
        }
    }
}

impl Http for Ports {
    async fn post(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let course = self.course_of(Operation::Send, &request.body).await;
        let broken = || SendError::Network("failed on order".to_owned());
        if matches!(course, Course::FailsBefore) {
            return Err(broken());
        }
        let receiver = self.world.receiver(&request.url);
        let answer = receiver.take(&request);
        let delay = match answer {
            Answer::Hang => request.timeout_millis,
            _ => receiver.delay_millis.get(),
        };
        if delay > 0 {
            self.world.sleep(delay).await;
        } else {
            self.world.pause().await;
        }
        receiver.answered();
        self.outcome(course, answer.into_response(), broken()).await
    }

    async fn call(&self, call: HttpCall) -> Result<HttpAnswer, SendError> {
        let course = self.course(Operation::Exchange).await;
        let broken = || SendError::Network("failed on order".to_owned());
        if matches!(course, Course::FailsBefore) {
            return Err(broken());
        }
        let page = self.world.pages.borrow().get(&call.url).cloned();
        let answer = match page {
            Some(body) => Ok(HttpAnswer { status: 200, location: None, retry_after: None, body }),
            None => self.world.bitrix.answer(&call, self.world.now()),
        };
        let delay = self.world.bitrix.delay_millis.get();
        if delay > 0 {
            self.world.sleep(delay).await;
        } else {
            self.world.pause().await;
        }
        let cut = |answer: HttpAnswer| {
            let end = answer.body.floor_char_boundary(call.max_answer_bytes);
            HttpAnswer { body: answer.body[..end].to_owned(), ..answer }
        };
        self.outcome(course, answer.map(cut), broken()).await
    }
}

impl Queues for Ports {
    async fn enqueue(&self, binding: &str, messages: &[String]) -> Result<(), SendError> {
        let course = self.course(Operation::Send).await;
        let broken = || SendError::Network("failed on order".to_owned());
        if matches!(course, Course::FailsBefore) {
            return Err(broken());
        }
        self.world.queues.borrow_mut().extend(messages.iter().map(|message| (binding.to_owned(), message.clone())));
        self.outcome(course, Ok(()), broken()).await
    }
}

impl Followers for Ports {
    fn followers(&self) -> usize {
        self.object().sockets()
    }

    fn tell(&self, text: &str) {
        self.object().tell(text);
    }
}

impl RateLimiter for Ports {
    async fn allows(&self, key: &str) -> bool {
        self.world.pause().await;
        self.world.limiter.allows(key, self.world.now())
    }
}
