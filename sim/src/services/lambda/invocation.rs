use rehearsal_engine::Json;

use crate::world::{ActorId, Millis, Name, Outstanding, QueueId, ReplyTo};

/// One run of a function.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) function: u32,
    pub(super) actor: ActorId,
    pub(super) reply_to: ReplyTo,
    pub(super) environment: u32,
    pub(super) fresh: bool,
    pub(super) event: Json,
    pub(super) entropy: u64,
    /// Keys the request id.
    pub(super) request: u64,
    pub(super) started: Millis,
    pub(super) timeout: Option<QueueId>,
    pub(super) phase: Phase,
    /// The operation of the call it waits for.
    pub(super) calling: Name,
    /// The call itself.
    pub(super) outstanding: Outstanding,
    calls: Vec<(Name, u32)>,
    sleeps: u32,
    randoms: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waits for its environment.
    Starting,
    /// Runs, or waits for an answer.
    Running,
    /// Did all it does, but never answers: its timeout will end it.
    Hanging,
    /// Over.
    Ended,
}

impl Invocation {
    pub(super) fn new(function: u32, actor: ActorId, reply_to: ReplyTo, event: Json, now: Millis) -> Invocation {
        Invocation {
            function,
            actor,
            reply_to,
            environment: 0,
            fresh: false,
            event,
            entropy: 0,
            request: 0,
            started: now,
            timeout: None,
            phase: Phase::Starting,
            calling: Name::HANDLER,
            outstanding: Outstanding::default(),
            calls: Vec::new(),
            sleeps: 0,
            randoms: 0,
        }
    }

    /// Which of the invocation's calls of `operation` comes next.
    pub(super) fn next_call(&mut self, operation: Name) -> u32 {
        self.calling = operation;
        if let Some((_, count)) = self.calls.iter_mut().find(|(known, _)| *known == operation) {
            *count += 1;
            return *count - 1;
        }
        self.calls.push((operation, 1));
        0
    }

    /// Which of its calls of `operation` it made last.
    pub(super) fn last_call(&self, operation: Name) -> u32 {
        self.calls.iter().find(|(known, _)| *known == operation).map_or(0, |(_, count)| count.saturating_sub(1))
    }

    pub(super) fn next_sleep(&mut self) -> u32 {
        self.sleeps += 1;
        self.sleeps
    }

    pub(super) fn next_random(&mut self) -> u32 {
        self.randoms += 1;
        self.randoms - 1
    }
}
