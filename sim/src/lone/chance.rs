//! Keyed chance for the commands that run without a world: the same seed and the same place give the same draw.

use std::fmt::Debug;

use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::world::uuid as uuid_of;

/// What is drawn at `place`.
pub(crate) fn key(seed: u64, place: &dyn Debug) -> [u64; 2] {
    let key = xxh3_128_with_seed(format!("{place:?}").as_bytes(), seed);
    [(key >> 64) as u64, key as u64]
}

/// A number from 0 (inclusive) to 1 (exclusive).
pub(crate) fn unit(key: [u64; 2]) -> f64 {
    // 53 bits are what a double holds.
    (key[0] >> 11) as f64 / (1_u64 << 53) as f64
}

/// A version 4 UUID.
pub(crate) fn uuid([high, low]: [u64; 2]) -> String {
    uuid_of(high, low).to_string()
}
