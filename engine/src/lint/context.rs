//! The context object: what of it is there, and where.

use super::machine::{Machine, State};
use crate::asl::{Resource, StateType};
use crate::source::Diagnostic;

/// AWS: the context object's members, two levels deep.
const MEMBERS: [(&str, &[&str]); 5] = [
    ("Execution", &["Id", "Input", "Name", "RoleArn", "StartTime", "RedriveCount", "RedriveTime"]),
    ("State", &["EnteredTime", "Name", "RetryCount"]),
    ("StateMachine", &["Id", "Name"]),
    ("Task", &["Token"]),
    ("Map", &["Item"]),
];

/// The fields that are evaluated before a task is scheduled.
const PREPARING: [&str; 9] = [
    "Parameters",
    "Arguments",
    "InputPath",
    "Credentials",
    "TimeoutSeconds",
    "TimeoutSecondsPath",
    "HeartbeatSeconds",
    "HeartbeatSecondsPath",
    "ItemSelector",
];

pub(super) fn check(machine: &Machine, problems: &mut Vec<Diagnostic>) {
    for state in &machine.states {
        for written in &state.written {
            for names in written.context_reads() {
                if let Some((message, hint)) = missing(machine, state, written.field, &names) {
                    let problem =
                        Diagnostic::warning("context-object", written.node.span, written.location.clone(), message);
                    problems.push(problem.hint(hint));
                }
            }
        }
    }
}

/// Why the context object has no such place when the state is executed, and what to write instead.
fn missing(machine: &Machine, state: &State, field: &str, names: &[&str]) -> Option<(String, String)> {
    let first = names.first()?;
    let Some((_, members)) = MEMBERS.iter().find(|(known, _)| known == first) else {
        let known: Vec<&str> = MEMBERS.iter().map(|(known, _)| *known).collect();
        let message = format!("the context object has no '{first}', so that the state fails");
        return Some((message, format!("it has {}", known.join(", "))));
    };
    if let Some(second) = names.get(1)
        && !members.contains(second)
    {
        let message = format!("the context object has no '{first}.{second}', so that the state fails");
        return Some((message, format!("{first} has {}", members.join(", "))));
    }
    match *first {
        "Task" if has_no_token(state) => Some((
            "there is a task token only where the task waits for one, so that the state fails".to_owned(),
            "let its Resource end in .waitForTaskToken".to_owned(),
        )),
        "Task" if !PREPARING.contains(&field) => Some((
            format!("the task token is there while the task is prepared, not in '{field}', so that the state fails"),
            "read it in Parameters or Arguments".to_owned(),
        )),
        "Map" => {
            let is_in_map =
                state.is(StateType::Map) || machine.around(state.scope).any(|outer| outer.is(StateType::Map));
            (!is_in_map).then(|| {
                (
                    "there is no map item outside of a Map state, so that the state fails".to_owned(),
                    "read it in the Map's ItemSelector or in the states of its ItemProcessor".to_owned(),
                )
            })
        }
        _ => None,
    }
}

fn has_no_token(state: &State) -> bool {
    match (&state.resource, state.state_type) {
        (Some(resource @ (Resource::Service(_) | Resource::Lambda { .. })), _) => !resource.has_token(),
        (_, Some(StateType::Task) | None) => false,
        _ => true,
    }
}
