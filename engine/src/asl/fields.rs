//! Typed reading of a definition's fields: every getter reports what is wrong with its field and returns what it can.

use std::sync::Arc;

use super::formula::{Computed, Formula, Knows, expression};
use super::program::{Place, Seconds, Select, StateType};
use crate::query::{Origin, Path, ReferencePath, Template};
use crate::source::{Diagnostic, Node, Shape, Span};

pub(super) const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";

/// AWS: the largest number of seconds that any field takes.
pub(super) const SECONDS_MAX: i64 = 99_999_999;

const REFERENCE_HINT: &str =
    "it must name one place, with '.field', \"['field']\" and '[index]' alone, and start at '$'";

/// The query language a state is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    JsonPath,
    Jsonata,
}

/// Which fields a type of state has.
pub(super) fn supported(state_type: StateType, language: Language, field: &str) -> bool {
    use StateType::{Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait};
    let works = matches!(state_type, Task | Parallel | Map);
    let jsonata = language == Language::Jsonata;
    match field {
        "Type" | "Comment" | "QueryLanguage" => true,
        "Next" | "End" => !matches!(state_type, Choice | Succeed | Fail),
        "InputPath" | "OutputPath" => !jsonata && state_type != Fail,
        "Parameters" | "ResultPath" => !jsonata && (works || state_type == Pass),
        "Result" => !jsonata && state_type == Pass,
        "ResultSelector" => !jsonata && works,
        "Output" => jsonata && state_type != Fail,
        "Arguments" => jsonata && matches!(state_type, Task | Parallel),
        "Assign" => !matches!(state_type, Succeed | Fail),
        "Retry" | "Catch" => works,
        "Resource" | "TimeoutSeconds" | "HeartbeatSeconds" | "Credentials" => state_type == Task,
        "TimeoutSecondsPath" | "HeartbeatSecondsPath" => !jsonata && state_type == Task,
        "Choices" | "Default" => state_type == Choice,
        "Seconds" | "Timestamp" => state_type == Wait,
        "SecondsPath" | "TimestampPath" => !jsonata && state_type == Wait,
        "Error" | "Cause" => state_type == Fail,
        "ErrorPath" | "CausePath" => !jsonata && state_type == Fail,
        "Branches" => state_type == Parallel,
        "ItemsPath" | "MaxConcurrencyPath" | "ToleratedFailureCountPath" | "ToleratedFailurePercentagePath" => {
            !jsonata && state_type == Map
        }
        "Items" => jsonata && state_type == Map,
        "ItemProcessor"
        | "Iterator"
        | "ItemSelector"
        | "MaxConcurrency"
        | "ToleratedFailureCount"
        | "ToleratedFailurePercentage"
        | "ItemReader"
        | "ItemBatcher"
        | "ResultWriter"
        | "Label" => state_type == Map,
        _ => false,
    }
}

/// The fields of one object of the definition.
pub(super) struct Fields<'n> {
    pub(super) node: &'n Node,
    pub(super) location: Arc<str>,
    pub(super) problems: Vec<Diagnostic>,
    /// The variables that JSONPath fields read, and where.
    pub(super) variables: Vec<(Arc<str>, Span, String)>,
}

