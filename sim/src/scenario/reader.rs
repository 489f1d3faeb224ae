use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rehearsal_engine::source::{Diagnostic, Node, Shape};

use super::model::{Caps, Faults, Invariant, InvariantKind, Mock, MockOutcome, ScenarioFile, StoredObject, TableItems};
use super::value::Values;
use super::{faults, range, workload};
use crate::diagnostics::{Place, SourceId};
use crate::template::stack::Environment;
use crate::template::{Fields, ParameterValue, Report, Settings};

const KEYS: [&str; 15] = [
    "description",
    "template",
    "parameters",
    "imports",
    "stack",
    "account",
    "region",
    "exists",
    "tables",
    "objects",
    "workload",
    "faults",
    "invariants",
    "mocks",
    "caps",
];

/// The template's name when the scenario does not say.
pub const TEMPLATE: &str = "template.yaml";

/// A scenario and what its template is deployed with.
pub struct Read {
    /// The scenario; table names are still as written.
    pub scenario: ScenarioFile,
    /// The stack's name, environment and parameters.
    pub settings: Settings,
}

/// Reads a scenario's tree; `name` is the folder's.
pub fn read(root: &Node, name: &str, file: &str, source: SourceId, report: &Report) -> Option<Read> {
    let fields = Fields::of(root, "", report)?;
    fields.only_strictly(&KEYS);
    let values = Values { file, source, report };
    let scenario = ScenarioFile {
        name: name.into(),
        description: fields.text("description"),
        template: fields.text("template").unwrap_or_else(|| TEMPLATE.into()),
        exists: exists(&fields, source),
        tables: tables(&fields, source),
        objects: objects(&fields),
        workload: workload::read(&fields, values),
        faults: fields.get("faults").map_or_else(Faults::default, |node| faults::read(node, source, report)),
        invariants: invariants(&fields, values),
        mocks: mocks(&fields, values),
        caps: caps(&fields),
    };
    Some(Read { scenario, settings: settings(&fields, name, source) })
}

fn settings(fields: &Fields<'_>, name: &str, source: SourceId) -> Settings {
    let stack_name = fields.text("stack").map_or_else(|| stack_name(name), |given| (*given).to_owned());
    let mut environment = Environment::default();
    if let Some(region) = fields.text("region") {
        environment.partition = match region.split('-').next() {
            Some("cn") => "aws-cn".into(),
            Some("us") if region.starts_with("us-gov-") => "aws-us-gov".into(),
            _ => "aws".into(),
        };
        environment.region = region;
    }
    if let Some(account) = fields.text("account") {
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            fields.error("account", "invalid-value", format!("'{account}' is no account id"), "write twelve digits");
        }
        environment.account_id = account;
    }
    let mut parameters = BTreeMap::new();
    let given = fields.object("parameters");
    for member in given.as_ref().map(|given| given.node.members()).unwrap_or_default() {
        let place = Place::new(source, member.key_span);
        parameters.insert((*member.key).to_owned(), ParameterValue { value: member.value.clone(), place });
    }
    let mut imports = BTreeMap::new();
    let given = fields.object("imports");
    for member in given.as_ref().map(|given| given.node.members()).unwrap_or_default() {
        if let Some(text) = given.as_ref().and_then(|given| given.required_text(&member.key)) {
            imports.insert((*member.key).to_owned(), (*text).to_owned());
        }
    }
    Settings { stack_name, environment, parameters, imports }
}

/// AWS: a stack's name has letters, digits and hyphens, and begins with a letter.
fn stack_name(folder: &str) -> String {
    let cleaned: String = folder.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let cleaned = cleaned.trim_matches('-');
    if cleaned.starts_with(|first: char| first.is_ascii_alphabetic()) {
        cleaned.chars().take(128).collect()
    } else {
        format!("stack-{cleaned}").trim_end_matches('-').chars().take(128).collect()
    }
}

fn exists(fields: &Fields<'_>, source: SourceId) -> Vec<(Arc<str>, Place)> {
    let named = fields.get("exists").and_then(Node::as_array).unwrap_or_default();
    named.iter().filter_map(|name| Some((name.as_str()?.into(), Place::new(source, name.span)))).collect()
}

fn tables(fields: &Fields<'_>, source: SourceId) -> Vec<TableItems> {
    let Some(tables) = fields.object("tables") else { return Vec::new() };
    let read = tables.node.members().iter().map(|member| {
        let objects = tables.objects(&member.key);
        let items = objects.iter().map(|item| item.node.to_json()).collect();
        let item_places = objects.iter().map(|item| Place::new(source, item.node.span)).collect();
        TableItems { table: member.key.clone(), items, item_places, place: Place::new(source, member.key_span) }
    });
    read.collect()
}

