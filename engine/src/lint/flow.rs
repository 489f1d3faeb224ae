//! Ways through a scope: loops without a way out, choices that may choose nothing.

use super::machine::{Machine, Scope, State};
use crate::asl::StateType;
use crate::source::{Diagnostic, Node, Shape};

pub(super) fn check(machine: &Machine, problems: &mut Vec<Diagnostic>) {
    for scope in &machine.scopes {
        endless_loops(machine, scope, problems);
    }
    for state in machine.states.iter().filter(|state| state.is(StateType::Choice)) {
        choice_without_default(state, problems);
    }
}

/// States that can be entered and from which no end can be reached.
///
/// Where nothing ends at all, AWS and the compiler say so.
fn endless_loops(machine: &Machine, scope: &Scope, problems: &mut Vec<Diagnostic>) {
    let Some(start) = scope.start else { return };
    let states = &machine.states[scope.states.clone()];
    let first = scope.states.start;
    let ends: Vec<usize> = (0..states.len()).filter(|at| states[*at].ends()).collect();
    if ends.is_empty() {
        return;
    }
    let mut forward = vec![Vec::new(); states.len()];
    let mut backward = vec![Vec::new(); states.len()];
    for (from, state) in states.iter().enumerate() {
        for way in &state.ways {
            forward[from].push(way.to - first);
            backward[way.to - first].push(from);
        }
    }
    let entered = reached(&[start - first], &forward);
    let leads_out = reached(&ends, &backward);
    // A state that leads nowhere is broken otherwise, and reported for that.
    let lost: Vec<&State> =
        (0..states.len()).filter(|at| entered[*at] && !leads_out[*at]).map(|at| &states[at]).collect();
    if lost.is_empty() || lost.iter().any(|state| state.ways.is_empty()) {
        return;
    }
    let names: Vec<&str> = lost.iter().take(5).map(|state| &**state.name).collect();
    let more = if lost.len() > names.len() { ", …" } else { "" };
    let message =
        format!("no end can be reached from '{}': the loop {}{more} has no way out", lost[0].name, names.join(", "));
    problems.push(
        Diagnostic::warning("endless-loop", lost[0].name_span, lost[0].location.clone(), message)
            .hint("lead one of them on to a state that ends; an execution fails after 25,000 events"),
    );
}

fn reached(from: &[usize], ways: &[Vec<usize>]) -> Vec<bool> {
    let mut seen = vec![false; ways.len()];
    let mut next = from.to_vec();
    while let Some(at) = next.pop() {
        if !std::mem::replace(&mut seen[at], true) {
            next.extend(&ways[at]);
        }
    }
    seen
}

/// AWS: when no rule applies and there is no Default, the execution fails with States.Runtime, which nothing catches.
fn choice_without_default(state: &State, problems: &mut Vec<Diagnostic>) {
    if state.has("Default") || is_exhaustive(state.items("Choices")) {
        return;
    }
    let message = "without Default, an input that no rule applies to fails the execution, and nothing can catch that";
    problems.push(
        Diagnostic::warning("choice-without-default", state.name_span, state.location.clone(), message)
            .hint("add a Default, for instance to a Fail state that says what was unexpected"),
    );
}

/// Whether one rule always applies, or two rules ask for presence and for absence of the same.
fn is_exhaustive(rules: &[Node]) -> bool {
    let presence = |rule: &Node| match (rule.get("Variable")?.as_str(), &rule.get("IsPresent")?.shape) {
        (Some(variable), Shape::Bool(wanted)) => Some((variable.to_owned(), *wanted)),
        _ => None,
    };
    let always = |rule: &Node| match rule.get("Condition").map(|condition| &condition.shape) {
        Some(Shape::Bool(condition)) => *condition,
        Some(Shape::String(text)) => super::expressions::jsonata_source(text) == Some("true"),
        _ => false,
    };
    let asked: std::collections::HashSet<(String, bool)> = rules.iter().filter_map(presence).collect();
    rules.iter().any(always) || asked.iter().any(|(variable, wanted)| asked.contains(&(variable.clone(), !wanted)))
}
