use std::sync::atomic::{AtomicU64, Ordering};

use super::Json;

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
        Json::Number(number) => Measure { bytes: number.to_string().len(), depth: 0 },
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

fn quoted_bytes(text: &str) -> usize {
    let escapes: usize = text
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
            0..=0x1f => 5,
            _ => 0,
        })
        .sum();
    text.len() + 2 + escapes
}
