//! Where a state reads: every path, intrinsic call and JSONata expression that stands in its fields.

use std::sync::Arc;

use crate::query::jsonata::{Analysis, Dialect, Expression};
use crate::query::{Intrinsic, Origin, Path};
use crate::source::{Node, Shape};

/// Fields of a JSONPath state that are payload templates.
const TEMPLATES: [&str; 6] = ["Parameters", "ResultSelector", "ItemSelector", "Assign", "Credentials", "BatchInput"];

/// Fields that hold states of other scopes, or values that are never evaluated.
const SKIPPED: [&str; 5] = ["Branches", "ItemProcessor", "Iterator", "Result", "Comment"];

/// One place of a state that something is computed at.
pub(super) struct Written<'n> {
    pub(super) node: &'n Node,
    /// `/States/Charge/Parameters`; in JSONata down to the value.
    pub(super) location: String,
    /// The field of the state it belongs to: `Parameters`, `Catch`.
    pub(super) field: &'n str,
    pub(super) what: What,
}

pub(super) enum What {
    Path(Path),
    Call(Intrinsic),
    Jsonata(Box<Jsonata>),
}

pub(super) struct Jsonata {
    pub(super) analysis: Analysis,
    /// The functions it calls that neither JSONata nor AWS has.
    pub(super) unknown_functions: Vec<String>,
}

/// All of them that can be read; the compiler reports those that cannot.
pub(super) fn written<'n>(state: &'n Node, location: &str, is_jsonata: bool) -> Vec<Written<'n>> {
    let mut found = Vec::new();
    for member in state.members() {
        if SKIPPED.contains(&&*member.key) {
            continue;
        }
        let mut walk = Walk { field: &member.key, is_jsonata, found: &mut found };
        walk.member(&member.key, &member.value, location);
    }
    found
}

/// The text between `{%` and `%}`.
pub(super) fn jsonata_source(text: &str) -> Option<&str> {
    Some(text.strip_prefix("{%")?.strip_suffix("%}")?.trim())
}

struct Walk<'n, 'f> {
    field: &'n str,
    is_jsonata: bool,
    found: &'f mut Vec<Written<'n>>,
}

impl<'n> Walk<'n, '_> {
    fn member(&mut self, key: &str, node: &'n Node, location: &str) {
        let location = format!("{location}/{key}");
        if self.is_jsonata {
            self.jsonata(node, &location);
        } else if TEMPLATES.contains(&key) {
            self.template(node, &location);
        } else if key == "Variable" || key.ends_with("Path") {
            self.expression(node, &location);
        } else {
            self.inside(node, &location);
        }
    }

    /// A payload template: what keys that end in `.$` hold. Text inside arrays is never evaluated.
    fn template(&mut self, node: &'n Node, location: &str) {
        for member in node.members() {
            let location = format!("{location}/{}", member.key);
            if member.key.ends_with(".$") {
                self.expression(&member.value, &location);
            } else {
                self.template(&member.value, &location);
            }
        }
        for (at, item) in node.as_array().unwrap_or_default().iter().enumerate() {
            self.template(item, &format!("{location}[{at}]"));
        }
    }

    fn expression(&mut self, node: &'n Node, location: &str) {
        let Some(text) = node.as_str() else { return };
        let what = match text.starts_with('$') {
            true => Path::parse(text).ok().map(What::Path),
            false => Intrinsic::parse(text).ok().map(What::Call),
        };
        let location = location.to_owned();
        self.found.extend(what.map(|what| Written { node, location, field: self.field, what }));
    }

    fn inside(&mut self, node: &'n Node, location: &str) {
        match &node.shape {
            Shape::Object(members) => {
                for member in members {
                    self.member(&member.key, &member.value, location);
                }
            }
            Shape::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.inside(item, &format!("{location}[{at}]"));
                }
            }
            _ => {}
        }
    }

    fn jsonata(&mut self, node: &'n Node, location: &str) {
        match &node.shape {
            Shape::String(text) => {
                let Some(source) = jsonata_source(text) else { return };
                let Ok(expression) = Expression::compile(source, Dialect::Aws) else { return };
                let analysis = expression.analysis().clone();
                let mut unknown_functions = expression.unknown_functions(&[]);
                // AWS: JSONata has it, Step Functions does not.
                unknown_functions.extend(analysis.functions().get("eval").cloned());
                let what = What::Jsonata(Box::new(Jsonata { analysis, unknown_functions }));
                self.found.push(Written { node, location: location.to_owned(), field: self.field, what });
            }
            Shape::Object(members) => {
                for member in members {
                    self.jsonata(&member.value, &format!("{location}/{}", member.key));
                }
            }
            Shape::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.jsonata(item, &format!("{location}[{at}]"));
                }
            }
            _ => {}
        }
    }
}

impl Written<'_> {
    /// The paths of a JSONPath field, those in intrinsic calls included.
    fn paths(&self) -> Vec<&Path> {
        match &self.what {
            What::Path(path) => vec![path],
            What::Call(call) => call.paths(),
            What::Jsonata(_) => Vec::new(),
        }
    }

    /// The variables that are read, without `$`; `states` is none.
    pub(super) fn variables(&self) -> Vec<Arc<str>> {
        if let What::Jsonata(jsonata) = &self.what {
            let names = jsonata.analysis.variables().iter().filter(|name| *name != "states");
            return names.map(|name| Arc::from(name.as_str())).collect();
        }
        let name = |path: &Path| match path.origin() {
            Origin::Variable(name) => Some(name.clone()),
            Origin::Root | Origin::Context => None,
        };
        self.paths().into_iter().filter_map(name).collect()
    }

    /// What is read of the context object, as the names that follow directly: `["Task", "Token"]`; empty for all of it.
    pub(super) fn context_reads(&self) -> Vec<Vec<&str>> {
        if let What::Jsonata(jsonata) = &self.what {
            let paths = jsonata.analysis.variable_paths().iter();
            let names = paths.filter_map(|path| match path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["states"] => Some(Vec::new()),
                ["states", "context", ref rest @ ..] => Some(rest.to_vec()),
                _ => None,
            });
            return names.collect();
        }
        let context = self.paths().into_iter().filter(|path| *path.origin() == Origin::Context);
        context.map(|path| path.leading_names().collect()).collect()
    }
}
