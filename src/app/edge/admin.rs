//! The API: which call does what, and the calls about portals and their tokens.

use super::Edge;
use super::cache::EdgeCache;
use super::consumers;
use super::deliveries;
use super::destinations;
use super::install::install_is_not_configured;
use super::merged_log;
use super::metrics;
use super::objects::{call_directory, call_portal, unavailable, unexpected};
use super::query::{DEFAULT_LIMIT, LIMITS, Query, bad, read_json};
use super::read::{read_log, tell_activity};
use super::records::{adopt, compare_record};
use crate::app::directory::command::{DirectoryCommand, DirectoryReply, PortalReport};
use crate::app::portal::command::{
    DeliveryStatus, HeldStatus, LogStatus, OwnedConfigError, PortalCommand, PortalReply, PortalState, PortalStatus,
    Register, StorageStatus,
};
use crate::app::ports::{EdgeRuntime, IncomingRequest};
use crate::domain::application::authorisation::AuthorisationState;
use crate::domain::caller::Caller;
use crate::domain::install::{MAX_TOKENS, TokenKind, TokenStatus};
use crate::domain::location::LocationHint;
use crate::domain::member_id::MemberId;
use crate::domain::problem::{Code, Problem};
use crate::domain::reply::Reply;
use crate::domain::route::Route;
use crate::domain::secret::{Secret, TokenHash};
use crate::domain::variable::ConfigError;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;

/// Bytes of a token under which it can be guessed. Bitrix24's own have 32 characters; a bot's may be chosen freely.
const MIN_TOKEN_BYTES: usize = 16;
/// Longest label and domain, in bytes; a domain has at most 253 (RFC 1035) and a port.
const MAX_TEXT_BYTES: usize = 260;

/// The body of `PUT /portals/{member_id}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegisterBody {
    application_token: String,
    domain: Option<String>,
    label: Option<String>,
    #[serde(default)]
    kind: TokenKind,
    #[serde(default)]
    weak: bool,
}

/// A list with the place where the next one begins.
#[derive(Serialize)]
struct PortalList<'a> {
    portals: Vec<PortalReport>,
    next: Option<MemberId>,
    configuration_errors: &'a [ConfigError],
}

impl Edge {
    /// Carries out a call of the API, which the caller may make.
    pub(super) async fn administer(
        &self,
        runtime: &impl EdgeRuntime,
        request: &impl IncomingRequest,
        caller: Caller<'_>,
        route: Route,
    ) -> Result<Reply, Problem> {
        let query = Query::parse(request.query())?;
        match (route, request.method()) {
            (Route::Portals, _) => self.list(runtime, &query).await,
            (Route::Portal(member_id), "PUT") => register(runtime, request, member_id, &self.cache).await,
            (Route::Portal(member_id), "DELETE") => revoke(runtime, &member_id, None).await,
            (Route::Portal(member_id), _) => self.show(runtime, &member_id).await,
            (Route::PortalToken(member_id, hash), _) => revoke(runtime, &member_id, Some(hash)).await,
            (Route::PortalSync(member_id), _) => sync(runtime, &member_id).await,
            (Route::PortalEvents(member_id), _) => read_log(runtime, &member_id, &query).await,
            (Route::PortalActivity(member_id), _) => tell_activity(runtime, &member_id, &query).await,
            (Route::Consumers(member_id), _) => consumers::list(runtime, &member_id).await,
            (Route::Consumer(member_id, name), "DELETE") => consumers::remove(runtime, &member_id, name).await,
            (Route::Consumer(member_id, name), _) => consumers::show(runtime, &member_id, &name).await,
            (Route::ConsumerAck(member_id, name), _) => {
                consumers::acknowledge(runtime, request, &member_id, name).await
            }
            (Route::Log, _) => merged_log::read(runtime, caller, &query).await,
            (Route::Metrics, _) => metrics::report(runtime, &self.config).await,
            (Route::Destinations(member_id), "POST") => self.create_destination(runtime, request, &member_id).await,
            (Route::Destinations(member_id), _) => destinations::list(runtime, &member_id).await,
            (Route::Destination(member_id, name), "PATCH") => {
                self.change_destination(runtime, request, &member_id, name).await
            }
            (Route::Destination(member_id, name), "DELETE") => destinations::remove(runtime, &member_id, name).await,
            (Route::Destination(member_id, name), _) => destinations::show(runtime, &member_id, &name).await,
            (Route::DestinationSecret(member_id, name), _) => {
                self.rotate_secret(runtime, request, &member_id, name).await
            }
            (Route::DestinationTest(member_id, name), _) => destinations::test(runtime, &member_id, name).await,
            (Route::Deliveries(member_id), _) => deliveries::list(runtime, &member_id, &query).await,
            (Route::PortalEvent(member_id, id), _) => deliveries::show(runtime, &member_id, id).await,
            (Route::EventReplay(member_id, id), _) => deliveries::redeliver(runtime, request, &member_id, id).await,
            (Route::Replays(member_id), "POST") => deliveries::replay(runtime, request, &member_id).await,
            (Route::Replays(member_id), _) => deliveries::replays(runtime, &member_id).await,
            (Route::Replay(member_id, id), _) => deliveries::cancel(runtime, &member_id, id).await,
            _ => Err(Problem::new(Code::NotFound, "there is no such resource")),
        }
    }

