//! One object: its storage lives on, what runs on it comes and goes.

use super::ports::Ports;
use super::storage::Storage;
use bitrix24_edge_relay::app::directory::DirectoryObject;
use bitrix24_edge_relay::app::portal::Portal;
use bitrix24_edge_relay::app::portal::command::PortalCommand;
use bitrix24_edge_relay::domain::time::Timestamp;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// How often the platform rings an alarm again that failed, and how long it waits before the first time.
const ALARM_RETRIES: u32 = 6;
const ALARM_RETRY_MILLIS: i64 = 2_000;
/// Alarms of one object at one moment that can only be a loop.
const TOO_MANY_ALARMS: u32 = 100;

pub struct Object {
    pub name: String,
    pub storage: Storage,
    life: RefCell<Option<Rc<Life>>>,
    is_ringing: Cell<bool>,
    failed_alarms: Cell<u32>,
    alarms_at: Cell<(Timestamp, u32)>,
    alarms: Cell<u32>,
    /// Open sockets outlive a life that ended by itself, and no other.
    sockets: RefCell<Vec<Rc<Socket>>>,
    /// What is sent once all that was written before is durable.
    outbox: RefCell<Vec<String>>,
}

/// A socket, seen from the one who opened it.
#[derive(Default)]
pub struct Socket {
    pub texts: RefCell<VecDeque<String>>,
    pub is_closed: Cell<bool>,
}

/// From one start of an object to its end.
pub struct Life {
    is_over: Rc<Cell<bool>>,
    class: Class,
}

pub enum Class {
    Portal(Box<Portal<Ports>>),
    Directory(Box<DirectoryObject<Ports>>),
}

impl Object {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            storage: Storage::new(),
            life: RefCell::default(),
            is_ringing: Cell::new(false),
            failed_alarms: Cell::new(0),
            alarms_at: Cell::new((Timestamp::EPOCH, 0)),
            alarms: Cell::new(0),
            sockets: RefCell::default(),
            outbox: RefCell::default(),
        }
    }

    /// The life that it has, or a new one; `start` gets what will tell when it is over.
    pub fn life(&self, start: impl FnOnce(Rc<Cell<bool>>) -> Class) -> Rc<Life> {
        let begin = || {
            let is_over = Rc::new(Cell::new(false));
            let class = start(Rc::clone(&is_over));
            Rc::new(Life { is_over, class })
        };
        Rc::clone(self.life.borrow_mut().get_or_insert_with(begin))
    }

    /// Ends its life. What it wrote since it last waited is kept or not; of an open transaction nothing is.
    pub fn end(&self, keep: bool) {
        if keep && !self.storage.is_in_transaction() {
            self.storage.commit();
        } else {
            self.storage.roll_back();
        }
        for socket in self.sockets.take() {
            socket.is_closed.set(true);
        }
        self.outbox.take();
        self.forget();
    }

    /// Opens a socket.
    pub fn open_socket(&self) -> Rc<Socket> {
        let socket = Rc::new(Socket::default());
        self.sockets.borrow_mut().push(Rc::clone(&socket));
        socket
    }

    /// How many sockets are open.
    pub fn sockets(&self) -> usize {
        self.sockets.borrow_mut().retain(|socket| !socket.is_closed.get());
        self.sockets.borrow().len()
    }

    /// Sends a text through all open sockets, once what was written is durable.
    pub fn tell(&self, text: &str) {
        self.outbox.borrow_mut().push(text.to_owned());
    }

    /// Lets go out what was to be sent. Whether that was anything.
    pub fn flush(&self) -> bool {
        let texts = self.outbox.take();
        for socket in self.sockets.borrow().iter() {
            socket.texts.borrow_mut().extend(texts.iter().cloned());
        }
        !texts.is_empty()
    }

    /// Drops its memory.
    pub fn forget(&self) {
        if let Some(life) = self.life.take() {
            life.is_over.set(true);
        }
    }

    /// When its alarm rings next; never while it rings.
    pub fn next_alarm(&self) -> Option<Timestamp> {
        self.storage.durable_alarm().filter(|_| !self.is_ringing.get())
    }

    /// Begins to ring.
    pub fn ring(&self, now: Timestamp) {
        let (at, count) = self.alarms_at.get();
        let count = if at == now { count + 1 } else { 1 };
        assert!(count < TOO_MANY_ALARMS, "the alarm of {} rings without end", self.name);
        self.alarms_at.set((now, count));
        self.alarms.set(self.alarms.get() + 1);
        self.storage.take_alarm();
        self.is_ringing.set(true);
    }

    /// Notes that the alarm was heard. The platform rings one again that failed, some times.
    pub fn heard(&self, is_ok: bool, now: Timestamp) {
        self.is_ringing.set(false);
        if is_ok {
            self.failed_alarms.set(0);
            return;
        }
        let failures = self.failed_alarms.get();
        self.failed_alarms.set(failures + 1);
        if failures < ALARM_RETRIES {
            let again = now.plus_millis(ALARM_RETRY_MILLIS << failures);
            let at = self.storage.durable_alarm().map_or(again, |at| at.min(again));
            self.storage.restore_alarm(at);
        }
    }

    /// How often its alarm rang.
    pub fn alarms(&self) -> u32 {
        self.alarms.get()
    }
}

impl Life {
    pub fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// Carries out a command: text there, JSON back.
    pub async fn handle(&self, command: &str) -> String {
        const READABLE: &str = "a command can be read back";
        let reply = match &self.class {
            Class::Portal(portal) => {
                let command = PortalCommand::from_text(command).expect(READABLE);
                serde_json::to_string(&portal.handle(command).await)
            }
            Class::Directory(directory) => {
                let command = serde_json::from_str(command).expect(READABLE);
                serde_json::to_string(&directory.handle(command).await)
            }
        };
        reply.expect("a reply is JSON")
    }

    /// Whether there is work to do behind an answer.
    pub fn has_work(&self) -> bool {
        matches!(&self.class, Class::Portal(portal) if portal.has_work())
    }

    pub async fn work(&self) {
        if let Class::Portal(portal) = &self.class {
            portal.work().await;
        }
    }

    /// Whether there is something to call Bitrix24 for.
    pub fn has_application_work(&self) -> bool {
        matches!(&self.class, Class::Portal(portal) if portal.has_application_work())
    }

    pub async fn keep_application(&self) {
        if let Class::Portal(portal) = &self.class {
            portal.keep_application().await;
        }
    }

    /// Whether there is something to tell the operator.
    pub fn has_notices(&self) -> bool {
        matches!(&self.class, Class::Portal(portal) if portal.has_notices())
    }

    pub async fn send_notices(&self) {
        if let Class::Portal(portal) = &self.class {
            portal.send_notices().await;
        }
    }

    /// Hears the alarm. Whether work is to follow; nothing where it failed.
    pub async fn alarm(&self) -> Option<bool> {
        match &self.class {
            Class::Portal(portal) => portal.alarm().await.ok(),
            Class::Directory(directory) => directory.alarm().await.ok().map(|()| false),
        }
    }

    pub async fn work_of_alarm(&self) {
        if let Class::Portal(portal) = &self.class {
            portal.work_of_alarm().await;
        }
    }
}
