//! The API of destinations.

use super::Edge;
use super::admin::{call_known, unknown_portal};
use super::objects::unexpected;
use super::query::{bad, read_json, read_optional_json};
use crate::app::portal::command::{PortalCommand, PortalReply};
use crate::app::portal::delivery_command::{DestinationCommand, DestinationReply, DestinationStatus};
use crate::app::portal::destinations::MAX_DESTINATIONS;
use crate::app::ports::{EdgeRuntime, IncomingRequest, Random};
use crate::domain::config::parse_binding;
use crate::domain::destination::Format;
use crate::domain::destination_name::DestinationName;
use crate::domain::destination_secrets::DestinationSecrets;
use crate::domain::destination_settings::{Settings, SettingsChange};
use crate::domain::event_glob::EventGlob;
use crate::domain::member_id::MemberId;
use crate::domain::problem::{Code, Problem};
use crate::domain::reply::Reply;
use crate::domain::secret::Secret;
use crate::domain::signature::SigningSecrets;
use crate::domain::vault::Sealed;
use crate::domain::{destination_headers, destination_url};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// How long an old secret signs beside the new one where nothing else is said: a day, in seconds.
const DEFAULT_OVERLAP_SECONDS: u32 = 86_400;
/// Longest such time: 30 days. Longer is no rotation.
const MAX_OVERLAP_SECONDS: u32 = 30 * 86_400;

/// The body of a `POST` or a `PATCH`: what is absent is left as it is, or as it is by default.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Body {
    name: Option<String>,
    url: Option<String>,
    /// `null` takes it away.
    #[serde(deserialize_with = "nullable")]
    binding: Option<String>,
    queue: Option<String>,
    events: Option<Vec<String>>,
    format: Option<String>,
    coalesce: Option<bool>,
    headers: Option<BTreeMap<String, String>>,
    paused: Option<bool>,
}

/// The body of a rotation.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RotationBody {
    overlap_seconds: Option<u32>,
}

#[derive(Serialize)]
struct DestinationList {
    destinations: Vec<DestinationStatus>,
}

/// A destination with its secret, which nobody is shown again.
#[derive(Serialize)]
struct WithSecret<'a> {
    #[serde(flatten)]
    destination: &'a DestinationStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

const FORM: &str =
    r#"{"name", "url", "binding", "queue", "events": ["crm.*"], "format", "coalesce", "headers": {}, "paused"}"#;

impl Edge {
    /// Makes a destination, and shows its secret.
    pub(super) async fn create_destination(
        &self,
        runtime: &impl EdgeRuntime,
        request: &impl IncomingRequest,
        member_id: &MemberId,
    ) -> Result<Reply, Problem> {
        let mut body: Body = read_json(request, FORM).await?;
        let name = body.name.take().unwrap_or_default();
        let name = DestinationName::try_from(name).map_err(|error| refused("name", &error))?;
        let paused = body.paused.unwrap_or(false);
        let (change, headers) = body.change()?;
        let settings = Settings {
            url: change.url,
            binding: change.binding.filter(|binding| !binding.is_empty()),
            queue: change.queue,
            events: change.events.unwrap_or(EventGlob::parse_list("*").map_err(|error| refused("events", &error))?),
            format: change.format.unwrap_or_default(),
            coalesce: change.coalesce.unwrap_or(false),
            headers: change.headers.unwrap_or_default(),
        };
        settings.check().map_err(|error| Problem::new(Code::BadDestination, error.to_string()))?;
        let secret = settings.has_secrets().then(|| new_secret(runtime));
        let sealed = match &secret {
            None => None,
            Some(secret) => {
                let secrets = DestinationSecrets { signing: Some(secret.clone()), previous: None, headers };
                Some(self.seal_destination(runtime, &secrets, member_id, &name)?)
            }
        };
        let command = DestinationCommand::Create { name, settings, sealed, paused };
        let made = one(runtime, ask(runtime, member_id, command).await?)?;
        Ok(Reply::json(201, &WithSecret { destination: &made, secret: secret.as_ref().map(Secret::expose) }))
    }

