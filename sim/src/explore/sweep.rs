use std::collections::BTreeMap;
use std::sync::Arc;

use super::crew::{Crew, Farewell, with_crew};
use super::exhaustive::Claim;
use super::leader::lead;
use super::plan::Plan;
use crate::handlers::HostError;
use crate::handlers::python::Notice;
use crate::world::{Counts, FaultId, InjectionPoint, Script, Violation, When, World};

/// What a sweep found. The same for any number of threads.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    /// Runs that were made.
    pub runs: u64,
    /// How many of them were random: the confidence in a rate rests on these.
    pub random_runs: u64,
    /// How many of them were mutants.
    pub mutants: u64,
    /// Random runs and mutants that reached something for the first time.
    pub corpus: u64,
    /// What was enumerated.
    pub claim: Option<Claim>,
    /// Entries of the queue that were handled.
    pub steps: u64,
    /// Executions that were started.
    pub executions: u64,
    /// Virtual time over all runs, in milliseconds.
    pub virtual_ms: u64,
    /// A hash over every run's trace hash.
    pub hash: u64,
    /// The broken promises, by their place in the scenario; verdicts of the world come last.
    pub findings: Vec<Finding>,
    /// For every invariant, in how many runs it was reached (a `sometimes`).
    pub reached: Vec<u64>,
    /// What all runs reached.
    pub counts: Counts,
    /// Where faults struck or could have, as far as was noted: the operation and whose doing it is.
    pub injection_points: BTreeMap<InjectionPoint, (String, String)>,
    /// How often each fault struck, by its place in the catalogue.
    pub struck: Vec<u64>,
    /// Seeds that were run a second time and did not repeat, with the first event that differed.
    pub unrepeatable: Vec<(u64, String)>,
    /// How many seeds were run a second time.
    pub repeated: u64,
    /// What handlers did that the world does not control, each kind of thing once.
    pub notices: Vec<Notice>,
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The seed of the first run that broke it; with its script, that is the run.
    pub seed: u64,
    /// In how many runs it broke first.
    pub runs: u64,
    /// What broke.
    pub violation: Violation,
    /// Runs that broke it, the first one first, no two with the same kinds of deviations.
    pub failures: Vec<Failure>,
}

/// One run that broke a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its number in the sweep, from 1.
    pub run: u64,
    /// The strategy that found it.
    pub strategy: &'static str,
    /// Its seed.
    pub seed: u64,
    /// Its decisions.
    pub script: Script,
}

/// Of a broken promise so many different runs are kept.
const FAILURES_MAX: usize = 8;

/// Does what `plan` says, each worker in a world of its own made by `world`.
///
/// `progress` hears of runs that were made. Before every generation `goes_on` may end it. The first unusable world or
/// handler ends the sweep.
pub fn sweep(
    plan: &Plan,
    world: &(dyn Fn() -> Result<World, HostError> + Sync),
    progress: &(dyn Fn(u64) + Sync),
    goes_on: &dyn Fn() -> bool,
) -> Result<Sweep, HostError> {
    let lead = |crew: &mut Crew<'_>| lead(plan, crew, goes_on);
    let (mut sweep, Farewell { counts, notices, points }) = with_crew(plan.jobs, world, progress, lead)?;
    sweep.struck = vec![0; FaultId::ALL.len()];
    for (point, count) in &counts.strikes {
        sweep.struck[point.fault as usize] += count;
    }
    sweep.counts = counts;
    sweep.injection_points = points;
    sweep.notices = notices;
    sweep.findings.sort_by_key(|finding| {
        (finding.violation.invariant.unwrap_or(usize::MAX), finding.failures.first().map_or(0, |first| first.run))
    });
    Ok(sweep)
}

impl Sweep {
    pub(super) fn find(&mut self, violation: &Violation, failure: Failure) {
        match self.findings.iter_mut().find(|known| known.violation.is_same(violation)) {
            None => {
                let (seed, violation) = (failure.seed, violation.clone());
                self.findings.push(Finding { seed, runs: 1, violation, failures: vec![failure] });
            }
            Some(known) => {
                known.runs += 1;
                let kinds = failure.script.kinds();
                let is_like_it = |known: &Failure| known.script.kinds() == kinds;
                if known.failures.len() < FAILURES_MAX && !known.failures.iter().any(is_like_it) {
                    known.failures.push(failure);
                }
            }
        }
    }

    /// The places of the `sometimes` that no run reached.
    pub fn unreached(&self, invariants: &[(Arc<str>, When)]) -> Vec<usize> {
        let unreached = |place: &usize| self.reached.get(*place).copied().unwrap_or(0) == 0;
        (0..invariants.len()).filter(|place| invariants[*place].1 == When::Sometimes).filter(unreached).collect()
    }
}
