//! Linting files: Amazon States Language, or a template with state machines in it, told apart by what is in them.
//!
//! The engine judges definitions, the template reader judges templates; here a file's text becomes the right one of them and
//! every problem a place in it. `rehearsal lint` reads the files and prints.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rehearsal_engine::execution::WorkflowType;
use rehearsal_engine::lint as asl;
use rehearsal_engine::source::{Diagnostic, Node, Severity, Shape};

use crate::diagnostics::{Place, Problem, SourceId, Sources};
use crate::harness::check_stack;
use crate::iam::Policies;
use crate::template::stack::{Stack, StateMachineKind};
use crate::template::{ParameterValue, ReadFile, Settings, read_template, yaml};

/// What to lint a file as.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What runs a definition that stands alone; a template says it itself.
    pub workflow_type: WorkflowType,
}

/// Everything there is to say about the file in `sources[source]`, in the order of its places. Files that a template names
/// are read with `read_file` and added to the sources.
pub fn lint(sources: &mut Sources, source: SourceId, options: &Options, read_file: ReadFile<'_>) -> Vec<Problem> {
    let Some(file) = sources.get(source).cloned() else { return Vec::new() };
    let is_json = is_json(&file.name, &file.text);
    let mut problems = if let Some(root) = template_root(&file.name, &file.text, is_json) {
        lint_template(sources, source, &root, read_file)
    } else {
        let found = if is_json {
            asl::lint_text(&file.text, options.workflow_type)
        } else {
            lint_yaml(&file.text, options.workflow_type)
        };
        found.into_iter().map(|problem| Problem::new(source, problem)).collect()
    };
    problems.sort_by_key(|problem| {
        (problem.source, problem.diagnostic.span.start, problem.diagnostic.severity != Severity::Error)
    });
    problems.dedup();
    problems
}

/// Whether a file is read as JSON: its name says so, or its first character.
fn is_json(name: &str, text: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    match extension.as_str() {
        "yaml" | "yml" => false,
        "json" | "asl" => true,
        _ => text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[', '"']),
    }
}

/// The whole file, if it is a template.
fn template_root(name: &str, text: &str, is_json: bool) -> Option<Node> {
    // Whoever writes a template writes this word; nothing else needs to be read twice.
    if !text.contains("Resources") {
        return None;
    }
    let (root, _) =
        if is_json { yaml::read_json_text(text) } else { yaml::read_file(name, text, yaml::Dialect::CloudFormation) };
    let root = root?;
    (root.get("Resources").is_some() && root.get("States").is_none()).then_some(root)
}

fn lint_yaml(text: &str, workflow_type: WorkflowType) -> Vec<Diagnostic> {
    if let Some(problem) = asl::too_large(text.len()) {
        return vec![problem];
    }
    if text.trim().is_empty() {
        return asl::lint_text(text, workflow_type);
    }
    let (root, mut problems) = yaml::read(text, yaml::Dialect::Plain);
    match root {
        Some(root) => problems.extend(asl::lint(&root, workflow_type)),
        None if problems.is_empty() => problems.extend(asl::lint_text("", workflow_type)),
        None => {}
    }
    problems
}

fn lint_template(sources: &mut Sources, source: SourceId, root: &Node, read_file: ReadFile<'_>) -> Vec<Problem> {
    let (parameters, stood_in) = stand_ins(root, source);
    let settings = Settings { parameters, ..Settings::named("stack") };
    let (stack, mut problems) = read_template(sources, source, &settings, read_file);
    // A stand-in has to please nobody.
    problems.retain(|problem| problem.source != source || !stood_in.contains(&problem.diagnostic.path));
    if let Some(stack) = stack {
        problems.extend(lint_machines(&stack));
        problems.extend(lint_resources(stack));
    }
    problems
}

/// What is wrong with rules, schedules, queues, alarms and dashboards, as far as no stand-in decides it.
fn lint_resources(mut stack: Stack) -> Vec<Problem> {
    let is_open = |text: &str| text.contains("${");
    let is_pattern_open = |pattern: &mut Node| is_open(&pattern.to_json().to_string());
    for rule in &mut stack.rules {
        rule.pattern.take_if(is_pattern_open);
        rule.schedule.take_if(|(text, _)| is_open(text));
    }
    for archive in &mut stack.archives {
        archive.pattern.take_if(is_pattern_open);
    }
    let mut problems = Vec::new();
    let (policies, _) = Policies::compile(&stack);
    check_stack(&stack, &policies, &mut problems);
    problems.retain(|problem| !is_open(&problem.diagnostic.message));
    problems
}

/// Everything there is to say about the state machines of a stack; the paths begin with the machine's logical id.
pub fn lint_machines(stack: &Stack) -> Vec<Problem> {
    let mut problems = Vec::new();
    for machine in &stack.state_machines {
        let workflow_type = match machine.kind {
            StateMachineKind::Standard => WorkflowType::Standard,
            StateMachineKind::Express => WorkflowType::Express,
        };
        for mut problem in asl::lint(&machine.definition, workflow_type) {
            problem.path = format!("{}{}", machine.identity.logical_id, problem.path);
            problems.push(Problem::new(machine.definition_source, problem));
        }
    }
    problems
}

/// Values for the parameters that a deployment would give, and the paths of those parameters.
///
/// Text becomes `${Name}`, which the engine knows for something that is filled in later.
fn stand_ins(root: &Node, source: SourceId) -> (BTreeMap<String, ParameterValue>, BTreeSet<String>) {
    let declared = root.get("Parameters").map(Node::members).unwrap_or_default();
    let mut values = BTreeMap::new();
    let mut paths = BTreeSet::new();
    for member in declared {
        let parameter = &member.value;
        let declared_type = parameter.get("Type").and_then(Node::as_str).unwrap_or("String");
        if parameter.get("Default").is_some() && !declared_type.starts_with("AWS::SSM::Parameter::Value") {
            continue;
        }
        let text: Arc<str> = format!("${{{}}}", member.key).into();
        let allowed = parameter.get("AllowedValues").and_then(Node::as_array).and_then(<[Node]>::first);
        let shape = match (allowed, declared_type) {
            (Some(first), _) => first.shape.clone(),
            (None, "Number" | "List<Number>") => {
                parameter.get("MinValue").map_or_else(one, |least| least.shape.clone())
            }
            (None, _) => Shape::String(text),
        };
        let place = Place::new(source, member.key_span);
        values.insert(member.key.to_string(), ParameterValue { value: Node::new(member.key_span, shape), place });
        paths.insert(format!("/Parameters/{}", member.key));
    }
    (values, paths)
}

fn one() -> Shape {
    Shape::String("1".into())
}

#[cfg(test)]
mod tests;
