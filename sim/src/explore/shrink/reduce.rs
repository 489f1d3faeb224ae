//! Fewer choices, and smaller ones.

use std::collections::BTreeSet;

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

    /// A deviation with what it made happen once more: an attempt that failed, a delivery that was refused. What came
    /// after that comes one earlier.
    pub(super) fn drop_repeats(&mut self) -> Result<(), HostError> {
        self.begin("dropping attempts");
        let mut place = 0;
        'choices: while let Some(choice) = self.best.choices.get(place).cloned() {
            let others: Vec<Choice> =
                self.best.choices.iter().filter(|other| other.key != choice.key).cloned().collect();
            let repeats: BTreeSet<Repeat> = others.iter().flat_map(repeats).collect();
            for repeat in repeats.iter().filter(|_| choice.is_deviation()) {
                let fewer: Vec<Choice> = others.iter().filter_map(|other| repeat.one_less(other)).collect();
                if self.breaks(&fewer)? {
                    continue 'choices;
                }
            }
            place += 1;
        }
        Ok(())
    }

    /// One deviation less, where another one does it alone in a form of its own: twice after seconds, not at once.
    pub(super) fn change_forms(&mut self) -> Result<(), HostError> {
        self.begin("changing forms");
        let mut place = 0;
        'choices: while let Some(choice) = self.best.choices.get(place).cloned() {
            let rest: Vec<Choice> = self.best.choices.iter().filter(|other| other.key != choice.key).cloned().collect();
            let deviations = rest.iter().filter(|other| other.is_deviation());
            let others: Vec<&Choice> = deviations.filter(|_| choice.is_deviation()).collect();
            if others.len() < FORMS_OF_MAX {
                for other in others {
                    for form in (1..=FORMS_MAX).filter(|form| *form != other.alternative) {
                        if self.breaks(&with(&rest, other, form))? {
                            continue 'choices;
                        }
                    }
                }
            }
            place += 1;
        }
        Ok(())
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

/// Forms of a deviation that are tried: hardly a fault has more.
const FORMS_MAX: u32 = 4;
/// Of more deviations than this no other forms are tried: there would be too many runs.
const FORMS_OF_MAX: usize = 8;

/// A link of a lineage that is not the first of its name: `shopper#1/Order/Pay/try#2` is number 2 of its stem.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Repeat {
    stem: String,
    number: u32,
}

/// The numbered links of the lineage that a choice is about, but for its actor.
pub(super) fn repeats(choice: &Choice) -> Vec<Repeat> {
    let lineage = choice.site.split('|').next().unwrap_or_default();
    let ends = lineage.match_indices('/').map(|(at, _)| at).skip(1).chain([lineage.len()]);
    let numbered = ends.filter_map(|end| {
        let (stem, number) = lineage.get(..end)?.rsplit_once('#')?;
        // A link without a number leaves that of an earlier link.
        Some(Repeat { stem: stem.to_owned(), number: number.parse().ok()? })
    });
    numbered.filter(|repeat| repeat.stem.contains('/')).collect()
}

impl Repeat {
    /// The choice with this and later links of the stem counted one lower.
    pub(super) fn one_less(&self, choice: &Choice) -> Option<Choice> {
        let renamed = choice.site.strip_prefix(self.stem.as_str()).and_then(|rest| {
            let digits = rest.strip_prefix('#')?;
            let end = digits.find(|c: char| !c.is_ascii_digit())?;
            let number: u32 = digits[..end].parse().ok().filter(|number| *number >= self.number)?;
            let new = if number <= 1 { String::new() } else { format!("#{}", number - 1) };
            Some(format!("{}{new}{}={}", self.stem, &digits[end..], choice.alternative))
        });
        renamed.map_or_else(|| Some(choice.clone()), |line| line.parse().ok())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_attempt_the_later_ones_come_earlier() {
        let choice = |line: &str| line.parse::<Choice>().expect("a choice");
        let repeat = |stem: &str, number| Repeat { stem: stem.to_owned(), number };
        let later = choice("a#3/M#1/Pay/try#2/pay|x|EB-DUP|0=1");
        assert_eq!(repeats(&later), [repeat("a#3/M", 1), repeat("a#3/M#1/Pay/try", 2)]);
        assert_eq!(repeats(&choice("a#3/M/Pay|x|EB-DUP|0=1")), []);
        for (before, after) in [
            ("a#3/M#1/Pay/try#2/pay|x|EB-DUP|0=1", "a#3/M#1/Pay/try#1/pay|x|EB-DUP|0=1"),
            ("a#3/M#1/Pay/try#12|x|EB-DUP|0=1", "a#3/M#1/Pay/try#11|x|EB-DUP|0=1"),
            ("a#3/M#1/Pay/try#1|x|EB-DUP|0=1", "a#3/M#1/Pay/try#1|x|EB-DUP|0=1"),
            ("a#3/M#1/Pay/try|x|EB-DUP|0=1", "a#3/M#1/Pay/try|x|EB-DUP|0=1"),
            ("b#3/M#1/Pay/try#2|x|EB-DUP|0=1", "b#3/M#1/Pay/try#2|x|EB-DUP|0=1"),
        ] {
            let less = repeat("a#3/M#1/Pay/try", 2).one_less(&choice(before));
            assert_eq!(less, Some(choice(after)), "{before}");
        }
        let first = repeat("a#3/M", 1).one_less(&later);
        assert_eq!(first, Some(choice("a#3/M/Pay/try#2/pay|x|EB-DUP|0=1")));
    }
}
