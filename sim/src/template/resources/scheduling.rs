use super::Draft;
use super::events::retry_policy;
use crate::template::Fields;
use crate::template::stack::{Environment, Schedule, ScheduleTarget};

/// `AWS::Scheduler::Schedule`
pub fn schedule(mut draft: Draft<'_, '_, '_>, environment: &Environment) -> Option<Schedule> {
    let fields = &draft.fields;
    fields.only(&[
        "Name",
        "GroupName",
        "Description",
        "ScheduleExpression",
        "ScheduleExpressionTimezone",
        "StartDate",
        "EndDate",
        "State",
        "FlexibleTimeWindow",
        "Target",
        "KmsKeyArn",
    ]);
    let expression = fields.required_text("ScheduleExpression");
    let expression_span = fields.get("ScheduleExpression").map(|node| node.span).unwrap_or_default();
    fields.required("FlexibleTimeWindow");
    let window = fields.object("FlexibleTimeWindow");
    let window_ms = window.map_or(0, |window| {
        window.only(&["Mode", "MaximumWindowInMinutes"]);
        // AWS: the window has one minute to a day, and only where the mode says so.
        match window.one_of("Mode", &["OFF", "FLEXIBLE"]) {
            Some("FLEXIBLE") => window.integer("MaximumWindowInMinutes", 1..=1440).unwrap_or(0) * 60_000,
            _ => 0,
        }
    });
    fields.required("Target");
    let target = target(&fields.object("Target")?);
    let zone = fields.text("ScheduleExpressionTimezone").unwrap_or_else(|| "UTC".into());
    let enabled = fields.one_of("State", &["ENABLED", "DISABLED"]) != Some("DISABLED");
    let (start, end) = (fields.text("StartDate"), fields.text("EndDate"));
    if let Some(group) = fields.text("GroupName") {
        draft.identity.arn = environment.arn("scheduler", &format!("schedule/{group}/{}", draft.identity.name));
    }
    Some(Schedule {
        expression: expression?,
        expression_span,
        zone,
        start,
        end,
        enabled,
        window_ms,
        target: target?,
        identity: draft.identity,
    })
}

fn target(fields: &Fields<'_>) -> Option<ScheduleTarget> {
    fields.only(&[
        "Arn",
        "RoleArn",
        "Input",
        "RetryPolicy",
        "DeadLetterConfig",
        "EventBridgeParameters",
        "SqsParameters",
        "EcsParameters",
        "KinesisParameters",
        "SageMakerPipelineParameters",
    ]);
    let (arn, role_arn) = (fields.required_text("Arn"), fields.required_text("RoleArn"));
    let event = fields.object("EventBridgeParameters");
    let event = event.and_then(|event| Some((event.required_text("DetailType")?, event.required_text("Source")?)));
    Some(ScheduleTarget {
        arn: arn?,
        role_arn: role_arn?,
        input: fields.text("Input"),
        retry_policy: retry_policy(fields),
        dead_letter_arn: fields.object("DeadLetterConfig").and_then(|config| config.text("Arn")),
        event,
        message_group_id: fields.object("SqsParameters").and_then(|parameters| parameters.text("MessageGroupId")),
    })
}
