//! All rules of a bus at once: which of them want an event.
//!
//! An event is walked once, as a value ([`value`]) or as its bytes ([`bytes`], [`scan`]), along the keys that some rule
//! mentions ([`trie`]); the rest is passed over. Each rule waits behind one of its fields, the one that the fewest events
//! satisfy as far as the rules themselves tell ([`index`]). A value is looked up among the entries of its path
//! ([`entries`]): those that accept it lead to the rules that wait there. A rule that asks for nothing else has matched;
//! of another the remaining fields are looked at, once the walk is over, and for it alone ([`findings`]). So rules that
//! share an unselective field do not meet there, and an event costs about what its own fields cost, however many rules
//! there are.
//!
//! # The bound
//!
//! No pattern and no event makes this exponential; `tests/event_bounds.rs` tries. With an event of *b* bytes, *v* values
//! at paths that rules mention, of *s* bytes together, *c* rules that the event enters, *f* fields in such a rule and *e*
//! entries in such a field:
//!
//! - walking takes O(b), and what it keeps O(v);
//! - looking up takes O(log² r) for each number among *r* ranges and a step per range that holds it, a step per eight
//!   bytes and one per distinct length of prefixes and suffixes, and at most eight steps a byte for pieces of wildcards;
//!   an entry that is found is checked once per value, in time linear in the text ([wildcards](super::pattern) look for
//!   each piece once, from left to right); entries that shut values out are each asked;
//! - deciding takes O(c · f · e · s), and where values come from elements of arrays a search that picks each value once.
//!   Only events whose keys repeat, or contain dots, inside arrays can make that search go back and forth; it gives up
//!   after 200,000 picks, and the rule counts as not matching;
//! - a `$or` multiplies when a pattern is read, into at most [`BRANCHES_MAX`](super::BRANCHES_MAX) ways, each of which is
//!   a rule here.
//!
//! Adding a rule takes what its own entries take (ranges: the logarithm's square, on the average). Removing one takes it
//! from the rules behind its test, so it costs events nothing from then on; what it shared with others, or no longer
//! shares, stays until half of all rules that were added are gone and the rest is built anew.

mod bytes;
mod consistency;
mod entries;
mod findings;
mod index;
mod landmarks;
mod scan;
mod table;
mod trie;
mod value;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::pattern::{Branch, Pattern};
use super::tokens::{Malformed, Tokens};
use crate::json::Json;
use crate::source::{Diagnostic, Span};
use findings::Findings;
use index::{Index, Slot};
use scan::Broken;

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
    /// Its branches in the index.
    indexed: Range<u32>,
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

impl MalformedEvent {
    /// What a strict reader says of bytes that the walk stumbled over.
    fn of(bytes: &[u8], broken: Broken) -> MalformedEvent {
        let at = broken.at;
        let is_cut_short = at >= bytes.len();
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        };
        match Tokens::new(text).end() {
            Err(Malformed { message, at }) => MalformedEvent { message, at, is_cut_short },
            Ok(_) => MalformedEvent { message: "it ends too early".to_owned(), at, is_cut_short },
        }
    }
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
        self.keys[rule.slot.0 as usize] = None;
        self.index.remove(rule.indexed);
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
        let mut findings = Findings::new(&self.index);
        value::walk(event, &mut findings);
        self.collect(findings.decide(), matched);
    }

    /// Whether any rule matches `event`.
    pub fn matches_any(&self, event: &Json) -> bool {
        let mut findings = Findings::new(&self.index);
        value::walk(event, &mut findings);
        !findings.decide().is_empty()
    }

    /// The same as [`matches`](RuleMatcher::matches) for the event that `text` holds, where repeated keys are all values
    /// and numbers count as they are spelled. What follows the event in the text is not looked at.
    pub fn matches_text(&self, text: &str, matched: &mut Vec<K>) -> Result<(), Diagnostic> {
        self.matches_bytes(text.as_bytes(), matched).map(|_| ()).map_err(|problem| {
            let span = Span::new(problem.at.saturating_sub(1), problem.at);
            Diagnostic::error("malformed-event", span, "", format!("the event is not JSON: {}", problem.message))
        })
    }

    /// The same for bytes that begin with an event; says where in them the event ends.
    ///
    /// Nothing is built, and what no rule asks about is passed over rather than checked: there, strings must end and
    /// brackets must balance, and that is all. A text need not be UTF-8 either; what is not equals no pattern's text.
    pub fn matches_bytes(&self, bytes: &[u8], matched: &mut Vec<K>) -> Result<usize, MalformedEvent> {
        let mut findings = Findings::new(&self.index);
        let end = bytes::walk(bytes, &mut findings).map_err(|broken| MalformedEvent::of(bytes, broken))?;
        self.collect(findings.decide(), matched);
        Ok(end)
    }

    /// The same for bytes that are one event and nothing else. They are read only as far as they matter: once every path
    /// that rules ask about has had its value, and its key is not written again, the rest is not looked at.
    pub fn matches_event(&self, event: &[u8], matched: &mut Vec<K>) -> Result<(), MalformedEvent> {
        let mut findings = Findings::new(&self.index);
        bytes::walk_enough(event, &mut findings).map_err(|broken| MalformedEvent::of(event, broken))?;
        self.collect(findings.decide(), matched);
        Ok(())
    }

    pub(super) fn add_branches(&mut self, key: K, branches: &Arc<[Branch]>) {
        self.remove(&key);
        let slot = Slot(self.keys.len() as u32);
        self.keys.push(Some(key.clone()));
        let indexed = self.index.add(slot, branches);
        self.rules.insert(key, Rule { slot, indexed, branches: branches.clone() });
    }

    fn collect(&self, slots: &[Slot], matched: &mut Vec<K>) {
        let start = matched.len();
        matched.extend(slots.iter().filter_map(|slot| self.keys.get(slot.0 as usize)?.clone()));
        if slots.len() > 1 {
            matched[start..].sort_unstable();
            let mut at = 0;
            matched.dedup_by(|a, b| {
                at += 1;
                at > start && a == b
            });
        }
    }

    fn rebuild(&mut self) {
        self.index = Index::default();
        self.keys.clear();
        for (key, rule) in &mut self.rules {
            rule.slot = Slot(self.keys.len() as u32);
            self.keys.push(Some(key.clone()));
            rule.indexed = self.index.add(rule.slot, &rule.branches);
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
