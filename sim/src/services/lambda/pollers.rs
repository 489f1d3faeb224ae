//! What feeds functions from queues and streams. A poller asks its source once, and waits there until there is
//! something; what it gets is a batch, and the batch is the lineage of everything that the function does with it.

mod queue;
mod stream;

use rehearsal_engine::Json;

use super::service::Lambda;
use super::sources::{EventSource, Source};
use crate::handlers::HostError;
use crate::services::{Answer, Response};
use crate::world::{ActorId, Caller, Core, Millis, Principal, ReplyTo};
use queue::QueuePoller;
use stream::StreamPoller;

/// Asks one queue, or one shard of a stream.
#[derive(Debug)]
pub(super) struct Poller {
    source: u32,
    actor: ActorId,
    /// Its batches so far.
    batches: u32,
    /// Its requests so far.
    polls: u32,
    /// The batch that it works on.
    batch_actor: ActorId,
    phase: Phase,
    /// When it goes on, if a batch is due.
    due: Millis,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Waits for messages or records.
    Polling,
    /// Has a batch, and is about to invoke the function or to try it again.
    Due,
    /// Waits for the function.
    Invoking,
    /// May not ask its source: it never asks again.
    Stopped,
}

#[derive(Debug)]
enum Kind {
    Queue(QueuePoller),
    Stream(StreamPoller),
}

impl Lambda {
    /// The service with these event sources.
    #[must_use]
    pub fn with_sources(mut self, sources: Vec<EventSource>) -> Lambda {
        self.sources = sources;
        self
    }

    /// The event sources.
    pub fn sources(&self) -> &[EventSource] {
        &self.sources
    }

    /// Starts the pollers: each asks once, and is answered when there is something.
    pub fn start_pollers(&mut self, core: &mut Core) {
        for source in 0..self.sources.len() as u32 {
            let own = &self.sources[source as usize];
            let (name, count) = match &own.source {
                Source::Queue { concurrency, .. } => (own.name, *concurrency),
                Source::Stream(stream) => (own.name, stream.lanes),
            };
            for number in 0..count {
                let kind = match &self.sources[source as usize].source {
                    Source::Queue { .. } => Kind::Queue(QueuePoller::default()),
                    Source::Stream(_) => Kind::Stream(StreamPoller::new(number)),
                };
                let actor = core.child(ActorId::WORLD, name, number);
                let phase = Phase::Polling;
                let poller = self.pollers.len() as u32;
                let due = core.now();
                self.pollers.push(Poller { source, actor, batches: 0, polls: 0, batch_actor: actor, phase, due, kind });
                self.poll(core, poller);
            }
        }
    }

    /// A poller goes on: it invokes the function with the batch that it has.
    pub fn poller_due(&mut self, core: &mut Core, id: u32) -> Result<(), HostError> {
        let Some(poller) = self.pollers.get(id as usize) else { return Ok(()) };
        match (poller.phase, &poller.kind) {
            // A timer of a window that was over before.
            (Phase::Due, _) if core.now() < poller.due => Ok(()),
            (Phase::Due, Kind::Queue(_)) => self.invoke_with_messages(core, id),
            (Phase::Due, Kind::Stream(_)) => self.invoke_with_records(core, id),
            (Phase::Polling, Kind::Stream(own)) if own.is_window_over(core.now()) => {
                self.begin_records(core, id);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The answer to a poller's request arrived.
    pub fn poller_answered(&mut self, core: &mut Core, id: u32, answer: Answer) -> Result<(), HostError> {
        let Some(poller) = self.pollers.get_mut(id as usize) else { return Ok(()) };
        match (poller.phase, &poller.kind, answer) {
            (Phase::Polling, _, Err(error)) => {
                poller.phase = Phase::Stopped;
                core.note(poller.actor, || format!("polls no more: {}: {}", error.code, error.message));
            }
            (Phase::Polling, Kind::Queue(_), Ok(Response::Sqs(response))) => self.received(core, id, response),
            (Phase::Polling, Kind::Stream(_), Ok(Response::Streams(records))) => self.read(core, id, records),
            (Phase::Invoking, Kind::Queue(_), answer) => self.messages_handled(core, id, &answer),
            (Phase::Invoking, Kind::Stream(_), answer) => self.records_handled(core, id, &answer),
            _ => {}
        }
        Ok(())
    }

    fn poll(&mut self, core: &mut Core, id: u32) {
        match self.pollers[id as usize].kind {
            Kind::Queue(_) => self.poll_queue(core, id),
            Kind::Stream(_) => self.poll_stream(core, id),
        }
    }

    /// Who a poller's next request comes from. AWS: it asks as the function's role.
    fn poller_caller(&mut self, id: u32) -> Caller {
        let poller = &mut self.pollers[id as usize];
        let occurrence = poller.polls;
        poller.polls += 1;
        let principal = self.role_of(self.pollers[id as usize].source);
        let actor = self.pollers[id as usize].actor;
        Caller { actor, occurrence, principal, reply_to: ReplyTo::Poller { poller: id } }
    }

    fn role_of(&self, source: u32) -> Principal {
        let function = self.sources[source as usize].function;
        self.functions.get(function as usize).map_or(Principal::Anyone, |function| function.role)
    }

    fn has_filters(&self, source: u32) -> bool {
        !self.sources[source as usize].filters.is_empty()
    }

    /// Whether the function wants a message or record.
    fn wants(&self, source: u32, json: &Json) -> bool {
        self.sources[source as usize].filters.iter().any(|filter| filter.matches(json))
    }
}

/// What a function said about its batch.
enum Verdict {
    /// All of it is done.
    Done,
    /// These failed.
    Failed(Vec<std::sync::Arc<str>>),
    /// Nothing of it counts as done.
    AllFailed(String),
}

/// Reads a function's answer. AWS: an empty or missing `batchItemFailures` is success, a malformed one fails the batch.
fn verdict(answer: &Answer, reports_failures: bool) -> Verdict {
    let response = match answer {
        Ok(Response::Lambda(response)) => response,
        Ok(_) => return Verdict::AllFailed("the function gave no answer".to_owned()),
        Err(error) => return Verdict::AllFailed(error.code.to_owned()),
    };
    if response.failed {
        let kind = response.payload.get("errorType").and_then(Json::as_str).unwrap_or("an error");
        return Verdict::AllFailed(kind.to_owned());
    }
    if !reports_failures {
        return Verdict::Done;
    }
    let malformed = || Verdict::AllFailed("its batchItemFailures are malformed".to_owned());
    match &response.payload {
        Json::Null => Verdict::Done,
        Json::Object(members) => match members.get("batchItemFailures") {
            None | Some(Json::Null) => Verdict::Done,
            Some(Json::Array(items)) => {
                let items = Json::Array(items.clone());
                let mut failed = Vec::new();
                for item in items.as_array().unwrap_or_default() {
                    match item.get("itemIdentifier") {
                        Some(Json::String(id)) if !id.is_empty() => failed.push(id.clone()),
                        _ => return malformed(),
                    }
                }
                if failed.is_empty() { Verdict::Done } else { Verdict::Failed(failed) }
            }
            Some(_) => malformed(),
        },
        _ => malformed(),
    }
}

/// Waits that double from one second up to a minute.
fn backoff_ms(attempts: u32) -> u64 {
    const FIRST_MS: u64 = 1_000;
    const MOST_MS: u64 = 60_000;
    (FIRST_MS << attempts.saturating_sub(1).min(6)).min(MOST_MS)
}

/// How long ago something was.
fn age_ms(now: Millis, at: Millis) -> u64 {
    now - at
}
