use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::crew::{Crew, Farewell, with_crew};
use super::exhaustive::{Claim, Exhaustive};
use super::job::{Job, Ran, Recipe};
use super::plan::Plan;
use super::strategies::Answers;
use crate::handlers::HostError;
use crate::handlers::python::Notice;
use crate::world::{Counts, FaultId, Fresh, InjectionPoint, Script, Violation, When, World, mix};

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

/// Runs of a generation: what one of them reaches guides none of the others.
const GENERATION: u64 = 1_000;
/// One in this many seeds is run again to see that it repeats.
const REPEAT_EVERY: u64 = 97;
/// Of a broken promise so many different runs are kept.
const FAILURES_MAX: usize = 8;
/// Scripts that mutants are made of; the latest ones count.
const CORPUS_MAX: usize = 512;

/// Does what `plan` says, each worker in a world of its own made by `world`.
///
/// `progress` hears of runs that were made. Before every generation `goes_on` may end it. The first unusable world or
/// handler ends the sweep.
pub fn sweep(
    plan: &Plan,
    world: &(dyn Fn() -> Result<World, HostError> + Sync),
    progress: &(dyn Fn(u64) + Sync),
    goes_on: &dyn Fn(Phase) -> bool,
) -> Result<Sweep, HostError> {
    let lead = |crew: &mut Crew<'_>| {
        let mut leader = Leader {
            plan,
            crew,
            sweep: Sweep::default(),
            known: BTreeSet::new(),
            news: Vec::new(),
            corpus: Vec::new(),
        };
        leader.enumerate(goes_on)?;
        leader.draw(goes_on)?;
        leader.mutate(goes_on)?;
        Ok(leader.sweep)
    };
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

/// The parts of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Every script of few deviations.
    Exhaustive,
    /// Random seeds.
    Random,
    /// Mutants.
    Mutation,
}

struct Leader<'l, 'c> {
    plan: &'l Plan,
    crew: &'l mut Crew<'c>,
    sweep: Sweep,
    /// What was reached so far.
    known: BTreeSet<Fresh>,
    /// What of it the workers do not know yet.
    news: Vec<Fresh>,
    /// Scripts that reached something new.
    corpus: Vec<(u64, Arc<Answers>)>,
}

impl Leader<'_, '_> {
    fn goes_on(&self, goes_on: &dyn Fn(Phase) -> bool, phase: Phase) -> bool {
        let is_met = |wanted: &Arc<str>| self.sweep.findings.iter().any(|found| found.violation.name == *wanted);
        !self.plan.until.as_ref().is_some_and(is_met) && goes_on(phase)
    }

    fn enumerate(&mut self, goes_on: &dyn Fn(Phase) -> bool) -> Result<(), HostError> {
        let Some(bounds) = self.plan.exhaustive.filter(|bounds| bounds.runs_max > 0) else { return Ok(()) };
        let mut exhaustive = Exhaustive::new(bounds, self.plan.first_seed);
        let Some(smallest) = self.run(vec![exhaustive.first()])?.pop() else { return Ok(()) };
        let mut shapes = Exhaustive::shapes_of(&smallest);
        // The first one is the smallest run itself, unless actors are left out of it.
        if shapes.first() == Some(&Answers::default()) {
            exhaustive.shape_ran(shapes.remove(0), &smallest);
        }
        let jobs = shapes.iter().map(|shape| exhaustive.job(shape.clone())).collect();
        for (shape, ran) in shapes.into_iter().zip(self.run(jobs)?) {
            exhaustive.shape_ran(shape, &ran);
        }
        while self.goes_on(goes_on, Phase::Exhaustive) {
            let (jobs, children): (Vec<_>, Vec<_>) = exhaustive.next(GENERATION as usize).into_iter().unzip();
            if jobs.is_empty() {
                break;
            }
            for (child, ran) in children.into_iter().zip(self.run(jobs)?) {
                exhaustive.ran(child, &ran);
            }
        }
        self.sweep.claim = Some(exhaustive.claim());
        Ok(())
    }

