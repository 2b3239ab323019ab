//! `POST /install`: the callback that says that the application was installed, and the form that its administrator's browser
//! posts. Neither is believed before it is proven.

use super::Edge;
use super::events::{accepted, hold_in_directory, rate_limited};
use super::install_page::{Page, Visit};
use super::objects::{call_directory, call_portal, unexpected};
use super::post::{self, Post, forbidden};
use super::query::{bad, json_in};
use crate::app::directory::command::{DirectoryCommand, DirectoryReply};
use crate::app::held_events::NewEvent;
use crate::app::portal::command::{Install, PendingInstall, PortalCommand, PortalReply};
use crate::app::portal::installs::CLAIM_PURPOSE;
use crate::app::portal::installs::progress::Progress;
use crate::app::ports::{EdgeRuntime, IncomingRequest};
use crate::domain::application::claim::{ClaimError, InstallClaim};
use crate::domain::application::settings::Application;
use crate::domain::location::LocationHint;
use crate::domain::member_id::MemberId;
use crate::domain::php_tree::PhpTree;
use crate::domain::problem::{Code, Problem};
use crate::domain::reply::Reply;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::vault::{Sealed, SealedFor};
use serde::{Deserialize, Serialize};

/// What a ticket is sealed as: it lets the installer page ask how far the installation is.
const TICKET_PURPOSE: &str = "install.page";
/// How long a page may ask, in milliseconds.
const TICKET_MILLIS: i64 = 3_600_000;
/// Bytes of what the page posts: a sealed ticket and a `member_id`.
const MAX_PROGRESS_BYTES: usize = 2 << 10;

/// What became of a claim.
enum Verdict {
    Installed { seq: Option<i64>, progress: Box<Progress> },
    Pending(PendingInstall),
    Refused,
}

#[derive(Serialize)]
struct Pending {
    status: &'static str,
    reason: PendingInstall,
}

/// What the installer page asks.
#[derive(Deserialize)]
struct ProgressBody {
    member_id: MemberId,
    ticket: Sealed,
    #[serde(default)]
    retry: bool,
}

impl Edge {
    /// Tells the callback and the form apart by what is in them.
    pub(super) async fn install(
        &self,
        runtime: &impl EdgeRuntime,
        request: &impl IncomingRequest,
    ) -> Result<Reply, Problem> {
        let Some(application) = self.config.installs.application() else {
            return Err(install_is_not_configured());
        };
        let tree = self.read_tree(runtime, request).await?;
        if tree.get("event").is_some() {
            return self.install_by_event(runtime, request, tree).await;
        }
        if tree.get("AUTH_ID").is_some() {
            return self.install_by_form(runtime, request, application, &tree).await;
        }
        Err(Problem::new(
            Code::Malformed,
            "neither an event nor the form of an installer: there is no `event` and no `AUTH_ID`",
        ))
    }

    /// The callback. What proves it is logged with what it changes; what cannot be proven yet is held; what is false leaves
    /// no trace, unless its token is registered.
    async fn install_by_event(
        &self,
        runtime: &impl EdgeRuntime,
        request: &impl IncomingRequest,
        tree: PhpTree,
    ) -> Result<Reply, Problem> {
        let post = post::normalized(runtime, request, &post::read_event(tree)?)?;
        post.account(self.install_by_post(runtime, &post).await)
    }

    async fn install_by_post(&self, runtime: &impl EdgeRuntime, post: &Post) -> Result<Reply, Problem> {
        let verdict = match &post.claim {
            None => return self.take(runtime, post).await,
            Some(Ok(claim)) => {
                self.check_rate(runtime, &post.member_id, &post.address).await?;
                self.prove(runtime, claim, post.hint, Some(post)).await?
            }
            Some(Err(_)) => Verdict::Refused,
        };
        match verdict {
            Verdict::Installed { seq, .. } => {
                self.cache.borrow_mut().set_registered(&post.member_id);
                Ok(accepted(post, seq))
            }
            Verdict::Pending(reason) => {
                // Held, or logged where its token is registered already.
                match self.take(runtime, post).await {
                    Err(problem) if problem.code() == Code::Unavailable => {
                        hold_in_directory(runtime, post).await.map(drop)
                    }
                    Err(problem) if problem.code() != Code::Forbidden => Err(problem),
                    _ => Ok(()),
                }?;
                Ok(Reply::json(202, &Pending { status: "pending", reason }).called("pending"))
            }
            // An event whose token is registered is genuine, whatever became of the access token beside it.
            Verdict::Refused => match self.append(runtime, post, false).await? {
                Ok(seq) => Ok(accepted(post, Some(seq))),
                Err(_) => Err(forbidden()),
            },
        }
    }

