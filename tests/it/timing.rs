//! How long a comparison of secrets takes does not tell how much of them is equal.

use bitrix24_edge_relay::domain::secret::Secret;
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::time::Duration;

/// So many comparisons are timed together, since one takes less than the clock can tell.
const AT_ONCE: u32 = 20;
/// So many such measurements of each kind, in turn.
const MEASUREMENTS: usize = 200;
/// How far the medians may lie apart. A comparison that stops at the first difference would be off by a factor.
const MOST_APART: f64 = 0.1;

#[test]
fn a_token_that_is_wrong_at_its_end_takes_as_long_as_one_that_is_wrong_at_its_beginning() {
    // Long, so that each byte more or less would count.
    let right = "t".repeat(4096);
    let (mut wrong_early, mut wrong_late) = (right.clone(), right.clone());
    wrong_early.replace_range(..1, "x");
    wrong_late.replace_range(4095.., "x");
    let [right, wrong_early, wrong_late] = [right, wrong_early, wrong_late].map(Secret::new);
    assert_alike("secrets", |is_late| right == *if is_late { &wrong_late } else { &wrong_early });
}

#[test]
fn a_hash_that_is_wrong_at_its_end_takes_as_long_as_one_that_is_wrong_at_its_beginning() {
    let hash = |text: &str| bitrix24_edge_relay::domain::secret::TokenHash::try_from(text).expect("it is a hash");
    let right = hash(&"a".repeat(64));
    let (wrong_early, wrong_late) = (hash(&("b".to_owned() + &"a".repeat(63))), hash(&("a".repeat(63) + "b")));
    assert_alike("hashes", |is_late| right == if is_late { wrong_late } else { wrong_early });
}

fn assert_alike(what: &str, compare: impl Fn(bool) -> bool) {
    let mut taken = [const { Vec::new() }; 2];
    for at in 0..2 * MEASUREMENTS {
        let is_late = at % 2 == 1;
        let start = computed();
        for _ in 0..AT_ONCE {
            assert!(!black_box(compare(black_box(is_late))));
        }
        taken[usize::from(is_late)].push(computed().saturating_sub(start));
    }
    let [early, late] = taken.map(|mut taken| {
        taken.sort_unstable();
        taken[taken.len() / 2].as_secs_f64()
    });
    println!("{what}: {:.1} ns and {:.1} ns", early / f64::from(AT_ONCE) * 1e9, late / f64::from(AT_ONCE) * 1e9);
    assert!((late / early - 1.0).abs() < MOST_APART, "{what}: {early} s and {late} s");
}

/// What this thread has computed so far, whatever else the machine does.
fn computed() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("it has run for some time")
}
