use std::sync::Arc;

use rehearsal_engine::source::{Node, Span};

use super::Identity;
use crate::diagnostics::Place;
use crate::template::MappedText;

/// An `AWS::Events::EventBus`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventBus {
    /// Names and place.
    pub identity: Identity,
    /// `DeadLetterConfig.Arn`
    pub dead_letter_arn: Option<Arc<str>>,
}

/// An `AWS::Events::Archive`.
#[derive(Clone, Debug, PartialEq)]
pub struct Archive {
    /// Names and place.
    pub identity: Identity,
    /// `SourceArn`: the bus.
    pub source_arn: Arc<str>,
    /// `EventPattern`, resolved, with places in the template.
    pub pattern: Option<Node>,
    /// `RetentionDays`: for ever without them.
    pub retention_ms: Option<u64>,
}

/// An `AWS::Events::Rule`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Names and place.
    pub identity: Identity,
    /// The bus it listens to, by name: `default` unless said otherwise.
    pub event_bus_name: Arc<str>,
    /// `EventPattern`, resolved, with places in the template.
    pub pattern: Option<Node>,
    /// `ScheduleExpression` and where it stands.
    pub schedule: Option<(Arc<str>, Span)>,
    /// Whether `State` lets it match.
    pub enabled: bool,
    /// `RoleArn` of the rule.
    pub role_arn: Option<Arc<str>>,
    /// What it feeds, in order.
    pub targets: Vec<Target>,
}

/// A target of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// `Id`
    pub id: Arc<str>,
    /// `Arn`
    pub arn: Arc<str>,
    /// `RoleArn`
    pub role_arn: Option<Arc<str>>,
    /// What the target receives.
    pub input: TargetInput,
    /// How long delivery is tried.
    pub retry_policy: RetryPolicy,
    /// `DeadLetterConfig.Arn`
    pub dead_letter_arn: Option<Arc<str>>,
    /// `SqsParameters.MessageGroupId`
    pub message_group_id: Option<Arc<str>>,
    /// Where it stands.
    pub place: Place,
}

/// What a target receives instead of the event.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetInput {
    /// The event itself.
    MatchedEvent,
    /// `Input`: this JSON text.
    Constant(MappedText),
    /// `InputPath`: a part of the event.
    Path(Arc<str>, Span),
    /// `InputTransformer`
    Transformer(TargetTransformer),
}

/// `InputTransformer`
#[derive(Clone, Debug, PartialEq)]
pub struct TargetTransformer {
    /// `InputPathsMap`: names, paths, and where each path stands.
    pub paths: Vec<(Arc<str>, Arc<str>, Span)>,
    /// `InputTemplate`
    pub template: MappedText,
}

/// `RetryPolicy` of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// `MaximumRetryAttempts`
    pub retry_attempts_max: u32,
    /// `MaximumEventAgeInSeconds`
    pub event_age_max_ms: u64,
}

/// AWS: delivery is tried 185 times or for 24 hours, whichever ends first.
impl Default for RetryPolicy {
    fn default() -> RetryPolicy {
        RetryPolicy { retry_attempts_max: 185, event_age_max_ms: 86_400_000 }
    }
}
