//! The endpoint that events are forwarded to, and how it behaves: well, slowly, wrongly, or not at all.

use std::collections::VecDeque;
use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::received::Received;
use super::wait::wait_for;
use rustix::net::sockopt::set_socket_linger;

/// What the receiver does with one request, after it has recorded it.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Answers with a status, after a delay.
    Answer {
        /// The status.
        status: u16,
        /// More headers.
        headers: Vec<(&'static str, String)>,
        /// Time until the answer.
        after: Duration,
    },
    /// Says nothing, and keeps the connection open until the other side gives up.
    Hang,
    /// Breaks the connection with a TCP reset.
    Reset,
}

impl Behaviour {
    /// Answers at once with a status.
    pub fn status(status: u16) -> Self {
        Self::Answer { status, headers: Vec::new(), after: Duration::ZERO }
    }
}

struct State {
    usual: Behaviour,
    next: VecDeque<Behaviour>,
    received: Vec<Received>,
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
        let state =
            Arc::new(Mutex::new(State { usual: Behaviour::status(204), next: VecDeque::new(), received: Vec::new() }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
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
        self.state().usual = behaviour;
    }

    /// What it does with the next requests, one each.
    pub fn next(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.state().next.extend(behaviours);
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
        self.state.lock().expect("no thread panics while it holds the lock")
    }
}

/// A URL at which nobody listens.
pub fn url_of_nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    format!("http://{}/hook", listener.local_addr().expect("it is bound"))
}

fn serve(connection: &TcpStream, shared: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection);
    while let Some(request) = Received::read(&mut reader)? {
        let behaviour = {
            let mut state = shared.lock().expect("no thread panics while it holds the lock");
            state.received.push(request);
            state.next.pop_front().unwrap_or_else(|| state.usual.clone())
        };
        match behaviour {
            Behaviour::Answer { status, headers, after } => {
                std::thread::sleep(after);
                let mut lines = vec![format!("HTTP/1.1 {status} scripted")];
                lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
                // A 204 has no body, so it must not tell a length.
                if status != 204 {
                    lines.push("content-length: 0".to_owned());
                }
                (&*connection).write_all((lines.join("\r\n") + "\r\n\r\n").as_bytes())?;
            }
            Behaviour::Hang => {
                // Returns when the other side closes.
                reader.read_to_end(&mut Vec::new())?;
                return Ok(());
            }
            Behaviour::Reset => {
                set_socket_linger(connection, Some(Duration::ZERO))?;
                return Ok(());
            }
        }
    }
    connection.shutdown(Shutdown::Both)
}
