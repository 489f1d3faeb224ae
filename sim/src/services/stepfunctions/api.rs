use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::execution::PAYLOAD_BYTES_MAX;

use crate::services::ApiError;
use crate::world::Name;

/// A request to Step Functions.
#[derive(Clone, Debug)]
pub enum Request {
    /// Starts an execution.
    StartExecution(StartExecution),
    /// Stops one.
    StopExecution {
        /// Which.
        execution: Arc<str>,
        /// Why, for its history.
        error: Option<Arc<str>>,
        /// Why, in more words.
        cause: Option<Arc<str>>,
    },
    /// Asks for the state of one.
    DescribeExecution {
        /// Which.
        execution: Arc<str>,
    },
    /// Starts an execution of an Express machine and waits for its end.
    StartSyncExecution(StartExecution),
    /// Lets one that ended unsuccessfully go on.
    RedriveExecution {
        /// Which.
        execution: Arc<str>,
    },
    /// Asks for the history of one.
    GetExecutionHistory {
        /// Which.
        execution: Arc<str>,
        /// Which part of it.
        page: Page,
        /// Whether the last event comes first.
        is_reversed: bool,
        /// Whether inputs and outputs are left out.
        without_data: bool,
    },
    /// Asks for the executions of a machine.
    ListExecutions {
        /// The machine.
        machine: Arc<str>,
        /// Only those with this status.
        status: Option<Arc<str>>,
        /// Which part of them.
        page: Page,
    },
    /// Asks for a machine.
    DescribeStateMachine {
        /// Which, or one of its executions.
        machine: Arc<str>,
        /// Whether `machine` is an execution.
        of_execution: bool,
    },
    /// Asks for all machines.
    ListStateMachines {
        /// Which part of them.
        page: Page,
    },
    /// Waits for work of an activity.
    GetActivityTask {
        /// Which activity.
        activity: Arc<str>,
        /// Who asks.
        worker: Option<Arc<str>>,
    },
    /// Ends, or keeps alive, a task that waits for its token.
    SendTask(SendTask),
}

/// A part of a long answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// `maxResults`; the service's own choice when it is zero.
    pub max: usize,
    /// `nextToken`
    pub token: Option<Arc<str>>,
}

/// Starts an execution.
#[derive(Clone, Debug)]
pub struct StartExecution {
    /// Of which state machine.
    pub machine: Machine,
    /// Under which name; a keyed one when none is given.
    pub name: Option<Arc<str>>,
    /// With which input.
    pub input: Json,
}

/// Which state machine is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Machine {
    /// The machine with this index.
    Index(u32),
    /// An ARN.
    Arn(Arc<str>),
}

/// Answers a task by its token.
#[derive(Clone, Debug)]
pub struct SendTask {
    /// The token.
    pub token: Arc<str>,
    /// What became of the task.
    pub outcome: TaskOutcome,
}

/// What the holder of a token says.
#[derive(Clone, Debug)]
pub enum TaskOutcome {
    /// The task is done.
    Success {
        /// With this result.
        output: Json,
    },
    /// The task failed.
    Failure {
        /// The error's name.
        error: Option<Arc<str>>,
        /// The cause.
        cause: Option<Arc<str>>,
    },
    /// The task goes on.
    Heartbeat,
}

/// AWS: the longest error's name of `SendTaskFailure`.
const ERROR_LENGTH_MAX: usize = 256;
/// AWS: its longest cause.
const CAUSE_LENGTH_MAX: usize = 32_768;

impl Request {
    /// Whether it needs to know all that happened to an execution, and not only how it stands.
    pub fn looks_back(&self) -> bool {
        matches!(self, Request::GetExecutionHistory { .. } | Request::RedriveExecution { .. })
    }

