//! An event as it waits in KV: its key, and its text, which is sealed.

use super::portal::command::Append;
use crate::domain::event_id::EventId;
use crate::domain::member_id::MemberId;
use crate::domain::secret::Secret;
use crate::domain::vault::{NONCE_BYTES, Sealed, SealedFor, Vault};

/// How the key of a spilled event begins: `spill:<member_id>:<id>`. No `member_id` has a colon, and an id begins with its time, so
/// the keys of a portal stand in the order in which its events were received.
pub const SPILL_PREFIX: &str = "spill:";
/// What a spilled event is sealed as.
pub const SPILL_PURPOSE: &str = "spill.event";

/// Seals an event for its portal. `nonce` is fresh randomness, never used twice.
pub fn seal(vault: &Vault, member_id: &MemberId, append: &Append, nonce: [u8; NONCE_BYTES]) -> Result<Sealed, String> {
    let json = serde_json::to_string(append).map_err(|error| error.to_string())?;
    vault.seal(&Secret::new(json), sealed_for(member_id), nonce).map_err(|error| error.to_string())
}

/// Opens a spilled event.
pub fn open(vault: &Vault, member_id: &MemberId, value: &str) -> Result<Append, String> {
    let opened = vault.open(&Sealed::from_stored(value), sealed_for(member_id)).map_err(|error| error.to_string())?;
    // The message would quote the event.
    serde_json::from_str(opened.expose()).map_err(|_| "it is no event".to_owned())
}

/// The key of an event.
#[must_use]
pub fn key_of(member_id: &MemberId, id: EventId) -> String {
    format!("{SPILL_PREFIX}{member_id}:{id}")
}

/// Whose event a key is, and which.
#[must_use]
pub fn parse_key(key: &str) -> Option<(MemberId, EventId)> {
    let (member_id, id) = key.strip_prefix(SPILL_PREFIX)?.split_once(':')?;
    Some((MemberId::try_from(member_id).ok()?, EventId::try_from(id).ok()?))
}

const fn sealed_for(member_id: &MemberId) -> SealedFor<'_> {
    SealedFor { member_id, purpose: SPILL_PURPOSE }
}
