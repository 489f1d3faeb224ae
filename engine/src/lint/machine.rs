//! A definition as the rules see it: scopes, states and the ways between them, whether it compiles or not.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use super::expressions::{Written, written};
use crate::asl::{Resource, StateType};
use crate::source::{Diagnostic, Node, Shape, Span};

/// Deeper scopes are not looked at; the compiler refuses them.
const SCOPE_NESTING_MAX: usize = 32;

pub(super) struct Machine<'n> {
    pub(super) root: &'n Node,
    /// States of one scope are neighbours; those of nested scopes come after their outer ones.
    pub(super) states: Vec<State<'n>>,
    pub(super) scopes: Vec<Scope>,
}

pub(super) struct Scope {
    pub(super) states: Range<usize>,
    pub(super) start: Option<usize>,
    /// The Parallel or Map around it.
    pub(super) parent: Option<usize>,
    /// Whether it is the processor of a distributed Map, which sees no variables of the scopes around it.
    pub(super) is_distributed: bool,
}

#[allow(clippy::struct_field_names, reason = "what AWS calls Type is a keyword here")]
pub(super) struct State<'n> {
    pub(super) name: &'n Arc<str>,
    pub(super) name_span: Span,
    pub(super) node: &'n Node,
    /// `/States/Both/Branches[1]/States/Charge`
    pub(super) location: String,
    /// `None` when it has none that is known.
    pub(super) state_type: Option<StateType>,
    pub(super) is_jsonata: bool,
    pub(super) scope: usize,
    pub(super) ways: Vec<Way>,
    /// What a Task calls, where that can be told.
    pub(super) resource: Option<Resource>,
    /// Every expression of the state, nested scopes left out.
    pub(super) written: Vec<Written<'n>>,
}

/// A way to another state of the scope.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) to: usize,
    pub(super) field: WayField,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WayField {
    Next,
    Choice(usize),
    Default,
    Catch(usize),
}

impl<'n> Machine<'n> {
    pub(super) fn of(root: &'n Node) -> Machine<'n> {
        let is_jsonata = root.get("QueryLanguage").and_then(Node::as_str) == Some("JSONata");
        let mut machine = Machine { root, states: Vec::new(), scopes: Vec::new() };
        let mut waiting = VecDeque::from([Inner { node: root, location: String::new(), parent: None, depth: 0 }]);
        while let Some(inner) = waiting.pop_front() {
            if inner.depth <= SCOPE_NESTING_MAX {
                machine.add_scope(&inner, is_jsonata, &mut waiting);
            }
        }
        machine
    }

    fn add_scope(&mut self, inner: &Inner<'n>, is_jsonata: bool, waiting: &mut VecDeque<Inner<'n>>) {
        let members = inner.node.get("States").map(Node::members).unwrap_or_default();
        let first = self.states.len();
        let scope = self.scopes.len();
        // Of a repeated name the last counts, as for the compiler.
        let names: HashMap<&str, usize> = members.iter().zip(first..).map(|(member, at)| (&*member.key, at)).collect();
        for member in members {
            let node = &member.value;
            let location = format!("{}/States/{}", inner.location, member.key);
            let state_type = node.get("Type").and_then(Node::as_str).and_then(StateType::of);
            let language = node.get("QueryLanguage").and_then(Node::as_str);
            let is_jsonata = is_jsonata || language == Some("JSONata");
            let resource = node.get("Resource").and_then(Node::as_str).filter(|_| state_type == Some(StateType::Task));
            let at = self.states.len();
            for (node, location) in nested(node, state_type, &location) {
                waiting.push_back(Inner { node, location, parent: Some(at), depth: inner.depth + 1 });
            }
            self.states.push(State {
                name: &member.key,
                name_span: member.key_span,
                node,
                state_type,
                is_jsonata,
                scope,
                ways: ways(node, &names),
                resource: resource.and_then(|text| Resource::parse(text).ok()),
                written: written(node, &location, is_jsonata),
                location,
            });
        }
        self.scopes.push(Scope {
            states: first..self.states.len(),
            start: inner.node.get("StartAt").and_then(Node::as_str).and_then(|name| names.get(name).copied()),
            parent: inner.parent,
            is_distributed: is_distributed(inner.node),
        });
    }

    /// The states around a scope, from the innermost on.
    pub(super) fn around(&self, scope: usize) -> impl Iterator<Item = &State<'n>> {
        let parent = |scope: usize| self.scopes.get(scope)?.parent.and_then(|state| self.states.get(state));
        std::iter::successors(parent(scope), move |state| parent(state.scope))
    }
}

