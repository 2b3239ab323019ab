//! The readers against PHP itself: `tests/fixtures/php/make-vectors.php` wrote down what it reads.

use crate::fixtures;
use bitrix24_edge_relay::domain::body::{BodyFormat, read_body};
use bitrix24_edge_relay::domain::php_tree::{PhpTree, Slot};
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Deserialize)]
struct Vector {
    form: Option<Text>,
    json: Option<Text>,
    reading: Reading,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Utf8(String),
    Bytes { hex: String },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Reading {
    /// The very text of `json_encode`.
    Json(String),
    Entries(Entries),
}

/// An array in which something is not UTF-8.
#[derive(Deserialize)]
struct Entries {
    entries: Vec<(Text, Entry)>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Leaf(Text),
    Branch(Entries),
}

impl Text {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Utf8(text) => text.clone().into_bytes(),
            Self::Bytes { hex } => {
                hex.as_bytes().chunks(2).map(|pair| hex_byte(pair).expect("pairs of hexadecimal digits")).collect()
            }
        }
    }

    /// The text with U+FFFD for what is no UTF-8: the difference from PHP that is on purpose.
    fn lossy(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

impl Reading {
    fn json(&self) -> String {
        match self {
            Self::Json(json) => json.clone(),
            Self::Entries(entries) => {
                let mut tree = PhpTree::default();
                entries.fill(&mut tree, PhpTree::ROOT);
                serde_json::to_string(&tree).expect("every tree is JSON")
            }
        }
    }
}

impl Entries {
    fn fill(&self, tree: &mut PhpTree, array: Slot) {
        tree.put_array(array);
        for (key, entry) in &self.entries {
            let slot = tree.child(array, &key.lossy());
            match entry {
                Entry::Leaf(text) => tree.put(slot, &text.lossy()),
                Entry::Branch(entries) => entries.fill(tree, slot),
            }
        }
    }
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[test]
fn bodies_of_every_shape_are_read_as_php_reads_them_to_the_letter() {
    let file = std::env::var_os("PHP_VECTORS").map_or_else(|| fixtures::path("php/parse-str.json"), PathBuf::from);
    let vectors: Vec<Vector> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(vectors.len() > 400);
    let mut different = 0;
    for vector in &vectors {
        let (format, body) = match (&vector.form, &vector.json) {
            (Some(body), None) => (BodyFormat::Form, body.bytes()),
            (None, Some(body)) => (BodyFormat::Json, body.bytes()),
            _ => panic!("a vector is a form or JSON"),
        };
        let ours = read_body(format, &body).map(|tree| serde_json::to_string(&tree).unwrap());
        let php = Ok(vector.reading.json());
        if ours != php {
            different += 1;
            eprintln!("{format:?} {}\n  here {ours:?}\n  PHP  {php:?}", String::from_utf8_lossy(&body));
        }
    }
    assert_eq!(different, 0, "of {} bodies", vectors.len());
}
