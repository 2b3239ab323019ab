//! One request, one answer: whatever the status is, it is an answer and no error.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use ureq::{Agent, SendBody, http};

/// Longest time that any request of a test may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The log of a hundred thousand requests, which the harness hands over whole, has some 40 MB.
const LONGEST_ANSWER_BYTES: u64 = 256 << 20;
/// Most idle connections that are kept: as many as threads send at once.
const IDLE_CONNECTIONS: usize = 32;

/// A client that follows no redirect and takes every status as an answer.
pub fn client() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(TIMEOUT))
        .max_idle_connections(IDLE_CONNECTIONS)
        .max_idle_connections_per_host(IDLE_CONNECTIONS)
        .allow_non_standard_methods(true)
        .build()
        .into()
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("header values are ASCII"))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e} in {} {:?}", self.status, self.text()))
    }

    /// This answer, when it has the status.
    ///
    /// # Panics
    /// When it has another: the message shows the body.
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// This answer, when its status is one of success.
    ///
    /// # Panics
    /// When it is not: the message shows the body.
    #[track_caller]
    pub fn expect_success(self) -> Self {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, self.text());
        self
    }

    /// The `code` of an error, when it is a whole RFC 9457 problem with this status.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn problem_code(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        let kind = self.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("application/problem+json"), "content-type is {kind:?}");
        let problem = self.json();
        assert_eq!(problem["status"].as_u64(), Some(u64::from(status)), "{problem}");
        assert!(problem["title"].is_string(), "a problem has a title: {problem}");
        problem["code"].as_str().unwrap_or_else(|| panic!("no code in {problem}")).to_owned()
    }
}

/// A request in the making.
pub struct Request {
    client: Agent,
    builder: http::request::Builder,
    body: Option<Vec<u8>>,
    chunked: bool,
}

impl Request {
    /// A request without headers of its own and without a body.
    pub fn new(client: &Agent, method: &str, url: &str) -> Self {
        Self {
            client: client.clone(),
            builder: http::Request::builder().method(method).uri(url),
            body: None,
            chunked: false,
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// Sets the body, sent with its length.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sets a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// Sends the body in chunks, without its length.
    pub fn in_chunks(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// Sends it; an error is a broken connection or the end of [`TIMEOUT`].
    pub fn try_send(self) -> Result<Answer, ureq::Error> {
        let mut response = match self.body {
            Some(body) if self.chunked => {
                let body = SendBody::from_owned_reader(std::io::Cursor::new(body));
                self.client.run(self.builder.body(body).expect("the test writes valid requests"))?
            }
            Some(body) => self.client.run(self.builder.body(body).expect("the test writes valid requests"))?,
            None => self.client.run(self.builder.body(()).expect("the test writes valid requests"))?,
        };
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.body_mut().with_config().limit(LONGEST_ANSWER_BYTES).read_to_vec()?,
        })
    }

    /// Sends it.
    ///
    /// # Panics
    /// When no answer comes.
    #[track_caller]
    pub fn send(self) -> Answer {
        self.try_send().unwrap_or_else(|e| panic!("no answer: {e}"))
    }
}

/// POSTs a body to a server that may answer before it has read all of it, and then closes: reads while it writes, which
/// [`Request`] does not. Gives the status and the JSON that came with it.
///
/// # Panics
/// When no whole answer comes.
pub fn post_without_waiting(address: &str, path: &str, content_type: &str, body: &[u8]) -> (u16, Value) {
    let connection = TcpStream::connect(address).expect("it listens");
    connection.set_read_timeout(Some(TIMEOUT)).expect("the time is not zero");
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n"
    );
    let mut answer = Vec::new();
    std::thread::scope(|scope| {
        // It fails when the server has closed already: then the answer is there.
        scope.spawn(|| (&connection).write_all(head.as_bytes()).and_then(|()| (&connection).write_all(body)).ok());
        // What came before a reset can be read, so the error that follows it says nothing.
        (&connection).read_to_end(&mut answer).ok();
    });
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let json =
        answer.find('{').zip(answer.rfind('}')).and_then(|(from, to)| serde_json::from_str(&answer[from..=to]).ok());
    status.zip(json).unwrap_or_else(|| panic!("no whole answer: {answer:?}"))
}