impl State<'_> {
    pub(super) fn is(&self, state_type: StateType) -> bool {
        self.state_type == Some(state_type)
    }

    /// `/States/Charge/Retry[0]`
    pub(super) fn at(&self, field: &str) -> String {
        format!("{}/{field}", self.location)
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.node.member(field).is_some()
    }

    /// The items of an array under `field`.
    pub(super) fn items(&self, field: &str) -> &[Node] {
        self.node.get(field).and_then(Node::as_array).unwrap_or_default()
    }

    /// Where `field` stands, or else the state's name.
    pub(super) fn span(&self, field: &str) -> Span {
        self.node.member(field).map_or(self.name_span, |member| member.key_span)
    }

    /// Whether the state itself is its scope's end.
    pub(super) fn ends(&self) -> bool {
        match self.state_type {
            Some(StateType::Succeed | StateType::Fail) => true,
            Some(StateType::Choice) => false,
            _ => self.node.get("End").is_some_and(|end| end.shape == Shape::Bool(true)),
        }
    }
}

/// Whether the processor runs its items as executions of their own.
pub(super) fn is_distributed(processor: &Node) -> bool {
    let mode = processor.get("ProcessorConfig").and_then(|config| config.get("Mode"));
    mode.and_then(Node::as_str) == Some("DISTRIBUTED")
}

/// Warns of members that come twice in one object: readers of JSON take the last and drop the others in silence.
///
/// The compiler has an error for the names of states.
pub(super) fn repeated_keys(machine: &Machine, problems: &mut Vec<Diagnostic>) {
    repeated_keys_of(machine.root, "", problems);
}

fn repeated_keys_of(node: &Node, location: &str, problems: &mut Vec<Diagnostic>) {
    let mut seen = HashSet::new();
    for member in node.members() {
        if !seen.insert(&*member.key) && !location.ends_with("/States") {
            let message = format!("the field '{}' comes twice; the last one counts", member.key);
            let problem = Diagnostic::warning("repeated-field", member.key_span, location, message);
            problems.push(problem.hint("remove one of the two"));
        }
        if !matches!(member.value.shape, Shape::Object(_) | Shape::Array(_)) {
            continue;
        }
        repeated_keys_of(&member.value, &format!("{location}/{}", member.key), problems);
    }
    for (at, item) in node.as_array().unwrap_or_default().iter().enumerate() {
        repeated_keys_of(item, &format!("{location}[{at}]"), problems);
    }
}

struct Inner<'n> {
    node: &'n Node,
    location: String,
    parent: Option<usize>,
    depth: usize,
}

fn nested<'n>(node: &'n Node, state_type: Option<StateType>, location: &str) -> Vec<(&'n Node, String)> {
    match state_type {
        Some(StateType::Parallel) => {
            let branches = node.get("Branches").and_then(Node::as_array).unwrap_or_default();
            branches.iter().enumerate().map(|(at, branch)| (branch, format!("{location}/Branches[{at}]"))).collect()
        }
        Some(StateType::Map) => {
            let processor = ["ItemProcessor", "Iterator"].into_iter().find_map(|key| Some((node.get(key)?, key)));
            processor.map(|(node, key)| (node, format!("{location}/{key}"))).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn ways(node: &Node, names: &HashMap<&str, usize>) -> Vec<Way> {
    let target = |node: &Node, key: &str| names.get(node.get(key)?.as_str()?).copied();
    let items = |key: &str| node.get(key).and_then(Node::as_array).unwrap_or_default().iter().enumerate();
    let choices = items("Choices").filter_map(|(at, rule)| Some((target(rule, "Next")?, WayField::Choice(at))));
    let catches = items("Catch").filter_map(|(at, rule)| Some((target(rule, "Next")?, WayField::Catch(at))));
    let next = target(node, "Next").map(|to| (to, WayField::Next));
    let default = target(node, "Default").map(|to| (to, WayField::Default));
    choices.chain(default).chain(next).chain(catches).map(|(to, field)| Way { to, field }).collect()
}
