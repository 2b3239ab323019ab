//! The feed.

use super::{Entry, Verb, events};

events! {
    "ONLIVEFEEDPOSTADD"    => "livefeed.post.add",    Add,    ["data.FIELDS.POST_ID"];
    "ONLIVEFEEDPOSTDELETE" => "livefeed.post.delete", Delete, ["data.FIELDS.POST_ID"];
    "ONLIVEFEEDPOSTUPDATE" => "livefeed.post.update", Update, ["data.FIELDS.POST_ID"];
}
