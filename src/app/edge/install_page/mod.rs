//! The page that a portal's administrator sees while the application is installed.

mod language;

use self::language::{Texts, texts};
use crate::app::portal::command::PendingInstall;
use crate::app::portal::installs::progress::{Progress, StepState};
use crate::domain::application::endpoint::is_cloud_host;
use crate::domain::application::settings::Application;
use crate::domain::member_id::MemberId;
use crate::domain::reply::Reply;
use crate::domain::vault::Sealed;
use std::fmt::Write;

const SCRIPT: &str = include_str!("script.js");
const STYLE: &str = include_str!("style.css");
/// Bitrix24's own script, by which a page inside a portal talks to it.
const BX24_HOST: &str = "https://api.bitrix24.com";

/// The script of the page.
pub fn script() -> Reply {
    Reply::text(200, SCRIPT).with_header("content-type", "text/javascript; charset=utf-8")
}

/// The style sheet of the page.
pub fn style() -> Reply {
    Reply::text(200, STYLE).with_header("content-type", "text/css; charset=utf-8")
}

/// What the query string of the installer form says. Nothing of it is proven.
pub struct Visit {
    /// The portal's domain.
    pub domain: Option<String>,
    /// The portal's language.
    language: String,
}

impl Visit {
    /// Reads the query string.
    pub fn read(query: &str) -> Self {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        let find = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        Self { domain: find("DOMAIN"), language: find("LANG").unwrap_or_default() }
    }

    /// Who may frame the page before anything is proven: a host of Bitrix24's own cloud, or nobody.
    fn frame_ancestors(&self) -> String {
        let host = self.domain.as_deref().filter(|domain| is_cloud_host(domain));
        host.map_or_else(|| "'none'".to_owned(), |host| format!("https://{host}"))
    }
}

/// The page, in one of its states.
pub struct Page;

/// What differs from state to state.
struct State<'a> {
    status: u16,
    frame_ancestors: String,
    proven: StepState,
    stored: Option<StepState>,
    /// What is told at once, where the page has nothing to ask for.
    told: Option<&'a str>,
    /// By whose name and with what the page asks.
    ticket: Option<(&'a MemberId, &'a Sealed)>,
}

impl Page {
    /// The claim is proven: the page shows what follows.
    pub fn installing(
        application: &Application,
        visit: &Visit,
        member_id: &MemberId,
        ticket: &Sealed,
        progress: &Progress,
    ) -> Reply {
        let state = State {
            status: 200,
            frame_ancestors: progress.origin.clone().unwrap_or_else(|| "'none'".to_owned()),
            proven: StepState::Done,
            stored: Some(StepState::Done),
            told: None,
            ticket: Some((member_id, ticket)),
        };
        render(application, texts(&visit.language), &state)
    }

    /// The claim cannot be proven yet.
    pub fn pending(application: &Application, visit: &Visit, reason: PendingInstall) -> Reply {
        let texts = texts(&visit.language);
        let told = match reason {
            PendingInstall::NotAdmin => texts.not_admin,
            PendingInstall::Unreachable => texts.unreachable,
        };
        let state = State {
            status: 202,
            frame_ancestors: visit.frame_ancestors(),
            proven: StepState::Failed,
            stored: None,
            told: Some(told),
            ticket: None,
        };
        render(application, texts, &state)
    }

    /// The claim is false.
    pub fn refused(application: &Application, visit: &Visit) -> Reply {
        let texts = texts(&visit.language);
        let state = State {
            status: 403,
            frame_ancestors: visit.frame_ancestors(),
            proven: StepState::Failed,
            stored: None,
            told: Some(texts.refused),
            ticket: None,
        };
        render(application, texts, &state)
    }
}

