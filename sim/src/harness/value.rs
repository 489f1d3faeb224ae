use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::json::Object;
use rehearsal_engine::query::jsonata::{Dialect, Expression, Host, JValue, from_jvalue};
use rehearsal_engine::source::{Diagnostic, Span};

use crate::diagnostics::Problem;
use crate::handlers::HostError;
use crate::scenario::{self, Value};
use crate::template::suggestion_hint;

/// A value of a scenario file with its expressions compiled.
pub(super) enum CompiledValue {
    Literal(Json),
    Expression(Box<Expression>),
    Array(Vec<CompiledValue>),
    Object(Vec<(Arc<str>, CompiledValue)>),
}

/// What an expression may use besides the language.
pub(super) struct Scope<'s> {
    /// Functions, without `$`.
    pub functions: &'s [&'s str],
    /// Variables, without `$`.
    pub variables: &'s [&'s str],
}

impl CompiledValue {
    pub(super) fn compile(value: &Value) -> Result<CompiledValue, HostError> {
        Ok(match value {
            Value::Literal(json) => CompiledValue::Literal(json.clone()),
            Value::Expression(written) => {
                let text = written.text.as_str();
                let expression = Expression::compile(text, Dialect::Scenario)
                    .map_err(|error| HostError(format!("the expression '{text}' does not parse: {error}")))?;
                CompiledValue::Expression(Box::new(expression))
            }
            Value::Array(items) => {
                CompiledValue::Array(items.iter().map(CompiledValue::compile).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let members = members.iter().map(|(key, value)| Ok((key.clone(), CompiledValue::compile(value)?)));
                CompiledValue::Object(members.collect::<Result<_, HostError>>()?)
            }
        })
    }

    pub(super) fn evaluate(&self, bindings: &[(&str, JValue)], host: &mut dyn Host) -> Result<Json, String> {
        self.evaluate_on(&JValue::Null, bindings, host)
    }

    /// The same for expressions that read the world's state.
    pub(super) fn evaluate_on(
        &self,
        state: &JValue,
        bindings: &[(&str, JValue)],
        host: &mut dyn Host,
    ) -> Result<Json, String> {
        match self {
            CompiledValue::Literal(value) => Ok(value.clone()),
            CompiledValue::Expression(expression) => {
                let text = || shortened(expression.source());
                let value = expression
                    .evaluate(state, bindings, host)
                    .map_err(|error| format!("the expression '{}' fails: {error}", text()))?;
                let json = from_jvalue(&value)
                    .map_err(|error| format!("the expression '{}' gives no JSON: {error}", text()))?;
                Ok(json.unwrap_or_default())
            }
            CompiledValue::Array(items) => {
                let items = items.iter().map(|item| item.evaluate_on(state, bindings, host));
                Ok(Json::from(items.collect::<Result<Vec<_>, _>>()?))
            }
            CompiledValue::Object(members) => {
                let mut object = Object::default();
                for (key, value) in members {
                    object.insert(key.clone(), value.evaluate_on(state, bindings, host)?);
                }
                Ok(Json::from(object))
            }
        }
    }

    pub(super) fn text(&self, bindings: &[(&str, JValue)], host: &mut dyn Host) -> Result<Arc<str>, String> {
        as_text(self.evaluate(bindings, host)?)
    }

    /// Calls `visit` for every expression inside.
    pub(super) fn each_expression<'v>(&'v self, visit: &mut impl FnMut(&'v Expression)) {
        match self {
            CompiledValue::Literal(_) => {}
            CompiledValue::Expression(expression) => visit(expression),
            CompiledValue::Array(items) => items.iter().for_each(|item| item.each_expression(visit)),
            CompiledValue::Object(members) => members.iter().for_each(|(_, value)| value.each_expression(visit)),
        }
    }
}

/// The text that a value has to be.
pub(super) fn as_text(value: Json) -> Result<Arc<str>, String> {
    match value {
        Json::String(text) => Ok(text),
        other => Err(format!("a text is needed where there is {}", shortened(&other.to_string()))),
    }
}

/// Finds every problem of the expressions in `value`.
pub(super) fn check(value: &Value, path: &str, scope: &Scope<'_>, problems: &mut Vec<Problem>) {
    value.each_expression(&mut |written| check_expression(written, path, scope, problems));
}

fn check_expression(written: &scenario::Expression, path: &str, scope: &Scope<'_>, problems: &mut Vec<Problem>) {
    let mut report = |span, code, message, hint| {
        let mut diagnostic = Diagnostic::error(code, span, path, message);
        diagnostic.hint = hint;
        problems.push(Problem::new(written.place.source, diagnostic));
    };
    let expression = match Expression::compile(written.text.as_str(), Dialect::Scenario) {
        Ok(expression) => expression,
        Err(error) => {
            let span = written.text.place(Span::new(error.at(), error.at() + 1));
            report(span, "expression-syntax", format!("the expression does not parse: {error}"), None);
            return;
        }
    };
    for function in expression.unknown_functions(scope.functions) {
        let hint = suggestion_hint(&function, scope.functions.iter().copied());
        report(place_of(written, &function), "unknown-function", format!("there is no function '${function}'"), hint);
    }
    for variable in expression.analysis().variables() {
        if !scope.variables.contains(&variable.as_str()) {
            let message = format!("there is no variable '${variable}'");
            let hint = suggestion_hint(variable, scope.variables.iter().copied());
            report(place_of(written, variable), "unknown-variable", message, hint);
        }
    }
}

/// Where `$name` stands in an expression; the whole expression when it is not found as such.
pub(super) fn place_of(written: &scenario::Expression, name: &str) -> Span {
    let text = written.text.as_str();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let ends = |at: usize| !text[at + name.len()..].starts_with(is_word);
    let begins = |at: usize| !text[..at].ends_with(is_word);
    match text.match_indices(name).map(|(at, _)| at).find(|at| begins(*at) && ends(*at)) {
        Some(at) => written.text.place(Span::new(at, at + name.len())),
        None => written.place.span,
    }
}

const TEXT_CHARS_MAX: usize = 120;

/// The first line of a text, not too much of it.
pub(super) fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TEXT_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}
