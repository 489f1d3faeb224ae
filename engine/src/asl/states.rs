//! The eight types of states, field by field.

use std::sync::Arc;

use super::compile::{Compiler, Names, Surrounding};
use super::fields::{Fields, Language, SCHEMA, SECONDS_MAX};
use super::formula::{Computed, Formula, Knows};
use super::program::{
    DataFlow, Delay, MapWork, Next, ScopeId, Seconds, Select, State, StateType, TaskWork, Text, Work,
};
use super::resource::Resource;
use super::timestamp::Instant;
use super::{choice, errors};
use crate::query::{Function, Intrinsic};
use crate::source::{Diagnostic, Member, Node, Shape};

/// AWS: longest name of a variable, in characters.
const VARIABLE_CHARS_MAX: usize = 80;

/// AWS: the functions that `ErrorPath` and `CausePath` take.
const STRING_FUNCTIONS: [Function; 7] = [
    Function::Format,
    Function::JsonToString,
    Function::ArrayGetItem,
    Function::Base64Encode,
    Function::Base64Decode,
    Function::Hash,
    Function::Uuid,
];

pub(super) fn compile(
    compiler: &mut Compiler,
    member: &Member,
    around: &Surrounding,
    names: &mut Names,
    fields: &mut Fields,
    state_type: StateType,
    language: Language,
) -> Option<State> {
    if let Some(node) = fields.node.get("Comment")
        && node.as_str().is_none()
    {
        fields.field_problem("Comment", "Expected value of type String");
    }
    let next = next(fields, names, state_type);
    let retriers = errors::retriers(fields);
    let catchers = errors::catchers(fields, names, language);
    let trail = format!("{}{}", around.trail, member.key);
    let inner = |location: String, trail: String| Surrounding {
        location,
        trail,
        language: around.language,
        depth: around.depth + 1,
        variables: names.variables.clone(),
    };
    let data = data_flow(fields, state_type, language);
    let work = match state_type {
        StateType::Pass => Some(Work::Pass { result: fields.node.get("Result").map(Node::to_json) }),
        StateType::Task => task(fields, language).map(|task| Work::Task(Box::new(task))),
        StateType::Choice => {
            let rules = choice::rules(fields, names, language);
            let default = names.target(fields, "Default");
            Some(Work::Choice { rules, default })
        }
        StateType::Wait => delay(fields, language).map(Work::Wait),
        StateType::Succeed => Some(Work::Succeed),
        StateType::Fail => {
            let error = text(fields, "Error", "ErrorPath", language);
            let cause = text(fields, "Cause", "CausePath", language);
            Some(Work::Fail { error, cause })
        }
        StateType::Parallel => {
            fields.require(&["Branches"]);
            let mut branches = Vec::new();
            for (at, node) in fields.array("Branches").unwrap_or_default().iter().enumerate() {
                let around = inner(format!("{}/Branches[{at}]", fields.location), format!("{trail}[{at}]."));
                branches.extend(compiler.scope(node, &around));
            }
            Some(Work::Parallel { branches })
        }
        StateType::Map => {
            let key = if fields.has("Iterator") { "Iterator" } else { "ItemProcessor" };
            let around = inner(fields.at(key), format!("{trail}."));
            map(compiler, fields, key, &around, language).map(|map| Work::Map(Box::new(map)))
        }
    };
    Some(State {
        name: member.key.clone(),
        path: trail.into(),
        location: fields.location.clone(),
        span: member.value.span,
        work: work?,
        data,
        next: next?,
        retriers,
        catchers,
    })
}

fn next(fields: &mut Fields, names: &mut Names, state_type: StateType) -> Option<Next> {
    if matches!(state_type, StateType::Choice | StateType::Succeed | StateType::Fail) {
        return Some(Next::End);
    }
    let end = fields.boolean("End");
    if fields.has("Next") {
        if end == Some(true) {
            let message = "There should only be one of the following fields: [Next, End]";
            fields.problem_with_hint(message, "remove End to go on, or Next to end here");
        }
        return names.target(fields, "Next").map(Next::State);
    }
    if end == Some(true) {
        return Some(Next::End);
    }
    let message = "This object should have only one of the following fields: [Next, End]";
    fields.problem_with_hint(message, "add \"Next\" with the state that follows, or \"End\": true");
    None
}

fn data_flow(fields: &mut Fields, state_type: StateType, language: Language) -> DataFlow {
    let works = matches!(state_type, StateType::Task | StateType::Parallel | StateType::Map);
    let knows = if works { Knows::Result } else { Knows::Input };
    let assign = assign(fields, "", knows, language);
    match language {
        Language::JsonPath => DataFlow {
            input_path: fields.select("InputPath"),
            // A Map's Parameters are its legacy ItemSelector.
            parameters: if state_type == StateType::Map { None } else { fields.template("Parameters") },
            result_selector: fields.template("ResultSelector"),
            result_path: fields.place("ResultPath"),
            output_path: fields.select("OutputPath"),
            output: None,
            assign,
            is_jsonata: false,
        },
        Language::Jsonata => DataFlow {
            parameters: fields.formula("Arguments", "", Knows::Input, language),
            output: fields.formula("Output", "", knows, language),
            assign,
            is_jsonata: true,
            ..DataFlow::default()
        },
    }
}

