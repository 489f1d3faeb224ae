//! What a template describes, as plain data: everything resolved, named and typed.
//!
//! The world is built from a [`Stack`] and nothing else. Every resource keeps its place in the file, so that what goes
//! wrong in a run can point at the line that caused it.

mod compute;
mod events;
mod messaging;
mod monitoring;
mod scheduling;
mod storage;

use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::source::Node;

pub use compute::{
    Code, EventInvokeConfig, EventSourceMapping, Function, Layer, Permission, Qualifier, StateMachine, StateMachineKind,
};
pub use events::{Archive, EventBus, RetryPolicy, Rule, Target, TargetInput, TargetTransformer};
pub use messaging::{Queue, ResourcePolicy, Subscription, Topic};
pub use monitoring::{Alarm, CompositeAlarm, Dashboard};
pub use scheduling::{Schedule, ScheduleTarget};
pub use storage::{AttributeType, Billing, Index, KeyAttribute, KeySchema, Projection, Table};

use crate::diagnostics::Place;

/// All resources of a template, in the order of the file within each kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stack {
    /// The stack's name; unnamed resources are named after it.
    pub name: Arc<str>,
    /// Account, region and partition that the ARNs carry.
    pub environment: Environment,
    /// `AWS::DynamoDB::Table`
    pub tables: Vec<Table>,
    /// `AWS::Lambda::Function`
    pub functions: Vec<Function>,
    /// `AWS::StepFunctions::StateMachine`
    pub state_machines: Vec<StateMachine>,
    /// `AWS::Lambda::LayerVersion`
    pub layers: Vec<Layer>,
    /// Versions and aliases of functions and state machines.
    pub qualifiers: Vec<Qualifier>,
    /// `AWS::S3::Bucket`
    pub buckets: Vec<Identity>,
    /// `AWS::StepFunctions::Activity`
    pub activities: Vec<Identity>,
    /// `AWS::Events::EventBus`; the default bus is not among them.
    pub event_buses: Vec<EventBus>,
    /// `AWS::Events::Archive`
    pub archives: Vec<Archive>,
    /// `AWS::Events::Rule`
    pub rules: Vec<Rule>,
    /// `AWS::Scheduler::Schedule`
    pub schedules: Vec<Schedule>,
    /// `AWS::IAM::Role`, with the policies that other resources attach to them.
    pub roles: Vec<Role>,
    /// `AWS::Lambda::Permission`
    pub permissions: Vec<Permission>,
    /// `AWS::Lambda::EventInvokeConfig`
    pub event_invoke_configs: Vec<EventInvokeConfig>,
    /// `AWS::Lambda::EventSourceMapping`
    pub event_source_mappings: Vec<EventSourceMapping>,
    /// `AWS::SQS::Queue`
    pub queues: Vec<Queue>,
    /// `AWS::SNS::Topic`
    pub topics: Vec<Topic>,
    /// `AWS::SNS::Subscription`, and those written inside a topic.
    pub subscriptions: Vec<Subscription>,
    /// `AWS::SQS::QueuePolicy` and `AWS::SNS::TopicPolicy`
    pub resource_policies: Vec<ResourcePolicy>,
    /// `AWS::CloudWatch::Alarm`
    pub alarms: Vec<Alarm>,
    /// `AWS::CloudWatch::CompositeAlarm`
    pub composite_alarms: Vec<CompositeAlarm>,
    /// `AWS::CloudWatch::Dashboard`
    pub dashboards: Vec<Dashboard>,
    /// Everything else: not simulated.
    pub others: Vec<OtherResource>,
    /// The outputs, resolved.
    pub outputs: Vec<Output>,
}

/// Where a stack lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// `AWS::Partition`
    pub partition: Arc<str>,
    /// `AWS::Region`
    pub region: Arc<str>,
    /// `AWS::AccountId`
    pub account_id: Arc<str>,
}

impl Default for Environment {
    fn default() -> Environment {
        Environment { partition: "aws".into(), region: "us-east-1".into(), account_id: "111111111111".into() }
    }
}

impl Environment {
    /// `arn:aws:<service>:us-east-1:111111111111:<rest>`
    pub fn arn(&self, service: &str, rest: &str) -> Arc<str> {
        format!("arn:{}:{service}:{}:{}:{rest}", self.partition, self.region, self.account_id).into()
    }
}

