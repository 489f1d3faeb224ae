use std::collections::BTreeMap;

use super::run_key;
use crate::world::{ActorId, Decisions, Lineages, Race, Site, Weighted, mix};

/// Priorities decide which of several co-enabled entries goes first; at a few random steps the one that goes first falls
/// to the lowest priority. Everything but the order is another strategy's.
///
/// A bug that needs d of these steps in one order is found with a probability of at least 1 / (n k^(d - 1)) for n
/// threads and k steps, where a coin at every step finds it with one that is exponential in the length of the window.
/// After Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs" (2010).
#[derive(Clone, Debug)]
pub struct Pct<D> {
    inner: D,
    key: u64,
    grain: Grain,
    /// At which races a priority falls, in order.
    changes: Vec<u64>,
    races: u64,
    fallen: BTreeMap<u64, u64>,
}

/// What has a priority of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grain {
    /// A whole actor of the workload, with all that it causes.
    Root,
    /// A part of what an actor causes, such as an execution: this many links of the lineage.
    Links(usize),
    /// Every lineage: an invocation, a task.
    Lineage,
}

const GRAINS: [Grain; 4] = [Grain::Root, Grain::Lineage, Grain::Links(EXECUTION_LINKS), Grain::Lineage];
/// Links of a lineage down to an execution that a rule started: actor, call, rule, delivery, machine.
const EXECUTION_LINKS: usize = 5;
const RACES_LOG_MIN: u64 = 2;
const RACES_LOG_COUNT: u64 = 8;
const DEPTH_MIN: u64 = 2;
const DEPTH_COUNT: u64 = 3;

impl<D> Pct<D> {
    /// The order of `seed`; everything else is `inner`'s.
    pub fn new(seed: u64, inner: D) -> Pct<D> {
        let key = mix(run_key(seed), 0x9c7);
        // How many races a run has is not known before: a random order of magnitude stands for it.
        let races = 1 << (RACES_LOG_MIN + mix(key, 1) % RACES_LOG_COUNT);
        let depth = DEPTH_MIN + mix(key, 2) % DEPTH_COUNT;
        let mut changes: Vec<u64> = (1..depth).map(|number| mix(key, 16 + number) % races).collect();
        changes.sort_unstable();
        let grain = GRAINS[(mix(key, 3) % 4) as usize];
        Pct { inner, key, grain, changes, races: 0, fallen: BTreeMap::new() }
    }

    fn thread(&self, lineages: &Lineages, actor: ActorId) -> u64 {
        match self.grain {
            Grain::Root => lineages.hash(lineages.root(actor)),
            Grain::Links(links) => lineages.hash(lineages.ancestor(actor, links)),
            Grain::Lineage => lineages.hash(actor),
        }
    }

    /// Fallen threads stand below all others, the last one to fall lowest.
    fn priority(&self, thread: u64) -> u64 {
        match self.fallen.get(&thread) {
            Some(number) => self.changes.len() as u64 - number,
            None => mix(self.key, thread) | 1 << 63,
        }
    }
}

impl<D: Decisions> Decisions for Pct<D> {
    fn choose(&mut self, site: &Site, alternatives: &Weighted<'_>) -> u32 {
        self.inner.choose(site, alternatives)
    }

    fn decides_order(&self) -> bool {
        true
    }

    fn lets_pass(&mut self, race: &Race<'_>) -> bool {
        let first = self.thread(race.lineages, race.first);
        let others = race.others.iter().map(|other| self.thread(race.lineages, *other));
        let highest = others.max_by_key(|thread| self.priority(*thread)).unwrap_or(first);
        let waits = self.priority(highest) > self.priority(first);
        let due = self.changes.iter().filter(|change| **change == self.races).count() as u64;
        self.races += 1;
        if due > 0 {
            // Whoever would go now falls behind everybody else.
            let number = self.fallen.len() as u64;
            self.fallen.insert(if waits { highest } else { first }, number);
            return self.priority(highest) > self.priority(first);
        }
        waits
    }
}
