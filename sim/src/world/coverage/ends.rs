use std::sync::Arc;

/// How the invocations of a function or the executions of a state machine ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// How many succeeded.
    pub succeeded: u64,
    /// How many did not.
    pub failed: u64,
    /// As long as none succeeded: of their errors the first in the order of the alphabet, so that it is the same
    /// however runs are shared out among threads.
    pub error: Option<Arc<str>>,
}

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
            None => ends.merge(&Ends { succeeded: 1, failed: 0, error: None }),
            Some(error) => {
                let error = (ends.succeeded == 0).then(error);
                ends.merge(&Ends { succeeded: 0, failed: 1, error });
            }
        }
    }

    pub(super) fn merge(&mut self, other: &AllEnds) {
        self.0.resize_with(self.0.len().max(other.0.len()), Ends::default);
        for (ends, more) in self.0.iter_mut().zip(&other.0) {
            ends.merge(more);
        }
    }
}

impl Ends {
    fn merge(&mut self, other: &Ends) {
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.error = match (self.error.take(), other.error.clone()) {
            (Some(own), Some(other)) => Some(own.min(other)),
            (own, other) => own.or(other),
        };
        // What failed before the first success is forgotten: whether it did depends on the thread.
        if self.succeeded > 0 {
            self.error = None;
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
        let failures = [Some("B"), Some("A"), Some("C")];
        let ends = [Some("B"), None, Some("C")];
        assert_eq!(of(&failures).of(1), Ends { succeeded: 0, failed: 3, error: Some("A".into()) });
        assert_eq!(of(&ends).of(1), Ends { succeeded: 1, failed: 2, error: None });
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