    /// An event at the handler that makes a claim: it was taken like any other, and now its claim is proven as well. Where the object
    /// cannot be reached the claim is kept, and the Directory holds the event, which is fetched when the claim is proven. A claim has a
    /// limit of its own: what else comes from its address, before its token is known, must not silence it.
    pub(super) async fn follow_claim(
        &self,
        runtime: &impl EdgeRuntime,
        post: &Post,
        taken: Result<Reply, Problem>,
    ) -> Result<Reply, Problem> {
        let refused_as = taken.as_ref().err().map(Problem::code);
        // Neither logged nor held.
        let is_nowhere = matches!(refused_as, Some(Code::Unavailable | Code::RateLimited));
        let may_follow = is_nowhere || matches!(refused_as, None | Some(Code::Forbidden));
        let (Some(Ok(claim)), true) = (&post.claim, may_follow && self.config.installs.application().is_some()) else {
            return taken;
        };
        if self.check_rate(runtime, &post.member_id, &post.address).await.is_err() {
            return taken;
        }
        match self.prove(runtime, claim, post.hint, None).await {
            Ok(Verdict::Installed { .. }) => {
                self.cache.borrow_mut().set_registered(&post.member_id);
                match taken {
                    Ok(reply) if reply.status == 200 => Ok(reply),
                    Err(_) if is_nowhere => self.take(runtime, post).await,
                    _ => {
                        // It was held, and logged when the claim was proven: its place is there. The answer goes without one where the object
                        // cannot be asked.
                        post.may_be_known.set(true);
                        let seq = self.append(runtime, post, false).await.ok().and_then(Result::ok);
                        Ok(accepted(post, seq))
                    }
                }
            }
            Ok(Verdict::Pending(_)) if is_nowhere => hold_in_directory(runtime, post).await,
            _ => taken,
        }
    }

    /// The form. It is answered by a page, whatever becomes of it.
    async fn install_by_form(
        &self,
        runtime: &impl EdgeRuntime,
        request: &impl IncomingRequest,
        application: &Application,
        form: &PhpTree,
    ) -> Result<Reply, Problem> {
        let visit = Visit::read(request.query());
        let claim = match InstallClaim::from_form(form.root(), visit.domain.as_deref()) {
            Ok(claim) => claim,
            Err(ClaimError::BadMemberId) => {
                return Err(Problem::new(Code::BadMemberId, ClaimError::BadMemberId.to_string()));
            }
            Err(_) => return Ok(Page::refused(application, &visit)),
        };
        let hint = LocationHint::choose(visit.domain.as_deref(), request.header("cf-ipcountry").as_deref());
        let address = request.header("cf-connecting-ip").unwrap_or_default();
        self.check_rate(runtime, &claim.member_id, &address).await?;
        Ok(match self.prove(runtime, &claim, hint, None).await? {
            Verdict::Installed { progress, .. } => {
                self.cache.borrow_mut().set_registered(&claim.member_id);
                let ticket = self.ticket(runtime, &claim.member_id)?;
                Page::installing(application, &visit, &claim.member_id, &ticket, &progress)
            }
            Verdict::Pending(reason) => Page::pending(application, &visit, reason),
            Verdict::Refused => Page::refused(application, &visit),
        })
    }

