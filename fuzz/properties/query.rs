//! PHP's `http_build_query` of a tree.

use bitrix24_edge_relay::domain::php_array::PhpValue;
use bitrix24_edge_relay::domain::php_tree::PhpTree;

/// The pairs of the tree, each with its whole name.
pub fn pairs(tree: &PhpTree) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (key, value) in tree.root().iter() {
        collect(key.to_owned(), value, &mut pairs);
    }
    pairs
}

/// The body of these pairs.
pub fn encode(pairs: &[(String, String)]) -> String {
    serde_urlencoded::to_string(pairs).expect("pairs of text are a form")
}

fn collect(name: String, value: PhpValue<'_>, pairs: &mut Vec<(String, String)>) {
    match value {
        PhpValue::Text(text) => pairs.push((name, text.to_owned())),
        PhpValue::Array(array) => {
            for (key, value) in array.iter() {
                collect(format!("{name}[{key}]"), value, pairs);
            }
        }
    }
}
