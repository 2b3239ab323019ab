//! The portal as one that installed the application: proven, authorised, subscribed.
//!
//! - `proof`: whether a claim is true.
//! - `install`: what a proven claim changes.
//! - `vault`: the authorisation in storage, sealed.
//! - `oauth_client`, `rest_client`: calls to the OAuth servers and to the portal; `refresh` renews the tokens.
//! - `sync`: subscriptions, and whether the installation is complete.
//! - `keep`: what is due by itself. `uninstall` ends it all.
//! - `hydrate`: reads what events are about.
//! - `progress`: how far it is, for the operator and for the installer page.

mod hydrate;
mod install;
mod keep;
mod oauth_client;
pub mod progress;
mod proof;
mod refresh;
mod rest_client;
pub mod sync;
mod uninstall;
mod vault;

pub use self::install::CLAIM_PURPOSE;
pub use self::vault::{Authorisation, CREATE_AUTHORISATION, open_access_token};

use super::lease::Lease;
use crate::domain::application::oauth::Renewal;
use crate::domain::application::object_memory::ObjectMemory;
use crate::domain::application::rest_budget::RestBudget;
use crate::domain::time::Timestamp;
use std::cell::{Cell, RefCell};

/// What an object remembers about its calls to Bitrix24. Lost with the object, and soon learned again.
#[derive(Debug, Default)]
pub struct Calls {
    budget: RefCell<RestBudget>,
    /// Held by whoever refreshes the tokens.
    refreshing: Lease,
    /// Held by whoever brings the subscriptions up to date.
    syncing: Lease,
    /// Until when what is due is in somebody's hands.
    claimed_until: Cell<Option<Timestamp>>,
    /// Objects that were read for events.
    objects: RefCell<ObjectMemory>,
    /// Until when nothing is read for events.
    hydration_paused_until: Cell<Option<Timestamp>>,
    /// When a refresh last came to nothing because the OAuth server could not be asked.
    refresh_failed_at: Cell<Option<Timestamp>>,
    /// A pair that storage did not take. It cannot be had again, so it waits here for storage.
    rescued: RefCell<Option<Renewal>>,
}
