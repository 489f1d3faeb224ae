//! The clock and the queue of a lone execution.

use std::collections::BTreeMap;
use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::asl::Resource;
use rehearsal_engine::execution::{Effect, Env, Event, Execution, Invocation, Resumed, Site, TimerId};

use super::mocks::{self, End, Mocks};
use crate::lone;

/// Runs until the execution ends.
pub(super) fn drive(execution: &mut Execution, mocks: &mut Mocks, seed: u64) {
    let mut clock = Clock { now_ms: execution.started_with().start_ms, seed };
    let mut queue = Queue::default();
    let mut effects = Vec::new();
    loop {
        execution.poll(&mut clock, &mut effects);
        for effect in effects.drain(..) {
            match effect {
                Effect::Invoke(invocation) => queue.answer(clock.now_ms, &invocation, execution, mocks),
                Effect::SetTimer { timer, at_ms, .. } => queue.push(at_ms, Phase::Timer, Event::TimerFired(timer)),
                Effect::CancelTimer { timer } => queue.cancel(timer),
                Effect::Abandon { .. } => {}
                Effect::Finish(_) => return,
            }
        }
        // Timers of one instant are told together: on AWS, too, all timeouts of a wave come before what follows.
        let Some((at_ms, phase)) = queue.take(execution, &mut clock) else {
            stop_stuck(execution, &mut clock);
            return;
        };
        while phase == Phase::Timer && queue.next_is(at_ms, phase) {
            queue.take(execution, &mut clock);
        }
    }
}

/// Nothing is left that could happen: a task was mocked to never answer and has no timeout.
fn stop_stuck(execution: &mut Execution, clock: &mut Clock) {
    let cause = "a task never answers and has no timeout, so nothing can happen any more";
    let event = Event::Stop { error: Some("Rehearsal.Stuck".into()), cause: Some(cause.into()) };
    let _: Resumed = execution.resume(event, clock);
}

struct Clock {
    now_ms: u64,
    seed: u64,
}

impl Env for Clock {
    fn now_ms(&self) -> u64 {
        self.now_ms
    }

    fn random(&mut self, site: &Site, occurrence: u32) -> f64 {
        lone::unit(lone::key(self.seed, &(site, occurrence)))
    }

    fn uuid(&mut self, site: &Site, occurrence: u32) -> String {
        lone::uuid(lone::key(self.seed, &(site, occurrence)))
    }

    fn admit(&mut self, resource: &Resource, parameters: &Json) -> Result<(), String> {
        let Resource::Service(call) = resource else { return Ok(()) };
        let is_list = |value: &Json| value.as_array().is_some();
        // AWS: each header is a list of values; anything else fails before the call, past any Catch.
        match parameters.get("Headers") {
            Some(headers) if &*call.service == "apigateway" => match headers.as_object() {
                Some(headers) if headers.values().all(is_list) => Ok(()),
                _ => Err(format!(
                    "The Parameters '{parameters}' could not be used to start the Task: [The value of the field 'Headers' \
                     has an invalid format]"
                )),
            },
            _ => Ok(()),
        }
    }

    fn task_token(&mut self, site: &Site) -> Arc<str> {
        format!("token-{:016x}", lone::key(self.seed, site)[0]).into()
    }
}

/// What comes first among events of one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Started,
    Submitted,
    Ended,
    Timer,
}

#[derive(Default)]
struct Queue {
    entries: BTreeMap<(u64, Phase, u64), Event>,
    pushed: u64,
}

impl Queue {
    fn push(&mut self, at_ms: u64, phase: Phase, event: Event) {
        self.pushed += 1;
        self.entries.insert((at_ms, phase, self.pushed), event);
    }

    fn cancel(&mut self, timer: TimerId) {
        self.entries.retain(|_, event| !matches!(event, Event::TimerFired(known) if *known == timer));
    }

    fn next_is(&self, at_ms: u64, phase: Phase) -> bool {
        self.entries.first_key_value().is_some_and(|((at, next, _), _)| *at <= at_ms && *next == phase)
    }

    /// Tells the execution what comes next, and moves the clock there.
    fn take(&mut self, execution: &mut Execution, clock: &mut Clock) -> Option<(u64, Phase)> {
        let ((at_ms, phase, _), event) = self.entries.pop_first()?;
        clock.now_ms = clock.now_ms.max(at_ms);
        let _: Resumed = execution.resume(event, clock);
        Some((at_ms, phase))
    }

    fn answer(&mut self, now_ms: u64, invocation: &Invocation, execution: &Execution, mocks: &mut Mocks) {
        let task = invocation.task;
        let mock = mocks.take(execution.program(), invocation);
        if mock.is_started {
            self.push(now_ms, Phase::Started, Event::Started { task, worker: mock.worker });
        }
        if let Some(output) = mock.submitted {
            self.push(now_ms, Phase::Submitted, Event::Submitted { task, output });
        }
        let at_ms = now_ms.saturating_add(mock.after_ms);
        match mock.end {
            End::Never => {}
            End::Output(output) => self.push(at_ms, Phase::Ended, Event::Succeeded { task, output }),
            End::Error(error, cause) => self.push(at_ms, Phase::Ended, Event::Failed { task, error, cause }),
            End::Refused(phase, error, cause) => {
                let event = match phase {
                    mocks::Phase::Schedule => Event::ScheduleFailed { task, error, cause },
                    mocks::Phase::Start => Event::StartFailed { task, error, cause },
                    mocks::Phase::Submit => Event::SubmitFailed { task, error, cause },
                };
                self.push(at_ms, Phase::Ended, event);
            }
        }
    }
}
