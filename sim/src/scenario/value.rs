use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::json::Object;
use rehearsal_engine::source::{Diagnostic, Node, Shape};

use crate::diagnostics::{Place, SourceId};
use crate::template::{MappedText, Report};

/// A value of a scenario: plain, computed, or with computed parts.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A plain value, without any expression inside.
    Literal(Json),
    /// `{% ... %}`
    Expression(Expression),
    /// A list with an expression inside.
    Array(Vec<Value>),
    /// An object with an expression inside.
    Object(Vec<(Arc<str>, Value)>),
}

/// A JSONata expression and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// The text, without the `{%` and `%}`; it knows the place of each of its bytes.
    pub text: MappedText,
    /// Where the expression stands.
    pub place: Place,
}

impl Value {
    /// The plain text, when it is one.
    pub fn as_literal_str(&self) -> Option<&str> {
        match self {
            Value::Literal(json) => json.as_str(),
            _ => None,
        }
    }

    /// Calls `visit` for every expression inside.
    pub fn each_expression<'v>(&'v self, visit: &mut impl FnMut(&'v Expression)) {
        match self {
            Value::Literal(_) => {}
            Value::Expression(expression) => visit(expression),
            Value::Array(items) => items.iter().for_each(|item| item.each_expression(visit)),
            Value::Object(members) => members.iter().for_each(|(_, value)| value.each_expression(visit)),
        }
    }
}

/// Reads values of one scenario text.
#[derive(Clone, Copy)]
pub struct Values<'n> {
    /// The scenario's text.
    pub file: &'n str,
    /// Which text it is.
    pub source: SourceId,
    /// Where problems go.
    pub report: &'n Report,
}

impl Values<'_> {
    /// A value with its expressions.
    pub fn read(self, node: &Node, path: &str) -> Value {
        match &node.shape {
            Shape::String(text) if text.trim_start().starts_with("{%") => self.expression_in_braces(node, path),
            Shape::Array(items) => {
                let items = items.iter().enumerate().map(|(index, item)| self.read(item, &format!("{path}[{index}]")));
                let items: Vec<Value> = items.collect();
                match items.iter().map(literal).collect::<Option<Vec<Json>>>() {
                    Some(plain) => Value::Literal(plain.into()),
                    None => Value::Array(items),
                }
            }
            Shape::Object(members) => {
                let members = members.iter().map(|member| {
                    let value = self.read(&member.value, &format!("{path}/{}", member.key));
                    (member.key.clone(), value)
                });
                let members: Vec<(Arc<str>, Value)> = members.collect();
                let plain = members.iter().map(|(key, value)| Some((key.clone(), literal(value)?)));
                match plain.collect::<Option<Object>>() {
                    Some(plain) => Value::Literal(plain.into()),
                    None => Value::Object(members),
                }
            }
            _ => Value::Literal(node.to_json()),
        }
    }

    /// An expression with or without `{% %}` around it, for places where nothing else can stand.
    pub fn expression(self, node: &Node, path: &str) -> Option<Expression> {
        let Some(text) = node.as_str() else {
            let message = format!("expected a JSONata expression, found {}", node.kind());
            self.report
                .push(Diagnostic::error("wrong-type", node.span, path, message).hint("put the expression in quotes"));
            return None;
        };
        let (from, to) = match inside_braces(text) {
            Some(inside) => inside,
            None => trimmed(text, 0, text.len()),
        };
        self.part(node, text, from, to, path)
    }

    fn expression_in_braces(self, node: &Node, path: &str) -> Value {
        let text = node.as_str().unwrap_or_default();
        let expression = if let Some((from, to)) = inside_braces(text) {
            self.part(node, text, from, to, path)
        } else {
            let problem = Diagnostic::error("open-expression", node.span, path, "the expression has no closing '%}'");
            self.report.push(problem.hint("end it with '%}'; text around an expression belongs inside it"));
            None
        };
        expression.map_or(Value::Literal(Json::Null), Value::Expression)
    }

    fn part(self, node: &Node, text: &str, from: usize, to: usize, path: &str) -> Option<Expression> {
        if from >= to {
            self.report.push(Diagnostic::error("empty-expression", node.span, path, "the expression is empty"));
            return None;
        }
        let whole = MappedText::of_scalar(self.file, node.span, text);
        let mut part = MappedText::default();
        part.push_part(&whole, from, to);
        Some(Expression { text: part, place: Place::new(self.source, node.span) })
    }
}

fn literal(value: &Value) -> Option<Json> {
    match value {
        Value::Literal(json) => Some(json.clone()),
        _ => None,
    }
}

/// Where the expression of `{% ... %}` stands, without blanks around it.
fn inside_braces(text: &str) -> Option<(usize, usize)> {
    let (start, end) = trimmed(text, 0, text.len());
    let inner = text.get(start..end)?.strip_prefix("{%")?.strip_suffix("%}")?;
    Some(trimmed(text, start + 2, start + 2 + inner.len()))
}

fn trimmed(text: &str, from: usize, to: usize) -> (usize, usize) {
    let part = text.get(from..to).unwrap_or_default();
    let start = from + part.len() - part.trim_start().len();
    (start, start + part.trim().len())
}
