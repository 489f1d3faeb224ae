//! What the scenario says, held against the template it is about.

use std::collections::BTreeSet;
use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::source::Diagnostic;

use super::model::{ScenarioFile, StepKind, TableItems};
use super::value::Value;
use crate::diagnostics::{Place, Problem};
use crate::template::stack::{AttributeType, Identity, KeyAttribute, Stack, Table};
use crate::template::suggestion_hint;

/// Finds names that the template does not have and items that do not fit their tables; puts physical names in place of
/// logical ids where it can.
pub fn check(scenario: &mut ScenarioFile, stack: &Stack, problems: &mut Vec<Problem>) {
    check_exists(&scenario.exists, stack, problems);
    for items in &mut scenario.tables {
        if let Some(table) = stack.table(&items.table) {
            check_items(items, table, problems);
            items.table = table.identity.name.clone();
        } else {
            let names = names(stack.tables.iter().map(|table| &table.identity));
            problems.push(unknown("table", &items.table, &names, items.place, "/tables"));
        }
    }
    for mock in &mut scenario.mocks {
        if let Some(function) = stack.function(&mock.function) {
            mock.function = function.identity.name.clone();
        } else if !mock.function.contains(":states:") {
            // Otherwise it is the resource of a task.
            let names = names(stack.functions.iter().map(|function| &function.identity));
            problems.push(unknown("function", &mock.function, &names, mock.place, "/mocks"));
        }
    }
    for actor in &scenario.workload {
        for step in &actor.steps {
            check_step(&step.kind, step.place, stack, problems);
        }
    }
}

/// Finds names of invariants that a variant says it breaks and that there are not.
pub fn check_breaks(breaks: &[(Arc<str>, Place)], scenario: &ScenarioFile, problems: &mut Vec<Problem>) {
    for (name, place) in breaks {
        if !scenario.invariants.iter().any(|invariant| invariant.name == *name) {
            let message = format!("the scenario has no invariant '{name}'");
            let mut problem = Diagnostic::error("unknown-name", place.span, "/breaks", message);
            problem.hint = suggestion_hint(name, scenario.invariants.iter().map(|invariant| &*invariant.name));
            problems.push(Problem::new(place.source, problem));
        }
    }
}

/// AWS: a stack that makes something under a name that is taken fails, and everything in it is rolled back.
fn check_exists(exists: &[(Arc<str>, Place)], stack: &Stack, problems: &mut Vec<Problem>) {
    for (name, _) in exists {
        for made in stack.identities().filter(|made| *made.name == **name || *made.arn == **name) {
            let message =
                format!("the template makes '{name}', which the scenario says exists before: the deployment fails");
            let problem = Diagnostic::error(
                "already-exists",
                made.place.span,
                format!("/Resources/{}", made.logical_id),
                message,
            );
            let hint = "make it in one place only: take it out of the template, or do not make it beforehand";
            problems.push(Problem::new(made.place.source, problem.hint(hint)));
        }
    }
}

fn check_step(kind: &StepKind, place: Place, stack: &Stack, problems: &mut Vec<Problem>) {
    let mut check = |what: &str, value: &Value, known: &dyn Fn(&str) -> bool, names: Vec<Arc<str>>| {
        let Some(name) = value.as_literal_str() else { return };
        if !known(name) {
            problems.push(unknown(what, name, &names, place, "/workload"));
        }
    };
    match kind {
        StepKind::PutEvent { bus, .. } => {
            let known = |name: &str| {
                name == "default" || name.ends_with(":event-bus/default") || stack.event_bus(name).is_some()
            };
            check("event bus", bus, &known, names(stack.event_buses.iter().map(|bus| &bus.identity)));
        }
        StepKind::SendMessage { to, is_topic: true, .. } => {
            let all = names(stack.topics.iter().map(|topic| &topic.identity));
            check("topic", to, &|name| stack.topic(name).is_some(), all);
        }
        StepKind::SendMessage { to, .. } => {
            let all = names(stack.queues.iter().map(|queue| &queue.identity));
            check("queue", to, &|name| stack.queue(name).is_some(), all);
        }
        StepKind::StartExecution { state_machine, .. } => {
            let all = names(stack.state_machines.iter().map(|machine| &machine.identity));
            check("state machine", state_machine, &|name| stack.state_machine(name).is_some(), all);
        }
        StepKind::Invoke { function, .. } => {
            let all = names(stack.functions.iter().map(|function| &function.identity));
            check("function", function, &|name| stack.function(name).is_some(), all);
        }
        _ => {}
    }
}

fn check_items(items: &TableItems, table: &Table, problems: &mut Vec<Problem>) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (index, (item, place)) in items.items.iter().zip(&items.item_places).enumerate() {
        let path = format!("/tables/{}[{index}]", items.table);
        let mut complain = |message: String, hint: &str| {
            let problem = Diagnostic::error("invalid-item", place.span, path.clone(), message);
            problems.push(Problem::new(place.source, problem.hint(hint)));
        };
        let keys = std::iter::once(&table.key.partition).chain(&table.key.sort);
        let mut fits = true;
        for key in keys {
            match item.get(&key.name) {
                Some(value) if has_type(value, key) => {}
                Some(value) => {
                    let message =
                        format!("the key '{}' must be a {}, found {}", key.name, type_name(key), value.kind());
                    complain(message, "keys have the types of the AttributeDefinitions");
                    fits = false;
                }
                None => {
                    complain(format!("the item has no key '{}'", key.name), "every item needs the table's key");
                    fits = false;
                }
            }
        }
        let sort = table.key.sort.as_ref().and_then(|sort| item.get(&sort.name));
        if let (true, Some(partition)) = (fits, item.get(&table.key.partition.name))
            && !seen.insert(Json::from(vec![partition.clone(), sort.cloned().into()]).to_string())
        {
            complain("another item has the same key".to_owned(), "the later item would replace the earlier one");
        }
    }
}

fn has_type(value: &Json, key: &KeyAttribute) -> bool {
    match key.attribute_type {
        AttributeType::Number => matches!(value, Json::Number(_)),
        AttributeType::String | AttributeType::Binary => value.as_str().is_some_and(|text| !text.is_empty()),
    }
}

fn type_name(key: &KeyAttribute) -> &'static str {
    match key.attribute_type {
        AttributeType::Number => "number",
        AttributeType::String | AttributeType::Binary => "non-empty string",
    }
}

fn names<'s>(identities: impl Iterator<Item = &'s Identity>) -> Vec<Arc<str>> {
    identities
        .flat_map(|identity| [identity.label.clone(), identity.name.clone(), identity.logical_id.clone()])
        .collect()
}

fn unknown(what: &str, name: &str, known: &[Arc<str>], place: Place, path: &str) -> Problem {
    let message = format!("the template has no {what} '{name}'");
    let mut problem = Diagnostic::error("unknown-name", place.span, path, message);
    problem.hint = suggestion_hint(name, known.iter().map(|name| &**name));
    Problem::new(place.source, problem)
}
