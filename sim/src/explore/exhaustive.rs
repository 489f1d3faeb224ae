//! Every script of at most k deviations over a stated list of shapes.
//!
//! A script's deviations are put in the order in which its run asks for them. A run is the same as its parent's up to
//! its last deviation, so that children deviate only at sites asked after that, and no script comes twice. A run with
//! the trace of an earlier one of its shape is not followed further.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::job::{Job, Ran, Recipe};
use super::strategies::{Answers, Asked, Shaped};
use crate::world::{Kind, PASSES_MAX};

/// The bounds of an enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Deviations of a script, at most.
    pub deviations_max: usize,
    /// Runs, at most.
    pub runs_max: u64,
}

/// What was enumerated: as far as it went.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Claim {
    /// The shapes, as `1 × shopper`.
    pub shapes: Vec<String>,
    /// Runs, with those of the shapes themselves.
    pub runs: u64,
    /// Runs with the trace of an earlier one, which were not followed further.
    pub alike: u64,
    /// Shapes that break a promise without a deviation.
    pub broken: u64,
    /// By number of deviations, from one on.
    pub levels: Vec<Level>,
}

/// Scripts of one number of deviations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Level {
    /// How many were run.
    pub runs: u64,
    /// How many there are, as far as is known: those that follow from runs that were made.
    pub scripts: u64,
    /// How many runs broke a promise.
    pub broken: u64,
}

impl Claim {
    /// The number of deviations up to which every script was run; `None` when not even the shapes were.
    pub fn complete_to(&self) -> usize {
        self.levels.iter().take_while(|level| level.runs == level.scripts).count()
    }
}

/// The enumeration, as a source of jobs.
pub(super) struct Exhaustive {
    bounds: Bounds,
    seed: u64,
    shapes: Vec<Shape>,
    claim: Claim,
    level: usize,
}

struct Shape {
    seen: BTreeSet<u64>,
    /// Runs whose children are still to be made, of this level and of the next.
    now: VecDeque<Node>,
    next: VecDeque<Node>,
}

/// A run whose children deviate once more.
struct Node {
    answers: Answers,
    /// Sites at which they may, in order, with the first alternative that is still to be tried.
    sites: VecDeque<(Asked, u32)>,
}

/// Which child of which shape a job is.
pub(super) struct Child {
    shape: usize,
    answers: Answers,
    site: Asked,
    alternative: u32,
}

/// Shapes with one, two and three actors of a kind.
const SHAPES_MAX: u32 = 3;

impl Exhaustive {
    pub fn new(bounds: Bounds, seed: u64) -> Exhaustive {
        Exhaustive { bounds, seed, shapes: Vec::new(), claim: Claim::default(), level: 1 }
    }

    /// The smallest run of all: it tells what shapes there are.
    pub fn first(&self) -> Job {
        self.job(Answers::default())
    }

    /// The shapes that the smallest run knows of: one, two and three of what a count says, or of the actors there are.
    pub fn shapes_of(smallest: &Ran) -> Vec<Answers> {
        let whole: Vec<&Asked> = smallest.asked.iter().filter(|asked| asked.shapes == Some(Shaped::Whole)).collect();
        if !whole.is_empty() {
            let counted = |more: u32| {
                Answers::new(
                    whole
                        .iter()
                        .map(|asked| (asked.site.key, more.min(asked.alternatives - 1)))
                        .filter(|(_, more)| *more > 0),
                )
            };
            let mut shapes: Vec<Answers> = (0..SHAPES_MAX).map(counted).collect();
            shapes.dedup();
            return shapes;
        }
        let slots: Vec<u64> = smallest
            .asked
            .iter()
            .filter(|asked| asked.shapes == Some(Shaped::Slot))
            .map(|asked| asked.site.key)
            .collect();
        let kept = |actors: usize| Answers::new(slots.iter().skip(actors).map(|slot| (*slot, 1)));
        (1..=slots.len().clamp(1, SHAPES_MAX as usize)).map(kept).collect()
    }

    /// A run with nothing but a shape.
    pub fn job(&self, answers: Answers) -> Job {
        Job { seed: self.seed, recipe: Recipe::Script(Arc::new(answers)), is_enumerated: true, is_repeated: false }
    }

    /// A shape was run without a deviation.
    pub fn shape_ran(&mut self, answers: Answers, ran: &Ran) {
        self.claim.runs += 1;
        let mut shape =
            Shape { seen: BTreeSet::from([ran.outcome.trace_hash]), now: VecDeque::new(), next: VecDeque::new() };
        match &ran.outcome.violation {
            // It breaks on a good day: no deviation is needed to see that.
            Some(_) => self.claim.broken += 1,
            None => shape.now.push_back(Node { answers, sites: sites_after(&ran.asked, None) }),
        }
        if !self.claim.shapes.contains(&ran.shape) {
            self.claim.shapes.push(ran.shape.clone());
        }
        self.shapes.push(shape);
    }

