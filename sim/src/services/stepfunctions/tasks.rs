use std::sync::Arc;

use rehearsal_engine::asl::{Pattern, Resource, ServiceCall, StateId};
use rehearsal_engine::execution::TaskId;
use rehearsal_engine::json::{Object, ToJson as _};
use rehearsal_engine::{Json, json, text};

use crate::handlers::mock::MockOutcome;
use crate::services::{Answer, ApiError, Request, Response, lambda};
use crate::world::{ActorId, Millis, uuid};

/// How the resource of a task is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskPlan {
    /// A function by its ARN: the parameters are the payload, the function's result is the task's.
    Function {
        /// The function's index.
        function: u32,
    },
    /// An activity: the parameters wait for a worker.
    Activity {
        /// The activity's index.
        activity: u32,
    },
    /// `states:startExecution.sync`: the end of the execution is the task's.
    Execution {
        /// `.sync:2`: input and output as JSON, not as text.
        as_json: bool,
    },
    /// Anything that the scenario mocks.
    Mock {
        /// The mock's index.
        mock: u32,
        /// Whether the result comes through the task token.
        callback: bool,
    },
    /// `lambda:invoke`.
    Invoke {
        /// Whether the result comes through the task token.
        callback: bool,
    },
    /// Any other API call: the parameters are the request's.
    Api {
        /// The service as an SDK names it.
        service: Arc<str>,
        /// The operation as the API names it.
        operation: Arc<str>,
        /// Whether it is an AWS SDK integration, whose results and errors are shaped otherwise.
        sdk: bool,
        /// Whether the result comes through the task token.
        callback: bool,
    },
}

/// A task that was called and not yet answered.
#[derive(Debug)]
pub(super) struct OpenTask {
    pub(super) task: TaskId,
    pub(super) actor: ActorId,
    pub(super) token: Option<Arc<str>>,
    pub(super) plan: TaskPlan,
    pub(super) state: StateId,
    pub(super) since: Millis,
    /// The execution that it waits for.
    pub(super) child: Option<u32>,
    /// Whether a worker has it.
    pub(super) is_polled: bool,
}

/// A task on its way out.
pub(super) struct Called {
    pub(super) task: TaskId,
    pub(super) actor: ActorId,
    pub(super) token: Option<Arc<str>>,
    pub(super) plan: TaskPlan,
    pub(super) state: StateId,
}

impl Called {
    pub(super) fn open(self, since: Millis) -> OpenTask {
        let Called { task, actor, token, plan, state } = self;
        OpenTask { task, actor, token, plan, state, since, child: None, is_polled: false }
    }
}

/// The resource of a task whose answers the scenario gives, in turn; the last one serves all further calls.
pub struct TaskMock {
    /// The resource's ARN.
    pub resource: Arc<str>,
    /// Its answers, at least one.
    pub answers: Vec<TaskAnswer>,
    asked: usize,
}

/// Makes one answer from the parameters, the time and a keyed value; the error says why there is none.
pub type TaskAnswer = Box<dyn Fn(&Json, Millis, u64) -> Result<MockOutcome, String>>;

impl TaskMock {
    /// A mock that was not asked yet.
    pub fn new(resource: Arc<str>, answers: Vec<TaskAnswer>) -> TaskMock {
        TaskMock { resource, answers, asked: 0 }
    }

    pub(super) fn reset(&mut self) {
        self.asked = 0;
    }

    /// `{output}`, or `{error, cause}`.
    pub(super) fn answer(&mut self, parameters: &Json, now: Millis, entropy: u64) -> Json {
        let answer = self.answers.get(self.asked).or(self.answers.last());
        self.asked += 1;
        match answer.map_or(Err("it has no answer".to_owned()), |answer| answer(parameters, now, entropy)) {
            Ok(MockOutcome::Returned(output)) => json!({"output": output}),
            Ok(MockOutcome::Raised { error, cause }) => json!({"error": error, "cause": cause}),
            Err(error) => {
                let cause = format!("the mock of '{}' fails: {error}", self.resource);
                json!({"error": "MockFailed", "cause": cause})
            }
        }
    }
}

