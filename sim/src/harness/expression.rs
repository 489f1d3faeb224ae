use std::cell::RefCell;
use std::rc::Rc;

use rehearsal_engine::query::jsonata::{Dialect, Expression, JValue, NoHost, Reads};
use rehearsal_engine::source::{Diagnostic, Span};

use super::build::when;
use super::mirror::{Mirror, TOP_LEVEL};
use super::value::place_of;
use crate::diagnostics::Problem;
use crate::handlers::HostError;
use crate::scenario::{self, Loaded};
use crate::template::suggestion_hint;
use crate::world::{Check, Invariant, Parts, View, When};

/// Finds every problem of the scenario's invariants: what does not parse, and names that do not exist.
pub(super) fn check(loaded: &Loaded, problems: &mut Vec<Problem>) {
    let known = Known::of(loaded);
    for invariant in &loaded.scenario.invariants {
        let condition = &invariant.condition;
        let mut report = |span, code, message: String, hint: Option<String>| {
            let mut diagnostic = Diagnostic::error(code, span, format!("invariant '{}'", invariant.name), message);
            diagnostic.hint = hint;
            problems.push(Problem::new(condition.place.source, diagnostic));
        };
        match Expression::compile(condition.text.as_str(), Dialect::Scenario) {
            Err(error) => {
                let span = condition.text.place(Span::new(error.at(), error.at() + 1));
                report(span, "invariant-syntax", format!("the invariant does not parse: {error}"), None);
            }
            Ok(expression) => {
                for function in expression.unknown_functions(&[]) {
                    let message = format!("there is no function '${function}'");
                    report(place_of(condition, &function), "invariant-function", message, None);
                }
                for variable in expression.analysis().variables() {
                    let message = format!("there is no variable '${variable}'");
                    let hint = "an invariant sees the world's state by its names, without '$'".to_owned();
                    report(place_of(condition, variable), "invariant-variable", message, Some(hint));
                }
                if let Reads::Paths(paths) = expression.reads() {
                    for path in paths {
                        if let Some((name, message, hint)) = known.missing(path) {
                            report(place_of(condition, name), "invariant-name", message, hint);
                        }
                    }
                }
            }
        }
    }
}

/// The scenario's invariants, compiled for this thread; all of them share one mirror of the world.
pub(super) fn invariants(loaded: &Loaded, mirror: &Rc<RefCell<Mirror>>) -> Result<Vec<Invariant>, HostError> {
    let invariant = |written: &scenario::Invariant| {
        let expression = Expression::compile(written.condition.text.as_str(), Dialect::Scenario)
            .map_err(|error| HostError(format!("the invariant '{}' does not parse: {error}", written.name)))?;
        let (reads, when) = (parts(loaded, &expression), when(written.kind));
        let check = ExpressionCheck {
            expression,
            mirror: mirror.clone(),
            when,
            reads,
            stands_at: loaded.sources.locate(written.condition.place),
        };
        Ok(Invariant { name: written.name.clone(), when, reads, check: Box::new(check) })
    };
    loaded.scenario.invariants.iter().map(invariant).collect()
}

struct ExpressionCheck {
    expression: Expression,
    mirror: Rc<RefCell<Mirror>>,
    when: When,
    reads: Parts,
    stands_at: String,
}

impl Check for ExpressionCheck {
    fn holds(&mut self, view: &View<'_>) -> Result<bool, String> {
        let state = self.mirror.borrow_mut().refresh(view, self.reads);
        match self.expression.evaluate(&state, &[], &mut NoHost) {
            Ok(JValue::Bool(holds)) => Ok(holds),
            // What is to be reached may speak of what does not exist yet.
            Ok(JValue::Undefined) if self.when == When::Sometimes => Ok(false),
            Ok(other) => Err(format!("it is neither true nor false, but {}; see {}", kind(&other), self.stands_at)),
            Err(error) => Err(format!("{error}; see {}", self.stands_at)),
        }
    }
}

