use std::collections::BTreeMap;
use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::source::Node;

use super::Identity;
use crate::diagnostics::{Place, SourceId};
use crate::template::MappedText;

/// An `AWS::Lambda::Function`.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Names and place.
    pub identity: Identity,
    /// What it runs.
    pub code: Code,
    /// `index.handler`; empty for images.
    pub handler: Arc<str>,
    /// `python3.12`; empty for images.
    pub runtime: Arc<str>,
    /// The ARN of its role.
    pub role_arn: Arc<str>,
    /// `Timeout`: 3 s unless said otherwise.
    pub timeout_ms: u64,
    /// `MemorySize`: 128 unless said otherwise.
    pub memory_mb: u32,
    /// `Environment.Variables`, resolved.
    pub environment: BTreeMap<Arc<str>, Arc<str>>,
    /// `ReservedConcurrentExecutions`
    pub reserved_concurrency: Option<u32>,
    /// `DeadLetterConfig.TargetArn`
    pub dead_letter_arn: Option<Arc<str>>,
    /// `Layers`: their ARNs, the first the lowest.
    pub layers: Vec<Arc<str>>,
}

/// Where the code of a function is.
#[derive(Clone, Debug, PartialEq)]
pub enum Code {
    /// `ZipFile`: the text itself.
    Inline {
        /// The code, which knows where each of its lines stands in the template.
        text: MappedText,
        /// Where it stands.
        place: Place,
    },
    /// A folder or file beside the template (`CodeUri`), as written.
    Local(Arc<str>),
    /// In a bucket or an image: cannot be run from here.
    Elsewhere(Arc<str>),
}

/// A version or an alias of a function or a state machine. Every version runs the code that the template has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qualifier {
    /// Names and place; the ARN ends with the version's number or the alias's name.
    pub identity: Identity,
    /// The ARN of the function or state machine.
    pub of_arn: Arc<str>,
    /// The version: its own number, or that of the version that an alias stands for.
    pub version: Arc<str>,
    /// Whether it is an alias.
    pub is_alias: bool,
}

/// An `AWS::Lambda::LayerVersion`.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Names and place.
    pub identity: Identity,
    /// What it has.
    pub content: Code,
}

/// An `AWS::StepFunctions::StateMachine`.
#[derive(Clone, Debug, PartialEq)]
pub struct StateMachine {
    /// Names and place.
    pub identity: Identity,
    /// Standard or Express.
    pub kind: StateMachineKind,
    /// The ARN of its role.
    pub role_arn: Arc<str>,
    /// The definition, everything substituted. Every span in it is a place in `definition_source`, also where the
    /// definition is a text inside the template.
    pub definition: Node,
    /// The text that the spans of `definition` are about.
    pub definition_source: SourceId,
    /// The definition as JSON text, as `DescribeStateMachine` returns it.
    pub definition_text: Arc<str>,
    /// Where the definition stands.
    pub definition_place: Place,
}

/// `StateMachineType`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StateMachineKind {
    /// `STANDARD`
    #[default]
    Standard,
    /// `EXPRESS`
    Express,
}

/// An `AWS::Lambda::Permission`: who may invoke a function by resource policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// Names and place.
    pub identity: Identity,
    /// The function's ARN.
    pub function_arn: Arc<str>,
    /// `lambda:InvokeFunction`
    pub action: Arc<str>,
    /// `events.amazonaws.com`
    pub principal: Arc<str>,
    /// `SourceArn`, which may hold wildcards.
    pub source_arn: Option<Arc<str>>,
    /// `SourceAccount`
    pub source_account: Option<Arc<str>>,
}

/// An `AWS::Lambda::EventInvokeConfig`: what happens to asynchronous invocations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventInvokeConfig {
    /// Names and place.
    pub identity: Identity,
    /// The function's ARN.
    pub function_arn: Arc<str>,
    /// `Qualifier`
    pub qualifier: Arc<str>,
    /// `MaximumRetryAttempts`: 2 unless said otherwise.
    pub retry_attempts_max: u32,
    /// `MaximumEventAgeInSeconds`: six hours unless said otherwise.
    pub event_age_max_ms: u64,
    /// `DestinationConfig.OnSuccess.Destination`
    pub on_success_arn: Option<Arc<str>>,
    /// `DestinationConfig.OnFailure.Destination`
    pub on_failure_arn: Option<Arc<str>>,
}

/// An `AWS::Lambda::EventSourceMapping`: a queue or a stream that a function is fed from.
#[derive(Clone, Debug, PartialEq)]
pub struct EventSourceMapping {
    /// Names and place.
    pub identity: Identity,
    /// The ARN of the queue or stream.
    pub event_source_arn: Arc<str>,
    /// The function's ARN.
    pub function_arn: Arc<str>,
    /// Whether it polls.
    pub enabled: bool,
    /// `BatchSize`: 10 for queues, 100 for streams.
    pub batch_size: u32,
    /// `MaximumBatchingWindowInSeconds`
    pub batching_window_ms: u64,
    /// `TRIM_HORIZON`, `LATEST`; streams only.
    pub starting_position: Option<Arc<str>>,
    /// Whether `FunctionResponseTypes` has `ReportBatchItemFailures`.
    pub reports_batch_item_failures: bool,
    /// `MaximumRetryAttempts`; `None` is without end.
    pub retry_attempts_max: Option<u32>,
    /// `MaximumRecordAgeInSeconds`; `None` is as long as the stream keeps records.
    pub record_age_max_ms: Option<u64>,
    /// `ParallelizationFactor`; streams only.
    pub parallelization_factor: u32,
    /// `ScalingConfig.MaximumConcurrency`; queues only.
    pub concurrency_max: Option<u32>,
    /// `BisectBatchOnFunctionError`
    pub bisects_batch_on_error: bool,
    /// `DestinationConfig.OnFailure.Destination`
    pub on_failure_arn: Option<Arc<str>>,
    /// The patterns of `FilterCriteria`.
    pub filters: Vec<Json>,
}
