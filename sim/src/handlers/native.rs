//! Native handlers: async Rust functions that are polled in place by the world, with nothing spawned.
//!
//! A handler's future may wait only for the world: for a call, a sleep or a draw of its [`Context`]. One that is pending
//! on anything else is an error that says so.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use rehearsal_engine::{Json, json};

use super::hosting::follow_clock;
use super::{Entropy, Host, HostError, Sdk, Start, Step, Wake};
use crate::services::{Answer, ApiError, Request, Response, dynamodb, eventbridge, sns, sqs, stepfunctions};
use crate::world::{Millis, uuid};

/// The error that a handler ends with: what Lambda reports as `errorType` and `errorMessage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// The exception's class.
    pub kind: String,
    /// Its message.
    pub message: String,
}

impl FunctionError {
    /// An error of class `kind`.
    pub fn new(kind: impl Into<String>, message: impl Into<String>) -> FunctionError {
        FunctionError { kind: kind.into(), message: message.into() }
    }
}

/// An unhandled API error ends a handler the way botocore's `ClientError` ends one in Python.
impl From<CallError> for FunctionError {
    fn from(error: CallError) -> FunctionError {
        let CallError { operation, error } = error;
        let message =
            format!("An error occurred ({}) when calling the {operation} operation: {}", error.code, error.message);
        // boto3 raises a modelled exception under its own name, anything else as ClientError.
        let is_modelled = dynamodb_models(error.code) || stepfunctions_models(error.code);
        let kind = match error.code {
            code if is_modelled => code,
            code => messaging_models(code).unwrap_or("ClientError"),
        };
        FunctionError::new(kind, message)
    }
}

/// An API error together with the operation that met it.
#[derive(Clone, Debug, PartialEq)]
pub struct CallError {
    /// The operation without its service: `PutItem`.
    pub operation: &'static str,
    /// What the service answered.
    pub error: ApiError,
}

/// What a native handler has of the world.
#[derive(Clone)]
pub struct Context {
    mailbox: Rc<RefCell<Mailbox>>,
}

struct Mailbox {
    step: Option<Step>,
    /// Whether the handler asked for several things before it got any.
    asks_at_once: bool,
    wake: Option<Wake>,
    now: Millis,
    deadline: Millis,
    entropy: Entropy,
    request: u64,
}

impl Context {
    /// Calls a service and waits for its answer.
    pub async fn call(&self, request: Request) -> Answer {
        let sdk = Sdk::of(&request);
        match self.ask(Step::Call { request, sdk }).await {
            Wake::Answer(answer) => answer,
            Wake::Slept | Wake::Random(_) => Err(ApiError::new("InternalFailure", "the world answered something else")),
        }
    }

    /// Calls DynamoDB.
    pub async fn dynamodb(&self, request: impl Into<dynamodb::Request>) -> Result<dynamodb::Response, CallError> {
        let request = request.into();
        let operation = request.operation();
        match self.call(Request::DynamoDb(Box::new(request))).await {
            Ok(Response::DynamoDb(response)) => Ok(response),
            Ok(_) => Err(CallError { operation, error: ApiError::new("InternalFailure", "not an answer of DynamoDB") }),
            Err(error) => Err(CallError { operation, error }),
        }
    }

    /// Puts events on buses.
    pub async fn put_events(
        &self,
        entries: Vec<eventbridge::PutEntry>,
    ) -> Result<eventbridge::PutEventsResponse, CallError> {
        let operation = "PutEvents";
        match self.call(Request::Events(Box::new(eventbridge::PutEvents::of_client(entries)))).await {
            Ok(Response::Events(response)) => Ok(response),
            Ok(_) => {
                Err(CallError { operation, error: ApiError::new("InternalFailure", "not an answer of EventBridge") })
            }
            Err(error) => Err(CallError { operation, error }),
        }
    }

    /// Calls Step Functions; the answer is the API's JSON.
    pub async fn step_functions(&self, request: stepfunctions::Request) -> Result<Json, CallError> {
        let operation = request.operation_name();
        match self.call(Request::States(Box::new(request))).await {
            Ok(Response::States(response)) => Ok(response),
            Ok(_) => {
                Err(CallError { operation, error: ApiError::new("InternalFailure", "not an answer of Step Functions") })
            }
            Err(error) => Err(CallError { operation, error }),
        }
    }

    /// Calls SQS.
    pub async fn sqs(&self, request: sqs::Request) -> Result<sqs::Response, CallError> {
        let operation = request.operation_name();
        match self.call(Request::Sqs(Box::new(request))).await {
            Ok(Response::Sqs(response)) => Ok(response),
            Ok(_) => Err(CallError { operation, error: ApiError::new("InternalFailure", "not an answer of SQS") }),
            Err(error) => Err(CallError { operation, error }),
        }
    }

    /// Sends a message to a queue; its id.
    pub async fn send_message(&self, send: sqs::SendMessage) -> Result<Arc<str>, CallError> {
        match self.sqs(sqs::Request::SendMessage(send)).await? {
            sqs::Response::Sent(sent) => Ok(sent.message_id),
            _ => Err(CallError {
                operation: "SendMessage",
                error: ApiError::new("InternalFailure", "not an answer to a message"),
            }),
        }
    }

