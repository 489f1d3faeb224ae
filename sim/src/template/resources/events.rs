use rehearsal_engine::source::Shape;

use super::Draft;
use crate::diagnostics::Place;
use crate::template::Fields;
use crate::template::fields::wrong_type;
use crate::template::resolver::bus_name;
use crate::template::stack::{Archive, EventBus, RetryPolicy, Rule, Target, TargetInput, TargetTransformer};

/// AWS: a pattern has at most so many characters, as JSON without blanks; more than the quota has to be asked for.
const PATTERN_CHARS_MAX: usize = 4_096;
const PATTERN_CHARS_QUOTA: usize = 2_048;
/// AWS: a rule has at most five targets.
const TARGETS_MAX: usize = 5;

/// `AWS::Events::EventBus`
pub fn event_bus(draft: &Draft<'_, '_, '_>) -> Option<EventBus> {
    let fields = &draft.fields;
    fields.only(&[
        "Name",
        "EventSourceName",
        "Description",
        "KmsKeyIdentifier",
        "Policy",
        "DeadLetterConfig",
        "LogConfig",
        "Tags",
    ]);
    fields.required("Name")?;
    let dead_letter_arn = fields.object("DeadLetterConfig").and_then(|config| config.text("Arn"));
    Some(EventBus { identity: draft.identity.clone(), dead_letter_arn })
}

/// `AWS::Events::Archive`
pub fn archive(draft: Draft<'_, '_, '_>) -> Option<Archive> {
    const DAY_MS: u64 = 86_400_000;
    let fields = &draft.fields;
    fields.only(&["ArchiveName", "SourceArn", "EventPattern", "RetentionDays", "Description", "KmsKeyIdentifier"]);
    let source_arn = fields.required_text("SourceArn")?;
    // AWS: zero days are for ever.
    let days = fields.integer("RetentionDays", 0..=36_500).unwrap_or(0);
    check_length(fields);
    Some(Archive {
        source_arn,
        pattern: fields.get("EventPattern").cloned(),
        retention_ms: (days > 0).then(|| days * DAY_MS),
        identity: draft.identity,
    })
}

/// `AWS::Events::Rule`
pub fn rule(draft: Draft<'_, '_, '_>) -> Option<Rule> {
    let fields = &draft.fields;
    fields.only(&[
        "Name",
        "Description",
        "EventBusName",
        "EventPattern",
        "ScheduleExpression",
        "State",
        "RoleArn",
        "Targets",
        "Tags",
    ]);
    let event_bus_name = fields.text("EventBusName").map_or_else(|| "default".into(), |bus| bus_name(&bus));
    let pattern = fields.get("EventPattern");
    if let Some(pattern) = pattern
        && !matches!(pattern.shape, Shape::Object(_))
    {
        fields.report().push(wrong_type(pattern, &fields.path_of("EventPattern"), "an object"));
        return None;
    }
    check_length(fields);
    let schedule = fields.text("ScheduleExpression").zip(fields.get("ScheduleExpression").map(|node| node.span));
    if pattern.is_none() && schedule.is_none() {
        let message = "the rule has neither EventPattern nor ScheduleExpression";
        fields.error("EventPattern", "missing-property", message, "add one of them");
        return None;
    }
    if schedule.is_some() && &*event_bus_name != "default" {
        // AWS: scheduled rules are supported only on the default event bus.
        let hint = "remove EventBusName";
        fields.error(
            "ScheduleExpression",
            "schedule-on-custom-bus",
            "a rule with a schedule works only on the default bus",
            hint,
        );
    }
    let states = ["ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"];
    let enabled = fields.one_of("State", &states) != Some("DISABLED");
    let objects = fields.objects("Targets");
    if objects.len() > TARGETS_MAX {
        let message = format!("the rule has {} targets; at most {TARGETS_MAX} are allowed", objects.len());
        fields.error("Targets", "too-many-targets", message, "spread them over several rules");
    }
    let mut targets: Vec<Target> = Vec::new();
    for object in &objects {
        let Some(target) = target(&draft, object) else { continue };
        if targets.iter().any(|other| other.id == target.id) {
            object.error(
                "Id",
                "duplicate-name",
                format!("two targets have the id '{}'", target.id),
                "rename one of them",
            );
        }
        targets.push(target);
    }
    Some(Rule {
        event_bus_name,
        pattern: pattern.cloned(),
        schedule,
        enabled,
        role_arn: fields.text("RoleArn"),
        targets,
        identity: draft.identity,
    })
}

