//! What a request body may be: its formats, its limits, and why one is not read.
//!
//! The limits hold for both formats and are checked before the work that they bound. The largest bodies that Bitrix24
//! documents have 4,856 bytes, 97 pairs and 4 levels of brackets.

use super::form::read_form;
use super::json_body::read_json;
use super::php_tree::PhpTree;

/// Longest body, in bytes as sent: 1 MiB, over 200 times the largest documented one.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// Most pairs of a body. A pair is what stands between two `&`, used or not; in JSON, every value that holds no other.
/// PHP's own default (`max_input_vars`) is 1,000.
pub const MAX_PAIRS: usize = 10_000;

/// Most levels of brackets in a name: `a[b][c]` has two. With the name's first part a tree is at most 33 arrays deep, which
/// bounds every recursion over it, and 10,000 pairs make at most 320,000 arrays.
pub const MAX_DEPTH: usize = 32;

/// Longest name of a pair, in bytes of decoded UTF-8, brackets included: 1 KiB, 32 bytes for each of 32 levels.
pub const MAX_KEY_BYTES: usize = 1024;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded` with PHP's brackets: what Bitrix24 sends.
    Form,
    /// `application/json` of the same shape: what its documentation shows.
    Json,
}

/// Which limit a body is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// [`MAX_BODY_BYTES`].
    #[error("the body is over {MAX_BODY_BYTES} bytes")]
    Body,
    /// [`MAX_PAIRS`].
    #[error("the body has over {MAX_PAIRS} pairs")]
    Pairs,
    /// [`MAX_DEPTH`].
    #[error("a name has over {MAX_DEPTH} levels of brackets")]
    Depth,
    /// [`MAX_KEY_BYTES`].
    #[error("a name is over {MAX_KEY_BYTES} bytes")]
    Key,
    /// [`super::inbound::MAX_EVENT_NAME_BYTES`].
    #[error("the event's name is over {} bytes", super::inbound::MAX_EVENT_NAME_BYTES)]
    EventName,
}

/// Why a body cannot be read. Nothing of the body stands in the message: it may hold tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The body breaks the grammar of JSON, from this place on.
    #[error("the body is not JSON: line {line}, column {column}")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// In bytes, counted from 1.
        column: usize,
    },
    /// The body is JSON, but not an object.
    #[error("the body is JSON, but not an object")]
    NotAnObject,
    /// The event's name holds a character that no attribute of a `CloudEvent` may hold.
    #[error("the event's name holds a control character")]
    EventName,
}

/// The body is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is over a limit.
    #[error(transparent)]
    TooLarge(#[from] Limit),
    /// It cannot be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Reads a body of the given format.
pub fn read_body(format: BodyFormat, body: &[u8]) -> Result<PhpTree, ReadError> {
    match format {
        BodyFormat::Form => read_form(body),
        BodyFormat::Json => read_json(body),
    }
}