/// Texts as they are, anything else as JSON.
fn objects(fields: &Fields<'_>) -> Vec<StoredObject> {
    let Some(buckets) = fields.object("objects") else { return Vec::new() };
    let mut objects = Vec::new();
    for bucket in buckets.node.members() {
        let Some(keys) = buckets.object(&bucket.key) else { continue };
        objects.extend(keys.node.members().iter().map(|member| StoredObject {
            bucket: bucket.key.clone(),
            key: member.key.clone(),
            body: member.value.as_str().map_or_else(|| member.value.to_json().to_string().into(), Arc::from),
        }));
    }
    objects
}

fn invariants(fields: &Fields<'_>, values: Values<'_>) -> Vec<Invariant> {
    let kinds = [
        ("always", InvariantKind::Always),
        ("eventually", InvariantKind::Eventually),
        ("sometimes", InvariantKind::Sometimes),
    ];
    let mut names: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut invariants = Vec::new();
    for invariant in fields.objects("invariants") {
        invariant.only_strictly(&["name", "always", "eventually", "sometimes"]);
        let name = invariant.required_text("name");
        let given: Vec<_> = kinds.iter().filter(|(key, _)| invariant.get(key).is_some()).collect();
        let [(key, kind)] = given.as_slice() else {
            let message = "an invariant needs exactly one of always, eventually and sometimes";
            let problem = Diagnostic::error("invalid-invariant", invariant.node.span, invariant.path.clone(), message);
            values.report.push(problem.hint("for example always: '$count(tables.Orders) < 10'"));
            continue;
        };
        let Some(node) = invariant.get(key) else { continue };
        let condition = values.expression(node, &invariant.path_of(key));
        let (Some(name), Some(condition)) = (name, condition) else { continue };
        if !names.insert(name.clone()) {
            let message = format!("two invariants are named '{name}'");
            invariant.error("name", "duplicate-name", message, "rename one of them: reports tell them apart by name");
        }
        let place = Place::new(values.source, invariant.node.span);
        invariants.push(Invariant { name, kind: *kind, condition, place });
    }
    invariants
}

fn mocks(fields: &Fields<'_>, values: Values<'_>) -> Vec<Mock> {
    let Some(mocks) = fields.object("mocks") else { return Vec::new() };
    let read = mocks.node.members().iter().map(|member| {
        let outcomes = match member.value.shape {
            Shape::Array(_) => mocks.objects(&member.key),
            _ => mocks.object(&member.key).into_iter().collect(),
        };
        let outcomes = outcomes.iter().filter_map(|outcome| mock_outcome(outcome, values)).collect();
        Mock { function: member.key.clone(), outcomes, place: Place::new(values.source, member.key_span) }
    });
    read.collect()
}

fn mock_outcome(fields: &Fields<'_>, values: Values<'_>) -> Option<MockOutcome> {
    fields.only_strictly(&["result", "error", "cause"]);
    let value = |key: &str| fields.node.get(key).map(|node| values.read(node, &fields.path_of(key)));
    match (value("result"), value("error")) {
        (Some(result), None) => Some(MockOutcome::Result(result)),
        (None, Some(error)) => {
            let cause = value("cause").unwrap_or(super::Value::Literal("".into()));
            Some(MockOutcome::Error { error, cause })
        }
        _ => {
            let message = "a mock's outcome is either a result or an error";
            let problem = Diagnostic::error("invalid-mock", fields.node.span, fields.path.clone(), message);
            values
                .report
                .push(problem.hint("for example {result: {isValid: true}} or {error: Declined, cause: no funds}"));
            None
        }
    }
}

fn caps(fields: &Fields<'_>) -> Caps {
    let mut caps = Caps::default();
    let Some(given) = fields.object("caps") else { return caps };
    given.only_strictly(&["steps", "time", "drain"]);
    if let Some(steps) = given.integer("steps", 1..=u64::MAX) {
        caps.steps_max = steps;
    }
    let duration = |key: &'static str| match range::duration_ms(&given.text(key)?) {
        Ok(time) => Some(time.most),
        Err(reason) => {
            given.error(key, "invalid-duration", reason, "");
            None
        }
    };
    caps.time_max_ms = duration("time").unwrap_or(caps.time_max_ms);
    caps.drain_max_ms = duration("drain");
    caps
}
