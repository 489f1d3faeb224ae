//! Fewer actors: counts that are lower, slots that are emptied, two actors made one, and at last new numbers.

use std::collections::BTreeSet;

use super::Shrinker;
use super::reduce::{Repeat, repeats};
use crate::handlers::HostError;
use crate::world::{Choice, Script};

impl Shrinker<'_> {
    /// Without one actor after the other, in groups first. Nobody else is renamed by it.
    pub(super) fn drop_actors(&mut self) -> Result<(), HostError> {
        self.begin("dropping actors");
        let mut group = self.actors.len().max(1);
        while group > 0 {
            let mut from = 0;
            while from < self.actors.len() {
                let to = (from + group).min(self.actors.len());
                let dropped = self.actors[from..to].to_vec();
                let rest = without(&self.best, &dropped);
                let is_left_out = self.breaks(&rest)? || (group == 1 && self.breaks_one_earlier(&rest)?);
                if !is_left_out {
                    from = to;
                }
            }
            group /= 2;
        }
        Ok(())
    }

    /// The same where what comes after that actor comes one earlier: of two batches of messages the second one is the
    /// first without it.
    fn breaks_one_earlier(&mut self, rest: &[Choice]) -> Result<bool, HostError> {
        let repeats: BTreeSet<Repeat> = rest.iter().filter(|choice| choice.is_deviation()).flat_map(repeats).collect();
        for repeat in repeats.iter().filter(|_| repeats.len() <= REPEATS_MAX) {
            let earlier: Vec<Choice> = rest.iter().filter_map(|choice| repeat.one_less(choice)).collect();
            if self.breaks(&earlier)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Two actors of a kind made one: the later one's deviations happen to the earlier one.
    pub(super) fn merge_actors(&mut self) -> Result<(), HostError> {
        self.begin("merging actors");
        let mut later = self.actors.len();
        while later > 1 {
            later -= 1;
            for earlier in 0..later {
                let (Some(from), Some(to)) = (self.actors.get(later).cloned(), self.actors.get(earlier).cloned())
                else {
                    break;
                };
                if kind(&from) != kind(&to) {
                    continue;
                }
                let merged = renamed(&without(&self.best, &[]), &from, &to, Choice::is_deviation);
                let merged = without(&Script { choices: merged }, std::slice::from_ref(&from));
                if self.breaks(&merged)? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The actors that are left get the lowest numbers of their kind; counts say that there are no more.
    pub(super) fn renumber_actors(&mut self) -> Result<(), HostError> {
        self.begin("renumbering actors");
        let mut kinds: Vec<String> = self.actors.iter().map(|actor| kind(actor).to_owned()).collect();
        kinds.dedup();
        let mut choices: Vec<Choice> = self.best.choices.clone();
        // Of a kind that nobody is left of, every slot stays empty.
        choices.retain(|choice| !is_slot(choice) || !kinds.iter().any(|kind| self::kind(root(choice)) == kind));
        let mut emptied = 0;
        for kind in &kinds {
            let own = self.actors.iter().filter(|actor| self::kind(actor) == *kind);
            for (number, actor) in (1..).zip(own) {
                choices = renamed(&choices, actor, &format!("{kind}#{number}"), |_| true);
            }
            emptied +=
                self.best.choices.iter().filter(|choice| is_slot(choice) && self::kind(root(choice)) == kind).count();
        }
        if choices == self.best.choices {
            return Ok(());
        }
        // Which of the whole workload's choices is the count of this kind is not known: each is tried.
        let counts: Vec<usize> = (0..choices.len()).filter(|place| is_of_whole(&choices[*place])).collect();
        for place in counts {
            let mut fewer = choices.clone();
            fewer[place].alternative = fewer[place].alternative.saturating_sub(emptied as u32);
            fewer.retain(|choice| choice.alternative > 0);
            if self.breaks(&fewer)? {
                return Ok(());
            }
        }
        // No count: slots behind those that are left are the ones that stay empty.
        let mut last = choices;
        for kind in kinds {
            let own = self.actors.iter().filter(|actor| self::kind(actor) == kind).count();
            let empty =
                self.best.choices.iter().filter(|choice| is_slot(choice) && self::kind(root(choice)) == kind).count();
            last.extend((own + 1..=own + empty).filter_map(|number| slot(&format!("{kind}#{number}"))));
        }
        self.breaks(&last)?;
        Ok(())
    }
}

/// Of more numbered links none is counted lower: there would be too many runs, and fewer are left later.
const REPEATS_MAX: usize = 6;

/// The choices without these actors and all that they cause: their slots are empty.
fn without(script: &Script, actors: &[String]) -> Vec<Choice> {
    let is_kept = |choice: &&Choice| !actors.iter().any(|actor| root(choice) == actor);
    let kept = script.choices.iter().filter(is_kept).cloned();
    kept.chain(actors.iter().filter_map(|actor| slot(actor))).collect()
}

/// The choice that empties the slot of an actor, `shopper#2`.
pub(super) fn slot(actor: &str) -> Option<Choice> {
    format!("{actor}|{}|shape|0=1", kind(actor)).parse().ok()
}

/// Whether it empties a slot.
pub(super) fn is_slot(choice: &Choice) -> bool {
    !choice.is_deviation() && slot(root(choice)).is_some_and(|slot| slot.key == choice.key)
}

/// Whether the choice is about the workload as a whole.
fn is_of_whole(choice: &Choice) -> bool {
    !choice.is_deviation() && choice.site.starts_with('|')
}

/// The choices with the root of lineages renamed, where they are meant.
fn renamed(choices: &[Choice], from: &str, to: &str, is_meant: fn(&Choice) -> bool) -> Vec<Choice> {
    let rename = |choice: &Choice| {
        if root(choice) != from || !is_meant(choice) {
            return Some(choice.clone());
        }
        format!("{to}{}={}", &choice.site[from.len()..], choice.alternative).parse().ok()
    };
    choices.iter().filter_map(rename).collect()
}

/// The first link of the lineage that a choice is about: `shopper#2`.
fn root(choice: &Choice) -> &str {
    choice.site.split(['/', '|']).next().unwrap_or_default()
}

/// The name of an actor without its number.
fn kind(actor: &str) -> &str {
    actor.split('#').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(lines: &[&str]) -> Vec<Choice> {
        lines.iter().map(|line| line.parse().expect("a choice")).collect()
    }

    #[test]
    fn dropping_an_actor_drops_what_it_causes_and_empties_its_slot() {
        let script = Script {
            choices: choices(&["|shopper.count|shape|1=4", "shopper#1/x|y|defer|0=1", "shopper#12/x|y|EB-DUP|0=1"]),
        };
        let left = without(&script, &["shopper#1".to_owned()]);
        assert_eq!(
            left,
            choices(&["|shopper.count|shape|1=4", "shopper#12/x|y|EB-DUP|0=1", "shopper#1|shopper|shape|0=1"])
        );
        assert!(is_slot(&left[2]) && is_of_whole(&left[0]) && !is_slot(&left[0]));
    }

    #[test]
    fn renaming_moves_the_site_with_its_lineage() {
        let before = choices(&["shopper#5/x|y|defer|0=2", "shopper#5|shopper.at|shape|1=7", "shopper#51|y|defer|0=1"]);
        let after = renamed(&before, "shopper#5", "shopper#1", |_| true);
        let wanted = ["shopper#1/x|y|defer|0=2", "shopper#1|shopper.at|shape|1=7", "shopper#51|y|defer|0=1"];
        assert_eq!(after, choices(&wanted));
    }
}
