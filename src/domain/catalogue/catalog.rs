//! The trade catalogue.

use super::{Entry, Verb, events};

events! {
    "CATALOG.MEASURE.ON.ADD"       => "catalog.measure.add",       Add,    ["data.FIELDS.ID"];
    "CATALOG.MEASURE.ON.DELETE"    => "catalog.measure.delete",    Delete, ["data.FIELDS.ID"];
    "CATALOG.MEASURE.ON.UPDATE"    => "catalog.measure.update",    Update, ["data.FIELDS.ID"];
    "CATALOG.PRICE.ON.ADD"         => "catalog.price.add",         Add,    ["data.FIELDS.ID"];
    "CATALOG.PRICE.ON.DELETE"      => "catalog.price.delete",      Delete, ["data.FIELDS.ID"];
    "CATALOG.PRICE.ON.UPDATE"      => "catalog.price.update",      Update, ["data.FIELDS.ID"];
    "CATALOG.PRICE.TYPE.ON.ADD"    => "catalog.price.type.add",    Add,    ["data.FIELDS.ID"];
    "CATALOG.PRICE.TYPE.ON.DELETE" => "catalog.price.type.delete", Delete, ["data.FIELDS.ID"];
    "CATALOG.PRICE.TYPE.ON.UPDATE" => "catalog.price.type.update", Update, ["data.FIELDS.ID"];
    "CATALOG.PRODUCT.ON.ADD"       => "catalog.product.add",       Add,    ["data.FIELDS.ID"];
    "CATALOG.PRODUCT.ON.DELETE"    => "catalog.product.delete",    Delete, ["data.FIELDS.ID"];
    "CATALOG.PRODUCT.ON.UPDATE"    => "catalog.product.update",    Update, ["data.FIELDS.ID"];
    "CATALOG.ROUNDING.ON.ADD"      => "catalog.rounding.add",      Add,    ["data.FIELDS.ID"];
    "CATALOG.ROUNDING.ON.DELETE"   => "catalog.rounding.delete",   Delete, ["data.FIELDS.ID"];
    "CATALOG.ROUNDING.ON.UPDATE"   => "catalog.rounding.update",   Update, ["data.FIELDS.ID"];
}