impl<'n> Fields<'n> {
    pub(super) fn new(node: &'n Node, location: &str) -> Fields<'n> {
        Fields { node, location: location.into(), problems: Vec::new(), variables: Vec::new() }
    }

    /// Takes over what was found in a part of this object.
    pub(super) fn absorb(&mut self, part: &mut Fields) {
        self.problems.append(&mut part.problems);
        self.variables.append(&mut part.variables);
    }

    fn note_variable(&mut self, path: &Path, key: &str) {
        if let Origin::Variable(name) = path.origin() {
            self.variables.push((name.clone(), self.span(key), self.at(key)));
        }
    }

    pub(super) fn at(&self, key: &str) -> String {
        format!("{}/{key}", self.location)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.node.member(key).is_some()
    }

    pub(super) fn span(&self, key: &str) -> Span {
        self.node.member(key).map_or(self.node.span, |member| member.value.span)
    }

    /// Reports a problem of the object itself.
    pub(super) fn problem(&mut self, message: impl Into<String>) {
        let location = if self.location.is_empty() { "/" } else { &*self.location };
        self.problems.push(Diagnostic::error(SCHEMA, self.node.span, location, message));
    }

    /// Reports a problem of the object itself, and how to mend it.
    pub(super) fn problem_with_hint(&mut self, message: impl Into<String>, hint: impl Into<String>) {
        self.problem(message);
        self.hint_last(hint);
    }

    /// Gives the last problem a hint.
    fn hint_last(&mut self, hint: impl Into<String>) {
        if let Some(problem) = self.problems.last_mut() {
            problem.hint = Some(hint.into());
        }
    }

    /// Reports a problem of one field.
    pub(super) fn field_problem(&mut self, key: &str, message: impl Into<String>) {
        self.problems.push(Diagnostic::error(SCHEMA, self.span(key), self.at(key), message));
    }

    /// Reports which of `keys` are missing.
    pub(super) fn require(&mut self, keys: &[&str]) {
        let missing: Vec<&str> = keys.iter().copied().filter(|key| !self.has(key)).collect();
        if !missing.is_empty() {
            let message = format!("These fields are required: [{}]", missing.join(", "));
            self.problem_with_hint(message, format!("add {}", missing.join(" and ")));
        }
    }

    /// Reports when not exactly one of `keys` is there.
    pub(super) fn exactly_one(&mut self, keys: &[&str]) {
        if keys.iter().any(|key| self.has(key)) {
            self.at_most_one(keys);
        } else {
            let message = format!("This object should have only one of the following fields: [{}]", keys.join(", "));
            self.problem_with_hint(message, "it has none of them: add one");
        }
    }

    /// Reports when more than one of `keys` is there.
    pub(super) fn at_most_one(&mut self, keys: &[&str]) {
        let given: Vec<&str> = keys.iter().copied().filter(|key| self.has(key)).collect();
        if given.len() > 1 {
            let message = format!("There should only be one of the following fields: [{}]", keys.join(", "));
            self.problem_with_hint(message, format!("keep one of {}", given.join(" and ")));
        }
    }

    pub(super) fn string(&mut self, key: &str) -> Option<&'n Arc<str>> {
        match &self.node.get(key)?.shape {
            Shape::String(text) => Some(text),
            _ => self.wrong_type(key, "String"),
        }
    }

    pub(super) fn boolean(&mut self, key: &str) -> Option<bool> {
        match self.node.get(key)?.shape {
            Shape::Bool(value) => Some(value),
            _ => self.wrong_type(key, "Boolean"),
        }
    }