    /// Reads a request as an SDK makes it.
    pub fn parse(operation: &str, parameters: &Json) -> Result<Request, ApiError> {
        let text = |key: &str| parameters.get(key).and_then(Json::as_str).map(Arc::<str>::from);
        let required = |key: &str| {
            text(key).ok_or_else(|| ApiError::validation(format!("{key} is required and must be a string")))
        };
        let page = || {
            let max = match parameters.get("maxResults") {
                None | Some(Json::Null) => 0,
                Some(max) => max.as_i64().and_then(|max| usize::try_from(max).ok()).filter(|max| *max <= PAGE_MAX).ok_or_else(|| {
                    let most = format!("Value '{max}' at 'maxResults' failed to satisfy constraint");
                    ApiError::validation(format!("1 validation error detected: {most}: Member must have value less than or equal to {PAGE_MAX}"))
                })?,
            };
            Ok(Page { max, token: text("nextToken") })
        };
        match operation {
            "StartExecution" | "StartSyncExecution" => {
                let input = within("input", text("input").unwrap_or_else(|| "{}".into()), PAYLOAD_BYTES_MAX)?;
                let input = Json::parse(&input).map_err(|error| {
                    ApiError::new("InvalidExecutionInput", format!("Invalid State Machine Execution Input: '{error}'"))
                })?;
                let machine = Machine::Arn(required("stateMachineArn")?);
                let start = StartExecution { machine, name: text("name"), input };
                Ok(if operation == "StartExecution" {
                    Request::StartExecution(start)
                } else {
                    Request::StartSyncExecution(start)
                })
            }
            "RedriveExecution" => Ok(Request::RedriveExecution { execution: required("executionArn")? }),
            "GetExecutionHistory" => Ok(Request::GetExecutionHistory {
                execution: required("executionArn")?,
                page: page()?,
                is_reversed: parameters.get("reverseOrder").and_then(Json::as_bool) == Some(true),
                without_data: parameters.get("includeExecutionData").and_then(Json::as_bool) == Some(false),
            }),
            "ListExecutions" => Ok(Request::ListExecutions {
                machine: required("stateMachineArn")?,
                status: text("statusFilter").map(known_status).transpose()?,
                page: page()?,
            }),
            "DescribeStateMachine" => {
                Ok(Request::DescribeStateMachine { machine: required("stateMachineArn")?, of_execution: false })
            }
            "DescribeStateMachineForExecution" => {
                Ok(Request::DescribeStateMachine { machine: required("executionArn")?, of_execution: true })
            }
            "ListStateMachines" => Ok(Request::ListStateMachines { page: page()? }),
            "GetActivityTask" => {
                Ok(Request::GetActivityTask { activity: required("activityArn")?, worker: text("workerName") })
            }
            "StopExecution" => Ok(Request::StopExecution {
                execution: required("executionArn")?,
                error: text("error"),
                cause: text("cause"),
            }),
            "DescribeExecution" => Ok(Request::DescribeExecution { execution: required("executionArn")? }),
            "SendTaskSuccess" => {
                let output = Json::parse(&within("output", required("output")?, PAYLOAD_BYTES_MAX)?)
                    .map_err(|error| ApiError::new("InvalidOutput", format!("Invalid Output: '{error}'")))?;
                Ok(Request::SendTask(SendTask {
                    token: required("taskToken")?,
                    outcome: TaskOutcome::Success { output },
                }))
            }
            "SendTaskFailure" => Ok(Request::SendTask(SendTask {
                token: required("taskToken")?,
                outcome: TaskOutcome::Failure {
                    error: text("error").map(|error| within("error", error, ERROR_LENGTH_MAX)).transpose()?,
                    cause: text("cause").map(|cause| within("cause", cause, CAUSE_LENGTH_MAX)).transpose()?,
                },
            })),
            "SendTaskHeartbeat" => {
                Ok(Request::SendTask(SendTask { token: required("taskToken")?, outcome: TaskOutcome::Heartbeat }))
            }
            _ => Err(ApiError::not_simulated("states", operation)),
        }
    }

    /// The operation as the API names it.
    pub fn operation_name(&self) -> &'static str {
        match self {
            Request::StartExecution(_) => "StartExecution",
            Request::StopExecution { .. } => "StopExecution",
            Request::DescribeExecution { .. } => "DescribeExecution",
            Request::StartSyncExecution(_) => "StartSyncExecution",
            Request::RedriveExecution { .. } => "RedriveExecution",
            Request::GetExecutionHistory { .. } => "GetExecutionHistory",
            Request::ListExecutions { .. } => "ListExecutions",
            Request::DescribeStateMachine { of_execution: false, .. } => "DescribeStateMachine",
            Request::DescribeStateMachine { of_execution: true, .. } => "DescribeStateMachineForExecution",
            Request::ListStateMachines { .. } => "ListStateMachines",
            Request::GetActivityTask { .. } => "GetActivityTask",
            Request::SendTask(SendTask { outcome, .. }) => match outcome {
                TaskOutcome::Success { .. } => "SendTaskSuccess",
                TaskOutcome::Failure { .. } => "SendTaskFailure",
                TaskOutcome::Heartbeat => "SendTaskHeartbeat",
            },
        }
    }

    /// The operation for sites and permissions.
    pub fn operation(&self) -> Name {
        match self {
            Request::StartExecution(_) => Name::STATES_START_EXECUTION,
            Request::StopExecution { .. } => Name::STATES_STOP_EXECUTION,
            Request::DescribeExecution { .. } => Name::STATES_DESCRIBE_EXECUTION,
            Request::StartSyncExecution(_) => Name::STATES_START_SYNC_EXECUTION,
            Request::RedriveExecution { .. } => Name::STATES_REDRIVE_EXECUTION,
            Request::GetExecutionHistory { .. } => Name::STATES_GET_EXECUTION_HISTORY,
            Request::ListExecutions { .. } => Name::STATES_LIST_EXECUTIONS,
            Request::DescribeStateMachine { .. } => Name::STATES_DESCRIBE_STATE_MACHINE,
            Request::ListStateMachines { .. } => Name::STATES_LIST_STATE_MACHINES,
            Request::GetActivityTask { .. } => Name::STATES_GET_ACTIVITY_TASK,
            Request::SendTask(SendTask { outcome, .. }) => match outcome {
                TaskOutcome::Success { .. } => Name::STATES_SEND_TASK_SUCCESS,
                TaskOutcome::Failure { .. } => Name::STATES_SEND_TASK_FAILURE,
                TaskOutcome::Heartbeat => Name::STATES_SEND_TASK_HEARTBEAT,
            },
        }
    }
}

/// AWS: the most that `maxResults` may ask for.
const PAGE_MAX: usize = 1_000;

fn known_status(status: Arc<str>) -> Result<Arc<str>, ApiError> {
    const KNOWN: [&str; 6] = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"];
    if KNOWN.contains(&&*status) {
        return Ok(status);
    }
    Err(ApiError::validation(format!(
        "1 validation error detected: Value '{status}' at 'statusFilter' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
        KNOWN.join(", ")
    )))
}

/// AWS: what is too long is refused before anything happens, so that a task stays open.
fn within(member: &str, text: Arc<str>, length_max: usize) -> Result<Arc<str>, ApiError> {
    if text.len() <= length_max {
        return Ok(text);
    }
    Err(ApiError::validation(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length less than or equal to {length_max}"
    )))
}
