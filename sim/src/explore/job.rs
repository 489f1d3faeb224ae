use std::sync::Arc;

use super::strategies::{Answers, Asked, Benign, Mutant, Pct, Recording, Replay, Seeded, Swarm, run_key};
use crate::handlers::HostError;
use crate::world::{Decisions, Fresh, Outcome, Script, World};

/// How one run decides. With its seed, that is the whole run.
#[derive(Clone, Debug)]
pub enum Recipe {
    /// Every site draws on its own.
    Random,
    /// A random subset of the kinds of deviations, each at a random rate.
    Swarm,
    /// Priorities decide the order, everything else draws on its own.
    Pct,
    /// Priorities decide the order, and everything else is a swarm's.
    PctSwarm,
    /// A script.
    Script(Arc<Answers>),
    /// A script, changed here and there.
    Mutant {
        /// The script.
        script: Arc<Answers>,
        /// What is spliced in.
        other: Arc<Answers>,
        /// Which mutant it is.
        number: u64,
    },
}

impl Recipe {
    /// The recipe of a seed where nothing else is asked for: all kinds of random runs in turn.
    pub fn mixed(seed: u64) -> Recipe {
        match seed % 4 {
            0 => Recipe::Random,
            1 => Recipe::Swarm,
            2 => Recipe::Pct,
            _ => Recipe::PctSwarm,
        }
    }

    /// The decisions of a run.
    pub fn decisions(&self, seed: u64) -> Box<dyn Decisions> {
        match self {
            Recipe::Random => Box::new(Seeded::new(seed)),
            Recipe::Swarm => Box::new(Swarm::new(seed)),
            Recipe::Pct => Box::new(Pct::new(seed, Seeded::new(seed))),
            Recipe::PctSwarm => Box::new(Pct::new(seed, Swarm::new(seed))),
            Recipe::Script(answers) if **answers == Answers::default() => Box::new(Benign),
            Recipe::Script(answers) => Box::new(Replay::of(answers.clone())),
            Recipe::Mutant { script, other, number } => Box::new(Mutant::new(script.clone(), other.clone(), *number)),
        }
    }

    /// The strategy in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Recipe::Random => "random",
            Recipe::Swarm => "swarm",
            Recipe::Pct => "pct",
            Recipe::PctSwarm => "pct with swarm",
            Recipe::Script(_) => "exhaustive",
            Recipe::Mutant { .. } => "mutation",
        }
    }
}

/// One run that is to be made.
#[derive(Clone, Debug)]
pub struct Job {
    /// The seed, which keys ids and other entropy, and the draws of random recipes.
    pub seed: u64,
    /// How it decides.
    pub recipe: Recipe,
    /// Whether its sites are wanted, for an enumeration.
    pub is_enumerated: bool,
    /// Whether it is made a second time, to see that it repeats.
    pub is_repeated: bool,
}

/// What became of a job.
#[derive(Debug)]
pub struct Ran {
    /// What became of the run.
    pub outcome: Outcome,
    /// The `sometimes` that it reached, by their place among the invariants.
    pub reached: Vec<u32>,
    /// What it reached that no earlier generation had reached.
    pub fresh: Vec<Fresh>,
    /// Its decisions, when it broke a promise.
    pub script: Option<Script>,
    /// The same in short, when somebody goes on from them.
    pub answers: Option<Answers>,
    /// Its sites, when they are wanted.
    pub asked: Vec<Asked>,
    /// Who took part, when its sites are wanted.
    pub shape: String,
    /// When it was made twice: the first difference, if there was one.
    pub repeated: Option<Result<(), String>>,
}

impl Job {
    /// Makes the run in `world`.
    pub fn run(&self, world: &mut World) -> Result<Ran, HostError> {
        world.core.coverage_mut().list_injection_points(self.is_enumerated || self.is_repeated);
        let (outcome, asked) = if self.is_enumerated {
            let (decisions, asked) = Recording::new(self.recipe.decisions(self.seed));
            let outcome = self.outcome(world, Box::new(decisions))?;
            (outcome, asked.take())
        } else {
            (self.outcome(world, self.recipe.decisions(self.seed))?, Vec::new())
        };
        let mut fresh = Vec::new();
        world.core.coverage_mut().take_fresh(&mut fresh);
        let flags = (0..).zip(world.reached());
        let reached: Vec<u32> = flags.filter(|(_, reached)| **reached).map(|(place, _)| place).collect();
        let is_of_interest = self.is_enumerated || !fresh.is_empty() || !reached.is_empty();
        let mut ran = Ran {
            reached,
            fresh,
            script: outcome.violation.is_some().then(|| world.core.script()),
            answers: is_of_interest.then(|| Answers::new(world.core.answers())),
            asked,
            shape: if self.is_enumerated { world.shape() } else { String::new() },
            repeated: None,
            outcome,
        };
        if self.is_repeated {
            ran.repeated = Some(self.repeat(world, &ran.outcome)?);
        }
        Ok(ran)
    }

    fn outcome(&self, world: &mut World, decisions: Box<dyn Decisions>) -> Result<Outcome, HostError> {
        let ran = world.run(decisions, run_key(self.seed), false);
        ran.map_err(|HostError(error)| HostError(format!("{error}, in seed {} ({})", self.seed, self.recipe.name())))
    }

    /// Makes the run again; the error is where it first goes another way.
    fn repeat(&self, world: &mut World, first: &Outcome) -> Result<Result<(), String>, HostError> {
        let again = self.outcome(world, self.recipe.decisions(self.seed))?;
        let is_same = again == *first;
        let difference = if is_same { Ok(()) } else { Err(super::repeat::first_difference(self, world)?) };
        world.core.coverage_mut().take_fresh(&mut Vec::new());
        Ok(difference)
    }
}