/// What every resource has: its names and its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The key under `Resources`.
    pub logical_id: Arc<str>,
    /// The name the service knows it by.
    pub name: Arc<str>,
    /// What people call it: the name that the template gives, else the logical id.
    pub label: Arc<str>,
    /// Its ARN.
    pub arn: Arc<str>,
    /// Where it stands: the logical id in the template.
    pub place: Place,
}

/// An `AWS::IAM::Role`.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// Names and place.
    pub identity: Identity,
    /// `AssumeRolePolicyDocument`
    pub trust: Node,
    /// The policies of the role itself, of `AWS::IAM::Policy` and `AWS::IAM::ManagedPolicy` resources that name it, and of
    /// the managed policies it names.
    pub policies: Vec<AttachedPolicy>,
}

/// A policy of a role.
#[derive(Clone, Debug, PartialEq)]
pub struct AttachedPolicy {
    /// `PolicyName`, or the name of the managed policy.
    pub name: Arc<str>,
    /// The policy document, resolved.
    pub document: Node,
    /// Where the document stands.
    pub place: Place,
}

/// A resource that is not simulated.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherResource {
    /// Names and place.
    pub identity: Identity,
    /// `AWS::S3::Bucket`
    pub resource_type: Arc<str>,
    /// Its properties, resolved as far as that was possible.
    pub properties: Json,
}

/// An output of the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The key under `Outputs`.
    pub logical_id: Arc<str>,
    /// The value, resolved.
    pub value: Arc<str>,
    /// `Export.Name`, resolved.
    pub export_name: Option<Arc<str>>,
    /// Where it stands.
    pub place: Place,
}

impl Stack {
    /// The table with this name, ARN or logical id.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.identity.is_called(name))
    }

    /// The function with this name, ARN or logical id.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.identity.is_called(name))
    }

    /// The state machine with this name, ARN or logical id.
    pub fn state_machine(&self, name: &str) -> Option<&StateMachine> {
        self.state_machines.iter().find(|machine| machine.identity.is_called(name))
    }

    /// The ARN of the function or state machine whose version or alias has this ARN; any other ARN as it is.
    pub fn unqualified<'a>(&'a self, arn: &'a str) -> &'a str {
        self.qualifiers.iter().find(|known| *known.identity.arn == *arn).map_or(arn, |known| &known.of_arn)
    }

    /// The versions and aliases of the function or state machine with this ARN.
    pub fn qualifiers_of<'a>(&'a self, arn: &'a str) -> impl Iterator<Item = &'a Qualifier> {
        self.qualifiers.iter().filter(move |known| *known.of_arn == *arn)
    }

    /// The bus with this name, ARN or logical id; `None` for the default bus too.
    pub fn event_bus(&self, name: &str) -> Option<&EventBus> {
        self.event_buses.iter().find(|bus| bus.identity.is_called(name))
    }

    /// The role with this name, ARN or logical id.
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.identity.is_called(name))
    }

    /// The queue with this name, ARN or logical id.
    pub fn queue(&self, name: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.identity.is_called(name) || *queue.url == *name)
    }

    /// Everything that the template makes, kind by kind.
    pub fn identities(&self) -> impl Iterator<Item = &Identity> {
        let tables = self.tables.iter().map(|table| &table.identity);
        let functions = self.functions.iter().map(|function| &function.identity);
        let machines = self.state_machines.iter().map(|machine| &machine.identity);
        let buses = self.event_buses.iter().map(|bus| &bus.identity);
        let rules = self.rules.iter().map(|rule| &rule.identity);
        let roles = self.roles.iter().map(|role| &role.identity);
        let queues = self.queues.iter().map(|queue| &queue.identity);
        let topics = self.topics.iter().map(|topic| &topic.identity);
        let alarms = self.alarms.iter().map(|alarm| &alarm.identity);
        let others = self.others.iter().map(|other| &other.identity);
        let computing = tables.chain(functions).chain(machines).chain(roles);
        computing.chain(buses).chain(rules).chain(queues).chain(topics).chain(alarms).chain(others)
    }

    /// The topic with this name, ARN or logical id.
    pub fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.identity.is_called(name))
    }

    /// The output `name`.
    pub fn output(&self, name: &str) -> Option<&str> {
        self.outputs.iter().find(|output| *output.logical_id == *name).map(|output| &*output.value)
    }
}

impl Identity {
    /// Whether `name` is its logical id, its physical name or its ARN.
    pub fn is_called(&self, name: &str) -> bool {
        *self.logical_id == *name || *self.name == *name || *self.arn == *name
    }
}
