//! What the objects have on disk, read from outside while workerd runs or after it was killed.

use rusqlite::{Connection, OpenFlags, types::ValueRef};
use std::path::{Path, PathBuf};

/// Tables of the platform itself: `SQLite`'s, workerd's, and Miniflare's.
const NOT_OURS: [&str; 3] = ["sqlite_", "_cf_", "__miniflare"];

/// One table of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// How many rows it has.
    pub rows: i64,
}

/// The `SQLite` files of all objects of a class.
pub fn object_files(state: &Path, class: &str) -> Vec<PathBuf> {
    let suffix = format!("-{class}");
    files_under(state)
        .into_iter()
        .filter(|file| file.extension().is_some_and(|e| e == "sqlite"))
        .filter(|file| file.file_stem().is_some_and(|stem| stem != "metadata"))
        .filter(|file| {
            let directory = file.parent().and_then(Path::file_name).unwrap_or_default();
            directory.to_string_lossy().ends_with(&suffix)
        })
        .collect()
}

/// The tables that the relay made in an object.
pub fn tables(file: &Path) -> Vec<Table> {
    let database = open(file);
    names_of_tables(&database)
        .into_iter()
        .filter(|name| !NOT_OURS.iter().any(|prefix| name.starts_with(prefix)))
        .map(|name| {
            let count = format!("SELECT count(*) FROM \"{name}\"");
            let rows = database.query_row(&count, [], |row| row.get(0)).expect("the table is there");
            Table { name, rows }
        })
        .collect()
}

/// Deletes the alarms of all objects of a class, behind the back of workerd, which must not run. How many.
pub fn delete_alarms(state: &Path, class: &str) -> usize {
    let suffix = format!("-{class}");
    let is_of_class = |file: &&PathBuf| {
        let directory = file.parent().and_then(Path::file_name).unwrap_or_default();
        directory.to_string_lossy().ends_with(&suffix) && file.file_name().is_some_and(|name| name == "metadata.sqlite")
    };
    let files = files_under(state);
    let delete = |file: &PathBuf| {
        let database = Connection::open(file).expect("it was listed");
        database.execute("DELETE FROM _cf_ALARM", []).expect("workerd keeps alarms there")
    };
    files.iter().filter(is_of_class).map(delete).sum()
}

/// Every file under the state in which one of `needles` is: as bytes, deleted pages included, or in a value of a table, where
/// a text may be split over pages. Says which.
pub fn places_of(state: &Path, needles: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files_under(state) {
        let mut bytes = std::fs::read(&file).expect("it was listed");
        if file.extension().is_some_and(|e| e == "sqlite") {
            bytes.extend(all_values(&file));
        }
        // The needles are ASCII, so what is lost in reading other bytes as text does not matter.
        let text = String::from_utf8_lossy(&bytes);
        let there = needles.iter().filter(|needle| text.contains(needle.as_str()));
        found.extend(there.map(|needle| format!("{needle} in {}", file.display())));
    }
    found
}

/// All texts and blobs of a file, each on a line.
fn all_values(file: &Path) -> Vec<u8> {
    let database = open(file);
    let mut values = Vec::new();
    for name in names_of_tables(&database) {
        let Ok(mut rows) = database.prepare(&format!("SELECT * FROM \"{name}\"")) else {
            panic!("{name} of {} cannot be read", file.display());
        };
        let columns = rows.column_count();
        let mut rows = rows.query([]).expect("it has no parameters");
        while let Some(row) = rows.next().expect("workerd keeps the file whole") {
            for column in 0..columns {
                if let ValueRef::Text(value) | ValueRef::Blob(value) = row.get_ref(column).expect("the column is there")
                {
                    values.push(b'\n');
                    values.extend_from_slice(value);
                }
            }
        }
    }
    values
}

fn names_of_tables(database: &Connection) -> Vec<String> {
    let mut query = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .expect("every SQLite file has a schema");
    let names = query.query_map([], |row| row.get(0)).expect("it has no parameters");
    names.collect::<Result<_, _>>().expect("names are text")
}

fn open(file: &Path) -> Connection {
    Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("it was listed")
}

fn files_under(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.expect("the directory stays").path())
        .flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![path] })
        .collect()
}
