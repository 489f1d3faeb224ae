//! The rules, arranged by what an event must hold: a trie of keys, entries per path, rules behind their rarest field.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3Default;

use super::walk::{Findings, walk, walk_text};
use crate::events::pattern::{Branch, Predicate, Scalar};
use crate::events::tokens::Malformed;
use crate::json::{Json, same_text};

type Map<K, V> = HashMap<K, V, BuildHasherDefault<Xxh3Default>>;

/// Above this many keys below one node a lookup hashes instead of comparing.
const SCAN_KEYS_MAX: usize = 8;

/// A rule's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(pub(super) usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(u32);

impl NodeId {
    pub(super) const ROOT: NodeId = NodeId(0);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FieldId(pub(super) u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TestId(pub(super) u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BranchId(pub(super) u32);

#[derive(Clone, Debug)]
pub(super) struct Index {
    nodes: Vec<Node>,
    fields: Vec<FieldTests>,
    tests: Vec<Test>,
    branches: Vec<IndexedBranch>,
    /// Branches that an event can match by what it does not hold.
    always: Vec<BranchId>,
    branches_of: Map<usize, Vec<BranchId>>,
    removed: usize,
}

/// A place in the trie of keys.
#[derive(Clone, Debug, Default)]
struct Node {
    children: Vec<(Arc<str>, NodeId)>,
    by_key: Option<Map<Arc<str>, NodeId>>,
    field: Option<FieldId>,
}

/// The entries that rules have for one path.
#[derive(Clone, Debug, Default)]
struct FieldTests {
    strings: Map<Arc<str>, Vec<TestId>>,
    others: Vec<(Predicate, Vec<TestId>)>,
    others_at: Map<Predicate, usize>,
    by_entries: Map<Arc<[Predicate]>, TestId>,
    counts_absence: bool,
}

/// One path with one list of entries; rules that write the same share it.
#[derive(Clone, Debug)]
pub(super) struct Test {
    pub(super) field: FieldId,
    pub(super) accepts_absence: bool,
    is_exact: bool,
    entered: Vec<BranchId>,
}

#[derive(Clone, Debug)]
struct IndexedBranch {
    slot: Option<Slot>,
    /// In the order of their paths.
    tests: Box<[TestId]>,
}

impl Default for Index {
    fn default() -> Index {
        Index {
            nodes: vec![Node::default()],
            fields: Vec::new(),
            tests: Vec::new(),
            branches: Vec::new(),
            always: Vec::new(),
            branches_of: Map::default(),
            removed: 0,
        }
    }
}

impl Index {
    pub(super) fn add(&mut self, slot: Slot, branches: &[Branch]) {
        for branch in branches {
            let tests: Box<[TestId]> =
                branch.fields.iter().map(|field| self.test(&field.path, &field.any_of)).collect();
            let id = BranchId(self.branches.len() as u32);
            let rarest = tests.iter().filter(|test| !self.test_at(**test).accepts_absence).min_by_key(|test| {
                let test = self.test_at(**test);
                (!test.is_exact, test.entered.len())
            });
            match rarest {
                Some(test) => self.tests[test.0 as usize].entered.push(id),
                None => self.always.push(id),
            }
            self.branches.push(IndexedBranch { slot: Some(slot), tests });
            self.branches_of.entry(slot.0).or_default().push(id);
        }
    }

    /// Takes a rule's branches out of play; their entries stay until the index is built anew.
    pub(super) fn remove(&mut self, slot: Slot) {
        for id in self.branches_of.remove(&slot.0).unwrap_or_default() {
            self.branches[id.0 as usize].slot = None;
            self.removed += 1;
        }
    }

    pub(super) fn is_mostly_removed(&self) -> bool {
        2 * self.removed > self.branches.len()
    }

    pub(super) fn matches(&self, event: &Json) -> Vec<Slot> {
        let mut findings = Findings::new(self);
        walk(event, &mut findings);
        self.decide(findings)
    }

    pub(super) fn matches_text(&self, text: &str) -> Result<(Vec<Slot>, usize), Malformed> {
        let mut findings = Findings::new(self);
        let end = walk_text(text, &mut findings)?;
        Ok((self.decide(findings), end))
    }

    pub(super) fn counts(&self) -> (usize, usize) {
        (self.fields.len(), self.tests.len())
    }

    pub(super) fn test_at(&self, test: TestId) -> &Test {
        &self.tests[test.0 as usize]
    }

    pub(super) fn field_of(&self, node: NodeId) -> Option<FieldId> {
        self.nodes[node.0 as usize].field
    }

    pub(super) fn counts_absence(&self, field: FieldId) -> bool {
        self.fields[field.0 as usize].counts_absence
    }

    /// Where `key` leads; a key with dots is as many steps.
    pub(super) fn descend(&self, from: NodeId, key: &str) -> Option<NodeId> {
        if key.contains('.') {
            return key.split('.').try_fold(from, |node, step| self.child(node, step));
        }
        self.child(from, key)
    }

    /// Calls `found` with every test of `field` that `value` satisfies; one may be named more than once.
    pub(super) fn satisfied(&self, field: FieldId, value: &Scalar, mut found: impl FnMut(TestId)) {
        let tests = &self.fields[field.0 as usize];
        if let Scalar::String(text) = value
            && let Some(exact) = tests.strings.get(*text)
        {
            exact.iter().copied().for_each(&mut found);
        }
        for (predicate, satisfied) in &tests.others {
            if predicate.accepts(value) {
                satisfied.iter().copied().for_each(&mut found);
            }
        }
    }

    /// The branches that are worth a look once `test` is satisfied.
    pub(super) fn entered(&self, test: TestId) -> &[BranchId] {
        &self.tests[test.0 as usize].entered
    }

    fn decide(&self, findings: Findings) -> Vec<Slot> {
        let mut findings = findings;
        let mut matched = Vec::new();
        let candidates = std::mem::take(&mut findings.candidates);
        for &id in candidates.iter().chain(&self.always) {
            let branch = &self.branches[id.0 as usize];
            let Some(slot) = branch.slot else { continue };
            if matched.last() != Some(&slot) && findings.satisfy(&branch.tests) {
                matched.push(slot);
            }
        }
        matched
    }

    fn child(&self, from: NodeId, key: &str) -> Option<NodeId> {
        let node = &self.nodes[from.0 as usize];
        match &node.by_key {
            Some(by_key) => by_key.get(key).copied(),
            None => node.children.iter().find(|(known, _)| same_text(known, key)).map(|(_, child)| *child),
        }
    }

    fn test(&mut self, path: &str, any_of: &Arc<[Predicate]>) -> TestId {
        let field = self.field(path);
        let tests = &mut self.fields[field.0 as usize];
        if let Some(known) = tests.by_entries.get(any_of) {
            return *known;
        }
        let id = TestId(self.tests.len() as u32);
        for predicate in any_of.iter() {
            match predicate {
                Predicate::Absent => tests.counts_absence = true,
                Predicate::String(text) => tests.strings.entry(text.clone()).or_default().push(id),
                other => {
                    let next = tests.others.len();
                    let at = *tests.others_at.entry(other.clone()).or_insert(next);
                    if at == next {
                        tests.others.push((other.clone(), Vec::new()));
                    }
                    tests.others[at].1.push(id);
                }
            }
        }
        tests.by_entries.insert(any_of.clone(), id);
        self.tests.push(Test {
            field,
            accepts_absence: any_of.contains(&Predicate::Absent),
            is_exact: any_of.iter().all(|predicate| matches!(predicate, Predicate::String(_))),
            entered: Vec::new(),
        });
        id
    }

    fn field(&mut self, path: &str) -> FieldId {
        let mut node = NodeId::ROOT;
        for step in path.split('.') {
            node = match self.child(node, step) {
                Some(child) => child,
                None => self.grow(node, step.into()),
            };
        }
        let next = FieldId(self.fields.len() as u32);
        let field = *self.nodes[node.0 as usize].field.get_or_insert(next);
        if field == next {
            self.fields.push(FieldTests::default());
        }
        field
    }

    fn grow(&mut self, from: NodeId, key: Arc<str>) -> NodeId {
        let child = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node::default());
        let node = &mut self.nodes[from.0 as usize];
        node.children.push((key.clone(), child));
        match &mut node.by_key {
            Some(by_key) => {
                by_key.insert(key, child);
            }
            None if node.children.len() > SCAN_KEYS_MAX => {
                node.by_key = Some(node.children.iter().cloned().collect());
            }
            None => {}
        }
        child
    }
}