fn render(application: &Application, texts: &Texts, state: &State<'_>) -> Reply {
    let base = application.public_url.as_str();
    let steps = [
        ("proven", texts.proven, Some(state.proven)),
        ("stored", texts.stored, state.stored),
        ("subscribed", texts.subscribed, state.ticket.map(|_| StepState::Pending)),
        ("token", texts.token, None),
        ("finished", texts.finished, None),
    ];
    let steps = steps.into_iter().fold(String::new(), |html, (name, text, step)| html + &item(texts, name, text, step));
    let (member_id, ticket) =
        state.ticket.map_or(("", ""), |(member_id, ticket)| (member_id.as_str(), ticket.as_str()));
    let said = state.told.map_or_else(
        || r#"<p class="result" role="status" hidden></p><button type="button" hidden>"#.to_owned(),
        |told| {
            format!(r#"<p class="result" role="status" data-state="failed">{}</p><button type="button">"#, escape(told))
        },
    );
    let attributes = [
        ("member", member_id),
        ("ticket", ticket),
        ("progress", &format!("{base}/install/progress")),
        ("pending", texts.waiting),
        ("done", texts.done),
        ("failed", texts.failed),
        ("success", texts.success),
        ("not-subscribed", texts.not_subscribed),
        ("missing-scopes", texts.missing_scopes),
        ("not-authorised", texts.not_authorised),
        ("no-token", texts.no_token),
        ("not-finished", texts.not_finished),
        ("no-connection", texts.no_connection),
    ];
    let data = attributes.iter().fold(String::new(), |mut html, (name, value)| {
        // Writing to a text does not fail.
        write!(html, r#" data-{name}="{}""#, escape(value)).unwrap_or_default();
        html
    });
    let Texts { code, title, introduction, retry, .. } = texts;
    let body = format!(
        r#"<!doctype html>
<html lang="{code}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{base}/install.css">
<script src="{BX24_HOST}/api/v1/"></script>
<script src="{base}/install.js" defer></script>
</head>
<body>
<main{data}>
<h1>{title}</h1>
<p class="introduction">{introduction}</p>
<ol>
{steps}</ol>
{said}{retry}</button>
</main>
</body>
</html>
"#
    );
    let ancestors = &state.frame_ancestors;
    let policy = format!(
        "default-src 'none'; script-src {base}/install.js {BX24_HOST}; style-src {base}/install.css; \
         connect-src {base}/install/progress; frame-ancestors {ancestors}; base-uri 'none'; form-action 'none'"
    );
    Reply::text(state.status, body)
        .with_header("content-type", "text/html; charset=utf-8")
        .with_header("content-security-policy", policy)
        .with_header("referrer-policy", "no-referrer")
}

fn item(texts: &Texts, name: &str, text: &str, step: Option<StepState>) -> String {
    let (state, label) = match step {
        None => ("waiting", ""),
        Some(StepState::Pending) => ("pending", texts.waiting),
        Some(StepState::Done) => ("done", texts.done),
        Some(StepState::Failed) => ("failed", texts.failed),
    };
    format!(
        "<li data-step=\"{name}\" data-state=\"{state}\"><span class=\"sign\" aria-hidden=\"true\"></span><span class=\"name\">{}</span><span class=\"state\">{label}</span></li>\n",
        escape(text)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ancestors(query: &str) -> String {
        let reply = Page::refused(&Application::example(&[]), &Visit::read(query));
        let policy = reply.header("content-security-policy").unwrap();
        policy.split("; ").find_map(|part| part.strip_prefix("frame-ancestors ")).unwrap().to_owned()
    }

    #[test]
    fn an_unproven_page_is_framed_by_bitrix24s_own_cloud_alone() {
        assert_eq!(ancestors("DOMAIN=a.bitrix24.de&LANG=de"), "https://a.bitrix24.de");
        for query in [
            "",
            "DOMAIN=evil.example",
            "DOMAIN=a.bitrix24.de%3B%20script-src%20*",
            "DOMAIN=a.bitrix24.com.evil.example",
        ] {
            assert_eq!(ancestors(query), "'none'", "{query}");
        }
    }

    #[test]
    fn the_page_runs_its_own_script_and_bitrix24s_and_no_other() {
        let reply = Page::pending(&Application::example(&[]), &Visit::read("LANG=ru"), PendingInstall::NotAdmin);
        assert_eq!(reply.status, 202);
        let policy = reply.header("content-security-policy").unwrap();
        assert!(
            policy.contains("script-src https://relay.example.com/install.js https://api.bitrix24.com;"),
            "{policy}"
        );
        assert!(reply.body.contains("Настройка подключения") && reply.body.contains("администратор"));
    }
}
