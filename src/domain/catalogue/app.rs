//! The application itself and its users.

use super::{Entry, Verb, events};

events! {
    "ONAPPINSTALL"        => "app.install",            Add,    [];
    "ONAPPMETHODCONFIRM"  => "app.method.confirm",     Other,  [];
    "ONAPPPAYMENT"        => "app.payment",            Other,  [];
    "ONAPPTEST"           => "app.test",               Other,  [];
    "ONAPPUNINSTALL"      => "app.uninstall",          Delete, [];
    "ONAPPUPDATE"         => "app.update",             Update, [];
    "ONOFFLINEEVENT"      => "offline.event",          Other,  [];
    "ONSUBSCRIPTIONRENEW" => "app.subscription.renew", Other,  [];
    "ONUSERADD"           => "user.add",               Add,    ["data.ID"];
}
