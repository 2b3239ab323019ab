//! What a receiver does with a request once it has read it: answer well, answer badly, or not at all.

use rustix::net::sockopt::set_socket_linger;
use std::io::{BufRead, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Bytes of a long answer that are written at once.
const CHUNK: usize = 64 * 1024;
/// Bytes of a body that breaks off: as many are announced again.
const TORN_BODY: &str = "the first half, ";

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
    /// Answers with a status and a body of so many bytes, which no webhook sender should want to read.
    Flood {
        /// The status.
        status: u16,
        /// Bytes of the body.
        bytes: usize,
    },
    /// Answers with a status, and closes in the middle of the body.
    CloseMidBody {
        /// The status.
        status: u16,
    },
    /// Closes in the middle of the head of its answer.
    CloseMidHead,
    /// Says nothing, and keeps the connection open until the other side gives up.
    Hang,
    /// Breaks the connection with a TCP reset.
    Reset,
}

impl Behaviour {
    /// Answers at once with a status.
    pub fn status(status: u16) -> Self {
        Self::after(status, Duration::ZERO)
    }

    /// Answers with a status, after a while.
    pub fn after(status: u16, after: Duration) -> Self {
        Self::Answer { status, headers: Vec::new(), after }
    }

    /// Answers at once with a status and one header.
    pub fn with_header(status: u16, name: &'static str, value: impl Into<String>) -> Self {
        Self::Answer { status, headers: vec![(name, value.into())], after: Duration::ZERO }
    }

    /// Whether the receiver means that it took the request.
    pub fn is_success(&self) -> bool {
        match self {
            Self::Answer { status, .. } | Self::Flood { status, .. } | Self::CloseMidBody { status } => {
                (200..300).contains(status)
            }
            Self::CloseMidHead | Self::Hang | Self::Reset => false,
        }
    }

    /// Does it. Whether the connection may be used for another request.
    pub(super) fn carry_out(&self, mut connection: &TcpStream, reader: &mut impl BufRead) -> std::io::Result<bool> {
        match self {
            Self::Answer { status, headers, after } => {
                std::thread::sleep(*after);
                let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                let head = status_line(*status) + &headers.concat();
                // A 204 has no body, so it must not tell a length.
                let length = if *status == 204 { "" } else { "content-length: 0\r\n" };
                connection.write_all(format!("{head}{length}\r\n").as_bytes())?;
                Ok(true)
            }
            Self::Flood { status, bytes } => {
                write!(connection, "{}content-length: {bytes}\r\n\r\n", status_line(*status))?;
                let chunk = vec![b'x'; CHUNK];
                let mut left = *bytes;
                while left > 0 {
                    let size = left.min(CHUNK);
                    connection.write_all(&chunk[..size])?;
                    left -= size;
                }
                Ok(true)
            }
            Self::CloseMidBody { status } => {
                let length = 2 * TORN_BODY.len();
                write!(connection, "{}content-length: {length}\r\n\r\n{TORN_BODY}", status_line(*status))?;
                Ok(false)
            }
            Self::CloseMidHead => {
                connection.write_all(b"HTTP/1.1 2")?;
                Ok(false)
            }
            Self::Hang => {
                // Returns when the other side closes.
                reader.read_to_end(&mut Vec::new())?;
                Ok(false)
            }
            Self::Reset => {
                reset(connection)?;
                Ok(false)
            }
        }
    }
}

/// Lets the connection end in a TCP reset as soon as it is closed.
pub(super) fn reset(connection: &TcpStream) -> std::io::Result<()> {
    Ok(set_socket_linger(connection, Some(Duration::ZERO))?)
}

fn status_line(status: u16) -> String {
    format!("HTTP/1.1 {status} scripted\r\n")
}
