use std::collections::BTreeSet;
use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::source::{Diagnostic, Member, Node, Shape};

use super::model::{Actor, Step, StepKind};
use super::value::{Value, Values};
use super::{Range, range};
use crate::diagnostics::Place;
use crate::services::eventbridge::read_time;
use crate::template::{Fields, scalar_text, suggestion_hint};

const STEPS: [&str; 12] = [
    "put_event",
    "send_message",
    "start_execution",
    "stop_execution",
    "invoke",
    "send_task_success",
    "send_task_failure",
    "send_task_heartbeat",
    "wait",
    "let",
    "await",
    "python",
];

/// What may stand beside a step of a list.
const MODIFIERS: [&str; 3] = ["when", "as", "callback"];

/// What may stand beside `python`.
const OF_SCRIPTS: [&str; 2] = ["arguments", "environment"];

const ACTOR_KEYS: [&str; 4] = ["actor", "count", "at", "do"];

/// More actors of one kind than any sweep could shrink.
const COUNT_MAX: u64 = 10_000;

/// Reads `workload`.
pub fn read(fields: &Fields<'_>, values: Values<'_>) -> Vec<Actor> {
    let Some(node) = fields.required("workload") else { return Vec::new() };
    let actors: Vec<Actor> = fields.objects("workload").iter().filter_map(|actor| read_actor(actor, values)).collect();
    if node.as_array().is_some_and(<[Node]>::is_empty) {
        let hint = "add an actor with a step, for example put_event";
        fields.error("workload", "empty-workload", "the workload has no actors, so nothing would happen", hint);
    }
    let mut names: BTreeSet<Arc<str>> = BTreeSet::new();
    for actor in &actors {
        if !names.insert(actor.name.clone()) {
            let message = format!("two actors are named '{}'", actor.name);
            let problem = Diagnostic::error("duplicate-name", actor.place.span, fields.path_of("workload"), message);
            values.report.push(problem.hint("rename one of them: decisions are addressed by the actor's name"));
        }
    }
    actors
}

fn read_actor(fields: &Fields<'_>, values: Values<'_>) -> Option<Actor> {
    let mut known: Vec<&str> = ACTOR_KEYS.into_iter().chain(STEPS).collect();
    // For an actor with a single step.
    known.extend(MODIFIERS.into_iter().chain(["within"]).chain(OF_SCRIPTS));
    fields.only_strictly(&known);
    let name = fields.required_text("actor");
    if let Some(name) = &name {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !plain || name.is_empty() {
            let message = format!("'{name}' cannot name an actor");
            fields.error("actor", "invalid-name", message, "use letters, digits, '-' and '_'");
        }
    }
    let count = read_range(fields, "count", range::count).unwrap_or(Range::exactly(1));
    if count.most > COUNT_MAX {
        let message = format!("{} actors of a kind are too many; at most {COUNT_MAX} are run", count.most);
        fields.error("count", "too-many-actors", message, "");
        return None;
    }
    let at_ms = read_range(fields, "at", range::duration_ms).unwrap_or(Range::exactly(0));
    let inline: Vec<&str> = STEPS.into_iter().filter(|step| fields.node.get(step).is_some()).collect();
    let steps = match (inline.as_slice(), fields.get("do")) {
        ([step], None) => read_step(fields, fields, step, values).into_iter().collect(),
        ([], Some(_)) => fields.objects("do").iter().filter_map(|step| read_listed(step, values)).collect(),
        ([], None) => {
            let message = "the actor does nothing";
            let problem = Diagnostic::error("missing-step", fields.node.span, fields.path.clone(), message);
            values.report.push(problem.hint(format!("give it one of {}, or a list under 'do:'", STEPS.join(", "))));
            Vec::new()
        }
        _ => {
            let second = inline.last().copied().unwrap_or("do");
            fields.error(second, "too-many-steps", "the actor has several steps", "put them in a list under 'do:'");
            Vec::new()
        }
    };
    Some(Actor { name: name?, count, at_ms, steps, place: Place::new(values.source, fields.node.span) })
}