/// What the template and the scenario have for tasks to call.
pub struct Found<'f> {
    /// The function with this ARN.
    pub function: &'f dyn Fn(&str) -> Option<u32>,
    /// The activity with this ARN.
    pub activity: &'f dyn Fn(&str) -> Option<u32>,
    /// The mock of this resource.
    pub mock: &'f dyn Fn(&str) -> Option<u32>,
}

/// A failed task: the error's name and its cause.
pub(super) type TaskFailure = (Arc<str>, Arc<str>);

impl TaskPlan {
    /// How `resource` is called; the error says why it cannot be, and what to do.
    pub fn of(resource: &Resource, found: &Found<'_>) -> Result<TaskPlan, String> {
        if let Some(mock) = (found.mock)(resource.arn()) {
            return Ok(TaskPlan::Mock { mock, callback: resource.is_callback() });
        }
        match resource {
            Resource::Lambda { arn } => match (found.function)(arn) {
                Some(function) => Ok(TaskPlan::Function { function }),
                None => Err(format!("the template defines no function '{arn}'; {}", how_to_mock(arn))),
            },
            Resource::Service(call) => service_plan(call),
            Resource::Activity { arn } => match (found.activity)(arn) {
                Some(activity) => Ok(TaskPlan::Activity { activity }),
                None => Err(format!("the template defines no activity '{arn}'; {}", how_to_mock(arn))),
            },
            Resource::Placeholder { text } => {
                Err(format!("'{text}' was left without a value: add it to DefinitionSubstitutions"))
            }
        }
    }

    /// How the `ItemReader` of a Map reads.
    pub(super) fn of_reader(resource: &Resource) -> Option<TaskPlan> {
        match resource {
            Resource::Service(call) if &*call.service == "s3" => service_plan(call).ok(),
            _ => None,
        }
    }

    /// The request that the task makes.
    pub(super) fn request(&self, parameters: Json) -> Result<Request, ApiError> {
        match self {
            TaskPlan::Function { function } => Ok(Request::Lambda(Box::new(lambda::Invoke {
                function: lambda::Target::Index(*function),
                payload: parameters,
                mode: lambda::Mode::Synchronous,
            }))),
            TaskPlan::Invoke { .. } => {
                let Some(Json::String(function)) = parameters.get("FunctionName") else {
                    return Err(ApiError::validation("FunctionName is required and must be a string"));
                };
                let mode = match parameters.get("InvocationType").and_then(Json::as_str) {
                    Some("Event") => lambda::Mode::Asynchronous,
                    Some("DryRun") => lambda::Mode::DryRun,
                    _ => lambda::Mode::Synchronous,
                };
                let payload = parameters.get("Payload").cloned().unwrap_or_else(Json::object);
                let function = lambda::Target::Text(function.clone());
                Ok(Request::Lambda(Box::new(lambda::Invoke { function, payload, mode })))
            }
            TaskPlan::Execution { .. } => Request::parse("states", "StartExecution", &as_texts("states", parameters)),
            // Neither is reached by a request.
            TaskPlan::Activity { .. } | TaskPlan::Mock { .. } => {
                Err(ApiError::not_simulated("states", "InvokeActivity"))
            }
            TaskPlan::Api { service, operation, .. } => {
                // AWS: an `ItemReader` reads every page of a listing.
                let parameters = match (&**service, &**operation) {
                    ("s3", "ListObjectsV2") => with_all_keys(parameters),
                    _ => as_texts(service, parameters),
                };
                Request::parse(service, operation, &parameters)
            }
        }
    }

    /// Whether the result comes through the task token.
    pub(super) fn is_callback(&self) -> bool {
        matches!(
            self,
            TaskPlan::Invoke { callback: true }
                | TaskPlan::Api { callback: true, .. }
                | TaskPlan::Mock { callback: true, .. }
        )
    }

