use std::collections::BTreeMap;

use crate::world::{Decisions, Script, Site, Weighted};

/// Decides as a script says; every site that it does not name is benign.
#[derive(Clone, Debug)]
pub struct Replay {
    alternatives: BTreeMap<u64, u32>,
    used: Vec<u64>,
}

impl Replay {
    /// The strategy of `script`.
    pub fn new(script: &Script) -> Replay {
        Replay { alternatives: script.by_key(), used: Vec::new() }
    }

    /// The keys of the choices that the run asked for: the others no longer apply.
    pub fn used(&self) -> &[u64] {
        &self.used
    }
}

impl Decisions for Replay {
    fn choose(&mut self, site: &Site, alternatives: &Weighted<'_>) -> u32 {
        let Some(alternative) = self.alternatives.get(&site.key) else { return 0 };
        // A changed template may offer fewer alternatives than the script knew.
        if *alternative >= alternatives.alternatives() {
            return 0;
        }
        self.used.push(site.key);
        *alternative
    }
}
