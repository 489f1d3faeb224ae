//! The interpreter of compiled definitions, sans I/O: events in, effects out.
//!
//! An [`Execution`] owns all state of one run of a [`Program`]. [`Execution::poll`] runs until everything waits and
//! hands out [`Effect`]s (call this task, wake me then); the caller does them whenever it likes and tells what came of
//! them through [`Execution::resume`]. The time and all chance are lent by the caller's [`Env`]. Which service answers
//! a task, and when, is not known here.
//!
//! Cost model: a transition moves a payload by reference count and touches one thread; nothing is looked up by
//! name and nothing is allocated for a Pass, a Choice or a Succeed. A thread is one line of control: the machine
//! itself, a branch or an iteration. All live in one table, so that no nesting of the input recurses.

mod choice;
mod context;
mod effect;
mod era;
mod failure;
mod flow;
mod fork;
mod formula;
mod items;
mod map_run;
mod redrive;
mod results;
mod step;
mod task;
mod thread;
mod wait;

use std::collections::VecDeque;
use std::sync::Arc;

pub use effect::{
    Effect, Env, Event, Invocation, Outcome, Ready, Resumed, ScopeStep, Site, Status, TaskId, TimerId, TimerPurpose,
    Waiting, WaitsFor,
};
pub use era::Era;

use crate::asl::{Program, ScopeId};
use crate::history::{EVENTS_MAX, EventId, History, Kind, Payload};
use crate::json::Json;
use crate::text;
use failure::Failure;
use fork::Fork;
use thread::{ForkId, Thread, ThreadId};

/// AWS: largest payload of a state, a task or an execution, in bytes of UTF-8 JSON text.
pub const PAYLOAD_BYTES_MAX: usize = 262_144;

/// AWS: longest run of an Express workflow.
const EXPRESS_SECONDS_MAX: u64 = 300;

/// Events that an Express execution may record without ever waiting. AWS has no such limit but ends the run after five
/// minutes; virtual time stands still while an execution runs, so that an endless loop must be noticed by count.
const EXPRESS_EVENTS_WITHOUT_WAIT_MAX: u64 = 1_000_000;

/// The two kinds of workflows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WorkflowType {
    /// Durable; its history is limited to 25,000 events.
    #[default]
    Standard,
    /// At most five minutes; no limit of events.
    Express,
}

/// What an execution begins with.
#[derive(Clone, Debug)]
pub struct Start {
    /// The input.
    pub input: Json,
    /// The input as its caller wrote it, for the history; `None` shows compact JSON.
    pub input_text: Option<Arc<str>>,
    /// The execution's ARN.
    pub execution_arn: Arc<str>,
    /// The execution's name.
    pub execution_name: Arc<str>,
    /// The role it runs under.
    pub role_arn: Arc<str>,
    /// The state machine's ARN.
    pub state_machine_arn: Arc<str>,
    /// The state machine's name.
    pub state_machine_name: Arc<str>,
    /// When it starts, in milliseconds since 1970.
    pub start_ms: u64,
    /// Standard or Express.
    pub workflow_type: WorkflowType,
    /// Which form of AWS's histories to show.
    pub era: Era,
    /// Whether the history keeps its events.
    pub history: bool,
}

impl Start {
    /// A Standard execution of `input` with made-up names, which keeps its history.
    pub fn new(input: Json) -> Start {
        Start {
            input,
            input_text: None,
            execution_arn: "arn:aws:states:us-east-1:111111111111:execution:machine:execution".into(),
            execution_name: "execution".into(),
            role_arn: "arn:aws:iam::111111111111:role/machine".into(),
            state_machine_arn: "arn:aws:states:us-east-1:111111111111:stateMachine:machine".into(),
            state_machine_name: "machine".into(),
            start_ms: 0,
            workflow_type: WorkflowType::Standard,
            era: Era::default(),
            history: true,
        }
    }
}

