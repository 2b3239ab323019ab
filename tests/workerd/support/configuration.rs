//! What the real `wrangler.toml` says, so that the tests run with the bindings that are shipped.

use serde_json::Value;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use super::places::{NODE, PROJECT, SCRATCH, SCRIPTS};
use super::process::run;

/// Miniflare's options from `wrangler.toml`. Loading wrangler takes more than a second, so what it said is kept in a file
/// that is named by the content of everything that it depends on.
pub static WORKER_OPTIONS: LazyLock<Value> = LazyLock::new(|| {
    let script = SCRIPTS.join("wrangler-options.mjs");
    let configuration = PROJECT.join("wrangler.toml");
    let mut hasher = DefaultHasher::new();
    for file in [&configuration, &script, &PROJECT.join("package-lock.json")] {
        std::fs::read(file).unwrap_or_else(|e| panic!("{}: {e}", file.display())).hash(&mut hasher);
    }
    let kept: PathBuf = SCRATCH.join(format!("wrangler-options-{:016x}.json", hasher.finish()));
    let text = std::fs::read_to_string(&kept).unwrap_or_else(|_| {
        let text = run(&NODE, *PROJECT, Duration::from_mins(1), |command| {
            command.arg(&script).arg(&configuration);
        });
        // Moved into place whole: other tests may read it at the same time.
        let draft = SCRATCH.join(format!("wrangler-options-{}.json", std::process::id()));
        std::fs::write(&draft, &text).expect("the scratch directory is there");
        std::fs::rename(&draft, &kept).expect("both are in the same directory");
        text
    });
    serde_json::from_str(&text).expect("the script prints JSON")
});
