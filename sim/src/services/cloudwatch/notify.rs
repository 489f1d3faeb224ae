//! What an alarm says: its reasons, the message to a topic, the payload of a function, the event on the default bus.

use std::sync::Arc;

use rehearsal_engine::{Json, json, text};

use super::alarm::{Action, Alarm, AlarmState, Comparison, Judged, MetricAlarm, Treatment, Verdict};
use super::service::Transition;
use crate::services::{ApiError, Request, eventbridge, lambda};
use crate::world::Millis;

/// An evaluation, to be told.
pub(super) struct Evaluation<'e> {
    pub(super) alarm: &'e MetricAlarm,
    pub(super) state: AlarmState,
    /// The numbers that counted: how many periods back, and what; the newest first.
    pub(super) evaluated: &'e [(usize, f64)],
    /// How many missing ones were filled in.
    pub(super) filled: usize,
    pub(super) until: Millis,
    pub(super) begin: &'e dyn Fn(usize) -> Millis,
}

impl Evaluation<'_> {
    /// The reason in AWS's words.
    pub(super) fn reason(&self) -> String {
        let MetricAlarm { threshold, comparison, datapoints_to_alarm, evaluation_periods, missing, .. } = self.alarm;
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        if self.state == AlarmState::InsufficientData {
            let (count, was) = (self.filled, if self.filled == 1 { "was" } else { "were" });
            return format!("Insufficient Data: {count} datapoint{} {was} unknown.", plural(count));
        }
        let treated = || {
            let how = match missing {
                Treatment::Breaching => "Breaching",
                Treatment::NotBreaching => "NonBreaching",
                Treatment::Missing => "Treatment",
                Treatment::Ignore => "Ignored",
            };
            let (count, was) = (self.filled, if self.filled == 1 { "was" } else { "were" });
            format!("{count} missing datapoint{} {was} treated as [{how}]", plural(count))
        };
        if self.evaluated.is_empty() {
            let periods = *evaluation_periods as usize;
            let s = plural(periods);
            return format!(
                "Threshold Crossed: no datapoints were received for {periods} period{s} and {}.",
                treated()
            );
        }
        let is_alarm = self.state == AlarmState::Alarm;
        let shown: Vec<_> = self
            .evaluated
            .iter()
            .filter(|(_, value)| self.alarm.is_breaching(*value) == is_alarm)
            .map(|(back, value)| format!("{value:?} ({})", day_first((self.begin)(*back))))
            .collect();
        let how = match comparison {
            Comparison::Greater => "greater than",
            Comparison::GreaterOrEqual => "greater than or equal to",
            Comparison::Less => "less than",
            Comparison::LessOrEqual => "less than or equal to",
        };
        let (was, not) = (if shown.len() == 1 { "was" } else { "were" }, if is_alarm { "" } else { "not " });
        let filled = if self.filled > 0 { format!("{} and ", treated()) } else { String::new() };
        let needed = if is_alarm { *datapoints_to_alarm } else { evaluation_periods - datapoints_to_alarm + 1 };
        let s = if needed == 1 { "" } else { "s" };
        format!(
            "Threshold Crossed: {filled}{} out of the last {} datapoints [{}] {was} {not}{how} the threshold \
             ({threshold:?}) (minimum {needed} datapoint{s} for {} -> {} transition).",
            shown.len(),
            self.evaluated.len(),
            shown.join(", "),
            if is_alarm { "OK" } else { "ALARM" },
            self.state.text(),
        )
    }

    /// The reason as data.
    pub(super) fn data(&self) -> Json {
        let oldest = self.evaluated.last().map(|(back, _)| (self.begin)(*back));
        let values = self.evaluated.iter().rev().map(|(_, value)| Json::from(*value));
        let evaluated = self
            .evaluated
            .iter()
            .map(|(back, value)| json!({"timestamp": with_offset((self.begin)(*back)), "value": (*value)}));
        let mut data = json!({
            "version": "1.0",
            "queryDate": with_offset(self.until),
            "statistic": (self.alarm.statistic.text()),
            "period": (self.alarm.period_ms / 1000),
            "recentDatapoints": (values.collect::<Vec<_>>()),
            "threshold": (self.alarm.threshold),
            "evaluatedDatapoints": (evaluated.collect::<Vec<_>>()),
        });
        if let (Some(oldest), Some(members)) = (oldest, data.make_object()) {
            members.insert("startDate".into(), with_offset(oldest).into());
        }
        data
    }
}

