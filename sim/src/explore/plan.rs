use std::sync::Arc;

use super::exhaustive::Bounds;
use super::job::Recipe;

/// Which strategies a sweep uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// In turn: random runs of all kinds, every script of few deviations on the smallest shapes, mutation.
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
    /// Every script of few deviations is run, within these bounds.
    pub exhaustive: Option<Bounds>,
    /// How seeds decide.
    pub strategy: Strategy,
    /// So many mutants of what reached something new.
    pub mutants: u64,
    /// The sweep ends with the generation that breaks one of these promises.
    pub until: Vec<Arc<str>>,
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
        Plan { first_seed, seeds, jobs, exhaustive, strategy, mutants, until: Vec::new() }
    }

    /// The same, but only until this promise is broken; said of several, until one of them is.
    #[must_use]
    pub fn until(mut self, invariant: &str) -> Plan {
        self.until.push(invariant.into());
        self
    }

    /// Runs of the whole plan, at most.
    pub fn runs_max(&self) -> u64 {
        self.seeds.saturating_add(self.mutants).saturating_add(self.scripts())
    }

    /// Enumerated scripts, at most.
    pub(super) fn scripts(&self) -> u64 {
        self.exhaustive.map_or(0, |bounds| bounds.runs_max)
    }

    /// What of a part of this many runs falls to a round of this many seeds: as much as of all seeds, so that all parts
    /// end together.
    pub(super) fn share(&self, part: u64, seeds: u64) -> u64 {
        let whole = self.seeds.max(self.scripts() / ENUMERATED_A_SEED).max(1);
        let share = (u128::from(part) * u128::from(seeds)).div_ceil(u128::from(whole));
        u64::try_from(share).unwrap_or(u64::MAX)
    }
}
