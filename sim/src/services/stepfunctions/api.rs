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
    /// Lists the executions of a state machine, the latest first.
    ListExecutions(ListExecutions),
    /// Ends, or keeps alive, a task that waits for its token.
    SendTask(SendTask),
}

/// Lists executions.
#[derive(Clone, Debug)]
pub struct ListExecutions {
    /// Of this state machine.
    pub machine: Arc<str>,
    /// Only those with this status.
    pub status: Option<Arc<str>>,
    /// So many at most.
    pub max_results: usize,
    /// Where the page before ended.
    pub next_token: Option<Arc<str>>,
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

/// AWS: a page of executions has 100 of them unless said otherwise, and 1000 at most.
const LIST_RESULTS_USUAL: usize = 100;
const LIST_RESULTS_MAX: usize = 1000;
/// AWS: the longest error's name of `SendTaskFailure`.
const ERROR_LENGTH_MAX: usize = 256;
/// AWS: its longest cause.
const CAUSE_LENGTH_MAX: usize = 32_768;

impl Request {
    /// Reads a request as an SDK makes it.
    pub fn parse(operation: &str, parameters: &Json) -> Result<Request, ApiError> {
        let text = |key: &str| parameters.get(key).and_then(Json::as_str).map(Arc::<str>::from);
        let required = |key: &str| {
            text(key).ok_or_else(|| ApiError::validation(format!("{key} is required and must be a string")))
        };
        match operation {
            "StartExecution" => {
                let input = within("input", text("input").unwrap_or_else(|| "{}".into()), PAYLOAD_BYTES_MAX)?;
                let input = Json::parse(&input).map_err(|error| {
                    ApiError::new("InvalidExecutionInput", format!("Invalid State Machine Execution Input: '{error}'"))
                })?;
                let machine = Machine::Arn(required("stateMachineArn")?);
                Ok(Request::StartExecution(StartExecution { machine, name: text("name"), input }))
            }
            "StopExecution" => Ok(Request::StopExecution {
                execution: required("executionArn")?,
                error: text("error"),
                cause: text("cause"),
            }),
            "DescribeExecution" => Ok(Request::DescribeExecution { execution: required("executionArn")? }),
            "ListExecutions" => {
                // AWS: 0 is the default, 100.
                let max_results = match parameters.get("maxResults").and_then(Json::as_i64).unwrap_or(0) {
                    0 => LIST_RESULTS_USUAL,
                    asked => usize::try_from(asked).unwrap_or(0),
                };
                if !(1..=LIST_RESULTS_MAX).contains(&max_results) {
                    return Err(ApiError::validation(format!(
                        "1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to {LIST_RESULTS_MAX}"
                    )));
                }
                let (machine, next_token) = (required("stateMachineArn")?, text("nextToken"));
                let status = text("statusFilter");
                Ok(Request::ListExecutions(ListExecutions { machine, status, max_results, next_token }))
            }
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
            Request::ListExecutions(_) => "ListExecutions",
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
            Request::ListExecutions(_) => Name::STATES_LIST_EXECUTIONS,
            Request::SendTask(SendTask { outcome, .. }) => match outcome {
                TaskOutcome::Success { .. } => Name::STATES_SEND_TASK_SUCCESS,
                TaskOutcome::Failure { .. } => Name::STATES_SEND_TASK_FAILURE,
                TaskOutcome::Heartbeat => Name::STATES_SEND_TASK_HEARTBEAT,
            },
        }
    }
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
