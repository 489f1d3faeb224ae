use super::Draft;
use crate::template::stack::{Alarm, CompositeAlarm, Dashboard};

/// `AWS::CloudWatch::Alarm`
pub fn alarm(draft: Draft<'_, '_, '_>) -> Option<Alarm> {
    let fields = &draft.fields;
    fields.only(&[
        "AlarmName",
        "AlarmDescription",
        "ActionsEnabled",
        "AlarmActions",
        "OKActions",
        "InsufficientDataActions",
        "Namespace",
        "MetricName",
        "Dimensions",
        "Statistic",
        "ExtendedStatistic",
        "Period",
        "Unit",
        "EvaluationPeriods",
        "DatapointsToAlarm",
        "Threshold",
        "ComparisonOperator",
        "TreatMissingData",
        "EvaluateLowSampleCountPercentile",
        "Metrics",
        "ThresholdMetricId",
        "Tags",
    ]);
    fields.required("ComparisonOperator")?;
    fields.required("EvaluationPeriods")?;
    Some(Alarm { properties: fields.node.to_json(), identity: draft.identity })
}

/// `AWS::CloudWatch::CompositeAlarm`
pub fn composite_alarm(draft: Draft<'_, '_, '_>) -> Option<CompositeAlarm> {
    let fields = &draft.fields;
    fields.only(&[
        "AlarmName",
        "AlarmDescription",
        "AlarmRule",
        "ActionsEnabled",
        "AlarmActions",
        "OKActions",
        "InsufficientDataActions",
        "ActionsSuppressor",
        "ActionsSuppressorExtensionPeriod",
        "ActionsSuppressorWaitPeriod",
        "Tags",
    ]);
    let rule = fields.required_text("AlarmRule")?;
    Some(CompositeAlarm { rule, properties: fields.node.to_json(), identity: draft.identity })
}

/// `AWS::CloudWatch::Dashboard`
pub fn dashboard(draft: Draft<'_, '_, '_>) -> Option<Dashboard> {
    let fields = &draft.fields;
    fields.only(&["DashboardName", "DashboardBody", "Tags"]);
    fields.required_text("DashboardBody")?;
    let body = draft.resolver.mapped(fields.get("DashboardBody")?)?;
    Some(Dashboard { body, identity: draft.identity })
}
