//! A request as the receiver got it.

use serde_json::{Map, Value};
use std::io::{BufRead, Error, Read};

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Received {
    /// The method.
    pub method: String,
    /// Path and query.
    pub url: String,
    /// Names in lower case, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Received {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The `webhook-id`.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn id(&self) -> &str {
        self.header("webhook-id").expect("a delivery has a webhook-id")
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e} in {:?}", String::from_utf8_lossy(&self.body)))
    }

    /// The events that it carries, whichever way they are written (`CloudEvents` HTTP binding): structured, binary, or a batch.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        let kind = self.header("content-type").unwrap_or_default();
        if kind.starts_with("application/cloudevents-batch+json") {
            return self.json().as_array().expect("a batch is a list").clone();
        }
        if kind.starts_with("application/cloudevents+json") {
            return vec![self.json()];
        }
        let attributes = self.headers.iter().filter_map(|(name, value)| Some((name.strip_prefix("ce-")?, value)));
        let mut event: Map<String, Value> =
            attributes.map(|(name, value)| (name.to_owned(), Value::from(value.as_str()))).collect();
        assert!(event.contains_key("specversion"), "no event in {self:?}");
        if !self.body.is_empty() {
            event.insert("datacontenttype".to_owned(), kind.into());
            event.insert("data".to_owned(), self.json());
        }
        vec![Value::Object(event)]
    }

    /// Reads one HTTP/1.1 request with a body of known length or in chunks. `None` at the end of the connection; an error
    /// when it breaks in the middle, as it does when the sender crashes.
    pub fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Self>> {
        let first = read_line(reader)?;
        let mut words = first.split(' ').map(str::to_owned);
        let (Some(method), Some(url)) = (words.next().filter(|m| !m.is_empty()), words.next()) else {
            return Ok(None);
        };
        let mut headers = Vec::new();
        loop {
            let line = read_line(reader)?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let mut body = Vec::new();
        if header("transfer-encoding").is_some() {
            loop {
                let size = usize::from_str_radix(&read_line(reader)?, 16).map_err(Error::other)?;
                read_exactly(reader, size, &mut body)?;
                read_line(reader)?;
                if size == 0 {
                    break;
                }
            }
        } else if let Some(length) = header("content-length") {
            read_exactly(reader, length.parse().map_err(Error::other)?, &mut body)?;
        }
        Ok(Some(Self { method, url, headers, body }))
    }
}

fn read_exactly(reader: &mut impl Read, size: usize, body: &mut Vec<u8>) -> std::io::Result<()> {
    let start = body.len();
    body.resize(start + size, 0);
    reader.read_exact(&mut body[start..])
}

fn read_line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
