use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::stack::{Environment, Identity};

/// What CloudFormation knows about a resource type: how it is named, what `Ref` and `Fn::GetAtt` answer.
pub struct TypeInfo {
    /// `AWS::DynamoDB::Table`
    pub name: &'static str,
    /// The property that names the resource; empty when none does.
    pub name_property: &'static str,
    /// The service's limit on names.
    name_chars_max: usize,
    /// What `Ref` answers.
    reference: Reference,
    /// What `Fn::GetAtt` may ask for.
    pub attributes: &'static [&'static str],
    /// Service and resource part of the ARN, `{}` for the name; empty when there is no ARN.
    arn: (&'static str, &'static str),
}

enum Reference {
    Name,
    Arn,
    Url,
    Rule,
}

const fn named(
    name: &'static str,
    name_property: &'static str,
    name_chars_max: usize,
    reference: Reference,
    attributes: &'static [&'static str],
    arn: (&'static str, &'static str),
) -> TypeInfo {
    TypeInfo { name, name_property, name_chars_max, reference, attributes, arn }
}

/// A limit for names that have none worth knowing.
const ANY: usize = 255;

/// AWS: the reference pages of the resource types, "Return values".
#[rustfmt::skip]
static TYPES: [TypeInfo; 34] = [
    named("AWS::StepFunctions::StateMachine", "StateMachineName", 80, Reference::Arn, &["Arn", "Name", "StateMachineRevisionId"], ("states", "stateMachine:{}")),
    named("AWS::StepFunctions::StateMachineVersion", "", ANY, Reference::Arn, &["Arn"], ("states", "")),
    named("AWS::StepFunctions::StateMachineAlias", "Name", 80, Reference::Arn, &["Arn"], ("states", "")),
    named("AWS::StepFunctions::Activity", "Name", 80, Reference::Arn, &["Arn", "Name"], ("states", "activity:{}")),
    named("AWS::Events::EventBus", "Name", 256, Reference::Name, &["Arn", "Name", "Policy"], ("events", "event-bus/{}")),
    named("AWS::Events::Rule", "Name", 64, Reference::Rule, &["Arn"], ("events", "rule/{}")),
    named("AWS::Events::Archive", "ArchiveName", 48, Reference::Name, &["Arn"], ("events", "archive/{}")),
    named("AWS::Events::Connection", "Name", 64, Reference::Name, &["Arn", "ArnForPolicy", "SecretArn"], ("events", "connection/{}")),
    named("AWS::Events::ApiDestination", "Name", 64, Reference::Name, &["Arn", "ArnForPolicy"], ("events", "api-destination/{}")),
    named("AWS::Events::EventBusPolicy", "", ANY, Reference::Name, &[], ("", "")),
    named("AWS::Scheduler::Schedule", "Name", 64, Reference::Name, &["Arn"], ("scheduler", "schedule/default/{}")),
    named("AWS::Scheduler::ScheduleGroup", "Name", 64, Reference::Name, &["Arn", "State", "CreationDate", "LastModificationDate"], ("scheduler", "schedule-group/{}")),
    named("AWS::Pipes::Pipe", "Name", 64, Reference::Name, &["Arn", "CurrentState", "StateReason", "CreationTime", "LastModifiedTime"], ("pipes", "pipe/{}")),
    named("AWS::DynamoDB::Table", "TableName", 255, Reference::Name, &["Arn", "StreamArn"], ("dynamodb", "table/{}")),
    named("AWS::DynamoDB::GlobalTable", "TableName", 255, Reference::Name, &["Arn", "StreamArn", "TableId"], ("dynamodb", "table/{}")),
    named("AWS::Lambda::Function", "FunctionName", 64, Reference::Name, &["Arn", "SnapStartResponse", "SnapStartResponse.ApplyOn", "SnapStartResponse.OptimizationStatus"], ("lambda", "function:{}")),
    named("AWS::Lambda::Version", "", ANY, Reference::Arn, &["Version", "FunctionArn"], ("lambda", "")),
    named("AWS::Lambda::Alias", "Name", 128, Reference::Arn, &["AliasArn"], ("lambda", "")),
    named("AWS::Lambda::EventSourceMapping", "", ANY, Reference::Name, &["Id", "EventSourceMappingArn"], ("lambda", "event-source-mapping:{}")),
    named("AWS::Lambda::EventInvokeConfig", "", ANY, Reference::Name, &[], ("", "")),
    named("AWS::Lambda::Permission", "", ANY, Reference::Name, &["Id"], ("", "")),
    named("AWS::Lambda::LayerVersion", "LayerName", 140, Reference::Arn, &["LayerVersionArn"], ("lambda", "layer:{}:1")),
    named("AWS::S3::Bucket", "BucketName", 63, Reference::Name, &["Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"], ("s3", "{}")),
    named("AWS::SQS::Queue", "QueueName", 80, Reference::Url, &["Arn", "QueueName", "QueueUrl"], ("sqs", "{}")),
    named("AWS::SQS::QueuePolicy", "", ANY, Reference::Name, &["Id"], ("", "")),
    named("AWS::SNS::Topic", "TopicName", 256, Reference::Arn, &["TopicArn", "TopicName"], ("sns", "{}")),
    named("AWS::SNS::Subscription", "", ANY, Reference::Arn, &["Arn"], ("sns", "{}")),
    named("AWS::CloudWatch::Alarm", "AlarmName", 255, Reference::Name, &["Arn"], ("cloudwatch", "alarm:{}")),
    named("AWS::CloudWatch::CompositeAlarm", "AlarmName", 255, Reference::Name, &["Arn"], ("cloudwatch", "alarm:{}")),
    named("AWS::CloudWatch::Dashboard", "DashboardName", 255, Reference::Name, &[], ("", "")),
    named("AWS::Logs::LogGroup", "LogGroupName", 512, Reference::Name, &["Arn"], ("logs", "log-group:{}:*")),
    named("AWS::IAM::Role", "RoleName", 64, Reference::Name, &["Arn", "RoleId"], ("iam", "role/{}")),
    named("AWS::IAM::Policy", "PolicyName", 128, Reference::Name, &["Id"], ("", "")),
    named("AWS::IAM::ManagedPolicy", "ManagedPolicyName", 128, Reference::Arn, &["PolicyArn", "AttachmentCount", "CreateDate", "DefaultVersionId", "IsAttachable", "PermissionsBoundaryUsageCount", "PolicyId", "UpdateDate"], ("iam", "policy/{}")),
];

