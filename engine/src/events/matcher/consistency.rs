//! Whether a rule's fields can all be satisfied together when values come from elements of arrays.
//!
//! AWS: values from objects of one array must come from the same element; values outside arrays, and scalars directly
//! in an array, go with anything. Fields are decided in the order of their paths, and `exists: false` holds where no
//! value at its path goes with what the fields before it chose.
//!
//! This is a search: each field picks a value, a dead end goes back. It goes back to the field that caused the dead end
//! rather than to the last one (conflict-directed backjumping; Prosser 1993), so independent arrays do not multiply.

use super::index::{Test, TestId};
use super::walk::{Bits, Bound, Findings, FrameId};

/// So many picks are tried for one rule and event before it counts as no match. Only keys that both contain dots and
/// nest in arrays get near; an ordinary rule tries each value once.
const PICKS_MAX: usize = 200_000;

const NOBODY: u32 = u32::MAX;

impl Findings<'_> {
    /// Whether the event satisfies all of `tests`.
    pub(super) fn satisfy(&mut self, tests: &[TestId]) -> bool {
        let mut is_certain = true;
        for &test in tests {
            let Test { field, accepts_absence, .. } = self.index.test_at(test);
            if !self.any.contains(test.0) && !accepts_absence {
                return false;
            }
            is_certain &= self.free.contains(test.0) || (*accepts_absence && !self.present.contains(field.0));
        }
        if is_certain || self.bound.is_empty() {
            return is_certain;
        }
        if !self.is_sorted {
            self.bound.sort_by_key(|bound| bound.field);
            self.is_sorted = true;
        }
        Search::new(self, tests).succeeds()
    }

    fn bound_at(&self, test: &Test) -> &[Bound] {
        let start = self.bound.partition_point(|bound| bound.field < test.field);
        let end = self.bound.partition_point(|bound| bound.field <= test.field);
        &self.bound[start..end]
    }

    fn tests_of(&self, bound: &Bound) -> &[TestId] {
        &self.bound_tests[bound.tests.0 as usize..bound.tests.1 as usize]
    }
}

struct Search<'f, 'i> {
    findings: &'f Findings<'i>,
    levels: Vec<Level<'f>>,
    /// By array: the element that was picked, and the level that picked it.
    picked: Vec<(u32, u32)>,
    picks_left: usize,
}

/// A field with its ways to be satisfied.
struct Level<'f> {
    is_free: bool,
    values: Vec<FrameId>,
    /// The values that `exists: false` must not meet.
    absence_of: Option<&'f [Bound]>,
    next: usize,
    /// The arrays in which this level picked the element.
    arrays: Vec<u32>,
    /// The levels whose picks ruled ways out.
    conflicts: Bits,
}

impl<'f, 'i> Search<'f, 'i> {
    fn new(findings: &'f Findings<'i>, tests: &[TestId]) -> Search<'f, 'i> {
        let some_absence = tests.iter().any(|test| findings.index.test_at(*test).accepts_absence);
        // A value that goes with anything is the best pick, unless a narrower one could make room for an absence.
        let undecided = tests.iter().filter(|test| some_absence || !findings.free.contains(test.0));
        let size = tests.len();
        let levels = undecided.map(|&id| {
            let test = findings.index.test_at(id);
            let bound = findings.bound_at(test);
            let satisfying = bound.iter().filter(|bound| findings.tests_of(bound).contains(&id));
            let can_be_absent = test.accepts_absence && !findings.present_free.contains(test.field.0);
            Level {
                is_free: findings.free.contains(id.0),
                values: satisfying.map(|bound| bound.frame).collect(),
                absence_of: can_be_absent.then_some(bound),
                next: 0,
                arrays: Vec::new(),
                conflicts: Bits::new(size),
            }
        });
        let levels = levels.collect();
        Search { findings, levels, picked: vec![(0, NOBODY); findings.arrays as usize], picks_left: PICKS_MAX }
    }

    fn succeeds(mut self) -> bool {
        let mut at = 0;
        while at < self.levels.len() {
            if self.pick_next(at) {
                at += 1;
                continue;
            }
            let Some(culprit) = self.levels[at].conflicts.largest() else { return false };
            if self.picks_left == 0 {
                return false;
            }
            let none = Bits::new(self.levels.len());
            let conflicts = std::mem::replace(&mut self.levels[at].conflicts, none);
            for level in culprit as usize..=at {
                self.release(level);
                if level > culprit as usize {
                    self.levels[level].next = 0;
                    self.levels[level].conflicts = Bits::new(self.levels.len());
                }
            }
            at = culprit as usize;
            self.levels[at].conflicts.add_all(&conflicts);
            self.levels[at].conflicts.remove(culprit);
        }
        true
    }

    /// Takes the next way of a level that goes with the picks before it.
    fn pick_next(&mut self, at: usize) -> bool {
        loop {
            let level = &mut self.levels[at];
            let way = level.next;
            level.next += 1;
            let Some(left) = self.picks_left.checked_sub(1) else { return false };
            self.picks_left = left;
            let is_picked = match way {
                0 => level.is_free,
                _ if way <= level.values.len() => {
                    let frame = level.values[way - 1];
                    self.pick(at, frame)
                }
                _ if way == level.values.len() + 1 => match level.absence_of {
                    Some(values) => self.is_absent(at, values),
                    None => false,
                },
                _ => return false,
            };
            if is_picked {
                return true;
            }
        }
    }

    fn pick(&mut self, at: usize, frame: FrameId) -> bool {
        if let Some(owner) = self.against(frame) {
            self.levels[at].conflicts.insert(owner);
            return false;
        }
        for element in self.findings.elements(frame) {
            let picked = &mut self.picked[element.array as usize];
            if picked.1 == NOBODY {
                *picked = (element.element, at as u32);
                self.levels[at].arrays.push(element.array);
            }
        }
        true
    }

    fn is_absent(&mut self, at: usize, values: &[Bound]) -> bool {
        let Some(met) = values.iter().find(|bound| self.against(bound.frame).is_none()) else { return true };
        // Another pick of any level that can pick in the same outermost array might shut this value out.
        let outermost = self.outermost(met.frame);
        for level in 0..at {
            if self.levels[level].values.iter().any(|frame| self.outermost(*frame) == outermost) {
                self.levels[at].conflicts.insert(level as u32);
            }
        }
        false
    }

    /// The level whose pick shuts the value at `frame` out.
    fn against(&self, frame: FrameId) -> Option<u32> {
        self.findings.elements(frame).find_map(|element| {
            let (picked, owner) = self.picked[element.array as usize];
            (owner != NOBODY && picked != element.element).then_some(owner)
        })
    }

    fn outermost(&self, frame: FrameId) -> Option<u32> {
        self.findings.elements(frame).last().map(|element| element.array)
    }

    fn release(&mut self, level: usize) {
        for array in std::mem::take(&mut self.levels[level].arrays) {
            self.picked[array as usize].1 = NOBODY;
        }
    }
}
