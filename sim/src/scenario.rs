//! Scenario files: what a user writes beside the template, read into plain data.
//!
//! A scenario says who does what (the workload), what may go wrong (the faults) and what must hold (the invariants).
//! [`load`] reads it with its template and checks one against the other. Expressions are kept as text with their places:
//! compiling and evaluating them is for the world, which is built from what is here.

mod checks;
mod code;
mod faults;
mod load;
mod model;
mod range;
mod reader;
mod value;
mod variant;
mod workload;

pub use code::{CodeFiles, Script};
pub use load::{Loaded, load, load_with};
pub use model::{
    Actor, Caps, FaultEntry, FaultProfile, FaultSetting, Faults, Invariant, InvariantKind, Mock, MockOutcome,
    ScenarioFile, Step, StepKind, TableItems,
};
pub use range::Range;
pub use value::{Expression, Value};
pub use variant::Within;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;
