use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Millis;

/// A queued entry, for cancelling it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueId {
    slot: u32,
    sequence: u64,
}

/// An entry that is due.
#[derive(Debug)]
pub struct Due<T> {
    /// When it is due.
    pub at: Millis,
    /// The end of its interval: until then, others that come due may go first.
    pub latest: Millis,
    /// What is due.
    pub entry: T,
    /// Its number in the queue.
    id: QueueId,
    order: u64,
}

/// The world's queue: entries by time, then by the order in which they were queued.
///
/// An entry's due time is an interval, `at..=latest`. Entries whose intervals overlap are co-enabled; which one goes
/// first is a decision, made by whoever pops (see [`Queue::co_enabled`]).
#[derive(Debug)]
pub struct Queue<T> {
    heap: BinaryHeap<Reverse<Place>>,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    sequence: u64,
    live: usize,
}

/// Where an entry stands: by time, then by the order of queueing; one that was put back stands right behind another.
type Place = (Millis, u64, u64, u32);

#[derive(Debug)]
struct Slot<T> {
    sequence: u64,
    latest: Millis,
    entry: Option<T>,
}

impl<T> Queue<T> {
    /// An empty queue.
    pub fn new() -> Queue<T> {
        Queue { heap: BinaryHeap::new(), slots: Vec::new(), free: Vec::new(), sequence: 0, live: 0 }
    }

    /// Empty again, keeping the memory.
    pub fn reset(&mut self) {
        self.heap.clear();
        self.slots.clear();
        self.free.clear();
        self.sequence = 0;
        self.live = 0;
    }

    /// Queues `entry` for `at`, or any time until `latest`.
    pub fn push(&mut self, at: Millis, latest: Millis, entry: T) -> QueueId {
        self.sequence += 1;
        let sequence = self.sequence;
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Slot { sequence, latest, entry: Some(entry) };
            slot
        } else {
            self.slots.push(Slot { sequence, latest, entry: Some(entry) });
            (self.slots.len() - 1) as u32
        };
        self.heap.push(Reverse((at, sequence, 0, slot)));
        self.live += 1;
        QueueId { slot, sequence }
    }

    /// Takes an entry out; `None` when it is already gone.
    pub fn cancel(&mut self, id: QueueId) -> Option<T> {
        let slot = self.slots.get_mut(id.slot as usize).filter(|slot| slot.sequence == id.sequence)?;
        let entry = slot.entry.take()?;
        self.live -= 1;
        Some(entry)
    }

    /// The next entry.
    pub fn pop(&mut self) -> Option<Due<T>> {
        self.drop_cancelled();
        let Reverse((at, order, _, slot)) = self.heap.pop()?;
        let held = &mut self.slots[slot as usize];
        let (latest, id) = (held.latest.max(at), QueueId { slot, sequence: held.sequence });
        let entry = held.entry.take()?;
        self.free.push(slot);
        self.live -= 1;
        Some(Due { at, latest, entry, id, order })
    }

    /// The next entry, if it is not due after `latest`: it could as well go before one due until then.
    pub fn co_enabled(&mut self, latest: Millis) -> Option<&T> {
        self.drop_cancelled();
        let Reverse((at, _, _, slot)) = *self.heap.peek()?;
        let entry = self.slots[slot as usize].entry.as_ref()?;
        (at <= latest).then_some(entry)
    }

    /// Every entry that is not due after `latest`, in no order that means anything.
    pub fn all_until(&self, latest: Millis) -> impl Iterator<Item = &T> {
        let due = self.heap.iter().filter(move |Reverse((at, _, _, _))| *at <= latest);
        due.filter_map(|Reverse((_, _, _, slot))| self.slots[*slot as usize].entry.as_ref())
    }

    /// Puts back an entry that was taken, right behind `before`, which was taken after it. It keeps its number.
    ///
    /// Nothing may have been queued since it was taken.
    pub fn put_behind(&mut self, before: &Due<T>, due: Due<T>) {
        let QueueId { slot, sequence } = due.id;
        if let Some(place) = self.free.iter().rposition(|free| *free == slot) {
            self.free.swap_remove(place);
        }
        self.slots[slot as usize] = Slot { sequence, latest: due.latest, entry: Some(due.entry) };
        self.sequence += 1;
        self.heap.push(Reverse((before.at, before.order, self.sequence, slot)));
        self.live += 1;
    }

    /// When the next entry is due.
    pub fn next_at(&mut self) -> Option<Millis> {
        self.drop_cancelled();
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// How many entries wait.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    fn drop_cancelled(&mut self) {
        while let Some(Reverse((_, _, _, slot))) = self.heap.peek() {
            if self.slots[*slot as usize].entry.is_some() {
                return;
            }
            self.free.push(*slot);
            self.heap.pop();
        }
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Queue<T> {
        Queue::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_by_time_then_by_order_of_queueing() {
        let mut queue = Queue::new();
        for (at, name) in [(5, "b"), (3, "a"), (5, "c"), (9, "d")] {
            queue.push(Millis(at), Millis(at), name);
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|due| due.entry).collect();
        assert_eq!(order, ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_cancelled_entry_never_comes_and_its_slot_is_not_confused() {
        let mut queue = Queue::new();
        let first = queue.push(Millis(1), Millis(1), "first");
        assert_eq!(queue.cancel(first), Some("first"));
        assert_eq!(queue.cancel(first), None);
        assert!(queue.is_empty());
        assert!(queue.co_enabled(Millis(9)).is_none());
        let second = queue.push(Millis(2), Millis(2), "second");
        assert_eq!(queue.cancel(first), None);
        assert_eq!(queue.len(), 1);
        assert_eq!(queue.pop().map(|due| due.entry), Some("second"));
        assert_eq!(queue.cancel(second), None);
    }

    #[test]
    fn overlapping_intervals_are_co_enabled() {
        let mut queue = Queue::new();
        queue.push(Millis(10), Millis(20), "slow");
        queue.push(Millis(15), Millis(15), "quick");
        let due = queue.pop().expect("one waits");
        assert_eq!(queue.co_enabled(due.latest), Some(&"quick"));
        assert_eq!(queue.co_enabled(Millis(14)), None);
    }

    #[test]
    fn what_lets_the_next_one_go_first_stands_right_behind_it_and_can_still_be_cancelled() {
        let mut queue = Queue::new();
        let patient = queue.push(Millis(10), Millis(20), "patient");
        for name in ["first", "second"] {
            queue.push(Millis(12), Millis(12), name);
        }
        let put_behind = |queue: &mut Queue<&'static str>| {
            let due = queue.pop().expect("one waits");
            let first = queue.pop().expect("another one waits");
            queue.put_behind(&first, due);
            first.entry
        };
        assert_eq!(put_behind(&mut queue), "first");
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|due| (due.at.0, due.entry)).collect();
        assert_eq!(order, [(12, "patient"), (12, "second")]);
        assert_eq!(queue.cancel(patient), None);
        let patient = queue.push(Millis(10), Millis(20), "patient");
        queue.push(Millis(12), Millis(12), "first");
        assert_eq!(put_behind(&mut queue), "first");
        assert_eq!(queue.all_until(Millis(12)).count(), 1);
        assert_eq!(queue.cancel(patient), Some("patient"));
        assert!(queue.is_empty());
    }
}
