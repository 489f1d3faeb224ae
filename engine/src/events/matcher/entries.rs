//! The entries of one path by which rules are entered, arranged so that a value finds those that accept it.
//!
//! | Entries | Found by |
//! |---|---|
//! | exact strings, numbers, spellings | one lookup |
//! | `equals-ignore-case` | one lookup, in lower case |
//! | `prefix`, `suffix`, either case | a lookup per distinct length ([`affixes`]) |
//! | `wildcard` | its rarest piece: as a prefix, as a suffix, or anywhere ([`grams`]), then checked |
//! | `numeric` ranges | a walk up a segment tree ([`ranges`]) |
//! | `cidr` | a lookup per distinct width of block |
//! | what shuts out (`anything-but`), odd cases | each is asked |
//!
//! Looking up costs a constant, or a step per byte of the value for each of at most eight lengths of grams; only entries
//! whose hash agrees are asked, and those that accept are the answer.

mod affixes;
mod grams;
mod ranges;

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3Default;

use self::affixes::{Affixes, Case, End};
use self::grams::Grams;
use self::ranges::Ranges;
use super::table::{Few, Table, hash, mix};
use crate::events::pattern::{Address, AnyCase, NEARNESS, Numeral, Predicate, Reading, Scalar};

type ByPredicate = HashMap<Predicate, u32, BuildHasherDefault<Xxh3Default>>;

/// A set of entries that rules of a path share.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    all: Vec<Entry>,
    by_predicate: ByPredicate,
    strings: Table,
    any_case: Table,
    prefixes: Affixes,
    prefixes_any_case: Affixes,
    suffixes: Affixes,
    suffixes_any_case: Affixes,
    grams: Grams,
    numbers: Table,
    spelled: Table,
    ranges: Ranges,
    blocks: Table,
    /// The widths of blocks, by version.
    host_bits: [u128; 2],
    nulls: Few,
    bools: [Few; 2],
    exists: Few,
    others: Vec<u32>,
    /// What there is of those above that look at strings in other ways than as a whole, and at numbers.
    looks_inside_strings: bool,
    looks_at_numbers: bool,
    /// Where ranges begin and end, and the single numbers, as long as these are few.
    borders: Vec<u64>,
}

/// More borders are not looked through for each number.
const BORDERS_MAX: usize = 16;

/// Who is told of the tests that values satisfy.
pub(super) trait Sink {
    fn add(&mut self, test: u32);
    fn is_new(&self, test: u32) -> bool;
}

#[derive(Clone, Debug)]
struct Entry {
    predicate: Predicate,
    /// Whether a lookup that finds the entry has already decided.
    is_decided: bool,
    tests: Few,
}

/// How many values an entry is likely to accept, as a cost of entering a rule by it.
pub(super) fn unselectiveness(predicate: &Predicate) -> usize {
    match predicate {
        Predicate::String(_)
        | Predicate::Number(_)
        | Predicate::Spelled(_)
        | Predicate::EqualsAnyCase(_)
        | Predicate::Cidr(_) => 1,
        Predicate::Prefix(text) | Predicate::Suffix(text) => unselective_length(text.len()),
        Predicate::PrefixAnyCase(AnyCase::Ascii(text)) | Predicate::SuffixAnyCase(AnyCase::Ascii(text)) => {
            unselective_length(text.len())
        }
        Predicate::Wildcard(wildcard) => {
            unselective_length(wildcard.pieces().iter().map(|piece| piece.len()).max().unwrap_or_default())
        }
        Predicate::Numeric(range) if range.is_bounded() => 4,
        Predicate::PrefixAnyCase(_) | Predicate::SuffixAnyCase(_) => 8,
        Predicate::Numeric(_) => 16,
        Predicate::Null | Predicate::Bool(_) => 32,
        Predicate::Exists | Predicate::Absent | Predicate::AnythingBut(_) => 64,
    }
}

fn unselective_length(bytes: usize) -> usize {
    match bytes {
        0 => 64,
        1 => 24,
        2 => 12,
        3 => 6,
        4..8 => 3,
        _ => 2,
    }
}

impl Entries {
    /// Adds `test` to those that a value accepted by `predicate` satisfies.
    pub(super) fn add(&mut self, predicate: &Predicate, test: u32) {
        let next = self.all.len() as u32;
        let id = *self.by_predicate.entry(predicate.clone()).or_insert(next);
        if id == next {
            self.all.push(Entry { predicate: predicate.clone(), is_decided: false, tests: Few::None });
            self.all[id as usize].is_decided = self.arrange(predicate, id);
        }
        self.all[id as usize].tests.push(test);
    }

