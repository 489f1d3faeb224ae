use std::sync::Arc;

use rehearsal_engine::source::Span;

use super::{Identity, RetryPolicy};

/// An `AWS::Scheduler::Schedule`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Names and place.
    pub identity: Identity,
    /// `ScheduleExpression`
    pub expression: Arc<str>,
    /// Where the expression stands.
    pub expression_span: Span,
    /// `ScheduleExpressionTimezone`: UTC unless said otherwise.
    pub zone: Arc<str>,
    /// `StartDate`
    pub start: Option<Arc<str>>,
    /// `EndDate`
    pub end: Option<Arc<str>>,
    /// Whether `State` lets it fire.
    pub enabled: bool,
    /// `FlexibleTimeWindow`: how much later it may fire.
    pub window_ms: u64,
    /// `Target`
    pub target: ScheduleTarget,
}

/// The target of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleTarget {
    /// `Arn`
    pub arn: Arc<str>,
    /// `RoleArn`
    pub role_arn: Arc<str>,
    /// `Input`
    pub input: Option<Arc<str>>,
    /// `RetryPolicy`
    pub retry_policy: RetryPolicy,
    /// `DeadLetterConfig.Arn`
    pub dead_letter_arn: Option<Arc<str>>,
    /// `EventBridgeParameters`: detail type and source.
    pub event: Option<(Arc<str>, Arc<str>)>,
    /// `SqsParameters.MessageGroupId`
    pub message_group_id: Option<Arc<str>>,
}
