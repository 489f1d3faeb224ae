//! The 18 intrinsic functions of JSONPath states (`States.Format(…)`), to the letter of what AWS was seen to do.
//!
//! A call is compiled once, nested calls and paths included. Wrong types and numbers of arguments are errors of the
//! evaluation, as on AWS; only a text that is no call at all is refused at compilation.

mod functions;
mod misuse;
mod parse;

use std::fmt;
use std::sync::Arc;

pub(in crate::query) use functions::hex_digest;

use super::path::PathSyntaxError;
use super::{Draws, Path, PathError, Scope};
use crate::Json;

/// A compiled call of an intrinsic function.
#[derive(Clone, Debug)]
pub struct Intrinsic {
    text: Arc<str>,
    call: Call,
}

#[derive(Clone, Debug)]
struct Call {
    function: Function,
    arguments: Box<[Argument]>,
}

#[derive(Clone, Debug)]
enum Argument {
    Path(Path),
    /// A string in quotes, ready for use and as `States.Format` reads it, with its escapes of braces.
    Text {
        value: Json,
        template: Arc<str>,
    },
    Literal(Json),
    Call(Call),
}

/// The intrinsic functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `States.Format`
    Format,
    /// `States.StringToJson`
    StringToJson,
    /// `States.JsonToString`
    JsonToString,
    /// `States.Array`
    Array,
    /// `States.ArrayPartition`
    ArrayPartition,
    /// `States.ArrayContains`
    ArrayContains,
    /// `States.ArrayRange`
    ArrayRange,
    /// `States.ArrayGetItem`
    ArrayGetItem,
    /// `States.ArrayLength`
    ArrayLength,
    /// `States.ArrayUnique`
    ArrayUnique,
    /// `States.Base64Encode`
    Base64Encode,
    /// `States.Base64Decode`
    Base64Decode,
    /// `States.Hash`
    Hash,
    /// `States.JsonMerge`
    JsonMerge,
    /// `States.MathRandom`
    MathRandom,
    /// `States.MathAdd`
    MathAdd,
    /// `States.StringSplit`
    StringSplit,
    /// `States.UUID`
    Uuid,
}

/// Every function with its name after `States.`.
const FUNCTIONS: [(&str, Function); 18] = [
    ("Format", Function::Format),
    ("StringToJson", Function::StringToJson),
    ("JsonToString", Function::JsonToString),
    ("Array", Function::Array),
    ("ArrayPartition", Function::ArrayPartition),
    ("ArrayContains", Function::ArrayContains),
    ("ArrayRange", Function::ArrayRange),
    ("ArrayGetItem", Function::ArrayGetItem),
    ("ArrayLength", Function::ArrayLength),
    ("ArrayUnique", Function::ArrayUnique),
    ("Base64Encode", Function::Base64Encode),
    ("Base64Decode", Function::Base64Decode),
    ("Hash", Function::Hash),
    ("JsonMerge", Function::JsonMerge),
    ("MathRandom", Function::MathRandom),
    ("MathAdd", Function::MathAdd),
    ("StringSplit", Function::StringSplit),
    ("UUID", Function::Uuid),
];

/// Why a call has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntrinsicError {
    call: Arc<str>,
    problem: IntrinsicProblem,
}

/// What is wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntrinsicProblem {
    /// Number, type or range of the arguments.
    Arguments(Function),
    /// The braces of a `States.Format` template do not match; the text says which.
    Template(&'static str),
    /// A path argument has no value.
    Path {
        /// The path as written.
        path: Arc<str>,
        /// Why.
        error: PathError,
    },
}

impl Intrinsic {
    /// Compiles a call such as `States.Format('order {}', $.id)`.
    pub fn parse(text: &str) -> Result<Intrinsic, PathSyntaxError> {
        Ok(Intrinsic { text: text.into(), call: parse::parse(text)? })
    }

    /// The value against `scope`.
    pub fn evaluate(&self, scope: &Scope, draws: &mut dyn Draws) -> Result<Json, IntrinsicError> {
        self.call.evaluate(scope, draws).map_err(|problem| IntrinsicError { call: self.text.clone(), problem })
    }

    /// The outermost function.
    pub fn function(&self) -> Function {
        self.call.function
    }

    /// The call as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every path among its arguments, those of nested calls included.
    pub fn paths(&self) -> Vec<&Path> {
        let mut paths = Vec::new();
        self.call.collect_paths(&mut paths);
        paths
    }

    /// Why the call can never have a value, told from what stands in it alone; `None` when it may have one.
    pub fn misuse(&self) -> Option<String> {
        self.call.misuse()
    }

    pub(super) fn collect_paths<'t>(&'t self, paths: &mut Vec<&'t Path>) {
        self.call.collect_paths(paths);
    }
}

impl Call {
    fn evaluate(&self, scope: &Scope, draws: &mut dyn Draws) -> Result<Json, IntrinsicProblem> {
        let mut values = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            values.push(match argument {
                Argument::Text { template, .. } if self.function == Function::Format && values.is_empty() => {
                    Json::String(template.clone())
                }
                Argument::Text { value, .. } | Argument::Literal(value) => value.clone(),
                Argument::Path(path) => {
                    path.read(scope).map_err(|error| IntrinsicProblem::Path { path: path.text().into(), error })?
                }
                Argument::Call(call) => call.evaluate(scope, draws)?,
            });
        }
        functions::apply(self.function, &values, draws)
    }

    fn collect_paths<'t>(&'t self, paths: &mut Vec<&'t Path>) {
        for argument in &self.arguments {
            match argument {
                Argument::Path(path) => paths.push(path),
                Argument::Call(call) => call.collect_paths(paths),
                Argument::Literal(_) | Argument::Text { .. } => {}
            }
        }
    }
}

impl Function {
    /// The name after `States.`.
    pub fn name(self) -> &'static str {
        FUNCTIONS.iter().find(|(_, function)| *function == self).map_or("", |(name, _)| name)
    }
}

impl IntrinsicError {
    /// The call as it was written.
    pub fn call(&self) -> &str {
        &self.call
    }

    /// What is wrong.
    pub fn problem(&self) -> &IntrinsicProblem {
        &self.problem
    }
}

/// AWS: after the interpreter's prefix, `There was an error while evaluating the intrinsic function: <call>. <problem>`.
impl fmt::Display for IntrinsicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "There was an error while evaluating the intrinsic function: {}. {}", self.call, self.problem)
    }
}

impl fmt::Display for IntrinsicProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IntrinsicProblem::Arguments(function) => write!(f, "Invalid arguments in States.{}", function.name()),
            IntrinsicProblem::Template(problem) => write!(f, "Invalid template in States.Format: {problem}"),
            IntrinsicProblem::Path { path, error } => write!(f, "Invalid path '{path}' : {error}"),
        }
    }
}

impl std::error::Error for IntrinsicError {}

#[cfg(test)]
mod tests;
