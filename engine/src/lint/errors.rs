//! Retriers and catchers that can never match.

use std::collections::HashSet;

use super::machine::{Machine, State};
use crate::asl::{Pattern, Resource, StateType};
use crate::source::{Diagnostic, Node, Shape};

/// AWS: the errors that it names itself.
const PREDEFINED: [&str; 15] = [
    "States.ALL",
    "States.BranchFailed",
    "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold",
    "States.HeartbeatTimeout",
    "States.IntrinsicFailure",
    "States.ItemReaderFailed",
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.ResultPathMatchFailure",
    "States.ResultWriterFailed",
    "States.TaskFailed",
    "States.Timeout",
];

/// AWS: documented, but what they are about surfaces as States.Runtime, which nothing catches.
const SURFACE_AS_RUNTIME: [&str; 3] =
    ["States.IntrinsicFailure", "States.NoChoiceMatched", "States.ParameterPathFailure"];

/// Errors of a distributed Map, which no Task has.
const OF_MAPS: [&str; 3] =
    ["States.ExceedToleratedFailureThreshold", "States.ItemReaderFailed", "States.ResultWriterFailed"];

/// Error prefixes of services as the optimized integration and as the SDK integration write them.
const PREFIXES: [(&str, &str, &str); 7] = [
    ("dynamodb", "DynamoDB", "DynamoDb"),
    ("events", "EventBridge", "EventBridge"),
    ("lambda", "Lambda", "Lambda"),
    ("sns", "SNS", "Sns"),
    ("sqs", "SQS", "Sqs"),
    ("states", "StepFunctions", "Sfn"),
    ("ecs", "ECS", "Ecs"),
];

pub(super) fn check(machine: &Machine, problems: &mut Vec<Diagnostic>) {
    for state in &machine.states {
        for key in ["Retry", "Catch"] {
            rules(machine, state, key, problems);
        }
    }
}

fn rules(machine: &Machine, state: &State, key: &str, problems: &mut Vec<Diagnostic>) {
    let mut seen: HashSet<&str> = HashSet::new();
    for (at, rule) in state.items(key).iter().enumerate() {
        let location = format!("{}/{key}[{at}]", state.location);
        let names = rule.get("ErrorEquals").and_then(Node::as_array).unwrap_or_default();
        let mut here = Vec::new();
        for (name, node) in names.iter().filter_map(|node| Some((node.as_str()?, node))) {
            if let Some((message, hint)) = never_matches(machine, state, name, &seen, key) {
                let path = format!("{location}/ErrorEquals");
                problems.push(Diagnostic::warning("never-matches", node.span, path, message).hint(hint));
            }
            here.push(name);
        }
        seen.extend(here);
        if key == "Retry" && attempts(rule) == Some(0) && rule.members().len() > 2 {
            zero_attempts(rule, &location, problems);
        }
    }
}

fn attempts(rule: &Node) -> Option<i64> {
    match &rule.get("MaxAttempts")?.shape {
        Shape::Number(number) => number.as_i64(),
        _ => None,
    }
}

/// `MaxAttempts: 0` alone is how one says "never retry this"; with an interval or a rate somebody meant to retry.
fn zero_attempts(rule: &Node, location: &str, problems: &mut Vec<Diagnostic>) {
    let field = ["IntervalSeconds", "BackoffRate", "MaxDelaySeconds", "JitterStrategy"]
        .into_iter()
        .find_map(|key| rule.member(key));
    if let Some(field) = field {
        let message = format!("with MaxAttempts 0 nothing is retried, so that '{}' means nothing", field.key);
        problems.push(
            Diagnostic::warning("never-retries", field.key_span, location, message)
                .hint("raise MaxAttempts, or keep ErrorEquals and MaxAttempts alone"),
        );
    }
}

/// Why an error name cannot match here, and what to do.
fn never_matches(
    machine: &Machine,
    state: &State,
    name: &str,
    seen: &HashSet<&str>,
    key: &str,
) -> Option<(String, String)> {
    let rule = if key == "Retry" { "retrier" } else { "catcher" };
    if name == "States.Runtime" {
        let message = format!("States.Runtime is never {}: it fails the execution at once", past(key));
        return Some((message, "remove it, and mend what could raise it".to_owned()));
    }
    if SURFACE_AS_RUNTIME.contains(&name) {
        let message = format!(
            "{name} is never {}: what it is about surfaces as States.Runtime, which fails the execution",
            past(key)
        );
        return Some((message, "remove it, and mend what could raise it".to_owned()));
    }
    let is_known = PREDEFINED.contains(&name) || name.starts_with("States.Http.");
    if name.starts_with("States.") && !is_known && !is_raised_by_hand(machine, state, name) {
        let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let hint = match PREDEFINED.into_iter().find(|known| plain(known) == plain(name)) {
            Some(known) => format!("did you mean '{known}'?"),
            None => "names of your own must not begin with 'States.'".to_owned(),
        };
        return Some((format!("AWS raises no error called '{name}'"), hint));
    }
    if let Some(first) = covered_by(name, seen) {
        let message = if first == name {
            format!("an earlier {rule} already takes '{name}'")
        } else {
            format!("an earlier {rule} takes '{first}', and with it every '{name}'")
        };
        return Some((message, format!("the first {rule} that matches counts: remove this one, or move it up")));
    }
    state.is(StateType::Task).then(|| never_raised(state, name)).flatten()
}