fn check_length(fields: &Fields<'_>) {
    let Some(pattern) = fields.get("EventPattern") else { return };
    let chars = pattern.to_json().to_string().chars().count();
    let hint = "spread it over several rules, or match fewer values";
    let found = format!("the event pattern has {chars} characters");
    if chars > PATTERN_CHARS_MAX {
        let message = format!("{found}; at most {PATTERN_CHARS_MAX} are allowed");
        fields.error("EventPattern", "pattern-too-long", message, hint);
    } else if chars > PATTERN_CHARS_QUOTA {
        let message = format!("{found}; more than {PATTERN_CHARS_QUOTA} need a raised quota of the account");
        fields.warn("EventPattern", "pattern-over-quota", message, hint);
    }
}

fn target(draft: &Draft<'_, '_, '_>, fields: &Fields<'_>) -> Option<Target> {
    fields.only(&[
        "Arn",
        "Id",
        "RoleArn",
        "Input",
        "InputPath",
        "InputTransformer",
        "RetryPolicy",
        "DeadLetterConfig",
        "SqsParameters",
        "EcsParameters",
        "KinesisParameters",
        "BatchParameters",
        "HttpParameters",
        "AppSyncParameters",
        "RedshiftDataParameters",
        "RunCommandParameters",
        "SageMakerPipelineParameters",
    ]);
    let id = fields.required_text("Id");
    let arn = fields.required_text("Arn");
    let input = input(draft, fields);
    Some(Target {
        id: id?,
        arn: arn?,
        role_arn: fields.text("RoleArn"),
        input: input?,
        retry_policy: retry_policy(fields),
        dead_letter_arn: fields.object("DeadLetterConfig").and_then(|config| config.text("Arn")),
        message_group_id: fields.object("SqsParameters").and_then(|parameters| parameters.text("MessageGroupId")),
        place: Place::new(draft.identity.place.source, fields.node.span),
    })
}

fn input(draft: &Draft<'_, '_, '_>, fields: &Fields<'_>) -> Option<TargetInput> {
    let forms = ["Input", "InputPath", "InputTransformer"];
    let given: Vec<&str> = forms.into_iter().filter(|key| fields.get(key).is_some()).collect();
    if let [_, second, ..] = given.as_slice() {
        let message = format!("{} exclude each other", given.join(" and "));
        fields.error(second, "too-many-inputs", message, "keep one of them");
        return None;
    }
    let node = match given.first() {
        Some(key) => fields.get(key)?,
        None => return Some(TargetInput::MatchedEvent),
    };
    match given[0] {
        "Input" => {
            fields.text("Input")?;
            draft.resolver.mapped(node).map(TargetInput::Constant)
        }
        "InputPath" => Some(TargetInput::Path(fields.text("InputPath")?, node.span)),
        _ => transformer(draft, &fields.object("InputTransformer")?).map(TargetInput::Transformer),
    }
}

fn transformer(draft: &Draft<'_, '_, '_>, fields: &Fields<'_>) -> Option<TargetTransformer> {
    fields.only(&["InputPathsMap", "InputTemplate"]);
    fields.required_text("InputTemplate")?;
    let template = draft.resolver.mapped(fields.get("InputTemplate")?)?;
    let map = fields.object("InputPathsMap");
    let members = map.as_ref().map(|map| map.node.members()).unwrap_or_default();
    let paths = members
        .iter()
        .filter_map(|member| Some((member.key.clone(), map.as_ref()?.text(&member.key)?, member.value.span)));
    Some(TargetTransformer { paths: paths.collect(), template })
}

/// `RetryPolicy` of a target.
pub fn retry_policy(fields: &Fields<'_>) -> RetryPolicy {
    let mut policy = RetryPolicy::default();
    let Some(given) = fields.object("RetryPolicy") else { return policy };
    given.only(&["MaximumRetryAttempts", "MaximumEventAgeInSeconds"]);
    if let Some(attempts) = given.integer("MaximumRetryAttempts", 0..=185) {
        policy.retry_attempts_max = attempts as u32;
    }
    if let Some(age_s) = given.integer("MaximumEventAgeInSeconds", 60..=86_400) {
        policy.event_age_max_ms = age_s * 1000;
    }
    policy
}
