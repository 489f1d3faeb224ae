//! Whether a rule's fields can all be satisfied together when values come from elements of arrays.
//!
//! AWS: values from objects of one array must come from the same element; values outside arrays, and scalars directly
//! in an array, go with anything. Fields are decided in the order of their paths, and `exists: false` holds where no
//! value at its path goes with what the fields before it chose.
//!
//! This is a search: each field picks a value, a dead end goes back. It goes back to the field that caused the dead end
//! rather than to the last one (conflict-directed backjumping; Prosser 1993), so independent arrays do not multiply, and
//! values in elements that are not the chosen one are jumped over, so the elements of one array do not either.

use std::ops::Range;

use super::findings::{Findings, FrameId, Value};
use super::index::TestId;

/// So many picks are tried for one rule and event before it counts as no match. An ordinary rule tries each value once;
/// only events whose keys repeat, or contain dots, inside arrays can need more.
pub(super) const PICKS_MAX: usize = 200_000;

const NOBODY: u32 = u32::MAX;

impl<'e> Findings<'_, 'e> {
    /// Whether the event satisfies all of `tests`.
    pub(super) fn satisfy(&self, tests: &[TestId]) -> bool {
        let mut entangled = 0;
        let mut absences = 0;
        for &id in tests {
            let test = self.index.test(id);
            let values = self.values_at(test.field);
            let is_bound_enough = |value: &&Value<'e>| test.accepts(self.scalar_of(value));
            if values.iter().filter(|value| value.frame.is_none()).any(|value| is_bound_enough(&value)) {
                continue;
            }
            if test.accepts_absence {
                if !values.is_empty() {
                    entangled += 1;
                    absences += 1;
                }
            } else if values.iter().filter(|value| value.frame.is_some()).any(|value| is_bound_enough(&value)) {
                entangled += 1;
            } else {
                return false;
            }
        }
        // A single value that came through arrays has nothing to go with.
        if absences == 0 && entangled <= 1 { true } else { Search::new(self, tests).succeeds() }
    }
}

struct Search<'f, 'i, 'e> {
    findings: &'f Findings<'i, 'e>,
    levels: Vec<Level>,
    /// By array: the element that was picked, and the level that picked it.
    picked: Vec<(FrameId, u32)>,
    picks_left: usize,
}

/// A field with its ways to be satisfied.
struct Level {
    is_free: bool,
    /// Where the values are that satisfy it, sorted.
    values: Vec<FrameId>,
    /// Where the values are that `exists: false` must not meet, sorted.
    absence_of: Option<Vec<FrameId>>,
    next: usize,
    /// The arrays in which this level picked the element.
    arrays: Vec<u32>,
    /// The levels whose picks ruled ways out.
    conflicts: Bits,
}

/// Why a value cannot be picked.
struct Clash {
    /// The level that picked another element.
    owner: u32,
    /// The frames that cannot be picked for the same reason: all before this one.
    next: FrameId,
}

impl<'f, 'i, 'e> Search<'f, 'i, 'e> {
    fn new(findings: &'f Findings<'i, 'e>, tests: &[TestId]) -> Search<'f, 'i, 'e> {
        let some_absence = tests.iter().any(|test| findings.index.test(*test).accepts_absence);
        let mut levels = Vec::with_capacity(tests.len());
        for &id in tests {
            let test = findings.index.test(id);
            let values = findings.values_at(test.field);
            let mut level = Level {
                is_free: false,
                values: Vec::new(),
                absence_of: None,
                next: 0,
                arrays: Vec::new(),
                conflicts: Bits::new(tests.len()),
            };
            for value in values {
                if test.accepts(findings.scalar_of(value)) {
                    level.is_free |= value.frame.is_none();
                    level.values.extend(value.frame);
                }
            }
            // A value that goes with anything is the best pick, unless a narrower one could make room for an absence.
            if level.is_free && !some_absence {
                continue;
            }
            if test.accepts_absence && values.iter().all(|value| value.frame.is_some()) {
                level.absence_of = Some(sorted(values.iter().filter_map(|value| value.frame).collect()));
            }
            level.values = sorted(level.values);
            levels.push(level);
        }
        let picked = vec![(FrameId(0), NOBODY); findings.arrays()];
        Search { findings, levels, picked, picks_left: PICKS_MAX }
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
            let Some(left) = self.picks_left.checked_sub(1) else { return false };
            self.picks_left = left;
            let level = &mut self.levels[at];
            let way = level.next;
            level.next += 1;
            let values = level.values.len();
            let is_picked = match way {
                0 => level.is_free,
                _ if way <= values => {
                    let frame = level.values[way - 1];
                    self.pick(at, frame)
                }
                _ if way == values + 1 => self.is_absent(at),
                _ => return false,
            };
            if is_picked {
                return true;
            }
        }
    }

