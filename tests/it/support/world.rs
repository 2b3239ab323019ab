//! The platform: objects, calls between them, alarms, timers, and the order in which all runs.
//!
//! One thread. Everything that runs is a task; a turn lets each go on until it waits. What an object wrote in its turn is
//! then committed, and no answer leaves before that, as the output gate has it. Time passes only when nothing else can
//! go on.

mod time;

pub use self::time::UnderWay;

use super::bitrix::Bitrix;
use super::destination::Destination;
use super::fault::{Faults, Operation};
use super::gates::Gates;
use super::object::{Class, Life, Object, Socket};
use super::ports::Ports;
use super::post::ADDRESS;
use super::services::{KvStore, Limiter};
use super::task::{Answer, Ended, Kind, Task};
use bitrix24_edge_relay::app::directory::DirectoryObject;
use bitrix24_edge_relay::app::portal::Portal;
use bitrix24_edge_relay::app::ports::CallError;
use bitrix24_edge_relay::domain::config::Config;
use bitrix24_edge_relay::domain::source_list::SOURCE_LIST_URL;
use bitrix24_edge_relay::domain::time::Timestamp;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// The name of the one Directory; no portal has it, since a space is in it.
const DIRECTORY: &str = "the directory";

/// Where the operator is told what needs a person.
pub const OPERATOR_URL: &str = "https://ops.example.com/relay";

pub struct World {
    now: Cell<Timestamp>,
    random: Cell<u64>,
    pub faults: Faults,
    pub gates: Gates,
    pub kv: KvStore,
    pub limiter: Limiter,
    pub destination: Destination,
    /// What was put into queues: the binding, and the message.
    pub queues: RefCell<Vec<(String, String)>>,
    pub operator: Destination,
    pub bitrix: Bitrix,
    /// Public pages, by their URL.
    pub pages: RefCell<BTreeMap<String, String>>,
    pub lines: RefCell<Vec<String>>,
    /// Data points: the index, the blobs and the doubles.
    pub points: RefCell<Vec<String>>,
    pub variables: RefCell<BTreeMap<String, String>>,
    objects: RefCell<BTreeMap<String, Rc<Object>>>,
    tasks: RefCell<Vec<Task>>,
    timers: RefCell<BTreeMap<u64, Timestamp>>,
    last_timer: Cell<u64>,
    /// Whether something has happened in this turn, so that another is worth while.
    goes_on: Cell<bool>,
}

