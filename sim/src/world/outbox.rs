//! What AWS's own services send on and must not lose: dead letters and records for destinations. Such a request is sent
//! again until it is taken, for as long as AWS would.

use super::metrics::Measure;
use super::{ActorId, Caller, Core, Millis, ReplyTo, TIMER_LATE_MS, TimerOwner};
use crate::services::{Answer, Request};

/// The requests that are sent until they are taken.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    items: Vec<Outgoing>,
}

#[derive(Debug)]
struct Outgoing {
    caller: Caller,
    request: Request,
    begun: Millis,
    attempts: u32,
    /// What counts its failures.
    failures: Option<Measure>,
}

/// How long such a request takes; its order against others within the spread is open.
const SENDING_MS: u64 = 20;
const SENDING_SPREAD_MS: u64 = 80;
/// After a failure the next attempt comes after one second, then two, up to a minute.
const BACKOFF_MS: u64 = 1_000;
const BACKOFF_MAX_MS: u64 = 60_000;
/// A day, as EventBridge and Lambda's destinations try at most.
const AGE_MAX_MS: u64 = 86_400_000;

impl Outbox {
    pub(super) fn reset(&mut self) {
        self.items.clear();
    }
}

impl Core {
    /// Sends a request, and sends it again while the service that gets it fails. Nobody hears of the answer, so the
    /// caller's `reply_to` counts for nothing.
    pub fn send_until_taken(&mut self, caller: Caller, request: Request) {
        self.send_measured(caller, request, None);
    }

    /// The same with a metric that counts the failures.
    pub fn send_measured(&mut self, caller: Caller, request: Request, failures: Option<Measure>) {
        let item = self.outbox.items.len() as u32;
        let begun = self.now();
        let caller = Caller { reply_to: ReplyTo::Outbox { item }, ..caller };
        self.outbox.items.push(Outgoing { caller, request, begun, attempts: 0, failures });
        self.attempt(item, SENDING_MS, SENDING_SPREAD_MS);
    }

    /// The next attempt is due.
    pub(crate) fn outgoing_due(&mut self, item: u32) {
        self.attempt(item, 0, 0);
    }

    /// The answer to an attempt.
    pub(crate) fn outgoing_answered(&mut self, item: u32, answer: &Answer) {
        let Err(error) = answer else { return };
        let now = self.now();
        let Some(outgoing) = self.outbox.items.get(item as usize) else { return };
        let (caller, attempts, failures) = (outgoing.caller, outgoing.attempts, outgoing.failures);
        let wait_ms = (BACKOFF_MS << attempts.saturating_sub(1).min(6)).min(BACKOFF_MAX_MS);
        let retriable = error.status >= 500 || error.status == 429 || error.status == 0;
        let is_too_old = now + wait_ms > outgoing.begun + AGE_MAX_MS;
        if let Some(failures) = failures {
            self.measure(failures, 1.0);
        }
        if !retriable || is_too_old {
            self.note(caller.actor, || format!("it is lost: {}: {}", error.code, error.message));
            return;
        }
        let owner = TimerOwner::Outbox { item };
        self.timer(now + wait_ms, TIMER_LATE_MS, caller.actor, OCCURRENCE + attempts, owner);
    }

    fn attempt(&mut self, item: u32, delay_ms: u64, spread_ms: u64) {
        let Some(outgoing) = self.outbox.items.get_mut(item as usize) else { return };
        let occurrence = outgoing.caller.occurrence.wrapping_add(outgoing.attempts.wrapping_mul(OCCURRENCE));
        outgoing.attempts += 1;
        let (caller, request) = (Caller { occurrence, ..outgoing.caller }, outgoing.request.clone());
        self.send_after(delay_ms, spread_ms, caller, request);
    }

    /// A lineage that only a schedule's doing feeds.
    pub fn mark_scheduled(&mut self, actor: ActorId) {
        self.lineages.mark_scheduled(actor);
    }
}

/// Repeated requests are told apart by this, above what a caller counts to.
const OCCURRENCE: u32 = 1 << 12;
