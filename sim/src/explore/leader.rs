//! Who says what a sweep runs next: rounds in which seeds, enumerated scripts and mutants take turns.
//!
//! What breaks on every second day is found by the first few seeds, and what needs one deviation by the first scripts; so
//! neither waits until the other is done. The first rounds are small and each is twice as large as the one before. How
//! much each part does is the plan's, and so is what a whole sweep has run at its end.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::crew::Crew;
use super::exhaustive::Exhaustive;
use super::job::{Job, Ran, Recipe};
use super::plan::Plan;
use super::strategies::Answers;
use super::sweep::{Failure, Sweep};
use crate::handlers::HostError;
use crate::world::{Fresh, mix};

/// Seeds of the first round: what one of them reaches guides none of the others.
const FIRST_ROUND: u64 = 64;
/// Seeds of a round at most; with twice as many scripts a generation has about a thousand runs.
const ROUND_MAX: u64 = 500;
/// One in this many seeds is run again to see that it repeats.
const REPEAT_EVERY: u64 = 97;
/// Scripts that mutants are made of; the latest ones count.
const CORPUS_MAX: usize = 512;

/// Does what `plan` says. Before every generation `goes_on` may end it.
pub(super) fn lead(plan: &Plan, crew: &mut Crew<'_>, goes_on: &dyn Fn() -> bool) -> Result<Sweep, HostError> {
    let mut leader =
        Leader { plan, crew, sweep: Sweep::default(), known: BTreeSet::new(), news: Vec::new(), corpus: Vec::new() };
    let mut exhaustive = leader.shapes()?;
    let mut seeds = FIRST_ROUND;
    'rounds: loop {
        let before = leader.sweep.runs;
        for part in [Part::Seeds, Part::Scripts, Part::Mutants] {
            if !leader.goes_on(goes_on) {
                break 'rounds;
            }
            match (part, &mut exhaustive) {
                (Part::Seeds, _) => leader.draw(seeds)?,
                (Part::Scripts, Some(exhaustive)) => leader.enumerate(exhaustive, plan.share(plan.scripts(), seeds))?,
                (Part::Scripts, None) => {}
                (Part::Mutants, _) => leader.mutate(plan.share(plan.mutants, seeds))?,
            }
        }
        if leader.sweep.runs == before {
            break;
        }
        seeds = (seeds * 2).min(ROUND_MAX);
    }
    leader.sweep.claim = exhaustive.map(Exhaustive::claim);
    Ok(leader.sweep)
}

/// What takes turns in a round.
#[derive(Clone, Copy)]
enum Part {
    Seeds,
    Scripts,
    Mutants,
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
    fn goes_on(&self, goes_on: &dyn Fn() -> bool) -> bool {
        let is_met = self.sweep.findings.iter().any(|found| self.plan.until.contains(&found.violation.name));
        !is_met && goes_on()
    }

    /// The smallest shapes without a deviation, from which an enumeration goes on.
    fn shapes(&mut self) -> Result<Option<Exhaustive>, HostError> {
        let Some(bounds) = self.plan.exhaustive.filter(|bounds| bounds.runs_max > 0) else { return Ok(None) };
        let mut exhaustive = Exhaustive::new(bounds, self.plan.first_seed);
        let Some(smallest) = self.run(vec![exhaustive.first()])?.pop() else { return Ok(None) };
        let mut shapes = Exhaustive::shapes_of(&smallest);
        // The first one is the smallest run itself, unless actors are left out of it.
        if shapes.first() == Some(&Answers::default()) {
            exhaustive.shape_ran(shapes.remove(0), &smallest);
        }
        let jobs = shapes.iter().map(|shape| exhaustive.job(shape.clone())).collect();
        for (shape, ran) in shapes.into_iter().zip(self.run(jobs)?) {
            exhaustive.shape_ran(shape, &ran);
        }
        Ok(Some(exhaustive))
    }

    fn enumerate(&mut self, exhaustive: &mut Exhaustive, count: u64) -> Result<(), HostError> {
        let (jobs, children): (Vec<_>, Vec<_>) = exhaustive.next(count as usize).into_iter().unzip();
        for (child, ran) in children.into_iter().zip(self.run(jobs)?) {
            exhaustive.ran(child, &ran);
        }
        Ok(())
    }

    fn draw(&mut self, count: u64) -> Result<(), HostError> {
        let first = self.sweep.random_runs;
        let job = |offset: u64| {
            let seed = self.plan.first_seed.wrapping_add(offset);
            let recipe = self.plan.strategy.recipe(seed);
            Job { seed, recipe, is_enumerated: false, is_repeated: seed.is_multiple_of(REPEAT_EVERY) }
        };
        let jobs: Vec<Job> = (first..first.saturating_add(count).min(self.plan.seeds)).map(job).collect();
        self.sweep.random_runs += jobs.len() as u64;
        self.run(jobs).map(drop)
    }

    fn mutate(&mut self, count: u64) -> Result<(), HostError> {
        if self.corpus.is_empty() {
            return Ok(());
        }
        let job = |number: u64| {
            let draw = mix(self.plan.first_seed, number);
            let [(seed, script), (_, other)] = [draw, draw.rotate_left(32)].map(|draw| self.parent(draw));
            let recipe = Recipe::Mutant { script: script.clone(), other: other.clone(), number: draw };
            Job { seed: *seed, recipe, is_enumerated: false, is_repeated: false }
        };
        let first = self.sweep.mutants;
        let jobs: Vec<Job> = (first..first.saturating_add(count).min(self.plan.mutants)).map(job).collect();
        self.sweep.mutants += jobs.len() as u64;
        self.run(jobs).map(drop)
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
