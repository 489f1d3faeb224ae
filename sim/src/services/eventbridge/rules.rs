use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::events::{InputPath, InputTransformer, Pattern, RuleMatcher, Schedule};

use crate::world::{Name, Principal};

/// An event bus.
pub struct Bus {
    /// Its name.
    pub name: Arc<str>,
    /// Its ARN.
    pub arn: Arc<str>,
    /// Its enabled rules with a pattern; the keys are indices of rules.
    pub matcher: RuleMatcher<u32>,
}

/// A rule of a bus.
pub struct Rule {
    /// Its name, interned.
    pub name: Name,
    /// Its name.
    pub text: Arc<str>,
    /// Its ARN.
    pub arn: Arc<str>,
    /// Its bus.
    pub bus: u32,
    /// What it matches: the text and what it says.
    pub pattern: Option<(Arc<str>, Pattern)>,
    /// When it fires by itself.
    pub schedule: Option<Schedule>,
    /// The same as text.
    pub schedule_text: Option<Arc<str>>,
    /// Whether the template switches it on.
    pub enabled: bool,
    /// Its targets as the API lists them.
    pub listed: Json,
    /// Where its events go.
    pub targets: Vec<Target>,
}

/// A target of a rule.
pub struct Target {
    /// Its ARN.
    pub arn: Arc<str>,
    /// Where events go.
    pub destination: Destination,
    /// Whether the target lets itself be reached: by its resource policy, or through a role that may be assumed.
    pub permitted: bool,
    /// What the target gets.
    pub input: TargetInput,
    /// Who the delivery is made as.
    pub role: Principal,
    /// AWS: how often a failed delivery is tried again, 185 unless given.
    pub retries_max: u32,
    /// AWS: how old an undelivered event may grow, 24 hours unless given.
    pub age_max_ms: u64,
    /// Where events go that cannot be delivered.
    pub dead_letter: Option<DeadLetterQueue>,
}

/// The dead-letter queue of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterQueue {
    /// Its ARN.
    pub arn: Arc<str>,
    /// Whether it lets itself be reached, by its resource policy.
    pub permitted: bool,
}

/// Where a target's events go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A state machine of the template.
    StateMachine(u32),
    /// A function of the template.
    Function(u32),
    /// A bus of the template.
    Bus(Arc<str>),
    /// A queue of the template; a FIFO queue with the group of the messages.
    Queue(Arc<str>, Option<Arc<str>>),
    /// A topic of the template.
    Topic(Arc<str>),
    /// A log group, by its name.
    LogGroup(Arc<str>),
    /// Something that is not simulated: the delivery is recorded.
    Other(Arc<str>),
}

/// What a target gets.
pub enum TargetInput {
    /// The whole event.
    Event,
    /// Always the same.
    Constant(Json),
    /// A part of the event.
    Path(InputPath),
    /// What a template makes of it.
    Transformer(InputTransformer),
}
