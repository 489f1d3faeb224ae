//! Variables that are read where nothing has assigned them, on every way or on some.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::expressions::What;
use super::machine::{Machine, Scope, State, WayField};
use crate::source::{Diagnostic, Node};

/// Bits of work (states × variables) up to which the ways are followed; the largest published definition needs a few
/// hundred.
const WORK_MAX: usize = 1 << 24;

pub(super) fn check(machine: &Machine, problems: &mut Vec<Diagnostic>) {
    let mut names: HashMap<Arc<str>, usize> = HashMap::new();
    for state in &machine.states {
        for name in assigned(state).flat_map(|(_, node)| assigned_names(node)) {
            let next = names.len();
            names.entry(name).or_insert(next);
        }
    }
    let reads = machine.states.iter().flat_map(|state| &state.written).any(|written| !written.variables().is_empty());
    if !reads || names.len().saturating_mul(machine.states.len()) > WORK_MAX {
        return;
    }
    // Outer scopes come first, so that what is assigned around a scope is known when its turn comes.
    let mut before: Vec<Option<Known>> = vec![None; machine.states.len()];
    for scope in &machine.scopes {
        let outer = match scope.parent {
            Some(parent) if !scope.is_distributed => before[parent].clone(),
            _ => Some(Known::nothing(names.len())),
        };
        if let (Some(outer), Some(start)) = (outer, scope.start) {
            follow(machine, scope, start, outer, &names, &mut before);
        }
    }
    for (state, known) in machine.states.iter().zip(&before) {
        // A state that is never entered reads nothing.
        if let Some(known) = known {
            report(state, known, &names, problems);
        }
    }
}

/// The variables that are surely assigned, and those that may be.
#[derive(Clone, PartialEq)]
struct Known {
    surely: Vec<u64>,
    maybe: Vec<u64>,
}

impl Known {
    fn nothing(variables: usize) -> Known {
        let words = variables.div_ceil(64);
        Known { surely: vec![0; words], maybe: vec![0; words] }
    }

    fn assign(&mut self, variable: usize) {
        self.surely[variable / 64] |= 1 << (variable % 64);
        self.maybe[variable / 64] |= 1 << (variable % 64);
    }

    fn is_sure(&self, variable: usize) -> bool {
        self.surely[variable / 64] >> (variable % 64) & 1 == 1
    }

    fn is_possible(&self, variable: usize) -> bool {
        self.maybe[variable / 64] >> (variable % 64) & 1 == 1
    }

    /// What is known where two ways meet; whether that is news.
    fn meet(&mut self, other: &Known) -> bool {
        let before = self.clone();
        self.surely.iter_mut().zip(&other.surely).for_each(|(mine, other)| *mine &= other);
        self.maybe.iter_mut().zip(&other.maybe).for_each(|(mine, other)| *mine |= other);
        *self != before
    }
}

/// Follows all ways of a scope until nothing new is learnt.
fn follow(
    machine: &Machine,
    scope: &Scope,
    start: usize,
    outer: Known,
    names: &HashMap<Arc<str>, usize>,
    before: &mut [Option<Known>],
) {
    before[start] = Some(outer);
    let mut waiting = VecDeque::from([start]);
    let mut is_waiting = HashSet::from([start]);
    while let Some(at) = waiting.pop_front() {
        is_waiting.remove(&at);
        let (Some(state), Some(known)) = (machine.states.get(at), before[at].clone()) else { continue };
        for way in &state.ways {
            debug_assert!(scope.states.contains(&way.to), "ways stay within their scope");
            let mut after = known.clone();
            for name in
                assigned(state).filter(|(field, _)| *field == way.field).flat_map(|(_, node)| assigned_names(node))
            {
                if let Some(variable) = names.get(&name) {
                    after.assign(*variable);
                }
            }
            let is_news = match &mut before[way.to] {
                Some(known) => known.meet(&after),
                none => {
                    *none = Some(after);
                    true
                }
            };
            if is_news && is_waiting.insert(way.to) {
                waiting.push_back(way.to);
            }
        }
    }
}

/// The `Assign`s of a state, with the way on which each is done.
///
/// AWS: a rule that applies does its own, a catcher does its own; the state's is done on its Next and its Default.
fn assigned<'s>(state: &'s State) -> impl Iterator<Item = (WayField, &'s Node)> {
    let rules =
        |key: &str| state.items(key).iter().enumerate().filter_map(|(at, rule)| Some((at, rule.get("Assign")?)));
    let own = state.node.get("Assign");
    let choices: Vec<_> = rules("Choices").map(|(at, node)| (WayField::Choice(at), node)).collect();
    let catches: Vec<_> = rules("Catch").map(|(at, node)| (WayField::Catch(at), node)).collect();
    let own = own.into_iter().flat_map(|node| [(WayField::Next, node), (WayField::Default, node)]);
    choices.into_iter().chain(catches).chain(own)
}

fn assigned_names(node: &Node) -> impl Iterator<Item = Arc<str>> {
    node.members().iter().map(|member| match member.key.strip_suffix(".$") {
        Some(name) => name.into(),
        None => member.key.clone(),
    })
}

fn report(state: &State, known: &Known, names: &HashMap<Arc<str>, usize>, problems: &mut Vec<Diagnostic>) {
    for written in &state.written {
        let is_jsonata = matches!(written.what, What::Jsonata(_));
        for name in written.variables() {
            let (code, message) = match names.get(&name) {
                Some(variable) if known.is_sure(*variable) => continue,
                Some(variable) if known.is_possible(*variable) => (
                    "maybe-unassigned-variable",
                    format!("the variable '${name}' is assigned on some ways that lead here, but not on all of them"),
                ),
                // The compiler has an error for a JSONPath variable that nothing assigns.
                None if !is_jsonata => continue,
                _ => ("unassigned-variable", format!("the variable '${name}' is assigned on no way that leads here")),
            };
            let problem = Diagnostic::warning(code, written.node.span, written.location.clone(), message);
            problems.push(problem.hint(format!(
                "assign '{name}' in a state that every way here comes through, for instance with a default value"
            )));
        }
    }
}
