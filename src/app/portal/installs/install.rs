//! What a proven claim changes: the token is registered, the authorisation stored, the subscriptions are due.

use super::proof::{Proven, Unproven};
use super::sync::SyncReport;
use super::vault::{Authorisation, SealedPair};
use crate::app::log_line::{Level, LogLine};
use crate::app::portal::command::{Install, PendingInstall, PortalReply, Register};
use crate::app::portal::registration::Registration;
use crate::app::portal::{Memory, Portal, event_log};
use crate::app::ports::{PortError, PortalRuntime};
use crate::domain::application::authorisation::{AuthorisationState, supersedes};
use crate::domain::application::claim::InstallClaim;
use crate::domain::install::{TokenKind, TokenStatus};
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use crate::domain::vault::{SealedFor, VaultError};

/// What a claim is sealed as, on its way from the Worker and where it waits.
pub const CLAIM_PURPOSE: &str = "install.claim";
/// Shortest `application_token` of an application, in bytes. Bitrix24's have 32; one that can be guessed is nobody's proof.
const MIN_TOKEN_BYTES: usize = 16;
/// Why a claim is refused, where what the operator ended only the operator begins again.
const REVOKED: &str = "the operator revoked the portal, or its token";

/// A claim that is proven.
struct News {
    claim: InstallClaim,
    proven: Proven,
    sha256: Option<TokenHash>,
}

impl<R: PortalRuntime> Portal<R> {
    /// Proves a claim, and only then writes anything.
    pub(in crate::app::portal) async fn install(&self, install: Install) -> Result<PortalReply, PortError> {
        let Some(application) = self.config.installs.application() else {
            return Ok(PortalReply::NotConfigured);
        };
        let sealed_for = SealedFor { member_id: &install.member_id, purpose: CLAIM_PURPOSE };
        let claim = match self.config.vault.open(&install.claim, sealed_for) {
            Ok(secret) => InstallClaim::from_secret(&secret),
            // The Worker sealed it: with a key that this object does not have yet, or that the operator took away.
            Err(error @ (VaultError::NoKey | VaultError::UnknownKey)) => {
                return Ok(self.postpone(&install, PendingInstall::Unreachable, &error.to_string()));
            }
            Err(VaultError::Broken) => None,
        };
        let Some(claim) = claim else {
            return Ok(self.refuse(&install, "the claim does not open"));
        };
        if claim.application_token.as_ref().is_some_and(|token| token.expose().len() < MIN_TOKEN_BYTES) {
            return Ok(self.refuse(&install, "the application_token can be guessed"));
        }
        if let Err(error) = self.adopt_from_kv(&install.member_id).await? {
            return Ok(PortalReply::Failed(error.to_string()));
        }
        let proven = match self.prove(application, &claim, install.may_refresh).await {
            Ok(proven) => proven,
            Err(Unproven::False(cause)) => return Ok(self.refuse(&install, &cause)),
            Err(Unproven::NotAdmin) => {
                let cause = "the token is not an administrator's";
                return Ok(self.postpone(&install, PendingInstall::NotAdmin, cause));
            }
            Err(Unproven::Later(cause)) => return Ok(self.postpone(&install, PendingInstall::Unreachable, &cause)),
            Err(Unproven::Renewed(pair)) => return self.renewed_claim(&claim.with_pair(pair)),
        };
        // Storage may have failed another request meanwhile, and memory been thrown away.
        self.wake().await?;
        let sha256 = claim.application_token.as_ref().map(crate::domain::secret::Secret::sha256);
        let news = News { claim, proven, sha256 };
        self.take_install(install, news, &application.client_id).await
    }

    fn renewed_claim(&self, claim: &InstallClaim) -> Result<PortalReply, PortError> {
        let sealed_for = SealedFor { member_id: &claim.member_id, purpose: CLAIM_PURPOSE };
        let sealed = self.config.vault.seal(&claim.to_secret(), sealed_for, self.runtime.fresh());
        sealed.map(PortalReply::ClaimRenewed).map_err(|error| PortError::new("vault.seal", &error))
    }

    async fn take_install(&self, install: Install, news: News, client_id: &str) -> Result<PortalReply, PortError> {
        let now = self.runtime.now();
        if self.with_memory(|memory| is_known(memory, &news, client_id).then_some(())).is_some() {
            // The same once more changes nothing.
            let seq = self.log_install(&install, now)?;
            self.rearm().await?;
            return Ok(PortalReply::Installed { seq, progress: Box::new(self.progress()) });
        }
        let (mut has_room, mut seq) = (true, None);
        let register = news.sha256.map(|sha256| Register {
            member_id: install.member_id.clone(),
            sha256,
            kind: TokenKind::App,
            label: None,
            domain: Some(news.proven.domain.clone()),
        });
        let change = |known: Option<Registration>| {
            if known.as_ref().is_some_and(|known| is_revoked(known, news.sha256)) {
                return None;
            }
            let mut registration = known.unwrap_or_else(|| Registration::new(install.member_id.clone()));
            match &register {
                Some(register) => has_room = registration.register(register, now),
                None => registration.domain = Some(news.proven.domain.clone()),
            }
            Some(registration)
        };
        let also = |memory: &mut Memory| {
            let authorisation = self.authorise(memory, &news, client_id, now)?;
            authorisation.save(&self.runtime)?;
            memory.authorisation = Some(authorisation);
            if let Some(event) = &install.event
                && news.sha256.is_some()
            {
                seq = match event_log::find_recent(&self.runtime, event.id, memory.head)? {
                    Some(seq) if install.may_be_repeated => Some(seq),
                    _ => Some(self.log(memory, &[(event, false)], now)?),
                };
            }
            Ok(())
        };
        if !self.take_over(&install.member_id, news.sha256.into_iter().collect(), change, also, now).await? {
            return Ok(self.refuse(&install, REVOKED));
        }
        self.runtime.write(self.line(Level::Info, "application installed"));
        if !has_room {
            return Ok(PortalReply::TooManyTokens);
        }
        Ok(PortalReply::Installed { seq, progress: Box::new(self.progress()) })
    }

