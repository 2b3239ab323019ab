//! Which resource a path names, and which methods it takes.

use super::consumer_name::ConsumerName;
use super::destination_name::DestinationName;
use super::event_id::EventId;
use super::member_id::MemberId;
use super::problem::{Code, Problem};
use super::secret::TokenHash;

/// A resource of the HTTP interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `/`
    Root,
    /// `/events`, the handler URL of every subscription
    Events,
    /// `/install`, the installation path of an application
    Install,
    /// `/install.js`, the script of the installer page
    InstallScript,
    /// `/install.css`, its style sheet
    InstallStyle,
    /// `/install/progress`, which the installer page asks how far it is
    InstallProgress,
    /// `/healthz`
    Health,
    /// `/openapi.json`, the description of the API
    OpenApi,
    /// `/portals`
    Portals,
    /// `/portals/{member_id}`
    Portal(MemberId),
    /// `/portals/{member_id}/events`
    PortalEvents(MemberId),
    /// `/portals/{member_id}/activity`
    PortalActivity(MemberId),
    /// `/portals/{member_id}/sync`
    PortalSync(MemberId),
    /// `/portals/{member_id}/token`, of the services that are handed access tokens
    PortalAccessToken(MemberId),
    /// `/portals/{member_id}/consumers`
    Consumers(MemberId),
    /// `/portals/{member_id}/consumers/{name}`
    Consumer(MemberId, ConsumerName),
    /// `/portals/{member_id}/consumers/{name}/ack`
    ConsumerAck(MemberId, ConsumerName),
    /// `/log`
    Log,
    /// `/metrics`
    Metrics,
    /// `/portals/{member_id}/events/{id}`
    PortalEvent(MemberId, EventId),
    /// `/portals/{member_id}/events/{id}/redeliver`
    EventReplay(MemberId, EventId),
    /// `/portals/{member_id}/redeliver`
    Replays(MemberId),
    /// `/portals/{member_id}/redeliver/{number}`
    Replay(MemberId, i64),
    /// `/portals/{member_id}/deliveries`
    Deliveries(MemberId),
    /// `/portals/{member_id}/destinations`
    Destinations(MemberId),
    /// `/portals/{member_id}/destinations/{name}`
    Destination(MemberId, DestinationName),
    /// `/portals/{member_id}/destinations/{name}/rotate-secret`
    DestinationSecret(MemberId, DestinationName),
    /// `/portals/{member_id}/destinations/{name}/test`
    DestinationTest(MemberId, DestinationName),
    /// `/portals/{member_id}/tokens/{sha256}`
    PortalToken(MemberId, TokenHash),
}

/// What a call reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading<'a> {
    /// The log of one portal, or what belongs to it.
    Portal(&'a MemberId),
    /// The logs of all portals that the caller may see.
    AllItSees,
}

impl Route {
    /// Finds the resource of a path, as it stands in the URL: nothing is decoded, since no part of a valid path needs it.
    /// `None` where there is no such resource.
    #[must_use]
    pub fn find(path: &str) -> Option<Self> {
        let member = |text: &str| MemberId::try_from(text).ok();
        let consumer = |text: &str| ConsumerName::try_from(text).ok();
        let event_id = |text: &str| EventId::try_from(text).ok();
        let destination = |text: &str| DestinationName::try_from(text).ok();
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        Some(match segments.as_slice() {
            [""] => Self::Root,
            ["events"] => Self::Events,
            ["install"] => Self::Install,
            ["install.js"] => Self::InstallScript,
            ["install.css"] => Self::InstallStyle,
            ["install", "progress"] => Self::InstallProgress,
            ["healthz"] => Self::Health,
            ["openapi.json"] => Self::OpenApi,
            ["portals"] => Self::Portals,
            ["portals", id] => Self::Portal(member(id)?),
            ["portals", id, "events"] => Self::PortalEvents(member(id)?),
            ["portals", id, "activity"] => Self::PortalActivity(member(id)?),
            ["portals", id, "sync"] => Self::PortalSync(member(id)?),
            ["portals", id, "token"] => Self::PortalAccessToken(member(id)?),
            ["portals", id, "consumers"] => Self::Consumers(member(id)?),
            ["portals", id, "consumers", name] => Self::Consumer(member(id)?, consumer(name)?),
            ["portals", id, "consumers", name, "ack"] => Self::ConsumerAck(member(id)?, consumer(name)?),
            ["log"] => Self::Log,
            ["metrics"] => Self::Metrics,
            ["portals", id, "events", event] => Self::PortalEvent(member(id)?, event_id(event)?),
            ["portals", id, "events", event, "redeliver"] => Self::EventReplay(member(id)?, event_id(event)?),
            ["portals", id, "redeliver"] => Self::Replays(member(id)?),
            ["portals", id, "redeliver", number] => Self::Replay(member(id)?, number.parse().ok()?),
            ["portals", id, "deliveries"] => Self::Deliveries(member(id)?),
            ["portals", id, "destinations"] => Self::Destinations(member(id)?),
            ["portals", id, "destinations", name] => Self::Destination(member(id)?, destination(name)?),
            ["portals", id, "destinations", name, "rotate-secret"] => {
                Self::DestinationSecret(member(id)?, destination(name)?)
            }
            ["portals", id, "destinations", name, "test"] => Self::DestinationTest(member(id)?, destination(name)?),
            ["portals", id, "tokens", hash] => Self::PortalToken(member(id)?, TokenHash::try_from(*hash).ok()?),
            _ => return None,
        })
    }

