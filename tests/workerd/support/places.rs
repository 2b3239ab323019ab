//! Where things are: the project, the built worker, Node and its packages.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The project's root: where `wrangler.toml` is.
pub static PROJECT: LazyLock<&Path> = LazyLock::new(|| Path::new(env!("CARGO_MANIFEST_DIR")));

/// The test's own files that are no Rust.
pub static SCRIPTS: LazyLock<PathBuf> = LazyLock::new(|| PROJECT.join("tests/workerd"));

/// Where the tests may write: in memory where the system has such a place, else in the target directory.
///
/// workerd waits for an `fsync` per event, which on a busy disk takes longer than all the rest. A SIGKILL loses nothing in
/// either place, since the system, not the process, holds what was written.
pub static SCRATCH: LazyLock<&Path> = LazyLock::new(|| {
    let in_memory = Path::new("/dev/shm");
    if in_memory.is_dir() { in_memory } else { Path::new(env!("CARGO_TARGET_TMPDIR")) }
});

/// The built worker, `index.js` and `index_bg.wasm`: `RELAY_TEST_BUILD`, else where `npm test` puts it.
pub static BUILD: LazyLock<PathBuf> = LazyLock::new(|| {
    let place = std::env::var_os("RELAY_TEST_BUILD").map_or_else(|| PROJECT.join("target/worker-test"), PathBuf::from);
    assert!(place.join("index.js").exists(), "no built worker in {}: run the tests with `npm test`", place.display());
    place
});

/// Node 22 or later: `RELAY_NODE`, else the one that `package.json` pins, else the one on the path.
pub static NODE: LazyLock<PathBuf> = LazyLock::new(|| {
    let pinned = PROJECT.join("node_modules/.bin/node");
    match std::env::var_os("RELAY_NODE") {
        Some(node) => node.into(),
        None if pinned.exists() => pinned,
        None => "node".into(),
    }
});

/// wrangler's script, to be run by [`NODE`]: `RELAY_WRANGLER`, else the one that `package.json` pins.
pub static WRANGLER: LazyLock<PathBuf> = LazyLock::new(|| {
    std::env::var_os("RELAY_WRANGLER")
        .map_or_else(|| PROJECT.join("node_modules/wrangler/bin/wrangler.js"), PathBuf::from)
});

/// The `PATH` on which the pinned Node comes first: wrangler's own scripts call `node`.
pub fn path_with_node() -> std::ffi::OsString {
    let first = NODE.parent().expect("it is a file in a directory").to_owned();
    let rest = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(first).chain(std::env::split_paths(&rest))).expect("these are paths")
}
