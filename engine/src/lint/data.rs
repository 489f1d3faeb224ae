//! Values that look like expressions and are none, and fields that do nothing where they stand.

use super::machine::{Machine, State, is_distributed};
use crate::asl::StateType;
use crate::query::{Intrinsic, Path};
use crate::source::{Diagnostic, Node, Shape};

/// Fields of a JSONPath state in which `.$` computes a value.
const TEMPLATES: [&str; 4] = ["Parameters", "ResultSelector", "ItemSelector", "Assign"];

/// AWS: an inline Map runs at most so many iterations at a time.
const INLINE_CONCURRENCY_MAX: i64 = 40;

pub(super) fn check(machine: &Machine, problems: &mut Vec<Diagnostic>) {
    for state in &machine.states {
        if state.is_jsonata {
            for field in ["Arguments", "Output", "Assign", "ItemSelector"] {
                if let Some(node) = state.node.get(field) {
                    jsonata_literals(node, &state.at(field), problems);
                }
            }
        } else {
            for field in TEMPLATES {
                if let Some(node) = state.node.get(field) {
                    template_literals(node, &state.at(field), problems);
                }
            }
        }
        if let (StateType::Pass, Some(result)) = (state.state_type.unwrap_or(StateType::Task), state.node.get("Result"))
        {
            result_keys(result, &state.at("Result"), problems);
        }
        if state.is(StateType::Map) {
            inline_map(state, problems);
        }
    }
}

/// Warns of text in a payload template that would be a path or a call if its key ended in `.$`.
fn template_literals(node: &Node, location: &str, problems: &mut Vec<Diagnostic>) {
    match &node.shape {
        Shape::Object(members) => {
            for member in members.iter().filter(|member| !member.key.ends_with(".$")) {
                let location = format!("{location}/{}", member.key);
                if member.value.as_str().is_some_and(is_path_or_call) {
                    let message = "this is passed on as text, because the key does not end in '.$'";
                    problems.push(
                        Diagnostic::warning("unevaluated-expression", member.value.span, location, message)
                            .hint(format!("write the key as '{}.$' to pass on what it stands for", member.key)),
                    );
                } else {
                    template_literals(&member.value, &location, problems);
                }
            }
        }
        Shape::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let location = format!("{location}[{at}]");
                if item.as_str().is_some_and(is_path_or_call) {
                    // AWS: strings inside arrays are never evaluated.
                    let message = "this is passed on as text: text inside an array is never evaluated";
                    problems.push(
                        Diagnostic::warning("unevaluated-expression", item.span, location, message)
                            .hint("make the array with States.Array(…) under a key that ends in '.$'"),
                    );
                } else {
                    template_literals(item, &location, problems);
                }
            }
        }
        _ => {}
    }
}

fn is_path_or_call(text: &str) -> bool {
    let is_path = text.starts_with("$.") || text.starts_with("$$.") || text.starts_with("$[");
    (is_path && Path::parse(text).is_ok()) || (text.starts_with("States.") && Intrinsic::parse(text).is_ok())
}

/// Warns of text that has an expression inside, or a JSONPath: JSONata takes it as it stands.
fn jsonata_literals(node: &Node, location: &str, problems: &mut Vec<Diagnostic>) {
    match &node.shape {
        Shape::String(text) => {
            let message = if text.starts_with("{%") && text.ends_with("%}") {
                return;
            } else if text.contains("{%") && text.contains("%}") {
                "this is passed on as text: an expression fills the whole text from '{%' to '%}', without blanks around"
            } else if is_path_or_call(text) {
                "this is passed on as text: JSONPath and intrinsic functions mean nothing in a JSONata state"
            } else {
                return;
            };
            problems.push(
                Diagnostic::warning("unevaluated-expression", node.span, location, message)
                    .hint("write it as one expression, such as {% 'order ' & $states.input.id %}"),
            );
        }
        Shape::Object(members) => {
            for member in members {
                jsonata_literals(&member.value, &format!("{location}/{}", member.key), problems);
            }
        }
        Shape::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                jsonata_literals(item, &format!("{location}[{at}]"), problems);
            }
        }
        _ => {}
    }
}

/// AWS: keys that end in `.$` inside Result are literal.
fn result_keys(node: &Node, location: &str, problems: &mut Vec<Diagnostic>) {
    for member in node.members() {
        if member.key.ends_with(".$") && member.value.as_str().is_some_and(|text| text.starts_with(['$', 'S'])) {
            let message = "nothing is computed in Result: the key keeps its '.$', the value stays text";
            problems.push(
                Diagnostic::warning("unevaluated-expression", member.key_span, location, message)
                    .hint("use Parameters instead of Result"),
            );
        }
        result_keys(&member.value, &format!("{location}/{}", member.key), problems);
    }
    for (at, item) in node.as_array().unwrap_or_default().iter().enumerate() {
        result_keys(item, &format!("{location}[{at}]"), problems);
    }
}

fn inline_map(state: &State, problems: &mut Vec<Diagnostic>) {
    let processor = ["ItemProcessor", "Iterator"].into_iter().find_map(|key| state.node.get(key));
    if processor.is_none_or(is_distributed) {
        return;
    }
    for field in [
        "ItemReader",
        "ItemBatcher",
        "ResultWriter",
        "Label",
        "ToleratedFailureCount",
        "ToleratedFailureCountPath",
        "ToleratedFailurePercentage",
        "ToleratedFailurePercentagePath",
    ] {
        if state.has(field) {
            let message = format!("'{field}' means something in DISTRIBUTED mode alone, and this Map is inline");
            problems.push(
                Diagnostic::warning("inline-map", state.span(field), state.at(field), message)
                    .hint("set ProcessorConfig to {\"Mode\": \"DISTRIBUTED\", \"ExecutionType\": …}, or remove it"),
            );
        }
    }
    if let Some(Shape::Number(number)) = state.node.get("MaxConcurrency").map(|node| &node.shape)
        && number.as_i64().is_some_and(|most| most > INLINE_CONCURRENCY_MAX)
    {
        let message = format!("an inline Map runs at most {INLINE_CONCURRENCY_MAX} iterations at a time");
        problems.push(
            Diagnostic::warning("inline-map", state.span("MaxConcurrency"), state.at("MaxConcurrency"), message)
                .hint("for more at a time, use DISTRIBUTED mode"),
        );
    }
}
