//! JSONata fields while a state runs.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::rc::Rc;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3Default;

use super::Execution;
use super::context::{SiteDraws, View};
use super::failure::Failure;
use super::thread::ThreadId;
use crate::asl::{Formula, Reference};
use crate::json::{Json, Object};
use crate::query::Surroundings;
use crate::query::jsonata::{Dialect, EvaluationError, Expression, JMap, JValue, from_jvalue, to_jvalue_once};

/// What `$` is for a template, and what it is called in `$states`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Document {
    /// The state's own input, known as `$states.input` anyway.
    Input,
    Result,
    ErrorOutput,
}

/// Expressions kept per thread. Far more than any set of definitions has; a bound against endless new ones.
const COMPILED_MAX: usize = 10_000;

type Compiled = HashMap<Arc<str>, Rc<Expression>, BuildHasherDefault<Xxh3Default>>;

thread_local! {
    /// A compiled expression cannot leave its thread, so every thread compiles what it meets, once.
    static COMPILED: RefCell<Compiled> = RefCell::default();
}

impl Execution {
    /// The value of a JSONata field.
    pub(super) fn formula(
        &self,
        id: ThreadId,
        formula: &Formula,
        root: &Json,
        document: Document,
        view: View,
        draws: &mut SiteDraws,
    ) -> Result<Json, Failure> {
        // Fields nest as deep as the text they were read from, which the reader bounds.
        match formula {
            Formula::Literal(value) => Ok(value.clone()),
            Formula::Expression(reference) => self.expression(id, reference, root, document, view, draws),
            Formula::Array(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    values.push(self.formula(id, item, root, document, view, draws)?);
                }
                Ok(Json::from(values))
            }
            Formula::Object(members) => {
                let mut object = Object::with_capacity(members.len());
                for (key, member) in members {
                    object.insert(key.clone(), self.formula(id, member, root, document, view, draws)?);
                }
                Ok(Json::from(object))
            }
        }
    }

    /// An error of a field whose value is of the wrong type, or none.
    pub(super) fn typed<T>(
        &self,
        id: ThreadId,
        formula: &Formula,
        expected: &str,
        value: &Json,
        convert: impl FnOnce(&Json) -> Option<T>,
    ) -> Result<T, Failure> {
        convert(value).ok_or_else(|| {
            let kind = value.kind();
            let mismatch = format!("Expected '{expected}', but was '{kind}' for value: {value}");
            if let Formula::Expression(reference) = formula {
                let problem = format!("returned an unexpected result type. {mismatch}");
                return self.expression_failure(id, reference, &problem);
            }
            self.evaluation_failure(id, None, mismatch)
        })
    }

    fn expression(
        &self,
        id: ThreadId,
        reference: &Reference,
        root: &Json,
        document: Document,
        view: View,
        draws: &mut SiteDraws,
    ) -> Result<Json, Failure> {
        let value = compiled(&reference.source).and_then(|expression| {
            let bindings = self.bindings(id, &expression, root, document, view);
            let bindings: Vec<(&str, JValue)> = bindings.iter().map(|(name, value)| (&**name, value.clone())).collect();
            expression
                .evaluate(&JValue::Undefined, &bindings, draws)
                .map_err(|error: EvaluationError| format!("threw an error during evaluation. {}", error.message()))
        });
        let value = value.map_err(|problem| self.expression_failure(id, reference, &problem))?;
        match from_jvalue(&value) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(self.expression_failure(id, reference, "returned nothing (undefined).")),
            Err(_) => Err(self.expression_failure(id, reference, "returned an unsupported result type.")),
        }
    }

    /// The variables an expression reads, and of `$states` the members it reads.
    fn bindings(
        &self,
        id: ThreadId,
        expression: &Expression,
        root: &Json,
        document: Document,
        view: View,
    ) -> Vec<(Arc<str>, JValue)> {
        let mut bindings = Vec::new();
        for name in expression.analysis().variables() {
            if name != "states"
                && let Some(value) = view.variable(name)
            {
                bindings.push((name.as_str().into(), to_jvalue_once(&value)));
            }
        }
        let of_states =
            expression.analysis().variable_paths().iter().filter(|path| path.first().is_some_and(|n| n == "states"));
        let (mut is_read, mut reads_all, mut members) = (false, false, Vec::new());
        for path in of_states {
            is_read = true;
            match path.get(1) {
                Some(member) => members.push(member.as_str()),
                None => reads_all = true,
            }
        }
        if is_read {
            let reads = |member: &str| reads_all || members.contains(&member);
            let mut states = JMap::default();
            let mut add = |name: &str, value: JValue| {
                states.insert(name.to_owned(), value);
            };
            if reads("input") {
                add("input", to_jvalue_once(&self.thread(id).input));
            }
            if document == Document::Result && reads("result") {
                add("result", to_jvalue_once(root));
            }
            if document == Document::ErrorOutput && reads("errorOutput") {
                add("errorOutput", to_jvalue_once(root));
            }
            if reads("context") {
                add("context", context_value(&view.context(None)));
            }
            bindings.push(("states".into(), JValue::Object(Rc::new(states))));
        }
        bindings
    }

    fn expression_failure(&self, id: ThreadId, reference: &Reference, problem: &str) -> Failure {
        let Reference { source, location } = reference;
        let detail = format!("The JSONata expression '{source}' specified for the field '{location}' {problem}");
        self.evaluation_failure(id, Some(location.clone()), detail)
    }

    pub(super) fn evaluation_failure(
        &self,
        id: ThreadId,
        location: Option<Arc<str>>,
        detail: impl std::fmt::Display,
    ) -> Failure {
        let state = self.program.at(self.thread(id).state).name().clone();
        Failure::evaluation(state, location, self.sentence(id, detail))
    }
}

/// The context object; made anew for every expression, but the payloads in it are not converted anew.
fn context_value(context: &Json) -> JValue {
    let members = |object: &Json, of: &dyn Fn(&Json) -> JValue| {
        let members = object.as_object().into_iter().flat_map(Object::iter);
        JValue::Object(Rc::new(members.map(|(key, value)| (key.to_string(), of(value))).collect::<JMap>()))
    };
    // Its members have members: `Execution.Input`.
    members(context, &|member| match member {
        Json::Object(_) => members(member, &to_jvalue_once),
        other => to_jvalue_once(other),
    })
}

fn compiled(source: &Arc<str>) -> Result<Rc<Expression>, String> {
    COMPILED.with_borrow_mut(|known| {
        if let Some(expression) = known.get(source) {
            return Ok(expression.clone());
        }
        let expression = Expression::compile(source, Dialect::Aws).map(Rc::new).map_err(|error| error.to_string())?;
        if known.len() >= COMPILED_MAX {
            known.clear();
        }
        known.insert(source.clone(), expression.clone());
        Ok(expression)
    })
}
