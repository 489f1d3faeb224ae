//! What an execution asks for, what it is told, and what it borrows.

use std::fmt;
use std::sync::Arc;

use crate::asl::{Resource, StateId};
use crate::history::EventId;
use crate::json::Json;

/// One call of a task: a new one for every attempt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub(super) u64);

/// A timer that an execution has set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId(pub(super) u64);

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}.{}", self.0 >> 32, self.0 & 0xffff_ffff)
    }
}

impl fmt::Debug for TimerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timer {}.{}", self.0 >> 32, self.0 & 0xffff_ffff)
    }
}

/// One level of nesting around a state: which branch or iteration of which visit of a Parallel or Map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScopeStep {
    /// The Parallel or Map.
    pub state: StateId,
    /// Which visit of it within its own scope, from 0.
    pub visit: u32,
    /// Which attempt of that visit, from 0.
    pub attempt: u32,
    /// Branch or iteration, from 0.
    pub index: u32,
}

/// Where in an execution something happens: stable whatever else happens elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Site {
    /// The state.
    pub state: StateId,
    /// Which visit of the state within its scope, from 0.
    pub visit: u32,
    /// Which attempt of that visit, from 0.
    pub attempt: u32,
    /// The Parallels and Maps around it, outermost first.
    pub scope: Arc<[ScopeStep]>,
}

/// What an execution borrows from its caller.
pub trait Env {
    /// The time, in milliseconds since 1970.
    fn now_ms(&self) -> u64;

    /// A number from 0 (inclusive) to 1 (exclusive): jitter, `States.MathRandom`. `occurrence` counts the draws of one
    /// attempt at `site`.
    fn random(&mut self, site: &Site, occurrence: u32) -> f64;

    /// A version 4 UUID, for `States.UUID`.
    fn uuid(&mut self, site: &Site, occurrence: u32) -> String;

    /// The task token of a call; every attempt gets its own. [`Invocation`] says which task it belongs to.
    fn task_token(&mut self, site: &Site) -> Arc<str>;

    /// Whether a task can be started at all; the error is what is wrong with its parameters or its resource.
    ///
    /// AWS: a refusal (a missing activity, a parameter of the wrong type) is an uncatchable `States.Runtime`.
    fn admit(&mut self, _resource: &Resource, _parameters: &Json) -> Result<(), String> {
        Ok(())
    }

    /// Whether [`Env::next`] is asked after every event which line of control goes on. Otherwise each runs until it waits.
    fn interleaves(&self) -> bool {
        false
    }

    /// Which of the lines of control that are ready goes on, when `newest` is the newest event; `None` lets what comes from
    /// outside go first.
    fn next(&mut self, _newest: EventId, _ready: &[Ready]) -> Option<usize> {
        Some(0)
    }

    /// Whether the results of a distributed Map's run are told, as a task's are, rather than made by its children.
    fn tells_map_run(&self, _map: StateId) -> bool {
        false
    }

    /// A state was entered, from another one of its scope.
    fn entered(&mut self, _state: StateId, _from: Option<StateId>) {}

    /// A retrier takes an error.
    fn retried(&mut self, _state: StateId, _retrier: usize) {}

    /// A catcher takes an error.
    fn caught(&mut self, _state: StateId, _catcher: usize) {}

    /// A Choice takes one of its rules, or its default.
    fn chosen(&mut self, _state: StateId, _rule: Option<usize>) {}
}

/// A line of control that can go on.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// The state that it is in or about to enter.
    pub state: StateId,
    /// Whether it is about to enter the state.
    pub enters: bool,
    /// Its newest event, from which its next one follows.
    pub newest: EventId,
}

/// A line of control that waits for something from outside.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// The state that it is in.
    pub state: StateId,
    /// Its newest event.
    pub newest: EventId,
    /// What it waits for.
    pub on: WaitsFor,
}

/// What a line of control waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitsFor {
    /// A Wait's end, or a retry's.
    Timer(TimerId),
    /// A task's events.
    Task {
        /// Which task.
        task: TaskId,
        /// The timer of its `TimeoutSeconds`.
        timeout: Option<TimerId>,
        /// The timer of its `HeartbeatSeconds`.
        heartbeat: Option<TimerId>,
    },
}

/// What the caller must do.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Call a task.
    Invoke(Box<Invocation>),
    /// Send [`Event::TimerFired`] at this time.
    SetTimer {
        /// Which timer.
        timer: TimerId,
        /// When, in milliseconds since 1970; may lie in the past.
        at_ms: u64,
        /// Where in the execution it was set.
        site: Site,
        /// What ends with it.
        purpose: TimerPurpose,
    },
    /// This timer need not fire any more; if it does, it is ignored.
    CancelTimer {
        /// Which timer.
        timer: TimerId,
    },
    /// Nobody waits for this task any more. What was called goes on; its late answer is stale.
    Abandon {
        /// Which task.
        task: TaskId,
    },
    /// The execution has ended. The last effect of all, unless it is redriven.
    Finish(Outcome),
}

/// What ends when a timer fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerPurpose {
    /// The machine's `TimeoutSeconds`: the whole execution.
    Execution,
    /// A Wait state.
    Wait,
    /// The pause before a retry.
    Retry,
    /// A task's `TimeoutSeconds`.
    Timeout,
    /// A task's `HeartbeatSeconds`.
    Heartbeat,
}