fn kind(value: &JValue) -> &'static str {
    match value {
        JValue::Undefined => "nothing: compare with $count(...) = 0 where something may be missing",
        JValue::Null => "null",
        JValue::Number(_) => "a number",
        JValue::String(_) => "a string",
        JValue::Array(_) => "an array",
        JValue::Object(_) => "an object",
        _ => "a function",
    }
}

/// What an expression reads, as parts of the world.
pub(super) fn parts(loaded: &Loaded, expression: &Expression) -> Parts {
    let Reads::Paths(paths) = expression.reads() else { return Parts::ALL };
    paths.iter().fold(Parts::NONE, |parts, path| parts.and(part(loaded, expression, path)))
}

fn part(loaded: &Loaded, expression: &Expression, path: &[String]) -> Parts {
    match path.first().map(String::as_str) {
        Some("tables") => {
            let named = |name: &String| loaded.stack.tables.iter().position(|table| *table.identity.label == **name);
            path.get(1).and_then(named).map_or(Parts::ALL, Parts::table)
        }
        Some("executions") if may_read_states(expression.source()) => Parts::EXECUTIONS,
        Some("executions") => Parts::EXECUTION_ENDS,
        Some("events") => Parts::EVENTS,
        Some("metrics") => Parts::METRICS,
        Some("alarms") => Parts::ALARMS,
        Some("queues") => Parts::QUEUES,
        Some("topics") => Parts::TOPICS,
        Some("tokens") => Parts::TOKENS,
        Some("clients") => Parts::CLIENTS,
        _ => Parts::ALL,
    }
}

/// Whether an expression that reads executions may read which state they are in: by that name, or by a way to members
/// that does not name them. Executions move from state to state all the time, and few invariants ask for it.
fn may_read_states(source: &str) -> bool {
    const NAMELESS: [&str; 9] = ["*", "$lookup", "$string", "$spread", "$each", "$sift", "$merge", "~>", "|"];
    let state = source.match_indices("state").any(|(at, _)| !source[at..].starts_with("stateMachine"));
    state || NAMELESS.iter().any(|way| source.contains(way))
}

/// The names that an invariant may speak of.
pub(super) struct Known {
    tables: Vec<String>,
    buses: Vec<String>,
    alarms: Vec<String>,
    queues: Vec<String>,
    topics: Vec<String>,
}

impl Known {
    pub(super) fn of(loaded: &Loaded) -> Known {
        let names = |names: &mut dyn Iterator<Item = &str>| names.map(str::to_owned).collect::<Vec<_>>();
        let stack = &loaded.stack;
        let composites = stack.composite_alarms.iter().map(|alarm| &*alarm.identity.label);
        Known {
            alarms: names(&mut stack.alarms.iter().map(|alarm| &*alarm.identity.label).chain(composites)),
            tables: names(&mut stack.tables.iter().map(|table| &*table.identity.label)),
            queues: names(&mut stack.queues.iter().map(|queue| &*queue.identity.label)),
            topics: names(&mut stack.topics.iter().map(|topic| &*topic.identity.label)),
            buses: names(
                &mut std::iter::once("default").chain(stack.event_buses.iter().map(|bus| &*bus.identity.label)),
            ),
        }
    }

    /// What is wrong with a path that an expression reads.
    pub(super) fn missing<'p>(&self, path: &'p [String]) -> Option<(&'p str, String, Option<String>)> {
        let first = path.first()?;
        if !TOP_LEVEL.contains(&first.as_str()) {
            let message = format!("there is no '{first}' in the world's state: it has {}", TOP_LEVEL.join(", "));
            return Some((first, message, suggestion_hint(first, TOP_LEVEL)));
        }
        let (kind, names) = match first.as_str() {
            "tables" => ("table", &self.tables),
            "events" => ("event bus", &self.buses),
            "alarms" => ("alarm", &self.alarms),
            "queues" => ("queue", &self.queues),
            "topics" => ("topic", &self.topics),
            _ => return None,
        };
        let second = path.get(1)?;
        if names.contains(second) {
            return None;
        }
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let message = format!("the template has no {kind} '{second}': it has {known}");
        Some((second, message, suggestion_hint(second, names.iter().map(String::as_str))))
    }
}
