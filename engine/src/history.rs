//! AWS-format execution history: the events of `GetExecutionHistory`, with the ids and causes that AWS gives them.
//!
//! The interpreter ([`crate::execution`]) is the only writer. It decides *which* event follows from which; this module
//! numbers events, keeps them, and writes them as AWS writes them. Ids are counted even when nothing is kept, because
//! error texts quote them and the limit of 25,000 events counts them; then a record costs one addition.

mod event;
mod write;

pub use event::{Assigned, Event, EventId, Kind, Payload, TaskEvent};
pub use write::iso;

/// Event number at which AWS ends a Standard execution; that event is itself the `ExecutionFailed`.
pub const EVENTS_MAX: u64 = 25_000;

/// The events of one execution so far.
#[derive(Clone, Debug)]
pub struct History {
    last_id: EventId,
    /// Event number that only the end of the execution may have.
    limit: EventId,
    is_full: bool,
    events: Option<Vec<Event>>,
}

impl History {
    /// An empty history. It keeps its events or only counts them, and it may end at `limit` events.
    pub fn new(keep: bool, limit: Option<EventId>) -> History {
        History { last_id: 0, limit: limit.unwrap_or(EventId::MAX), is_full: false, events: keep.then(Vec::new) }
    }

    /// The events in the order of their ids; empty when they are only counted.
    pub fn events(&self) -> &[Event] {
        self.events.as_deref().unwrap_or_default()
    }

    /// The id of the newest event; 0 before the first.
    pub fn last_id(&self) -> EventId {
        self.last_id
    }

    /// Whether events are kept.
    pub fn is_kept(&self) -> bool {
        self.events.is_some()
    }

    /// Whether an event came that only the end could have followed. The execution must end now.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Appends an event and returns its id. `kind` is asked only when events are kept. A full history drops it.
    #[inline]
    pub fn record(&mut self, previous_id: EventId, at_ms: u64, kind: impl FnOnce() -> Kind) -> EventId {
        if self.last_id + 1 >= self.limit {
            self.is_full = true;
            return self.last_id;
        }
        self.record_end(previous_id, at_ms, kind)
    }

    /// Appends the event that ends the execution, for which there is always room.
    #[inline]
    pub fn record_end(&mut self, previous_id: EventId, at_ms: u64, kind: impl FnOnce() -> Kind) -> EventId {
        self.last_id += 1;
        if let Some(events) = &mut self.events {
            events.push(Event { id: self.last_id, previous_id, at_ms, kind: kind() });
        }
        self.last_id
    }
}