    /// Receives messages from a queue.
    pub async fn receive_messages(&self, receive: sqs::ReceiveMessage) -> Result<Vec<sqs::Received>, CallError> {
        match self.sqs(sqs::Request::ReceiveMessage(receive)).await? {
            sqs::Response::Received(messages) => Ok(messages),
            _ => Ok(Vec::new()),
        }
    }

    /// Deletes a received message from its queue.
    pub async fn delete_message(&self, queue: impl Into<Arc<str>>, receipt: Arc<str>) -> Result<(), CallError> {
        self.sqs(sqs::Request::DeleteMessage { queue: queue.into(), receipt }).await.map(|_| ())
    }

    /// Publishes a message to a topic; its id.
    pub async fn publish(&self, publish: sns::Publish) -> Result<Arc<str>, CallError> {
        let operation = "Publish";
        match self.call(Request::Sns(Box::new(sns::Request::Publish(publish)))).await {
            Ok(Response::Sns(sns::PublishResponse::One(published))) => Ok(published.message_id),
            Ok(_) => Err(CallError { operation, error: ApiError::new("InternalFailure", "not an answer of SNS") }),
            Err(error) => Err(CallError { operation, error }),
        }
    }

    /// Sleeps in virtual time.
    pub async fn sleep_ms(&self, ms: u64) {
        self.ask(Step::Sleep { ms }).await;
    }

    /// A random number in 0..1: a decision of the world.
    pub async fn random(&self) -> f64 {
        match self.ask(Step::Random).await {
            Wake::Random(value) => value,
            Wake::Slept | Wake::Answer(_) => 0.5,
        }
    }

    /// The virtual time.
    pub fn now(&self) -> Millis {
        self.mailbox.borrow().now
    }

    /// Milliseconds until the invocation is cut off.
    pub fn remaining_ms(&self) -> u64 {
        let mailbox = self.mailbox.borrow();
        mailbox.deadline - mailbox.now
    }

    /// A keyed UUID of version 4: distinct, and the same in every run of this seed.
    pub fn uuid4(&self) -> String {
        self.mailbox.borrow_mut().entropy.uuid4()
    }

    /// The request id of the invocation.
    pub fn request_id(&self) -> Arc<str> {
        let key = self.mailbox.borrow().request;
        uuid(key, key.rotate_left(32) ^ 0x5bd1_e995)
    }

    fn ask(&self, step: Step) -> Ask<'_> {
        Ask { context: self, step: Some(step) }
    }
}

/// One question to the world: hands out its step at the first poll, takes the answer at the second.
struct Ask<'c> {
    context: &'c Context,
    step: Option<Step>,
}

impl Future for Ask<'_> {
    type Output = Wake;

    fn poll(mut self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<Wake> {
        let mut mailbox = self.context.mailbox.borrow_mut();
        match self.step.take() {
            None => mailbox.wake.take().map_or(Poll::Pending, Poll::Ready),
            Some(step) => {
                mailbox.asks_at_once |= mailbox.step.is_some();
                mailbox.step = Some(step);
                Poll::Pending
            }
        }
    }
}

type HandlerFuture = Pin<Box<dyn Future<Output = Result<Json, FunctionError>>>>;
type Handler = Rc<dyn Fn(Context, Json) -> HandlerFuture>;

/// Native handlers by the physical name of their function.
#[derive(Clone, Default)]
pub struct Registry {
    handlers: BTreeMap<String, Handler>,
}

impl Registry {
    /// Registers the handler of the function called `function`.
    #[must_use]
    pub fn with<F, R>(mut self, function: &str, handler: F) -> Registry
    where
        F: Fn(Context, Json) -> R + 'static,
        R: Future<Output = Result<Json, FunctionError>> + 'static,
    {
        let handler: Handler = Rc::new(move |context, event| Box::pin(handler(context, event)));
        self.handlers.insert(function.to_owned(), handler);
        self
    }

    /// The names that have a handler.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.handlers.keys().map(String::as_str)
    }
}

/// Runs native handlers.
pub struct NativeHost {
    handlers: Vec<(String, Option<Handler>)>,
    /// By invocation: the world numbers them from zero in each run.
    running: Vec<Option<Running>>,
}

struct Running {
    function: u32,
    skew_ms: i64,
    mailbox: Rc<RefCell<Mailbox>>,
    future: HandlerFuture,
}

