//! Online booking.

use super::{Entry, Verb, events};

events! {
    "ONBOOKINGADD"                => "booking.add",                  Add,    ["data.ID"];
    "ONBOOKINGDELETE"             => "booking.delete",               Delete, ["data.ID"];
    "ONBOOKINGRESOURCEADD"        => "booking.resource.add",         Add,    ["data.ID"];
    "ONBOOKINGRESOURCEDELETE"     => "booking.resource.delete",      Delete, ["data.ID"];
    "ONBOOKINGRESOURCETYPEADD"    => "booking.resource.type.add",    Add,    ["data.ID"];
    "ONBOOKINGRESOURCETYPEDELETE" => "booking.resource.type.delete", Delete, ["data.ID"];
    "ONBOOKINGRESOURCETYPEUPDATE" => "booking.resource.type.update", Update, ["data.ID"];
    "ONBOOKINGRESOURCEUPDATE"     => "booking.resource.update",      Update, ["data.ID"];
    "ONBOOKINGUPDATE"             => "booking.update",               Update, ["data.ID"];
    "ONBOOKINGWAITLISTITEMADD"    => "booking.waitlist.item.add",    Add,    ["data.ID"];
    "ONBOOKINGWAITLISTITEMDELETE" => "booking.waitlist.item.delete", Delete, ["data.ID"];
    "ONBOOKINGWAITLISTITEMUPDATE" => "booking.waitlist.item.update", Update, ["data.ID"];
}
