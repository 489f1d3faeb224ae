use std::sync::Arc;

use crate::world::{Decisions, Script, Site, Weighted};

/// The alternatives of a script by the keys of their sites.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers(Vec<(u64, u32)>);

impl Answers {
    /// These alternatives; of two at one site the last one counts.
    pub fn new(answers: impl IntoIterator<Item = (u64, u32)>) -> Answers {
        let mut all: Vec<(u64, u32)> = answers.into_iter().collect();
        // Stable: at one site the last one stays last.
        all.sort_by_key(|(key, _)| *key);
        all.reverse();
        all.dedup_by_key(|(key, _)| *key);
        all.reverse();
        Answers(all)
    }

    /// The alternative at a site; 0 where none is named.
    #[inline]
    pub fn at(&self, key: u64) -> u32 {
        self.0.binary_search_by_key(&key, |(known, _)| *known).map_or(0, |place| self.0[place].1)
    }

    /// The same with another alternative at one site.
    #[must_use]
    pub fn with(&self, key: u64, alternative: u32) -> Answers {
        Answers::new(self.0.iter().copied().chain([(key, alternative)]))
    }

    /// Every site with its alternative.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u32)> {
        self.0.iter().copied()
    }
}

impl From<&Script> for Answers {
    fn from(script: &Script) -> Answers {
        Answers::new(script.choices.iter().map(|choice| (choice.key, choice.alternative)))
    }
}

/// Decides as a script says; every site that it does not name is benign.
#[derive(Clone, Debug)]
pub struct Replay {
    answers: Arc<Answers>,
}

impl Replay {
    /// The strategy of `script`.
    pub fn new(script: &Script) -> Replay {
        Replay::of(Arc::new(Answers::from(script)))
    }

    /// The strategy of these answers.
    pub fn of(answers: Arc<Answers>) -> Replay {
        Replay { answers }
    }
}

impl Decisions for Replay {
    fn choose(&mut self, site: &Site, alternatives: &Weighted<'_>) -> u32 {
        let alternative = self.answers.at(site.key);
        // A changed template may offer fewer alternatives than the script knew.
        if alternative < alternatives.alternatives() { alternative } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_answer_at_a_site_counts() {
        let answers = Answers::new([(7, 1), (3, 2), (7, 4)]);
        assert_eq!((answers.at(7), answers.at(3), answers.at(5)), (4, 2, 0));
        assert_eq!(answers.with(3, 9).iter().collect::<Vec<_>>(), [(3, 9), (7, 4)]);
    }
}
