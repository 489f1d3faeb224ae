//! Exploring, seen from outside: bugs are planted in small systems, and each strategy must find what it is for.

#![allow(clippy::needless_pass_by_value, reason = "helpers take JSON as it is written at the call")]

mod coverage;
mod drain;
mod exhaustive;
mod generations;
mod mutation;
mod order;
mod shrink;
#[path = "../services/support.rs"]
#[allow(dead_code, reason = "the tests of the services use the rest")]
mod support;
mod swarm;

use rehearsal::explore::{Finding, Plan, Strategy, Sweep};
use rehearsal::harness::Harness;

/// A sweep of that many seeds, under one strategy.
fn explore(harness: &Harness, strategy: Strategy, first_seed: u64, seeds: u64) -> Sweep {
    let plan = Plan::of(strategy, first_seed, seeds, 2);
    harness.explore(&plan).unwrap_or_else(|error| panic!("{error}"))
}

/// The run that first broke a promise, if any did.
fn found(sweep: &Sweep) -> Option<u64> {
    sweep.findings.iter().filter_map(|Finding { failures, .. }| Some(failures.first()?.run)).min()
}
