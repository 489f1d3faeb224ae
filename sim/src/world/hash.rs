//! The one hash that addresses decisions. Integer arithmetic only, so that it is the same on every machine.

use xxhash_rust::xxh3::xxh3_64;

/// Folds `value` into `state`: a 64 by 64 bit multiply whose halves are xored, as in the wyhash family.
#[inline]
pub const fn mix(state: u64, value: u64) -> u64 {
    let product = ((state ^ 0x9e37_79b9_7f4a_7c15) as u128).wrapping_mul((value ^ 0xbf58_476d_1ce4_e5b9) as u128);
    (product as u64) ^ ((product >> 64) as u64) ^ value.rotate_left(29)
}

/// The hash of a text.
pub fn text(text: &str) -> u64 {
    xxh3_64(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_and_swapped_operands_differ() {
        let mut seen: Vec<u64> = (0..1000).map(|n| mix(7, n)).chain((0..1000).map(|n| mix(n, 7))).collect();
        seen.sort_unstable();
        seen.dedup();
        assert!(seen.len() >= 1999);
    }
}
