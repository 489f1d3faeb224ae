use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::strategies::{Seeded, run_key};
use crate::handlers::HostError;
use crate::handlers::python::Notice;
use crate::world::{FaultId, Violation, When, World, mix};

/// What a sweep shall do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The first seed.
    pub first_seed: u64,
    /// How many seeds.
    pub seeds: u64,
    /// On how many threads.
    pub jobs: usize,
}

/// What a sweep found. The same for any number of threads.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    /// Runs that were made.
    pub runs: u64,
    /// Entries of the queue that were handled.
    pub steps: u64,
    /// Executions that were started.
    pub executions: u64,
    /// Virtual time over all runs, in milliseconds.
    pub virtual_ms: u64,
    /// A hash over every run's trace hash, whatever their order.
    pub hash: u64,
    /// The broken promises, by their place in the scenario; a verdict of the world comes last.
    pub findings: Vec<Finding>,
    /// For every invariant, in how many runs it was reached (a `sometimes`).
    pub reached: Vec<u64>,
    /// Visits by state machine and state.
    pub visits: Vec<Vec<u64>>,
    /// How often each fault struck, by its place in the catalogue.
    pub struck: Vec<u64>,
    /// Seeds that were run a second time and did not repeat.
    pub unrepeatable: Vec<u64>,
    /// How many seeds were run a second time.
    pub repeated: u64,
    /// What handlers did that the world does not control, each kind of thing once.
    pub notices: Vec<Notice>,
}

/// A broken promise, with its smallest failing seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The smallest seed that breaks it.
    pub seed: u64,
    /// In how many runs it broke first.
    pub runs: u64,
    /// What broke.
    pub violation: Violation,
}

/// Seeds that a worker takes at once: enough that the counter is not contended, few enough that all end together.
const SEEDS_A_TURN: u64 = 32;
/// A thread's stack: deeply nested payloads recurse.
const STACK_BYTES: usize = 64 << 20;
/// One in this many seeds is run again to see that it repeats.
const REPEAT_EVERY: u64 = 97;