/// What is known about a type.
pub fn type_info(resource_type: &str) -> Option<&'static TypeInfo> {
    TYPES.iter().find(|known| known.name == resource_type)
}

/// Names of all types that are known, for suggestions.
pub fn type_names() -> impl Iterator<Item = &'static str> + Clone {
    TYPES.iter().map(|known| known.name)
}

/// What a name is made of besides the type.
pub struct Naming<'a> {
    /// The stack.
    pub stack_name: &'a str,
    /// Account, region, partition.
    pub environment: &'a Environment,
    /// The key under `Resources`.
    pub logical_id: &'a str,
    /// The name that the template gives.
    pub explicit: Option<Arc<str>>,
    /// `FifoQueue` or `FifoTopic`: the name ends with `.fifo`.
    pub fifo: bool,
    /// For a rule its bus, for a role or policy its path (`/` or `/team/`), for a version the ARN of what it is one of,
    /// with its number, for an alias without.
    pub parent: Option<Arc<str>>,
}

impl Naming<'_> {
    /// Name and ARN of a resource; the place is left to the caller.
    pub fn identity(&self, resource_type: &str) -> Identity {
        let info = type_info(resource_type);
        let name = self.explicit.clone().unwrap_or_else(|| self.generated_name(resource_type, info));
        let arn = self.arn(resource_type, info, &name);
        let logical_id: Arc<str> = self.logical_id.into();
        let label = self.explicit.clone().unwrap_or_else(|| logical_id.clone());
        Identity { logical_id, name, label, arn, ..Identity::default() }
    }

    /// AWS: `<stack>-<logical id>-<random>`, for state machines `<logical id>-<random>`. Here the random part is a hash of
    /// both, so that it is the same in every run.
    fn generated_name(&self, resource_type: &str, info: Option<&TypeInfo>) -> Arc<str> {
        let hash = hash_letters(&format!("{}/{}/{resource_type}", self.stack_name, self.logical_id));
        let tail = format!("-{hash}{}", if self.fifo { ".fifo" } else { "" });
        let head = match resource_type {
            "AWS::StepFunctions::StateMachine" => self.logical_id.to_owned(),
            _ => format!("{}-{}", self.stack_name, self.logical_id),
        };
        let room = info.map_or(ANY, |info| info.name_chars_max).saturating_sub(tail.len());
        let head: String = head.chars().take(room).collect();
        let name = format!("{head}{tail}");
        if resource_type == "AWS::S3::Bucket" { name.to_lowercase().into() } else { name.into() }
    }

    fn arn(&self, resource_type: &str, info: Option<&TypeInfo>, name: &str) -> Arc<str> {
        let environment = self.environment;
        let (service, shape) = match info {
            Some(_) if is_version(resource_type) => return self.parent.clone().unwrap_or_else(|| name.into()),
            Some(_) if is_alias(resource_type) => {
                return format!("{}:{name}", self.parent.as_deref().unwrap_or_default()).into();
            }
            Some(_) if resource_type == "AWS::S3::Bucket" => {
                return format!("arn:{}:s3:::{name}", environment.partition).into();
            }
            Some(info) if !info.arn.0.is_empty() => info.arn,
            Some(_) => return name.into(),
            None => {
                let service = resource_type.split("::").nth(1).unwrap_or("custom").to_lowercase();
                return environment.arn(&service, name);
            }
        };
        match (service, self.parent.as_deref()) {
            ("iam", path) => {
                let kind = shape.split('/').next().unwrap_or_default();
                let path = path.unwrap_or("/");
                format!("arn:{}:iam::{}:{kind}{path}{name}", environment.partition, environment.account_id).into()
            }
            ("events", Some(bus)) if shape.starts_with("rule/") && bus != "default" => {
                environment.arn("events", &format!("rule/{bus}/{name}"))
            }
            _ => environment.arn(service, &shape.replace("{}", name)),
        }
    }
}