    /// What the task came to.
    pub(super) fn outcome(&self, answer: Answer, request_key: u64) -> Result<Json, TaskFailure> {
        match (self, answer) {
            (TaskPlan::Function { .. } | TaskPlan::Invoke { .. }, Ok(Response::Lambda(response)))
                if response.failed =>
            {
                Err(function_failure(&response.payload, matches!(self, TaskPlan::Function { .. })))
            }
            (TaskPlan::Function { .. }, Ok(Response::Lambda(response))) => Ok(response.payload),
            (TaskPlan::Invoke { .. }, Ok(Response::Lambda(response))) => {
                let mut result = Object::with_capacity(5);
                result.insert(text!("ExecutedVersion"), json!("$LATEST"));
                result.insert(text!("Payload"), response.payload);
                result.insert(text!("StatusCode"), response.status.to_json());
                add_metadata(&mut result, request_key);
                Ok(Json::from(result))
            }
            (TaskPlan::Mock { .. }, Ok(Response::States(told))) => {
                let text = |key: &str| told.get(key).and_then(Json::as_str).unwrap_or_default().into();
                told.get("output").cloned().ok_or_else(|| (text("error"), text("cause")))
            }
            (TaskPlan::Execution { .. }, Ok(Response::States(response))) => {
                let mut result = in_pascal_case(&response, false);
                if let Some(members) = result.make_object() {
                    add_metadata(members, request_key);
                }
                Ok(result)
            }
            // What an `ItemReader` read.
            (TaskPlan::Api { service, sdk: false, .. }, Ok(response)) if &**service == "s3" => {
                Ok(with_item_names(response.to_json()))
            }
            (TaskPlan::Api { service, sdk, .. }, Ok(response)) => {
                let mut result = match response {
                    Response::States(response) => in_pascal_case(&response, *sdk),
                    response => response.to_json(),
                };
                // AWS: any failed entry fails the task, though the other events were published.
                if &**service == "events" && result.get("FailedEntryCount").and_then(Json::as_i64) != Some(0) {
                    return Err(("EventBridge.FailedEntry".into(), result.to_string().into()));
                }
                if !sdk
                    && &**service != "events"
                    && let Some(members) = result.make_object()
                {
                    add_metadata(members, request_key);
                }
                Ok(result)
            }
            (plan, Err(error)) => Err(plan.api_failure(&error, request_key)),
            (_, Ok(response)) => Ok(response.to_json()),
        }
    }

    /// An API error in Step Functions' words.
    fn api_failure(&self, error: &ApiError, request_key: u64) -> TaskFailure {
        let ApiError { code, message, status, .. } = error;
        let request = uuid(request_key, request_key.rotate_left(17));
        let modelled = !matches!(*code, "ValidationException" | "AccessDeniedException" | "ThrottlingException");
        // AWS: an error of the client itself has no status and no request id.
        let of_client = *status == 0;
        match self {
            TaskPlan::Function { .. } | TaskPlan::Invoke { .. } => {
                let name = if modelled { code } else { "AWSLambdaException" };
                let cause = if of_client {
                    message.clone()
                } else {
                    format!(
                        "{message} (Service: AWSLambda; Status Code: {status}; Error Code: {code}; Request ID: {request}; Proxy: null)"
                    )
                };
                (format!("Lambda.{name}").into(), cause.into())
            }
            TaskPlan::Api { service, sdk: true, .. } => {
                let prefix = sdk_prefix(service);
                // AWS: SQS names its errors by a code, the SDK by the class.
                let code = code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code);
                let code = if code == "NonExistentQueue" { "QueueDoesNotExist" } else { code };
                let name = if modelled { code.to_owned() } else { format!("{prefix}Exception") };
                let name = if name.ends_with("Exception") { name } else { format!("{name}Exception") };
                let cause = if of_client {
                    message.clone()
                } else {
                    format!("{message} (Service: {prefix}, Status Code: {status}, Request ID: {request})")
                };
                (format!("{prefix}.{name}").into(), cause.into())
            }
            TaskPlan::Api { .. } | TaskPlan::Execution { .. } | TaskPlan::Activity { .. } | TaskPlan::Mock { .. } => {
                let service = match self {
                    TaskPlan::Api { service, .. } => &**service,
                    _ => "states",
                };
                let (prefix, client, general) = optimized_prefix(service);
                // AWS: the integration's client models no error of SQS.
                let modelled = modelled && service != "sqs";
                let name = if modelled || code.ends_with("ClientException") { *code } else { general };
                let name = if name.ends_with("Exception") || name.ends_with("Error") {
                    name.to_owned()
                } else {
                    format!("{name}Exception")
                };
                let cause = if of_client {
                    message.clone()
                } else {
                    format!(
                        "{message} (Service: {client}; Status Code: {status}; Error Code: {code}; Request ID: {request}; Proxy: null)"
                    )
                };
                (format!("{prefix}.{name}").into(), cause.into())
            }
        }
    }
}