    /// A portal, whether it is registered or only has held events.
    async fn show(&self, runtime: &impl EdgeRuntime, member_id: &MemberId) -> Result<Reply, Problem> {
        let reply = call_known(runtime, member_id, &PortalCommand::Status).await?;
        let counts = DirectoryCommand::HeldCounts { member_id: member_id.clone() };
        let held = match call_directory(runtime, &counts).await? {
            DirectoryReply::HeldCounts(held) => held,
            other => return Err(unexpected(runtime, &other)),
        };
        let mut portal = match reply {
            PortalReply::Portal(portal) => *portal,
            PortalReply::UnknownPortal if !held.is_empty() => self.unknown(member_id),
            PortalReply::UnknownPortal => return Err(unknown_portal()),
            other => return Err(unexpected(runtime, &other)),
        };
        // What is held under a believed token is on its way into the log.
        let is_believed = |held: &HeldStatus| {
            portal.tokens.iter().any(|token| token.sha256 == held.sha256 && token.status == TokenStatus::Active)
        };
        let held: Vec<HeldStatus> = held.into_iter().filter(|held| !is_believed(held)).collect();
        for more in held {
            match portal.held.iter_mut().find(|known| known.sha256 == more.sha256) {
                Some(known) => {
                    known.events += more.events;
                    known.oldest = known.oldest.clone().min(more.oldest);
                }
                None => portal.held.push(more),
            }
        }
        if portal.state != PortalState::Unknown {
            portal.record = Some(compare_record(runtime, member_id, &portal.tokens).await);
        }
        Ok(Reply::json(200, &portal))
    }

    /// The registered portals, or those that nobody registered but that have events waiting.
    async fn list(&self, runtime: &impl EdgeRuntime, query: &Query) -> Result<Reply, Problem> {
        let limit = query.number("limit", LIMITS)?.unwrap_or(DEFAULT_LIMIT);
        let after = query.parsed("cursor", |text| MemberId::try_from(text).ok())?;
        let unknown = query.parsed("state", |text| (text == "unknown").then_some(()))?.is_some();
        match call_directory(runtime, &DirectoryCommand::List { unknown, after, limit }).await? {
            DirectoryReply::Portals(portals) => {
                let next =
                    portals.last().filter(|_| portals.len() >= limit as usize).map(|last| last.member_id.clone());
                Ok(Reply::json(200, &PortalList { portals, next, configuration_errors: &self.config.errors }))
            }
            other => Err(unexpected(runtime, &other)),
        }
    }

    fn unknown(&self, member_id: &MemberId) -> PortalStatus {
        PortalStatus {
            member_id: member_id.clone(),
            domain: None,
            state: PortalState::Unknown,
            tokens: Vec::new(),
            log: LogStatus::default(),
            storage: StorageStatus::default(),
            delivery: DeliveryStatus::default(),
            destinations: Vec::new(),
            held: Vec::new(),
            application: None,
            record: None,
            configuration_errors: self.config.errors.iter().map(OwnedConfigError::from).collect(),
        }
    }
}

