//! What is said to a client whose request was not taken: RFC 9457 problem details with a stable `code`.

use super::reply::{About, Reply};
use serde::Serialize;

/// The stable name of a problem. Clients may rely on it; the wording beside it may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The body cannot be read.
    Malformed,
    /// The POST has no `event` key.
    NoEvent,
    /// `auth[member_id]` is absent or of the wrong form.
    BadMemberId,
    /// The token is not believed. Nothing tells why: the answer is the same for every reason.
    Forbidden,
    /// The route does not take this method.
    MethodNotAllowed,
    /// The body is over a limit.
    TooLarge,
    /// The body is of a type or an encoding that is not read.
    UnsupportedMediaType,
    /// Too many wait for what a portal logs next.
    TooManyReaders,
    /// Too many unverified requests from one address for one portal.
    RateLimited,
    /// Nothing could be made durable, or the object cannot be reached.
    Unavailable,
    /// The feature needs a variable that is not set.
    NotConfigured,
    /// The token is right, but does not allow this.
    NotAllowed,
    /// It cannot be done as things stand.
    Conflict,
    /// What a destination should be is not allowed.
    BadDestination,
    /// No bearer token, or not the right one.
    Unauthorized,
    /// A credential stands in the query string, where it would be logged.
    CredentialsInQuery,
    /// A parameter or the body of an API call is wrong.
    BadRequest,
    /// There is no such route, portal, token or event.
    NotFound,
    /// The token is short enough to be guessed.
    WeakToken,
    /// The portal's authorisation is not good; the detail says what a person has to do.
    NotAuthorised,
    /// Bitrix24 could not be asked.
    PortalUnreachable,
}

impl Code {
    /// The code as it stands in the answer.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.parts().0
    }

    /// The HTTP status that goes with the code.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.parts().1
    }

    const fn parts(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::Malformed => ("malformed", 400, "The body cannot be read"),
            Self::NoEvent => ("no_event", 400, "Not an event"),
            Self::BadMemberId => ("bad_member_id", 400, "No valid member_id"),
            Self::Forbidden => ("forbidden", 403, "Forbidden"),
            Self::MethodNotAllowed => ("method_not_allowed", 405, "Method not allowed"),
            Self::TooLarge => ("too_large", 413, "Too large"),
            Self::UnsupportedMediaType => ("unsupported_media_type", 415, "Unsupported media type"),
            Self::TooManyReaders => ("too_many_readers", 429, "Too many readers"),
            Self::RateLimited => ("rate_limited", 429, "Too many requests"),
            Self::Unavailable => ("unavailable", 503, "Unavailable"),
            Self::NotConfigured => ("not_configured", 503, "Not configured"),
            Self::NotAllowed => ("not_allowed", 403, "Not allowed"),
            Self::Conflict => ("conflict", 409, "Conflict"),
            Self::Unauthorized => ("unauthorized", 401, "Unauthorized"),
            Self::CredentialsInQuery => ("credentials_in_query", 400, "Credentials do not belong in a URL"),
            Self::BadRequest => ("bad_request", 400, "Bad request"),
            Self::NotFound => ("not_found", 404, "Not found"),
            Self::BadDestination => ("bad_destination", 422, "Not a destination"),
            Self::WeakToken => ("weak_token", 422, "Weak token"),
            Self::NotAuthorised => ("not_authorised", 409, "The portal is not authorised"),
            Self::PortalUnreachable => ("portal_unreachable", 502, "Bitrix24 cannot be asked"),
        }
    }
}

/// A problem, ready to be answered. Its detail is shown to the client, so it never holds a token or an inner error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    code: Code,
    detail: String,
    header: Option<(&'static str, String)>,
    about: Option<Box<About>>,
    is_repetition: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'a str,
}

impl Problem {
    /// A problem with what the client should know about it.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), header: None, about: None, is_repetition: false }
    }

    /// The same with a response header that the status calls for.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.header = Some((name, value.into()));
        self
    }

    /// The same about an event, for the log.
    #[must_use]
    pub fn about(mut self, about: About) -> Self {
        self.about = Some(Box::new(about));
        self
    }

    /// The same, where the log was told of one like it a moment ago.
    #[must_use]
    pub fn again(mut self) -> Self {
        self.is_repetition = true;
        self
    }

    /// The code of the problem.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        let (code, status, title) = problem.code.parts();
        let body = Body { r#type: "about:blank", title, status, code, detail: &problem.detail };
        let mut reply = Reply::json(status, &body).with_header("content-type", "application/problem+json").called(code);
        reply.about = problem.about;
        reply.is_repetition = problem.is_repetition;
        if let Some((name, value)) = problem.header {
            reply = reply.with_header(name, value);
        }
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_in_the_terms_of_rfc_9457() {
        let reply = Reply::from(Problem::new(Code::RateLimited, "wait").with_header("retry-after", "60"));
        assert_eq!(reply.status, 429);
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        assert_eq!(reply.header("retry-after"), Some("60"));
        assert_eq!(
            reply.body,
            r#"{"type":"about:blank","title":"Too many requests","status":429,"code":"rate_limited","detail":"wait"}"#
        );
    }
}
