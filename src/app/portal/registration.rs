//! What a portal's object knows about its portal: the tokens, and what is to be told to others.

use super::command::{PortalState, Register};
use crate::app::ports::{PortError, Sql};
use crate::app::rows::{Row, integer, optional_integer, optional_text, parsed, text};
use crate::domain::install::{InstallRecord, MAX_TOKENS, Token, TokenKind, TokenStatus};
use crate::domain::member_id::MemberId;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;

/// The portal, as storage has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The portal.
    pub member_id: MemberId,
    /// Its domain.
    pub domain: Option<String>,
    /// Its tokens, in the order of their hashes.
    pub tokens: Vec<Token>,
    /// Whether the operator ended all of it, and has registered nothing since.
    pub is_revoked: bool,
    /// When the record in KV is to be written, if it is out of date.
    pub record_due_at: Option<Timestamp>,
    /// When the Directory is to be told, if it is out of date.
    pub report_due_at: Option<Timestamp>,
}

impl Registration {
    /// A portal that was unknown until now.
    #[must_use]
    pub fn new(member_id: MemberId) -> Self {
        Self {
            member_id,
            domain: None,
            tokens: Vec::new(),
            is_revoked: false,
            record_due_at: None,
            report_due_at: None,
        }
    }

    /// A portal as its record in KV describes it.
    #[must_use]
    pub fn from_record(member_id: MemberId, record: InstallRecord, now: Timestamp) -> Self {
        let mut adopted = Self { domain: record.domain, ..Self::new(member_id) };
        for mut token in record.tokens.into_iter().take(MAX_TOKENS) {
            token.added_at.get_or_insert(now);
            if token.status != TokenStatus::Active {
                token.ended_at.get_or_insert(now);
            }
            adopted.put(token);
        }
        adopted
    }

    /// The portal in storage, if it was registered. The schema must be there.
    pub fn load(sql: &impl Sql) -> Result<Option<Self>, PortError> {
        let rows = sql.query("SELECT member_id, domain, record_due_at, report_due_at, revoked FROM portal", &[])?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let tokens =
            sql.query("SELECT sha256, label, kind, status, added_at, ended_at FROM token ORDER BY sha256", &[])?;
        let time = |column| Ok(optional_integer(row, column)?.map(Timestamp::from_millis));
        Ok(Some(Self {
            member_id: parsed(row, 0)?,
            domain: optional_text(row, 1)?.map(str::to_owned),
            tokens: tokens.iter().map(read_token).collect::<Result<_, PortError>>()?,
            record_due_at: time(2)?,
            report_due_at: time(3)?,
            is_revoked: integer(row, 4)? != 0,
        }))
    }

    /// Writes all of it. Rare, so it is simply written whole.
    pub fn save(&self, sql: &impl Sql) -> Result<(), PortError> {
        let millis = |time: Option<Timestamp>| time.map(Timestamp::as_millis).into();
        let values = [
            self.member_id.as_str().into(),
            self.domain.as_deref().into(),
            millis(self.record_due_at),
            millis(self.report_due_at),
            i64::from(self.is_revoked).into(),
        ];
        let upsert = "INSERT INTO portal (only, member_id, domain, record_due_at, report_due_at, revoked) VALUES (1, ?, ?, ?, ?, ?)
            ON CONFLICT (only) DO UPDATE SET domain = excluded.domain, record_due_at = excluded.record_due_at,
            report_due_at = excluded.report_due_at, revoked = excluded.revoked";
        sql.query(upsert, &values)?;
        for token in &self.tokens {
            let values = [
                token.sha256.to_string().into(),
                token.label.as_deref().into(),
                kind_text(token.kind).into(),
                status_text(token.status).into(),
                token.added_at.unwrap_or(Timestamp::EPOCH).as_millis().into(),
                millis(token.ended_at),
            ];
            let upsert = "INSERT OR REPLACE INTO token (sha256, label, kind, status, added_at, ended_at) VALUES (?, ?, ?, ?, ?, ?)";
            sql.query(upsert, &values)?;
        }
        Ok(())
    }