impl Verdict {
    /// The verdict on a composite alarm.
    pub(super) fn composite(state: AlarmState, because: &str) -> Verdict {
        Verdict { state, reason: format!("{because} transitioned to {}", state.text()), data: Json::Null }
    }
}

/// What an action asks for; `None` when nothing in the world can be asked.
pub(super) fn request(action: &Action, alarm: &Alarm, change: &Transition) -> Option<Result<Request, ApiError>> {
    match action {
        Action::Topic(topic) => {
            let subject = format!("{}: \"{}\" in {}", change.to.text(), alarm.text, region(alarm));
            let message = topic_message(alarm, change).to_string();
            let parameters = json!({"TopicArn": topic, "Subject": subject, "Message": message});
            Some(Request::parse("sns", "Publish", &parameters))
        }
        Action::Function { function, permitted: true } => Some(Ok(Request::Lambda(Box::new(lambda::Invoke {
            function: lambda::Target::Index(*function),
            payload: function_payload(alarm, change),
            mode: lambda::Mode::Asynchronous,
        })))),
        Action::Function { .. } | Action::Other(_) => None,
    }
}

/// AWS: what a topic's subscribers read.
fn topic_message(alarm: &Alarm, change: &Transition) -> Json {
    let arns = |actions: &[Action]| {
        let arns = actions.iter().filter_map(|action| match action {
            Action::Topic(arn) | Action::Other(arn) => Some(Json::from(arn.clone())),
            Action::Function { .. } => None,
        });
        Json::from(arns.collect::<Vec<_>>())
    };
    let mut message = json!({
        "AlarmName": (alarm.text.clone()),
        "AlarmDescription": (alarm.description.clone()),
        "AWSAccountId": (part(alarm, 4)),
        "NewStateValue": (change.to.text()),
        "NewStateReason": (change.reason.clone()),
        "StateChangeTime": (with_offset(change.at)),
        "Region": (region(alarm)),
        "AlarmArn": (alarm.arn.clone()),
        "OldStateValue": (change.from.text()),
        "OKActions": (arns(&alarm.ok_actions)),
        "AlarmActions": (arns(&alarm.alarm_actions)),
        "InsufficientDataActions": (arns(&alarm.insufficient_data_actions)),
    });
    if let (Judged::Metric(metric), Some(members)) = (&alarm.judged, message.make_object()) {
        if let Some(math) = &metric.math {
            members.insert(
                "Trigger".into(),
                json!({
                    "Period": (metric.period_ms / 1000),
                    "EvaluationPeriods": (metric.evaluation_periods),
                    "DatapointsToAlarm": (metric.datapoints_to_alarm),
                    "ComparisonOperator": (metric.comparison.text()),
                    "Threshold": (metric.threshold),
                    "TreatMissingData": (metric.missing.text()),
                    "EvaluateLowSampleCountPercentile": "",
                    "Metrics": (math.told.clone()),
                }),
            );
            return message;
        }
        let dimensions = metric.key.dimensions.iter();
        let dimensions = dimensions.map(|(name, value)| json!({"value": value, "name": name}));
        members.insert(
            "Trigger".into(),
            json!({
                "MetricName": (metric.key.name.clone()),
                "Namespace": (metric.key.namespace.clone()),
                "StatisticType": "Statistic",
                "Statistic": (metric.statistic.text().to_uppercase()),
                "Unit": (metric.unit.clone()),
                "Dimensions": (dimensions.collect::<Vec<_>>()),
                "Period": (metric.period_ms / 1000),
                "EvaluationPeriods": (metric.evaluation_periods),
                "DatapointsToAlarm": (metric.datapoints_to_alarm),
                "ComparisonOperator": (metric.comparison.text()),
                "Threshold": (metric.threshold),
                "TreatMissingData": (metric.missing.text()),
                "EvaluateLowSampleCountPercentile": "",
            }),
        );
    }
    message
}

/// AWS: what a function reads that an alarm invokes.
fn function_payload(alarm: &Alarm, change: &Transition) -> Json {
    json!({
        "source": "aws.cloudwatch",
        "alarmArn": (alarm.arn.clone()),
        "accountId": (part(alarm, 4)),
        "time": (with_offset(change.at)),
        "region": (part(alarm, 3)),
        "alarmData": (detail(alarm, change)),
    })
}

