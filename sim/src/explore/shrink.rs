//! Cuts a failing run down to the few things that matter: fewer actors, fewer kinds of faults, fewer deviations, smaller
//! values. A step counts only when the *same* promise still breaks. At the end each thing that is left is taken out
//! alone, to say why it is needed.

mod actors;
mod findings;
mod needs;
mod reduce;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::strategies::{Answers, Replay, run_key};
use crate::handlers::HostError;
use crate::world::{Choice, Outcome, Script, Violation, World, mix};

pub use findings::{SHRINK_RUNS_MAX, shrink_findings};
pub use needs::{Need, Without};

/// A failing run, cut down. Its script with its seed is a regression, and a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// The seed.
    pub seed: u64,
    /// What is left of the script.
    pub script: Script,
    /// What it breaks: the same promise, maybe at another time.
    pub violation: Violation,
    /// Who takes part, as `2 × shopper`.
    pub shape: String,
    /// How many that are.
    pub actors: u64,
    /// What the script needs, one thing after the other, and what happens without it.
    pub needs: Vec<Need>,
    /// What was tried, in order.
    pub tried: Vec<Tried>,
    /// Runs that it took.
    pub runs: u64,
    /// Whether nothing was left to try; else the best so far was kept when the bounds were met.
    pub is_complete: bool,
}

/// One way of making a script smaller, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// What was tried, as `dropping actors`.
    pub what: &'static str,
    /// How many scripts were run.
    pub runs: u64,
    /// How many of them still broke the promise.
    pub kept: u64,
}

impl Shrunk {
    /// What makes it another failure than another one: the promise, and the kinds of deviations that it needs.
    pub fn is_like(&self, other: &Shrunk) -> bool {
        self.violation.is_same(&other.violation) && self.script.kinds() == other.script.kinds()
    }
}

/// How far shrinking goes.
pub struct Limits<'l> {
    /// Runs, at most.
    pub runs_max: u64,
    /// Asked before every run: whether there is still time.
    pub goes_on: &'l dyn Fn() -> bool,
}

/// Rounds over all passes: each makes room for the others, and after few of them nothing changes any more.
const ROUNDS_MAX: usize = 4;

/// Cuts down the run of `seed` and `script` that breaks `violation`; `None` when it does not break it in this world.
pub fn shrink(
    world: &mut World,
    seed: u64,
    script: &Script,
    violation: &Violation,
    limits: &Limits<'_>,
) -> Result<Option<Shrunk>, HostError> {
    let mut shrinker = Shrinker {
        world,
        seed,
        violation: violation.clone(),
        best: script.clone(),
        actors: Vec::new(),
        shape: String::new(),
        refused: BTreeSet::new(),
        tried: Vec::new(),
        runs: 0,
        limits,
        is_complete: true,
    };
    shrinker.begin("the run itself");
    if !shrinker.breaks(&script.choices)? {
        return Ok(None);
    }
    for _ in 0..ROUNDS_MAX {
        let before = shrinker.best.clone();
        shrinker.drop_actors()?;
        shrinker.drop_kinds()?;
        shrinker.drop_choices()?;
        shrinker.drop_repeats()?;
        shrinker.change_forms()?;
        shrinker.merge_actors()?;
        shrinker.lower_values()?;
        shrinker.renumber_actors()?;
        if shrinker.best == before {
            break;
        }
    }
    let needs = shrinker.needs()?;
    let Shrinker { best, violation, shape, actors, tried, runs, is_complete, .. } = shrinker;
    let actors = actors.len() as u64;
    Ok(Some(Shrunk { seed, script: best, violation, shape, actors, needs, tried, runs, is_complete }))
}

/// A script that breaks the promise, and the world in which smaller ones are tried.
struct Shrinker<'s> {
    world: &'s mut World,
    seed: u64,
    violation: Violation,
    /// The smallest script so far, as its run asked for it.
    best: Script,
    /// Who took part in it, as links of lineages: `shopper#2`.
    actors: Vec<String>,
    shape: String,
    /// Scripts that did not break the promise, so that none is run twice.
    refused: BTreeSet<u64>,
    tried: Vec<Tried>,
    runs: u64,
    limits: &'s Limits<'s>,
    is_complete: bool,
}

impl Shrinker<'_> {
    fn begin(&mut self, what: &'static str) {
        if self.tried.iter().all(|tried| tried.what != what) {
            self.tried.push(Tried { what, runs: 0, kept: 0 });
        }
        // The pass that goes on stands last.
        if let Some(place) = self.tried.iter().position(|tried| tried.what == what) {
            let tried = self.tried.remove(place);
            self.tried.push(tried);
        }
    }

    /// Whether these choices still break the promise; if so, they are the best so far.
    fn breaks(&mut self, choices: &[Choice]) -> Result<bool, HostError> {
        let hash = choices.iter().fold(0, |hash, choice| mix(mix(hash, choice.key), u64::from(choice.alternative)));
        if self.refused.contains(&hash) {
            return Ok(false);
        }
        let Some(outcome) = self.run(choices)? else { return Ok(false) };
        let Some(violation) = outcome.violation.filter(|violation| violation.is_same(&self.violation)) else {
            self.refused.insert(hash);
            return Ok(false);
        };
        if let Some(tried) = self.tried.last_mut() {
            tried.kept += 1;
        }
        self.violation = violation;
        self.best = self.world.core.script();
        self.shape = self.world.shape();
        let (names, lineages) = (self.world.core.names(), self.world.core.lineages());
        self.actors = self.world.planned().iter().map(|planned| lineages.text(names, planned.actor)).collect();
        Ok(true)
    }

    /// Runs these choices; `None` when the bounds are met.
    fn run(&mut self, choices: &[Choice]) -> Result<Option<Outcome>, HostError> {
        if self.runs >= self.limits.runs_max || !(self.limits.goes_on)() {
            self.is_complete = false;
            return Ok(None);
        }
        self.runs += 1;
        if let Some(tried) = self.tried.last_mut() {
            tried.runs += 1;
        }
        let answers = Answers::new(choices.iter().map(|choice| (choice.key, choice.alternative)));
        self.world.run(Box::new(Replay::of(Arc::new(answers))), run_key(self.seed), false).map(Some)
    }
}