fn service_plan(call: &ServiceCall) -> Result<TaskPlan, String> {
    let callback = call.pattern == Pattern::WaitForTaskToken;
    if let Pattern::Sync | Pattern::Sync2 = call.pattern {
        if &*call.service == "states" && &*call.action == "startExecution" {
            return Ok(TaskPlan::Execution { as_json: call.pattern == Pattern::Sync2 });
        }
        return Err(format!("'{}' waits for a job, which is not simulated; {}", call.arn, how_to_mock(&call.arn)));
    }
    if &*call.service == "lambda" && &*call.action == "invoke" {
        return Ok(TaskPlan::Invoke { callback });
    }
    let (service, sdk) = match call.service.strip_prefix("aws-sdk:") {
        Some(service) => (service, true),
        None => (&*call.service, false),
    };
    let service = match service {
        "dynamodb" => "dynamodb",
        "events" | "eventbridge" => "events",
        "states" | "sfn" => "states",
        "lambda" => "lambda",
        "sqs" => "sqs",
        "sns" => "sns",
        "s3" => "s3",
        _ => return Err(format!("'{}' is not simulated; {}", call.arn, how_to_mock(&call.arn))),
    };
    let mut operation = String::new();
    let mut letters = call.action.chars();
    operation.extend(letters.next().map(|first| first.to_ascii_uppercase()));
    operation.extend(letters);
    Ok(TaskPlan::Api { service: service.into(), operation: operation.into(), sdk, callback })
}

fn with_all_keys(mut parameters: Json) -> Json {
    if let Some(members) = parameters.make_object() {
        members.insert(text!("MaxKeys"), json!(u32::MAX));
    }
    parameters
}

/// AWS: the items of a listing have `Etag` where the API has `ETag`.
fn with_item_names(mut read: Json) -> Json {
    let contents = read.make_object().and_then(|members| members.get_mut("Contents")).and_then(Json::make_array);
    for item in contents.into_iter().flatten() {
        let members = item.as_object().into_iter().flat_map(Object::iter);
        let renamed =
            members.map(|(key, value)| (if &**key == "ETag" { text!("Etag") } else { key.clone() }, value.clone()));
        *item = Json::from_pairs(renamed.collect::<Vec<_>>());
    }
    read
}

/// What to write so that a task has an answer.
fn how_to_mock(arn: &str) -> String {
    format!("mock it in the scenario, for example mocks: {{'{arn}': {{result: {{}}}}}}")
}

