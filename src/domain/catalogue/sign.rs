//! Electronic signature.

use super::{Entry, Verb, events};

events! {
    "ONHUMANRESOURCESHCMLINKEMPLOYEELISTMAPPED"      => "humanresources.hcmlink.employee_list.mapped",      Other,  [];
    "ONHUMANRESOURCESHCMLINKEMPLOYEELISTREQUESTED"   => "humanresources.hcmlink.employee_list.requested",   Other,  [];
    "ONHUMANRESOURCESHCMLINKFIELDVALUEREQUESTED"     => "humanresources.hcmlink.field_value.requested",     Other,  [];
    "ONHUMANRESOURCESHCMLINKPINREQUESTED"            => "humanresources.hcmlink.pin.requested",             Other,  [];
    "ONHUMANRESOURCESHCMLINKSALARYVACATIONREQUESTED" => "humanresources.hcmlink.salary_vacation.requested", Other,  [];
    "ONSIGNB2EDOCUMENTSTATUSCHANGED"                 => "sign.b2e_document.status_changed",                 Update, ["data.documentUid"];
    "ONSIGNB2EMEMBERSTATUSCHANGED"                   => "sign.b2e_member.status_changed",                   Update, ["data.memberUid"];
    "ONSIGNHCMLINKB2EDOCUMENTSIGNED"                 => "sign.hcmlink.b2e_document.signed",                 Other,  ["data.id"];
}
