use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use rehearsal_engine::source::{Diagnostic, Node, Shape, Span};

use super::suggest;

/// What readers of a tree find wrong, and what others found wrong before them.
#[derive(Debug, Default)]
pub struct Report {
    problems: RefCell<Vec<Diagnostic>>,
    /// Paths whose values could not be had, which was reported: nobody shall complain that they are missing.
    failed: BTreeSet<String>,
}

impl Report {
    /// A report of a tree in which the values at `failed` are missing for known reasons.
    pub fn with_failed(failed: BTreeSet<String>) -> Report {
        Report { problems: RefCell::default(), failed }
    }

    /// Adds a problem.
    pub fn push(&self, problem: Diagnostic) {
        self.problems.borrow_mut().push(problem);
    }

    /// What was found.
    pub fn into_problems(self) -> Vec<Diagnostic> {
        self.problems.into_inner()
    }
}

/// An object of a resolved tree, read member by member; what is wrong goes into the report, and the answer is `None`.
#[derive(Clone, Debug)]
pub struct Fields<'n> {
    /// The object.
    pub node: &'n Node,
    /// Where it is in the document: `/Resources/Pay/Properties`.
    pub path: String,
    report: &'n Report,
}

impl<'n> Fields<'n> {
    /// The members of `node`, which must be an object.
    pub fn of(node: &'n Node, path: impl Into<String>, report: &'n Report) -> Option<Fields<'n>> {
        let path = path.into();
        if node.as_object().is_none() {
            report.push(wrong_type(node, &path, "an object"));
            return None;
        }
        Some(Fields { node, path, report })
    }

    /// The value of `key`; `null` counts as absent.
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.node.get(key).filter(|value| value.shape != Shape::Null)
    }

    /// The value of `key`, which must be there.
    pub fn required(&self, key: &str) -> Option<&'n Node> {
        let value = self.get(key);
        if value.is_none() && !self.is_failed(key) {
            let message = format!("the property '{key}' is missing");
            let problem = Diagnostic::error("missing-property", self.node.span, self.path.clone(), message);
            self.report.push(problem.hint(format!("add '{key}: ...' here")));
        }
        value
    }

    /// Whether `key` is missing because its value could not be had, which was reported.
    pub fn is_failed(&self, key: &str) -> bool {
        self.report.failed.contains(&self.path_of(key))
    }

    /// A text; numbers and booleans become text, as CloudFormation does it.
    pub fn text(&self, key: &str) -> Option<Arc<str>> {
        self.text_of(self.get(key)?, key)
    }

    /// A text that must be there.
    pub fn required_text(&self, key: &str) -> Option<Arc<str>> {
        self.text_of(self.required(key)?, key)
    }

    /// A whole number in `range`; digits in quotes count.
    pub fn integer(&self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let node = self.get(key)?;
        let number = match &node.shape {
            Shape::Number(number) => number.as_u64(),
            Shape::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if range.contains(&number) => Some(number),
            _ => {
                let wanted = format!("a whole number from {} to {}", range.start(), range.end());
                self.report.push(wrong_value(node, &self.path_of(key), &wanted));
                None
            }
        }
    }

    /// A boolean; `"true"` and `"false"` count.
    pub fn boolean(&self, key: &str) -> Option<bool> {
        let node = self.get(key)?;
        match &node.shape {
            Shape::Bool(value) => Some(*value),
            Shape::String(text) if **text == *"true" => Some(true),
            Shape::String(text) if **text == *"false" => Some(false),
            _ => {
                self.report.push(wrong_value(node, &self.path_of(key), "true or false"));
                None
            }
        }
    }

    /// One of `words`.
    pub fn one_of(&self, key: &str, words: &[&'static str]) -> Option<&'static str> {
        let text = self.text(key)?;
        let found = words.iter().copied().find(|word| **word == *text);
        if found.is_none() {
            let message = format!("the property '{key}' is '{text}'");
            let mut problem = Diagnostic::error("invalid-value", self.value_span(key), self.path_of(key), message);
            problem.hint = Some(format!("write one of {}", words.join(", ")));
            self.report.push(problem);
        }
        found
    }

    /// The items of a list, each with its path; a single value counts as a list of one only where `lenient` says so.
    pub fn items(&self, key: &str) -> Vec<(&'n Node, String)> {
        let Some(node) = self.get(key) else { return Vec::new() };
        let path = self.path_of(key);
        let Some(items) = node.as_array() else {
            self.report.push(wrong_type(node, &path, "a list"));
            return Vec::new();
        };
        items.iter().enumerate().map(|(index, item)| (item, format!("{path}[{index}]"))).collect()
    }

    /// The objects of a list.
    pub fn objects(&self, key: &str) -> Vec<Fields<'n>> {
        self.items(key).into_iter().filter_map(|(item, path)| Fields::of(item, path, self.report)).collect()
    }

    /// The texts of a list.
    pub fn texts(&self, key: &str) -> Vec<Arc<str>> {
        let items = self.items(key).into_iter();
        let texts = items.filter_map(|(item, path)| {
            let text = scalar_text(item);
            if text.is_none() {
                self.report.push(wrong_type(item, &path, "a string"));
            }
            text
        });
        texts.collect()
    }

    /// An object inside.
    pub fn object(&self, key: &str) -> Option<Fields<'n>> {
        Fields::of(self.get(key)?, self.path_of(key), self.report)
    }

    /// Complains about members other than `known`.
    pub fn only(&self, known: &[&str]) {
        for member in self.node.members() {
            if known.contains(&&*member.key) {
                continue;
            }
            let near = suggest::nearest(&member.key, known.iter().copied());
            let message = format!("the property '{}' is not known here", member.key);
            let path = self.path_of(&member.key);
            // Without a likely misspelling it may be a property newer than this list.
            let problem = match near {
                Some(near) => Diagnostic::error("unknown-property", member.key_span, path, message)
                    .hint(format!("did you mean '{near}'?")),
                None => Diagnostic::warning("unknown-property", member.key_span, path, message)
                    .hint("it is ignored; check its spelling"),
            };
            self.report.push(problem);
        }
    }

    /// Complains about members other than `known`, however they are called.
    pub fn only_strictly(&self, known: &[&str]) {
        for member in self.node.members().iter().filter(|member| !known.contains(&&*member.key)) {
            let message = format!("'{}' means nothing here", member.key);
            let path = self.path_of(&member.key);
            let mut problem = Diagnostic::error("unknown-key", member.key_span, path, message);
            problem.hint = suggest::hint(&member.key, known.iter().copied());
            self.report.push(problem);
        }
    }

    /// Complains about `key`.
    pub fn error(&self, key: &str, code: &'static str, message: impl Into<String>, hint: &str) {
        let problem = Diagnostic::error(code, self.value_span(key), self.path_of(key), message);
        self.report.push(if hint.is_empty() { problem } else { problem.hint(hint) });
    }

    /// Warns about `key`.
    pub fn warn(&self, key: &str, code: &'static str, message: impl Into<String>, hint: &str) {
        let problem = Diagnostic::warning(code, self.value_span(key), self.path_of(key), message);
        self.report.push(problem.hint(hint));
    }

    /// The path of `key`.
    pub fn path_of(&self, key: &str) -> String {
        format!("{}/{key}", self.path)
    }

    /// Where problems go.
    pub fn report(&self) -> &'n Report {
        self.report
    }

    fn value_span(&self, key: &str) -> Span {
        self.node.get(key).map_or(self.node.span, |value| value.span)
    }

    fn text_of(&self, node: &Node, key: &str) -> Option<Arc<str>> {
        let text = scalar_text(node);
        if text.is_none() {
            self.report.push(wrong_type(node, &self.path_of(key), "a string"));
        }
        text
    }
}

/// The text of a scalar: CloudFormation turns numbers and booleans into strings where a string is wanted.
pub fn scalar_text(node: &Node) -> Option<Arc<str>> {
    match &node.shape {
        Shape::String(text) => Some(text.clone()),
        Shape::Number(number) => Some(number.to_string().into()),
        Shape::Bool(value) => Some(if *value { "true" } else { "false" }.into()),
        Shape::Null | Shape::Array(_) | Shape::Object(_) => None,
    }
}

/// `expected a string, found an object`
pub fn wrong_type(node: &Node, path: &str, wanted: &str) -> Diagnostic {
    let found = match node.kind() {
        kind @ ("array" | "object") => format!("an {kind}"),
        "null" => "nothing".to_owned(),
        kind => format!("a {kind}"),
    };
    Diagnostic::error("wrong-type", node.span, path, format!("expected {wanted}, found {found}"))
}

fn wrong_value(node: &Node, path: &str, wanted: &str) -> Diagnostic {
    match scalar_text(node) {
        Some(text) => Diagnostic::error("invalid-value", node.span, path, format!("expected {wanted}, found '{text}'")),
        None => wrong_type(node, path, wanted),
    }
}
