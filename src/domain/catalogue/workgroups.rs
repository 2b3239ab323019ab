//! Workgroups and projects.

use super::{Entry, Verb, events};

events! {
    "ONSONETGROUPADD"           => "sonet.group.add",            Add,    ["data.FIELDS.ID"];
    "ONSONETGROUPDELETE"        => "sonet.group.delete",         Delete, ["data.FIELDS.ID"];
    "ONSONETGROUPSUBJECTADD"    => "sonet.group.subject.add",    Add,    ["data.FIELDS.ID"];
    "ONSONETGROUPSUBJECTDELETE" => "sonet.group.subject.delete", Delete, ["data.FIELDS.ID"];
    "ONSONETGROUPSUBJECTUPDATE" => "sonet.group.subject.update", Update, ["data.FIELDS.ID"];
    "ONSONETGROUPUPDATE"        => "sonet.group.update",         Update, ["data.FIELDS.ID"];
}