/// A step of a `do:` list: an object with the step as a key, and what modifies it beside that.
fn read_listed(fields: &Fields<'_>, values: Values<'_>) -> Option<Step> {
    let has = |step: &str| fields.node.get(step).is_some();
    let is_beside = |key: &str| {
        MODIFIERS.contains(&key) || (key == "within" && has("await")) || (OF_SCRIPTS.contains(&key) && has("python"))
    };
    let mut own = fields.node.members().iter().filter(|member| !is_beside(&member.key));
    let (Some(member), None) = (own.next(), own.next()) else {
        let message = "a step of a list has exactly one key";
        let problem = Diagnostic::error("invalid-step", fields.node.span, fields.path.clone(), message);
        let hint = format!("write one of {}, and beside it {} where needed", STEPS.join(", "), MODIFIERS.join(", "));
        values.report.push(problem.hint(hint));
        return None;
    };
    let Some(step) = STEPS.into_iter().find(|step| **step == *member.key) else {
        let message = format!("'{}' is no step", member.key);
        let mut problem = Diagnostic::error("unknown-key", member.key_span, fields.path.clone(), message);
        problem.hint = suggestion_hint(&member.key, STEPS);
        values.report.push(problem);
        return None;
    };
    read_step(fields, fields, step, values)
}

fn read_step(parent: &Fields<'_>, beside: &Fields<'_>, step: &str, values: Values<'_>) -> Option<Step> {
    let member = parent.node.member(step)?;
    let place = Place::new(values.source, member.key_span);
    let kind = read_kind(parent, member, step, values)?;
    let beside = Arguments { fields: beside, values };
    let bind = beside.fields.text("as").filter(|name| is_variable(beside.fields, "as", name));
    Some(Step {
        kind,
        when: beside.optional("when"),
        bind,
        is_callback: beside.fields.boolean("callback").unwrap_or(false),
        place,
    })
}

