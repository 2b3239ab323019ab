//! Telephony.

use super::{Entry, Verb, events};

events! {
    "ONEXTERNALCALLBACKSTART" => "telephony.external.callback.start", Other,  [];
    "ONEXTERNALCALLSTART"     => "telephony.external.call.start",     Other,  ["data.CALL_ID"];
    "ONVOXIMPLANTCALLEND"     => "telephony.voximplant.call.end",     Other,  ["data.CALL_ID"];
    "ONVOXIMPLANTCALLINIT"    => "telephony.voximplant.call.init",    Other,  ["data.CALL_ID"];
    "ONVOXIMPLANTCALLSTART"   => "telephony.voximplant.call.start",   Other,  ["data.CALL_ID"];
}