/// AWS: the integrations take objects where the API wants JSON text.
fn as_texts(service: &str, mut parameters: Json) -> Json {
    let as_text = |value: &mut Json| {
        if !matches!(value, Json::String(_)) {
            *value = value.to_string().into();
        }
    };
    match service {
        "events" => {
            let entries =
                parameters.make_object().and_then(|members| members.get_mut("Entries")).and_then(Json::make_array);
            for entry in entries.into_iter().flatten() {
                if let Some(detail) = entry.make_object().and_then(|members| members.get_mut("Detail")) {
                    as_text(detail);
                }
            }
            parameters
        }
        "states" => {
            // The integration spells members as StateMachineArn, the API as stateMachineArn.
            let members = parameters.as_object().into_iter().flat_map(Object::iter);
            Json::from_pairs(members.map(|(key, value)| {
                let mut key = key.to_string();
                if let Some(first) = key.get_mut(..1) {
                    first.make_ascii_lowercase();
                }
                let mut value = value.clone();
                if key == "input" || key == "output" {
                    as_text(&mut value);
                }
                (key, value)
            }))
        }
        "sqs" | "sns" => {
            if let Some(members) = parameters.make_object() {
                for key in ["MessageBody", "Message"] {
                    members.get_mut(key).into_iter().for_each(as_text);
                }
            }
            parameters
        }
        _ => parameters,
    }
}

fn function_failure(payload: &Json, direct: bool) -> TaskFailure {
    // AWS: the direct form shows the runtime's own text, `lambda:invoke` compact JSON. The runtime here is Python's.
    let cause = if direct { python_text(payload) } else { payload.to_string() };
    if let Some(error) = payload.get("errorType").and_then(Json::as_str) {
        return (error.into(), cause.into());
    }
    let cause = format!(
        "The cause could not be determined because Lambda did not return an error type. Returned payload: {cause}"
    );
    ("Lambda.Unknown".into(), cause.into())
}

