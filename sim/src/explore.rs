//! Exploring a scenario: strategies that decide, sweeps that let them, what sweeps reached, broken promises cut down to
//! the few things that matter, and regressions.
//!
//! A sweep is a fixed list of jobs in generations of at most about a thousand; its threads only make runs, and what a
//! generation found is merged in the order of its jobs. So it is the same on any number of threads. What a run is and how it is
//! judged lives in [`world`](crate::world); what a person is shown in [`report`](crate::report).

mod coverage;
mod crew;
mod exhaustive;
mod job;
mod leader;
mod plan;
mod regression;
mod repeat;
mod shrink;
pub mod strategies;
mod sweep;

pub use coverage::{
    Coverage, EndCoverage, FaultCoverage, InjectionCoverage, MachineCoverage, PointCoverage, SometimesCoverage,
};
pub use exhaustive::{Bounds, Claim, Level};
pub use job::{Job, Ran, Recipe};
pub use plan::{Plan, Strategy};
pub use regression::Regression;
pub use shrink::{Limits, Need, SHRINK_RUNS_MAX, Shrunk, Tried, Without, shrink, shrink_findings};
pub use sweep::{Failure, Finding, Sweep, sweep};