impl NativeHost {
    /// A host for the functions of a scenario, in their order.
    pub fn new<'f>(functions: impl IntoIterator<Item = &'f str>, registry: &Registry) -> NativeHost {
        let handlers = functions.into_iter().map(|name| (name.to_owned(), registry.handlers.get(name).cloned()));
        NativeHost { handlers: handlers.collect(), running: Vec::new() }
    }

    fn poll(&mut self, invocation: u32) -> Result<Step, HostError> {
        let Some(running) = self.running.get_mut(invocation as usize).and_then(Option::as_mut) else {
            return Err(HostError(format!("invocation {invocation} is not running")));
        };
        let mut context = std::task::Context::from_waker(Waker::noop());
        match running.future.as_mut().poll(&mut context) {
            Poll::Ready(result) => {
                self.running[invocation as usize] = None;
                Ok(match result {
                    Ok(payload) => Step::Returned(payload),
                    Err(error) => Step::Failed(json!({"errorMessage": error.message, "errorType": error.kind})),
                })
            }
            Poll::Pending => {
                let mut mailbox = running.mailbox.borrow_mut();
                let function = &self.handlers[running.function as usize].0;
                match mailbox.step.take() {
                    Some(_) if mailbox.asks_at_once => Err(HostError(format!(
                        "the native handler of '{function}' asks the world for several things at once; await one after the other"
                    ))),
                    Some(step) => Ok(step),
                    None => Err(HostError(format!(
                        "the native handler of '{function}' waits for something that is not the world; await only what its Context offers"
                    ))),
                }
            }
        }
    }
}

impl Host for NativeHost {
    fn start(&mut self, start: &Start<'_>) -> Result<Step, HostError> {
        let Some((name, handler)) = self.handlers.get(start.function as usize) else {
            return Err(HostError(format!("there is no function number {}", start.function)));
        };
        let Some(handler) = handler else {
            return Err(HostError(format!(
                "the function '{name}' has no native handler; register one under this name"
            )));
        };
        follow_clock(start.now);
        let mailbox = Rc::new(RefCell::new(Mailbox {
            step: None,
            asks_at_once: false,
            wake: None,
            now: start.seen(start.now),
            deadline: start.seen(start.deadline),
            entropy: Entropy::new(start.entropy),
            request: start.request,
        }));
        let future = handler(Context { mailbox: mailbox.clone() }, start.event.clone());
        let place = start.invocation as usize;
        if self.running.len() <= place {
            self.running.resize_with(place + 1, || None);
        }
        self.running[place] = Some(Running { function: start.function, skew_ms: start.skew_ms, mailbox, future });
        self.poll(start.invocation)
    }

    fn resume(&mut self, invocation: u32, wake: Wake, now: Millis) -> Result<Step, HostError> {
        if let Some(Some(running)) = self.running.get(invocation as usize) {
            let mut mailbox = running.mailbox.borrow_mut();
            mailbox.wake = Some(wake);
            mailbox.now = super::skewed(now, running.skew_ms);
            follow_clock(now);
        }
        self.poll(invocation)
    }

    fn abandon(&mut self, invocation: u32) {
        if let Some(running) = self.running.get_mut(invocation as usize) {
            *running = None;
        }
    }

    fn is_native(&self) -> bool {
        true
    }

    fn reset(&mut self) {
        self.running.clear();
    }
}

/// Error codes that botocore models for DynamoDB, and so raises under their own name.
fn dynamodb_models(code: &str) -> bool {
    matches!(
        code,
        "ConditionalCheckFailedException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ResourceNotFoundException"
            | "TransactionCanceledException"
            | "TransactionConflictException"
            | "TransactionInProgressException"
            | "IdempotentParameterMismatchException"
            | "ItemCollectionSizeLimitExceededException"
            | "InternalServerError"
    )
}

/// The class under which botocore raises an error of SQS or SNS that it models.
fn messaging_models(code: &str) -> Option<&'static str> {
    Some(match code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code) {
        "NonExistentQueue" => "QueueDoesNotExist",
        "ReceiptHandleIsInvalid" => "ReceiptHandleIsInvalid",
        "InvalidMessageContents" => "InvalidMessageContents",
        "RequestThrottled" => "RequestThrottled",
        "MessageNotInflight" => "MessageNotInflight",
        "TooManyEntriesInBatchRequest" => "TooManyEntriesInBatchRequest",
        "BatchEntryIdsNotDistinct" => "BatchEntryIdsNotDistinct",
        "BatchRequestTooLong" => "BatchRequestTooLong",
        "EmptyBatchRequest" => "EmptyBatchRequest",
        "PurgeQueueInProgress" => "PurgeQueueInProgress",
        "NotFound" => "NotFoundException",
        "InvalidParameter" => "InvalidParameterException",
        "AuthorizationError" => "AuthorizationErrorException",
        "InternalError" => "InternalErrorException",
        "Throttled" => "ThrottledException",
        _ => return None,
    })
}

/// Error codes that botocore models for Step Functions, of the operations that handlers call.
fn stepfunctions_models(code: &str) -> bool {
    matches!(
        code,
        "ActivityDoesNotExist"
            | "ActivityWorkerLimitExceeded"
            | "ExecutionAlreadyExists"
            | "ExecutionDoesNotExist"
            | "ExecutionLimitExceeded"
            | "ExecutionNotRedrivable"
            | "InvalidArn"
            | "InvalidExecutionInput"
            | "InvalidName"
            | "InvalidOutput"
            | "InvalidToken"
            | "StateMachineDeleting"
            | "StateMachineDoesNotExist"
            | "StateMachineTypeNotSupported"
            | "TaskDoesNotExist"
            | "TaskTimedOut"
    )
}
