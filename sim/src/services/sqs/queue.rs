use std::sync::Arc;

use super::api::{QueueSettings, ReceiveMessage};
use super::message::{Message, MessageState};
use crate::world::{Caller, Millis, QueueId};

/// A queue and what is in it.
#[derive(Debug)]
pub struct Queue {
    /// What it is.
    pub settings: QueueSettings,
    /// By number; `None` is gone.
    pub(super) messages: Vec<Option<Message>>,
    /// The numbers of those that are there, in the order of their places.
    pub(super) live: Vec<u32>,
    /// The receivers that wait, in the order in which they came.
    pub(super) parked: Vec<Parked>,
    pub(super) known: Vec<Known>,
    pub(super) sequence: u64,
    pub(super) polls: u32,
    pub(super) counts: Counts,
    pub(super) purged: Option<Millis>,
}

/// What became of the messages of a queue in one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Taken; a FIFO queue's duplicates are not.
    pub sent: u32,
    /// Handed to a receiver, each time.
    pub received: u32,
    /// Deleted or purged.
    pub deleted: u32,
    /// Moved to the dead-letter queue.
    pub dead_lettered: u32,
    /// Dropped at the end of their retention.
    pub expired: u32,
}

/// A receiver that waits for a message.
#[derive(Debug)]
pub(super) struct Parked {
    pub(super) caller: Caller,
    pub(super) receive: ReceiveMessage,
    /// Its number among the queue's polls.
    pub(super) poll: u32,
    /// Ends its wait.
    pub(super) timer: Option<QueueId>,
}

/// A deduplication id that a FIFO queue remembers.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) id: Arc<str>,
    pub(super) group: Arc<str>,
    pub(super) at: Millis,
    pub(super) message_id: Arc<str>,
    pub(super) sequence: u64,
}

/// AWS: a deduplication id counts for five minutes.
pub(super) const DEDUPLICATION_MS: u64 = 300_000;

impl Queue {
    pub(super) fn new(settings: QueueSettings) -> Queue {
        Queue {
            settings,
            messages: Vec::new(),
            live: Vec::new(),
            parked: Vec::new(),
            known: Vec::new(),
            sequence: 0,
            polls: 0,
            counts: Counts::default(),
            purged: None,
        }
    }

    pub(super) fn reset(&mut self) {
        self.messages.clear();
        self.live.clear();
        self.parked.clear();
        self.known.clear();
        self.sequence = 0;
        self.polls = 0;
        self.counts = Counts::default();
        self.purged = None;
    }

    /// The messages that are in the queue, in the order of their places, but for those older than its retention.
    pub fn messages(&self, now: Millis) -> impl Iterator<Item = &Message> {
        let kept = move |message: &&Message| !self.is_expired(message, now);
        self.live.iter().filter_map(|number| self.message(*number)).filter(kept)
    }

    /// How many messages are in this state.
    pub fn count(&self, state: MessageState, now: Millis) -> usize {
        self.messages(now).filter(|message| message.state == state).count()
    }

    /// What became of the messages of this run.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    pub(super) fn message(&self, number: u32) -> Option<&Message> {
        self.messages.get(number as usize)?.as_ref()
    }

    pub(super) fn message_mut(&mut self, number: u32) -> Option<&mut Message> {
        self.messages.get_mut(number as usize)?.as_mut()
    }

    pub(super) fn is_expired(&self, message: &Message, now: Millis) -> bool {
        now - message.enqueued >= self.settings.retention_ms
    }

    pub(super) fn add(&mut self, message: Message) -> u32 {
        let number = self.messages.len() as u32;
        self.messages.push(Some(message));
        self.live.push(number);
        number
    }

    pub(super) fn take(&mut self, number: u32) -> Option<Message> {
        let message = self.messages.get_mut(number as usize)?.take()?;
        self.live.retain(|live| *live != number);
        Some(message)
    }

    /// The next message that a receive would get. AWS: while a message of a group is in flight, no other of the group is
    /// handed out, though one receive may get several of them.
    pub(super) fn next_receivable(&self, taken: &[u32]) -> Option<u32> {
        let mut blocked: Vec<&str> = Vec::new();
        for number in &self.live {
            let Some(message) = self.message(*number) else { continue };
            let group = message.group.as_deref().filter(|_| self.settings.fifo);
            let free = group.is_none_or(|group| !blocked.contains(&group));
            if message.state == MessageState::Visible && free {
                return Some(*number);
            }
            if let Some(group) = group
                && !taken.contains(number)
            {
                blocked.push(group);
            }
        }
        None
    }

    /// The message that a receipt handle names, if it is its latest receive.
    pub(super) fn by_receipt(&self, receipt: &str) -> Option<u32> {
        let is_meant = |number: &&u32| {
            let message = self.message(**number);
            message.is_some_and(|message| message.receipt.as_deref() == Some(receipt))
        };
        self.live.iter().find(is_meant).copied()
    }

    /// Forgets the deduplication ids whose time is over, and finds one that still counts.
    pub(super) fn known_duplicate(&mut self, id: &str, group: &str, now: Millis) -> Option<&Known> {
        self.known.retain(|known| now - known.at < DEDUPLICATION_MS);
        let by_group = self.settings.deduplicates_by_group;
        self.known.iter().find(|known| *known.id == *id && (!by_group || *known.group == *group))
    }
}