/// AWS: every change of state is an event on the default bus.
pub(super) fn event(alarm: &Alarm, change: &Transition) -> Request {
    let entry = eventbridge::PutEntry {
        bus: Some(text!("default")),
        source: Some(text!("aws.cloudwatch")),
        detail_type: Some(text!("CloudWatch Alarm State Change")),
        detail: Some(Ok(detail(alarm, change))),
        resources: vec![alarm.arn.clone()],
        ..eventbridge::PutEntry::default()
    };
    Request::Events(Box::new(eventbridge::PutEvents::of_service(entry)))
}

fn detail(alarm: &Alarm, change: &Transition) -> Json {
    let state = |value: AlarmState, reason: &str, data: &Json, at: Millis| {
        let mut state = json!({"value": (value.text()), "reason": reason, "timestamp": (with_offset(at))});
        if let (Some(members), false) = (state.make_object(), data.is_null()) {
            members.insert("reasonData".into(), data.to_string().into());
        }
        state
    };
    let configuration = match &alarm.judged {
        Judged::Metric(metric) if metric.math.is_some() => {
            let told = metric.math.as_ref().map(|math| in_small_letters(&math.told, 0));
            json!({"description": (alarm.description.clone()), "metrics": told})
        }
        Judged::Metric(metric) => {
            let dimensions = metric.key.dimensions.iter();
            let dimensions = dimensions.map(|(name, value)| (name.clone(), Json::from(value.clone())));
            json!({"description": (alarm.description.clone()), "metrics": [{
                "id": "m1",
                "metricStat": {
                    "metric": {
                        "namespace": (metric.key.namespace.clone()),
                        "name": (metric.key.name.clone()),
                        "dimensions": (Json::from_pairs(dimensions)),
                    },
                    "period": (metric.period_ms / 1000),
                    "stat": (metric.statistic.text()),
                },
                "returnData": true,
            }]})
        }
        Judged::Alarms(_) | Judged::Nothing => json!({"description": (alarm.description.clone())}),
    };
    json!({
        "alarmName": (alarm.text.clone()),
        "configuration": configuration,
        "previousState": (state(change.from, &change.from_reason, &Json::Null, change.from_since)),
        "state": (state(change.to, &change.reason, &change.data, change.at)),
    })
}

/// AWS: events spell the members of the API with small letters.
fn in_small_letters(value: &Json, depth: u32) -> Json {
    /// `Metrics` is no deeper than this.
    const DEPTH_MAX: u32 = 8;
    match value {
        Json::Array(_) if depth < DEPTH_MAX => {
            let items = value.as_array().unwrap_or_default().iter().map(|item| in_small_letters(item, depth + 1));
            Json::from(items.collect::<Vec<_>>())
        }
        Json::Object(members) if depth < DEPTH_MAX => Json::from_pairs(members.iter().map(|(key, value)| {
            let mut key = key.to_string();
            if let Some(first) = key.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            (key, in_small_letters(value, depth + 1))
        })),
        other => other.clone(),
    }
}

fn part(alarm: &Alarm, at: usize) -> Arc<str> {
    alarm.arn.split(':').nth(at).unwrap_or_default().into()
}

/// AWS: messages name the region in words. The few that most stacks live in.
fn region(alarm: &Alarm) -> Arc<str> {
    match &*part(alarm, 3) {
        "us-east-1" => "US East (N. Virginia)".into(),
        "us-east-2" => "US East (Ohio)".into(),
        "us-west-1" => "US West (N. California)".into(),
        "us-west-2" => "US West (Oregon)".into(),
        "eu-west-1" => "EU (Ireland)".into(),
        "eu-central-1" => "EU (Frankfurt)".into(),
        other => other.into(),
    }
}

/// `2026-01-01T00:05:00.000+0000`
pub(super) fn with_offset(at: Millis) -> String {
    let mut text = at.to_iso();
    text.truncate(text.len() - 1);
    text.push_str("+0000");
    text
}

/// `01/01/26 00:05:00`
fn day_first(at: Millis) -> String {
    let text = at.to_iso();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!("{}/{}/{} {}", part(8, 10), part(5, 7), part(2, 4), part(11, 19))
}
