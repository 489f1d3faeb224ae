//! Hashing for the matcher: bytes to 64 bits by multiplication, and a map from those to the few ids behind them.
//!
//! The hash is the same on every machine. Two keys may share one, so whoever looks up an id checks what is behind it.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// Ids, mostly one.
#[derive(Clone, Debug, Default)]
pub(super) enum Few {
    #[default]
    None,
    One(u32),
    Many(Vec<u32>),
}

impl Few {
    pub(super) fn push(&mut self, id: u32) {
        match self {
            Few::None => *self = Few::One(id),
            Few::One(first) => *self = Few::Many(vec![*first, id]),
            Few::Many(ids) => ids.push(id),
        }
    }

    /// Takes out `id` of ids that were pushed in rising order.
    pub(super) fn remove(&mut self, id: u32) {
        match self {
            Few::One(only) if *only == id => *self = Few::None,
            Few::Many(ids) => {
                if let Ok(at) = ids.binary_search(&id) {
                    ids.remove(at);
                }
            }
            Few::None | Few::One(_) => {}
        }
    }

    #[inline]
    pub(super) fn ids(&self) -> &[u32] {
        match self {
            Few::None => &[],
            Few::One(id) => std::slice::from_ref(id),
            Few::Many(ids) => ids,
        }
    }
}

/// Ids by a hash.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    ids: HashMap<u64, Few, BuildHasherDefault<AsItIs>>,
}

impl Table {
    pub(super) fn insert(&mut self, hash: u64, id: u32) {
        self.ids.entry(hash).or_default().push(id);
    }

    #[inline]
    pub(super) fn get(&self, hash: u64) -> &[u32] {
        if self.ids.is_empty() {
            return &[];
        }
        self.ids.get(&hash).map_or(&[], Few::ids)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// A set that is mostly empty or small.
#[derive(Debug, Default)]
pub(super) struct Seen {
    few: [u64; FEW],
    count: usize,
    many: HashSet<u64, BuildHasherDefault<AsItIs>>,
}

const FEW: usize = 16;

impl Seen {
    /// Adds `item`; says whether it is new.
    #[inline]
    pub(super) fn insert(&mut self, item: u64) -> bool {
        if self.few[..self.count].contains(&item) {
            return false;
        }
        match self.few.get_mut(self.count) {
            Some(place) => {
                *place = item;
                self.count += 1;
                true
            }
            None => self.many.insert(mix(0, item)),
        }
    }

    pub(super) fn contains(&self, item: u64) -> bool {
        self.few[..self.count].contains(&item) || (!self.many.is_empty() && self.many.contains(&mix(0, item)))
    }
}

/// For keys that are hashes already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// One word more of what is hashed. For one state, no two words give the same.
#[inline]
pub(super) fn mix(state: u64, word: u64) -> u64 {
    // Odd, with about as many ones as zeros: the first digits of the golden ratio.
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let product = (state ^ word).wrapping_mul(FACTOR);
    product ^ (product >> 32)
}

#[inline]
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let mut state = mix(0, bytes.len() as u64);
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        state = mix(state, u64::from_le_bytes(*word));
        rest = after;
    }
    mix(state, short_word(rest))
}

/// Up to seven bytes as an integer.
#[inline]
pub(super) fn short_word(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>(), bytes) {
        // The two halves overlap, which does not matter: the length is part of the state.
        (Some(first), Some(last), _) => {
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
        }
        (_, _, [a, b, c]) => u64::from_le_bytes([*a, *b, *c, 0, 0, 0, 0, 3]),
        (_, _, [a, b]) => u64::from_le_bytes([*a, *b, 0, 0, 0, 0, 0, 2]),
        (_, _, [a]) => u64::from_le_bytes([*a, 0, 0, 0, 0, 0, 0, 1]),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn texts_that_differ_a_little_have_hashes_that_differ() {
        let texts =
            (0..50_000).flat_map(|n| [format!("{n}"), format!("order-{n:09}"), format!("{n:020}-in-the-middle")]);
        let hashes: HashSet<u64> =
            texts.chain((0..40).map(|n| "\0".repeat(n))).map(|text| hash(text.as_bytes())).collect();
        assert_eq!(hashes.len(), 150_040);
    }
}
