mod ends;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use self::ends::{AllEnds, Ends};
use super::{FaultId, Name};

/// Where a fault can strike: the fault, the operation it strikes, and the function or state that it happens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InjectionPoint {
    /// The fault.
    pub fault: FaultId,
    /// What it strikes.
    pub operation: Name,
    /// Whose doing that is: the last link of the lineage.
    pub place: Name,
}

/// What runs reached: points of the state machines, faults by injection point, `sometimes`.
///
/// Counts go on over all runs of a world. Of the features that are not known yet a run makes a list, which guides what
/// is tried next; [`Coverage::know`] says which are known.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// How often each point of the state machines was reached.
    points: Vec<u64>,
    /// A bit a point: known before, or reached by this run.
    seen: Vec<u64>,
    fresh_points: Vec<u32>,
    strikes: BTreeMap<InjectionPoint, u64>,
    known_strikes: Vec<InjectionPoint>,
    fresh_strikes: Vec<InjectionPoint>,
    /// By fault: how often it could have struck.
    offered: Vec<u64>,
    functions: AllEnds,
    executions: AllEnds,
    /// Where faults could strike, while that is noted.
    listed: BTreeSet<InjectionPoint>,
    lists: bool,
}

/// What was reached, as sums over runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By point of the state machines.
    pub points: Vec<u64>,
    /// By injection point.
    pub strikes: BTreeMap<InjectionPoint, u64>,
    /// By fault: how often it could have struck.
    pub offered: Vec<u64>,
    /// By function: how its invocations ended.
    pub functions: AllEnds,
    /// By state machine: how its executions ended.
    pub executions: AllEnds,
}

impl Counts {
    /// Adds what another world reached.
    pub fn merge(&mut self, other: &Counts) {
        add(&mut self.points, &other.points);
        add(&mut self.offered, &other.offered);
        self.functions.merge(&other.functions);
        self.executions.merge(&other.executions);
        for (point, count) in &other.strikes {
            *self.strikes.entry(*point).or_default() += count;
        }
    }
}

fn add(sums: &mut Vec<u64>, more: &[u64]) {
    sums.resize(sums.len().max(more.len()), 0);
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum += more;
    }
}

impl Coverage {
    /// Makes room for this many points.
    pub fn resize(&mut self, points: usize) {
        self.points.resize(points, 0);
        self.seen.resize(points.div_ceil(64), 0);
    }

    /// A point was reached.
    #[inline]
    pub fn reach(&mut self, point: u32) {
        let Some(count) = self.points.get_mut(point as usize) else { return };
        *count += 1;
        let (word, bit) = (&mut self.seen[point as usize / 64], 1 << (point % 64));
        if *word & bit == 0 {
            *word |= bit;
            self.fresh_points.push(point);
        }
    }

    /// Whether every place where a fault could strike is noted: it costs too much for every run of a sweep.
    pub fn list_injection_points(&mut self, lists: bool) {
        self.lists = lists;
    }

    /// Every place where a fault struck, or could have while that was noted.
    pub fn injection_points(&self) -> impl Iterator<Item = InjectionPoint> {
        self.listed.iter().chain(self.strikes.keys()).copied()
    }

    /// A fault could have struck.
    #[inline]
    pub fn offer(&mut self, fault: FaultId, point: impl FnOnce() -> InjectionPoint) {
        if self.lists {
            self.listed.insert(point());
        }
        if self.offered.len() <= fault as usize {
            self.offered.resize(FaultId::ALL.len(), 0);
        }
        self.offered[fault as usize] += 1;
    }

    /// A fault struck.
    pub fn strike(&mut self, point: InjectionPoint) {
        *self.strikes.entry(point).or_default() += 1;
        if self.known_strikes.binary_search(&point).is_err() && !self.fresh_strikes.contains(&point) {
            self.fresh_strikes.push(point);
        }
    }

    /// An invocation of a function ended, with this error if it failed.
    pub fn invocation_ended(&mut self, function: u32, error: Option<impl FnOnce() -> Arc<str>>) {
        self.functions.add(function, error);
    }

    /// An execution of a state machine ended, with this error if it did not succeed.
    pub fn execution_ended(&mut self, machine: u32, error: Option<impl FnOnce() -> Arc<str>>) {
        self.executions.add(machine, error);
    }

    /// The sums over all runs.
    pub fn counts(&self) -> Counts {
        Counts {
            points: self.points.clone(),
            strikes: self.strikes.clone(),
            offered: self.offered.clone(),
            functions: self.functions.clone(),
            executions: self.executions.clone(),
        }
    }

    /// What this run reached that was not known; the next run knows no more than this one did.
    pub fn take_fresh(&mut self, fresh: &mut Vec<Fresh>) {
        for point in self.fresh_points.drain(..) {
            self.seen[point as usize / 64] &= !(1 << (point % 64));
            fresh.push(Fresh::Point(point));
        }
        fresh.extend(self.fresh_strikes.drain(..).map(Fresh::Strike));
    }

    /// Knows these from now on.
    pub fn know(&mut self, known: &[Fresh]) {
        for known in known {
            match known {
                Fresh::Point(point) => {
                    if let Some(word) = self.seen.get_mut(*point as usize / 64) {
                        *word |= 1 << (point % 64);
                    }
                }
                Fresh::Strike(point) => {
                    if let Err(place) = self.known_strikes.binary_search(point) {
                        self.known_strikes.insert(place, *point);
                    }
                }
                Fresh::Sometimes(_) => {}
            }
        }
    }
}

/// Something that a run reached and none before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fresh {
    /// A point of a state machine.
    Point(u32),
    /// A fault at an injection point.
    Strike(InjectionPoint),
    /// A `sometimes`, by its place among the invariants.
    Sometimes(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_lists_what_was_not_known_and_forgets_it_for_the_next() {
        let mut coverage = Coverage::default();
        coverage.resize(70);
        let strike = InjectionPoint { fault: FaultId::EbDup, operation: Name::DELIVERY, place: Name::WORLD };
        let mut run = |known: &[Fresh]| {
            coverage.know(known);
            for point in [3, 69, 3, 99] {
                coverage.reach(point);
            }
            coverage.strike(strike);
            let mut fresh = Vec::new();
            coverage.take_fresh(&mut fresh);
            fresh
        };
        let all = [Fresh::Point(3), Fresh::Point(69), Fresh::Strike(strike)];
        assert_eq!(run(&[]), all);
        assert_eq!(run(&[]), all);
        assert_eq!(run(&[Fresh::Point(3), Fresh::Strike(strike)]), [Fresh::Point(69)]);
        assert_eq!((coverage.counts().points[3], coverage.counts().strikes[&strike]), (6, 3));
    }
}
