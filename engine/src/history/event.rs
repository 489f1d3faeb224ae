use std::sync::Arc;

use crate::json::Json;

/// Number of an event within its execution, from 1; 0 means "none".
pub type EventId = u64;

/// One event of a history.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its number, from 1 without gaps.
    pub id: EventId,
    /// The number of the event that caused it, by AWS's rules; 0 for the first state and for ends from outside.
    pub previous_id: EventId,
    /// When it was recorded, in milliseconds since 1970.
    pub at_ms: u64,
    /// What happened.
    pub kind: Kind,
}

/// A payload as the history shows it: JSON text.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// A value, shown as compact JSON text.
    Json(Json),
    /// Text as the caller wrote it.
    Verbatim(Arc<str>),
}

/// The variables that a state set on its way out.
pub type Assigned = Option<Json>;

/// Names of a service integration in task events.
#[derive(Clone, Debug)]
pub struct TaskEvent {
    /// `lambda`, `aws-sdk:dynamodb`.
    pub resource_type: Arc<str>,
    /// `invoke`, `sendMessage.waitForTaskToken`.
    pub resource: Arc<str>,
}

/// What happened, with AWS's details.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // The names are AWS's own: API_HistoryEvent documents them.
pub enum Kind {
    ExecutionStarted {
        input: Payload,
        role_arn: Arc<str>,
    },
    ExecutionSucceeded {
        output: Payload,
    },
    ExecutionFailed {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    ExecutionAborted {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    ExecutionTimedOut {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },

    ExecutionRedriven {
        count: u32,
    },

    /// `PassStateEntered` and its like; `state_type` is `Pass`.
    StateEntered {
        state_type: &'static str,
        name: Arc<str>,
        input: Payload,
    },
    StateExited {
        state_type: &'static str,
        name: Arc<str>,
        output: Payload,
        assigned: Assigned,
    },
    /// `ParallelStateStarted`, `MapStateStarted`; `length` for a Map only.
    StateStarted {
        state_type: &'static str,
        length: Option<usize>,
    },
    StateSucceeded {
        state_type: &'static str,
    },
    StateFailed {
        state_type: &'static str,
    },
    StateAborted {
        state_type: &'static str,
    },

    MapIterationStarted {
        name: Arc<str>,
        index: u32,
    },
    MapIterationSucceeded {
        name: Arc<str>,
        index: u32,
    },
    MapIterationFailed {
        name: Arc<str>,
        index: u32,
    },
    MapIterationAborted {
        name: Arc<str>,
        index: u32,
    },

    MapRunStarted {
        arn: Arc<str>,
    },
    MapRunSucceeded,
    MapRunFailed {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    MapRunAborted,

    TaskScheduled {
        task: TaskEvent,
        region: Arc<str>,
        parameters: Payload,
        timeout_seconds: Option<u64>,
        heartbeat_seconds: Option<u64>,
        role_arn: Option<Arc<str>>,
    },
    TaskStarted {
        task: TaskEvent,
    },
    TaskSubmitted {
        task: TaskEvent,
        output: Payload,
    },
    TaskSucceeded {
        task: TaskEvent,
        output: Payload,
    },
    TaskFailed {
        task: TaskEvent,
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    TaskStartFailed {
        task: TaskEvent,
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    TaskSubmitFailed {
        task: TaskEvent,
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    TaskTimedOut {
        task: TaskEvent,
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },

    LambdaFunctionScheduled {
        resource: Arc<str>,
        input: Payload,
        timeout_seconds: Option<u64>,
        role_arn: Option<Arc<str>>,
    },
    LambdaFunctionStarted,
    LambdaFunctionSucceeded {
        output: Payload,
    },
    LambdaFunctionFailed {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    LambdaFunctionScheduleFailed {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    LambdaFunctionStartFailed {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    LambdaFunctionTimedOut {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },

    ActivityScheduled {
        resource: Arc<str>,
        input: Payload,
        timeout_seconds: Option<u64>,
        heartbeat_seconds: Option<u64>,
    },
    ActivityStarted {
        worker: Option<Arc<str>>,
    },
    ActivitySucceeded {
        output: Payload,
    },
    ActivityFailed {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    ActivityScheduleFailed {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },
    ActivityTimedOut {
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    },

    EvaluationFailed {
        state: Arc<str>,
        location: Option<Arc<str>>,
        error: Arc<str>,
        cause: Arc<str>,
    },
}