/// `Assign`, its variable names checked.
pub(super) fn assign(fields: &mut Fields, prefix: &str, knows: Knows, language: Language) -> Option<Computed> {
    let node = fields.object("Assign")?;
    for member in node.members() {
        let templated = member.key.strip_suffix(".$").filter(|_| language == Language::JsonPath);
        let name = templated.unwrap_or(&member.key);
        let mut chars = name.chars();
        let starts = chars.next().is_some_and(|first| first.is_alphabetic() || first == '_');
        if name == "states" || !starts || !chars.all(|c| c.is_alphanumeric() || c == '_') {
            let message = format!("'{name}' is not a name for a variable");
            let path = fields.at("Assign");
            let hint = "a name starts with a letter or '_', goes on with letters, digits and '_', and is not 'states'";
            fields.problems.push(Diagnostic::error(SCHEMA, member.key_span, path, message).hint(hint));
        } else if name.chars().count() > VARIABLE_CHARS_MAX {
            fields.field_problem(
                "Assign",
                format!("the variable name '{name}' is longer than {VARIABLE_CHARS_MAX} characters"),
            );
        }
    }
    fields.payload("Assign", prefix, knows, language)
}

fn task(fields: &mut Fields, language: Language) -> Option<TaskWork> {
    fields.require(&["Resource"]);
    let timeout = fields.seconds("TimeoutSeconds", 1, SECONDS_MAX, language);
    let heartbeat = fields.seconds("HeartbeatSeconds", 1, SECONDS_MAX, language);
    if let (Some(Seconds::Literal(timeout)), Some(Seconds::Literal(heartbeat))) = (&timeout, &heartbeat)
        && heartbeat >= timeout
    {
        let hint = "a heartbeat that is due later than the timeout means nothing: shorten it, or lengthen the timeout";
        fields.problem_with_hint("HeartbeatSeconds must be smaller than TimeoutSeconds", hint);
    }
    let credentials = credentials(fields, language);
    let written = fields.string("Resource")?;
    let resource = match Resource::parse(written) {
        Ok(resource) => resource,
        Err(message) => {
            let problem = Diagnostic::error(SCHEMA, fields.span("Resource"), fields.at("Resource"), message);
            fields.problems.push(problem.hint(super::resource::hint(written)));
            return None;
        }
    };
    if let Resource::Placeholder { text } = &resource {
        let message = if super::stand_in::is_stand_in(text) {
            format!("the resource '{text}' is filled in at deployment, so that its service is unknown here")
        } else {
            format!("the resource '{text}' is none that Step Functions calls")
        };
        fields.problems.push(Diagnostic::warning(
            "placeholder",
            fields.span("Resource"),
            fields.at("Resource"),
            message,
        ));
    }
    Some(TaskWork { resource: Arc::new(resource), timeout, heartbeat, credentials })
}

fn credentials(fields: &mut Fields, language: Language) -> Option<Computed> {
    let mut inner = Fields::new(fields.object("Credentials")?, &fields.at("Credentials"));
    let is_computed = language == Language::JsonPath && inner.has("RoleArn.$");
    if !is_computed && !inner.has("RoleArn") {
        inner.problem_with_hint(
            "The field 'RoleArn' is required but was missing",
            "give the ARN of the role that the task is to assume, as RoleArn or RoleArn.$",
        );
    }
    fields.absorb(&mut inner);
    fields.payload("Credentials", "", Knows::Input, language)
}

fn delay(fields: &mut Fields, language: Language) -> Option<Delay> {
    // AWS: in this order.
    fields.exactly_one(&["SecondsPath", "Seconds", "TimestampPath", "Timestamp"]);
    if fields.has("SecondsPath") {
        return fields.reference("SecondsPath").map(Delay::SecondsPath);
    }
    if let Some(formula) = fields.expression("Seconds", language) {
        return Some(Delay::SecondsFormula(formula));
    }
    if let Some(formula) = fields.expression("Timestamp", language) {
        return Some(Delay::TimestampFormula(formula));
    }
    if fields.has("Seconds") {
        let unknown = fields.is_placeholder("Seconds").then_some(0);
        return fields.integer("Seconds", 0, SECONDS_MAX).or(unknown).map(Delay::Seconds);
    }
    if fields.has("TimestampPath") {
        return fields.reference("TimestampPath").map(Delay::TimestampPath);
    }
    let instant = Instant::parse(fields.string("Timestamp")?);
    if instant.is_none() {
        fields.field_problem("Timestamp", "String does not match RFC3339 timestamp");
    }
    instant.map(Delay::Timestamp)
}

