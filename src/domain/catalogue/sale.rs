//! The online shop.

use super::{Entry, Verb, events};

events! {
    "ONORDERDELETED"             => "sale.order.deleted",               Delete, ["data.FIELDS.ID"];
    "ONORDERENTITYSAVED"         => "sale.order.entity_saved",          Update, ["data.FIELDS.ID"];
    "ONPAYMENTDELETED"           => "sale.payment.deleted",             Delete, ["data.FIELDS.ID"];
    "ONPAYMENTENTITYSAVED"       => "sale.payment.entity_saved",        Update, ["data.FIELDS.ID"];
    "ONPROPERTYVALUEDELETED"     => "sale.property_value.deleted",      Delete, ["data.FIELDS.ID"];
    "ONPROPERTYVALUEENTITYSAVED" => "sale.property_value.entity_saved", Update, ["data.FIELDS.ID"];
    "ONSALEBEFOREORDERDELETE"    => "sale.order.before_delete",         Delete, ["data.FIELDS.ID"];
    "ONSALEORDERSAVED"           => "sale.order.saved",                 Update, ["data.FIELDS.ID"];
    "ONSHIPMENTDELETED"          => "sale.shipment.deleted",            Delete, ["data.FIELDS.ID"];
    "ONSHIPMENTENTITYSAVED"      => "sale.shipment.entity_saved",       Update, ["data.FIELDS.ID"];
}
