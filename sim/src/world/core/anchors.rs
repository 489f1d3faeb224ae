//! When a request arrives, and the moments that a slow one is tied to: right after somebody's time is up, right after the
//! next write to the same item by somebody else.
//!
//! A delay of fixed length hits such a moment by luck only. An alternative that is tied to nothing, because nobody's time
//! is limited there, is not offered.

use super::{Core, Entry};
use crate::services::{Request, dynamodb};
use crate::world::{ActorId, Caller, Kind, Millis, QueueId, ReplyTo, Weighted, World};

/// Odds of nominal latency, of the two tails, and of the two anchors.
const LATENCY_WEIGHTS: [u32; 5] = [970, 20, 10, 3, 3];
/// Those without the anchors.
const PLAIN: usize = 3;
/// A request that misses its caller's timeout misses it by this much.
const AFTER_TIMEOUT_MS: u64 = 1;
/// What waits for a write that never comes arrives at last so long after its caller's timeout.
const HELD_AFTER_TIMEOUT_MS: u64 = 10_000;

/// When a request arrives.
pub(super) enum Arrival {
    /// From an instant on, until another one.
    Within(Millis, Millis),
    /// Right after the next write to its item by somebody else.
    PastNextWrite {
        /// Or, if there is none, then.
        at_latest: Millis,
    },
}

/// A request that waits for a write to its item.
#[derive(Debug)]
pub(super) struct Held {
    id: QueueId,
    actor: ActorId,
    request: Request,
}

impl Core {
    /// Says when a caller's time is up: its requests may miss that by a moment.
    #[inline]
    pub fn set_deadline(&mut self, actor: ActorId, at: Millis) {
        self.lineages.set_deadline(actor, at);
    }

    pub(super) fn arrival(&mut self, caller: &Caller, request: &Request) -> Arrival {
        let latency = request.latency();
        // A call that is much slower than usual is a fault too, if the mildest one: as with any other, nobody is asked
        // when it is off.
        let may_be_slow = self.faults_on && self.plan.slow_calls();
        let deadline = self.lineages.deadline(caller.actor).unwrap_or_default();
        let anchors = match caller.reply_to {
            _ if deadline <= self.now || !self.plan.anchored_calls() => 0,
            ReplyTo::Handler { .. } if writes_items(request) => 2,
            ReplyTo::Handler { .. } | ReplyTo::Task { .. } => 1,
            _ => 0,
        };
        let odds = Weighted::Table(&LATENCY_WEIGHTS[..PLAIN + anchors]);
        let (actor, operation) = (caller.actor, request.operation());
        match if may_be_slow { self.choose(actor, operation, Kind::Latency, caller.occurrence, &odds) } else { 0 } {
            0 => {
                let at = self.now + latency.nominal_ms;
                Arrival::Within(at, at + latency.spread_ms)
            }
            tail @ (1 | 2) => {
                let at = self.now + latency.tails_ms[tail as usize - 1];
                Arrival::Within(at, at)
            }
            3 => {
                let at = deadline + AFTER_TIMEOUT_MS;
                Arrival::Within(at, at)
            }
            _ => Arrival::PastNextWrite { at_latest: deadline + HELD_AFTER_TIMEOUT_MS },
        }
    }

    /// Lets a request wait for a write to its item.
    pub(super) fn hold(&mut self, at_latest: Millis, caller: Caller, request: Request) -> QueueId {
        let (actor, waiting) = (caller.actor, request.clone());
        let id = self.push(at_latest, at_latest, Entry::Call { caller, request });
        self.held.push(Held { id, actor, request: waiting });
        id
    }

    /// Whether a request waits for a write to its item.
    #[inline]
    pub(in crate::world) fn holds(&self) -> bool {
        !self.held.is_empty()
    }
}

impl World {
    /// Lets those requests go that wait for what `actor` has just written.
    pub(in crate::world) fn release_held(&mut self, actor: ActorId) {
        let (core, database) = (&mut self.core, &self.dynamodb.database);
        let mut held = std::mem::take(&mut core.held);
        held.retain(|waiting| {
            let Request::DynamoDb(request) = &waiting.request else { return false };
            let items = database.written_by(request);
            let is_written =
                database.changes().iter().any(|change| items.contains(&(change.table, change.key.clone())));
            if waiting.actor == actor || !is_written {
                return true;
            }
            // Gone when it has arrived meanwhile.
            if let Some(entry) = core.queue.cancel(waiting.id) {
                core.forget(&entry.entry);
                core.push(core.now, core.now, entry.entry);
            }
            false
        });
        core.held = held;
    }
}

fn writes_items(request: &Request) -> bool {
    use dynamodb::Request::{DeleteItem, PutItem, TransactWriteItems, UpdateItem};
    let Request::DynamoDb(request) = request else { return false };
    matches!(&**request, PutItem(_) | UpdateItem(_) | DeleteItem(_) | TransactWriteItems(_))
}