    /// How many tests share the entry already.
    pub(super) fn crowd(&self, predicate: &Predicate) -> usize {
        self.by_predicate.get(predicate).map_or(0, |id| self.all[*id as usize].tests.ids().len())
    }

    /// Tells `sink` each test that `value` satisfies and that it does not know of.
    #[inline]
    pub(super) fn satisfied(&self, value: Scalar, sink: &mut impl Sink) {
        let mut accepted = |ids: &[u32]| self.ask(ids, value, sink);
        match value {
            Scalar::String(text) => {
                if !self.strings.is_empty() {
                    accepted(self.strings.get(hash(text)));
                }
                if self.looks_inside_strings {
                    self.inside(text, &mut accepted);
                }
            }
            Scalar::Number(number) if self.looks_at_numbers => self.number(number, sink),
            Scalar::Number(_) => {}
            Scalar::Bool(value) => accepted(self.bools[usize::from(value)].ids()),
            Scalar::Null => accepted(self.nulls.ids()),
        }
        let mut accepted = |ids: &[u32]| self.ask(ids, value, sink);
        accepted(self.exists.ids());
        accepted(&self.others);
    }

    /// Tells `sink` the tests of those entries that accept `value`.
    #[inline]
    fn ask(&self, ids: &[u32], value: Scalar, sink: &mut impl Sink) {
        for &id in ids {
            let entry = &self.all[id as usize];
            if entry.is_decided || entry.predicate.accepts(value) {
                entry.tests.ids().iter().for_each(|test| sink.add(*test));
            }
        }
    }

    fn number(&self, number: Numeral, sink: &mut impl Sink) {
        let double = match number.reading() {
            Reading::Exact(double) => Some(double),
            Reading::Near(near) if self.is_settled_by(near.rank()) => {
                // The entries are the same for all numbers near; what is left is whether it is comparable.
                let mut is_comparable = None;
                self.ranges.holding(near.rank(), &mut |ids: &[u32]| {
                    for test in ids.iter().flat_map(|id| self.all[*id as usize].tests.ids()) {
                        if sink.is_new(*test) && *is_comparable.get_or_insert_with(|| number.double().is_some()) {
                            sink.add(*test);
                        }
                    }
                });
                if self.spelled.is_empty() {
                    return;
                }
                None
            }
            Reading::Near(_) | Reading::Unknown => number.double(),
        };
        let mut found = |ids: &[u32]| {
            ids.iter().flat_map(|id| self.all[*id as usize].tests.ids()).for_each(|test| sink.add(*test));
        };
        if let Some(double) = double {
            found(self.numbers.get(mix(0, double.rank())));
            self.ranges.holding(double.rank(), &mut found);
        } else if !self.spelled.is_empty()
            && let Some(spelling) = number.decimal().spelling()
        {
            self.ask(self.spelled.get(hash(spelling.as_bytes())), Scalar::Number(number), sink);
        }
    }

    /// Whether every number near the one at `rank` satisfies the same entries.
    fn is_settled_by(&self, rank: u64) -> bool {
        self.borders.len() <= BORDERS_MAX && !self.borders.iter().any(|border| border.abs_diff(rank) <= NEARNESS)
    }

    fn add_border(&mut self, rank: u64) {
        if self.borders.len() <= BORDERS_MAX {
            self.borders.push(rank);
        }
    }

    fn inside(&self, text: &[u8], accepted: &mut impl FnMut(&[u32])) {
        self.prefixes.of(text, End::Start, Case::AsItIs, accepted);
        self.suffixes.of(text, End::Finish, Case::AsItIs, accepted);
        self.grams.of(text, accepted);
        if !self.any_case.is_empty() {
            accepted(self.any_case.get(hash_lowercase(text)));
        }
        self.prefixes_any_case.of(text, End::Start, Case::Lower, accepted);
        self.suffixes_any_case.of(text, End::Finish, Case::Lower, accepted);
        if self.host_bits != [0, 0]
            && let Some(address) = Address::parse(text)
        {
            let mut widths = self.host_bits[usize::from(address.is_v4)];
            while widths != 0 {
                let host_bits = widths.trailing_zeros();
                widths &= widths - 1;
                accepted(self.blocks.get(block_hash(address.network(host_bits), host_bits)));
            }
        }
    }

