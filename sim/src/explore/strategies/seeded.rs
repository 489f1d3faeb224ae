use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::world::{Decisions, Site, Weighted, mix};

/// Every site draws on its own, from a hash of its address keyed by the seed.
///
/// The key comes from `ChaCha`, so that neighbouring seeds have nothing in common; a `ChaCha` block per draw would cost
/// more than the rest of a step.
#[derive(Clone, Copy, Debug)]
pub struct Seeded {
    key: u64,
}

impl Seeded {
    /// The strategy of `seed`.
    pub fn new(seed: u64) -> Seeded {
        Seeded { key: run_key(seed) }
    }
}

impl Decisions for Seeded {
    #[inline]
    fn choose(&mut self, site: &Site, alternatives: &Weighted<'_>) -> u32 {
        alternatives.pick(mix(self.key, site.key))
    }
}

/// The run key of a seed: keys a run's draws and its entropy.
pub fn run_key(seed: u64) -> u64 {
    ChaCha8Rng::seed_from_u64(seed).next_u64()
}
