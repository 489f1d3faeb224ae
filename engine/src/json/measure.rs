use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Json, Number};

/// How large a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Bytes of the compact JSON text, UTF-8.
    pub bytes: usize,
    /// Levels of nesting: 0 for a scalar, 1 for a flat container.
    pub depth: usize,
}

/// A container's measure once somebody asked; zero while unknown (no container has zero bytes).
#[derive(Default)]
pub(super) struct Measured(AtomicU64);

const DEPTH_BITS: u32 = 24;
const DEPTH_MAX: u64 = (1 << DEPTH_BITS) - 1;

impl Measured {
    pub(super) fn forget(&mut self) {
        *self.0.get_mut() = 0;
    }

    fn get_or(&self, compute: impl FnOnce() -> Measure) -> Measure {
        let known = self.0.load(Ordering::Relaxed);
        if known != 0 {
            return Measure { bytes: (known >> DEPTH_BITS) as usize, depth: (known & DEPTH_MAX) as usize };
        }
        let measure = compute();
        let packed = ((measure.bytes as u64) << DEPTH_BITS) | (measure.depth as u64).min(DEPTH_MAX);
        self.0.store(packed, Ordering::Relaxed);
        measure
    }
}

impl Clone for Measured {
    fn clone(&self) -> Measured {
        Measured(AtomicU64::new(self.0.load(Ordering::Relaxed)))
    }
}

pub(super) fn measure(value: &Json) -> Measure {
    match value {
        Json::Null | Json::Bool(true) => Measure { bytes: 4, depth: 0 },
        Json::Bool(false) => Measure { bytes: 5, depth: 0 },
        Json::Number(number) => Measure { bytes: number_bytes(number), depth: 0 },
        Json::String(text) => Measure { bytes: quoted_bytes(text), depth: 0 },
        Json::Array(array) => array.measured.get_or(|| {
            let (mut bytes, mut depth) = (2 + array.len().saturating_sub(1), 0);
            for item in array.iter() {
                let inner = measure(item);
                bytes += inner.bytes;
                depth = depth.max(inner.depth);
            }
            Measure { bytes, depth: depth + 1 }
        }),
        Json::Object(object) => object.measured.get_or(|| {
            let (mut bytes, mut depth) = (2 + object.len().saturating_sub(1), 0);
            for (key, item) in object.iter() {
                let inner = measure(item);
                bytes += quoted_bytes(key) + 1 + inner.bytes;
                depth = depth.max(inner.depth);
            }
            Measure { bytes, depth: depth + 1 }
        }),
    }
}

/// Counts what is written instead of keeping it.
struct Counted(usize);

impl fmt::Write for Counted {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

fn number_bytes(number: &Number) -> usize {
    let digits = |magnitude: u64| magnitude.checked_ilog10().unwrap_or(0) as usize + 1;
    if let Some(integer) = number.as_i64() {
        return digits(integer.unsigned_abs()) + usize::from(integer < 0);
    }
    if let Some(integer) = number.as_u64() {
        return digits(integer);
    }
    let mut counted = Counted(0);
    // Counting cannot go wrong.
    let _ = write!(counted, "{number}");
    counted.0
}

fn quoted_bytes(text: &str) -> usize {
    // Nearly no text has anything to escape.
    let escapes = if may_need_escapes(text.as_bytes()) { escapes(text.as_bytes()) } else { 0 };
    text.len() + 2 + escapes
}

/// How many bytes more than `text` its quoted form has. JSON inside of a string is full of quotes; counts that fit a
/// byte let the compiler take many bytes at a time.
fn escapes(text: &[u8]) -> usize {
    let of_chunk = |chunk: &[u8]| {
        let quotes: u8 = chunk.iter().map(|byte| u8::from(matches!(byte, b'"' | b'\\'))).sum();
        let controls: u8 = chunk.iter().map(|byte| u8::from(*byte < b' ')).sum();
        if controls > 0 { chunk.iter().map(|byte| escape_bytes(*byte)).sum() } else { usize::from(quotes) }
    };
    text.chunks(usize::from(u8::MAX)).map(of_chunk).sum()
}

/// Whether a quote, a backslash or a control character may be among the bytes. Eight at a time: payloads are measured
/// after every step that makes a new one.
fn may_need_escapes(text: &[u8]) -> bool {
    const fn all(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    // The upper bit of each byte that is below `limit`; a borrow may show one too many, never one too few.
    let below = |word: u64, limit: u8| word.wrapping_sub(all(limit)) & !word & all(0x80);
    let is_suspect = |chunk: &[u8; 8]| {
        let word = u64::from_le_bytes(*chunk);
        below(word, b' ') | below(word ^ all(b'"'), 1) | below(word ^ all(b'\\'), 1) != 0
    };
    let (words, _) = text.as_chunks::<8>();
    match text.last_chunk::<8>() {
        // The last word overlaps the one before, so that no bytes are left over.
        Some(last) => words.iter().any(is_suspect) || is_suspect(last),
        None => text.iter().any(|byte| escape_bytes(*byte) != 0),
    }
}

/// How many bytes more than one a byte takes inside a quoted text.
fn escape_bytes(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..=0x1f => 5,
        _ => 0,
    }
}
