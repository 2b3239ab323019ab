//! The authorisation by which a portal lets the relay call it: a pair of tokens, and whether it is good.

use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use serde::de::value::{Error, StrDeserializer};
use serde::{Deserialize, Serialize};

/// How old a pair may grow before it is refreshed although nobody needs it, in milliseconds: 20 days. Bitrix24 documents 180
/// days for a refresh token; those that were seen tell 30.
pub const REFRESH_AFTER_MILLIS: i64 = 20 * 86_400_000;
/// How much longer an access token that is handed out must last, in milliseconds.
pub const MIN_VALID_MILLIS: i64 = 60_000;

/// An access token, and what renews it. `Debug` prints neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenPair {
    /// What calls are made with.
    pub access: Secret,
    /// What renews it; each renewal brings another.
    pub refresh: Option<Secret>,
    /// When the access token ends.
    pub expires_at: Timestamp,
}

/// Whether the authorisation is good, and otherwise what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorisationState {
    /// It is good, as far as is known.
    Valid,
    /// The tokens are no longer taken.
    Reauthorise,
    /// The portal's plan, or its subscription to the application, has ended.
    PaymentRequired,
    /// The application is not installed any more, or its installation was never completed.
    NotInstalled,
    /// The portal is gone.
    PortalDeleted,
    /// `B24_CLIENT_ID` or `B24_CLIENT_SECRET` is not the application's.
    WrongClient,
    /// The application was removed from the portal.
    Uninstalled,
    /// The tokens were sealed under a key that `VAULT_KEY` does not have.
    Sealed,
    /// The operator revoked the portal.
    Revoked,
}

impl AuthorisationState {
    /// The state that a refusal of the OAuth server means. Bitrix24 spells its codes in both cases.
    #[must_use]
    pub fn of_refusal(code: &str) -> Self {
        match code.to_ascii_uppercase().as_str() {
            "PAYMENT_REQUIRED" => Self::PaymentRequired,
            "NOT_INSTALLED" => Self::NotInstalled,
            "PORTAL_DELETED" => Self::PortalDeleted,
            "INVALID_CLIENT" | "WRONG_CLIENT" => Self::WrongClient,
            _ => Self::Reauthorise,
        }
    }

    /// The state as it stands in the API, in storage and in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Reauthorise => "reauthorise",
            Self::PaymentRequired => "payment_required",
            Self::NotInstalled => "not_installed",
            Self::PortalDeleted => "portal_deleted",
            Self::WrongClient => "wrong_client",
            Self::Uninstalled => "uninstalled",
            Self::Sealed => "sealed",
            Self::Revoked => "revoked",
        }
    }

    /// What a person has to do about it.
    #[must_use]
    pub const fn advice(self) -> Option<&'static str> {
        match self {
            Self::Valid => None,
            Self::Reauthorise => {
                Some("an administrator of the portal opens the application once, or installs it again")
            }
            Self::PaymentRequired => Some("the portal's owner renews its plan, or its subscription to the application"),
            Self::NotInstalled => {
                Some("an administrator of the portal installs the application, or completes its installation")
            }
            Self::PortalDeleted => Some("the portal is gone: remove it here with DELETE"),
            Self::WrongClient => Some("set B24_CLIENT_ID and B24_CLIENT_SECRET to those of the application"),
            Self::Uninstalled => Some("the application was removed from the portal; it can be installed again"),
            Self::Sealed => Some("give VAULT_KEY back the key under which the tokens were sealed, as the second one"),
            Self::Revoked => Some("the operator revoked the portal; PUT /portals/{member_id} registers it again"),
        }
    }
}

impl TryFrom<&str> for AuthorisationState {
    type Error = ();

    fn try_from(text: &str) -> Result<Self, ()> {
        // As it is read in JSON, so that there is no second list that could lack one.
        Self::deserialize(StrDeserializer::<Error>::new(text)).map_err(|_| ())
    }
}

/// Whether a proven pair takes the place of the one that stands: where that is not good, or ends earlier. So an installer form
/// that is posted again after a refresh does not bring the old pair back.
#[must_use]
pub fn supersedes(new_expires_at: Timestamp, standing: AuthorisationState, standing_expires_at: Timestamp) -> bool {
    standing != AuthorisationState::Valid || new_expires_at > standing_expires_at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_tells_what_a_person_has_to_do() {
        for (code, state) in [
            ("invalid_grant", AuthorisationState::Reauthorise),
            ("PAYMENT_REQUIRED", AuthorisationState::PaymentRequired),
            ("NOT_INSTALLED", AuthorisationState::NotInstalled),
            ("invalid_client", AuthorisationState::WrongClient),
        ] {
            assert_eq!(AuthorisationState::of_refusal(code), state);
            assert_eq!(AuthorisationState::try_from(state.as_str()), Ok(state));
            assert!(state.advice().is_some());
        }
        assert_eq!(AuthorisationState::Valid.advice(), None);
    }

    #[test]
    fn a_state_is_written_as_it_is_read() {
        use AuthorisationState as State;
        let others = [State::Valid, State::PortalDeleted, State::WrongClient, State::Uninstalled, State::Sealed];
        for state in others.into_iter().chain([State::Reauthorise, State::PaymentRequired, State::NotInstalled]) {
            assert_eq!(State::try_from(state.as_str()), Ok(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        assert_eq!(State::try_from("Valid"), Err(()));
    }

    #[test]
    fn an_older_pair_replaces_only_one_that_is_not_good() {
        let (earlier, later) = (Timestamp::from_millis(1), Timestamp::from_millis(2));
        assert!(supersedes(later, AuthorisationState::Valid, earlier));
        assert!(!supersedes(earlier, AuthorisationState::Valid, later));
        assert!(!supersedes(later, AuthorisationState::Valid, later));
        assert!(supersedes(earlier, AuthorisationState::Reauthorise, later));
    }
}
