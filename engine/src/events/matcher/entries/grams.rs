//! Pieces that may stand anywhere in a text, found by a gram of up to eight of their bytes.
//!
//! Of a long piece the gram is taken that the fewest pieces share so far. A text is slid over once for each length of
//! gram that occurs, at most eight times; a bit array, small enough to stay in the nearest cache, turns away nearly
//! every place before the table is asked.

use crate::events::matcher::table::{Seen, Table, mix};

const GRAM_BYTES_MAX: usize = 8;

/// Bits of the array per gram: so sparse that one place in sixteen is let through for nothing.
const BITS_PER_GRAM: usize = 16;

const BITS_MIN: usize = 1024;

#[derive(Clone, Debug, Default)]
pub(super) struct Grams {
    /// By length of the gram, less one.
    of_length: [Option<Box<OfLength>>; GRAM_BYTES_MAX],
}

#[derive(Clone, Debug)]
struct OfLength {
    table: Table,
    hashes: Vec<u64>,
    /// As many bits as a power of two.
    bits: Vec<u64>,
}

impl Grams {
    /// Adds a piece, which is not empty.
    pub(super) fn insert(&mut self, piece: &[u8], id: u32) {
        let length = piece.len().min(GRAM_BYTES_MAX);
        let Some(slot) = length.checked_sub(1).and_then(|at| self.of_length.get_mut(at)) else { return };
        let grams = slot.get_or_insert_with(|| {
            Box::new(OfLength { table: Table::default(), hashes: Vec::new(), bits: vec![0; BITS_MIN / 64] })
        });
        if let Some(rarest) = windows(piece, length).min_by_key(|hash| grams.table.get(*hash).len()) {
            grams.insert(rarest, id);
        }
    }

    /// How many pieces are found with `piece`.
    pub(super) fn crowd(&self, piece: &[u8]) -> usize {
        let length = piece.len().min(GRAM_BYTES_MAX);
        let grams = length.checked_sub(1).and_then(|at| self.of_length[at].as_ref());
        grams.and_then(|grams| windows(piece, length).map(|hash| grams.table.get(hash).len()).min()).unwrap_or_default()
    }

    /// Calls `found` with all whose piece may stand in `text`, each once.
    #[inline]
    pub(super) fn of(&self, text: &[u8], found: &mut impl FnMut(&[u32])) {
        let mut seen = Seen::default();
        for (at, grams) in self.of_length.iter().enumerate() {
            if let Some(grams) = grams {
                for hash in windows(text, at + 1) {
                    if grams.may_hold(hash) && seen.insert(hash ^ at as u64) {
                        found(grams.table.get(hash));
                    }
                }
            }
        }
    }
}

impl OfLength {
    fn insert(&mut self, hash: u64, id: u32) {
        self.table.insert(hash, id);
        self.hashes.push(hash);
        if self.hashes.len() * BITS_PER_GRAM > self.bits.len() * 64 {
            self.bits = vec![0; 2 * self.bits.len()];
            for at in 0..self.hashes.len() {
                self.mark(self.hashes[at]);
            }
        }
        self.mark(hash);
    }

    fn mark(&mut self, hash: u64) {
        let (word, bit) = self.place(hash);
        self.bits[word] |= bit;
    }

    #[inline]
    fn may_hold(&self, hash: u64) -> bool {
        let (word, bit) = self.place(hash);
        self.bits[word] & bit != 0
    }

    #[inline]
    fn place(&self, hash: u64) -> (usize, u64) {
        // The high bits: the table goes by the low ones.
        let bit = (hash >> 20) as usize & (self.bits.len() * 64 - 1);
        (bit / 64, 1 << (bit % 64))
    }
}

/// The hashes of all stretches of `length` bytes.
#[inline]
fn windows(text: &[u8], length: usize) -> impl Iterator<Item = u64> {
    let mask = u64::MAX >> (64 - 8 * length);
    let mut window = 0;
    text.iter().enumerate().filter_map(move |(at, byte)| {
        window = window << 8 | u64::from(*byte);
        (at + 1 >= length).then(|| mix(0, window & mask))
    })
}
