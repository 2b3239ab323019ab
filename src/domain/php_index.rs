//! Finds a key among many: a tree that forks where keys differ.
//!
//! Whoever writes the body chooses the keys. A search looks at each bit of its key once at most, whatever the other keys are, so no
//! choice of them makes it slow; and no key is copied.

/// Stands before each byte, and so tells a byte from the end of a key.
const IS_BYTE: u32 = 1 << 8;

/// Where a search goes on: it ends at an entry, or goes on at a fork. Twice the number of the one, or that and one of the other, since a
/// large index is as slow as it is large.
#[derive(Clone, Copy)]
pub(super) struct Way(usize);

impl Way {
    /// A search that ends at once.
    pub(super) const fn to_entry(number: usize) -> Self {
        Self(number * 2)
    }

    const fn to_fork(number: usize) -> Self {
        Self(number * 2 + 1)
    }

    #[inline]
    const fn entry(self) -> usize {
        self.0 / 2
    }

    #[inline]
    const fn fork(self) -> Option<usize> {
        if self.0 % 2 == 1 { Some(self.0 / 2) } else { None }
    }
}

/// A bit of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bit {
    byte: usize,
    mask: u32,
}

/// The first bit in which the keys on one way differ from those on the other.
struct Fork {
    bit: Bit,
    ways: [Way; 2],
}

/// The forks of all arrays of a tree.
#[derive(Default)]
pub(super) struct Forks {
    forks: Vec<Fork>,
    /// Those that the last [`Forks::reach`] went past.
    path: Vec<usize>,
}

impl Forks {
    /// The one entry that may have this key.
    pub(super) fn nearest(&self, root: Way, key: &[u8]) -> usize {
        let mut way = root;
        while let Some(at) = way.fork() {
            way = self.forks[at].towards(key);
        }
        way.entry()
    }

    /// The same, where the key may have to be inserted.
    pub(super) fn reach(&mut self, root: Way, key: &[u8]) -> usize {
        self.path.clear();
        let mut way = root;
        while let Some(at) = way.fork() {
            self.path.push(at);
            way = self.forks[at].towards(key);
        }
        way.entry()
    }

    /// Adds an entry, whose key differs from the one that was reached for it in this bit first. Returns the new root.
    pub(super) fn insert(&mut self, root: Way, key: &[u8], bit: Bit, entry: usize) -> Way {
        let mut path = self.path.iter().rev();
        let before = path.find(|at| !self.forks[**at].bit.is_behind(bit));
        let cut = before.map_or(root, |at| self.forks[*at].towards(key));
        let mut ways = [cut; 2];
        ways[side(key, bit)] = Way::to_entry(entry);
        let new = Way::to_fork(self.forks.len());
        self.forks.push(Fork { bit, ways });
        match before {
            None => new,
            Some(at) => {
                let before = &mut self.forks[*at];
                before.ways[side(key, before.bit)] = new;
                root
            }
        }
    }
}

impl Fork {
    #[inline]
    fn towards(&self, key: &[u8]) -> Way {
        self.ways[side(key, self.bit)]
    }
}

impl Bit {
    #[inline]
    fn is_behind(self, other: Self) -> bool {
        self.byte > other.byte || (self.byte == other.byte && self.mask < other.mask)
    }
}

/// The first bit in which two keys differ. `None` where they are equal.
pub(super) fn first_difference(one: &[u8], other: &[u8]) -> Option<Bit> {
    let mut byte = 0;
    while byte < one.len() && one.get(byte) == other.get(byte) {
        byte += 1;
    }
    let differing = unit(one, byte) ^ unit(other, byte);
    differing.checked_ilog2().map(|bit| Bit { byte, mask: 1 << bit })
}

#[inline]
fn side(key: &[u8], bit: Bit) -> usize {
    usize::from(unit(key, bit.byte) & bit.mask != 0)
}

/// A byte of a key; 0 behind its end, so that no key is the beginning of another.
#[inline]
fn unit(key: &[u8], at: usize) -> u32 {
    match key.get(at) {
        Some(byte) => IS_BYTE | u32::from(*byte),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_alike_are_told_apart() {
        let long = [b'k'; 1001];
        let mut keys: Vec<&[u8]> =
            vec![b"", b"\0", b"a", b"a\0", b"a\0\0", b"aa", b"b", b"\x7f", b"\xff", b"0", b"-0", b"00"];
        keys.extend([&long[..1], &long[..1000], &long]);
        for order in [keys.clone(), keys.iter().rev().copied().collect()] {
            let (mut forks, mut root) = (Forks::default(), Way::to_entry(0));
            for (entry, key) in order.iter().enumerate().skip(1) {
                let nearest = forks.reach(root, key);
                let bit = first_difference(key, order[nearest]).expect("each key is another");
                root = forks.insert(root, key, bit, entry);
            }
            for (entry, key) in order.iter().enumerate() {
                assert_eq!(forks.nearest(root, key), entry, "{key:?}");
                assert_eq!(first_difference(key, order[entry]), None);
            }
        }
    }
}