    /// The authorisation after a proven claim.
    fn authorise(
        &self,
        memory: &Memory,
        news: &News,
        client_id: &str,
        now: Timestamp,
    ) -> Result<Authorisation, PortError> {
        let News { claim, proven, sha256 } = news;
        let standing = memory.authorisation.as_ref().filter(|standing| standing.client_id == client_id);
        let kept = standing.filter(|standing| !replaces_pair(standing, proven)).cloned();
        let mut authorisation = match kept {
            Some(kept) => kept,
            None => Authorisation {
                client_id: client_id.to_owned(),
                user_id: proven.user_id.clone(),
                server: proven.server,
                endpoint: proven.endpoint.clone(),
                pair: Some(
                    SealedPair::seal(
                        &self.config.vault,
                        &self.runtime,
                        &memory.registration.member_id,
                        &proven.pair,
                        now,
                    )
                    .map_err(|error| PortError::new("vault.seal", &error))?,
                ),
                state: AuthorisationState::Valid,
                sha256: standing.and_then(|standing| standing.sha256),
                installed_at: standing.and_then(|standing| standing.installed_at),
                check_due_at: None,
                erase_log_at: None,
                report: standing.map_or_else(SyncReport::default, |standing| standing.report.clone()),
            },
        };
        authorisation.endpoint = proven.endpoint.clone();
        authorisation.sha256 = sha256.or(authorisation.sha256);
        authorisation.installed_at = authorisation.installed_at.max(Some(claim.occurred_at.unwrap_or(now)));
        authorisation.check_due_at = Some(now);
        authorisation.erase_log_at = None;
        Ok(authorisation)
    }

    /// Logs the event that made a claim which changes nothing.
    fn log_install(&self, install: &Install, now: Timestamp) -> Result<Option<i64>, PortError> {
        let mut memory = self.memory.borrow_mut();
        let (Some(memory), Some(event)) = (memory.as_mut(), &install.event) else {
            return Ok(None);
        };
        if install.may_be_repeated
            && let Some(seq) = event_log::find_recent(&self.runtime, event.id, memory.head)?
        {
            return Ok(Some(seq));
        }
        self.log(memory, &[(event, false)], now).map(Some)
    }

    fn refuse(&self, install: &Install, cause: &str) -> PortalReply {
        self.tell_unproven(install, "install refused", cause);
        PortalReply::InstallRefused
    }

    fn postpone(&self, install: &Install, pending: PendingInstall, cause: &str) -> PortalReply {
        self.tell_unproven(install, "install pending", cause);
        PortalReply::InstallPending(pending)
    }

    fn tell_unproven(&self, install: &Install, message: &'static str, cause: &str) {
        let line = LogLine::new(Level::Warn, message).with("member_id", install.member_id.as_str());
        self.runtime.write(line.with("error", cause));
    }
}

/// Whether the operator ended the portal, or the token of a claim.
fn is_revoked(registration: &Registration, sha256: Option<TokenHash>) -> bool {
    let is_ended =
        |hash| registration.tokens.iter().any(|token| token.sha256 == hash && token.status == TokenStatus::Revoked);
    registration.is_revoked || sha256.is_some_and(is_ended)
}

fn replaces_pair(standing: &Authorisation, proven: &Proven) -> bool {
    let expires_at = standing.pair.as_ref().map(|pair| pair.expires_at);
    expires_at.is_none_or(|expires_at| supersedes(proven.pair.expires_at, standing.state, expires_at))
}

/// Whether all that a claim says stands already.
fn is_known(memory: &Memory, news: &News, client_id: &str) -> bool {
    let News { claim, proven, sha256 } = news;
    let Some(standing) = &memory.authorisation else {
        return false;
    };
    let is_registered = |hash: &TokenHash| {
        let mut tokens = memory.registration.tokens.iter();
        tokens.any(|token| token.sha256 == *hash && token.kind == TokenKind::App && token.status == TokenStatus::Active)
    };
    !is_revoked(&memory.registration, *sha256)
        && standing.client_id == client_id
        && !replaces_pair(standing, proven)
        && standing.endpoint == proven.endpoint
        && memory.registration.domain.as_ref() == Some(&proven.domain)
        && sha256.is_none_or(|hash| standing.sha256 == Some(hash) && is_registered(&hash))
        && claim.occurred_at <= standing.installed_at
        && standing.erase_log_at.is_none()
}
