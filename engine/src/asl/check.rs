//! Checks of a scope as a whole: every state is reachable, and something ends.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::fields::{Fields, SCHEMA};
use super::program::{Next, Scope, State, StateId, Work};
use crate::source::{Diagnostic, Member, Node, Span};

/// Whether a state can be the last of its scope.
pub(super) fn ends_its_scope(state: &State) -> bool {
    match state.work {
        Work::Succeed | Work::Fail { .. } => true,
        Work::Choice { .. } => false,
        _ => state.next == Next::End,
    }
}

/// The variables that a state assigns, in any of its fields, and where.
pub(super) fn assigned_variables(state: &Node) -> impl Iterator<Item = (Arc<str>, Span)> {
    let rules = ["Choices", "Catch"].into_iter().filter_map(|key| state.get(key)?.as_array()).flatten();
    rules.chain([state]).filter_map(|node| node.get("Assign")).flat_map(Node::members).map(|member| {
        let name = member.key.strip_suffix(".$").unwrap_or(&member.key);
        (name.into(), member.key_span)
    })
}

/// Reports variables of outer scopes that a state assigns, and variables it reads that nothing assigns.
pub(super) fn variables(fields: &mut Fields, outer: &BTreeSet<Arc<str>>, known: &BTreeSet<Arc<str>>) {
    for (name, span) in assigned_variables(fields.node) {
        if outer.contains(&name) {
            let message =
                format!("the variable '{name}' belongs to an outer scope, where it can be read but not assigned");
            fields.problems.push(Diagnostic::error(SCHEMA, span, fields.at("Assign"), message));
        }
    }
    for (name, span, path) in std::mem::take(&mut fields.variables) {
        if !known.contains(&name) {
            let message = format!("the variable '${name}' is never assigned");
            fields.problems.push(Diagnostic::error(SCHEMA, span, path, message));
        }
    }
}

/// Reports unreachable states, or that nothing ends.
pub(super) fn reachability(
    problems: &mut Vec<Diagnostic>,
    members: &[&Member],
    scope: &Scope,
    ways: &[(StateId, StateId)],
    ends: bool,
    location: &str,
) {
    if !ends {
        // AWS: this suppresses the diagnostics of unreachable states, and has no location.
        let span = members.first().map_or(Span::default(), |member| member.key_span);
        let problem = Diagnostic::error("MISSING_END_STATE", span, "", "Workflow has no terminal state");
        problems.push(problem.hint("end a state with \"End\": true, or add a Succeed or Fail state and lead to it"));
        return;
    }
    let mut reached = vec![false; members.len()];
    let mut next = vec![scope.start];
    let mut from: Vec<Vec<StateId>> = vec![Vec::new(); members.len()];
    for (source, target) in ways {
        if let Some(targets) = from.get_mut((source.0 - scope.first.0) as usize) {
            targets.push(*target);
        }
    }
    while let Some(state) = next.pop() {
        let at = (state.0 - scope.first.0) as usize;
        if let Some(seen @ false) = reached.get_mut(at) {
            *seen = true;
            next.append(&mut from[at]);
        }
    }
    let referred: HashSet<StateId> = ways.iter().map(|(_, target)| *target).collect();
    for (at, member) in members.iter().enumerate().filter(|(at, _)| !reached[*at]) {
        let message = format!("State \"{}\" is not reachable.", member.key);
        let path = format!("{location}/States/{}", member.key);
        let hint = if referred.contains(&StateId(scope.first.0 + at as u32)) {
            "only states that are not reached themselves lead to it: lead one that is reached to it, or remove them all"
        } else {
            "name it in the Next, Default or Catch of a state that is reached, or remove it"
        };
        let problem = Diagnostic::error("MISSING_TRANSITION_TARGET", member.key_span, path, message);
        problems.push(problem.hint(hint));
    }
}
