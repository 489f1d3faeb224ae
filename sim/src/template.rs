//! CloudFormation and SAM templates: from the file a user deploys to a typed [`Stack`].
//!
//! [`yaml`] reads the text, `sam` writes the serverless forms out, `parameters` and `resolver` turn intrinsic functions into
//! plain values, `resources` types what is simulated. Every problem of the file is reported, each at its place. What the
//! definitions and patterns inside mean is for the engine; running them is for the world. The scenario reader and
//! `rehearsal lint` call this.

mod fields;
mod names;
mod parameters;
mod resolver;
mod resources;
mod sam;
mod sections;
pub mod stack;
mod suggest;
mod text;
pub mod yaml;

use std::collections::BTreeMap;

use rehearsal_engine::source::{Diagnostic, Node, Span};

use crate::diagnostics::{Place, Problem, SourceId, Sources};

pub(crate) use fields::{Fields, Report, scalar_text, wrong_type};
pub(crate) use suggest::hint as suggestion_hint;

pub use stack::Stack;
pub use text::MappedText;

use stack::Environment;

/// What a template is deployed with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `AWS::StackName`
    pub stack_name: String,
    /// Account, region, partition.
    pub environment: Environment,
    /// Values of parameters, with where they were given.
    pub parameters: BTreeMap<String, ParameterValue>,
    /// Values for `Fn::ImportValue`.
    pub imports: BTreeMap<String, String>,
}

/// The value of a parameter, given outside of the template.
#[derive(Clone, Debug)]
pub struct ParameterValue {
    /// A scalar, or a list of them for the list types.
    pub value: Node,
    /// Where it was given.
    pub place: Place,
}

impl Settings {
    /// A stack of this name in the default environment, without parameters.
    pub fn named(stack_name: &str) -> Settings {
        Settings {
            stack_name: stack_name.to_owned(),
            environment: Environment::default(),
            parameters: BTreeMap::new(),
            imports: BTreeMap::new(),
        }
    }
}

/// Reads a file beside the template; the error is a sentence.
pub type ReadFile<'f> = &'f dyn Fn(&str) -> Result<String, String>;

/// Reads the template in `sources[source]`. Files that it names are read with `read_file` and added to the sources.
///
/// The stack is there whenever the template has one at all; it can be used only if no problem is an error.
pub fn read_template(
    sources: &mut Sources,
    source: SourceId,
    settings: &Settings,
    read_file: ReadFile<'_>,
) -> (Option<Stack>, Vec<Problem>) {
    let Some(file) = sources.get(source).cloned() else { return (None, Vec::new()) };
    let (root, diagnostics) = yaml::read_file(&file.name, &file.text, yaml::Dialect::CloudFormation);
    let mut problems: Vec<Problem> = diagnostics.into_iter().map(|problem| Problem::new(source, problem)).collect();
    let stack = root.map(|root| {
        let (root, found) = sam::expand(root);
        problems.extend(found.into_iter().map(|problem| Problem::new(source, problem)));
        let mut reading =
            sections::Reading { sources, source, file: &file.text, settings, read_file, problems: Vec::new() };
        let stack = reading.stack(&root);
        problems.append(&mut reading.problems);
        stack
    });
    if stack.is_none() && problems.is_empty() {
        // Nothing but blanks and comments: nobody is refused without a reason.
        let problem = Diagnostic::error("empty-file", Span::new(0, 0), "", "the file is empty");
        problems.push(Problem::new(source, problem.hint("a template needs at least Resources")));
    }
    sort(&mut problems);
    (stack, problems)
}

/// Problems in the order of their places; the same problem at the same place counts once.
fn sort(problems: &mut Vec<Problem>) {
    let key = |problem: &Problem| {
        let Diagnostic { span, code, .. } = problem.diagnostic;
        (problem.source, span.start, code)
    };
    problems.sort_by_key(key);
    problems.dedup();
}

#[cfg(test)]
pub(crate) use sam::tests::{FLOW as SAM_FLOW, SHOP as SAM_SHOP};

#[cfg(test)]
mod tests;
