//! Event patterns: which events a rule wants.
//!
//! A pattern is read once ([`compile`](mod@compile)) into branches, one for each way through its `$or`s: a list of
//! fields in the order of their paths, each with the entries of which one must accept a value there. Whether an event
//! matches is asked of a [`RuleMatcher`](super::RuleMatcher), for one pattern as for a bus full; what a single entry
//! accepts is in `predicate` and the small files beside it.
//!
//! Semantics are those of EventBridge's own matcher: paths are dot-joined keys, only scalars are values, an array is a
//! set of values, and values from objects of one array must come from the same element. Two habits of its library are
//! left out because nothing shows that the service has them: a string that is an IP address also matching other
//! spellings of that address, and `/0` blocks matching bare numbers.

mod address;
mod compile;
mod complexity;
mod display;
mod explain;
mod ignore_case;
mod number;
mod predicate;
mod source;
mod wildcard;

use std::fmt;
use std::sync::Arc;

pub(crate) use address::Address;
pub(crate) use ignore_case::AnyCase;
pub(crate) use number::{NEARNESS, Numeral, Reading};
pub(crate) use predicate::{Predicate, Scalar};

pub use explain::{Explanation, UnmetField};

use super::RuleMatcher;
use crate::json::Json;
use crate::source::{Diagnostic, Node};

/// More ways than this through the `$or`s of a pattern are refused, as EventBridge's documentation has it.
pub const BRANCHES_MAX: usize = 1_000;

/// A checked event pattern.
#[derive(Clone)]
pub struct Pattern {
    branches: Arc<[Branch]>,
    alone: Arc<RuleMatcher<()>>,
}

/// One way through the `$or`s: all of these fields, ordered by path.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) fields: Vec<Field>,
}

/// A path and the entries of its array.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// The keys, joined by dots.
    pub(crate) path: Arc<str>,
    pub(crate) any_of: Arc<[Predicate]>,
}

/// Why a pattern is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// AWS's whole message: `Event pattern is not valid. Reason: …`, with Jackson's position where AWS adds it.
    pub message: String,
    /// The same problem with its place in the text.
    pub diagnostic: Box<Diagnostic>,
}

impl Pattern {
    /// Reads and checks a pattern's text.
    pub fn parse(text: &str) -> Result<Pattern, Rejection> {
        compile::text(text).map(Pattern::new)
    }

    /// Checks a pattern that stands in a larger document; places are those of that document.
    pub fn from_node(node: &Node) -> Result<Pattern, Rejection> {
        compile::node(node).map(Pattern::new)
    }

    /// Whether `event` matches.
    pub fn matches(&self, event: &Json) -> bool {
        self.alone.matches_any(event)
    }

    /// Whether the event that `text` holds matches; repeated keys and spellings of numbers count, as on AWS.
    pub fn matches_text(&self, text: &str) -> Result<bool, Diagnostic> {
        let mut matched = Vec::new();
        self.alone.matches_text(text, &mut matched)?;
        Ok(!matched.is_empty())
    }

    /// Why `event` does not match, or that it does.
    pub fn explain(&self, event: &Json) -> Explanation {
        explain::explain(&self.branches, event, self.matches(event))
    }

    pub(crate) fn branches(&self) -> &Arc<[Branch]> {
        &self.branches
    }

    fn new(branches: Vec<Branch>) -> Pattern {
        let branches: Arc<[Branch]> = branches.into();
        let mut alone = RuleMatcher::new();
        alone.add_branches((), &branches);
        Pattern { branches, alone: Arc::new(alone) }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.branches).finish()
    }
}

/// AWS's message.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Rejection {}

#[cfg(test)]
mod tests;
