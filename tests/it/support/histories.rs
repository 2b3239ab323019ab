//! How many random histories are played.

use proptest::test_runner::Config;

/// How many are to be played, if somebody said so for a longer run.
pub fn wanted() -> Option<u32> {
    std::env::var("RELAY_HISTORIES").ok()?.parse().ok()
}

/// So many, unless somebody said otherwise.
pub fn usually(histories: u32) -> Config {
    Config { cases: wanted().unwrap_or(histories), ..Config::default() }
}
