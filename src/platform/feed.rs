//! The Worker's end of the socket through which a portal's object tells what it logs.

use super::promise::Timer;
use crate::app::ports::{Feed, Heard};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Response};

/// Bytes that wait for a reader that is slow. Four times what the object tells at once; the isolate has 128 MB for all of
/// its readers.
const MAX_QUEUED_BYTES: usize = 1 << 20;

#[wasm_bindgen]
extern "C" {
    /// The `WebSocket` of the Workers runtime, which opens by `accept`.
    type Socket;

    #[wasm_bindgen(method, catch)]
    fn accept(this: &Socket) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    fn close(this: &Socket) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = addEventListener)]
    fn listen(this: &Socket, event: &str, listener: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = removeEventListener)]
    fn ignore(this: &Socket, event: &str, listener: &JsValue) -> Result<(), JsValue>;
}

/// What came and was not asked for yet.
#[derive(Default)]
struct Queue {
    texts: VecDeque<String>,
    bytes: usize,
    is_closed: bool,
    reader: Option<Waker>,
}

impl Queue {
    fn add(&mut self, text: String) {
        if self.bytes + text.len() > MAX_QUEUED_BYTES {
            self.texts.clear();
            self.bytes = 0;
        }
        self.bytes += text.len();
        self.texts.push_back(text);
        self.wake();
    }

    fn take(&mut self) -> Option<String> {
        let text = self.texts.pop_front()?;
        self.bytes -= text.len();
        Some(text)
    }

    fn close(&mut self) {
        self.is_closed = true;
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// A socket that is open, or was.
pub struct SocketFeed {
    socket: Socket,
    queue: Rc<RefCell<Queue>>,
    on_message: Closure<dyn FnMut(MessageEvent)>,
    on_end: Closure<dyn FnMut()>,
}

impl SocketFeed {
    /// Opens the socket that came with an answer. `None` where none did.
    pub fn open(response: &Response) -> Result<Option<Self>, JsValue> {
        let socket = js_sys::Reflect::get(response, &JsValue::from_str("webSocket"))?;
        if !socket.is_object() {
            return Ok(None);
        }
        let socket: Socket = socket.unchecked_into();
        let queue = Rc::new(RefCell::new(Queue::default()));
        let filled = Rc::clone(&queue);
        let on_message = Closure::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                filled.borrow_mut().add(text);
            }
        });
        let ended = Rc::clone(&queue);
        let on_end = Closure::new(move || ended.borrow_mut().close());
        socket.listen("message", on_message.as_ref())?;
        socket.listen("close", on_end.as_ref())?;
        socket.listen("error", on_end.as_ref())?;
        socket.accept()?;
        Ok(Some(Self { socket, queue, on_message, on_end }))
    }
}

impl Feed for SocketFeed {
    async fn hear(&mut self, within_millis: u32) -> Heard {
        let mut timer = Timer::start(within_millis);
        poll_fn(|context| {
            let mut queue = self.queue.borrow_mut();
            if let Some(text) = queue.take() {
                return Poll::Ready(Heard::Text(text));
            }
            if queue.is_closed {
                return Poll::Ready(Heard::Closed);
            }
            queue.reader = Some(context.waker().clone());
            Pin::new(&mut timer).poll(context).map(|()| Heard::Nothing)
        })
        .await
    }
}

impl Drop for SocketFeed {
    fn drop(&mut self) {
        // One that has ended already cannot be closed again, and that is as well.
        let listeners =
            [("message", self.on_message.as_ref()), ("close", self.on_end.as_ref()), ("error", self.on_end.as_ref())];
        for (event, listener) in listeners {
            self.socket.ignore(event, listener).ok();
        }
        self.socket.close().ok();
    }
}
