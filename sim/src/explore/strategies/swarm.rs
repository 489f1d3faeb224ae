use std::collections::BTreeMap;

use super::run_key;
use crate::world::{Decisions, Kind, Site, Weighted, mix};

/// Each seed turns on a random subset of the kinds of deviations, at a random rate each.
///
/// A run with every fault at a low rate is like any other; bugs hide where one kind strikes again and again and another
/// one, which would mask it, does not strike at all. After Groce et al., "Swarm Testing" (2012).
///
/// Faults strike each task few times: no finite number of retries outlasts a fault that always strikes, and a run that
/// only says so helps nobody.
#[derive(Clone, Debug)]
pub struct Swarm {
    key: u64,
    strikes: Strikes,
    /// Kinds that are on, in parts of 256.
    on_parts: u64,
}

/// Odds that a kind is on: few kinds, or every second one.
const ON_PARTS: [u64; 4] = [24, 64, 64, 128];
/// How many faults may strike a task, over all its attempts.
const STRIKES: [u32; 4] = [1, 2, STRIKES_MAX, STRIKES_MAX];
/// A task that is tried six times outlasts them.
const STRIKES_MAX: u32 = 5;
/// How often a kind that is on strikes, in parts of 2^16: from one in a thousand to every second time.
const STRIKE_PARTS: [u32; 6] = [64, 256, 1024, 4096, 16_384, 32_768];

impl Swarm {
    /// The strategy of `seed`.
    pub fn new(seed: u64) -> Swarm {
        // Its own stream: the same seed under another strategy is another run.
        let key = mix(run_key(seed), 0x5_3a72);
        let draw = |number: u64| (mix(key, number) % 4) as usize;
        Swarm { key, strikes: Strikes::new(STRIKES[draw(2)]), on_parts: ON_PARTS[draw(1)] }
    }

    /// How often this kind strikes, in parts of 2^16; `None` when it is off.
    fn rate(&self, kind: Kind) -> Option<u32> {
        let draw = mix(self.key, kind.tag());
        (draw & 0xff < self.on_parts).then(|| STRIKE_PARTS[(draw >> 8) as usize % STRIKE_PARTS.len()])
    }
}

impl Decisions for Swarm {
    #[inline]
    fn choose(&mut self, site: &Site, alternatives: &Weighted<'_>) -> u32 {
        let draw = mix(self.key, site.key);
        if site.kind == Kind::Shape {
            return alternatives.pick(draw);
        }
        match self.rate(site.kind) {
            Some(rate) if (draw >> 48) as u32 <= rate && self.strikes.allow(site) => {
                alternatives.pick_but_benign(mix(draw, 2))
            }
            _ => 0,
        }
    }
}

/// How often faults have struck each task of a run.
#[derive(Clone, Debug)]
pub(super) struct Strikes {
    max: u32,
    by_task: BTreeMap<u64, u32>,
}

impl Strikes {
    pub(super) fn new(max: u32) -> Strikes {
        Strikes { max, by_task: BTreeMap::new() }
    }

    /// As many as a swarm has at most.
    pub(super) fn many() -> Strikes {
        Strikes::new(STRIKES_MAX)
    }

    /// Whether another deviation is allowed at a site; if so, it counts.
    pub(super) fn allow(&mut self, site: &Site) -> bool {
        if !matches!(site.kind, Kind::Fault(_)) {
            return true;
        }
        let strikes = self.by_task.entry(site.task).or_default();
        *strikes += 1;
        *strikes <= self.max
    }
}
