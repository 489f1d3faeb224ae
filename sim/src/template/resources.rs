//! Resolved properties, typed: one file per service, one function per resource type.

mod compute;
mod definition;
mod events;
mod identity;
mod messaging;
mod monitoring;
mod scheduling;
mod storage;

use std::collections::BTreeSet;
use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::source::{Diagnostic, Node, Shape};

use super::fields::{Fields, Report, wrong_type};
use super::resolver::{RawResource, Resolved, Resolver};
use super::sections::Reading;
use super::stack::{Environment, Identity, OtherResource, Stack};
use super::{names, suggest};

pub use compute::LOCAL_CODE;
pub use definition::LOCAL_DEFINITION;
use identity::Attachments;

/// Types that configure what is simulated and change nothing that a run could see.
const SILENT_TYPES: [&str; 4] = [
    "AWS::Logs::LogGroup",
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::CDK::Metadata",
];

/// A resource on its way to its type.
pub struct Draft<'a, 'r, 't> {
    /// Its resolved properties.
    pub fields: Fields<'a>,
    /// Its names.
    pub identity: Identity,
    /// For the places of texts.
    pub resolver: &'r Resolver<'t>,
}

/// Types resources one by one; what one attaches to another is kept until all are there.
#[derive(Default)]
pub struct Conversion {
    attachments: Attachments,
}

impl Conversion {
    /// Adds a resource to the stack.
    pub fn resource<'t>(
        &mut self,
        reading: &mut Reading<'_>,
        resolver: &mut Resolver<'t>,
        resource: &RawResource<'t>,
        identity: Identity,
        stack: &mut Stack,
    ) {
        let path = format!("/Resources/{}/Properties", resource.logical_id);
        let empty = Node::new(resource.id_span, Shape::Object(Vec::new()));
        let properties = resource.properties.unwrap_or(&empty);
        resolver.lenient = !is_simulated(resource.resource_type);
        let plain = match resolver.resolve_at(properties, &path) {
            Resolved::Value(value) => value,
            Resolved::Nothing => empty,
            Resolved::Failed => return,
        };
        resolver.lenient = false;
        let failed: BTreeSet<String> = std::mem::take(&mut resolver.failed);
        let report = Report::with_failed(failed);
        if let Some(fields) = Fields::of(&plain, path, &report) {
            let draft = Draft { fields, identity, resolver };
            self.convert(reading, resource.resource_type, draft, stack);
        }
        reading.take(report);
    }

    /// Attaches what had to wait.
    pub fn finish(self, reading: &mut Reading<'_>, stack: &mut Stack) {
        self.attachments.attach(reading, stack);
    }

    fn convert(&mut self, reading: &mut Reading<'_>, resource_type: &str, draft: Draft<'_, '_, '_>, stack: &mut Stack) {
        let environment = &reading.settings.environment.clone();
        match resource_type {
            "AWS::DynamoDB::Table" => stack.tables.extend(storage::table(draft)),
            "AWS::Lambda::Function" => stack.functions.extend(compute::function(draft)),
            "AWS::Lambda::LayerVersion" => stack.layers.extend(compute::layer(draft)),
            "AWS::Lambda::Version" | "AWS::StepFunctions::StateMachineVersion" => {
                stack.qualifiers.extend(compute::version(draft));
            }
            "AWS::Lambda::Alias" => stack.qualifiers.extend(compute::function_alias(draft)),
            "AWS::StepFunctions::StateMachineAlias" => stack.qualifiers.extend(compute::machine_alias(draft)),
            "AWS::Lambda::Permission" => stack.permissions.extend(compute::permission(draft, environment)),
            "AWS::Lambda::EventInvokeConfig" => {
                stack.event_invoke_configs.extend(compute::event_invoke_config(draft, environment));
            }
            "AWS::Lambda::EventSourceMapping" => {
                stack.event_source_mappings.extend(compute::event_source_mapping(draft, environment));
            }
            "AWS::StepFunctions::StateMachine" => {
                stack.state_machines.extend(definition::state_machine(draft, reading));
            }
            // Its settings change nothing that a run could see.
            "AWS::S3::Bucket" => stack.buckets.push(draft.identity),
            "AWS::StepFunctions::Activity" => {
                draft.fields.only(&["Name", "Tags", "EncryptionConfiguration"]);
                stack.activities.push(draft.identity);
            }
            "AWS::Events::EventBus" => stack.event_buses.extend(events::event_bus(&draft)),
            "AWS::Events::Archive" => stack.archives.extend(events::archive(draft)),
            "AWS::Events::Rule" => stack.rules.extend(events::rule(draft)),
            "AWS::Scheduler::Schedule" => stack.schedules.extend(scheduling::schedule(draft, environment)),
            "AWS::IAM::Role" => stack.roles.extend(self.attachments.role(draft)),
            "AWS::IAM::Policy" | "AWS::IAM::RolePolicy" => self.attachments.policy(&draft),
            "AWS::IAM::ManagedPolicy" => self.attachments.managed_policy(&draft),
            "AWS::SQS::Queue" => stack.queues.push(messaging::queue(draft, environment)),
            "AWS::SNS::Topic" => {
                let (topic, subscriptions) = messaging::topic(draft);
                stack.topics.push(topic);
                stack.subscriptions.extend(subscriptions);
            }
            "AWS::SNS::Subscription" => stack.subscriptions.extend(messaging::subscription(draft)),
            "AWS::CloudWatch::Alarm" => stack.alarms.extend(monitoring::alarm(draft)),
            "AWS::CloudWatch::CompositeAlarm" => stack.composite_alarms.extend(monitoring::composite_alarm(draft)),
            "AWS::CloudWatch::Dashboard" => stack.dashboards.extend(monitoring::dashboard(draft)),
            "AWS::SQS::QueuePolicy" => stack.resource_policies.extend(messaging::resource_policy(&draft, "Queues")),
            "AWS::SNS::TopicPolicy" => stack.resource_policies.extend(messaging::resource_policy(&draft, "Topics")),
            other => stack.others.push(not_simulated(reading, other, draft)),
        }
    }
}

