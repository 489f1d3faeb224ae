use std::sync::Arc;

use rehearsal_engine::{Json, json};

use super::sources::Destination;
use crate::services::ApiError;
use crate::world::{Name, Principal};

/// A function of the template.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its physical name, interned.
    pub name: Name,
    /// Its physical name.
    pub text: Arc<str>,
    /// Its ARN.
    pub arn: Arc<str>,
    /// Its versions and aliases: what stands behind its ARN, and which version that is.
    pub qualifiers: Vec<(Arc<str>, Arc<str>)>,
    /// After this long an invocation is cut off.
    pub timeout_ms: u64,
    /// Its memory.
    pub memory_mb: u64,
    /// Who its calls are made as.
    pub role: Principal,
    /// How many invocations may run at once; `None` without a limit of its own.
    pub reserved_concurrency: Option<u32>,
    /// How often an asynchronous event is tried again after a function error.
    pub async_retries_max: u32,
    /// How old an asynchronous event may grow.
    pub async_age_max_ms: u64,
    /// Where the record of an asynchronous success goes.
    pub on_success: Option<Destination>,
    /// Where the record of an asynchronous failure goes.
    pub on_failure: Option<Destination>,
    /// Where an asynchronous event goes that is given up: `DeadLetterConfig`.
    pub dead_letter: Option<Destination>,
}

impl Function {
    /// AWS: without an event invoke configuration an asynchronous event is tried again twice.
    pub const ASYNC_RETRIES_MAX: u32 = 2;
    /// AWS: without an event invoke configuration an asynchronous event may grow six hours old.
    pub const ASYNC_AGE_MAX_MS: u64 = 21_600_000;
}

/// Which function is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The function with this index.
    Index(u32),
    /// A name, a partial or a whole ARN, with or without a qualifier.
    Text(Arc<str>),
}

/// How an invocation is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `RequestResponse`: the caller waits.
    Synchronous,
    /// `Event`: the caller gets 202, Lambda tries on its own.
    Asynchronous,
    /// `DryRun`: only permission and existence are checked.
    DryRun,
}

/// A request to invoke a function.
#[derive(Clone, Debug)]
pub struct Invoke {
    /// The function.
    pub function: Target,
    /// The event it gets.
    pub payload: Json,
    /// How.
    pub mode: Mode,
}

/// What an invocation came to. A function error is a success of the API.
#[derive(Clone, Debug, PartialEq)]
pub struct InvokeResponse {
    /// 200, 202 or 204.
    pub status: u16,
    /// The function's result, or the error's payload.
    pub payload: Json,
    /// Whether the function failed.
    pub failed: bool,
}

impl Invoke {
    /// Reads `Invoke` as an SDK makes it.
    pub fn parse(operation: &str, parameters: &Json) -> Result<Invoke, ApiError> {
        if operation != "Invoke" {
            return Err(ApiError::not_simulated("lambda", operation));
        }
        let Some(function) = parameters.get("FunctionName").and_then(Json::as_str) else {
            return Err(ApiError::validation("FunctionName is required and must be a string"));
        };
        let mode = match parameters.get("InvocationType").and_then(Json::as_str) {
            None | Some("RequestResponse") => Mode::Synchronous,
            Some("Event") => Mode::Asynchronous,
            Some("DryRun") => Mode::DryRun,
            Some(other) => {
                return Err(ApiError::validation(format!(
                    "'{other}' is no InvocationType: expected RequestResponse, Event or DryRun"
                )));
            }
        };
        let payload = match parameters.get("Payload") {
            None => Json::object(),
            // An SDK sends bytes; anything else stands for itself.
            Some(Json::String(text)) => Json::parse(text).map_err(|error| {
                ApiError::new(
                    "InvalidRequestContentException",
                    format!("Could not parse request body into json: {error}"),
                )
            })?,
            Some(value) => value.clone(),
        };
        Ok(Invoke { function: Target::Text(function.into()), payload, mode })
    }
}

impl InvokeResponse {
    /// A successful result.
    pub fn returned(payload: Json) -> InvokeResponse {
        InvokeResponse { status: 200, payload, failed: false }
    }

    /// A function error.
    pub fn failed(payload: Json) -> InvokeResponse {
        InvokeResponse { status: 200, payload, failed: true }
    }

    /// The answer as an SDK sees it, the payload as text.
    pub fn to_json(&self) -> Json {
        let mut answer = json!({"StatusCode": (self.status), "ExecutedVersion": "$LATEST"});
        if let Some(members) = answer.make_object() {
            if self.failed {
                members.insert("FunctionError".into(), "Unhandled".into());
            }
            if self.status == 200 {
                members.insert("Payload".into(), self.payload.to_string().into());
            }
        }
        answer
    }
}