    fn draw(&mut self, goes_on: &dyn Fn(Phase) -> bool) -> Result<(), HostError> {
        let mut offset = 0;
        while offset < self.plan.seeds && self.goes_on(goes_on, Phase::Random) {
            let count = GENERATION.min(self.plan.seeds - offset);
            let job = |offset: u64| {
                let seed = self.plan.first_seed.wrapping_add(offset);
                let recipe = self.plan.strategy.recipe(seed);
                Job { seed, recipe, is_enumerated: false, is_repeated: seed.is_multiple_of(REPEAT_EVERY) }
            };
            let jobs = (offset..offset + count).map(job).collect();
            self.run(jobs)?;
            self.sweep.random_runs += count;
            offset += count;
        }
        Ok(())
    }

    fn mutate(&mut self, goes_on: &dyn Fn(Phase) -> bool) -> Result<(), HostError> {
        let mut made = 0;
        while made < self.plan.mutants && !self.corpus.is_empty() && self.goes_on(goes_on, Phase::Mutation) {
            let count = GENERATION.min(self.plan.mutants - made);
            let job = |number: u64| {
                let draw = mix(self.plan.first_seed, number);
                let [(seed, script), (_, other)] = [draw, draw.rotate_left(32)].map(|draw| self.parent(draw));
                let recipe = Recipe::Mutant { script: script.clone(), other: other.clone(), number: draw };
                Job { seed: *seed, recipe, is_enumerated: false, is_repeated: false }
            };
            let jobs = (made..made + count).map(job).collect();
            self.run(jobs)?;
            self.sweep.mutants += count;
            made += count;
        }
        Ok(())
    }

    /// Of two scripts the later one: what was reached last was the hardest to reach.
    fn parent(&self, draw: u64) -> &(u64, Arc<Answers>) {
        let count = self.corpus.len() as u64;
        let place = ((draw >> 8) % count).max((draw >> 36) % count);
        &self.corpus[place as usize]
    }

    /// Makes a generation of runs and adds what they found, in the order of the jobs.
    fn run(&mut self, jobs: Vec<Job>) -> Result<Vec<Ran>, HostError> {
        let origins: Vec<(u64, &'static str)> = jobs.iter().map(|job| (job.seed, job.recipe.name())).collect();
        let all = self.crew.run(jobs, std::mem::take(&mut self.news))?;
        for ((seed, strategy), ran) in origins.into_iter().zip(&all) {
            self.add(seed, strategy, ran);
        }
        Ok(all)
    }

    fn add(&mut self, seed: u64, strategy: &'static str, ran: &Ran) {
        let sweep = &mut self.sweep;
        let outcome = &ran.outcome;
        sweep.runs += 1;
        sweep.steps += outcome.steps;
        sweep.executions += outcome.executions as u64;
        sweep.virtual_ms += outcome.virtual_ms;
        sweep.hash = mix(sweep.hash, outcome.trace_hash);
        for place in &ran.reached {
            let place = *place as usize;
            sweep.reached.resize(sweep.reached.len().max(place + 1), 0);
            sweep.reached[place] += 1;
        }
        if let Some(repeated) = &ran.repeated {
            sweep.repeated += 1;
            if let Err(difference) = repeated {
                sweep.unrepeatable.push((seed, difference.clone()));
            }
        }
        if let (Some(violation), Some(script)) = (&outcome.violation, &ran.script) {
            let failure = Failure { run: sweep.runs, strategy, seed, script: script.clone() };
            sweep.find(violation, failure);
        }
        let sometimes = ran.reached.iter().map(|place| Fresh::Sometimes(*place));
        let mut is_new = false;
        for fresh in ran.fresh.iter().copied().chain(sometimes) {
            if self.known.insert(fresh) {
                self.news.push(fresh);
                is_new = true;
            }
        }
        if let Some(answers) = ran.answers.as_ref().filter(|_| is_new) {
            sweep.corpus += 1;
            if self.corpus.len() == CORPUS_MAX {
                self.corpus.remove(0);
            }
            self.corpus.push((seed, Arc::new(answers.clone())));
        }
    }
}

impl Sweep {
    fn find(&mut self, violation: &Violation, failure: Failure) {
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
