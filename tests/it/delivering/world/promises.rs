//! What must hold after each step, and at the end.

use super::{DAY_MILLIS, How, Note, Step, World};
use bitrix24_edge_relay::domain::delivery::dispatcher::Claim;
use bitrix24_edge_relay::domain::delivery::queue::Entry;

impl World {
    /// No event and no thing is under way twice, none overtakes an earlier event of its thing, and nothing goes while it is paused.
    pub(super) fn check_claim(&self, claim: &Claim) {
        let queue = &self.dispatcher.queue;
        assert!(self.pause.is_none(), "it is paused");
        assert!(!claim.events.is_empty() && claim.events.is_sorted());
        assert!(self.has_batches || claim.events.len() == 1);
        for seq in &claim.events {
            let is_done = matches!(self.notes.get(seq), Some(Note::Failed | Note::Delivered | Note::Superseded));
            assert!(!is_done || queue.is_replayed(*seq), "{seq} is noted as done, and sent again");
            let thing = self.entry(*seq).thing;
            for other in self.requests.iter().flat_map(|request| &request.events) {
                assert_ne!(seq, other, "under way twice");
                assert!(thing.is_none() || self.entry(*other).thing != thing, "{seq} and {other} are about one thing");
            }
            let earlier = self.log.iter().filter(|entry| entry.seq < *seq && thing.is_some() && entry.thing == thing);
            for entry in earlier {
                let is_done =
                    self.arrived.contains(&entry.seq) || self.is_failed(entry.seq) || self.is_superseded(entry.seq);
                let waits = queue.is_open(entry.seq) || queue.is_to_come(entry.seq);
                assert!((is_done && !waits) || claim.events.contains(&entry.seq), "{seq} overtakes {}", entry.seq);
            }
        }
    }

    /// What storage says is done is done, at every moment: a crash now would lose nothing.
    pub(super) fn check(&self) {
        for seq in 1..=self.head() {
            let is_passed = seq <= self.cursor && !self.notes.contains_key(&seq) && !self.superseded.contains(&seq);
            assert!(!is_passed || self.arrived.contains(&seq), "{seq} is behind the cursor, and never arrived");
            if self.notes.get(&seq) == Some(&Note::Delivered) {
                assert!(self.arrived.contains(&seq), "{seq} is noted as delivered, and never arrived");
            }
            if self.is_superseded(seq) {
                let entry = self.entry(seq);
                let is_newer = |later: &&Entry| later.seq > seq && later.is_update && later.thing == entry.thing;
                assert!(entry.is_update && self.log.iter().any(|later| is_newer(&later)), "{seq} is not obsolete");
            }
        }
    }

    /// The destination is well from now on: everything that is not failed arrives, in bounded time.
    pub fn recover(&mut self) {
        self.play(&Step::Resume);
        let end = self.now.plus_millis(DAY_MILLIS);
        while self.now < end {
            self.play(&Step::Send);
            while !self.requests.is_empty() {
                self.play(&Step::End { which: 0, how: How::Arrives });
                self.play(&Step::Send);
            }
            match self.next_due_at() {
                Some(due_at) => {
                    assert!(due_at > self.now, "something is due, and nothing is sent");
                    self.now = due_at;
                }
                None => break,
            }
        }
        self.play(&Step::SaveCursor);
        assert_eq!(self.cursor, self.head(), "the log is dealt with");
        for seq in 1..=self.head() {
            let is_done = self.arrived.contains(&seq) || self.is_failed(seq) || self.is_superseded(seq);
            assert!(is_done, "{seq} is lost: {:?}", self.notes.get(&seq));
        }
        self.check_replays();
    }
}