/// A call of a task.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The call's number, for its answers.
    pub task: TaskId,
    /// Which state calls, in which visit, attempt and scope.
    pub site: Site,
    /// What is called.
    pub resource: Arc<Resource>,
    /// What it is called with.
    pub parameters: Json,
    /// The task token, where the resource has one.
    pub token: Option<Arc<str>>,
    /// The role to call under, from `Credentials`.
    pub role_arn: Option<Arc<str>>,
    /// `TimeoutSeconds`; the execution times it itself.
    pub timeout_ms: Option<u64>,
    /// `HeartbeatSeconds`; the execution times it itself.
    pub heartbeat_ms: Option<u64>,
}

/// What an execution is told.
#[derive(Clone, Debug)]
pub enum Event {
    /// A Lambda function or an activity could not be scheduled.
    ScheduleFailed {
        /// Which task.
        task: TaskId,
        /// The error's name.
        error: Option<Arc<str>>,
        /// Its cause.
        cause: Option<Arc<str>>,
    },
    /// The task could not be started, for instance because its role could not be assumed.
    StartFailed {
        /// Which task.
        task: TaskId,
        /// The error's name.
        error: Option<Arc<str>>,
        /// Its cause.
        cause: Option<Arc<str>>,
    },
    /// The request of a `.sync` or `.waitForTaskToken` task was refused.
    SubmitFailed {
        /// Which task.
        task: TaskId,
        /// The error's name.
        error: Option<Arc<str>>,
        /// Its cause.
        cause: Option<Arc<str>>,
    },
    /// The task runs.
    Started {
        /// Which task.
        task: TaskId,
        /// The worker that polled the activity.
        worker: Option<Arc<str>>,
    },
    /// The request of a `.sync` or `.waitForTaskToken` task was answered; its end is still to come.
    Submitted {
        /// Which task.
        task: TaskId,
        /// The answer.
        output: Json,
    },
    /// The task succeeded.
    Succeeded {
        /// Which task.
        task: TaskId,
        /// Its result.
        output: Json,
    },
    /// The task failed.
    Failed {
        /// Which task.
        task: TaskId,
        /// The error's name; `SendTaskFailure` may leave it out.
        error: Option<Arc<str>>,
        /// Its cause.
        cause: Option<Arc<str>>,
    },
    /// The task timed out for a reason of its own; its `TimeoutSeconds` the execution watches itself.
    TimedOut {
        /// Which task.
        task: TaskId,
    },
    /// The worker is alive.
    Heartbeat {
        /// Which task.
        task: TaskId,
    },
    /// A timer's time has come.
    TimerFired(TimerId),
    /// `StopExecution`.
    Stop {
        /// The error's name.
        error: Option<Arc<str>>,
        /// Its cause.
        cause: Option<Arc<str>>,
    },
    /// `RedriveExecution`: what was open when the execution ended unsuccessfully is done again.
    Redrive,
}

impl Event {
    /// The task it is about.
    pub fn task(&self) -> Option<TaskId> {
        match self {
            Event::ScheduleFailed { task, .. }
            | Event::StartFailed { task, .. }
            | Event::SubmitFailed { task, .. }
            | Event::Started { task, .. }
            | Event::Submitted { task, .. }
            | Event::Succeeded { task, .. }
            | Event::Failed { task, .. }
            | Event::TimedOut { task }
            | Event::Heartbeat { task } => Some(*task),
            Event::TimerFired(_) | Event::Stop { .. } | Event::Redrive => None,
        }
    }

    /// The same about another task.
    pub(super) fn with_task(mut self, other: TaskId) -> Event {
        match &mut self {
            Event::ScheduleFailed { task, .. }
            | Event::StartFailed { task, .. }
            | Event::SubmitFailed { task, .. }
            | Event::Started { task, .. }
            | Event::Submitted { task, .. }
            | Event::Succeeded { task, .. }
            | Event::Failed { task, .. }
            | Event::TimedOut { task }
            | Event::Heartbeat { task } => *task = other,
            Event::TimerFired(_) | Event::Stop { .. } | Event::Redrive => {}
        }
        self
    }
}

/// Whether an event still mattered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a stale answer to a task token is an error for whoever sent it"]
pub enum Resumed {
    /// It did.
    Accepted,
    /// The task is closed, the timer cancelled or the execution over: the event was ignored.
    Stale,
}

/// Where an execution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It has not ended.
    Running,
    /// It ended well.
    Succeeded,
    /// An error was not caught.
    Failed,
    /// Its `TimeoutSeconds` ran out.
    TimedOut,
    /// It was stopped.
    Aborted,
}

impl Status {
    /// As AWS writes it: `TIMED_OUT`.
    pub fn name(self) -> &'static str {
        match self {
            Status::Running => "RUNNING",
            Status::Succeeded => "SUCCEEDED",
            Status::Failed => "FAILED",
            Status::TimedOut => "TIMED_OUT",
            Status::Aborted => "ABORTED",
        }
    }
}

/// How an execution ended, as `DescribeExecution` shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Never [`Status::Running`].
    pub status: Status,
    /// The output of a success.
    pub output: Option<Json>,
    /// The error of a failure or a stop.
    pub error: Option<Arc<str>>,
    /// Its cause.
    pub cause: Option<Arc<str>>,
}
