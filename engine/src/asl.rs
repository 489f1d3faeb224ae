//! Amazon States Language definitions: text to a checked, compiled [`Program`].
//!
//! [`Program::compile`] reads a definition once, reports *every* problem with its place and AWS's own code and words
//! where those are known, and turns names, paths, templates and choice rules into indices and parsed forms, so that
//! the interpreter ([`crate::execution`]) never looks anything up by name. What a definition means while it runs is
//! not here. Callers: the interpreter, the linter, and the template reader, which hands in nodes of its own
//! ([`Program::from_node`]).

mod check;
mod choice;
mod compile;
mod distributed;
mod errors;
mod fields;
mod formula;
mod program;
mod resource;
mod stand_in;
mod states;
mod suggest;
mod timestamp;

pub use program::{Program, State, StateId, StateType, Transition, TransitionKind};
pub use resource::{Pattern, Resource, ServiceCall};

pub(crate) use choice::{Comparison, Condition, Family, Operand, Order, Rule, TypeTest, matches_wildcard};
pub(crate) use distributed::{Distributed, Format, Percentage, Reader, Transformation, Writer};
pub(crate) use errors::{Catcher, ErrorPattern, Retrier};
pub(crate) use formula::{Computed, Formula, Reference};
pub(crate) use program::{
    DataFlow, Delay, MapWork, Next, Place, Scope, ScopeId, Seconds, Select, TaskWork, Text, Work,
};
pub(crate) use timestamp::Instant;

#[cfg(test)]
mod tests;
