use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;
use rehearsal_engine::source::{Diagnostic, Node, Shape, Span};

use super::fields::{Fields, Report, scalar_text};
use super::{ParameterValue, suggest};
use crate::diagnostics::{Place, Problem, SourceId};

/// Values of a template's parameters; `None` for one that has no usable value, which is reported.
pub type Values = BTreeMap<Arc<str>, Option<Node>>;

const KNOWN: [&str; 12] = [
    "Type",
    "Default",
    "AllowedValues",
    "AllowedPattern",
    "MinLength",
    "MaxLength",
    "MinValue",
    "MaxValue",
    "NoEcho",
    "ConstraintDescription",
    "Description",
    "Label",
];

/// Takes each parameter's value from `given` or from its default, and checks it.
pub fn values(
    section: Option<&Node>,
    given: &BTreeMap<String, ParameterValue>,
    source: SourceId,
    problems: &mut Vec<Problem>,
) -> Values {
    let report = Report::default();
    let mut values = Values::new();
    let declared = section.and_then(|section| Fields::of(section, "/Parameters", &report));
    let members = declared.as_ref().map(|fields| fields.node.members()).unwrap_or_default();
    for member in members {
        let path = format!("/Parameters/{}", member.key);
        let Some(fields) = Fields::of(&member.value, path, &report) else {
            values.insert(member.key.clone(), None);
            continue;
        };
        fields.only(&KNOWN);
        let parameter = Parameter { name: &member.key, span: member.key_span, fields: &fields };
        let value = parameter.value(given.get(&*member.key), source, problems);
        values.insert(member.key.clone(), value);
    }
    for (name, value) in given {
        if !values.contains_key(name.as_str()) {
            let message = format!("the template has no parameter '{name}'");
            let mut problem = Diagnostic::error("unknown-parameter", value.place.span, "", message);
            problem.hint = suggest::hint(name, values.keys().map(|name| &**name));
            problems.push(Problem::new(value.place.source, problem));
        }
    }
    problems.extend(report.into_problems().into_iter().map(|problem| Problem::new(source, problem)));
    values
}

struct Parameter<'a> {
    name: &'a str,
    span: Span,
    fields: &'a Fields<'a>,
}

impl Parameter<'_> {
    fn value(&self, given: Option<&ParameterValue>, source: SourceId, problems: &mut Vec<Problem>) -> Option<Node> {
        let declared_type = self.fields.required_text("Type")?;
        let mut complain = |place: Place, message: String, hint: String| {
            let problem = Diagnostic::error("invalid-parameter", place.span, self.fields.path.clone(), message);
            problems.push(Problem::new(place.source, problem.hint(hint)));
        };
        let default = self.fields.node.member("Default");
        let (node, place) = match (given, default) {
            (Some(given), _) => (&given.value, given.place),
            (None, Some(default)) => (&default.value, Place::new(source, default.value.span)),
            (None, None) => {
                // AWS: the wording of CloudFormation.
                let message = format!("parameters: [{}] must have values", self.name);
                let hint = format!("give it under 'parameters:' in the scenario, or add a Default to '{}'", self.name);
                complain(Place::new(source, self.span), message, hint);
                return None;
            }
        };
        if declared_type.starts_with("AWS::SSM::Parameter::Value") && given.is_none() {
            let message =
                format!("the value of '{}' is kept in the parameter store, which is not simulated", self.name);
            let hint = format!("give the value of '{}' itself under 'parameters:' in the scenario", self.name);
            complain(place, message, hint);
            return None;
        }
        let Some(texts) = texts(node) else {
            complain(
                place,
                format!("the value of '{}' must be a text or a list of texts", self.name),
                "write it as one text".into(),
            );
            return None;
        };
        let is_list = declared_type.starts_with("List<") || declared_type.contains("List");
        let items: Vec<String> = match (is_list, node.as_array()) {
            (true, None) => texts.iter().flat_map(|text| text.split(',')).map(|item| item.trim().to_owned()).collect(),
            _ => texts,
        };
        if !is_list && items.len() != 1 {
            let message = format!("'{}' is no list type, but its value is a list", self.name);
            complain(place, message, "declare it as CommaDelimitedList".into());
            return None;
        }
        let mut usable = true;
        for item in &items {
            if let Some(reason) = self.refusal(item, &declared_type) {
                let message = match self.fields.text("ConstraintDescription") {
                    Some(description) => format!("parameter '{}' must {description}", self.name),
                    None => format!("parameter '{}' {reason}", self.name),
                };
                complain(place, message, format!("the value is '{item}'"));
                usable = false;
            }
        }
        let text_node = |text: &String| Node::new(self.span, Shape::String(text.as_str().into()));
        let value = match items.as_slice() {
            [item] if !is_list => text_node(item),
            items => Node::new(self.span, Shape::Array(items.iter().map(text_node).collect())),
        };
        usable.then_some(value)
    }

    /// Why a value breaks the parameter's constraints.
    fn refusal(&self, value: &str, declared_type: &str) -> Option<String> {
        let fields = self.fields;
        if declared_type.contains("Number") && value.parse::<f64>().is_err() {
            return Some("must be a number".to_owned());
        }
        let allowed = fields.texts("AllowedValues");
        if !allowed.is_empty() && !allowed.iter().any(|one| **one == *value) {
            return Some(format!("must be one of AllowedValues: {}", allowed.join(", ")));
        }
        let length = value.chars().count() as u64;
        if fields.integer("MinLength", 0..=u64::MAX).is_some_and(|least| length < least) {
            return Some("must contain at least MinLength characters".to_owned());
        }
        if fields.integer("MaxLength", 0..=u64::MAX).is_some_and(|most| length > most) {
            return Some("must contain at most MaxLength characters".to_owned());
        }
        let bound = |key: &str| fields.text(key).and_then(|text| text.parse::<f64>().ok());
        if let Ok(number) = value.parse::<f64>() {
            if bound("MinValue").is_some_and(|least| number < least) {
                return Some("must be a number not less than MinValue".to_owned());
            }
            if bound("MaxValue").is_some_and(|most| number > most) {
                return Some("must be a number not greater than MaxValue".to_owned());
            }
        }
        let pattern = fields.text("AllowedPattern")?;
        if let Ok(regex) = Regex::new(&format!("^(?:{pattern})$")) {
            (!regex.is_match(value)).then(|| format!("must match pattern {pattern}"))
        } else {
            let hint = "it is not checked: only regular expressions without look-around and back references are";
            fields.warn("AllowedPattern", "unsupported-pattern", "the pattern is not understood", hint);
            None
        }
    }
}

fn texts(node: &Node) -> Option<Vec<String>> {
    match node.as_array() {
        Some(items) => items.iter().map(|item| scalar_text(item).map(|text| (*text).to_owned())).collect(),
        None => scalar_text(node).map(|text| vec![(*text).to_owned()]),
    }
}
