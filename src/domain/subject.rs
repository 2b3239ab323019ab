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
pub fn find_subject(post: PhpArray<'_>, entry: Option<&Entry>) -> Option<String> {
    let paths = entry.map_or(PATHS_OF_UNKNOWN_EVENTS, |entry| entry.subject);
    paths.iter().find_map(|paths| {
        let ids: Option<Vec<&str>> = paths.split(':').map(|path| id_at(post, path)).collect();
        ids.map(|ids| ids.join(":"))
    })
}

fn id_at<'a>(post: PhpArray<'a>, path: &str) -> Option<&'a str> {
    let mut keys = path.split('.');
    let mut value = post.get(keys.next()?)?;
    for key in keys {
        value = child(value.as_array()?, key)?;
    }
    value.as_text().filter(|id| !matches!(*id, "" | "0" | "undefined"))
}

fn child<'a>(array: PhpArray<'a>, key: &str) -> Option<PhpValue<'a>> {
    if key != "*" {
        return array.get(key);
    }
    let mut children = array.iter();
    let (_, only) = children.next()?;
    if children.next().is_none() { Some(only) } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::find;
    use super::super::form::read_form;
    use super::*;

    fn subject(event: &str, body: &str) -> Option<String> {
        find_subject(read_form(body.as_bytes()).unwrap().root(), find(event))
    }

    #[test]
    fn the_first_path_that_leads_to_an_id_counts() {
        let id = |body: &str| subject("ONTASKCOMMENTADD", body);
        assert_eq!(id("data[FIELDS_AFTER][ID]=7&data[FIELDS_AFTER][MESSAGE_ID]=8").as_deref(), Some("7"));
        for absent in ["", "0", "undefined"] {
            let body = format!("data[FIELDS_AFTER][ID]={absent}&data[FIELDS_AFTER][MESSAGE_ID]=8");
            assert_eq!(id(&body).as_deref(), Some("8"), "{absent:?}");
        }
        assert_eq!(id("data[FIELDS_AFTER]=undefined&data[FIELDS_BEFORE][ID]=9").as_deref(), Some("9"));
        assert_eq!(id("data[FIELDS_AFTER][ID][x]=7"), None);
        assert_eq!(id(""), None);
    }

    #[test]
    fn a_star_is_an_only_child_of_any_key() {
        let id = |body: &str| subject("ONSESSIONSTART", body);
        assert_eq!(id("data[DATA][0][session][id]=5").as_deref(), Some("5"));
        assert_eq!(id("data[DATA][x][session][id]=5").as_deref(), Some("5"));
        assert_eq!(id("data[DATA][0][session][id]=5&data[DATA][1][session][id]=5"), None);
        assert_eq!(id("data[DATA]=5"), None);
    }

    #[test]
    fn joined_ids_must_both_be_there() {
        let id = |body: &str| subject("ONCRMDYNAMICITEMADD_1220", body);
        assert_eq!(id("data[FIELDS][ID]=3&data[FIELDS][ENTITY_TYPE_ID]=1220").as_deref(), Some("1220:3"));
        assert_eq!(id("data[FIELDS][ID]=3"), None);
    }

    #[test]
    fn the_id_may_be_all_of_the_data() {
        assert_eq!(subject("ONIMCONNECTORLINEDELETE", "data=107").as_deref(), Some("107"));
    }

    #[test]
    fn an_unknown_event_has_its_id_in_one_of_three_places() {
        let id = |body: &str| subject("ONSOMETHINGNEW", body);
        assert_eq!(id("data[id]=3&data[ID]=2&data[FIELDS][ID]=1").as_deref(), Some("1"));
        assert_eq!(id("data[id]=3&data[ID]=2").as_deref(), Some("2"));
        assert_eq!(id("data[id]=3").as_deref(), Some("3"));
        let known_without_paths = subject("ONCALENDARROOMCREATE", "data[id]=3");
        assert_eq!(known_without_paths, None);
    }
}