/// `Error` or `ErrorPath`: a literal, or a path or an intrinsic call that gives a string.
fn text(fields: &mut Fields, key: &str, path_key: &str, language: Language) -> Option<Text> {
    fields.at_most_one(&[key, path_key]);
    if let Some(formula) = fields.expression(key, language) {
        return Some(Text::Formula(formula));
    }
    if !fields.has(path_key) {
        return fields.string(key).cloned().map(Text::Literal);
    }
    let written = fields.string(path_key)?;
    if written.starts_with('$') {
        return fields.reference(path_key).map(Text::Path);
    }
    match Intrinsic::parse(written) {
        Ok(intrinsic) if STRING_FUNCTIONS.contains(&intrinsic.function()) => Some(Text::Intrinsic(intrinsic)),
        Ok(intrinsic) => {
            let name = intrinsic.function().name();
            let message = format!("the field '{path_key}' must be text, which States.{name} does not return");
            let problem = Diagnostic::error(SCHEMA, fields.span(path_key), fields.at(path_key), message);
            let names: Vec<&str> = STRING_FUNCTIONS.iter().map(|function| function.name()).collect();
            fields.problems.push(problem.hint(format!("functions that return text are {}", names.join(", "))));
            None
        }
        Err(error) => {
            let message = format!(
                "The value for the field '{path_key}' must be a valid JSONPath or a valid intrinsic function call"
            );
            let problem = Diagnostic::error(SCHEMA, fields.span(path_key), fields.at(path_key), message);
            fields.problems.push(problem.hint(error.to_string()));
            None
        }
    }
}

fn map(
    compiler: &mut Compiler,
    fields: &mut Fields,
    key: &str,
    around: &Surrounding,
    language: Language,
) -> Option<MapWork> {
    fields.exactly_one(&["ItemProcessor", "Iterator"]);
    fields.at_most_one(&["ItemSelector", "Parameters"]);
    let node = fields.object(key)?;
    let config = node.get("ProcessorConfig");
    let mode = config.and_then(|config| config.get("Mode"));
    let distributed = match (mode.map(|mode| &mode.shape), config) {
        (Some(Shape::String(mode)), Some(config)) if **mode == *"DISTRIBUTED" => {
            Some(Box::new(super::distributed::compile(fields, key, config, language)))
        }
        (None, _) => None,
        (Some(Shape::String(mode)), _) if **mode == *"INLINE" => None,
        (Some(_), _) => {
            let mut config = Fields::new(node, &format!("{}/ProcessorConfig", fields.at(key)));
            config.problem("The field 'Mode' should have one of these values: [INLINE, DISTRIBUTED]");
            fields.absorb(&mut config);
            None
        }
    };
    // AWS: the executions of a distributed Map see no variables of the outer scopes.
    let cut_off = Surrounding {
        location: around.location.clone(),
        trail: around.trail.clone(),
        variables: Arc::default(),
        ..*around
    };
    let around = if distributed.is_some() { &cut_off } else { around };
    let processor: Option<ScopeId> = compiler.scope(node, around);
    let selector_key = if fields.has("ItemSelector") { "ItemSelector" } else { "Parameters" };
    fields.at_most_one(&["ToleratedFailureCount", "ToleratedFailureCountPath"]);
    fields.at_most_one(&["ToleratedFailurePercentage", "ToleratedFailurePercentagePath"]);
    if !fields.is_expression("ToleratedFailureCount") {
        fields.integer("ToleratedFailureCount", 0, i64::MAX);
    }
    if !fields.is_expression("ToleratedFailurePercentage")
        && fields.number("ToleratedFailurePercentage", 0.0).is_some_and(|percentage| percentage > 100.0)
    {
        fields.field_problem("ToleratedFailurePercentage", "Maximum value is 100");
    }
    let items_path = if language == Language::JsonPath { fields.select("ItemsPath") } else { Select::Whole };
    let items = items(fields, language);
    let item_selector = fields.payload(selector_key, "", Knows::Input, language);
    let max_concurrency = fields.seconds("MaxConcurrency", 0, i64::from(u32::MAX), language);
    Some(MapWork { processor: processor?, items_path, items, item_selector, max_concurrency, distributed })
}

/// JSONata's `Items`: an array or an expression.
fn items(fields: &mut Fields, language: Language) -> Option<Formula> {
    let node = fields.node.get("Items").filter(|_| language == Language::Jsonata)?;
    if node.as_array().is_none() && !fields.is_expression("Items") {
        fields.field_problem("Items", "Expected value of type Array");
    }
    let path = fields.at("Items");
    Some(Formula::compile(node, "Items", &path, Knows::Input, &mut fields.problems))
}