/// Whether resources of this type are versions of another.
pub fn is_version(resource_type: &str) -> bool {
    matches!(resource_type, "AWS::Lambda::Version" | "AWS::StepFunctions::StateMachineVersion")
}

/// Whether resources of this type are aliases for versions of another.
pub fn is_alias(resource_type: &str) -> bool {
    matches!(resource_type, "AWS::Lambda::Alias" | "AWS::StepFunctions::StateMachineAlias")
}

/// What `Ref` answers for a resource.
pub fn reference(resource_type: &str, identity: &Identity, environment: &Environment) -> Arc<str> {
    match type_info(resource_type).map(|info| &info.reference) {
        Some(Reference::Arn) => identity.arn.clone(),
        Some(Reference::Url) => queue_url(&identity.name, environment),
        // AWS: on a custom bus the id is `bus|rule`.
        Some(Reference::Rule) => match rule_bus(&identity.arn) {
            Some(bus) => format!("{bus}|{}", identity.name).into(),
            None => identity.name.clone(),
        },
        Some(Reference::Name) | None => identity.name.clone(),
    }
}

/// What `Fn::GetAtt` answers; `None` when the type has no such attribute.
pub fn attribute(
    resource_type: &str,
    identity: &Identity,
    environment: &Environment,
    attribute: &str,
) -> Option<Arc<str>> {
    let Some(info) = type_info(resource_type) else {
        return Some(match attribute {
            "Arn" => identity.arn.clone(),
            other => format!("{}-{other}", identity.name).into(),
        });
    };
    if !info.attributes.contains(&attribute) {
        return None;
    }
    let value = match attribute {
        "Arn"
        | "TopicArn"
        | "PolicyArn"
        | "AliasArn"
        | "LayerVersionArn"
        | "EventSourceMappingArn"
        | "ArnForPolicy" => identity.arn.clone(),
        "Name" | "QueueName" | "TopicName" | "Id" => identity.name.clone(),
        "QueueUrl" => queue_url(&identity.name, environment),
        "StreamArn" => stream_arn(&identity.arn),
        "Version" => identity.arn.rsplit(':').next().unwrap_or_default().into(),
        "FunctionArn" => identity.arn.rsplit_once(':').map_or(identity.arn.clone(), |(function, _)| function.into()),
        "RoleId" | "PolicyId" => format!("A{}", hash_letters(&identity.arn)).into(),
        other => format!("{}-{other}", identity.name).into(),
    };
    Some(value)
}

/// The address of a queue.
pub fn queue_url(name: &str, environment: &Environment) -> Arc<str> {
    format!("https://sqs.{}.amazonaws.com/{}/{name}", environment.region, environment.account_id).into()
}

/// The ARN of a table's stream: its label is when it was enabled, which is when runs begin.
pub fn stream_arn(table_arn: &str) -> Arc<str> {
    format!("{table_arn}/stream/2026-01-01T00:00:00.000").into()
}

/// Twelve letters and digits that follow from `text`.
pub fn hash_letters(text: &str) -> String {
    const LETTERS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const LENGTH: usize = 12;
    let mut hash = xxh3_64(text.as_bytes());
    let letters = (0..LENGTH).map(|_| {
        let letter = LETTERS[(hash % 36) as usize] as char;
        hash /= 36;
        letter
    });
    letters.collect()
}

fn rule_bus(arn: &str) -> Option<&str> {
    let resource = arn.split_once(":rule/")?.1;
    resource.split_once('/').map(|(bus, _)| bus)
}