/// Whether a Fail state, a worker or whoever answers a task token may raise an error of this name.
fn is_raised_by_hand(machine: &Machine, state: &State, name: &str) -> bool {
    if state.is(StateType::Task) {
        return state.resource.as_ref().is_none_or(Resource::is_callback);
    }
    machine.states.iter().filter(|other| other.is(StateType::Fail)).any(|fail| {
        let error = fail.node.get("Error").and_then(Node::as_str);
        fail.has("ErrorPath") || error.is_some_and(|error| error == name || error.starts_with("{%"))
    })
}

fn past(key: &str) -> &'static str {
    if key == "Retry" { "retried" } else { "caught" }
}

/// The name of an earlier rule that takes every error called `name`.
///
/// AWS: States.TaskFailed takes everything but timeouts, States.Timeout takes missed heartbeats too. (States.ALL before
/// others is an error.)
fn covered_by<'s>(name: &str, seen: &HashSet<&'s str>) -> Option<&'s str> {
    let of_time = matches!(name, "States.Timeout" | "States.HeartbeatTimeout");
    if let Some(same) = seen.get(name) {
        return Some(same);
    }
    let wider = match name {
        "States.ALL" => return None,
        "States.HeartbeatTimeout" => "States.Timeout",
        _ if of_time => return None,
        _ => "States.TaskFailed",
    };
    seen.get(wider).copied()
}

/// Why a Task cannot raise the error.
fn never_raised(state: &State, name: &str) -> Option<(String, String)> {
    let has_any = |keys: &[&str]| keys.iter().any(|key| state.has(key));
    let timeout = ["TimeoutSeconds", "TimeoutSecondsPath"];
    let heartbeat = ["HeartbeatSeconds", "HeartbeatSecondsPath"];
    match name {
        "States.HeartbeatTimeout" if !has_any(&heartbeat) => {
            let message = "the task has no HeartbeatSeconds, so that it never misses a heartbeat";
            return Some((message.to_owned(), "add HeartbeatSeconds to the task".to_owned()));
        }
        "States.Timeout" if !has_any(&heartbeat) && !has_any(&timeout) => {
            let message = "the task has no TimeoutSeconds, so that it never times out";
            return Some((message.to_owned(), "add TimeoutSeconds to the task".to_owned()));
        }
        "States.QueryEvaluationError" if !state.is_jsonata => {
            return Some((
                "the state is in JSONPath, which never raises it".to_owned(),
                "remove it, or set the state's QueryLanguage to JSONata".to_owned(),
            ));
        }
        name if OF_MAPS.contains(&name) || name == "States.BranchFailed" => {
            let message = format!("a Task never raises {name}");
            return Some((message, "handle it at the Map or Parallel that raises it".to_owned()));
        }
        _ => {}
    }
    let Some(Resource::Service(call)) = &state.resource else { return None };
    // What a callback or a job reports is named by whoever reports it.
    if call.pattern != Pattern::RequestResponse {
        return None;
    }
    let (sdk, service) = match call.service.strip_prefix("aws-sdk:") {
        Some(service) => (true, if service == "sfn" { "states" } else { service }),
        None => (false, &*call.service),
    };
    let service = if service == "eventbridge" { "events" } else { service };
    let (_, optimized, of_sdk) = PREFIXES.iter().find(|(known, ..)| *known == service)?;
    let own = if sdk { of_sdk } else { optimized };
    let prefix = name.split_once('.')?.0;
    let is_foreign = PREFIXES.iter().any(|(_, one, other)| prefix == *one || prefix == *other) && prefix != *own;
    // A function raises what its code raises.
    (is_foreign && service != "lambda").then(|| {
        let message = format!("errors of {} begin with '{own}.', so that '{name}' never comes", call.arn);
        let rest = name.split_once('.').map_or("", |(_, rest)| rest);
        (message, format!("write '{own}.{rest}'"))
    })
}
