//! The linter: everything that can be said about a definition before it runs.
//!
//! What AWS refuses at creation, and what can never work, is an error; what AWS accepts and then fails, waits for ever or
//! does twice is a warning. The compiler ([`crate::asl`]) reports the first kind while it compiles; the rules here add what
//! only a look at the whole shows. They read the spanned tree itself, so that they work on definitions that do not compile
//! and every problem is told at once. One file is one subject, and each rule a function from the `Machine` to problems.
//!
//! Nothing here reads files or prints. Callers: `rehearsal lint`, the scenario loader, the fuzzer.

mod calls;
mod context;
mod data;
mod errors;
mod expressions;
mod flow;
mod idempotency;
mod machine;
mod tasks;
mod variables;

use crate::asl::Program;
use crate::execution::WorkflowType;
use crate::source::{Diagnostic, Node, Severity, Span, read_json};
use machine::Machine;

/// AWS: the largest definition, in bytes.
pub const DEFINITION_BYTES_MAX: usize = 1 << 20;

/// Everything there is to say about a definition's text in JSON, in the order of the text.
pub fn lint_text(text: &str, workflow_type: WorkflowType) -> Vec<Diagnostic> {
    if let Some(problem) = too_large(text.len()) {
        return vec![problem];
    }
    if text.trim().is_empty() {
        return Program::compile(text).err().unwrap_or_default();
    }
    match read_json(text) {
        Ok(node) => lint(&node, workflow_type),
        Err(problem) => vec![problem],
    }
}

/// Everything there is to say about a definition that was read elsewhere, in the order of the text.
pub fn lint(node: &Node, workflow_type: WorkflowType) -> Vec<Diagnostic> {
    let mut problems = Program::problems_of(node);
    if problems.iter().any(|problem| problem.code == "definition-too-large") {
        return problems;
    }
    let machine = Machine::of(node);
    for rule in [
        flow::check,
        data::check,
        errors::check,
        tasks::check,
        idempotency::check,
        variables::check,
        context::check,
        calls::check,
        machine::repeated_keys,
    ] {
        rule(&machine, &mut problems);
    }
    if workflow_type == WorkflowType::Express {
        tasks::check_express(&machine, &mut problems);
    }
    problems.sort_by_key(|problem| (problem.span.start, problem.severity != Severity::Error));
    problems.dedup();
    problems
}

/// The problem of a definition of more bytes than AWS takes.
pub fn too_large(bytes: usize) -> Option<Diagnostic> {
    (bytes > DEFINITION_BYTES_MAX).then(|| {
        let message = format!("the definition has {bytes} bytes; at most {DEFINITION_BYTES_MAX} are allowed");
        Diagnostic::error("definition-too-large", Span::default(), "", message)
            .hint("move parts of it into state machines of their own and start those with states:startExecution.sync:2")
    })
}

#[cfg(test)]
mod tests;
