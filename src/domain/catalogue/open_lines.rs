//! Open lines and their connectors.

use super::{Entry, Verb, events};

events! {
    "ONIMCONNECTORDIALOGFINISH"  => "imconnector.dialog.finish",  Other,  ["data.DATA.*.session.id"];
    "ONIMCONNECTORDIALOGSTART"   => "imconnector.dialog.start",   Other,  ["data.DATA.*.session.id"];
    "ONIMCONNECTORLINEDELETE"    => "imconnector.line.delete",    Delete, ["data"];
    "ONIMCONNECTORMESSAGEADD"    => "imconnector.message.add",    Add,    ["data.MESSAGES.*.im.message_id"];
    "ONIMCONNECTORMESSAGEDELETE" => "imconnector.message.delete", Delete, ["data.MESSAGES.*.im.message_id"];
    "ONIMCONNECTORMESSAGEUPDATE" => "imconnector.message.update", Update, ["data.MESSAGES.*.im.message_id"];
    "ONIMCONNECTORSTATUSDELETE"  => "imconnector.status.delete",  Delete, ["data.line"];
    "ONOPENLINEMESSAGEADD"       => "openline.message.add",       Add,    ["data.DATA.*.message.id"];
    "ONOPENLINEMESSAGEDELETE"    => "openline.message.delete",    Delete, ["data.DATA.*.message.id"];
    "ONOPENLINEMESSAGEUPDATE"    => "openline.message.update",    Update, ["data.DATA.*.message.id"];
    "ONSESSIONFINISH"            => "openline.session.finish",    Other,  ["data.DATA.*.session.id"];
    "ONSESSIONSTART"             => "openline.session.start",     Other,  ["data.DATA.*.session.id"];
}
