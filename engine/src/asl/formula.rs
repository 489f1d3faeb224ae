//! JSONata fields: JSON in which every string of the form `{% … %}` is an expression.

use std::sync::Arc;

use super::fields::SCHEMA;
use crate::json::{Json, Object};
use crate::query::Template;
use crate::query::jsonata::{Dialect, Expression};
use crate::source::{Diagnostic, Node, Shape};

/// A payload in either query language.
#[derive(Debug)]
pub(crate) enum Computed {
    Template(Template),
    Formula(Formula),
}

/// A compiled JSONata field.
#[derive(Debug)]
pub(crate) enum Formula {
    Literal(Json),
    Expression(Reference),
    Array(Box<[Formula]>),
    Object(Box<[(Arc<str>, Formula)]>),
}

/// An expression that was found to be well formed.
///
/// It is kept as text: a compiled expression belongs to one thread, a program to all.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) source: Arc<str>,
    /// As AWS writes it in errors: `Output/a/b[0]`.
    pub(crate) location: Arc<str>,
}

/// Which members `$states` has, beside `input` and `context`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Knows {
    Input,
    Result,
    ErrorOutput,
}

/// The text between `{%` and `%}`.
pub(super) fn expression(text: &str) -> Option<&str> {
    Some(text.strip_prefix("{%")?.strip_suffix("%}")?.trim())
}

impl Formula {
    /// Compiles the field `location`, whose problems stand at `path`.
    pub(super) fn compile(
        node: &Node,
        location: &str,
        path: &str,
        knows: Knows,
        problems: &mut Vec<Diagnostic>,
    ) -> Formula {
        let formula = match &node.shape {
            Shape::String(text) => match expression(text) {
                Some(source) => {
                    check(source, node, path, knows, problems);
                    return Formula::Expression(Reference { source: source.into(), location: location.into() });
                }
                None => Formula::Literal(Json::from(text.clone())),
            },
            Shape::Array(items) => {
                let item = |(at, item): (usize, &Node)| {
                    let (location, path) = (format!("{location}[{at}]"), format!("{path}[{at}]"));
                    Formula::compile(item, &location, &path, knows, problems)
                };
                Formula::Array(items.iter().enumerate().map(item).collect())
            }
            Shape::Object(members) => {
                let member = |member: &crate::source::Member| {
                    let (location, path) = (format!("{location}/{}", member.key), format!("{path}/{}", member.key));
                    (member.key.clone(), Formula::compile(&member.value, &location, &path, knows, problems))
                };
                Formula::Object(members.iter().map(member).collect())
            }
            _ => Formula::Literal(node.to_json()),
        };
        formula.folded()
    }

    /// A container of literals alone becomes one literal.
    fn folded(self) -> Formula {
        let literal = |formula: &Formula| match formula {
            Formula::Literal(value) => Some(value.clone()),
            _ => None,
        };
        let folded = match &self {
            Formula::Array(items) => items.iter().map(literal).collect::<Option<Vec<_>>>().map(Json::from),
            Formula::Object(members) => {
                let members = members.iter().map(|(key, formula)| Some((key.clone(), literal(formula)?)));
                members.collect::<Option<Object>>().map(Json::from)
            }
            _ => None,
        };
        folded.map_or(self, Formula::Literal)
    }
}

fn check(source: &str, node: &Node, path: &str, knows: Knows, problems: &mut Vec<Diagnostic>) {
    let expression = match Expression::compile(source, Dialect::Aws) {
        Ok(expression) => expression,
        Err(error) => {
            let message = error.message().to_owned();
            problems.push(Diagnostic::error("INVALID_JSONATA_EXPRESSION", node.span, path, message));
            return;
        }
    };
    let mut unsupported = |message: String| {
        problems.push(Diagnostic::error("UNSUPPORTED_JSONATA_EXPRESSION", node.span, path, message));
    };
    let analysis = expression.analysis();
    for name in analysis.top_level_names() {
        unsupported(format!("Reference to '{name}' at the top level is not supported."));
    }
    if analysis.uses_context() && analysis.top_level_names().is_empty() {
        unsupported("Reference to '$' at the top level is not supported.".to_owned());
    }
    for states in analysis.variable_paths().iter().filter(|names| names.first().is_some_and(|name| name == "states")) {
        let Some(member) = states.get(1) else { continue };
        let is_known = match member.as_str() {
            "input" | "context" => true,
            "result" => knows == Knows::Result,
            "errorOutput" => knows == Knows::ErrorOutput,
            _ => false,
        };
        if !is_known {
            problems.push(Diagnostic::error(
                SCHEMA,
                node.span,
                path,
                format!("Field '$states.{member}' does not exist."),
            ));
        }
    }
}
