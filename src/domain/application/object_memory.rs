//! Objects that were read from a portal, for other events of the same burst. As text: as a tree of values it would take many times
//! the memory.

use crate::domain::time::Timestamp;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Objects that are remembered: a burst on more than these reads some twice.
const MAX_OBJECTS: usize = 50;
/// Bytes of them, with their keys. An answer has 512 KiB at most, so there is room for two of the longest, or for 50 of 20 KiB;
/// most have less than 5. An isolate has 128 MB for all portals that are in it.
const MAX_OBJECT_MEMORY_BYTES: usize = 1 << 20;

/// What is remembered. Lost with the portal's object, when that is put to sleep.
#[derive(Debug, Default)]
pub struct ObjectMemory {
    objects: BTreeMap<String, (Timestamp, Rc<str>)>,
    bytes: usize,
}

impl ObjectMemory {
    /// The object as it was at `since` or later.
    #[must_use]
    pub fn get(&self, key: &str, since: Timestamp) -> Option<Rc<str>> {
        self.objects.get(key).filter(|(read_at, _)| *read_at >= since).map(|(_, object)| Rc::clone(object))
    }

    /// Remembers an object that was read; where there is no room, it takes the place of all others.
    pub fn put(&mut self, key: String, read_at: Timestamp, object: Rc<str>) {
        let bytes = key.len() + object.len();
        if let Some((_, old)) = self.objects.remove(&key) {
            self.bytes -= key.len() + old.len();
        }
        if self.objects.len() >= MAX_OBJECTS || self.bytes + bytes > MAX_OBJECT_MEMORY_BYTES {
            self.objects.clear();
            self.bytes = 0;
        }
        if bytes <= MAX_OBJECT_MEMORY_BYTES {
            self.bytes += bytes;
            self.objects.insert(key, (read_at, object));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn what_was_read_before_an_event_does_not_serve_it() {
        let mut memory = ObjectMemory::default();
        memory.put("a".to_owned(), time(5), "{}".into());
        assert_eq!(memory.get("a", time(5)).as_deref(), Some("{}"));
        assert_eq!((memory.get("a", time(6)), memory.get("b", time(5))), (None, None));
    }

    #[test]
    fn many_and_large_objects_take_no_more_memory_than_they_may() {
        for bytes in [
            0,
            2,
            5_000,
            100_000,
            MAX_OBJECT_MEMORY_BYTES / 2 - 9,
            MAX_OBJECT_MEMORY_BYTES - 9,
            MAX_OBJECT_MEMORY_BYTES,
            3 * MAX_OBJECT_MEMORY_BYTES,
        ] {
            let mut memory = ObjectMemory::default();
            for number in 0..200 {
                // Some come again.
                memory.put(format!("key-{:05}", number % 70), time(number), "x".repeat(bytes).into());
                let held: usize = memory.objects.iter().map(|(key, (_, object))| key.len() + object.len()).sum();
                assert_eq!(held, memory.bytes);
                assert!(held <= MAX_OBJECT_MEMORY_BYTES && memory.objects.len() <= MAX_OBJECTS);
                assert_eq!(
                    memory.get(&format!("key-{:05}", number % 70), time(0)).is_some(),
                    bytes <= MAX_OBJECT_MEMORY_BYTES - 9
                );
            }
        }
    }
}
