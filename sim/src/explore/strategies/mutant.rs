use std::sync::Arc;

use super::swarm::Strikes;
use super::{Answers, Swarm};
use crate::world::{Decisions, Kind, Site, Weighted, mix};

/// A script that reached something new, changed here and there.
///
/// Each site decides on its own, from a hash of its address: it keeps the script's alternative, takes that of another
/// script, drops it, draws another one, or strikes where the script did nothing.
#[derive(Clone, Debug)]
pub struct Mutant {
    script: Arc<Answers>,
    other: Arc<Answers>,
    key: u64,
    fresh: Swarm,
    /// How much is changed, in parts of 256.
    change_parts: u64,
    is_spliced: bool,
    /// As in a swarm, few faults strike each task.
    strikes: Strikes,
}

const CHANGE_PARTS: [u64; 4] = [4, 16, 48, 96];

impl Mutant {
    /// The `number`th mutant of `script`, sometimes spliced with `other`.
    pub fn new(script: Arc<Answers>, other: Arc<Answers>, number: u64) -> Mutant {
        let key = mix(0x3076_a47e, number);
        Mutant {
            script,
            other,
            key,
            fresh: Swarm::new(number),
            change_parts: CHANGE_PARTS[(mix(key, 1) % 4) as usize],
            is_spliced: mix(key, 2).is_multiple_of(3),
            strikes: Strikes::many(),
        }
    }
}

impl Decisions for Mutant {
    fn choose(&mut self, site: &Site, alternatives: &Weighted<'_>) -> u32 {
        let draw = mix(self.key, site.key);
        let (own, other) = (self.script.at(site.key), self.other.at(site.key));
        let kept = if own == 0 && self.is_spliced && site.kind != Kind::Shape { other } else { own };
        let kept = if kept < alternatives.alternatives() { kept } else { 0 };
        let taken = match (kept, site.kind) {
            _ if draw & 0xff >= self.change_parts => kept,
            (0, Kind::Shape) => alternatives.pick(draw),
            (0, _) => self.fresh.choose(site, alternatives),
            _ if draw & 0x100 == 0 => 0,
            _ => alternatives.pick_but_benign(mix(draw, 3)),
        };
        if taken == 0 || self.strikes.allow(site) { taken } else { 0 }
    }
}
