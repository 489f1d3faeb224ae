//! Exploring a scenario: strategies that decide, sweeps over seeds, regressions, and what they found.

mod regression;
pub mod strategies;
mod sweep;

pub use regression::Regression;
pub use sweep::{Finding, Plan, Sweep, sweep};