/// Runs every seed of `plan`, each worker in a world of its own made by `world`.
///
/// `progress` hears of every turn with the number of runs in it. The first unusable world or handler ends the sweep.
pub fn sweep(
    plan: &Plan,
    world: &(dyn Fn() -> Result<World, HostError> + Sync),
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Sweep, HostError> {
    let next = AtomicU64::new(0);
    // The smallest place that failed: seeds before it are still run, so that the same failure is told every time.
    let failed = AtomicU64::new(u64::MAX);
    let total = Mutex::new((Sweep::default(), None::<Failure>));
    let work = || {
        let result = worker(plan, world, progress, &next, &failed);
        let Ok(mut total) = total.lock() else { return };
        match result {
            Ok(part) => total.0.merge(part),
            Err(failure) if total.1.as_ref().is_none_or(|known| failure.offset < known.offset) => {
                total.1 = Some(failure);
            }
            Err(_) => {}
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..plan.jobs.max(1) {
            let spawned = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
            if spawned.is_err() {
                // No more threads to be had: those that run do the work.
                break;
            }
        }
    });
    let (mut sweep, error) = total.into_inner().map_err(|_| HostError("a worker of the sweep panicked".to_owned()))?;
    if let Some(failure) = error {
        return Err(failure.error);
    }
    if sweep.runs < plan.seeds {
        return Err(HostError("no thread could be started for the sweep".to_owned()));
    }
    sweep.findings.sort_by_key(|finding| (finding.violation.invariant.unwrap_or(usize::MAX), finding.seed));
    sweep.unrepeatable.sort_unstable();
    sweep.notices.sort();
    Ok(sweep)
}

/// An unusable world or handler, and which run met it.
struct Failure {
    offset: u64,
    error: HostError,
}

fn worker(
    plan: &Plan,
    world: &(dyn Fn() -> Result<World, HostError> + Sync),
    progress: &(dyn Fn(u64) + Sync),
    next: &AtomicU64,
    failed: &AtomicU64,
) -> Result<Sweep, Failure> {
    let fail = |offset: u64, error: HostError| {
        failed.fetch_min(offset, Ordering::Relaxed);
        Failure { offset, error }
    };
    let mut world = world().map_err(|error| fail(0, error))?;
    let mut sweep = Sweep::default();
    loop {
        let from = next.fetch_add(SEEDS_A_TURN, Ordering::Relaxed);
        if from >= plan.seeds || from >= failed.load(Ordering::Relaxed) {
            break;
        }
        let to = (from + SEEDS_A_TURN).min(plan.seeds);
        for offset in from..to {
            if offset >= failed.load(Ordering::Relaxed) {
                break;
            }
            sweep.run(&mut world, plan.first_seed + offset).map_err(|error| fail(offset, error))?;
        }
        progress(to - from);
    }
    sweep.visits = world.stepfunctions.coverage().visits.clone();
    sweep.notices = world.lambda.notices().iter().chain(world.clients.notices()).cloned().collect();
    Ok(sweep)
}

impl Sweep {
    /// Runs one seed in `world` and adds what it found.
    fn run(&mut self, world: &mut World, seed: u64) -> Result<(), HostError> {
        let outcome = world
            .run(Box::new(Seeded::new(seed)), run_key(seed), false)
            .map_err(|HostError(error)| HostError(format!("{error}, in seed {seed}")))?;
        self.runs += 1;
        self.steps += outcome.steps;
        self.executions += outcome.executions as u64;
        self.virtual_ms += outcome.virtual_ms;
        self.hash = self.hash.wrapping_add(mix(seed, outcome.trace_hash));
        self.reached.resize(world.invariants.len(), 0);
        for (count, reached) in self.reached.iter_mut().zip(world.reached()) {
            *count += u64::from(*reached);
        }
        self.struck.resize(FaultId::ALL.len(), 0);
        for (count, struck) in self.struck.iter_mut().zip(world.core.struck()) {
            *count += u64::from(*struck);
        }
        if let Some(violation) = &outcome.violation {
            self.find(Finding { seed, runs: 1, violation: violation.clone() });
        }
        if seed.is_multiple_of(REPEAT_EVERY) {
            let again = world.run(Box::new(Seeded::new(seed)), run_key(seed), false)?;
            self.repeated += 1;
            if again != outcome {
                self.unrepeatable.push(seed);
            }
        }
        Ok(())
    }

    fn find(&mut self, found: Finding) {
        let same = |known: &&mut Finding| known.violation.invariant == found.violation.invariant;
        match self.findings.iter_mut().find(same) {
            None => self.findings.push(found),
            Some(known) => {
                known.runs += found.runs;
                if found.seed < known.seed {
                    known.seed = found.seed;
                    known.violation = found.violation;
                }
            }
        }
    }

    fn merge(&mut self, part: Sweep) {
        self.runs += part.runs;
        self.steps += part.steps;
        self.executions += part.executions;
        self.virtual_ms += part.virtual_ms;
        self.hash = self.hash.wrapping_add(part.hash);
        self.repeated += part.repeated;
        self.unrepeatable.extend(part.unrepeatable);
        for finding in part.findings {
            self.find(finding);
        }
        for notice in part.notices {
            if !self.notices.contains(&notice) {
                self.notices.push(notice);
            }
        }
        add(&mut self.reached, &part.reached);
        add(&mut self.struck, &part.struck);
        self.visits.resize(self.visits.len().max(part.visits.len()), Vec::new());
        for (visits, more) in self.visits.iter_mut().zip(&part.visits) {
            add(visits, more);
        }
    }

    /// The places of the `sometimes` that no run reached.
    pub fn unreached(&self, invariants: &[(std::sync::Arc<str>, When)]) -> Vec<usize> {
        let unreached = |place: &usize| self.reached.get(*place).copied().unwrap_or(0) == 0;
        (0..invariants.len()).filter(|place| invariants[*place].1 == When::Sometimes).filter(unreached).collect()
    }
}

fn add(sums: &mut Vec<u64>, more: &[u64]) {
    sums.resize(sums.len().max(more.len()), 0);
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum += more;
    }
}
