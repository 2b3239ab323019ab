//! Destinations that were made by the API, in storage.

use super::lane::Lane;
use super::records::{self, DestinationRow};
use crate::app::ports::{PortError, Sql};
use crate::app::rows::{Row, integer, optional_text, text};
use crate::domain::config::Config;
use crate::domain::destination::Destination;
use crate::domain::destination_secrets::DestinationSecrets;
use crate::domain::destination_settings::Settings;
use crate::domain::member_id::MemberId;
use crate::domain::time::Timestamp;
use crate::domain::vault::Sealed;

/// Rows of a removed destination that are deleted in one go.
const FORGET_STEP: i64 = 500;

/// What makes a row of `destination` one of the API.
#[derive(Clone, Debug)]
pub struct Configured {
    /// What was chosen.
    pub settings: Settings,
    /// What it is called with; absent where it is a queue.
    pub sealed: Option<Sealed>,
}

impl Configured {
    /// Opens what it is called with. What is wrong, for the operator.
    pub fn open(&self, config: &Config, member_id: &MemberId, name: &str) -> Result<DestinationSecrets, String> {
        match &self.sealed {
            None => Ok(DestinationSecrets::default()),
            Some(sealed) => DestinationSecrets::open(sealed, &config.vault, member_id, name)
                .map_err(|error| format!("its secrets cannot be used: {error}")),
        }
    }

    fn destination(&self, secrets: &DestinationSecrets) -> Result<Destination, String> {
        self.settings.destination(secrets).map_err(|error| format!("its secrets cannot be used: {error}"))
    }
}

impl Lane {
    /// The destinations of the API, by name.
    pub fn load_configured(sql: &impl Sql, config: &Config, member_id: &MemberId) -> Result<Vec<Self>, PortError> {
        let query = "SELECT name FROM destination WHERE settings IS NOT NULL AND removed_at IS NULL ORDER BY name";
        let names = sql.query(query, &[])?;
        names.iter().map(|row| Self::load_one(sql, config, member_id, text(row, 0)?)).collect()
    }

    /// One destination of the API. One whose secrets do not open is there, and waits.
    pub fn load_one(sql: &impl Sql, config: &Config, member_id: &MemberId, name: &str) -> Result<Self, PortError> {
        let missing = || PortError::new("destination.read", "it is not there");
        let row = records::load(sql, name)?.ok_or_else(missing)?;
        let configured = load(sql, name)?.ok_or_else(missing)?;
        let mut lane = Self::load(sql, row, None, config.retry_schedule.first_probe_millis())?;
        lane.configure(&configured, configured.open(config, member_id, name));
        Ok(lane)
    }

    /// Takes what was chosen over. What is under way is not touched.
    pub fn configure(&mut self, configured: &Configured, secrets: Result<DestinationSecrets, String>) {
        self.previous_secret_until =
            secrets.as_ref().ok().and_then(|secrets| secrets.previous.as_ref()).map(|(_, until)| *until);
        let destination = secrets.and_then(|secrets| configured.destination(&secrets));
        self.settings = Some(configured.settings.clone());
        match destination {
            Ok(destination) => {
                self.trouble = None;
                self.set_destination(destination);
            }
            Err(trouble) => {
                self.trouble = Some(trouble);
                self.destination = None;
            }
        }
    }
}

/// What was chosen for a destination, if it is one of the API.
pub fn load(sql: &impl Sql, name: &str) -> Result<Option<Configured>, PortError> {
    let query = "SELECT settings, sealed FROM destination
        WHERE name = ? AND settings IS NOT NULL AND removed_at IS NULL";
    sql.query(query, &[name.into()])?.first().map(read).transpose()
}

fn read(row: &Row) -> Result<Configured, PortError> {
    let settings = serde_json::from_str(text(row, 0)?).map_err(|error| PortError::new("destination.read", &error))?;
    Ok(Configured { settings, sealed: optional_text(row, 1)?.map(Sealed::from_stored) })
}

/// Writes a new destination, or another choice for one that is there.
pub fn save(sql: &impl Sql, row: &DestinationRow, configured: &Configured) -> Result<(), PortError> {
    let settings =
        serde_json::to_string(&configured.settings).map_err(|error| PortError::new("destination.write", &error))?;
    let values = [settings.into(), configured.sealed.as_ref().map(Sealed::as_str).into(), row.name.as_str().into()];
    sql.transaction(|| {
        records::save(sql, row)?;
        sql.query("UPDATE destination SET settings = ?, sealed = ? WHERE name = ?", &values).map(drop)
    })
}

/// Whether anything is there under this name, be it removed.
pub fn is_taken(sql: &impl Sql, name: &str) -> Result<bool, PortError> {
    Ok(!sql.query("SELECT 1 FROM destination WHERE name = ?", &[name.into()])?.is_empty())
}

/// Notes that a destination is removed, with its secrets and replays. Its deliveries are forgotten by [`forget_removed`].
pub fn remove(sql: &impl Sql, name: &str, now: Timestamp) -> Result<(), PortError> {
    let update = "UPDATE destination SET removed_at = ?, settings = NULL, sealed = NULL, circuit = NULL, paused = NULL
        WHERE name = ?";
    sql.transaction(|| {
        sql.query(update, &[now.as_millis().into(), name.into()])?;
        sql.query("DELETE FROM replay WHERE destination = ?", &[name.into()]).map(drop)
    })
}

/// The name of a destination that is removed and not forgotten.
pub fn removed(sql: &impl Sql) -> Result<Option<String>, PortError> {
    let rows = sql.query("SELECT name FROM destination WHERE removed_at IS NOT NULL LIMIT 1", &[])?;
    rows.first().map(|row| text(row, 0).map(str::to_owned)).transpose()
}

/// Forgets a bounded number of deliveries of a removed destination, and at last the destination. Whether it is forgotten.
pub fn forget_removed(sql: &impl Sql, name: &str) -> Result<bool, PortError> {
    for (table, place) in [("delivery", "seq"), ("superseded", "first")] {
        let step = format!("SELECT {place} FROM {table} WHERE destination = ? ORDER BY {place} LIMIT ?");
        let rows = sql.query(&step, &[name.into(), FORGET_STEP.into()])?;
        if let Some(last) = rows.last() {
            let delete = format!("DELETE FROM {table} WHERE destination = ? AND {place} <= ?");
            sql.query(&delete, &[name.into(), integer(last, 0)?.into()])?;
            return Ok(false);
        }
    }
    sql.query("DELETE FROM destination WHERE name = ? AND removed_at IS NOT NULL", &[name.into()])?;
    Ok(true)
}