    /// The next jobs, at most `count` of them; none when everything is done or the bounds are met.
    pub fn next(&mut self, count: usize) -> Vec<(Job, Child)> {
        let mut jobs = Vec::new();
        while self.level <= self.bounds.deviations_max {
            self.claim.levels.resize(self.level, Level::default());
            let is_rest = |jobs: &Vec<_>| self.claim.runs + (jobs.len() as u64) < self.bounds.runs_max;
            for number in 0..self.shapes.len() {
                while jobs.len() < count && is_rest(&jobs) {
                    let Some((answers, site, alternative)) = self.shapes[number].take() else { break };
                    let job = self.job(answers.with(site.site.key, alternative));
                    jobs.push((job, Child { shape: number, answers, site, alternative }));
                }
            }
            if !jobs.is_empty() || !is_rest(&jobs) {
                return jobs;
            }
            // This level is complete.
            for shape in &mut self.shapes {
                shape.now = std::mem::take(&mut shape.next);
            }
            self.level += 1;
        }
        jobs
    }

    /// A job of [`Exhaustive::next`] was run.
    pub fn ran(&mut self, child: Child, ran: &Ran) {
        let Child { shape, answers, site, alternative } = child;
        let shape = &mut self.shapes[shape];
        self.claim.runs += 1;
        self.claim.levels[self.level - 1].runs += 1;
        let taken = ran.answers.as_ref().map_or(0, |answers| answers.at(site.site.key));
        if site.site.kind == Kind::Defer && taken == alternative && alternative < PASSES_MAX {
            // It let as many go first as it was told: maybe it can let one more.
            let again = Node { answers: answers.clone(), sites: VecDeque::from([(site, alternative + 1)]) };
            shape.now.push_back(again);
        }
        if ran.outcome.violation.is_some() {
            self.claim.levels[self.level - 1].broken += 1;
        } else if !shape.seen.insert(ran.outcome.trace_hash) {
            self.claim.alike += 1;
        } else if self.level < self.bounds.deviations_max {
            let sites = sites_after(&ran.asked, Some(site.site.key));
            shape.next.push_back(Node { answers: answers.with(site.site.key, alternative), sites });
        }
    }

    /// What was enumerated.
    pub fn claim(mut self) -> Claim {
        self.claim.levels.resize(self.bounds.deviations_max, Level::default());
        for (number, level) in self.claim.levels.iter_mut().enumerate() {
            let left = self.shapes.iter().map(|shape| match (number + 1).cmp(&self.level) {
                std::cmp::Ordering::Less => 0,
                std::cmp::Ordering::Equal => scripts(&shape.now),
                std::cmp::Ordering::Greater => scripts(&shape.next).max(u64::from(number == self.level)),
            });
            level.scripts = level.runs + left.sum::<u64>();
        }
        self.claim
    }
}

impl Shape {
    fn take(&mut self) -> Option<(Answers, Asked, u32)> {
        loop {
            let node = self.now.front_mut()?;
            let Some((site, alternative)) = node.sites.front_mut() else {
                self.now.pop_front();
                continue;
            };
            let taken = (node.answers.clone(), *site, *alternative);
            *alternative += 1;
            if *alternative >= alternatives(site) || site.site.kind == Kind::Defer {
                node.sites.pop_front();
            }
            return Some(taken);
        }
    }
}

/// The sites at which a run may deviate after its last deviation.
fn sites_after(asked: &[Asked], last: Option<u64>) -> VecDeque<(Asked, u32)> {
    let from = last.and_then(|last| asked.iter().position(|asked| asked.site.key == last)).map_or(0, |place| place + 1);
    let environment = asked[from..].iter().filter(|asked| asked.shapes.is_none() && asked.alternatives > 1);
    environment.map(|asked| (*asked, 1)).collect()
}

fn alternatives(site: &Asked) -> u32 {
    site.alternatives
}

/// How many scripts follow from these runs: of a wait, only that it lets one go first is known to be possible.
fn scripts(nodes: &VecDeque<Node>) -> u64 {
    let of_site = |(site, alternative): &(Asked, u32)| match site.site.kind {
        Kind::Defer => 1,
        _ => u64::from(alternatives(site).saturating_sub(*alternative)),
    };
    nodes.iter().flat_map(|node| node.sites.iter().map(of_site)).sum()
}