    pub(super) fn array(&mut self, key: &str) -> Option<&'n [Node]> {
        match &self.node.get(key)?.shape {
            Shape::Array(items) if items.is_empty() => {
                self.field_problem(key, "Value cannot be empty");
                self.hint_last("it needs at least one item");
                None
            }
            Shape::Array(items) => Some(items),
            _ => self.wrong_type(key, "Array"),
        }
    }

    pub(super) fn object(&mut self, key: &str) -> Option<&'n Node> {
        let node = self.node.get(key)?;
        match node.shape {
            Shape::Object(_) => Some(node),
            _ => self.wrong_type(key, "Object"),
        }
    }

    pub(super) fn integer(&mut self, key: &str, min: i64, max: i64) -> Option<u64> {
        let Shape::Number(number) = &self.node.get(key)?.shape else { return self.wrong_type(key, "Integer") };
        let whole = number.as_i64().or_else(|| number.as_f64().filter(|n| n.fract() == 0.0).map(|n| n as i64));
        match whole {
            None => self.wrong_type(key, "Integer"),
            Some(value) if value < min => {
                self.field_problem(key, format!("Minimum value is {min}"));
                self.hint_last(format!("it is {value}"));
                None
            }
            Some(value) if value > max => {
                self.field_problem(key, format!("Maximum value is {max}"));
                self.hint_last(format!("it is {value}"));
                None
            }
            Some(value) => u64::try_from(value).ok(),
        }
    }

    pub(super) fn number(&mut self, key: &str, min: f64) -> Option<f64> {
        match &self.node.get(key)?.shape {
            Shape::Number(number) => {
                let value = number.as_f64().unwrap_or(f64::MAX);
                if value < min {
                    self.field_problem(key, format!("Minimum value is {min}"));
                    self.hint_last(format!("it is {value}"));
                }
                Some(value)
            }
            _ => self.wrong_type(key, "Number"),
        }
    }

    pub(super) fn path(&mut self, key: &str) -> Option<Path> {
        let text = self.string(key)?;
        match Path::parse(text) {
            Ok(path) => {
                self.note_variable(&path, key);
                Some(path)
            }
            Err(_) if self.is_placeholder(key) => {
                self.placeholder(key);
                None
            }
            Err(error) => {
                let problem = Diagnostic::error(SCHEMA, self.span(key), self.at(key), "Value is not a valid JSONPath");
                self.problems.push(problem.hint(error.to_string()));
                None
            }
        }
    }

    /// A path that names one place.
    pub(super) fn reference(&mut self, key: &str) -> Option<Path> {
        let path = self.path(key)?;
        if !path.is_reference() {
            self.field_problem(key, format!("Value is not a Reference Path: {}", path.text()));
            self.hint_last(REFERENCE_HINT);
        }
        Some(path)
    }

    /// A JSONPath payload template.
    pub(super) fn template(&mut self, key: &str) -> Option<Computed> {
        let node = self.node.get(key)?;
        let location = self.at(key);
        let template = Template::compile(node, &location, &mut self.problems);
        for path in template.paths() {
            self.note_variable(path, key);
        }
        Some(Computed::Template(template))
    }

    /// A JSONata field; `prefix` leads to it from the state (`Catch[0]/`).
    pub(super) fn formula(&mut self, key: &str, prefix: &str, knows: Knows, language: Language) -> Option<Computed> {
        let node = self.node.get(key).filter(|_| language == Language::Jsonata)?;
        let (location, path) = (format!("{prefix}{key}"), self.at(key));
        Some(Computed::Formula(Formula::compile(node, &location, &path, knows, &mut self.problems)))
    }

    /// A payload in the state's language.
    pub(super) fn payload(&mut self, key: &str, prefix: &str, knows: Knows, language: Language) -> Option<Computed> {
        match language {
            Language::JsonPath => self.template(key),
            Language::Jsonata => self.formula(key, prefix, knows, language),
        }
    }

    /// Whether the field is a string of the form `{% … %}`.
    pub(super) fn is_expression(&self, key: &str) -> bool {
        self.node.get(key).and_then(Node::as_str).is_some_and(|text| expression(text).is_some())
    }

    /// The expression under `key`, where the state is in JSONata and the field is one.
    pub(super) fn expression(&mut self, key: &str, language: Language) -> Option<Formula> {
        if !self.is_expression(key) {
            return None;
        }
        match self.formula(key, "", Knows::Input, language)? {
            Computed::Formula(formula) => Some(formula),
            Computed::Template(_) => None,
        }
    }

    /// `InputPath` and its like.
    pub(super) fn select(&mut self, key: &str) -> Select {
        match self.node.get(key).map(|node| &node.shape) {
            None => Select::Whole,
            Some(Shape::Null) => Select::Nothing,
            Some(Shape::String(text)) if **text == *"$" => Select::Whole,
            Some(_) => self.path(key).map_or(Select::Whole, Select::Path),
        }
    }

    /// `ResultPath`.
    pub(super) fn place(&mut self, key: &str) -> Place {
        match self.node.get(key).map(|node| &node.shape) {
            None => Place::Whole,
            Some(Shape::Null) => Place::Discard,
            Some(Shape::String(text)) => match ReferencePath::parse(text) {
                Ok(path) if path.is_root() => Place::Whole,
                Ok(path) if *path.origin() == Origin::Root => Place::At(path),
                _ => {
                    self.field_problem(key, format!("Value is not a Reference Path: {text}"));
                    self.hint_last(REFERENCE_HINT);
                    Place::Whole
                }
            },
            Some(_) => {
                self.wrong_type::<()>(key, "String");
                Place::Whole
            }
        }
    }

    /// A literal whole number under `key`, or a path under `key` + `Path`; not both.
    pub(super) fn seconds(&mut self, key: &str, min: i64, max: i64, language: Language) -> Option<Seconds> {
        let path_key = format!("{key}Path");
        self.at_most_one(&[key, &path_key]);
        if self.has(&path_key) {
            return self.reference(&path_key).map(Seconds::Path);
        }
        if let Some(formula) = self.expression(key, language) {
            return Some(Seconds::Formula(formula));
        }
        self.integer(key, min, max).map(Seconds::Literal)
    }

    /// Whether the field is text that a deployment fills in.
    pub(super) fn is_placeholder(&self, key: &str) -> bool {
        self.node.get(key).and_then(Node::as_str).is_some_and(super::stand_in::is_stand_in)
    }

    fn placeholder(&mut self, key: &str) {
        let message = format!("the field '{key}' is filled in at deployment, so that its value is unknown here");
        self.problems.push(Diagnostic::warning("placeholder", self.span(key), self.at(key), message));
    }

    fn wrong_type<T>(&mut self, key: &str, expected: &str) -> Option<T> {
        if self.is_placeholder(key) {
            self.placeholder(key);
            return None;
        }
        self.field_problem(key, format!("Expected value of type {expected}"));
        if let Some(found) = self.node.get(key) {
            let quoted = match (&found.shape, expected) {
                (Shape::String(_), "Integer" | "Number" | "Boolean") => ": write it without quotes",
                _ => "",
            };
            self.hint_last(format!("it is of type {}{quoted}", found.kind()));
        }
        None
    }
}
