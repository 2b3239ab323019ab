//! Random numbers that can be had again: from a seed that is printed.

use super::portal::random;

/// The variable that gives the seed of a run that is to be repeated.
const SEED: &str = "RELAY_TEST_SEED";

/// A stream of numbers that its seed decides: `SplitMix64`, <https://prng.di.unimi.it/splitmix64.c>.
pub struct Random(u64);

impl Random {
    /// From the seed in [`SEED`], else from a new one. Prints it.
    ///
    /// # Panics
    /// When the variable has no number.
    pub fn from_environment() -> Self {
        let seed = match std::env::var(SEED) {
            Ok(text) => text.parse().unwrap_or_else(|error| panic!("{SEED}={text}: {error}")),
            Err(_) => random(),
        };
        eprintln!("{SEED}={seed}");
        Self(seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of the range.
    pub fn within(&mut self, range: std::ops::Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    /// One of them.
    pub fn one_of<T, const N: usize>(&mut self, items: [T; N]) -> T {
        let place = self.index(N);
        items.into_iter().nth(place).expect("it is below the length")
    }

    /// A place in something of this length.
    pub fn index(&mut self, length: usize) -> usize {
        let end = u64::try_from(length).expect("nothing is longer than 2^64");
        usize::try_from(self.within(0..end)).expect("it is below the length")
    }

    /// Another stream, for another part of the test.
    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// Puts them into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.index(last + 1);
            items.swap(last, other);
        }
    }
}
