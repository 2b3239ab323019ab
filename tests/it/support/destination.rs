//! The destination, or the operator's endpoint: it notes what it receives, and answers by a script.

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
    /// What was received, and whether it was answered with success.
    received: RefCell<Vec<(HttpRequest, bool)>>,
    script: RefCell<VecDeque<Answer>>,
    otherwise: RefCell<Answer>,
    /// How long it takes to answer.
    pub delay_millis: Cell<u32>,
    /// What it does with every request that has the event with this id in it.
    poison: RefCell<Option<(String, Answer)>>,
    under_way: Cell<usize>,
    most_under_way: Cell<usize>,
}

impl Destination {
    pub fn new() -> Self {
        Self {
            received: RefCell::default(),
            script: RefCell::default(),
            otherwise: RefCell::new(Answer::Status(204)),
            delay_millis: Cell::new(0),
            poison: RefCell::default(),
            under_way: Cell::new(0),
            most_under_way: Cell::new(0),
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

    /// Answers like this whenever a certain event is in a request.
    pub fn dislikes(&self, id: i32, answer: Answer) {
        self.poison.replace(Some((id.to_string(), answer)));
    }

    /// Takes a request. What is refused was not received.
    pub fn take(&self, request: &HttpRequest) -> Answer {
        self.under_way.set(self.under_way.get() + 1);
        self.most_under_way.set(self.most_under_way.get().max(self.under_way.get()));
        let ids = ids_in(&request.body);
        let poison = self.poison.borrow();
        let answer = match poison.as_ref().filter(|(id, _)| ids.contains(id)) {
            Some((_, answer)) => answer.clone(),
            None => self.script.borrow_mut().pop_front().unwrap_or_else(|| self.otherwise.borrow().clone()),
        };
        if answer != Answer::Refuse {
            self.received.borrow_mut().push((request.clone(), matches!(answer, Answer::Status(200..=299))));
        }
        answer
    }

    /// Notes that a request has ended.
    pub fn answered(&self) {
        self.under_way.set(self.under_way.get() - 1);
    }

    /// How many requests were under way at once at most.
    pub fn most_under_way(&self) -> usize {
        self.most_under_way.get()
    }

    /// All that was received.
    pub fn received(&self) -> Vec<HttpRequest> {
        self.received.borrow().iter().map(|(request, _)| request.clone()).collect()
    }

    /// All that was received, and whether it was answered with success.
    pub fn received_and_taken(&self) -> Vec<(HttpRequest, bool)> {
        self.received.borrow().clone()
    }

    /// The ids of what was answered with success, in order.
    pub fn accepted_ids(&self) -> Vec<String> {
        self.accepted().iter().flat_map(|request| ids_in(&request.body)).collect()
    }

    /// What was answered with success, in order.
    pub fn accepted(&self) -> Vec<HttpRequest> {
        let received = self.received.borrow();
        received.iter().filter(|(_, is_taken)| *is_taken).map(|(request, _)| request.clone()).collect()
    }

    /// The ids of what was received, in order.
    pub fn ids(&self) -> Vec<String> {
        self.received.borrow().iter().flat_map(|(request, _)| ids_in(&request.body)).collect()
    }
}

/// The ids of what the events of a body are about, in any format.
fn ids_in(body: &str) -> Vec<String> {
    let value: Value = serde_json::from_str(body).expect("a body is JSON");
    let id = |event: &Value| match &event["data"]["id"] {
        // In binary mode the body is the data; a test event is about nothing.
        Value::Null => event["id"].as_str().unwrap_or_default().to_owned(),
        id => id.as_str().expect("an id is text").to_owned(),
    };
    value.as_array().map_or_else(|| vec![id(&value)], |events| events.iter().map(id).collect())
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
