//! Finds the id of what an event is about.
//!
//! A path starts at the POST's root and has a key per dot: `data.FIELDS.ID`. `*` is the only child, whatever its key; where
//! there are several, the path leads nowhere. `a:b` joins what two paths lead to with a colon; both must be there.

use super::catalogue::Entry;
use super::php_array::{PhpArray, PhpValue};

/// Where the id of an unknown event's subject may stand.
pub const PATHS_OF_UNKNOWN_EVENTS: &[&str] = &["data.FIELDS.ID", "data.ID", "data.id"];

/// The id of the subject. `None` where no path leads to one: Bitrix24 sends nothing, `0` or the literal text `undefined`
/// where it has no id.
#[must_use]
pub fn find_subject(post: &PhpArray, entry: Option<&Entry>) -> Option<String> {
    let paths = entry.map_or(PATHS_OF_UNKNOWN_EVENTS, |entry| entry.subject);
    paths.iter().find_map(|paths| {
        let ids: Option<Vec<&str>> = paths.split(':').map(|path| id_at(post, path)).collect();
        ids.map(|ids| ids.join(":"))
    })
}

fn id_at<'a>(post: &'a PhpArray, path: &str) -> Option<&'a str> {
    let mut keys = path.split('.');
    let mut value = post.get(keys.next()?)?;
    for key in keys {
        value = child(value.as_array()?, key)?;
    }
    value.as_text().filter(|id| !matches!(*id, "" | "0" | "undefined"))
}

fn child<'a>(array: &'a PhpArray, key: &str) -> Option<&'a PhpValue> {
    if key != "*" {
        return array.get(key);
    }
    let mut children = array.iter();
    let (_, only) = children.next()?;
    if children.next().is_none() { Some(only) } else { None }
}
