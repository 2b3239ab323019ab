//! The authorisation in storage. Its tokens are sealed; nothing else in it is secret.

use super::sync::SyncReport;
use crate::app::ports::{PortError, Random, Sql, SqlValue};
use crate::app::rows::{optional_integer, optional_text, parsed, text};
use crate::domain::application::authorisation::{AuthorisationState, TokenPair};
use crate::domain::application::endpoint::{ClientEndpoint, OAuthServer};
use crate::domain::member_id::MemberId;
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::time::Timestamp;
use crate::domain::vault::{Sealed, SealedFor, Vault, VaultError};

const ACCESS_PURPOSE: &str = "oauth.access_token";
const REFRESH_PURPOSE: &str = "oauth.refresh_token";

/// The table; one row.
pub const CREATE_AUTHORISATION: &str = "CREATE TABLE authorisation (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    client_id TEXT NOT NULL,
    user_id TEXT,
    server TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    access_token TEXT,
    refresh_token TEXT,
    expires_at INTEGER,
    refreshed_at INTEGER,
    state TEXT NOT NULL,
    sha256 TEXT,
    installed_at INTEGER,
    check_due_at INTEGER,
    erase_log_at INTEGER,
    report TEXT NOT NULL
)";

/// The authorisation of a portal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorisation {
    /// The application that it was given to.
    pub client_id: String,
    /// The user who gave it.
    pub user_id: Option<String>,
    /// The OAuth server that vouches for it.
    pub server: OAuthServer,
    /// The portal's REST API, by the word of that server.
    pub endpoint: ClientEndpoint,
    /// The tokens; none once they were erased.
    pub pair: Option<SealedPair>,
    /// Whether it is good.
    pub state: AuthorisationState,
    /// The `application_token` of the application, once it is known.
    pub sha256: Option<TokenHash>,
    /// When it was installed last, by the portal's clock: an older uninstall does not end it.
    pub installed_at: Option<Timestamp>,
    /// When the portal is to be looked at again.
    pub check_due_at: Option<Timestamp>,
    /// When the log is to be erased, since the portal asked for it.
    pub erase_log_at: Option<Timestamp>,
    /// What the last look at the portal found.
    pub report: SyncReport,
}

/// The tokens as they are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPair {
    pub access: Sealed,
    pub refresh: Option<Sealed>,
    pub expires_at: Timestamp,
    pub refreshed_at: Timestamp,
}

impl SealedPair {
    /// Seals a pair.
    pub fn seal(
        vault: &Vault,
        random: &impl Random,
        member_id: &MemberId,
        pair: &TokenPair,
        refreshed_at: Timestamp,
    ) -> Result<Self, VaultError> {
        let seal = |secret: &Secret, purpose| vault.seal(secret, SealedFor { member_id, purpose }, random.fresh());
        Ok(Self {
            access: seal(&pair.access, ACCESS_PURPOSE)?,
            refresh: pair.refresh.as_ref().map(|token| seal(token, REFRESH_PURPOSE)).transpose()?,
            expires_at: pair.expires_at,
            refreshed_at,
        })
    }

    /// Opens it.
    pub fn open(&self, vault: &Vault, member_id: &MemberId) -> Result<TokenPair, VaultError> {
        let open = |sealed: &Sealed, purpose| vault.open(sealed, SealedFor { member_id, purpose });
        Ok(TokenPair {
            access: open(&self.access, ACCESS_PURPOSE)?,
            refresh: self.refresh.as_ref().map(|sealed| open(sealed, REFRESH_PURPOSE)).transpose()?,
            expires_at: self.expires_at,
        })
    }

    /// Whether it is sealed under the key that seals now.
    pub fn is_current(&self, vault: &Vault) -> bool {
        vault.is_current(&self.access) && self.refresh.as_ref().is_none_or(|sealed| vault.is_current(sealed))
    }
}

/// Opens an access token on its way to whoever is handed it.
pub fn open_access_token(vault: &Vault, member_id: &MemberId, sealed: &Sealed) -> Result<Secret, VaultError> {
    vault.open(sealed, SealedFor { member_id, purpose: ACCESS_PURPOSE })
}

impl Authorisation {
    /// The authorisation in storage, if there is one.
    pub fn load(sql: &impl Sql) -> Result<Option<Self>, PortError> {
        let query =
            "SELECT client_id, user_id, server, endpoint, access_token, refresh_token, expires_at, refreshed_at, state,
            sha256, installed_at, check_due_at, erase_log_at, report FROM authorisation";
        let rows = sql.query(query, &[])?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let time = |column| Ok(optional_integer(row, column)?.map(Timestamp::from_millis));
        let unreadable = |error: &dyn std::fmt::Display| PortError::new("authorisation.read", &error);
        let pair = match optional_text(row, 4)? {
            Some(access) => Some(SealedPair {
                access: Sealed::from_stored(access),
                refresh: optional_text(row, 5)?.map(Sealed::from_stored),
                expires_at: time(6)?.unwrap_or(Timestamp::EPOCH),
                refreshed_at: time(7)?.unwrap_or(Timestamp::EPOCH),
            }),
            None => None,
        };
        let sha256 = optional_text(row, 9)?.map(TokenHash::try_from).transpose();
        Ok(Some(Self {
            client_id: text(row, 0)?.to_owned(),
            user_id: optional_text(row, 1)?.map(str::to_owned),
            server: if text(row, 2)? == OAuthServer::Tech.host() { OAuthServer::Tech } else { OAuthServer::Info },
            endpoint: parsed(row, 3)?,
            pair,
            state: parsed(row, 8)?,
            sha256: sha256.map_err(|error| unreadable(&error))?,
            installed_at: time(10)?,
            check_due_at: time(11)?,
            erase_log_at: time(12)?,
            report: serde_json::from_str(text(row, 13)?).map_err(|error| unreadable(&error))?,
        }))
    }

    /// Writes all of it. Rare, so it is simply written whole.
    pub fn save(&self, sql: &impl Sql) -> Result<(), PortError> {
        let millis = |time: Option<Timestamp>| SqlValue::from(time.map(Timestamp::as_millis));
        let pair = self.pair.as_ref();
        let report =
            serde_json::to_string(&self.report).map_err(|error| PortError::new("authorisation.write", &error))?;
        let values = [
            self.client_id.as_str().into(),
            self.user_id.as_deref().into(),
            self.server.host().into(),
            self.endpoint.as_str().into(),
            pair.map(|pair| pair.access.as_str()).into(),
            pair.and_then(|pair| pair.refresh.as_ref()).map(Sealed::as_str).into(),
            millis(pair.map(|pair| pair.expires_at)),
            millis(pair.map(|pair| pair.refreshed_at)),
            self.state.as_str().into(),
            self.sha256.map(|hash| hash.to_string()).into(),
            millis(self.installed_at),
            millis(self.check_due_at),
            millis(self.erase_log_at),
            report.into(),
        ];
        let upsert = "INSERT OR REPLACE INTO authorisation (only, client_id, user_id, server, endpoint, access_token, refresh_token,
            expires_at, refreshed_at, state, sha256, installed_at, check_due_at, erase_log_at, report)
            VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        sql.query(upsert, &values).map(drop)
    }
}
