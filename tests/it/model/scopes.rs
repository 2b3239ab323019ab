//! What is searched: small enough to be gone through, large enough that everything meets everything once.

use super::state::{Budget, Scope, Standing};

fn scope(events: u8, standing: Standing, budget: Budget) -> Scope {
    Scope { events, forged: Vec::new(), alike: Vec::new(), standing, spills: false, budget, flaw: None }
}

/// An event meets two registrations of its portal.
pub fn registration() -> Scope {
    scope(1, Standing::Nobody, Budget { registrations: 2, losses: 1, crashes: 1, ..Budget::default() })
}

/// A genuine event, and one of a stranger.
pub fn forgery() -> Scope {
    let budget = Budget { registrations: 1, losses: 1, ..Budget::default() };
    Scope { forged: vec![1], ..scope(2, Standing::Nobody, budget) }
}

/// Events meet the registration of their token, while the portal has another.
pub fn token() -> Scope {
    scope(2, Standing::Unregistered, Budget { registrations: 1, crashes: 1, ..Budget::default() })
}

/// Events about one thing are sent, and pruned.
pub fn sending() -> Scope {
    let budget = Budget { losses: 1, crashes: 1, failures: 2, prunings: 1, ..Budget::default() };
    Scope { alike: vec![0, 1], ..scope(2, Standing::Active, budget) }
}

/// A person writes the portal's record into KV, and the token is registered and revoked.
pub fn revocation() -> Scope {
    let budget = Budget { registrations: 1, revocations: 1, losses: 1, crashes: 1, records: 1, ..Budget::default() };
    scope(1, Standing::Nobody, budget)
}

/// No call comes through, so that an event waits in KV.
pub fn spill() -> Scope {
    let budget = Budget { registrations: 1, revocations: 1, records: 1, losses: 4, ..Budget::default() };
    Scope { spills: true, ..scope(1, Standing::Nobody, budget) }
}

/// An installation that cannot be proven at once, and the operator, register the token.
pub fn installation() -> Scope {
    let budget = Budget { installs: 1, registrations: 1, losses: 1, ..Budget::default() };
    scope(1, Standing::Nobody, budget)
}

/// What is played against the relay, which can be told apart only where it waits.
pub fn played() -> Vec<(&'static str, Scope)> {
    let budget = Budget { registrations: 2, revocations: 1, losses: 2, crashes: 1, failures: 1, ..Budget::default() };
    let unknown = Scope { forged: vec![2], alike: vec![0, 1], ..scope(3, Standing::Nobody, budget) };
    vec![
        ("an unknown portal", unknown.clone()),
        ("an unknown token", Scope { standing: Standing::Unregistered, ..unknown.clone() }),
        ("a registered token", Scope { standing: Standing::Active, ..unknown }),
    ]
}

/// The same with one more loss, crash or event: a minute with optimization, and 3 GB of memory.
pub fn wide() -> Vec<(&'static str, Scope)> {
    let more = |scope: Scope, change: fn(&mut Budget)| {
        let mut scope = scope;
        change(&mut scope.budget);
        scope
    };
    vec![
        ("a registration, two losses", more(registration(), |budget| budget.losses = 2)),
        ("a forgery and a crash", more(forgery(), |budget| budget.crashes = 1)),
        ("an installation and a crash", more(installation(), |budget| budget.crashes = 1)),
        ("a token, a loss", more(token(), |budget| budget.losses = 1)),
        ("a delivery, two crashes", more(sending(), |budget| budget.crashes = 2)),
        ("a record, two losses", more(revocation(), |budget| budget.losses = 2)),
        ("a spilled event, a crash", more(spill(), |budget| budget.crashes = 1)),
        ("three events about one thing", Scope { events: 3, alike: vec![0, 1, 2], ..sending() }),
    ]
}
