//! What a queue can be asked. Nothing here changes it.

use super::{Item, LOOKAHEAD, MAX_OPEN, Queue, Standing};
use crate::domain::time::Timestamp;

impl Queue {
    /// Every event up to this place is done, or noted in storage.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.pending.first().map_or(self.seen, |seq| self.seen.min(seq - 1))
    }

    /// The last event of the log that was offered. The next one is to be offered next.
    #[must_use]
    pub const fn seen(&self) -> i64 {
        self.seen
    }

    /// Whether there is room for another event of the log.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.seen - self.position() < LOOKAHEAD && self.open.len() < MAX_OPEN
    }

    /// Whether an event is sent again because a person wants it, and that has neither gone well nor failed yet.
    #[must_use]
    pub fn is_replayed(&self, seq: i64) -> bool {
        self.open.get(&seq).is_some_and(|item| matches!(item.standing, Standing::Replayed { .. }))
    }

    /// Whether storage knows nothing of an event that was offered and is not done: the position has not passed it.
    #[must_use]
    pub fn is_pending(&self, seq: i64) -> bool {
        self.pending.contains(&seq)
    }

    /// The events that may be sent for the first time, oldest first.
    pub fn fresh(&self) -> impl Iterator<Item = i64> {
        self.fresh.iter().copied()
    }

    /// How many these are.
    #[must_use]
    pub fn fresh_count(&self) -> usize {
        self.fresh.len()
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn is_fresh(&self, seq: i64) -> bool {
        self.fresh.contains(&seq)
    }

    /// The event that has been due again for longest.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<i64> {
        self.due.first().filter(|(due_at, _)| *due_at <= now).map(|(_, seq)| *seq)
    }

    /// When an event is due again.
    #[must_use]
    pub fn next_due_at(&self) -> Option<Timestamp> {
        self.due.first().map(|(due_at, _)| *due_at)
    }

    /// Whether anything is under way.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        !self.sending.is_empty()
    }

    /// The oldest event that is not done.
    #[must_use]
    pub fn oldest_open(&self) -> Option<i64> {
        self.open.keys().next().copied()
    }

    /// Whether an event was offered and is not done.
    #[must_use]
    pub fn is_open(&self, seq: i64) -> bool {
        self.open.contains_key(&seq)
    }

    /// How many of the offered events have not been tried yet. What is under way since before the position was set back will be
    /// offered again.
    #[must_use]
    pub fn untried(&self) -> usize {
        let is_untried = |item: &&Item| item.attempts == 0 && !matches!(item.standing, Standing::Replayed { .. });
        self.open.range(..=self.seen).map(|(_, item)| item).filter(is_untried).count()
    }

    /// Whether an event of the log is still to be tried for the first time, as far as memory alone knows.
    #[must_use]
    pub fn is_to_come(&self, seq: i64) -> bool {
        (seq > self.seen && !self.done.contains(&seq)) || self.is_pending(seq)
    }

    /// Whether an event is done that was not offered yet: it cannot be replayed before those in front of it were offered.
    #[must_use]
    pub fn is_done_ahead(&self, seq: i64) -> bool {
        seq > self.seen && self.done.contains(&seq)
    }

    /// Attempts that were made of an event.
    #[must_use]
    pub fn attempts(&self, seq: i64) -> u32 {
        self.open.get(&seq).map_or(0, |item| item.attempts)
    }

    /// Length of an event's JSON.
    #[must_use]
    pub fn bytes(&self, seq: i64) -> usize {
        self.open.get(&seq).map_or(0, |item| item.entry.bytes)
    }

    /// The last of the events that stand behind one in the log without a gap, and are under way or may go next: so many with it at
    /// most, of so many bytes.
    #[must_use]
    pub fn last_beside(&self, seq: i64, events: usize, bytes: usize) -> i64 {
        let mut left = bytes.saturating_sub(self.bytes(seq));
        let goes_too = |later: &i64| {
            let fits = left.checked_sub(self.bytes(*later));
            left = fits.unwrap_or_default();
            fits.is_some() && (self.fresh.contains(later) || self.sending.contains(later))
        };
        (seq + 1..).take(events.saturating_sub(1)).take_while(goes_too).last().unwrap_or(seq)
    }

    /// The event of the same thing that comes next, where it may go in the same request: it was not tried yet.
    #[must_use]
    pub fn follower(&self, seq: i64) -> Option<i64> {
        let line = self.line_of(&self.open.get(&seq)?.entry)?;
        let next = *line.range(seq + 1..).next()?;
        let item = self.open.get(&next)?;
        (item.standing == Standing::Pending && next <= self.seen && !self.sending.contains(&next)).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::queue::Entry;

    #[test]
    fn those_beside_an_event_are_read_with_it_as_far_as_they_go_next() {
        let mut queue = Queue::new(0);
        for seq in 1..=10 {
            queue.offer(Entry { seq, thing: None, is_update: false, bytes: 100 }, seq != 8);
        }
        queue.claim(1);
        queue.claim(2);
        assert_eq!(queue.last_beside(1, 100, 100_000), 7, "up to one that is not wanted");
        assert_eq!(queue.last_beside(1, 3, 100_000), 3, "no more than so many");
        assert_eq!(queue.last_beside(1, 100, 499), 4, "no more bytes than so many");
        assert_eq!(queue.last_beside(1, 100, 10), 1, "itself, however long");
        assert_eq!(queue.last_beside(7, 100, 100_000), 7);
    }
}
