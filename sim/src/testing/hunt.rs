use crate::explore::{Limits, Plan, SHRINK_RUNS_MAX, Shrunk, Strategy, shrink};
use crate::harness::Harness;

/// A planted bug that was found, cut down to what it needs.
#[derive(Clone, Debug)]
pub struct Found {
    /// How many runs it took to find it.
    pub runs: u64,
    /// The strategy whose run it was.
    pub strategy: &'static str,
    /// What is left of that run.
    pub shrunk: Shrunk,
}

/// Looks for a run that breaks `invariant`, with one strategy and at most that many seeds from `first_seed` on; under
/// [`Strategy::All`] enumerated scripts and mutants take turns with them. `None` when nothing breaks it.
///
/// Panics when the scenario has no such invariant, or a handler does what it may not.
#[track_caller]
pub fn hunt(harness: &Harness, strategy: Strategy, first_seed: u64, seeds: u64, invariant: &str) -> Option<Found> {
    match look(harness, &Plan::of(strategy, first_seed, seeds, super::jobs()).until(invariant), invariant) {
        Ok(found) => found,
        Err(message) => panic!("{message}"),
    }
}

fn look(harness: &Harness, plan: &Plan, invariant: &str) -> Result<Option<Found>, String> {
    super::verdict::known(harness, invariant)?;
    let sweep = harness.explore(plan).map_err(|error| error.to_string())?;
    let Some(finding) = sweep.findings.iter().find(|finding| *finding.violation.name == *invariant) else {
        return Ok(None);
    };
    let Some(first) = finding.failures.first() else { return Ok(None) };
    let mut world = harness.world().map_err(|error| error.to_string())?;
    let limits = Limits { runs_max: SHRINK_RUNS_MAX, goes_on: &|| true };
    let shrunk = shrink(&mut world, first.seed, &first.script, &finding.violation, &limits);
    let shrunk = shrunk.map_err(|error| error.to_string())?;
    Ok(shrunk.map(|shrunk| Found { runs: first.run, strategy: first.strategy, shrunk }))
}
