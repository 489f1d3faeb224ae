//! All rules of a bus at once: which of them want an event.
//!
//! Cost: an event is walked once, and only along keys that some rule mentions; each value met is given to each distinct
//! entry of its path once (an exact string by one lookup for all rules together); a rule is looked at only when its most
//! selective field was satisfied. Events without arrays of objects are decided by bits; with them, a rule whose fields
//! may come from different elements is settled by a small search ([`consistency`]). Nothing is allocated for an event
//! that satisfies nothing.
//!
//! [`index`] holds the rules, [`walk`] turns an event into findings.

mod consistency;
mod index;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::pattern::{Branch, Pattern, not_json};
use crate::json::Json;
use crate::source::Diagnostic;
use index::{Index, Slot};

/// The rules of a bus, added and removed at run time; answers with the keys of those that match.
#[derive(Clone, Debug)]
pub struct RuleMatcher<K> {
    rules: BTreeMap<K, Rule>,
    keys: Vec<Option<K>>,
    index: Index,
}

#[derive(Clone, Debug)]
struct Rule {
    slot: Slot,
    branches: Arc<[Branch]>,
}

/// Bytes that are not an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MalformedEvent {
    /// What is wrong.
    pub message: String,
    /// Where, as an offset into the bytes.
    pub at: usize,
    /// Whether the bytes end before the event does, so that more of them might mend it.
    pub is_cut_short: bool,
}

impl<K: Ord + Clone> RuleMatcher<K> {
    /// A matcher without rules.
    pub fn new() -> RuleMatcher<K> {
        RuleMatcher { rules: BTreeMap::new(), keys: Vec::new(), index: Index::default() }
    }

    /// Adds a rule, in the place of the one that had this key.
    pub fn add(&mut self, key: K, pattern: &Pattern) {
        self.add_branches(key, pattern.branches());
    }

    /// Takes a rule out; says whether there was one.
    pub fn remove(&mut self, key: &K) -> bool {
        let Some(rule) = self.rules.remove(key) else { return false };
        self.keys[rule.slot.0] = None;
        self.index.remove(rule.slot);
        if self.index.is_mostly_removed() {
            self.rebuild();
        }
        true
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Appends the keys of the rules that match `event`, in the order of the keys.
    pub fn matches(&self, event: &Json, matched: &mut Vec<K>) {
        self.collect(&self.index.matches(event), matched);
    }

    /// Whether any rule matches `event`.
    pub fn matches_any(&self, event: &Json) -> bool {
        !self.index.matches(event).is_empty()
    }

    /// The same as [`matches`](RuleMatcher::matches) for the event that `text` holds, where repeated keys are all values
    /// and numbers count as they are spelled. What follows the event in the text is not looked at.
    pub fn matches_text(&self, text: &str, matched: &mut Vec<K>) -> Result<(), Diagnostic> {
        let (slots, _) = self.index.matches_text(text).map_err(|problem| not_json(&problem))?;
        self.collect(&slots, matched);
        Ok(())
    }

    /// The same for raw bytes that begin with an event; says where in them the event ends.
    pub fn matches_bytes(&self, bytes: &[u8], matched: &mut Vec<K>) -> Result<usize, MalformedEvent> {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        };
        let (slots, end) = self.index.matches_text(text).map_err(|problem| MalformedEvent {
            is_cut_short: problem.at >= bytes.len(),
            message: problem.message,
            at: problem.at,
        })?;
        self.collect(&slots, matched);
        Ok(end)
    }

    pub(super) fn add_branches(&mut self, key: K, branches: &Arc<[Branch]>) {
        self.remove(&key);
        let slot = Slot(self.keys.len());
        self.keys.push(Some(key.clone()));
        self.index.add(slot, branches);
        self.rules.insert(key, Rule { slot, branches: branches.clone() });
    }

    fn collect(&self, slots: &[Slot], matched: &mut Vec<K>) {
        let start = matched.len();
        matched.extend(slots.iter().filter_map(|slot| self.keys.get(slot.0)?.clone()));
        matched[start..].sort_unstable();
        matched.dedup_by(|a, b| a == b);
    }

    fn rebuild(&mut self) {
        self.index = Index::default();
        self.keys.clear();
        for (key, rule) in &mut self.rules {
            rule.slot = Slot(self.keys.len());
            self.keys.push(Some(key.clone()));
            self.index.add(rule.slot, &rule.branches);
        }
    }
}

impl<K: Ord + Clone> Default for RuleMatcher<K> {
    fn default() -> RuleMatcher<K> {
        RuleMatcher::new()
    }
}

#[cfg(test)]
mod tests;
