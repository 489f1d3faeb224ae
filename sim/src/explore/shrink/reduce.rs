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

    /// A deviation that made an attempt fail, with that attempt: what happened in later ones happens one earlier.
    pub(super) fn drop_attempts(&mut self) -> Result<(), HostError> {
        self.begin("dropping attempts");
        let mut place = 0;
        while let Some(choice) = self.best.choices.get(place) {
            let fewer = attempt(choice).map(|(state, number)| {
                let others = self.best.choices.iter().filter(|other| other.key != choice.key);
                others.filter_map(|other| one_attempt_less(other, state, number)).collect::<Vec<_>>()
            });
            match fewer {
                Some(fewer) if self.breaks(&fewer)? => {}
                _ => place += 1,
            }
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

/// The lineage up to the state whose attempt a deviation is about, and which attempt: the innermost one.
fn attempt(choice: &Choice) -> Option<(&str, u32)> {
    let lineage = choice.site.split('|').next()?;
    let (state, rest) = lineage.rsplit_once(TRY)?;
    let number = match rest.split('/').next()? {
        "" => 0,
        number => number.strip_prefix('#')?.parse().ok()?,
    };
    choice.is_deviation().then_some((state, number))
}

/// How a lineage goes on from a state to one of its attempts.
const TRY: &str = "/try";

/// The choice with later attempts at `state` than `number` counted one lower.
fn one_attempt_less(choice: &Choice, state: &str, number: u32) -> Option<Choice> {
    let renamed = choice.site.strip_prefix(state).and_then(|rest| rest.strip_prefix(TRY)).and_then(|rest| {
        let digits = rest.strip_prefix('#')?;
        let end = digits.find(|c: char| !c.is_ascii_digit())?;
        let own: u32 = digits[..end].parse().ok().filter(|own| *own > number)?;
        let new = if own == 1 { String::new() } else { format!("#{}", own - 1) };
        Some(format!("{state}{TRY}{new}{}={}", &digits[end..], choice.alternative))
    });
    renamed.map_or_else(|| Some(choice.clone()), |line| line.parse().ok())
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
        let gone = choice("a/M/Pay/try#1/pay|x|LA-THROTTLE|0=1");
        assert_eq!(attempt(&gone), Some(("a/M/Pay", 1)));
        assert_eq!(attempt(&choice("a/M/Pay/try|timer|defer|2=1")), Some(("a/M/Pay", 0)));
        assert_eq!(attempt(&choice("a/M/trying|x|defer|0=1")), None);
        for (before, after) in [
            ("a/M/Pay/try#2/pay|x|EB-DUP|0=1", "a/M/Pay/try#1/pay|x|EB-DUP|0=1"),
            ("a/M/Pay/try|x|EB-DUP|0=1", "a/M/Pay/try|x|EB-DUP|0=1"),
            ("a/M/Pay/try#1|x|EB-DUP|0=1", "a/M/Pay/try#1|x|EB-DUP|0=1"),
            ("b/M/Pay/try#2|x|EB-DUP|0=1", "b/M/Pay/try#2|x|EB-DUP|0=1"),
        ] {
            let (state, number) = attempt(&gone).expect("an attempt");
            assert_eq!(one_attempt_less(&choice(before), state, number), Some(choice(after)), "{before}");
        }
        assert_eq!(
            one_attempt_less(&choice("a/M/Pay/try#1|x|EB-DUP|0=1"), "a/M/Pay", 0),
            Some(choice("a/M/Pay/try|x|EB-DUP|0=1"))
        );
    }
}
