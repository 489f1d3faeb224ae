//! Fewer choices, and smaller ones.

use super::Shrinker;
use super::actors::is_slot;
use crate::handlers::HostError;
use crate::world::Choice;

impl Shrinker<'_> {
    /// Every deviation of a kind at once.
    pub(super) fn drop_kinds(&mut self) -> Result<(), HostError> {
        self.begin("dropping kinds of deviations");
        for kind in self.best.kinds() {
            let rest: Vec<Choice> = self.best.choices.iter().filter(|choice| choice.kind != kind).cloned().collect();
            self.breaks(&rest)?;
        }
        Ok(())
    }

    /// Choices in ever smaller groups, down to each alone: delta debugging, after Zeller and Hildebrandt (2002).
    pub(super) fn drop_choices(&mut self) -> Result<(), HostError> {
        self.begin("dropping deviations");
        self.drop_groups(Choice::is_deviation)?;
        self.begin("dropping choices of the workload");
        // An emptied slot is kept: without it the actor would be back.
        self.drop_groups(|choice| !choice.is_deviation() && !is_slot(choice))
    }

    fn drop_groups(&mut self, is_meant: fn(&Choice) -> bool) -> Result<(), HostError> {
        let count = |shrinker: &Self| shrinker.best.choices.iter().filter(|choice| is_meant(choice)).count();
        let mut group = count(self).max(1);
        loop {
            let mut from = 0;
            while from < count(self) {
                let mut number = 0;
                let is_kept = |choice: &&Choice| {
                    let is_inside = is_meant(choice) && {
                        number += 1;
                        (from..from + group).contains(&(number - 1))
                    };
                    !is_inside
                };
                let rest: Vec<Choice> = self.best.choices.iter().filter(is_kept).cloned().collect();
                // What is left moves up to where the group stood.
                if !self.breaks(&rest)? {
                    from += group;
                }
            }
            if group == 1 {
                return Ok(());
            }
            group = group.div_ceil(2).min(count(self).max(1));
        }
    }

    /// The smallest alternative of every choice that still does it.
    pub(super) fn lower_values(&mut self) -> Result<(), HostError> {
        self.begin("lowering values");
        let mut place = 0;
        while let Some(choice) = self.best.choices.get(place).cloned() {
            // Of a count or a time a smaller one mostly does as well: halves first, then one less.
            let mut low = 0;
            let mut high = if is_slot(&choice) { 0 } else { choice.alternative };
            while low < high {
                let middle = low + (high - low) / 2;
                if self.breaks(&with(&self.best.choices, &choice, middle))? {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            place += usize::from(self.best.choices.get(place).is_some_and(|next| next.key == choice.key));
        }
        Ok(())
    }
}

/// The choices with another alternative at one site; 0 leaves it out.
fn with(choices: &[Choice], at: &Choice, alternative: u32) -> Vec<Choice> {
    let changed = choices.iter().map(|choice| {
        let alternative = if choice.key == at.key { alternative } else { choice.alternative };
        Choice { alternative, ..choice.clone() }
    });
    changed.filter(|choice| choice.alternative > 0).collect()
}
