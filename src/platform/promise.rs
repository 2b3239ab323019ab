//! What wasm waits for: promises of JavaScript, times, and bells that another request rings.
//!
//! Each has a number, by which one function of glue.js tells that it has come. A pair of closures for each promise, as
//! `JsFuture` makes them, costs more than most promises that are waited for here.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};

#[wasm_bindgen(module = "/src/platform/glue.js")]
extern "C" {
    #[wasm_bindgen(js_name = onCome)]
    fn on_come(tell: &JsValue);

    #[wasm_bindgen(js_name = awaitPromise)]
    fn await_promise(number: u32, promise: &js_sys::Promise);

    #[wasm_bindgen(js_name = startTimer)]
    fn start_timer(number: u32, millis: u32);

    #[wasm_bindgen(js_name = stopTimer)]
    fn stop_timer(number: u32);

    #[wasm_bindgen(js_name = hangBell)]
    fn hang_bell(number: u32);

    #[wasm_bindgen(js_name = ringBell, catch)]
    fn ring_bell(number: u32) -> Result<(), JsValue>;

    #[wasm_bindgen(js_name = takeBellDown)]
    fn take_bell_down(number: u32);
}

thread_local! {
    static WAITS: Waits = Waits::new();
}

/// All that is waited for, by number.
struct Waits {
    last: Cell<u32>,
    known: RefCell<BTreeMap<u32, Standing>>,
}

enum Standing {
    Waits(Option<Waker>),
    Came(Result<JsValue, JsValue>),
}

impl Waits {
    fn new() -> Self {
        let tell = Closure::<dyn Fn(u32, bool, JsValue)>::new(|number, is_kept, value| {
            WAITS.with(|waits| waits.note(number, if is_kept { Ok(value) } else { Err(value) }));
        });
        // It lives as long as the instance of the wasm.
        on_come(&tell.into_js_value());
        Self { last: Cell::default(), known: RefCell::default() }
    }

    /// What comes for one who waits no more is dropped.
    fn note(&self, number: u32, outcome: Result<JsValue, JsValue>) {
        let waker = match self.known.borrow_mut().get_mut(&number) {
            Some(standing) => match std::mem::replace(standing, Standing::Came(outcome)) {
                Standing::Waits(waker) => waker,
                Standing::Came(_) => None,
            },
            None => None,
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Something that will come.
struct Coming(u32);

impl Coming {
    fn new() -> Self {
        WAITS.with(|waits| {
            let number = waits.last.get().wrapping_add(1);
            waits.last.set(number);
            waits.known.borrow_mut().insert(number, Standing::Waits(None));
            Self(number)
        })
    }
}

impl Future for Coming {
    type Output = Result<JsValue, JsValue>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        WAITS.with(|waits| {
            let mut known = waits.known.borrow_mut();
            if let Some(Standing::Came(outcome)) = known.remove(&self.0) {
                return Poll::Ready(outcome);
            }
            known.insert(self.0, Standing::Waits(Some(context.waker().clone())));
            Poll::Pending
        })
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        WAITS.with(|waits| drop(waits.known.borrow_mut().remove(&self.0)));
    }
}

/// Waits for a promise.
pub async fn settled(promise: &js_sys::Promise) -> Result<JsValue, JsValue> {
    let coming = Coming::new();
    await_promise(coming.0, promise);
    coming.await
}

/// Waits for a promise of a text.
pub async fn text(promise: &js_sys::Promise) -> Result<String, JsValue> {
    settled(promise).await?.as_string().ok_or_else(|| JsValue::from_str("it is no text"))
}

/// A time that is waited for. It is stopped when it is dropped, so that nothing is kept awake by it.
pub struct Timer(Coming);

impl Timer {
    /// Starts one.
    pub fn start(millis: u32) -> Self {
        let coming = Coming::new();
        start_timer(coming.0, millis);
        Self(coming)
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context).map(drop)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        stop_timer(self.0.0);
    }
}

/// What rings, once; it is a promise of the request that hung it up.
pub struct Clapper {
    number: u32,
    is_up: bool,
}

impl Clapper {
    /// Rings. It fails where the request that waits is over, and then nobody waits.
    pub fn ring(mut self) {
        self.is_up = false;
        ring_bell(self.number).ok();
    }
}

impl Drop for Clapper {
    fn drop(&mut self) {
        if self.is_up {
            take_bell_down(self.number);
        }
    }
}

/// A bell, and what waits for it.
pub fn bell() -> (Clapper, impl Future<Output = ()>) {
    let coming = Coming::new();
    let number = coming.0;
    hang_bell(number);
    (Clapper { number, is_up: true }, async move { drop(coming.await) })
}