    /// Adds a token, or makes one active again, and the portal with it. Whether there was room. Where the operator ended either, only the
    /// operator's word counts.
    #[must_use]
    pub fn register(&mut self, register: &Register, now: Timestamp) -> bool {
        let known = self.tokens.iter().find(|token| token.sha256 == register.sha256);
        if known.is_none() && self.tokens.len() >= MAX_TOKENS {
            return false;
        }
        let token = Token {
            sha256: register.sha256,
            label: register.label.clone().or_else(|| known.and_then(|token| token.label.clone())),
            kind: register.kind,
            status: TokenStatus::Active,
            added_at: known.and_then(|token| token.added_at).or(Some(now)),
            ended_at: None,
        };
        self.put(token);
        if register.domain.is_some() {
            self.domain.clone_from(&register.domain);
        }
        self.is_revoked = false;
        true
    }

    /// Ends one active or uninstalled token, or the portal with all. Whether there was such a token.
    pub fn revoke(&mut self, sha256: Option<&TokenHash>, now: Timestamp) -> bool {
        let mut found = sha256.is_none();
        self.is_revoked |= found;
        for token in self.tokens.iter_mut().filter(|token| sha256.is_none_or(|hash| token.sha256 == *hash)) {
            found = true;
            if token.status != TokenStatus::Revoked {
                token.status = TokenStatus::Revoked;
                token.ended_at = Some(now);
            }
        }
        found
    }

    /// Notes that the application of a token was removed from the portal.
    pub fn uninstall(&mut self, sha256: &TokenHash, now: Timestamp) {
        for token in self.tokens.iter_mut().filter(|token| token.sha256 == *sha256) {
            token.status = TokenStatus::Uninstalled;
            token.ended_at = Some(now);
        }
    }

    /// Notes that KV and the Directory are out of date.
    pub fn tell_others(&mut self, now: Timestamp) {
        self.record_due_at = Some(now);
        self.report_due_at = Some(now);
    }

    /// Whether the portal's events are believed.
    #[must_use]
    pub fn state(&self) -> PortalState {
        let has = |status| self.tokens.iter().any(|token| token.status == status);
        if self.is_revoked {
            PortalState::Revoked
        } else if has(TokenStatus::Active) {
            PortalState::Active
        } else if has(TokenStatus::Uninstalled) {
            PortalState::Uninstalled
        } else if self.tokens.is_empty() {
            PortalState::Installing
        } else {
            PortalState::Revoked
        }
    }

    /// The record for KV.
    #[must_use]
    pub fn record(&self, now: Timestamp) -> InstallRecord {
        InstallRecord {
            member_id: Some(self.member_id.clone()),
            domain: self.domain.clone(),
            tokens: self.tokens.clone(),
            updated_at: Some(now),
        }
    }

    fn put(&mut self, token: Token) {
        match self.tokens.binary_search_by(|known| known.sha256.cmp(&token.sha256)) {
            Ok(at) => self.tokens[at] = token,
            Err(at) => self.tokens.insert(at, token),
        }
    }
}

fn read_token(row: &Row) -> Result<Token, PortError> {
    let unreadable = |what: &str| PortError::new("token.read", &format!("unknown {what}"));
    Ok(Token {
        sha256: parsed(row, 0)?,
        label: optional_text(row, 1)?.map(str::to_owned),
        kind: match text(row, 2)? {
            "app" => TokenKind::App,
            "webhook" => TokenKind::Webhook,
            _ => return Err(unreadable("kind")),
        },
        status: match text(row, 3)? {
            "active" => TokenStatus::Active,
            "uninstalled" => TokenStatus::Uninstalled,
            "revoked" => TokenStatus::Revoked,
            _ => return Err(unreadable("status")),
        },
        added_at: Some(Timestamp::from_millis(integer(row, 4)?)),
        ended_at: optional_integer(row, 5)?.map(Timestamp::from_millis),
    })
}

const fn kind_text(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::App => "app",
        TokenKind::Webhook => "webhook",
    }
}

const fn status_text(status: TokenStatus) -> &'static str {
    match status {
        TokenStatus::Active => "active",
        TokenStatus::Uninstalled => "uninstalled",
        TokenStatus::Revoked => "revoked",
    }
}
