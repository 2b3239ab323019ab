//! Tokens that the operator gives to others, each for all portals or for some.

use super::member_id::MemberId;
use super::secret::Secret;

/// Shortest token, in characters: 16 of 62 are 95 bits.
pub const MIN_TOKEN_LENGTH: usize = 16;

/// A token with the name of whoever has it, and the portals that it is for.
#[derive(Clone, Debug)]
pub struct ClientToken {
    /// The operator's name for it.
    pub name: String,
    token: Secret,
    /// All portals, where it is absent.
    portals: Option<Vec<MemberId>>,
}

/// The token can be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token has at least {MIN_TOKEN_LENGTH} characters")]
pub struct TooShort;

impl ClientToken {
    /// A token for all portals, or for those that are named.
    pub fn new(
        name: impl Into<String>,
        token: impl Into<String>,
        portals: Option<Vec<MemberId>>,
    ) -> Result<Self, TooShort> {
        let token: String = token.into();
        if token.len() < MIN_TOKEN_LENGTH {
            return Err(TooShort);
        }
        Ok(Self { name: name.into(), token: Secret::new(token), portals })
    }

    /// Adds a token to others. `None` where one of them has the same name or token: it would let in two clients.
    #[must_use]
    pub fn added_to(self, mut others: Vec<Self>) -> Option<Vec<Self>> {
        if others.iter().any(|other| other.name == self.name || other.token == self.token) {
            return None;
        }
        others.push(self);
        Some(others)
    }

    /// Finds the token that was given. All are compared, each in constant time, so that the time does not tell which it was.
    #[must_use]
    pub fn find<'a>(tokens: &'a [Self], given: &Secret) -> Option<&'a Self> {
        tokens.iter().fold(None, |found, known| if known.token == *given { Some(known) } else { found })
    }

    /// The portals that it is limited to, if it is.
    #[must_use]
    pub fn portals(&self) -> Option<&[MemberId]> {
        self.portals.as_deref()
    }

    /// Whether it is for this portal.
    #[must_use]
    pub fn covers(&self, member_id: &MemberId) -> bool {
        self.portals.as_ref().is_none_or(|portals| portals.contains(member_id))
    }
}
