//! How much work a field's wildcards could make, as EventBridge counts it before it accepts a rule.
//!
//! AWS refuses a rule where some text could have too many wildcard prefixes open at once ("Rule is too complex"). The
//! number is that of the automaton of all wildcards of a field: of every set of states that one text can reach, the
//! largest count of (state, wildcard reachable from it). Recorded on AWS: 9 is accepted, 11 refused; 10 is unknown and
//! accepted here, and so are the wildcards inside `anything-but`, of which no refusal is known. The search is bounded: a
//! field whose sets are too many to list counts as too complex.

use std::collections::{BTreeMap, BTreeSet};

use super::wildcard::Wildcard;

/// The largest number that is accepted.
pub(super) const COMPLEXITY_MAX: usize = 10;

/// So many sets of states are looked at; a field has a handful, a hostile one could have exponentially many.
const SETS_MAX: usize = 4_000;

/// Whether AWS would refuse a field with these wildcards.
pub(super) fn is_too_complex(wildcards: &[&Wildcard]) -> bool {
    let has_star = wildcards.iter().any(|wildcard| wildcard.pieces().len() > 1);
    has_star && complexity(wildcards).is_none_or(|number| number > COMPLEXITY_MAX)
}

/// The number; `None` when the sets are too many.
fn complexity(wildcards: &[&Wildcard]) -> Option<usize> {
    let automaton = Automaton::new(wildcards);
    let mut seen: BTreeSet<Vec<usize>> = BTreeSet::new();
    let mut ahead = vec![vec![0]];
    let mut largest = 0;
    while let Some(states) = ahead.pop() {
        largest = largest.max(automaton.open_at(&states));
        if largest > COMPLEXITY_MAX {
            return Some(largest);
        }
        for next in automaton.successors(&states) {
            if !seen.contains(&next) {
                if seen.len() == SETS_MAX {
                    return None;
                }
                seen.insert(next.clone());
                ahead.push(next);
            }
        }
    }
    Some(largest)
}

/// A trie of the wildcards' characters in which a star's node stays where it is on any character.
struct Automaton {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    literals: BTreeMap<u8, usize>,
    star: Option<usize>,
    is_star: bool,
    /// The wildcards that can still be reached from here.
    reachable: BTreeSet<usize>,
}

impl Automaton {
    fn new(wildcards: &[&Wildcard]) -> Automaton {
        let mut automaton = Automaton { nodes: vec![Node::default()] };
        for (number, wildcard) in wildcards.iter().enumerate() {
            automaton.add(number, wildcard);
        }
        automaton
    }

    fn add(&mut self, number: usize, wildcard: &Wildcard) {
        let mut at = self.literal(0, b'"', number);
        for (index, piece) in wildcard.pieces().iter().enumerate() {
            if index > 0 {
                at = self.star(at, number);
            }
            for byte in piece.bytes() {
                at = self.literal(at, byte, number);
            }
        }
        self.literal(at, b'"', number);
    }

    fn literal(&mut self, at: usize, byte: u8, number: usize) -> usize {
        let fresh = self.nodes.len();
        let next = *self.nodes[at].literals.entry(byte).or_insert(fresh);
        self.enter(next, false, number)
    }

    fn star(&mut self, at: usize, number: usize) -> usize {
        let fresh = self.nodes.len();
        let next = *self.nodes[at].star.get_or_insert(fresh);
        self.enter(next, true, number)
    }

    fn enter(&mut self, node: usize, is_star: bool, number: usize) -> usize {
        if node == self.nodes.len() {
            self.nodes.push(Node { is_star, ..Node::default() });
        }
        self.nodes[node].reachable.insert(number);
        node
    }

    fn open_at(&self, states: &[usize]) -> usize {
        let count = |state: usize| self.nodes[state].reachable.len();
        let stars = states.iter().filter_map(|&state| self.nodes[state].star);
        let skipped = stars.filter(|star| !states.contains(star)).map(count);
        states.iter().map(|&state| count(state)).chain(skipped).sum()
    }

    /// The sets that some character leads to; on characters that no wildcard spells only the stars go on.
    fn successors(&self, states: &[usize]) -> Vec<Vec<usize>> {
        let mut anywhere = BTreeSet::new();
        let mut spelled: BTreeMap<u8, BTreeSet<usize>> = BTreeMap::new();
        for &state in states {
            let node = &self.nodes[state];
            let star = if node.is_star { Some(state) } else { node.star };
            anywhere.extend(star);
            let behind_star = node.star.map(|star| &self.nodes[star].literals);
            for (&byte, &next) in node.literals.iter().chain(behind_star.into_iter().flatten()) {
                spelled.entry(byte).or_default().insert(next);
            }
        }
        let mut sets: Vec<Vec<usize>> =
            spelled.into_values().map(|next| next.union(&anywhere).copied().collect()).collect();
        if !anywhere.is_empty() {
            sets.push(anywhere.into_iter().collect());
        }
        sets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(texts: &[impl AsRef<str>]) -> Vec<Wildcard> {
        texts.iter().map(|text| Wildcard::parse(text.as_ref()).expect("a wildcard")).collect()
    }

    fn number(texts: &[&str]) -> Option<usize> {
        complexity(&parse(texts).iter().collect::<Vec<_>>())
    }

    #[test]
    fn stars_that_can_be_open_together_add_up() {
        assert_eq!(number(&["order-created"]), Some(1));
        assert_eq!(number(&["order-*"]), Some(2));
        assert_eq!(number(&["*-*-*"]), Some(5));
        assert_eq!(number(&["order-*", "order-*-eu"]), Some(4));
    }

    #[test]
    fn a_field_with_many_stars_is_too_complex() {
        let wide = parse(&["*:*:*:*:*:*:x"]);
        assert!(is_too_complex(&[&wide[0]]));
        let narrow = parse(&["*:*:*:*"]);
        assert!(!is_too_complex(&[&narrow[0]]));
    }

    #[test]
    fn a_hostile_field_is_given_up_on() {
        let texts: Vec<String> = (1..40).map(|n| format!("{}*{n}", "ab".repeat(n))).collect();
        assert!(is_too_complex(&parse(&texts).iter().collect::<Vec<_>>()));
    }
}
