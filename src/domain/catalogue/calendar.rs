//! Calendars.

use super::{Entry, Verb, events};

events! {
    "ONCALENDARENTRYADD"      => "calendar.entry.add",      Add,    ["data.id"];
    "ONCALENDARENTRYDELETE"   => "calendar.entry.delete",   Delete, ["data.id"];
    "ONCALENDARENTRYUPDATE"   => "calendar.entry.update",   Update, ["data.id"];
    "ONCALENDARROOMCREATE"    => "calendar.room.create",    Add,    [];
    "ONCALENDARROOMDELETE"    => "calendar.room.delete",    Delete, [];
    "ONCALENDARROOMUPDATE"    => "calendar.room.update",    Update, [];
    "ONCALENDARSECTIONADD"    => "calendar.section.add",    Add,    ["data.id"];
    "ONCALENDARSECTIONDELETE" => "calendar.section.delete", Delete, ["data.id"];
    "ONCALENDARSECTIONUPDATE" => "calendar.section.update", Update, ["data.id"];
}
