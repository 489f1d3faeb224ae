use std::sync::Arc;

use super::exhaustive::Bounds;
use super::job::Recipe;

/// Which strategies a sweep uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// One after the other: every script of few deviations on the smallest shapes, random runs of all kinds, mutation.
    #[default]
    All,
    /// Only every script of few deviations on the smallest shapes.
    Exhaustive,
    /// Random runs of all kinds in turn.
    Mixed,
    /// Every site draws on its own.
    Random,
    /// Random subsets of the faults at random rates.
    Swarm,
    /// Priorities decide the order.
    Pct,
    /// Random runs, then mutants of those that reached something new.
    Mutation,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Strategy; 7] = [
        Strategy::All,
        Strategy::Exhaustive,
        Strategy::Mixed,
        Strategy::Random,
        Strategy::Swarm,
        Strategy::Pct,
        Strategy::Mutation,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::All => "all",
            Strategy::Exhaustive => "exhaustive",
            Strategy::Mixed => "mixed",
            Strategy::Random => "random",
            Strategy::Swarm => "swarm",
            Strategy::Pct => "pct",
            Strategy::Mutation => "mutation",
        }
    }

    /// The strategy of this name.
    pub fn parse(name: &str) -> Option<Strategy> {
        Strategy::ALL.into_iter().find(|strategy| strategy.name() == name)
    }

    /// How a seed decides under this strategy.
    pub fn recipe(self, seed: u64) -> Recipe {
        match self {
            Strategy::All | Strategy::Exhaustive | Strategy::Mixed | Strategy::Mutation => Recipe::mixed(seed),
            Strategy::Random => Recipe::Random,
            Strategy::Swarm => Recipe::Swarm,
            Strategy::Pct => {
                if seed.is_multiple_of(2) {
                    Recipe::Pct
                } else {
                    Recipe::PctSwarm
                }
            }
        }
    }
}

/// What a sweep shall do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The first seed.
    pub first_seed: u64,
    /// How many seeds.
    pub seeds: u64,
    /// On how many threads.
    pub jobs: usize,
    /// Every script of few deviations is run first, within these bounds.
    pub exhaustive: Option<Bounds>,
    /// How seeds decide.
    pub strategy: Strategy,
    /// So many mutants are run last.
    pub mutants: u64,
    /// The sweep ends with the generation that breaks this promise.
    pub until: Option<Arc<str>>,
}

/// Deviations that an enumeration goes up to, when its runs suffice.
const DEVIATIONS_MAX: usize = 2;
/// Enumerated scripts for a seed.
const ENUMERATED_A_SEED: u64 = 2;
/// One mutant for so many seeds.
const SEEDS_A_MUTANT: u64 = 4;

impl Plan {
    /// The parts that a strategy has, for this many seeds.
    pub fn of(strategy: Strategy, first_seed: u64, seeds: u64, jobs: usize) -> Plan {
        let enumerates = matches!(strategy, Strategy::All | Strategy::Exhaustive);
        let exhaustive = enumerates
            .then_some(Bounds { deviations_max: DEVIATIONS_MAX, runs_max: seeds.saturating_mul(ENUMERATED_A_SEED) });
        let mutants = match strategy {
            Strategy::All => seeds / SEEDS_A_MUTANT,
            Strategy::Mutation => seeds,
            _ => 0,
        };
        let seeds = if strategy == Strategy::Exhaustive { 0 } else { seeds };
        Plan { first_seed, seeds, jobs, exhaustive, strategy, mutants, until: None }
    }

    /// The same, but only until this promise is broken.
    #[must_use]
    pub fn until(mut self, invariant: &str) -> Plan {
        self.until = Some(invariant.into());
        self
    }

    /// Runs of the whole plan, at most.
    pub fn runs_max(&self) -> u64 {
        let enumerated = self.exhaustive.map_or(0, |bounds| bounds.runs_max);
        self.seeds.saturating_add(self.mutants).saturating_add(enumerated)
    }
}
