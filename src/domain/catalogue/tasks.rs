//! Tasks.

use super::{Entry, Verb, events};

events! {
    "ONTASKADD"           => "task.add",            Add,    ["data.FIELDS_AFTER.ID"];
    "ONTASKCOMMENTADD"    => "task.comment.add",    Add,    ["data.FIELDS_AFTER.ID", "data.FIELDS_AFTER.MESSAGE_ID", "data.FIELDS_BEFORE.ID"];
    "ONTASKCOMMENTDELETE" => "task.comment.delete", Delete, ["data.FIELDS_AFTER.ID", "data.FIELDS_BEFORE.ID"];
    "ONTASKCOMMENTUPDATE" => "task.comment.update", Update, ["data.FIELDS_AFTER.ID", "data.FIELDS_BEFORE.ID"];
    "ONTASKDELETE"        => "task.delete",         Delete, ["data.FIELDS_BEFORE.ID"];
    "ONTASKUPDATE"        => "task.update",         Update, ["data.FIELDS_AFTER.ID", "data.FIELDS_BEFORE.ID"];
}
