//! Ranges of numbers: which of them hold a number.
//!
//! Ranges are kept in segment trees of ever larger sizes, as Bentley and Saxe (1980) make a fixed structure grow: what
//! is added waits in a short list, which becomes a tree together with all trees that are not much larger. Adding costs
//! the logarithm's square on the average, looking up as much and one step per range that is found. Where ranges hardly
//! overlap, each stands at all leaves that it spans, and looking up need not climb.

/// So many ranges wait unsorted.
const WAITING_MAX: usize = 16;

/// A tree is this much larger than the next: few trees are quick to look up in, many to add to.
const GROWTH: usize = 4;

/// Trees without climbing have at most so many leaves per range, on the average.
const LEAVES_PER_RANGE_MAX: usize = 8;

#[derive(Clone, Debug, Default)]
pub(super) struct Ranges {
    waiting: Vec<Range>,
    /// Each holds at least [`GROWTH`] times as many ranges as the next.
    trees: Vec<Tree>,
}

/// Both ends are in it.
#[derive(Clone, Copy, Debug)]
struct Range {
    first: u64,
    last: u64,
    id: u32,
}

/// A segment tree: each range stands at the few nodes that together span it.
#[derive(Clone, Debug)]
struct Tree {
    /// Whether ranges stand at leaves only.
    is_flat: bool,
    ranges: Vec<Range>,
    /// Where a range begins or has just ended, sorted. The leaves are what is between two neighbours.
    borders: Vec<u64>,
    /// The ids at node n: those from `starts[n]` to `starts[n + 1]`.
    starts: Vec<u32>,
    ids: Vec<u32>,
}

impl Ranges {
    pub(super) fn insert(&mut self, first: u64, last: u64, id: u32) {
        self.waiting.push(Range { first, last, id });
        if self.waiting.len() < WAITING_MAX {
            return;
        }
        let mut ranges = std::mem::take(&mut self.waiting);
        while self.trees.last().is_some_and(|tree| tree.ranges.len() < GROWTH * ranges.len()) {
            ranges.extend(self.trees.pop().map(|tree| tree.ranges).unwrap_or_default());
        }
        self.trees.push(Tree::new(ranges));
    }

    /// Calls `found` with the ranges that hold `number`.
    #[inline]
    pub(super) fn holding(&self, number: u64, found: &mut impl FnMut(&[u32])) {
        for range in &self.waiting {
            if range.first <= number && number <= range.last {
                found(&[range.id]);
            }
        }
        for tree in &self.trees {
            tree.holding(number, found);
        }
    }
}

impl Tree {
    fn new(ranges: Vec<Range>) -> Tree {
        let mut borders: Vec<u64> =
            ranges.iter().flat_map(|range| [Some(range.first), range.last.checked_add(1)]).flatten().collect();
        borders.sort_unstable();
        borders.dedup();
        let leaves = borders.len();
        let spanned = |range: &Range| {
            let (first, end) = leaves_of(&borders, *range);
            end - first
        };
        let is_flat = ranges.iter().map(spanned).sum::<usize>() <= LEAVES_PER_RANGE_MAX * ranges.len();
        let mut counts = vec![0u32; 2 * leaves + 1];
        for range in &ranges {
            nodes_of(&borders, *range, is_flat, |node| counts[node + 1] += 1);
        }
        for node in 1..counts.len() {
            counts[node] += counts[node - 1];
        }
        let starts = counts.clone();
        let mut ids = vec![0; starts.last().map_or(0, |count| *count as usize)];
        for range in &ranges {
            nodes_of(&borders, *range, is_flat, |node| {
                ids[counts[node] as usize] = range.id;
                counts[node] += 1;
            });
        }
        Tree { is_flat, ranges, borders, starts, ids }
    }

    fn holding(&self, number: u64, found: &mut impl FnMut(&[u32])) {
        let Some(leaf) = self.borders.partition_point(|border| *border <= number).checked_sub(1) else { return };
        let mut node = leaf + self.borders.len();
        while node > 0 {
            let ids = &self.ids[self.starts[node] as usize..self.starts[node + 1] as usize];
            if !ids.is_empty() {
                found(ids);
            }
            if self.is_flat {
                return;
            }
            node /= 2;
        }
    }
}

/// The first leaf that `range` spans, and the one behind the last.
fn leaves_of(borders: &[u64], range: Range) -> (usize, usize) {
    let leaf = |border: u64| borders.partition_point(|other| *other < border);
    (leaf(range.first), range.last.checked_add(1).map_or(borders.len(), leaf))
}

/// The nodes that together span `range`.
fn nodes_of(borders: &[u64], range: Range, is_flat: bool, mut visit: impl FnMut(usize)) {
    let (first, end) = leaves_of(borders, range);
    let (mut low, mut high) = (first + borders.len(), end + borders.len());
    if is_flat {
        return (low..high).for_each(visit);
    }
    while low < high {
        if low % 2 == 1 {
            visit(low);
            low += 1;
        }
        if high % 2 == 1 {
            high -= 1;
            visit(high);
        }
        low /= 2;
        high /= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_finds_the_ranges_that_hold_it() {
        check(1000, 200);
    }

    #[test]
    fn ranges_that_hardly_overlap_are_found_without_climbing() {
        let ranges = check(1_000_000, 300);
        assert!(ranges.trees.iter().any(|tree| tree.is_flat));
        assert!(check(1000, 900).trees.iter().all(|tree| !tree.is_flat));
    }

    /// Ranges that begin below `end` and are shorter than `width`, and now and then one that has no end.
    fn check(end: u64, width: u64) -> Ranges {
        // A multiplicative generator gives ranges of all lengths, nested and apart.
        let mut state = 1u64;
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let mut ranges = Ranges::default();
        let mut plain = Vec::new();
        for id in 0..500 {
            let first = draw(end);
            let last = if id % 100 == 0 { u64::MAX } else { first + draw(width) };
            ranges.insert(first, last, id);
            plain.push((first, last));
            if id % 7 > 0 {
                continue;
            }
            for number in [0, 1, draw(end), draw(end + width), plain[id as usize].1, u64::MAX] {
                let mut found = Vec::new();
                ranges.holding(number, &mut |ids: &[u32]| found.extend_from_slice(ids));
                found.sort_unstable();
                let expected: Vec<u32> =
                    (0..=id).filter(|id| (plain[*id as usize].0..=plain[*id as usize].1).contains(&number)).collect();
                assert_eq!(found, expected, "{number}");
            }
        }
        ranges
    }
}