fn read_kind(parent: &Fields<'_>, member: &Member, step: &str, values: Values<'_>) -> Option<StepKind> {
    if step == "wait" {
        return read_range(parent, "wait", range::duration_ms).map(StepKind::Wait);
    }
    if step == "await" {
        return Some(StepKind::Await {
            value: values.read(&member.value, &parent.path_of(step)),
            within_ms: read_range(parent, "within", range::duration_ms),
        });
    }
    if step == "python" {
        let beside = Arguments { fields: parent, values };
        return Some(StepKind::Python {
            script: parent.text("python")?,
            arguments: beside.or("arguments", Json::from(Vec::new())),
            environment: beside.or("environment", Json::object()),
        });
    }
    let fields = Fields::of(&member.value, parent.path_of(step), values.report)?;
    let arguments = Arguments { fields: &fields, values };
    Some(match step {
        "let" => {
            let variables =
                fields.node.members().iter().filter(|member| is_variable(&fields, &member.key, &member.key));
            let value =
                |member: &Member| (member.key.clone(), values.read(&member.value, &fields.path_of(&member.key)));
            StepKind::Let(variables.map(value).collect())
        }
        "put_event" => {
            fields.only_strictly(&["bus", "source", "detail-type", "detail", "resources", "time"]);
            let (source, detail_type) = (arguments.required("source"), arguments.required("detail-type"));
            let time = arguments.optional("time");
            if let Some(Value::Literal(written)) = &time
                && read_time(written).is_none()
            {
                let message = format!("{written} is no time");
                let hint = "write it like \"2026-01-01T00:00:00Z\", or in seconds since 1970";
                fields.error("time", "invalid-step", message, hint);
            }
            StepKind::PutEvent {
                bus: arguments.or("bus", "default".into()),
                source: source?,
                detail_type: detail_type?,
                detail: arguments.or("detail", Json::object()),
                resources: arguments.or("resources", Json::from(Vec::new())),
                time,
            }
        }
        "send_message" => {
            let keys = ["queue", "topic", "body", "attributes", "subject", "group", "deduplication"];
            fields.only_strictly(&keys);
            let (queue, topic) = (arguments.optional("queue"), arguments.optional("topic"));
            let is_topic = topic.is_some();
            let ((Some(to), None) | (None, Some(to))) = (queue, topic) else {
                let message = "a message goes to a queue or to a topic";
                let problem = Diagnostic::error("invalid-step", fields.node.span, fields.path.clone(), message);
                values.report.push(problem.hint("write either queue or topic, with its name"));
                return None;
            };
            if !is_topic && fields.node.get("subject").is_some() {
                fields.error("subject", "invalid-step", "a message for a queue has no subject", "leave it out");
            }
            StepKind::SendMessage {
                to,
                is_topic,
                body: arguments.required("body")?,
                attributes: arguments.or("attributes", Json::object()),
                subject: arguments.optional("subject"),
                group: arguments.optional("group"),
                deduplication: arguments.optional("deduplication"),
            }
        }
        "start_execution" => {
            fields.only_strictly(&["state_machine", "input", "name"]);
            StepKind::StartExecution {
                state_machine: arguments.required("state_machine")?,
                input: arguments.or("input", Json::object()),
                name: arguments.optional("name"),
            }
        }
        "stop_execution" => {
            fields.only_strictly(&["execution", "error", "cause"]);
            StepKind::StopExecution {
                execution: arguments.required("execution")?,
                error: arguments.optional("error"),
                cause: arguments.optional("cause"),
            }
        }
        "invoke" => {
            fields.only_strictly(&["function", "payload", "asynchronous"]);
            StepKind::Invoke {
                function: arguments.required("function")?,
                payload: arguments.or("payload", Json::object()),
                asynchronous: fields.boolean("asynchronous").unwrap_or(false),
            }
        }
        "send_task_success" => {
            fields.only_strictly(&["token", "output"]);
            StepKind::SendTaskSuccess {
                token: arguments.required("token")?,
                output: arguments.or("output", Json::object()),
            }
        }
        "send_task_failure" => {
            fields.only_strictly(&["token", "error", "cause"]);
            StepKind::SendTaskFailure {
                token: arguments.required("token")?,
                error: arguments.optional("error"),
                cause: arguments.optional("cause"),
            }
        }
        _ => {
            fields.only_strictly(&["token"]);
            StepKind::SendTaskHeartbeat { token: arguments.required("token")? }
        }
    })
}

/// Whether `name` can be a variable of expressions; complains about `key` if not.
fn is_variable(fields: &Fields<'_>, key: &str, name: &str) -> bool {
    let mut letters = name.bytes();
    let is_word = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
    if !is_word || matches!(name, "actor" | "outputs") {
        let message = format!("'{name}' cannot name a variable");
        let hint = "use letters, digits and '_'; '$actor' is the actor's number, '$outputs' the template's outputs";
        fields.error(key, "invalid-name", message, hint);
        return false;
    }
    true
}

struct Arguments<'f, 'n> {
    fields: &'f Fields<'n>,
    values: Values<'n>,
}

impl Arguments<'_, '_> {
    fn required(&self, key: &str) -> Option<Value> {
        let node = self.fields.required(key)?;
        Some(self.values.read(node, &self.fields.path_of(key)))
    }

    /// An absent key is not the same as `null`, which is a value.
    fn optional(&self, key: &str) -> Option<Value> {
        let node = self.fields.node.get(key)?;
        Some(self.values.read(node, &self.fields.path_of(key)))
    }

    fn or(&self, key: &str, default: Json) -> Value {
        self.optional(key).unwrap_or(Value::Literal(default))
    }
}

fn read_range(fields: &Fields<'_>, key: &str, parse: fn(&str) -> Result<Range, String>) -> Option<Range> {
    let node = fields.get(key)?;
    let text = match &node.shape {
        Shape::String(_) | Shape::Number(_) => scalar_text(node)?,
        _ => {
            let message = format!("expected a value or a range like 1..8, found {}", node.kind());
            fields.error(key, "wrong-type", message, "");
            return None;
        }
    };
    match parse(&text) {
        Ok(range) => Some(range),
        Err(reason) => {
            fields.error(key, "invalid-range", reason, "");
            None
        }
    }
}
