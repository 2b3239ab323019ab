//! The tables of a portal's object.

use super::consumers::CREATE_CONSUMER;
use super::drain::CREATE_DRAINED;
use super::installs::CREATE_AUTHORISATION;
use crate::app::held_events::CREATE_HELD;
use crate::app::migrations::Migrations;

/// Written when the portal is registered, and not before: whoever chooses a `member_id` must not create storage. Each step in the
/// order in which it was added.
pub const MIGRATIONS: Migrations = &[
    FIRST,
    NOTICES,
    DELIVERIES,
    REPORTED,
    AUTHORISATION,
    CONSUMERS,
    DESTINATIONS,
    DROPPED,
    TALLY,
    DRAINED,
    LATE_TALLY,
    REVOKED,
];

const CONSUMERS: &[&str] = &[CREATE_CONSUMER];

const FIRST: &[&str] = &[
    // One row. What is due carries the time at which to try (again).
    "CREATE TABLE portal (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        member_id TEXT NOT NULL,
        domain TEXT,
        record_due_at INTEGER,
        report_due_at INTEGER
    )",
    "CREATE TABLE token (
        sha256 TEXT PRIMARY KEY,
        label TEXT,
        kind TEXT NOT NULL,
        status TEXT NOT NULL,
        added_at INTEGER NOT NULL,
        ended_at INTEGER
    ) WITHOUT ROWID",
    // No index and no AUTOINCREMENT: each costs a row written per event. The newest row is never pruned, so `seq` only grows.
    "CREATE TABLE log (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        logged_at INTEGER NOT NULL,
        type TEXT NOT NULL,
        subject TEXT,
        removed INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        event TEXT NOT NULL
    )",
    // Events up to `cursor` were delivered, or have a row in `delivery`. `target` tells whether the URL was changed.
    "CREATE TABLE destination (
        name TEXT PRIMARY KEY,
        cursor INTEGER NOT NULL,
        target TEXT NOT NULL
    ) WITHOUT ROWID",
    "CREATE TABLE delivery (
        destination TEXT NOT NULL,
        seq INTEGER NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        due_at INTEGER,
        error TEXT NOT NULL,
        PRIMARY KEY (destination, seq)
    ) WITHOUT ROWID",
    CREATE_HELD,
    // Tokens whose held events are on their way from the Directory, how far that is, and until when more may come there.
    "CREATE TABLE release (
        sha256 TEXT PRIMARY KEY,
        taken_to INTEGER NOT NULL,
        due_at INTEGER NOT NULL,
        settled_at INTEGER NOT NULL
    ) WITHOUT ROWID",
];

/// What the operator is to be told, and was: one row for each topic and destination. What waits has the time at which to try
/// (again); what was told has none.
const NOTICES: &[&str] = &["CREATE TABLE notice (
        topic TEXT NOT NULL,
        destination TEXT NOT NULL,
        id TEXT NOT NULL,
        notice TEXT NOT NULL,
        count INTEGER NOT NULL,
        first_at INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        due_at INTEGER,
        told_at INTEGER,
        PRIMARY KEY (topic, destination)
    ) WITHOUT ROWID"];

const DELIVERIES: &[&str] = &[
    // JSON of the open circuit, so that an object that starts anew does not begin to knock again; and why it is paused.
    "ALTER TABLE destination ADD COLUMN circuit TEXT",
    "ALTER TABLE destination ADD COLUMN paused TEXT",
    // JSON list of the last attempts.
    "ALTER TABLE delivery ADD COLUMN history TEXT NOT NULL DEFAULT '[]'",
    // One row more for a delivery that fails, so that what is to be sent is found among what was.
    "CREATE INDEX delivery_by_state ON delivery (state, destination, seq)",
    // Events that were made obsolete before they were sent: a list for each step of the cursor, since a row for each would
    // double the price of a bulk edit.
    "CREATE TABLE superseded (
        destination TEXT NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        seqs TEXT NOT NULL,
        PRIMARY KEY (destination, first)
    ) WITHOUT ROWID",
];

/// What the Directory was told: when, the newest event then, and whether events were waiting.
const REPORTED: &[&str] = &[
    "ALTER TABLE portal ADD COLUMN reported_at INTEGER",
    "ALTER TABLE portal ADD COLUMN reported_head INTEGER",
    "ALTER TABLE portal ADD COLUMN reported_busy INTEGER",
];

/// What the portal lets the application do.
const AUTHORISATION: &[&str] = &[CREATE_AUTHORISATION];

const DESTINATIONS: &[&str] = &[
    // Of a destination that the API made: JSON of what was chosen, what it is called with, sealed, and when it was removed, while
    // its deliveries are being forgotten.
    "ALTER TABLE destination ADD COLUMN settings TEXT",
    "ALTER TABLE destination ADD COLUMN sealed TEXT",
    "ALTER TABLE destination ADD COLUMN removed_at INTEGER",
    // What is to be sent again: one row for each replay, with the place that it has come to.
    "CREATE TABLE replay (
        id INTEGER NOT NULL,
        destination TEXT NOT NULL,
        next INTEGER NOT NULL,
        last INTEGER NOT NULL,
        state TEXT,
        rate INTEGER NOT NULL,
        replayed INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (id, destination)
    ) WITHOUT ROWID",
];

/// How many events were deleted that a destination still needed.
const DROPPED: &[&str] = &["ALTER TABLE portal ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0"];

/// JSON of what became of deliveries. It is written with the cursor, so that counting costs no row.
const TALLY: &[&str] = &["ALTER TABLE destination ADD COLUMN tally TEXT"];

const DRAINED: &[&str] = &[CREATE_DRAINED];

/// The same, where an attempt is written and the cursor stays, and how much was counted by then.
const LATE_TALLY: &[&str] =
    &["ALTER TABLE delivery ADD COLUMN tally TEXT", "ALTER TABLE delivery ADD COLUMN outcomes INTEGER"];

/// Whether the operator ended the portal as a whole, which no installation may undo.
const REVOKED: &[&str] = &["ALTER TABLE portal ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0"];
