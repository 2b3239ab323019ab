//! The endpoint that events are forwarded to, and how it behaves: well, slowly, wrongly, or not at all.

use std::collections::VecDeque;
use std::io::BufReader;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

pub use super::behaviour::Behaviour;
use super::behaviour::reset;
use super::received::Received;
use super::wait::wait_for;

/// Decides about a request that nothing was ordered for.
type Policy = Box<dyn FnMut(&Received) -> Behaviour + Send>;

struct State {
    policy: Policy,
    next: VecDeque<Behaviour>,
    received: Vec<Received>,
    is_dead: bool,
    connections: Vec<Weak<TcpStream>>,
}

/// A webhook receiver on a port of its own. Answers 204 unless it was told otherwise.
pub struct Receiver {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Receiver {
    /// Starts to listen; every connection gets a thread.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::new(Mutex::new(State {
            policy: Box::new(|_| Behaviour::status(204)),
            next: VecDeque::new(),
            received: Vec::new(),
            is_dead: false,
            connections: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (connection, shared) = (Arc::new(connection), Arc::clone(&shared));
                // A connection that breaks is the other side's affair: it ends this thread and no more.
                std::thread::spawn(move || serve(&connection, &shared).ok());
            }
        });
        Self { address, state }
    }

    /// The URL that events are to be sent to.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// What it does from now on, whenever nothing else is next.
    pub fn usually(&self, behaviour: Behaviour) {
        self.decides(move |_| behaviour.clone());
    }

    /// How it decides from now on, whenever nothing else is next.
    pub fn decides(&self, policy: impl FnMut(&Received) -> Behaviour + Send + 'static) {
        self.state().policy = Box::new(policy);
    }

    /// What it does with the next requests, one each.
    pub fn next(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.state().next.extend(behaviours);
    }

    /// Breaks all connections, and every new one at once, until [`Self::revive`]. What comes is neither read nor recorded.
    pub fn die(&self) {
        let mut state = self.state();
        state.is_dead = true;
        for connection in state.connections.drain(..).filter_map(|connection| connection.upgrade()) {
            // One that has ended by itself needs no end.
            reset(&connection).and_then(|()| connection.shutdown(Shutdown::Both)).ok();
        }
    }

    /// Lives again after [`Self::die`].
    pub fn revive(&self) {
        self.state().is_dead = false;
    }

    /// All requests so far, in the order in which they were read.
    pub fn received(&self) -> Vec<Received> {
        self.state().received.clone()
    }

    /// How many requests came so far.
    pub fn count(&self) -> usize {
        self.state().received.len()
    }

    /// Waits for as many requests, and gives all that came.
    ///
    /// # Panics
    /// When there are fewer after `within`.
    #[track_caller]
    pub fn wait_for_requests(&self, count: usize, within: Duration) -> Vec<Received> {
        wait_for(&format!("{count} requests at the receiver"), within, || {
            (self.count() >= count).then(|| self.received())
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// A URL at which nobody listens: port 2 has no service, and no system gives it away. A port that was free a moment ago may be
/// the next test's.
pub fn url_of_nobody() -> String {
    "http://127.0.0.1:2/hook".to_owned()
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no thread panics while it holds the lock")
}

fn serve(connection: &Arc<TcpStream>, shared: &Mutex<State>) -> std::io::Result<()> {
    {
        let mut state = lock(shared);
        state.connections.retain(|connection| connection.strong_count() > 0);
        state.connections.push(Arc::downgrade(connection));
    }
    let mut reader = BufReader::new(&**connection);
    loop {
        if lock(shared).is_dead {
            return reset(connection);
        }
        let Some(request) = Received::read(&mut reader)? else {
            break;
        };
        let behaviour = {
            let mut state = lock(shared);
            if state.is_dead {
                return reset(connection);
            }
            let behaviour = state.next.pop_front().unwrap_or_else(|| (state.policy)(&request));
            state.received.push(request);
            behaviour
        };
        if !behaviour.carry_out(connection, &mut reader)? {
            return Ok(());
        }
    }
    connection.shutdown(Shutdown::Both)
}
