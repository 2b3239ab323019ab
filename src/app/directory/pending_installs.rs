//! Claims that could not be proven because Bitrix24 could not be asked. They wait here, sealed, and are tried again.
//!
//! Whoever chooses a `member_id` chooses an object, and an object writes nothing before its portal is proven. So they wait in
//! this one object, within limits.

use super::DirectoryObject;
use crate::app::log_line::{Level, LogLine};
use crate::app::portal::command::{Install, PendingInstall, PortalCommand, PortalReply};
use crate::app::ports::{DirectoryRuntime, PortError, Portals};
use crate::app::rows::{Row, integer, optional_integer, parsed, text};
use crate::domain::location::LocationHint;
use crate::domain::member_id::MemberId;
use crate::domain::time::Timestamp;
use crate::domain::vault::Sealed;

/// The table; the oldest has the lowest number.
pub const CREATE_PENDING_INSTALLS: &str = "CREATE TABLE pending_install (
    number INTEGER PRIMARY KEY,
    member_id TEXT NOT NULL,
    claim TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL
)";

/// Claims of one portal: an installation sends one or two.
const MAX_PER_PORTAL: i64 = 5;
/// Claims in all: with at most 4 KiB each, 4 MiB.
const MAX_CLAIMS: i64 = 1_000;
/// Longest claim: three tokens of 512 bytes, JSON and base64 around them, make 2.5 KiB.
const MAX_CLAIM_BYTES: usize = 4 << 10;
/// How long a claim waits, in milliseconds: as long as the events that are held for it.
const MAX_AGE_MILLIS: i64 = 86_400_000;
/// When a claim is tried again, in milliseconds: first, and then after twice the time, an hour at most.
const FIRST_PAUSE_MILLIS: i64 = 60_000;
const LONGEST_PAUSE_MILLIS: i64 = 3_600_000;
/// Claims that one alarm tries. Each takes three requests of up to 10 s.
const TRIES: i64 = 10;

/// What became of a claim that was tried.
enum Tried {
    /// It is proven, or false, or only its sender can bring another one.
    Settled,
    /// It is tried again at once, as it is now.
    Renewed(Sealed),
    /// It is tried again later.
    Waits,
}

/// A claim that waits.
struct Pending {
    number: i64,
    member_id: MemberId,
    claim: Sealed,
    received_at: Timestamp,
    attempts: i64,
}

impl<R: DirectoryRuntime> DirectoryObject<R> {
    /// Keeps a claim. Where there is no room, the oldest goes, of this portal first.
    pub(super) fn keep_install(&self, member_id: &MemberId, claim: &Sealed, now: Timestamp) -> Result<(), PortError> {
        let sql = &self.runtime;
        if claim.as_str().len() > MAX_CLAIM_BYTES {
            return Ok(());
        }
        let due_at = now.plus_millis(FIRST_PAUSE_MILLIS);
        let values =
            [member_id.as_str().into(), claim.as_str().into(), now.as_millis().into(), due_at.as_millis().into()];
        sql.transaction(|| {
            let own = [member_id.as_str().into(), (MAX_PER_PORTAL - 1).into()];
            let newest_of_own = "SELECT number FROM pending_install WHERE member_id = ?1 ORDER BY number DESC LIMIT ?2";
            let delete =
                format!("DELETE FROM pending_install WHERE member_id = ?1 AND number NOT IN ({newest_of_own})");
            sql.query(&delete, &own)?;
            let newest = "SELECT number FROM pending_install ORDER BY number DESC LIMIT ?";
            let delete = format!("DELETE FROM pending_install WHERE number NOT IN ({newest})");
            sql.query(&delete, &[(MAX_CLAIMS - 1).into()])?;
            let insert =
                "INSERT INTO pending_install (member_id, claim, received_at, attempts, due_at) VALUES (?, ?, ?, 0, ?)";
            sql.query(insert, &values)
        })?;
        Ok(())
    }

    /// When the next claim is to be tried.
    pub(super) fn install_due_at(&self) -> Result<Option<Timestamp>, PortError> {
        let rows = self.runtime.query("SELECT MIN(due_at) FROM pending_install", &[])?;
        rows.first().map_or(Ok(None), |row| Ok(optional_integer(row, 0)?.map(Timestamp::from_millis)))
    }

    /// Tries the claims that are due.
    pub(super) async fn try_installs(&self) -> Result<(), PortError> {
        let now = self.runtime.now();
        let query = "SELECT number, member_id, claim, received_at, attempts FROM pending_install WHERE due_at <= ?
            ORDER BY due_at LIMIT ?";
        let rows = self.runtime.query(query, &[now.as_millis().into(), TRIES.into()])?;
        for pending in rows.iter().map(read).collect::<Result<Vec<_>, _>>()? {
            let tried = self.try_install(&pending).await;
            let now = self.runtime.now();
            if let Tried::Renewed(claim) = tried {
                let values = [claim.as_str().into(), now.as_millis().into(), pending.number.into()];
                self.runtime.query("UPDATE pending_install SET claim = ?, due_at = ? WHERE number = ?", &values)?;
                continue;
            }
            if matches!(tried, Tried::Settled) || now.millis_since(pending.received_at) >= MAX_AGE_MILLIS {
                self.runtime.query("DELETE FROM pending_install WHERE number = ?", &[pending.number.into()])?;
                continue;
            }
            let pause = FIRST_PAUSE_MILLIS << (pending.attempts + 1).clamp(0, 10);
            let due_at = now.plus_millis(pause.min(LONGEST_PAUSE_MILLIS));
            let values = [(pending.attempts + 1).into(), due_at.as_millis().into(), pending.number.into()];
            self.runtime.query("UPDATE pending_install SET attempts = ?, due_at = ? WHERE number = ?", &values)?;
        }
        Ok(())
    }

    /// Lets the portal's object prove a claim.
    async fn try_install(&self, pending: &Pending) -> Tried {
        let command = PortalCommand::Install(Install {
            member_id: pending.member_id.clone(),
            claim: pending.claim.clone(),
            event: None,
            may_be_repeated: true,
            may_refresh: true,
        });
        let hint = LocationHint::choose(None, None);
        match Portals::call(&self.runtime, &pending.member_id, hint, &command, None).await {
            Ok(
                PortalReply::Installed { .. }
                | PortalReply::InstallRefused
                | PortalReply::InstallPending(PendingInstall::NotAdmin)
                | PortalReply::TooManyTokens,
            ) => Tried::Settled,
            Ok(PortalReply::ClaimRenewed(claim)) => Tried::Renewed(claim),
            Ok(_) => Tried::Waits,
            Err(error) => {
                let line =
                    LogLine::new(Level::Warn, "portal unreachable").with("member_id", pending.member_id.as_str());
                self.runtime.write(line.with("error", error.cause));
                Tried::Waits
            }
        }
    }
}

fn read(row: &Row) -> Result<Pending, PortError> {
    Ok(Pending {
        number: integer(row, 0)?,
        member_id: parsed(row, 1)?,
        claim: Sealed::from_stored(text(row, 2)?),
        received_at: Timestamp::from_millis(integer(row, 3)?),
        attempts: integer(row, 4)?,
    })
}
