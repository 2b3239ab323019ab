//! Whether a claim is true. Nothing is stored before it is.
//!
//! The OAuth server says whose the access token is. That proves the token, not the `application_token` beside it, which any
//! employee could have made up: so the portal itself must say that the token is an administrator's.

use super::oauth_client;
use super::rest_client;
use crate::app::portal::Portal;
use crate::app::ports::PortalRuntime;
use crate::domain::application::authorisation::TokenPair;
use crate::domain::application::claim::InstallClaim;
use crate::domain::application::endpoint::{ClientEndpoint, OAuthServer};
use crate::domain::application::oauth::{OAuthError, Proof};
use crate::domain::application::rest::RestError;
use crate::domain::application::settings::Application;
use crate::domain::time::Timestamp;

/// How long a token is believed to last where its server does not say, in milliseconds: as long as it lasts.
const ACCESS_MILLIS: i64 = 3_600_000;

/// A claim that is true.
#[derive(Debug)]
pub struct Proven {
    pub server: OAuthServer,
    pub endpoint: ClientEndpoint,
    pub domain: String,
    pub user_id: Option<String>,
    pub pair: TokenPair,
}

/// A claim that is not proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unproven {
    /// It is false, for the log: it says why.
    False(String),
    /// Its token is real, but not an administrator's.
    NotAdmin,
    /// Who could prove it cannot be asked: try later.
    Later(String),
    /// Its access token had ended, and was renewed: try with these, which alone are good now.
    Renewed(TokenPair),
}

impl<R: PortalRuntime> Portal<R> {
    /// Proves a claim. One that waited longer than its access token lasts is renewed by its refresh token, which is used up by it: so
    /// the new pair is handed out before anything else is tried.
    pub(super) async fn prove(
        &self,
        application: &Application,
        claim: &InstallClaim,
        may_refresh: bool,
    ) -> Result<Proven, Unproven> {
        let mut refusal = Unproven::False("no server was asked".to_owned());
        for server in &claim.servers {
            match self.prove_at(*server, application, claim, may_refresh).await {
                Ok(proven) => return self.prove_admin(proven).await,
                // The other server may be unreachable, and still be the one that knows.
                Err(renewed @ Unproven::Renewed(_)) => return Err(renewed),
                Err(later @ Unproven::Later(_)) => refusal = later,
                Err(other) if !matches!(refusal, Unproven::Later(_)) => refusal = other,
                Err(_) => {}
            }
        }
        Err(refusal)
    }

    async fn prove_at(
        &self,
        server: OAuthServer,
        application: &Application,
        claim: &InstallClaim,
        may_refresh: bool,
    ) -> Result<Proven, Unproven> {
        let now = self.runtime.now();
        match oauth_client::app_info(&self.runtime, server, &claim.access_token).await {
            Ok(proof) => accept(server, application, claim, proof, now),
            Err(OAuthError::Unreachable(cause)) => Err(Unproven::Later(cause)),
            Err(OAuthError::Refused(code)) => Err(Unproven::False(code)),
            Err(OAuthError::Expired) => match claim.refresh_token.as_ref().filter(|_| may_refresh) {
                Some(token) => match oauth_client::renew(&self.runtime, server, application, token, now).await {
                    Ok(renewal) if renewal.member_id == claim.member_id => Err(Unproven::Renewed(renewal.pair)),
                    Ok(_) => Err(Unproven::False("the token is another portal's".to_owned())),
                    Err(OAuthError::Unreachable(cause)) => Err(Unproven::Later(cause)),
                    Err(error) => Err(Unproven::False(error.to_string())),
                },
                None => Err(Unproven::False("expired_token".to_owned())),
            },
        }
    }

    async fn prove_admin(&self, proven: Proven) -> Result<Proven, Unproven> {
        match rest_client::call_once(&self.runtime, &proven.endpoint, &proven.pair.access, "profile", None).await {
            Ok(profile) if profile["ADMIN"].as_bool() == Some(true) => Ok(proven),
            Ok(_) => Err(Unproven::NotAdmin),
            Err(RestError::Refused(code)) => Err(Unproven::False(code)),
            Err(error) => Err(Unproven::Later(error.to_string())),
        }
    }
}

/// A token counts where it was issued to this application, for the portal that the claim names.
fn accept(
    server: OAuthServer,
    application: &Application,
    claim: &InstallClaim,
    proof: Proof,
    now: Timestamp,
) -> Result<Proven, Unproven> {
    if proof.client_id != application.client_id {
        return Err(Unproven::False("the token is another application's".to_owned()));
    }
    if proof.member_id != claim.member_id {
        return Err(Unproven::False("the token is another portal's".to_owned()));
    }
    let expires_at = proof.expires_at.unwrap_or_else(|| now.plus_millis(ACCESS_MILLIS));
    Ok(Proven {
        server,
        endpoint: proof.endpoint,
        domain: proof.domain,
        user_id: proof.user_id,
        pair: TokenPair { access: claim.access_token.clone(), refresh: claim.refresh_token.clone(), expires_at },
    })
}