    /// Puts an entry where values find it; says whether finding it is enough.
    fn arrange(&mut self, predicate: &Predicate, id: u32) -> bool {
        match predicate {
            Predicate::Null => self.nulls.push(id),
            Predicate::Bool(value) => self.bools[usize::from(*value)].push(id),
            Predicate::Exists => self.exists.push(id),
            Predicate::Number(number) => {
                self.numbers.insert(mix(0, number.rank()), id);
                self.add_border(number.rank());
                self.looks_at_numbers = true;
            }
            Predicate::Spelled(text) => {
                self.spelled.insert(hash(text.as_bytes()), id);
                self.looks_at_numbers = true;
            }
            Predicate::Numeric(range) => {
                let (first, last) = range.ranks();
                self.ranges.insert(first, last, id);
                self.add_border(first);
                self.add_border(last);
                self.looks_at_numbers = true;
                return true;
            }
            Predicate::String(text) => self.strings.insert(hash(text.as_bytes()), id),
            Predicate::Absent => {}
            _ => {
                if self.arrange_inside(predicate, id) {
                    self.looks_inside_strings = true;
                } else {
                    self.others.push(id);
                }
            }
        }
        matches!(predicate, Predicate::Null | Predicate::Bool(_) | Predicate::Exists)
    }

    /// The same for entries that look at a string's parts; false when only asking helps.
    fn arrange_inside(&mut self, predicate: &Predicate, id: u32) -> bool {
        match predicate {
            Predicate::Prefix(text) => self.prefixes.insert(text.as_bytes(), End::Start, Case::AsItIs, id),
            Predicate::Suffix(text) => self.suffixes.insert(text.as_bytes(), End::Finish, Case::AsItIs, id),
            Predicate::EqualsAnyCase(AnyCase::Ascii(text)) => self.any_case.insert(hash(text.as_bytes()), id),
            Predicate::PrefixAnyCase(AnyCase::Ascii(text)) => {
                self.prefixes_any_case.insert(text.as_bytes(), End::Start, Case::Lower, id);
            }
            Predicate::SuffixAnyCase(AnyCase::Ascii(text)) => {
                self.suffixes_any_case.insert(text.as_bytes(), End::Finish, Case::Lower, id);
            }
            Predicate::Wildcard(wildcard) => return self.arrange_wildcard(wildcard.pieces(), id),
            Predicate::Cidr(block) => {
                let (network, host_bits) = (block.network(), block.host_bits());
                self.host_bits[usize::from(network.is_v4)] |= 1 << host_bits.min(127);
                self.blocks.insert(block_hash(network, host_bits), id);
            }
            _ => return false,
        }
        true
    }

    /// A wildcard is found by the one of its pieces that the fewest others are found by; among equals, the longest.
    fn arrange_wildcard(&mut self, pieces: &[Arc<str>], id: u32) -> bool {
        let [first, middle @ .., last] = pieces else {
            let Some(only) = pieces.first() else { return false };
            self.prefixes.insert(only.as_bytes(), End::Start, Case::AsItIs, id);
            return true;
        };
        let cost = |piece: &str, crowd: usize| (crowd + 1) * unselective_length(piece.len());
        let mut best = (cost(first, self.prefixes.crowd(first.as_bytes(), End::Start)), Place::First);
        let at_end = cost(last, self.suffixes.crowd(last.as_bytes(), End::Finish));
        if at_end < best.0 {
            best = (at_end, Place::Last);
        }
        for (index, piece) in middle.iter().enumerate() {
            let inside = cost(piece, self.grams.crowd(piece.as_bytes()));
            if inside < best.0 {
                best = (inside, Place::Inside(index));
            }
        }
        match best.1 {
            Place::First if first.is_empty() => return false,
            Place::First => self.prefixes.insert(first.as_bytes(), End::Start, Case::AsItIs, id),
            Place::Last => self.suffixes.insert(last.as_bytes(), End::Finish, Case::AsItIs, id),
            Place::Inside(index) => self.grams.insert(middle[index].as_bytes(), id),
        }
        true
    }
}

enum Place {
    First,
    Last,
    Inside(usize),
}

fn hash_lowercase(text: &[u8]) -> u64 {
    const SHORT_BYTES: usize = 64;
    let mut lower = [0; SHORT_BYTES];
    match lower.get_mut(..text.len()) {
        Some(lower) => {
            lower.copy_from_slice(text);
            lower.make_ascii_lowercase();
            hash(lower)
        }
        None => hash(&text.to_ascii_lowercase()),
    }
}

fn block_hash(network: Address, host_bits: u32) -> u64 {
    let head = u64::from(host_bits) << 1 | u64::from(network.is_v4);
    mix(mix(head, network.value as u64), (network.value >> 64) as u64)
}