    /// How far an installation is, for the page that shows it.
    pub(super) async fn install_progress(
        &self,
        runtime: &impl EdgeRuntime,
        request: &impl IncomingRequest,
    ) -> Result<Reply, Problem> {
        let body = request.body(MAX_PROGRESS_BYTES).await.map_err(|_| bad("the body"))?;
        let body: ProgressBody = json_in(&body).ok_or_else(|| bad("the body"))?;
        let sealed_for = SealedFor { member_id: &body.member_id, purpose: TICKET_PURPOSE };
        // A ticket that does not open is nobody's, whatever is wrong with it.
        let expires_at = self.config.vault.open(&body.ticket, sealed_for).ok();
        let expires_at = expires_at.and_then(|secret| Timestamp::from_rfc3339(secret.expose()));
        if expires_at.is_none_or(|expires_at| runtime.now() >= expires_at) {
            return Err(Problem::new(Code::Forbidden, "the page is too old: open the application again"));
        }
        let hint = LocationHint::choose(None, None);
        let ask = |_| PortalCommand::InstallProgress { retry: body.retry };
        match call_portal(runtime, &body.member_id, hint, ask).await? {
            PortalReply::Progress(progress) => Ok(Reply::json(200, &progress)),
            other => Err(unexpected(runtime, &other)),
        }
    }

    /// Lets the portal's object prove a claim. One that cannot be proven now is kept, and tried again; so is one whose object
    /// cannot be reached.
    async fn prove(
        &self,
        runtime: &impl EdgeRuntime,
        claim: &InstallClaim,
        hint: LocationHint,
        post: Option<&Post>,
    ) -> Result<Verdict, Problem> {
        let member_id = &claim.member_id;
        let sealed = self.seal(runtime, &claim.to_secret(), SealedFor { member_id, purpose: CLAIM_PURPOSE })?;
        let reply = ask_to_install(runtime, member_id, hint, &sealed, post).await;
        if let Some(post) = post.filter(|_| reply.is_err()) {
            post.may_be_known.set(true);
        }
        match reply.unwrap_or(PortalReply::InstallPending(PendingInstall::Unreachable)) {
            PortalReply::Installed { seq, progress } => Ok(Verdict::Installed { seq, progress }),
            PortalReply::InstallPending(PendingInstall::Unreachable) => {
                let keep = DirectoryCommand::KeepInstall { member_id: member_id.clone(), claim: sealed };
                match call_directory(runtime, &keep).await? {
                    DirectoryReply::Done => Ok(Verdict::Pending(PendingInstall::Unreachable)),
                    other => Err(unexpected(runtime, &other)),
                }
            }
            PortalReply::InstallPending(reason) => Ok(Verdict::Pending(reason)),
            PortalReply::InstallRefused | PortalReply::TooManyTokens => Ok(Verdict::Refused),
            PortalReply::NotConfigured => Err(install_is_not_configured()),
            other => Err(unexpected(runtime, &other)),
        }
    }

    /// A proof costs requests to Bitrix24, so every claim counts.
    async fn check_rate(&self, runtime: &impl EdgeRuntime, member_id: &MemberId, address: &str) -> Result<(), Problem> {
        if runtime.allows(&format!("install {member_id} {address}")).await { Ok(()) } else { Err(rate_limited()) }
    }

    fn ticket(&self, runtime: &impl EdgeRuntime, member_id: &MemberId) -> Result<Sealed, Problem> {
        let expires_at = runtime.now().plus_millis(TICKET_MILLIS).to_rfc3339_millis();
        self.seal(runtime, &Secret::new(expires_at), SealedFor { member_id, purpose: TICKET_PURPOSE })
    }

    fn seal(&self, runtime: &impl EdgeRuntime, secret: &Secret, sealed_for: SealedFor<'_>) -> Result<Sealed, Problem> {
        self.config.vault.seal(secret, sealed_for, runtime.fresh()).map_err(|_| install_is_not_configured())
    }
}

async fn ask_to_install(
    runtime: &impl EdgeRuntime,
    member_id: &MemberId,
    hint: LocationHint,
    claim: &Sealed,
    post: Option<&Post>,
) -> Result<PortalReply, Problem> {
    let install = |may_be_repeated| {
        PortalCommand::Install(Install {
            member_id: member_id.clone(),
            claim: claim.clone(),
            event: post.map(|post| NewEvent::clone(&post.event)),
            may_be_repeated,
            may_refresh: false,
        })
    };
    call_portal(runtime, member_id, hint, install).await
}

/// The answer where portals cannot install the application.
pub(super) fn install_is_not_configured() -> Problem {
    let detail = "B24_CLIENT_ID, or a variable that it needs, is not set: portals are registered by the operator";
    Problem::new(Code::NotConfigured, detail)
}
