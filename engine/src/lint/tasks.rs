//! Tasks: what can wait for ever, tokens nobody gets, integrations AWS may not have, and what Express cannot do.

use super::expressions::Written;
use super::machine::{Machine, State, is_distributed};
use crate::asl::{Pattern, Resource, ServiceCall, StateType};
use crate::source::{Diagnostic, Node, Shape};

/// AWS: an Express execution lasts at most five minutes.
const EXPRESS_SECONDS_MAX: i64 = 300;

pub(super) fn check(machine: &Machine, problems: &mut Vec<Diagnostic>) {
    let is_bounded = machine.root.get("TimeoutSeconds").is_some();
    for state in machine.states.iter().filter(|state| state.is(StateType::Task)) {
        if !is_bounded {
            waits_for_ever(state, problems);
        }
        if let Some(Resource::Service(call)) = &state.resource {
            if call.pattern == Pattern::WaitForTaskToken && !passes_token(state) {
                token_not_passed(state, problems);
            }
            unknown_integration(state, call, problems);
        }
    }
}

fn waits_for_ever(state: &State, problems: &mut Vec<Diagnostic>) {
    let what = match &state.resource {
        Some(Resource::Activity { .. }) => "a worker's answer",
        Some(Resource::Service(call)) => match call.pattern {
            Pattern::WaitForTaskToken => "the task token to come back",
            Pattern::Sync | Pattern::Sync2 => "the job's end",
            Pattern::RequestResponse => return,
        },
        _ => return,
    };
    let is_job = what.starts_with("the job");
    let has_any = |keys: &[&str]| keys.iter().any(|key| state.has(key));
    let is_bounded = has_any(&["TimeoutSeconds", "TimeoutSecondsPath"])
        || (!is_job && has_any(&["HeartbeatSeconds", "HeartbeatSecondsPath"]));
    if !is_bounded {
        let message = format!("the task waits for {what} without a limit, up to a year");
        let hint = if is_job {
            "add TimeoutSeconds, longer than the job can take"
        } else {
            "add TimeoutSeconds, and HeartbeatSeconds if whoever works on it can report that it still does"
        };
        problems.push(
            Diagnostic::warning("waits-for-ever", state.span("Resource"), state.at("Resource"), message).hint(hint),
        );
    }
}

/// Whether the task token is among what the task is given.
fn passes_token(state: &State) -> bool {
    let given = state.written.iter().filter(|written| matches!(written.field, "Parameters" | "Arguments"));
    let mut reads = given.flat_map(Written::context_reads);
    reads.any(|names| matches!(names[..], [] | ["Task"] | ["Task", "Token", ..]))
}

/// AWS: legal; such a task waits until its timeout.
fn token_not_passed(state: &State, problems: &mut Vec<Diagnostic>) {
    let (field, how) = match state.is_jsonata {
        true => ("Arguments", "\"{% $states.context.Task.Token %}\""),
        false => ("Parameters", "\"TaskToken.$\": \"$$.Task.Token\""),
    };
    let message = format!("the task waits for its task token, but '{field}' does not pass it on, so nobody can answer");
    let field = if state.has(field) { field } else { "Resource" };
    problems.push(
        Diagnostic::warning("token-not-passed", state.span(field), state.at(field), message)
            .hint(format!("pass it on, as in {how}")),
    );
}

fn unknown_integration(state: &State, call: &ServiceCall, problems: &mut Vec<Diagnostic>) {
    if let Some(message) = call.doubt() {
        let problem = Diagnostic::warning("unknown-integration", state.span("Resource"), state.at("Resource"), message);
        let hint = "check its spelling against AWS's list of optimized integrations, or call it through aws-sdk";
        problems.push(problem.hint(hint));
    }
}

/// What an Express state machine may not contain, or has no time for.
pub(super) fn check_express(machine: &Machine, problems: &mut Vec<Diagnostic>) {
    let seconds = |node: &Node, key: &str| match &node.get(key)?.shape {
        Shape::Number(number) => number.as_i64().filter(|seconds| *seconds > EXPRESS_SECONDS_MAX),
        _ => None,
    };
    for state in &machine.states {
        if let Some(resource) = &state.resource
            && let Some(message) = resource.refused_by_express()
        {
            let span = state.node.get("Resource").map_or(state.name_span, |node| node.span);
            problems.push(Diagnostic::error("SCHEMA_VALIDATION_FAILED", span, state.at("Resource"), message));
        }
        let processor = ["ItemProcessor", "Iterator"].into_iter().find_map(|key| state.node.get(key));
        if state.is(StateType::Map) && processor.is_some_and(is_distributed) {
            let message = "Express state machine does not support distributed Map";
            let problem =
                Diagnostic::error("SCHEMA_VALIDATION_FAILED", state.name_span, state.location.clone(), message);
            problems.push(problem.hint("use a Standard state machine, or an inline Map"));
        }
        let field = if state.is(StateType::Wait) { "Seconds" } else { "TimeoutSeconds" };
        if let Some(found) = seconds(state.node, field) {
            too_slow_for_express(state.span(field), state.at(field), found, problems);
        }
    }
    if let (Some(found), Some(member)) =
        (seconds(machine.root, "TimeoutSeconds"), machine.root.member("TimeoutSeconds"))
    {
        too_slow_for_express(member.key_span, "/TimeoutSeconds".to_owned(), found, problems);
    }
}

fn too_slow_for_express(span: crate::source::Span, path: String, found: i64, problems: &mut Vec<Diagnostic>) {
    let message =
        format!("an Express execution ends after {EXPRESS_SECONDS_MAX} seconds, before these {found} are over");
    let problem = Diagnostic::warning("too-slow-for-express", span, path, message);
    problems.push(problem.hint("shorten it, or use a Standard state machine"));
}