/// Whether something in the world comes from resources of this type.
fn is_simulated(resource_type: &str) -> bool {
    matches!(
        resource_type,
        "AWS::DynamoDB::Table"
            | "AWS::Lambda::Function"
            | "AWS::Lambda::Permission"
            | "AWS::Lambda::LayerVersion"
            | "AWS::Lambda::Version"
            | "AWS::Lambda::Alias"
            | "AWS::StepFunctions::StateMachineVersion"
            | "AWS::StepFunctions::StateMachineAlias"
            | "AWS::Lambda::EventInvokeConfig"
            | "AWS::Lambda::EventSourceMapping"
            | "AWS::StepFunctions::StateMachine"
            | "AWS::StepFunctions::Activity"
            | "AWS::S3::Bucket"
            | "AWS::Events::EventBus"
            | "AWS::Events::Archive"
            | "AWS::Events::Rule"
            | "AWS::Scheduler::Schedule"
            | "AWS::IAM::Role"
            | "AWS::IAM::Policy"
            | "AWS::IAM::RolePolicy"
            | "AWS::IAM::ManagedPolicy"
            | "AWS::SQS::Queue"
            | "AWS::SNS::Topic"
            | "AWS::SNS::Subscription"
            | "AWS::SQS::QueuePolicy"
            | "AWS::SNS::TopicPolicy"
            | "AWS::CloudWatch::Alarm"
            | "AWS::CloudWatch::CompositeAlarm"
            | "AWS::CloudWatch::Dashboard"
    )
}

fn not_simulated(reading: &mut Reading<'_>, resource_type: &str, draft: Draft<'_, '_, '_>) -> OtherResource {
    let identity = draft.identity;
    if !SILENT_TYPES.contains(&resource_type) {
        let path = format!("/Resources/{}", identity.logical_id);
        let message = format!("'{}' is an {resource_type}, which is not simulated", identity.logical_id);
        let mut problem = Diagnostic::warning("not-simulated", identity.place.span, path, message);
        let near = suggest::nearest(resource_type, names::type_names()).filter(|near| *near != resource_type);
        problem.hint = near.map(|near| format!("did you mean '{near}'?"));
        reading.push(problem);
    }
    OtherResource { identity, resource_type: resource_type.into(), properties: draft.fields.node.to_json() }
}

/// The ARN of a function that is named by name, by partial or by whole ARN, without version or alias.
pub fn function_arn(name: &str, environment: &Environment) -> Arc<str> {
    let name = match name.split_once(":function:") {
        Some((head, rest)) => {
            let function = rest.split(':').next().unwrap_or(rest);
            if head.starts_with("arn:") {
                return format!("{head}:function:{function}").into();
            }
            function
        }
        None => name.split(':').next().unwrap_or(name),
    };
    environment.arn("lambda", &format!("function:{name}"))
}

/// A JSON value that may be given as text, as several properties allow.
fn json_or_text(fields: &Fields<'_>, key: &str) -> Option<Json> {
    let node = fields.get(key)?;
    match node.as_str() {
        None => Some(node.to_json()),
        Some(text) => {
            let parsed = Json::parse(text);
            if parsed.is_err() {
                fields.report().push(wrong_type(node, &fields.path_of(key), "JSON"));
            }
            parsed.ok()
        }
    }
}
