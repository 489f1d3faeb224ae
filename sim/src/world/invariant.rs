use std::fmt;
use std::sync::Arc;

use super::{Millis, Parts, View};

/// When an invariant must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// After every commit to what it reads.
    Always,
    /// At the end, with the faults off and everything drained.
    Eventually,
    /// At some moment of some run of the sweep: guards against a test that tests nothing.
    Sometimes,
}

/// A promise of the workflow.
pub struct Invariant {
    /// Its name, a sentence.
    pub name: Arc<str>,
    /// When it must hold.
    pub when: When,
    /// What it reads: it is evaluated again only after that changed.
    pub reads: Parts,
    /// Whether it holds.
    pub check: Box<dyn Check>,
}

/// The question of an invariant.
pub trait Check {
    /// Whether it holds of `view`.
    fn holds(&mut self, view: &View<'_>) -> Result<bool, String>;
}

impl<F: FnMut(&View<'_>) -> bool> Check for F {
    fn holds(&mut self, view: &View<'_>) -> Result<bool, String> {
        Ok(self(view))
    }
}

impl Invariant {
    /// An invariant in Rust that reads `reads`.
    pub fn new(name: &str, when: When, reads: Parts, check: impl FnMut(&View<'_>) -> bool + 'static) -> Invariant {
        Invariant { name: name.into(), when, reads, check: Box::new(check) }
    }

    /// Holds after every commit.
    pub fn always(name: &str, reads: Parts, check: impl FnMut(&View<'_>) -> bool + 'static) -> Invariant {
        Invariant::new(name, When::Always, reads, check)
    }

    /// Holds at the end.
    pub fn eventually(name: &str, check: impl FnMut(&View<'_>) -> bool + 'static) -> Invariant {
        Invariant::new(name, When::Eventually, Parts::ALL, check)
    }

    /// Holds at some moment of some run.
    pub fn sometimes(name: &str, reads: Parts, check: impl FnMut(&View<'_>) -> bool + 'static) -> Invariant {
        Invariant::new(name, When::Sometimes, reads, check)
    }
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The invariant, by its place in the scenario; `None` for a verdict of the world itself.
    pub invariant: Option<usize>,
    /// Its name, or the verdict.
    pub name: Arc<str>,
    /// When.
    pub at: Millis,
    /// For a verdict of the world: who still waits for what.
    pub waiting: Vec<String>,
}

impl Violation {
    /// Whether it is the same promise that was broken, whenever and however.
    pub fn is_same(&self, other: &Violation) -> bool {
        self.invariant == other.invariant && self.name == other.name
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken at {}: {}", self.at, self.name)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            When::Always => "always",
            When::Eventually => "eventually",
            When::Sometimes => "sometimes",
        })
    }
}