/// Asks a portal's object, which takes over what KV says where it knows nothing yet.
pub async fn call_known(
    runtime: &impl EdgeRuntime,
    member_id: &MemberId,
    command: &PortalCommand,
) -> Result<PortalReply, Problem> {
    let hint = LocationHint::choose(None, None);
    let reply = call_portal(runtime, member_id, hint, |_| command.clone()).await?;
    // While KV cannot be asked, nobody knows that there is no such portal.
    if matches!(reply, PortalReply::UnknownPortal)
        && adopt(runtime, member_id, hint).await?.map_err(|_| unavailable())?
    {
        return call_portal(runtime, member_id, hint, |_| command.clone()).await;
    }
    Ok(reply)
}

async fn register(
    runtime: &impl EdgeRuntime,
    request: &impl IncomingRequest,
    member_id: MemberId,
    cache: &RefCell<EdgeCache>,
) -> Result<Reply, Problem> {
    let form = r#"{"application_token", "domain", "label", "kind", "weak"}, the first is needed"#;
    let body: RegisterBody = read_json(request, form).await?;
    let token = Secret::new(body.application_token);
    if token.is_empty() {
        return Err(bad("application_token"));
    }
    if token.expose().len() < MIN_TOKEN_BYTES && !body.weak {
        let detail = format!(r#"a token under {MIN_TOKEN_BYTES} bytes can be guessed; add "weak": true to take it"#);
        return Err(Problem::new(Code::WeakToken, detail));
    }
    let label = checked("label", body.label)?;
    let domain = checked("domain", body.domain)?;
    let hint = LocationHint::choose(domain.as_deref(), None);
    let kind = body.kind;
    let register = Register { member_id: member_id.clone(), sha256: token.sha256(), kind, label, domain };
    match call_portal(runtime, &member_id, hint, |_| PortalCommand::Register(register.clone())).await? {
        PortalReply::Portal(portal) => {
            cache.borrow_mut().set_registered(&member_id);
            Ok(Reply::json(200, &portal))
        }
        PortalReply::TooManyTokens => {
            Err(Problem::new(Code::BadRequest, format!("a portal has at most {MAX_TOKENS} tokens")))
        }
        other => Err(unexpected(runtime, &other)),
    }
}

fn checked(name: &str, text: Option<String>) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.len() > MAX_TEXT_BYTES || text.chars().any(char::is_control) => Err(bad(name)),
        text => Ok(text.filter(|text| !text.is_empty())),
    }
}

async fn revoke(runtime: &impl EdgeRuntime, member_id: &MemberId, sha256: Option<TokenHash>) -> Result<Reply, Problem> {
    match call_known(runtime, member_id, &PortalCommand::Revoke { sha256 }).await? {
        PortalReply::Portal(portal) => Ok(Reply::json(200, &portal)),
        PortalReply::UnknownPortal => Err(unknown_portal()),
        PortalReply::UnknownToken => Err(Problem::new(Code::NotFound, "the portal has no such token")),
        other => Err(unexpected(runtime, &other)),
    }
}

/// Brings a portal's subscriptions up to date, and tells the difference that there was.
async fn sync(runtime: &impl EdgeRuntime, member_id: &MemberId) -> Result<Reply, Problem> {
    match call_known(runtime, member_id, &PortalCommand::Sync).await? {
        PortalReply::Synced(outcome) => Ok(Reply::json(200, &outcome)),
        other => Err(not_authorised(runtime, other)),
    }
}

/// Why a portal could not be called.
pub fn not_authorised(runtime: &impl EdgeRuntime, reply: PortalReply) -> Problem {
    match reply {
        PortalReply::UnknownPortal => unknown_portal(),
        PortalReply::NotConfigured => install_is_not_configured(),
        PortalReply::NotAuthorised { state } => {
            let advice = state.and_then(AuthorisationState::advice);
            let detail =
                advice.unwrap_or("the portal did not install the application: its token was registered by hand");
            Problem::new(Code::NotAuthorised, detail)
        }
        PortalReply::PortalUnreachable(cause) => Problem::new(Code::PortalUnreachable, cause),
        other => unexpected(runtime, &other),
    }
}

pub fn unknown_portal() -> Problem {
    Problem::new(Code::NotFound, "there is no such portal")
}
