use std::collections::BTreeMap;
use std::sync::Arc;

/// How the invocations of a function or the executions of a state machine ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// How many succeeded.
    pub succeeded: u64,
    /// How many did not.
    pub failed: u64,
    /// As long as none succeeded: by the error's name, how often it came and the first of its texts in the alphabet.
    errors: BTreeMap<Arc<str>, (u64, Arc<str>)>,
}

/// So many errors are told apart: those that come first in the alphabet, so that they are the same however runs are
/// shared out among threads.
const ERRORS_MAX: usize = 64;

/// The ends of all functions or all state machines, by index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllEnds(Vec<Ends>);

impl AllEnds {
    /// Those of one.
    pub fn of(&self, index: usize) -> Ends {
        self.0.get(index).cloned().unwrap_or_default()
    }

    pub(super) fn add(&mut self, index: u32, error: Option<impl FnOnce() -> Arc<str>>) {
        let place = index as usize;
        if self.0.len() <= place {
            self.0.resize_with(place + 1, Ends::default);
        }
        let ends = &mut self.0[place];
        match error {
            None => ends.succeeded += 1,
            Some(error) => {
                ends.failed += 1;
                if ends.succeeded == 0 {
                    ends.note(1, error());
                }
            }
        }
        ends.forget();
    }

    pub(super) fn merge(&mut self, other: &AllEnds) {
        self.0.resize_with(self.0.len().max(other.0.len()), Ends::default);
        for (ends, more) in self.0.iter_mut().zip(&other.0) {
            ends.merge(more);
        }
    }
}

impl Ends {
    /// When none succeeded: the error that most of them ended with.
    pub fn usual_error(&self) -> Option<&Arc<str>> {
        // Of several that came as often, the first of the alphabet.
        self.errors.values().rev().max_by_key(|(times, _)| *times).map(|(_, text)| text)
    }

    fn note(&mut self, times: u64, text: Arc<str>) {
        let name = text.split(": ").next().unwrap_or_default();
        match self.errors.get_mut(name) {
            Some((known, first)) => {
                *known += times;
                if text < *first {
                    *first = text;
                }
            }
            None => {
                self.errors.insert(name.into(), (times, text));
            }
        }
    }

    fn merge(&mut self, other: &Ends) {
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        for (times, text) in other.errors.values() {
            self.note(*times, text.clone());
        }
        self.forget();
    }

    fn forget(&mut self) {
        // What failed before the first success is forgotten: whether it did depends on the thread.
        if self.succeeded > 0 {
            self.errors.clear();
        }
        while self.errors.len() > ERRORS_MAX {
            self.errors.pop_last();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_ends_are_shared_out_their_sum_is_the_same() {
        let of = |some: &[Option<&str>]| {
            let mut all = AllEnds::default();
            for error in some {
                all.add(1, error.map(|error| move || error.into()));
            }
            all
        };
        let failures = [Some("B: 2"), Some("A"), Some("B: 1")];
        let ends = [Some("B"), None, Some("C")];
        let failed = of(&failures).of(1);
        assert_eq!((failed.succeeded, failed.failed, failed.usual_error().map(|error| &**error)), (0, 3, Some("B: 1")));
        assert_eq!((of(&ends).of(1).failed, of(&ends).of(1).usual_error()), (2, None));
        assert_eq!(of(&ends).of(7), Ends::default());
        for ends in [failures, ends] {
            for cut in 0..=ends.len() {
                let mut sum = of(&ends[..cut]);
                sum.merge(&of(&ends[cut..]));
                assert_eq!(sum, of(&ends));
            }
        }
    }
}