/// JSON text with the blanks that Python's `json.dumps` writes.
fn python_text(value: &Json) -> String {
    match value {
        Json::Array(items) => format!("[{}]", items.iter().map(python_text).collect::<Vec<_>>().join(", ")),
        Json::Object(members) => {
            let members =
                members.iter().map(|(key, value)| format!("{}: {}", Json::String(key.clone()), python_text(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        scalar => scalar.to_string(),
    }
}

fn add_metadata(members: &mut Object, request_key: u64) {
    let request = uuid(request_key, request_key.rotate_left(17));
    thread_local! {
        static HTTP_OK: Json = json!({"HttpStatusCode": 200});
    }
    members.insert(text!("SdkHttpMetadata"), HTTP_OK.with(Json::clone));
    members.insert(text!("SdkResponseMetadata"), json!({"RequestId": request}));
}

/// AWS: the SDK integration says `DynamoDb`, the optimized one `DynamoDB`.
fn sdk_prefix(service: &str) -> &'static str {
    match service {
        "dynamodb" => "DynamoDb",
        "events" => "EventBridge",
        "states" => "Sfn",
        "sqs" => "Sqs",
        "sns" => "Sns",
        "s3" => "S3",
        _ => "Lambda",
    }
}

/// The error's prefix, the client that reports it, and the name of what the client does not model.
fn optimized_prefix(service: &str) -> (&'static str, &'static str, &'static str) {
    match service {
        "dynamodb" => ("DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException"),
        "events" => ("EventBridge", "AmazonEventBridge", "AmazonEventBridgeException"),
        "sqs" => ("SQS", "AmazonSQS", "AmazonSQSException"),
        "sns" => ("SNS", "AmazonSNS", "AmazonSNSException"),
        "s3" => ("S3", "Amazon S3", "AmazonS3Exception"),
        "states" => ("StepFunctions", "AWSStepFunctions", "AWSStepFunctionsException"),
        _ => ("Lambda", "AWSLambda", "AWSLambdaException"),
    }
}

/// AWS: the integrations spell members as `ExecutionArn`, the API as `executionArn`. Dates are epoch milliseconds in the
/// optimized form and ISO 8601 in the SDK's.
fn in_pascal_case(response: &Json, sdk: bool) -> Json {
    let members = response.as_object().into_iter().flat_map(Object::iter);
    Json::from_pairs(members.map(|(key, value)| {
        let mut key = key.to_string();
        if let Some(first) = key.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let value = match value.as_f64().filter(|_| key.ends_with("Date")) {
            None => value.clone(),
            Some(seconds) => {
                let at = Millis((seconds * 1000.0).round() as u64);
                if sdk { at.to_iso().into() } else { at.0.into() }
            }
        };
        (key, value)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoke_plan() -> TaskPlan {
        TaskPlan::Invoke { callback: false }
    }

    #[test]
    fn a_functions_error_is_named_by_its_type_and_shown_as_the_runtime_or_the_integration_writes_it() {
        let payload = json!({"errorMessage": "no", "errorType": "Declined", "stackTrace": ["a"]});
        let answer = || Ok(Response::Lambda(lambda::InvokeResponse::failed(payload.clone())));
        let (error, cause) = TaskPlan::Function { function: 0 }.outcome(answer(), 1).expect_err("failed");
        assert_eq!(
            (&*error, &*cause),
            ("Declined", r#"{"errorMessage": "no", "errorType": "Declined", "stackTrace": ["a"]}"#)
        );
        let (_, cause) = invoke_plan().outcome(answer(), 1).expect_err("failed");
        assert_eq!(&*cause, r#"{"errorMessage":"no","errorType":"Declined","stackTrace":["a"]}"#);
        let bare = Ok(Response::Lambda(lambda::InvokeResponse::failed(json!({"errorMessage": "x"}))));
        let (error, _) = invoke_plan().outcome(bare, 1).expect_err("failed");
        assert_eq!(&*error, "Lambda.Unknown");
    }

    #[test]
    fn api_errors_carry_the_services_prefix() {
        let error = |code| ApiError::new(code, "no");
        let name = |plan: TaskPlan, code| plan.outcome(Err(error(code)), 1).expect_err("failed").0.to_string();
        let api =
            |service: &str, sdk| TaskPlan::Api { service: service.into(), operation: "X".into(), sdk, callback: false };
        assert_eq!(name(invoke_plan(), "TooManyRequestsException"), "Lambda.TooManyRequestsException");
        assert_eq!(name(invoke_plan(), "AccessDeniedException"), "Lambda.AWSLambdaException");
        assert_eq!(
            name(api("dynamodb", false), "ConditionalCheckFailedException"),
            "DynamoDB.ConditionalCheckFailedException"
        );
        assert_eq!(name(api("dynamodb", true), "ResourceNotFoundException"), "DynamoDb.ResourceNotFoundException");
        assert_eq!(name(api("dynamodb", true), "ValidationException"), "DynamoDb.DynamoDbException");
        assert_eq!(name(api("dynamodb", false), "ValidationException"), "DynamoDB.AmazonDynamoDBException");
        assert_eq!(name(api("states", true), "TaskTimedOut"), "Sfn.TaskTimedOutException");
        let no_queue = "AWS.SimpleQueueService.NonExistentQueue";
        assert_eq!(name(api("sqs", false), no_queue), "SQS.AmazonSQSException");
        assert_eq!(name(api("sqs", true), no_queue), "Sqs.QueueDoesNotExistException");
        assert_eq!(name(api("sns", false), "NotFound"), "SNS.NotFoundException");
        assert_eq!(name(api("sns", false), "InvalidParameter"), "SNS.InvalidParameterException");
    }

    #[test]
    fn a_failed_entry_fails_the_task_with_the_whole_answer() {
        use crate::services::eventbridge::{EntryResult, PutEventsResponse};
        let failed = EntryResult::Failed { code: "InternalFailure", message: "no".to_owned() };
        let plan =
            TaskPlan::Api { service: "events".into(), operation: "PutEvents".into(), sdk: false, callback: false };
        let answer = Ok(Response::Events(PutEventsResponse { entries: vec![failed] }));
        let (error, cause) = plan.outcome(answer, 1).expect_err("failed");
        assert_eq!(&*error, "EventBridge.FailedEntry");
        assert!(cause.contains("\"FailedEntryCount\":1"), "{cause}");
    }
}
