//! Which promises are asked, and when.

use std::sync::Arc;

use super::World;
use crate::handlers::HostError;
use crate::world::{Invariant, Parts, View, Violation, When};

impl World {
    /// Judges what must hold at every moment, where something that it reads has changed.
    pub(super) fn check_changed(&mut self) -> Result<Option<Violation>, HostError> {
        let changed = std::mem::take(&mut self.changed);
        self.judge(|invariant, reached| match invariant.when {
            When::Always => invariant.reads.meets(changed),
            When::Sometimes => !reached && invariant.reads.meets(changed),
            When::Eventually => false,
        })
    }

    /// Judges what must hold in the end.
    pub(super) fn check_end(&mut self) -> Result<Option<Violation>, HostError> {
        // Messages grow too old without anything happening.
        self.revisions.bump(Parts::QUEUES);
        self.judge(|invariant, _| invariant.when == When::Eventually)
    }

    fn judge(&mut self, is_asked: impl Fn(&Invariant, bool) -> bool) -> Result<Option<Violation>, HostError> {
        // Taken out for as long as they look at the rest of the world.
        let mut invariants = std::mem::take(&mut self.invariants);
        let mut reached = std::mem::take(&mut self.reached);
        let verdict = first_broken(&mut invariants, &mut reached, &self.view(), is_asked);
        self.invariants = invariants;
        self.reached = reached;
        verdict
    }
}

/// Asks those of the invariants that are to be asked; the first one that is broken ends it.
fn first_broken(
    invariants: &mut [Invariant],
    reached: &mut [bool],
    view: &View<'_>,
    is_asked: impl Fn(&Invariant, bool) -> bool,
) -> Result<Option<Violation>, HostError> {
    for (place, (invariant, reached)) in invariants.iter_mut().zip(reached).enumerate() {
        if !is_asked(invariant, *reached) {
            continue;
        }
        let holds = invariant.check.holds(view).map_err(|error| unusable(&invariant.name, &error))?;
        if invariant.when == When::Sometimes {
            *reached |= holds;
        } else if !holds {
            return Ok(Some(Violation {
                invariant: Some(place),
                name: invariant.name.clone(),
                at: view.now,
                waiting: Vec::new(),
            }));
        }
    }
    Ok(None)
}

fn unusable(name: &Arc<str>, error: &str) -> HostError {
    HostError(format!("the invariant '{name}' cannot be evaluated: {error}"))
}
