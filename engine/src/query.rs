//! The query languages of a workflow: JSONPath, payload templates, intrinsic functions and JSONata.
//!
//! Every text is compiled once ([`Path::parse`], [`Template::compile`], [`Intrinsic::parse`], JSONata) and evaluated many
//! times against a [`Scope`]. A definite path costs its steps and one clone of the result, which is a reference count; a
//! template without expressions costs one clone. What AWS says about an error is composed by the interpreter, which
//! knows the state and the field: the errors here carry the pieces. Nothing here knows states, fields or executions.

mod intrinsic;
mod java;
pub mod jsonata;
mod path;
mod reference;
mod template;

pub use intrinsic::{Function, Intrinsic, IntrinsicError, IntrinsicProblem};
pub use path::{Origin, Path, PathError, PathSyntaxError};
pub use reference::ReferencePath;
pub use template::{Template, TemplateError};

use crate::Json;

/// What paths can reach beside their own document.
pub trait Surroundings {
    /// The context object, `$$`; of its members only the one called `only`, where that is given.
    fn context(&self, only: Option<&str>) -> Json;
    /// The value of the variable `$name`; `None` while nothing is assigned.
    fn variable(&self, name: &str) -> Option<Json>;
}

/// What an expression is evaluated in.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The document, `$`.
    pub root: &'a Json,
    /// The context object and the variables.
    pub surroundings: &'a dyn Surroundings,
}

/// The chance that a pure language must borrow.
pub trait Draws {
    /// A version 4 UUID.
    fn uuid(&mut self) -> String;
    /// A number from 0 (inclusive) to 1 (exclusive).
    fn random(&mut self) -> f64;
}

/// An empty context object and no variables.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSurroundings;

impl Surroundings for NoSurroundings {
    fn context(&self, _: Option<&str>) -> Json {
        Json::object()
    }

    fn variable(&self, _name: &str) -> Option<Json> {
        None
    }
}

#[cfg(test)]
mod tests;
