//! The destination: it notes what it receives, and answers by a script.

use bitrix24_edge_relay::app::ports::{HttpRequest, HttpResponse, SendError};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// What the destination does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Answers with a status.
    Status(u16),
    /// Answers 503 with `Retry-After`.
    Busy(&'static str),
    /// Cannot be reached.
    Refuse,
    /// Never answers.
    Hang,
}

pub struct Destination {
    received: RefCell<Vec<HttpRequest>>,
    accepted: RefCell<Vec<String>>,
    script: RefCell<VecDeque<Answer>>,
    otherwise: RefCell<Answer>,
    /// How long it takes to answer.
    pub delay_millis: Cell<u32>,
}

impl Destination {
    pub fn new() -> Self {
        Self {
            received: RefCell::default(),
            accepted: RefCell::default(),
            script: RefCell::default(),
            otherwise: RefCell::new(Answer::Status(204)),
            delay_millis: Cell::new(0),
        }
    }

    /// Answers the next requests like this, and those after them as before.
    pub fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.script.borrow_mut().extend(answers);
    }

    /// Answers like this from now on.
    pub fn always(&self, answer: Answer) {
        self.script.borrow_mut().clear();
        self.otherwise.replace(answer);
    }

    /// Takes a request. What is refused was not received.
    pub fn take(&self, request: &HttpRequest) -> Answer {
        let answer = self.script.borrow_mut().pop_front().unwrap_or_else(|| self.otherwise.borrow().clone());
        if answer != Answer::Refuse {
            self.received.borrow_mut().push(request.clone());
        }
        if matches!(answer, Answer::Status(200..=299)) {
            self.accepted.borrow_mut().push(id_in(&request.body));
        }
        answer
    }

    /// All that was received.
    pub fn received(&self) -> Vec<HttpRequest> {
        self.received.borrow().clone()
    }

    /// The ids of what was answered with success, in order.
    pub fn accepted_ids(&self) -> Vec<String> {
        self.accepted.borrow().clone()
    }

    /// The ids of what was received, in order.
    pub fn ids(&self) -> Vec<String> {
        self.received.borrow().iter().map(|request| id_in(&request.body)).collect()
    }
}

/// The id of what an event is about, by which tests tell events apart.
pub fn id_in(json: &str) -> String {
    let event: Value = serde_json::from_str(json).expect("an event is JSON");
    event["data"]["id"].as_str().expect("every event of the tests has an id").to_owned()
}

impl Answer {
    /// The answer as the port tells it; none where there never is one.
    pub fn into_response(self) -> Result<HttpResponse, SendError> {
        let response =
            |status, retry_after: Option<&str>| HttpResponse { status, retry_after: retry_after.map(str::to_owned) };
        match self {
            Self::Status(status) => Ok(response(status, None)),
            Self::Busy(retry_after) => Ok(response(503, Some(retry_after))),
            Self::Refuse => Err(SendError::Network("connection refused".to_owned())),
            Self::Hang => Err(SendError::Timeout),
        }
    }
}