/// One run of a program.
#[derive(Debug)]
pub struct Execution {
    program: Arc<Program>,
    start: Start,
    region: Arc<str>,
    history: History,
    threads: Vec<Thread>,
    free_threads: Vec<ThreadId>,
    forks: Vec<Option<Fork>>,
    free_forks: Vec<ForkId>,
    ready: VecDeque<ThreadId>,
    effects: Vec<Effect>,
    /// Numbers tasks and timers, so that an answer to a closed one is known to be late.
    sequence: u32,
    timeout_timer: Option<TimerId>,
    /// The newest event when the current poll began.
    polled_from: EventId,
    /// Whether every event gives way to other lines of control.
    interleaves: bool,
    outcome: Option<Outcome>,
    /// How often it was redriven, and when the last time.
    redriven: (u32, u64),
}

impl Execution {
    /// An execution that has recorded its start and waits for its first [`Execution::poll`].
    pub fn start(program: Arc<Program>, start: Start) -> Execution {
        let timeout_seconds = program.timeout_seconds();
        Execution::in_scope(program, ScopeId::ROOT, start, Arc::new([]), timeout_seconds)
    }

    /// An execution of one scope of a program: the machine itself, or the item processor of a distributed Map.
    fn in_scope(
        program: Arc<Program>,
        scope: ScopeId,
        start: Start,
        trail: Arc<[ScopeStep]>,
        timeout_seconds: Option<u64>,
    ) -> Execution {
        let limit = (start.workflow_type == WorkflowType::Standard).then_some(EVENTS_MAX);
        let mut history = History::new(start.history, limit);
        history.record(0, start.start_ms, || Kind::ExecutionStarted {
            input: match &start.input_text {
                Some(text) => Payload::Verbatim(text.clone()),
                None => Payload::Json(start.input.clone()),
            },
            role_arn: start.role_arn.clone(),
        });
        let region = match start.execution_arn.split(':').nth(3) {
            // Nearly always so, and then the text is shared.
            Some("us-east-1" | "") | None => text!("us-east-1"),
            Some(region) => region.into(),
        };
        let root = Thread::new(program.scope(scope), start.input.clone(), trail);
        let mut execution = Execution {
            region,
            program,
            history,
            threads: vec![root],
            free_threads: Vec::new(),
            forks: Vec::new(),
            free_forks: Vec::new(),
            ready: VecDeque::from([ThreadId::ROOT]),
            effects: Vec::new(),
            sequence: 0,
            timeout_timer: None,
            polled_from: 0,
            interleaves: false,
            outcome: None,
            redriven: (0, 0),
            start,
        };
        execution.set_execution_timeout(timeout_seconds, execution.start.start_ms);
        execution
    }

    /// Runs until everything waits or the execution ends, and appends what the caller must do to `effects`.
    pub fn poll(&mut self, env: &mut dyn Env, effects: &mut Vec<Effect>) {
        self.polled_from = self.history.last_id();
        let program = self.program.clone();
        self.check_history(env);
        // A child's events are its own affair.
        self.interleaves = self.parent_scope_is_empty() && env.interleaves();
        if self.interleaves {
            self.run_interleaved(&program, env);
        }
        while let Some(thread) = (!self.interleaves).then(|| self.ready.pop_front()).flatten() {
            self.run(&program, thread, env);
        }
        effects.append(&mut self.effects);
    }

    /// What waits for something from outside, in no order that means anything.
    pub fn waiting(&self) -> impl Iterator<Item = Waiting> {
        self.threads.iter().filter_map(|thread| {
            let on = match (&thread.timer, &thread.task) {
                (Some(timer), _) => WaitsFor::Timer(*timer),
                (None, Some(task)) => {
                    WaitsFor::Task { task: task.id, timeout: task.timeout, heartbeat: task.heartbeat }
                }
                (None, None) => return None,
            };
            Some(Waiting { state: thread.state, newest: thread.last_event, on })
        })
    }

    /// The timer of the machine's `TimeoutSeconds`.
    pub fn timeout(&self) -> Option<TimerId> {
        self.timeout_timer
    }