    /// Changes a destination.
    pub(super) async fn change_destination(
        &self,
        runtime: &impl EdgeRuntime,
        request: &impl IncomingRequest,
        member_id: &MemberId,
        name: DestinationName,
    ) -> Result<Reply, Problem> {
        let body: Body = read_json(request, FORM).await?;
        if body.name.as_ref().is_some_and(|other| other != name.as_str()) {
            return Err(Problem::new(Code::BadDestination, "the name stays: make another destination"));
        }
        let paused = body.paused;
        let (change, headers) = body.change()?;
        if name.is_default() && change != SettingsChange::default() {
            return Err(of_variables());
        }
        let secrets = DestinationSecrets { headers, ..DestinationSecrets::default() };
        let seal = |_: &Vec<String>| self.seal_destination(runtime, &secrets, member_id, &name);
        let sealed = change.headers.as_ref().map(seal).transpose()?;
        let command = DestinationCommand::Change { name, change, sealed, paused };
        Ok(Reply::json(200, &one(runtime, ask(runtime, member_id, command).await?)?))
    }

    /// Gives a destination another signing secret, and shows it.
    pub(super) async fn rotate_secret(
        &self,
        runtime: &impl EdgeRuntime,
        request: &impl IncomingRequest,
        member_id: &MemberId,
        name: DestinationName,
    ) -> Result<Reply, Problem> {
        let body: RotationBody = read_optional_json(request, r#"{"overlap_seconds": 86400}, or nothing"#).await?;
        let overlap_seconds = body.overlap_seconds.unwrap_or(DEFAULT_OVERLAP_SECONDS);
        if overlap_seconds > MAX_OVERLAP_SECONDS {
            return Err(bad("overlap_seconds"));
        }
        if name.is_default() {
            let detail =
                "the secret of `default` is FORWARD_SECRET: set it to the new and the old secret, separated by a space";
            return Err(Problem::new(Code::Conflict, detail));
        }
        let secret = new_secret(runtime);
        let secrets = DestinationSecrets { signing: Some(secret.clone()), ..DestinationSecrets::default() };
        let sealed = self.seal_destination(runtime, &secrets, member_id, &name)?;
        let command = DestinationCommand::RotateSecret { name, sealed, overlap_seconds };
        let rotated = one(runtime, ask(runtime, member_id, command).await?)?;
        Ok(Reply::json(200, &WithSecret { destination: &rotated, secret: Some(secret.expose()) }))
    }

    fn seal_destination(
        &self,
        random: &impl Random,
        secrets: &DestinationSecrets,
        member_id: &MemberId,
        name: &DestinationName,
    ) -> Result<Sealed, Problem> {
        secrets.seal(&self.config.vault, member_id, name.as_str(), random.fresh()).map_err(|_| {
            let detail = "VAULT_KEY is not set, or bad: without it the secrets of a destination cannot be kept";
            Problem::new(Code::NotConfigured, detail)
        })
    }
}

/// All destinations of a portal.
pub async fn list(runtime: &impl EdgeRuntime, member_id: &MemberId) -> Result<Reply, Problem> {
    let destinations = all(runtime, member_id).await?;
    Ok(Reply::json(200, &DestinationList { destinations }))
}

/// One destination.
pub async fn show(runtime: &impl EdgeRuntime, member_id: &MemberId, name: &DestinationName) -> Result<Reply, Problem> {
    let destinations = all(runtime, member_id).await?;
    let destination = destinations.iter().find(|known| known.name == name.as_str()).ok_or_else(unknown_destination)?;
    Ok(Reply::json(200, destination))
}

/// Forgets a destination.
pub async fn remove(runtime: &impl EdgeRuntime, member_id: &MemberId, name: DestinationName) -> Result<Reply, Problem> {
    match ask(runtime, member_id, DestinationCommand::Remove { name }).await? {
        DestinationReply::Removed => Ok(Reply::text(204, "")),
        other => Err(problem(runtime, other)),
    }
}

/// Sends a destination a test event.
pub async fn test(runtime: &impl EdgeRuntime, member_id: &MemberId, name: DestinationName) -> Result<Reply, Problem> {
    match put(runtime, member_id, &PortalCommand::TestDestination { name }).await? {
        DestinationReply::Tested(report) => Ok(Reply::json(200, &report)),
        other => Err(problem(runtime, other)),
    }
}

async fn all(runtime: &impl EdgeRuntime, member_id: &MemberId) -> Result<Vec<DestinationStatus>, Problem> {
    match ask(runtime, member_id, DestinationCommand::List).await? {
        DestinationReply::All(destinations) => Ok(destinations),
        other => Err(problem(runtime, other)),
    }
}

async fn ask(
    runtime: &impl EdgeRuntime,
    member_id: &MemberId,
    command: DestinationCommand,
) -> Result<DestinationReply, Problem> {
    put(runtime, member_id, &PortalCommand::Destination(command)).await
}

async fn put(
    runtime: &impl EdgeRuntime,
    member_id: &MemberId,
    command: &PortalCommand,
) -> Result<DestinationReply, Problem> {
    match call_known(runtime, member_id, command).await? {
        PortalReply::Destination(reply) => Ok(reply),
        PortalReply::UnknownPortal => Err(unknown_portal()),
        other => Err(unexpected(runtime, &other)),
    }
}

fn one(runtime: &impl EdgeRuntime, reply: DestinationReply) -> Result<DestinationStatus, Problem> {
    match reply {
        DestinationReply::One(destination) => Ok(*destination),
        other => Err(problem(runtime, other)),
    }
}

fn problem(runtime: &impl EdgeRuntime, reply: DestinationReply) -> Problem {
    match reply {
        DestinationReply::Unknown => unknown_destination(),
        DestinationReply::NameTaken => {
            Problem::new(Code::Conflict, "there is a destination of this name, or one is just being removed")
        }
        DestinationReply::TooMany => Problem::new(
            Code::Conflict,
            format!("a portal has at most {MAX_DESTINATIONS} destinations besides `default`"),
        ),
        DestinationReply::OfVariables => of_variables(),
        DestinationReply::Unsigned => {
            Problem::new(Code::Conflict, "this destination is a queue: what it is sent is not signed")
        }
        DestinationReply::Refused(why) => Problem::new(Code::BadDestination, why),
        DestinationReply::Locked(why) => Problem::new(Code::NotConfigured, why),
        DestinationReply::TestUnderWay => Problem::new(Code::Conflict, "another test event is under way: wait for it"),
        other @ (DestinationReply::All(_)
        | DestinationReply::One(_)
        | DestinationReply::Removed
        | DestinationReply::Tested(_)) => unexpected(runtime, &other),
    }
}

pub fn unknown_destination() -> Problem {
    Problem::new(Code::NotFound, "the portal has no such destination")
}

fn of_variables() -> Problem {
    let detail = "`default` is the destination of the variables FORWARD_…: here it can be paused and resumed only";
    Problem::new(Code::Conflict, detail)
}

fn refused(member: &str, error: &impl std::fmt::Display) -> Problem {
    Problem::new(Code::BadDestination, format!("{member}: {error}"))
}

fn new_secret(random: &impl Random) -> Secret {
    SigningSecrets::generate(random.fresh())
}

impl Body {
    /// Checks what is there. The headers apart, since their values are sealed.
    fn change(self) -> Result<(SettingsChange, Vec<(String, Secret)>), Problem> {
        let binding = |text: String| parse_binding(&text).map_err(|error| refused("binding", &error));
        let headers = self.headers.as_ref().map(destination_headers::parse).transpose();
        let headers = headers.map_err(|error| refused("headers", &error))?;
        let glob = |text: &String| EventGlob::parse(text).map_err(|error| refused("events", &error));
        let change = SettingsChange {
            url: self
                .url
                .map(|url| destination_url::parse(&url).map_err(|error| refused("url", &error)))
                .transpose()?,
            binding: self.binding.map(binding).transpose()?,
            queue: self.queue.map(binding).transpose()?,
            events: self.events.map(|events| events.iter().map(glob).collect()).transpose()?,
            format: self
                .format
                .map(|format| Format::parse(&format).map_err(|error| refused("format", &error)))
                .transpose()?,
            coalesce: self.coalesce,
            headers: headers.as_ref().map(|headers| headers.iter().map(|(name, _)| name.clone()).collect()),
        };
        if change.queue.as_ref().is_some_and(String::is_empty) {
            return Err(refused("queue", &"the name of a binding"));
        }
        Ok((change, headers.unwrap_or_default()))
    }
}

/// Reads `null` as the empty text, and so tells it from what is absent.
fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| Some(text.unwrap_or_default()))
}
