//! The rules, arranged by what an event must hold: a trie of keys, entries per path, rules behind their rarest field.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3Default;

use super::entries::{Entries, unselectiveness};
use super::landmarks::Landmarks;
use super::table::Few;
use super::trie::Trie;
use crate::events::pattern::{Branch, Predicate, Scalar};

/// A rule's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(pub(super) u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FieldId(pub(super) u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TestId(pub(super) u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BranchId(pub(super) u32);

#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    pub(super) trie: Trie,
    pub(super) fields: Vec<Field>,
    tests: Vec<Test>,
    branches: Vec<IndexedBranch>,
    /// Branches that an event can match by what it does not hold.
    pub(super) always: Vec<BranchId>,
    pub(super) landmarks: Landmarks,
    removed: usize,
}

/// What rules want at one path.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    /// The entries by which rules are entered.
    pub(super) entries: Entries,
    /// Whether values are kept, for rules that are entered elsewhere.
    pub(super) is_kept: bool,
    tests: HashMap<Arc<[Predicate]>, TestId, BuildHasherDefault<Xxh3Default>>,
}

/// One path with one list of entries; rules that write the same share it.
#[derive(Clone, Debug)]
pub(super) struct Test {
    pub(super) field: FieldId,
    pub(super) any_of: Arc<[Predicate]>,
    pub(super) accepts_absence: bool,
    is_entered: bool,
    /// The rules with a branch that has no other test.
    pub(super) alone: Few,
    /// The branches that are worth a look once this test is satisfied.
    pub(super) entered: Few,
}

#[derive(Clone, Debug)]
pub(super) struct IndexedBranch {
    /// `None` when the rule was removed.
    pub(super) slot: Option<Slot>,
    /// In the order of their paths.
    pub(super) tests: Box<[TestId]>,
    /// The one that the branch waits behind; none when it has to be looked at always.
    behind: Option<TestId>,
}

impl Index {
    /// Adds a rule's branches, which are found by their ids from then on.
    pub(super) fn add(&mut self, slot: Slot, branches: &[Branch]) -> std::ops::Range<u32> {
        let first = self.branches.len() as u32;
        for branch in branches {
            let tests: Box<[TestId]> =
                branch.fields.iter().map(|field| self.test_of(&field.path, &field.any_of)).collect();
            let id = BranchId(self.branches.len() as u32);
            let behind = self.enter(id, slot, &tests);
            self.branches.push(IndexedBranch { slot: Some(slot), tests, behind });
        }
        first..self.branches.len() as u32
    }

    /// Takes a rule's branches out of play; their tests stay until the index is built anew.
    pub(super) fn remove(&mut self, branches: std::ops::Range<u32>) {
        for id in branches {
            let branch = &mut self.branches[id as usize];
            let slot = branch.slot.take();
            match (branch.behind, slot) {
                (Some(test), Some(slot)) if branch.tests.len() == 1 => self.tests[test.0 as usize].alone.remove(slot.0),
                (Some(test), _) => self.tests[test.0 as usize].entered.remove(id),
                (None, _) => {
                    if let Ok(at) = self.always.binary_search(&BranchId(id)) {
                        self.always.remove(at);
                    }
                }
            }
            self.removed += 1;
        }
    }

    pub(super) fn is_mostly_removed(&self) -> bool {
        2 * self.removed > self.branches.len()
    }

    /// How many branches wait behind some test.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.tests.iter().map(|test| test.alone.ids().len() + test.entered.ids().len()).sum()
    }

    #[inline]
    pub(super) fn test(&self, id: TestId) -> &Test {
        &self.tests[id.0 as usize]
    }

    #[inline]
    pub(super) fn branch(&self, id: BranchId) -> &IndexedBranch {
        &self.branches[id.0 as usize]
    }

    /// Puts a branch behind the test that the fewest events satisfy, as far as the rules themselves tell.
    fn enter(&mut self, id: BranchId, slot: Slot, tests: &[TestId]) -> Option<TestId> {
        if tests.len() > 1 || tests.iter().any(|test| self.test(*test).accepts_absence) {
            for test in tests {
                let field = self.test(*test).field;
                self.fields[field.0 as usize].is_kept = true;
            }
        }
        let rarest =
            tests.iter().filter(|test| !self.test(**test).accepts_absence).min_by_key(|test| self.cost(**test));
        let Some(&rarest) = rarest else {
            self.always.push(id);
            return None;
        };
        let test = &mut self.tests[rarest.0 as usize];
        if tests.len() == 1 {
            if test.alone.ids().last() != Some(&slot.0) {
                test.alone.push(slot.0);
            }
        } else {
            test.entered.push(id.0);
        }
        if !test.is_entered {
            test.is_entered = true;
            for predicate in test.any_of.iter() {
                self.fields[test.field.0 as usize].entries.add(predicate, rarest.0);
            }
        }
        Some(rarest)
    }

    /// About how many rules an event enters for nothing when one more is entered by this test.
    fn cost(&self, id: TestId) -> usize {
        let test = self.test(id);
        let entries = &self.fields[test.field.0 as usize].entries;
        let sharing = test.entered.ids().len();
        let cost = |predicate| unselectiveness(predicate) * (1 + sharing + entries.crowd(predicate));
        test.any_of.iter().map(cost).sum()
    }

    /// The test of `any_of` at `path`, made where it is not there.
    fn test_of(&mut self, path: &str, any_of: &Arc<[Predicate]>) -> TestId {
        let field = self.trie.grow(path, FieldId(self.fields.len() as u32));
        if field.0 as usize == self.fields.len() {
            self.fields.push(Field::default());
            self.landmarks.add(path.rsplit('.').next().unwrap_or_default());
        }
        let next = TestId(self.tests.len() as u32);
        let id = *self.fields[field.0 as usize].tests.entry(any_of.clone()).or_insert(next);
        if id == next {
            self.tests.push(Test {
                field,
                any_of: any_of.clone(),
                accepts_absence: any_of.contains(&Predicate::Absent),
                is_entered: false,
                alone: Few::None,
                entered: Few::None,
            });
        }
        id
    }
}

impl Test {
    /// Whether `value` satisfies this test.
    pub(super) fn accepts(&self, value: Scalar) -> bool {
        self.any_of.iter().any(|predicate| predicate.accepts(value))
    }
}
