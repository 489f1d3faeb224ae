//! A bit per byte for what a block of an event holds, by comparing 16 bytes at a time.

use wide::{CmpEq, CmpGt, i8x16, u8x16};

pub(in crate::events::matcher) const BLOCK_BYTES: usize = 64;

const PART_BYTES: usize = 16;

/// Bit n is about byte n.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Masks {
    pub(super) quotes: u64,
    /// Brackets, and bytes that are none but have no place in JSON outside of a string: `\`, `^`, `_`, `|`, `~`, DEL.
    pub(super) brackets: u64,
    /// Whether there is any control character.
    pub(super) has_controls: bool,
}

type Parts = [i8x16; BLOCK_BYTES / PART_BYTES];

#[inline]
pub(super) fn masks(block: &[u8; BLOCK_BYTES]) -> Masks {
    let parts = parts(block);
    Masks {
        quotes: bits(parts.map(|part| part.cmp_eq(splat(b'"')))),
        // Compared as signed numbers, so that bytes over 0x7f are below.
        brackets: bits(parts.map(|part| (part | splat(0x20)).cmp_gt(splat(b'z')))),
        has_controls: has_controls(block),
    }
}

/// A bit for each backslash.
pub(super) fn backslashes(block: &[u8; BLOCK_BYTES]) -> u64 {
    bits(parts(block).map(|part| part.cmp_eq(splat(b'\\'))))
}

/// A bit for each backslash, and for each of `letters` that a quote stands behind; `behind` is one byte further on.
#[inline]
pub(in crate::events::matcher) fn escapes_and_ends(
    block: &[u8; BLOCK_BYTES],
    behind: &[u8; BLOCK_BYTES],
    letters: [u8; 4],
) -> (u64, u64) {
    let block = parts(block);
    let quoted = parts(behind).map(|part| part.cmp_eq(splat(b'"')));
    let escapes = block.map(|part| part.cmp_eq(splat(b'\\')));
    let [first, second, third, fourth] = letters.map(splat);
    let ends: Parts = std::array::from_fn(|at| {
        let part = block[at];
        (part.cmp_eq(first) | part.cmp_eq(second) | part.cmp_eq(third) | part.cmp_eq(fourth)) & quoted[at]
    });
    let any = escapes.iter().chain(&ends).fold(splat(0), |any, part| any | *part);
    if any.move_mask() == 0 { (0, 0) } else { (bits(escapes), bits(ends)) }
}

#[inline]
fn has_controls(block: &[u8; BLOCK_BYTES]) -> bool {
    let (parts, _) = block.as_chunks::<PART_BYTES>();
    let least = parts.iter().fold(u8x16::splat(u8::MAX), |least, part| least.min(u8x16::new(*part)));
    least.min(u8x16::splat(b' ' - 1)).cmp_eq(least).move_mask() != 0
}

#[inline]
fn parts(block: &[u8; BLOCK_BYTES]) -> Parts {
    let (parts, _) = block.as_chunks::<PART_BYTES>();
    std::array::from_fn(|at| i8x16::new(parts.get(at).copied().unwrap_or_default().map(u8::cast_signed)))
}

#[inline]
fn splat(byte: u8) -> i8x16 {
    i8x16::splat(byte.cast_signed())
}

/// The highest bit of each byte.
#[inline]
fn bits(parts: Parts) -> u64 {
    let [a, b, c, d] = parts.map(|part| u64::from(part.move_mask() as u16));
    a | b << 16 | c << 32 | d << 48
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_bits() {
        for byte in 0..=u8::MAX {
            for at in [0, 1, 7, 8, 15, 16, 31, 32, 50, 63] {
                let mut block = [b'a'; BLOCK_BYTES];
                block[at] = byte;
                let bit = |is_set: bool| u64::from(is_set) << at;
                let expected = Masks {
                    quotes: bit(byte == b'"'),
                    brackets: bit(b"[]{}\\^_|~\x7f".contains(&byte)),
                    has_controls: byte < b' ',
                };
                assert_eq!(masks(&block), expected, "byte {byte} at {at}");
                assert_eq!(backslashes(&block), bit(byte == b'\\'), "byte {byte} at {at}");
            }
        }
    }
}