    /// Takes in what happened; [`Execution::poll`] acts on it. Says whether it still mattered.
    ///
    /// Several events may be taken in before one poll: their history comes first, then what follows from them.
    pub fn resume(&mut self, event: Event, env: &mut dyn Env) -> Resumed {
        if let Event::Redrive = event {
            return self.redrive(env);
        }
        if self.outcome.is_some() {
            return Resumed::Stale;
        }
        match event {
            Event::Stop { error, cause } => {
                let now_ms = env.now_ms();
                // AWS: an end from outside follows from no event.
                self.history
                    .record_end(0, now_ms, || Kind::ExecutionAborted { error: error.clone(), cause: cause.clone() });
                self.finish(Status::Aborted, None, error, cause);
                Resumed::Accepted
            }
            Event::TimerFired(timer) if Some(timer) == self.timeout_timer => {
                self.timeout_timer = None;
                self.time_out(env.now_ms());
                Resumed::Accepted
            }
            Event::TimerFired(timer) => self.timer_fired(timer, env),
            event => self.task_event(event, env),
        }
    }

    /// What it runs.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// What it was started with.
    pub fn started_with(&self) -> &Start {
        &self.start
    }

    /// Its history so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Where it stands.
    pub fn status(&self) -> Status {
        self.outcome.as_ref().map_or(Status::Running, |outcome| outcome.status)
    }

    /// How it ended; `None` while it runs.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Whether this is no child of a distributed Map.
    fn parent_scope_is_empty(&self) -> bool {
        self.threads.first().is_some_and(|root| root.scope.is_empty())
    }

    fn set_execution_timeout(&mut self, wanted: Option<u64>, from_ms: u64) {
        let longest = (self.start.workflow_type == WorkflowType::Express).then_some(EXPRESS_SECONDS_MAX);
        let seconds = match (wanted, longest) {
            (Some(wanted), Some(longest)) => wanted.min(longest),
            (Some(seconds), None) | (None, Some(seconds)) => seconds,
            (None, None) => return,
        };
        let at_ms = from_ms.saturating_add(seconds.saturating_mul(1000));
        let timer = self.next_timer(ThreadId::ROOT);
        self.timeout_timer = Some(timer);
        let site = self.thread(ThreadId::ROOT).site();
        self.effects.push(Effect::SetTimer { timer, at_ms, site, purpose: TimerPurpose::Execution });
    }

    fn time_out(&mut self, now_ms: u64) {
        let error: Arc<str> = "States.Timeout".into();
        self.history.record_end(0, now_ms, || Kind::ExecutionTimedOut { error: Some(error.clone()), cause: None });
        // AWS: DescribeExecution shows neither error nor cause.
        self.finish(Status::TimedOut, None, None, None);
    }

    fn finish(&mut self, status: Status, output: Option<Json>, error: Option<Arc<str>>, cause: Option<Arc<str>>) {
        for at in 0..self.threads.len() {
            self.close_waits(ThreadId(at as u32));
        }
        if let Some(timer) = self.timeout_timer.take() {
            self.effects.push(Effect::CancelTimer { timer });
        }
        self.ready.clear();
        let outcome = Outcome { status, output, error, cause };
        self.effects.push(Effect::Finish(outcome.clone()));
        self.outcome = Some(outcome);
    }

    /// Ends the execution over `failure`, caused by event `by`.
    fn fail_execution(&mut self, failure: Failure, by: EventId, now_ms: u64) {
        let Failure { error, cause, .. } = failure;
        self.history.record_end(by, now_ms, || Kind::ExecutionFailed { error: error.clone(), cause: cause.clone() });
        self.finish(Status::Failed, None, error, cause);
    }

    /// Ends the execution when its history is full. Says whether it did.
    fn check_history(&mut self, env: &dyn Env) -> bool {
        if self.outcome.is_some() {
            return true;
        }
        if self.history.is_full() {
            let cause = format!("The execution reached the maximum number of history events ({EVENTS_MAX}).");
            let failure = Failure::fatal("States.Runtime", cause);
            self.fail_execution(failure, self.history.last_id(), env.now_ms());
            return true;
        }
        let since_poll = self.history.last_id() - self.polled_from;
        if since_poll > EXPRESS_EVENTS_WITHOUT_WAIT_MAX && self.start.workflow_type == WorkflowType::Express {
            self.time_out(env.now_ms());
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests;
