//! History events as `GetExecutionHistory` returns them.

use std::sync::Arc;

use super::History;
use super::event::{Assigned, Event, Kind, Payload, TaskEvent};
use crate::events::seconds_text;
use crate::json::{Json, Object};

impl History {
    /// `{"events": [...]}`, as `GetExecutionHistory` answers.
    pub fn to_json(&self) -> Json {
        Json::from_pairs([("events", Json::from(self.events().iter().map(Event::to_json).collect::<Vec<_>>()))])
    }
}

impl Event {
    /// The type as AWS names it: `PassStateEntered`.
    pub fn type_name(&self) -> String {
        match &self.kind {
            Kind::StateEntered { state_type, .. } => format!("{state_type}StateEntered"),
            Kind::StateExited { state_type, .. } => format!("{state_type}StateExited"),
            Kind::StateStarted { state_type, .. } => format!("{state_type}StateStarted"),
            Kind::StateSucceeded { state_type } => format!("{state_type}StateSucceeded"),
            Kind::StateFailed { state_type } => format!("{state_type}StateFailed"),
            Kind::StateAborted { state_type } => format!("{state_type}StateAborted"),
            other => fixed_name(other).to_owned(),
        }
    }

    /// The event as `GetExecutionHistory` returns it, its time in ISO 8601.
    pub fn to_json(&self) -> Json {
        let type_name = self.type_name();
        let mut event = Object::with_capacity(5);
        event.insert("timestamp".into(), iso(self.at_ms).into());
        event.insert("type".into(), type_name.as_str().into());
        event.insert("id".into(), self.id.into());
        event.insert("previousEventId".into(), self.previous_id.into());
        if let Some(details) = details(&self.kind) {
            event.insert(details_member(&self.kind, &type_name).into(), Json::from(details.0));
        }
        Json::from(event)
    }
}

/// ISO 8601 with milliseconds, as Step Functions writes it: `2026-01-01T00:00:00.000Z`.
/// After the year 9999 it is the number of milliseconds.
pub fn iso(at_ms: u64) -> String {
    let Some(seconds) = seconds_text(at_ms) else { return format!("{at_ms}ms") };
    let mut text = String::with_capacity(ISO_BYTES);
    text.push_str(std::str::from_utf8(&seconds).unwrap_or_default());
    text.push('.');
    for place in [100, 10, 1] {
        text.push(char::from(b'0' + (at_ms / place % 10) as u8));
    }
    text.push('Z');
    text
}

/// Bytes of an instant with milliseconds, and room for an offset in the place of its `Z`.
const ISO_BYTES: usize = 32;

fn fixed_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::ExecutionStarted { .. } => "ExecutionStarted",
        Kind::ExecutionSucceeded { .. } => "ExecutionSucceeded",
        Kind::ExecutionFailed { .. } => "ExecutionFailed",
        Kind::ExecutionAborted { .. } => "ExecutionAborted",
        Kind::ExecutionTimedOut { .. } => "ExecutionTimedOut",
        Kind::ExecutionRedriven { .. } => "ExecutionRedriven",
        Kind::MapIterationStarted { .. } => "MapIterationStarted",
        Kind::MapIterationSucceeded { .. } => "MapIterationSucceeded",
        Kind::MapIterationFailed { .. } => "MapIterationFailed",
        Kind::MapIterationAborted { .. } => "MapIterationAborted",
        Kind::MapRunStarted { .. } => "MapRunStarted",
        Kind::MapRunSucceeded => "MapRunSucceeded",
        Kind::MapRunFailed { .. } => "MapRunFailed",
        Kind::MapRunAborted => "MapRunAborted",
        Kind::TaskScheduled { .. } => "TaskScheduled",
        Kind::TaskStarted { .. } => "TaskStarted",
        Kind::TaskSubmitted { .. } => "TaskSubmitted",
        Kind::TaskSucceeded { .. } => "TaskSucceeded",
        Kind::TaskFailed { .. } => "TaskFailed",
        Kind::TaskStartFailed { .. } => "TaskStartFailed",
        Kind::TaskSubmitFailed { .. } => "TaskSubmitFailed",
        Kind::TaskTimedOut { .. } => "TaskTimedOut",
        Kind::LambdaFunctionScheduled { .. } => "LambdaFunctionScheduled",
        Kind::LambdaFunctionStarted => "LambdaFunctionStarted",
        Kind::LambdaFunctionSucceeded { .. } => "LambdaFunctionSucceeded",
        Kind::LambdaFunctionFailed { .. } => "LambdaFunctionFailed",
        Kind::LambdaFunctionScheduleFailed { .. } => "LambdaFunctionScheduleFailed",
        Kind::LambdaFunctionStartFailed { .. } => "LambdaFunctionStartFailed",
        Kind::LambdaFunctionTimedOut { .. } => "LambdaFunctionTimedOut",
        Kind::ActivityScheduled { .. } => "ActivityScheduled",
        Kind::ActivityStarted { .. } => "ActivityStarted",
        Kind::ActivitySucceeded { .. } => "ActivitySucceeded",
        Kind::ActivityFailed { .. } => "ActivityFailed",
        Kind::ActivityScheduleFailed { .. } => "ActivityScheduleFailed",
        Kind::ActivityTimedOut { .. } => "ActivityTimedOut",
        Kind::EvaluationFailed { .. } => "EvaluationFailed",
        Kind::StateEntered { .. }
        | Kind::StateExited { .. }
        | Kind::StateStarted { .. }
        | Kind::StateSucceeded { .. }
        | Kind::StateFailed { .. }
        | Kind::StateAborted { .. } => "State",
    }
}