impl World {
    pub fn new() -> Rc<Self> {
        Rc::new(Self {
            now: Cell::new(Timestamp::from_rfc3339("2026-01-05T09:00:00Z").expect("it is a time")),
            random: Cell::new(0x9E37_79B9_7F4A_7C15),
            faults: Faults::default(),
            gates: Gates::default(),
            kv: KvStore::default(),
            limiter: Limiter::default(),
            destination: Destination::new(),
            queues: RefCell::default(),
            operator: Destination::new(),
            bitrix: Bitrix::default(),
            pages: RefCell::new(BTreeMap::from([(
                SOURCE_LIST_URL.to_owned(),
                format!(r#"{{"nodes":["{ADDRESS}"]}}"#),
            )])),
            lines: RefCell::default(),
            points: RefCell::default(),
            variables: RefCell::default(),
            objects: RefCell::default(),
            tasks: RefCell::default(),
            timers: RefCell::default(),
            last_timer: Cell::new(0),
            goes_on: Cell::new(false),
        })
    }

    pub fn now(&self) -> Timestamp {
        self.now.get()
    }

    /// The next random number (xorshift64).
    pub fn random(&self) -> u64 {
        let mut number = self.random.get();
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        self.random.set(number);
        number
    }

    pub fn config(&self) -> Config {
        Config::read(&|name| self.variables.borrow().get(name).cloned())
    }

    /// Who gets what is sent to a URL.
    pub fn receiver(&self, url: &str) -> &Destination {
        if url == OPERATOR_URL { &self.operator } else { &self.destination }
    }

    /// The object of a portal.
    pub fn portal(&self, member_id: &str) -> Rc<Object> {
        self.object(member_id)
    }

    pub fn directory(&self) -> Rc<Object> {
        self.object(DIRECTORY)
    }

    /// All objects that were ever called.
    pub fn objects(&self) -> Vec<Rc<Object>> {
        self.objects.borrow().values().cloned().collect()
    }

    fn object(&self, name: &str) -> Rc<Object> {
        let mut objects = self.objects.borrow_mut();
        let object = objects.entry(name.to_owned()).or_insert_with(|| Rc::new(Object::new(name)));
        Rc::clone(object)
    }

    fn life_of(self: &Rc<Self>, object: &Rc<Object>) -> Rc<Life> {
        object.life(|is_over| {
            let ports = Ports::of_object(self, object, is_over);
            if object.name == DIRECTORY {
                Class::Directory(Box::new(DirectoryObject::new(ports)))
            } else {
                Class::Portal(Box::new(Portal::new(ports, self.config())))
            }
        })
    }

    /// Ends the life of every object, as a deployment does: memory is gone, and what ran is cut off where it waits.
    pub fn end_all(&self) {
        for object in self.objects() {
            object.end(true);
        }
        for task in self.tasks.take() {
            self.cut_off(&task);
        }
    }

    fn spawn(&self, task: Task) {
        self.goes_on.set(true);
        self.tasks.borrow_mut().push(task);
    }

    /// Calls an object: JSON there, JSON back.
    pub async fn call(self: &Rc<Self>, object: Rc<Object>, command: String) -> Result<String, CallError> {
        self.call_and(object, command, |_, _| ()).await
    }

    /// Asks an object for a socket. There is one where it lets the caller follow.
    pub async fn follow(
        self: &Rc<Self>,
        object: Rc<Object>,
        command: String,
    ) -> (Result<String, CallError>, Option<Rc<Socket>>) {
        let opened = Rc::new(RefCell::new(None));
        let socket = Rc::clone(&opened);
        let open = move |object: &Object, reply: &str| {
            if reply.contains("Following") {
                socket.replace(Some(object.open_socket()));
            }
        };
        let reply = self.call_and(object, command, open).await;
        (reply, opened.take())
    }

    /// The same, with something that the platform does together with the answer.
    async fn call_and(
        self: &Rc<Self>,
        object: Rc<Object>,
        command: String,
        and: impl FnOnce(&Object, &str) + 'static,
    ) -> Result<String, CallError> {
        let answer = Answer::default();
        let life = self.life_of(&object);
        let (world, callee, its_life) = (Rc::clone(self), Rc::clone(&object), Rc::clone(&life));
        let handle = async move {
            let reply = its_life.handle(&command).await;
            and(&callee, &reply);
            if its_life.has_work() {
                world.work_behind_answer(&callee, &its_life);
            }
            world.keep_application_behind(&callee, &its_life);
            Ended::Replied(reply)
        };
        self.spawn(Task::new(&object, &life, Kind::Command(Rc::clone(&answer)), handle));
        poll_fn(|_| answer.take().map_or(Poll::Pending, Poll::Ready)).await
    }

    fn work_behind_answer(&self, object: &Rc<Object>, life: &Rc<Life>) {
        let worker = Rc::clone(life);
        let work = async move {
            worker.work().await;
            Ended::Worked
        };
        self.spawn(Task::new(object, life, Kind::Work, work));
    }

    fn keep_application_behind(&self, object: &Rc<Object>, life: &Rc<Life>) {
        if life.has_application_work() {
            let keeper = Rc::clone(life);
            let keep = async move {
                keeper.keep_application().await;
                Ended::Worked
            };
            self.spawn(Task::new(object, life, Kind::Work, keep));
        }
    }

    fn work_behind_alarm(&self, object: &Rc<Object>, life: &Rc<Life>) {
        let worker = Rc::clone(life);
        let work = async move {
            worker.work_of_alarm().await;
            Ended::Worked
        };
        self.spawn(Task::new(object, life, Kind::Work, work));
    }

    fn send_notices_behind_alarm(&self, object: &Rc<Object>, life: &Rc<Life>) {
        let sender = Rc::clone(life);
        let send = async move {
            sender.send_notices().await;
            Ended::Worked
        };
        self.spawn(Task::new(object, life, Kind::Work, send));
    }

    /// Lets the work behind answers vanish without a word, as the platform may. Its objects live on.
    pub fn abandon_work(&self) {
        let is_work = |task: &Task| matches!(task.kind, Kind::Work);
        let (work, others): (Vec<_>, Vec<_>) = self.tasks.take().into_iter().partition(is_work);
        self.tasks.replace(others);
        work.into_iter().for_each(Task::vanish);
    }

    /// Rings the alarms whose time has come.
    fn ring(self: &Rc<Self>) {
        for object in self.objects() {
            if object.next_alarm().is_none_or(|at| at > self.now()) {
                continue;
            }
            object.ring(self.now());
            let life = self.life_of(&object);
            let (world, rung, hearer) = (Rc::clone(self), Rc::clone(&object), Rc::clone(&life));
            let hear = async move {
                let heard = hearer.alarm().await;
                if hearer.has_notices() {
                    world.send_notices_behind_alarm(&rung, &hearer);
                }
                world.keep_application_behind(&rung, &hearer);
                if heard == Some(true) {
                    world.work_behind_alarm(&rung, &hearer);
                }
                Ended::Rang(heard.is_some())
            };
            self.spawn(Task::new(&object, &life, Kind::Alarm, hear));
        }
    }

    /// Lets every task go on until it waits.
    fn turn(self: &Rc<Self>) {
        self.ring();
        let tasks = self.tasks.take();
        for mut task in tasks {
            let polled = if task.life.is_over() { Poll::Pending } else { task.go_on() };
            if !task.life.is_over() && task.object.storage.is_dirty() {
                self.commit(&task.object);
            }
            if !task.life.is_over() && task.object.flush() {
                self.goes_on.set(true);
            }
            match polled {
                _ if task.life.is_over() => self.cut_off(&task),
                Poll::Pending => self.tasks.borrow_mut().push(task),
                Poll::Ready(ended) => self.finish(&task, ended),
            }
        }
    }

    fn commit(&self, object: &Object) {
        match self.faults.strike(Operation::Commit) {
            None => object.storage.commit(),
            Some(fault) => object.end(fault.persisted),
        }
    }

    fn finish(&self, task: &Task, ended: Ended) {
        self.goes_on.set(true);
        match ended {
            Ended::Worked => {}
            Ended::Replied(reply) => task.tell(Ok(reply)),
            Ended::Rang(is_ok) => task.object.heard(is_ok, self.now()),
        }
    }

    fn cut_off(&self, task: &Task) {
        self.goes_on.set(true);
        task.tell(Err(CallError { retryable: true, cause: "the object was reset".to_owned() }));
        if matches!(task.kind, Kind::Alarm) {
            task.object.heard(false, self.now());
        }
    }

    /// Ends a world, whose parts know each other.
    pub fn close(&self) {
        self.tasks.take();
        for object in self.objects() {
            object.forget();
        }
        self.objects.take();
    }
}
