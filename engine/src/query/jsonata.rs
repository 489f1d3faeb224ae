//! JSONata over the crate `jsonata-core`: compile, evaluate within bounds, and say what an expression reads.
//!
//! Two users: JSONata states ([`Dialect::Aws`]) and the invariants and workload expressions of a scenario
//! ([`Dialect::Scenario`]). Values are the evaluator's own [`JValue`], so that a caller can keep a mirror of its data in
//! that type; [`to_jvalue`] and [`from_jvalue`] convert. They are counted without locks (`Rc`), so that an [`Expression`]
//! stays on the thread that compiled it.
//!
//! Nothing here reads a clock or draws by itself: `$now`, `$random` and their like, and the functions of the caller, ask
//! the [`Host`]. Bounds are counted: nesting and the length of sequences by the evaluator, calls and inner loops by calls
//! to a counter that are put into the syntax tree (`budget`). The evaluator's own time limit (`timeout_ms`) reads the real clock and is not used.
//! What is not bounded is the length of a string that an expression builds by doubling.
//!
//! With bindings or a host the tree is walked; without both, the evaluator's bytecode runs, which is several times faster.

mod analysis;
mod aws;
mod budget;
mod builtins;
mod convert;
mod error;
mod evaluate;
mod tree;

use jsonata_core::ast::AstNode;

pub use analysis::{Analysis, Reads};
pub use convert::{NotJson, from_jvalue, to_jvalue, to_jvalue_once};
pub use error::{CompileError, EvaluationError, EvaluationProblem};
pub use evaluate::{Host, NoHost};
pub use jsonata_core::evaluator::EvaluatorOptions;
pub use jsonata_core::value::JMap;
pub use jsonata_core::value::JValue;

/// Longest expression that is compiled; a definition is at most 1 MiB, and nobody writes one this long by hand.
pub const SOURCE_BYTES_MAX: usize = 262_144;

/// Whose JSONata an expression is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The language as its authors define it.
    Plain,
    /// What Step Functions evaluates: its own functions and limits, no `$eval`, no `??` and `?:`.
    Aws,
    /// Scenario files: the language without `$eval`, so that what an expression reads can be known.
    Scenario,
}

/// A compiled expression.
pub struct Expression {
    source: String,
    dialect: Dialect,
    program: jsonata_core::Expression,
    analysis: Analysis,
    /// Whether it calls anything that is registered for each evaluation.
    needs_functions: bool,
}

impl Expression {
    /// Compiles an expression (without the `{%` and `%}` around it).
    pub fn compile(source: &str, dialect: Dialect) -> Result<Expression, CompileError> {
        if source.len() > SOURCE_BYTES_MAX {
            let message = format!("the expression is longer than {SOURCE_BYTES_MAX} bytes");
            return Err(CompileError::new(message, 0));
        }
        let tree = evaluate::guarded(|| jsonata_core::parser::parse(source))
            .unwrap_or_else(|broken| Err(jsonata_core::parser::ParserError::InvalidSyntax(broken)))
            .map_err(|error| CompileError::locate(source, &error.to_string()))?;
        Expression::from_tree(source, dialect, tree)
    }

    fn from_tree(source: &str, dialect: Dialect, mut tree: AstNode) -> Result<Expression, CompileError> {
        let analysis = Analysis::of(&tree);
        if dialect == Dialect::Aws && analysis.uses_coalescing() {
            let message = "S0204: Unknown operator: '??' and '?:' came with JSONata 2.1, AWS runs 2.0.6";
            return Err(CompileError::new(message, source.find("??").or(source.find("?:")).unwrap_or(0)));
        }
        if dialect == Dialect::Scenario && analysis.functions().contains("eval") {
            let message = "'$eval' is not available here, because what it reads cannot be known";
            return Err(CompileError::new(message, source.find("$eval").unwrap_or(0)));
        }
        let needs_functions = budget::insert_ticks(&mut tree) || analysis.needs_functions();
        let program = jsonata_core::Expression::from_ast(tree);
        Ok(Expression { source: source.to_owned(), dialect, program, analysis, needs_functions })
    }

    /// The value for `input` (`$` and `$$`), with `bindings` as variables; `Undefined` when there is none.
    pub fn evaluate(
        &self,
        input: &JValue,
        bindings: &[(&str, JValue)],
        host: &mut dyn Host,
    ) -> Result<JValue, EvaluationError> {
        evaluate::evaluate(self, input, bindings, host)
    }

    /// What the expression reads, calls and binds.
    pub fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// What of its input the expression reads.
    pub fn reads(&self) -> &Reads {
        self.analysis.reads()
    }

    /// The functions it calls that neither the language nor `known` has, without their `$`.
    pub fn unknown_functions(&self, known: &[&str]) -> Vec<String> {
        let functions = self.analysis.functions().iter();
        let has = |name: &str| {
            known.contains(&name)
                || builtins::is_builtin(name)
                || (self.dialect == Dialect::Aws && aws::FUNCTIONS.contains(&name))
        };
        functions.filter(|name| !has(name)).cloned().collect()
    }

    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whose JSONata it is written in.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }
}

#[cfg(test)]
mod tests;