    /// The path with names in place of its parameters, as the log and the metrics have it.
    #[must_use]
    pub const fn pattern(&self) -> &'static str {
        match self {
            Self::Root => "/",
            Self::Events => "/events",
            Self::Install => "/install",
            Self::InstallScript => "/install.js",
            Self::InstallStyle => "/install.css",
            Self::InstallProgress => "/install/progress",
            Self::Health => "/healthz",
            Self::OpenApi => "/openapi.json",
            Self::Portals => "/portals",
            Self::Portal(_) => "/portals/{member_id}",
            Self::PortalEvents(_) => "/portals/{member_id}/events",
            Self::PortalActivity(_) => "/portals/{member_id}/activity",
            Self::PortalSync(_) => "/portals/{member_id}/sync",
            Self::PortalAccessToken(_) => "/portals/{member_id}/token",
            Self::Consumers(_) => "/portals/{member_id}/consumers",
            Self::Consumer(..) => "/portals/{member_id}/consumers/{name}",
            Self::ConsumerAck(..) => "/portals/{member_id}/consumers/{name}/ack",
            Self::Log => "/log",
            Self::Metrics => "/metrics",
            Self::PortalEvent(..) => "/portals/{member_id}/events/{id}",
            Self::EventReplay(..) => "/portals/{member_id}/events/{id}/redeliver",
            Self::Replays(_) => "/portals/{member_id}/redeliver",
            Self::Replay(..) => "/portals/{member_id}/redeliver/{number}",
            Self::Deliveries(_) => "/portals/{member_id}/deliveries",
            Self::Destinations(_) => "/portals/{member_id}/destinations",
            Self::Destination(..) => "/portals/{member_id}/destinations/{name}",
            Self::DestinationSecret(..) => "/portals/{member_id}/destinations/{name}/rotate-secret",
            Self::DestinationTest(..) => "/portals/{member_id}/destinations/{name}/test",
            Self::PortalToken(..) => "/portals/{member_id}/tokens/{sha256}",
        }
    }

    /// The group by which metrics tell requests apart.
    #[must_use]
    pub const fn group(&self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Install | Self::InstallScript | Self::InstallStyle | Self::InstallProgress => "install",
            Self::Root | Self::Health | Self::OpenApi => "open",
            _ => "api",
        }
    }

    /// The portal that the path names.
    #[must_use]
    pub const fn member_id(&self) -> Option<&MemberId> {
        match self {
            Self::Portal(id)
            | Self::PortalEvents(id)
            | Self::PortalActivity(id)
            | Self::PortalSync(id)
            | Self::PortalAccessToken(id)
            | Self::Consumers(id)
            | Self::Consumer(id, _)
            | Self::ConsumerAck(id, _)
            | Self::PortalEvent(id, _)
            | Self::EventReplay(id, _)
            | Self::Replays(id)
            | Self::Replay(id, _)
            | Self::Deliveries(id)
            | Self::Destinations(id)
            | Self::Destination(id, _)
            | Self::DestinationSecret(id, _)
            | Self::DestinationTest(id, _)
            | Self::PortalToken(id, _) => Some(id),
            _ => None,
        }
    }

    /// The methods that the resource takes, as the `Allow` header lists them.
    #[must_use]
    pub const fn allow(&self) -> &'static str {
        match self {
            Self::Events | Self::Destinations(_) | Self::Replays(_) => "GET, HEAD, POST",
            Self::ConsumerAck(..)
            | Self::Install
            | Self::InstallProgress
            | Self::PortalSync(_)
            | Self::PortalAccessToken(_)
            | Self::EventReplay(..)
            | Self::DestinationSecret(..)
            | Self::DestinationTest(..) => "POST",
            Self::Portal(_) => "GET, HEAD, PUT, DELETE",
            Self::Consumer(..) => "GET, HEAD, DELETE",
            Self::Destination(..) => "GET, HEAD, PATCH, DELETE",
            Self::PortalToken(..) | Self::Replay(..) => "DELETE",
            Self::Root
            | Self::InstallScript
            | Self::InstallStyle
            | Self::Health
            | Self::OpenApi
            | Self::Portals
            | Self::PortalEvents(_)
            | Self::PortalActivity(_)
            | Self::Consumers(_)
            | Self::Log
            | Self::Metrics
            | Self::PortalEvent(..)
            | Self::Deliveries(_) => "GET, HEAD",
        }
    }

    /// Refuses a method that the resource does not take.
    pub fn check_method(&self, method: &str) -> Result<(), Problem> {
        if self.allow().split(", ").any(|allowed| allowed == method) {
            return Ok(());
        }
        let detail = format!("this resource takes {}", self.allow());
        Err(Problem::new(Code::MethodNotAllowed, detail).with_header("allow", self.allow()))
    }

    /// What a token that only reads has to see for this call. `None` where it is not enough.
    #[must_use]
    pub fn reading(&self, method: &str) -> Option<Reading<'_>> {
        match self {
            Self::PortalEvents(id) | Self::PortalActivity(id) | Self::Consumers(id) | Self::ConsumerAck(id, _) => {
                Some(Reading::Portal(id))
            }
            Self::Consumer(id, _) if method != "DELETE" => Some(Reading::Portal(id)),
            Self::Log => Some(Reading::AllItSees),
            _ => None,
        }
    }

    /// Whether anyone may call it without a bearer token.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(
            self,
            Self::Root
                | Self::Events
                | Self::Install
                | Self::InstallScript
                | Self::InstallStyle
                | Self::InstallProgress
                | Self::Health
                | Self::OpenApi
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_is_found_by_its_path() {
        let member = MemberId::try_from("m1").unwrap();
        let hash = "0".repeat(64);
        assert_eq!(Route::find("/"), Some(Route::Root));
        assert_eq!(Route::find("/events"), Some(Route::Events));
        assert_eq!(Route::find("/portals/m1"), Some(Route::Portal(member.clone())));
        let name = DestinationName::try_from("crm").unwrap();
        let rotation = Route::find("/portals/m1/destinations/crm/rotate-secret");
        assert_eq!(rotation, Some(Route::DestinationSecret(member.clone(), name)));
        let id = "01939d5e-1a2b-7c3d-8e4f-0123456789ab";
        let again = Route::find(&format!("/portals/m1/events/{id}/redeliver"));
        assert_eq!(again, Some(Route::EventReplay(member.clone(), EventId::try_from(id).unwrap())));
        assert_eq!(Route::find("/portals/m1/redeliver/7"), Some(Route::Replay(member.clone(), 7)));
        assert_eq!(Route::find("/portals/m1/events"), Some(Route::PortalEvents(member.clone())));
        assert_eq!(Route::find("/log"), Some(Route::Log));
        let name = ConsumerName::try_from("crm").unwrap();
        let acknowledge = Route::find("/portals/m1/consumers/crm/ack");
        assert_eq!(acknowledge, Some(Route::ConsumerAck(member.clone(), name)));
        let token = Route::find(&format!("/portals/m1/tokens/{hash}"));
        assert_eq!(token, Some(Route::PortalToken(member, TokenHash::try_from(hash).unwrap())));
    }

    #[test]
    fn path_tricks_name_nothing() {
        for path in
            ["", "events", "//events", "/events/", "/Events", "/%65vents", "/portals/", "/portals/../events", "/x"]
        {
            assert_eq!(Route::find(path), None, "{path:?}");
        }
    }

    #[test]
    fn a_wrong_method_is_told_the_right_ones() {
        assert_eq!(Route::Events.check_method("POST"), Ok(()));
        let problem = Route::Events.check_method("PUT").unwrap_err();
        assert_eq!(problem.code(), Code::MethodNotAllowed);
    }
}