fn details_member(kind: &Kind, type_name: &str) -> String {
    // AWS: entered and exited events share one member whatever the state's type; all others follow their type.
    match kind {
        Kind::StateEntered { .. } => "stateEnteredEventDetails".to_owned(),
        Kind::StateExited { .. } => "stateExitedEventDetails".to_owned(),
        _ => {
            let mut member = type_name.to_owned();
            if let Some(first) = member.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            member + "EventDetails"
        }
    }
}

/// The members of an event's details, written in order.
struct Details(Object);

impl Details {
    fn new() -> Details {
        Details(Object::default())
    }

    fn with(mut self, key: &str, value: impl Into<Json>) -> Details {
        self.0.insert(key.into(), value.into());
        self
    }

    fn with_some<T: Into<Json>>(self, key: &str, value: Option<T>) -> Details {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    fn payload(self, key: &str, payload: &Payload) -> Details {
        let text: Json = match payload {
            Payload::Json(value) => value.to_string().into(),
            Payload::Verbatim(text) => text.clone().into(),
        };
        self.with(key, text).with(&format!("{key}Details"), untruncated())
    }

    fn task(self, task: &TaskEvent) -> Details {
        self.with("resourceType", task.resource_type.clone()).with("resource", task.resource.clone())
    }

    fn failure(self, error: Option<&Arc<str>>, cause: Option<&Arc<str>>) -> Details {
        self.with_some("error", error.cloned()).with_some("cause", cause.cloned())
    }

    fn limits(self, timeout_seconds: Option<u64>, heartbeat_seconds: Option<u64>) -> Details {
        self.with_some("timeoutInSeconds", timeout_seconds).with_some("heartbeatInSeconds", heartbeat_seconds)
    }

    fn credentials(self, role_arn: Option<&Arc<str>>) -> Details {
        let credentials = role_arn.map(|role_arn| Json::from_pairs([("roleArn", Json::from(role_arn.clone()))]));
        self.with_some("taskCredentials", credentials)
    }

    fn assigned(self, assigned: &Assigned) -> Details {
        let Some(variables) = assigned.as_ref().and_then(Json::as_object).filter(|variables| !variables.is_empty())
        else {
            return self;
        };
        let texts = variables.iter().map(|(name, value)| (name.clone(), Json::from(value.to_string())));
        self.with("assignedVariables", Json::from_pairs(texts)).with("assignedVariablesDetails", untruncated())
    }
}

fn untruncated() -> Json {
    Json::from_pairs([("truncated", Json::from(false))])
}

fn details(kind: &Kind) -> Option<Details> {
    let new = Details::new();
    Some(match kind {
        Kind::ExecutionStarted { input, role_arn } => new.payload("input", input).with("roleArn", role_arn.clone()),
        Kind::ExecutionFailed { error, cause }
        | Kind::ExecutionAborted { error, cause }
        | Kind::ExecutionTimedOut { error, cause }
        | Kind::MapRunFailed { error, cause }
        | Kind::LambdaFunctionFailed { error, cause }
        | Kind::LambdaFunctionScheduleFailed { error, cause }
        | Kind::LambdaFunctionStartFailed { error, cause }
        | Kind::LambdaFunctionTimedOut { error, cause }
        | Kind::ActivityFailed { error, cause }
        | Kind::ActivityScheduleFailed { error, cause }
        | Kind::ActivityTimedOut { error, cause } => new.failure(error.as_ref(), cause.as_ref()),
        Kind::StateEntered { name, input, .. } => new.with("name", name.clone()).payload("input", input),
        Kind::StateExited { name, output, assigned, .. } => {
            new.with("name", name.clone()).payload("output", output).assigned(assigned)
        }
        Kind::StateStarted { length, .. } => new.with("length", (*length)?),
        Kind::MapIterationStarted { name, index }
        | Kind::MapIterationSucceeded { name, index }
        | Kind::MapIterationFailed { name, index }
        | Kind::MapIterationAborted { name, index } => new.with("name", name.clone()).with("index", *index),
        Kind::TaskScheduled { task, region, parameters, timeout_seconds, heartbeat_seconds, role_arn } => new
            .task(task)
            .with("region", region.clone())
            .with("parameters", text(parameters))
            .limits(*timeout_seconds, *heartbeat_seconds)
            .credentials(role_arn.as_ref()),
        Kind::ExecutionRedriven { count } => new.with("redriveCount", *count),
        Kind::MapRunStarted { arn } => new.with("mapRunArn", arn.clone()),
        Kind::TaskStarted { task } => new.task(task),
        Kind::TaskSubmitted { task, output } | Kind::TaskSucceeded { task, output } => {
            new.task(task).payload("output", output)
        }
        Kind::TaskFailed { task, error, cause }
        | Kind::TaskStartFailed { task, error, cause }
        | Kind::TaskSubmitFailed { task, error, cause }
        | Kind::TaskTimedOut { task, error, cause } => new.task(task).failure(error.as_ref(), cause.as_ref()),
        Kind::LambdaFunctionScheduled { resource, input, timeout_seconds, role_arn } => new
            .with("resource", resource.clone())
            .payload("input", input)
            .limits(*timeout_seconds, None)
            .credentials(role_arn.as_ref()),
        Kind::ExecutionSucceeded { output }
        | Kind::LambdaFunctionSucceeded { output }
        | Kind::ActivitySucceeded { output } => new.payload("output", output),
        Kind::ActivityScheduled { resource, input, timeout_seconds, heartbeat_seconds } => {
            new.with("resource", resource.clone()).payload("input", input).limits(*timeout_seconds, *heartbeat_seconds)
        }
        Kind::ActivityStarted { worker } => new.with_some("workerName", worker.clone()),
        Kind::EvaluationFailed { state, location, error, cause } => new
            .with("error", error.clone())
            .with("cause", cause.clone())
            .with_some("location", location.clone())
            .with("state", state.clone()),
        Kind::StateSucceeded { .. }
        | Kind::StateFailed { .. }
        | Kind::StateAborted { .. }
        | Kind::MapRunSucceeded
        | Kind::MapRunAborted
        | Kind::LambdaFunctionStarted => return None,
    })
}

fn text(payload: &Payload) -> Json {
    match payload {
        Payload::Json(value) => value.to_string().into(),
        Payload::Verbatim(text) => text.clone().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::iso;

    #[test]
    fn an_instant_is_written_as_jiff_writes_it() {
        for at_ms in [0, 1, 999, 1_767_225_600_000, 1_772_323_199_007, 4_107_542_399_999, 253_402_207_199_999] {
            let instant = jiff::Timestamp::from_millisecond(at_ms as i64).expect("before the year 10000");
            assert_eq!(iso(at_ms), format!("{instant:.3}"));
        }
        assert_eq!(iso(u64::MAX), "18446744073709551615ms");
    }
}
