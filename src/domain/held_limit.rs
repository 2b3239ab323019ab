//! How much is held while nobody knows whether it is genuine.

/// How much is, or may be, held at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldLimit {
    /// Events.
    pub events: usize,
    /// Bytes of their canonical JSON.
    pub bytes: usize,
}

impl HeldLimit {
    /// Whether one more event of so many bytes stays within this limit.
    #[must_use]
    pub const fn fits(self, used: Self, new_bytes: usize) -> bool {
        used.events < self.events && used.bytes + new_bytes <= self.bytes
    }
}

/// For one portal that nobody registered, in the Directory.
pub const UNKNOWN_PORTAL: HeldLimit = HeldLimit { events: 1_000, bytes: 4 << 20 };
/// For all portals that nobody registered together, in the Directory.
pub const ALL_UNKNOWN_PORTALS: HeldLimit = HeldLimit { events: 20_000, bytes: 64 << 20 };
/// For the unregistered tokens of a registered portal, in its own object. The bytes are as for an unknown one.
pub const REGISTERED_PORTAL: HeldLimit = HeldLimit { events: 200, bytes: 4 << 20 };