    fn pick(&mut self, at: usize, frame: FrameId) -> bool {
        if let Some(clash) = self.clash(frame) {
            let level = &mut self.levels[at];
            level.conflicts.insert(clash.owner);
            level.next = level.next.max(1 + level.values.partition_point(|value| *value < clash.next));
            return false;
        }
        let mut around = Some(frame);
        while let Some(id) = around {
            let element = self.findings.frame(id);
            let picked = &mut self.picked[element.array as usize];
            if picked.1 == NOBODY {
                *picked = (id, at as u32);
                self.levels[at].arrays.push(element.array);
            }
            around = element.parent;
        }
        true
    }

    fn is_absent(&mut self, at: usize) -> bool {
        let Some(values) = &self.levels[at].absence_of else { return false };
        let mut next = 0;
        let met = loop {
            let Some(&frame) = values.get(next) else { return true };
            match self.clash(frame) {
                Some(clash) => next = (next + 1).max(values.partition_point(|value| *value < clash.next)),
                None => break frame,
            }
        };
        // Another pick of any level that can pick in the same outermost array might shut this value out.
        let outermost = self.outermost(met);
        for level in 0..at {
            let values = &self.levels[level].values;
            let first = values.partition_point(|value| *value < outermost.start);
            if values.get(first).is_some_and(|value| *value < outermost.end) {
                self.levels[at].conflicts.insert(level as u32);
            }
        }
        false
    }

    /// The outermost pick that shuts the value at `frame` out.
    fn clash(&self, frame: FrameId) -> Option<Clash> {
        let mut clash = None;
        let mut around = Some(frame);
        while let Some(id) = around {
            let element = self.findings.frame(id);
            let (picked, owner) = self.picked[element.array as usize];
            if owner != NOBODY && picked != id {
                // The array's elements stand in order: those before the picked one, or all that are left, are out.
                let next = if id < picked { picked } else { self.findings.frames_of(element.array).end };
                clash = Some(Clash { owner, next });
            }
            around = element.parent;
        }
        clash
    }

    fn outermost(&self, frame: FrameId) -> Range<FrameId> {
        let mut element = self.findings.frame(frame);
        while let Some(parent) = element.parent {
            element = self.findings.frame(parent);
        }
        self.findings.frames_of(element.array)
    }

    fn release(&mut self, level: usize) {
        for array in std::mem::take(&mut self.levels[level].arrays) {
            self.picked[array as usize].1 = NOBODY;
        }
    }
}

fn sorted(mut frames: Vec<FrameId>) -> Vec<FrameId> {
    frames.sort_unstable();
    frames.dedup();
    frames
}

/// A set of small numbers.
struct Bits(Vec<u64>);

impl Bits {
    fn new(size: usize) -> Bits {
        Bits(vec![0; size.div_ceil(64)])
    }

    fn insert(&mut self, bit: u32) {
        self.0[bit as usize / 64] |= 1 << (bit % 64);
    }

    fn remove(&mut self, bit: u32) {
        self.0[bit as usize / 64] &= !(1 << (bit % 64));
    }

    fn add_all(&mut self, other: &Bits) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    fn largest(&self) -> Option<u32> {
        let (at, word) = self.0.iter().enumerate().rev().find(|(_, word)| **word != 0)?;
        Some(at as u32 * 64 + 63 - word.leading_zeros())
    }
}
